/* hawser recordings: makes recordings whole that their program, or the machine, did not finish. */
#include "client/cli/cli.h"
#include "shared/base/str.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static int repair_file(const char *path)
{
	bool changed;
	int e = hawser_recording_repair(path, &changed);

	if (e < 0)
		return cli_fail(e == HAWSER_ERR_BUSY ? CLI_DENIED : CLI_FILE, "%s",
				hawser_last_error());
	/* who gave it its name may mean the terminal */
	char shown[4 * PATH_MAX + 1];
	printf("%s: %s\n", hws_str_escape(shown, sizeof(shown), hws_bytes_str(path)),
			changed ? "repaired" : "whole");
	return CLI_OK;
}

static bool is_recording(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot != name && (!strcasecmp(dot, ".webm") || !strcasecmp(dot, ".mp4"));
}

/* All of it, also when one cannot be repaired. What is being recorded just now is no mistake. */
static int repair_folder(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	int status = CLI_OK;

	if (!d)
		return cli_fail(CLI_FILE, "cannot read %s: %s", folder, strerror(errno));
	while ((e = readdir(d))) {
		char path[PATH_MAX];
		if (!is_recording(e->d_name) ||
				snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) >=
						(int)sizeof(path))
			continue;
		int one = repair_file(path);
		if (one != CLI_OK && one != CLI_DENIED)
			status = one;
	}
	closedir(d);
	return status;
}

int cli_recordings(int argc, char **argv, void *arg)
{
	int status = CLI_OK;

	(void)arg;
	if (argc < 3 || strcmp(argv[1], "repair") != 0)
		return cli_fail(CLI_USAGE, "usage: hawser recordings repair FILE|FOLDER ...");
	for (int i = 2; i < argc; i++) {
		struct stat st;
		int one = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode) ? repair_folder(argv[i])
									 : repair_file(argv[i]);
		if (one != CLI_OK)
			status = one;
	}
	return status;
}
