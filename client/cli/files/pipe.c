/* Standard input or output in place of the local file. A transfer may begin anew at any place, so
 * it goes through a private file, and only what is whole and verified is passed on. */
#include "client/cli/files/verbs.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct place {
	char folder[FILES_PATH_MAX], file[FILES_PATH_MAX];
};

static int place_make(struct place *p)
{
	const char *base = getenv("TMPDIR");
	struct hws_error err;
	uint64_t n;

	hws_rand_bytes(&n, sizeof(n));
	if (hws_fmt(p->folder, sizeof(p->folder), "%s/hawser-%016" PRIx64,
			    base && *base == '/' ? base : "/tmp", n) < 0 ||
			hws_fmt(p->file, sizeof(p->file), "%s/file", p->folder) < 0)
		return cli_fail(CLI_FILE, "TMPDIR is too long a path");
	if (hws_private_folder_make(p->folder, &err) < 0)
		return cli_fail(CLI_FILE, "%s; set TMPDIR to a folder with room", err.text);
	return CLI_OK;
}

static void place_remove(const struct place *p)
{
	/* what is not there need not be removed */
	if (unlink(p->file) < 0 && errno != ENOENT)
		cli_fail(0, "%s: %s", p->file, strerror(errno));
	if (rmdir(p->folder) < 0)
		cli_fail(0, "%s is left behind: %s", p->folder, strerror(errno));
}

/* All of one descriptor to another; 0 or errno. */
static int pass(int from, int to)
{
	const size_t room = 256u << 10;
	char *buf = hws_alloc(room);
	ssize_t n = 0;
	int err = buf ? 0 : ENOMEM;

	while (err == 0 && (n = read(from, buf, room)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = errno;
			break;
		}
		for (ssize_t at = 0; at < n && err == 0;) {
			ssize_t w = write(to, buf + at, (size_t)(n - at));
			if (w > 0)
				at += w;
			else if (errno != EINTR)
				err = errno;
		}
	}
	hws_free(buf);
	return err;
}

int files_get_stdout(struct files_run *f, const char *remote)
{
	struct place p;
	int fd, err, status = place_make(&p);

	if (status != CLI_OK)
		return status;
	f->silent = true;
	status = files_copy(f, false, remote, p.file, HAWSER_FILES_OVERWRITE);
	f->silent = false;
	if (status == CLI_OK) {
		fd = open(p.file, O_RDONLY | O_CLOEXEC);
		err = fd < 0 ? errno : pass(fd, STDOUT_FILENO);
		if (fd >= 0)
			close(fd);
		if (err)
			status = cli_fail(CLI_FILE, "standard output: %s", strerror(err));
	}
	place_remove(&p);
	return status;
}

int files_put_stdin(struct files_run *f, const char *remote)
{
	struct place p;
	struct hws_error e;
	int fd, err, status = place_make(&p);

	if (status != CLI_OK)
		return status;
	if (hws_private_file_create(p.file, &fd, &e) < 0) {
		status = cli_fail(CLI_FILE, "%s", e.text);
	} else {
		err = pass(STDIN_FILENO, fd);
		if (close(fd) < 0 && !err)
			err = errno;
		if (err)
			status = cli_fail(CLI_FILE,
					"standard input could not be kept in %s: %s; "
					"set TMPDIR to a folder with room",
					p.file, strerror(err));
	}
	if (status == CLI_OK) {
		f->silent = true;
		status = files_copy(f, true, remote, p.file, files_exists_of(&f->flags));
		f->silent = false;
	}
	place_remove(&p);
	return status;
}
