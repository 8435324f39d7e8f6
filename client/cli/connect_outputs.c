/* What --screenshot and --record name, looked at before a host is troubled: it would be a pity to
 * find out after an hour of recording. What changes until then is found by those that write. */
#include "client/cli/cli.h"
#include "client/cli/connect_options.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const not_png[] = { ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff",
	".ppm", ".svg", ".webm", ".mp4", NULL };
static const char *const not_film[] = { ".mkv", ".avi", ".mov", ".mpg", ".mpeg", ".ogv", ".gif",
	".png", ".jpg", NULL };

/* The ending of another format is a wish that is not granted: better to say so. */
static const char *other_ending(const char *path, const char *const *others)
{
	size_t len = strlen(path);

	for (; *others; others++) {
		size_t n = strlen(*others);
		if (len > n && strcasecmp(path + len - n, *others) == 0)
			return *others;
	}
	return NULL;
}

/* That of the file, which need not be there. */
static int check_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096];
	struct stat st;

	if (hws_fmt(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path + 1) : 1,
			    slash ? path : ".") < 0)
		return cli_fail(CLI_FILE, "%.80s...: %s", path, strerror(ENAMETOOLONG));
	if (stat(folder, &st) < 0 || access(folder, W_OK | X_OK) < 0)
		return cli_fail(CLI_FILE, "cannot write %s: the folder %s: %s", path, folder,
				strerror(errno));
	return CLI_OK;
}

static int check_name(
		const char *flag, const char *path, const char *kind, const char *const *others)
{
	const char *other = other_ending(path, others);

	if (strcmp(path, "-") == 0)
		return cli_fail(CLI_USAGE,
				"%s wants the name of a file, or ./- for one named \"-\"%s", flag,
				kind[1] == 'p' ? "; standard output is /dev/stdout" : "");
	if (other)
		return cli_fail(CLI_USAGE, "%s writes %s files, not %s; name it FILE%s", flag,
				kind[1] == 'p' ? "png" : "webm and mp4", other + 1, kind);
	return CLI_OK;
}

int connect_outputs_check(const struct connect_options *o)
{
	struct stat st;
	int status = CLI_OK;

	if (*o->screenshot)
		status = check_name("--screenshot", o->screenshot, ".png", not_png);
	if (status == CLI_OK && *o->record)
		status = check_name("--record", o->record, ".webm", not_film);
	/* What is there is replaced, or written to: only its writer can tell whether that will
	 * do. */
	if (status == CLI_OK && *o->screenshot && stat(o->screenshot, &st) < 0 && errno == ENOENT &&
			lstat(o->screenshot, &st) < 0)
		status = check_folder(o->screenshot);
	bool folder = *o->record && stat(o->record, &st) == 0 && S_ISDIR(st.st_mode);
	if (status == CLI_OK && folder && access(o->record, W_OK | X_OK) < 0)
		return cli_fail(CLI_FILE, "cannot write to the folder %s: %s", o->record,
				strerror(errno));
	if (status == CLI_OK && !folder && *o->record && lstat(o->record, &st) == 0)
		status = cli_fail(CLI_FILE,
				"cannot record to %s: it is there already, and recordings replace nothing",
				o->record);
	if (status == CLI_OK && *o->record && !folder)
		status = check_folder(o->record);
	return status;
}
