/* Nothing of a file's name comes from the host. lp reads the job from memory that has no name in
 * the file system, as its standard descriptor of ours; what it prints goes by without being
 * heard. */
#include "client/services/print/outlet.h"
#include "client/services/print/print_job.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include "shared/sys/shared_memory.h"
#include "shared/sys/spawn.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAMES_MAX 1000u /* jobs of one second */
#define LP_WAIT_MS 60000

int hws_print_outlet_init(struct hws_print_outlet *o, const char *where, struct hws_error *err)
{
	size_t n = strlen(HWS_PRINT_CUPS);
	struct stat st;

	*o = (struct hws_print_outlet){ 0 };
	if (strncmp(where, HWS_PRINT_CUPS, n) == 0 && (!where[n] || where[n] == ':')) {
		if (!where[n])
			return HWS_OK;
		if (!hws_print_queue_valid(where + n + 1))
			return hws_error_set(err, HWS_ERR_INVAL,
					"a queue of CUPS is named by letters, digits, '_', '-' and '.'");
		o->queue = hws_strdup(where + n + 1);
		return o->queue ? HWS_OK : hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	}
	/* absolute: the program may change its folder meanwhile */
	o->folder = realpath(where, NULL);
	if (!o->folder || stat(o->folder, &st) < 0)
		return hws_error_set(err, hws_err_from_errno(errno),
				"print jobs cannot go into %s: %s", where, strerror(errno));
	if (!S_ISDIR(st.st_mode) || access(o->folder, W_OK | X_OK) < 0) {
		hws_print_outlet_done(o);
		return hws_error_set(err, HWS_ERR_DENIED,
				"print jobs cannot go into %s: it is no folder that can be written",
				where);
	}
	return HWS_OK;
}

void hws_print_outlet_done(struct hws_print_outlet *o)
{
	free(o->folder); /* of realpath */
	hws_free(o->queue);
	*o = (struct hws_print_outlet){ 0 };
}

static void say(char *said, size_t size, const char *what, const char *more)
{
	/* a long path is cut: it is for people */
	(void)snprintf(said, size, "%s%s", what, more);
}

/* --- a folder --- */

static int put_file(const struct hws_print_outlet *o, struct hws_bytes job, char *said, size_t size)
{
	char stamp[32], path[PATH_MAX], number[16] = "";
	struct hws_error err = { 0 };
	enum hws_print_kind kind = hws_print_kind(job);
	time_t now = time(NULL);
	struct tm tm;
	int r = HWS_ERR_EXISTS;

	if (!localtime_r(&now, &tm) || !strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm))
		return HWS_ERR_RANGE;
	for (unsigned i = 1; i < NAMES_MAX && r == HWS_ERR_EXISTS; i++) {
		if (i > 1)
			snprintf(number, sizeof(number), "-%u", i);
		r = hws_fmt(path, sizeof(path), "%s/print-%s%s.%s", o->folder, stamp, number,
				hws_print_suffix(kind));
		if (r >= 0)
			r = hws_private_file_write(path, job, HWS_PRIVATE_FRESH, &err);
	}
	if (r < 0)
		say(said, size, "it cannot be saved: ", *err.text ? err.text : hws_err_text(r));
	else if (kind == HWS_PRINT_XPS)
		say(said, size, "the host prints XPS; it is saved as ", path);
	else
		say(said, size, "it is saved as ", path);
	return r < 0 ? r : HWS_OK;
}

/* --- CUPS --- */

static int in_memory(struct hws_bytes job)
{
	struct hws_shared_memory *m;
	int fd;

	if (hws_shared_memory_new(job.len, &m, &fd) < 0)
		return -1;
	hws_shared_memory_free(m); /* it lives on by its descriptor */
	while (job.len) {
		ssize_t n = write(fd, job.ptr, job.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			close(fd);
			return -1;
		}
		job = hws_bytes(job.ptr + n, job.len - (size_t)n);
	}
	return fd;
}

/* Its exit status; -1: it did not end by itself. */
static int wait_for(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), status;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0 || poll(&p, 1, LP_WAIT_MS) != 1)
		kill(pid, SIGKILL);
	if (fd >= 0)
		close(fd);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int put_cups(const struct hws_print_outlet *o, struct hws_bytes job, char *said, size_t size)
{
	static const char *const programs[] = { "/usr/bin/lp", "/usr/local/bin/lp", "/bin/lp" };
	const char *argv[10] = { "lp", "-s", "-t", "remote print job" }, *program = NULL;
	enum hws_print_kind kind = hws_print_kind(job);
	size_t n = 4;
	pid_t pid;

	for (size_t i = 0; i < HWS_COUNT(programs) && !program; i++)
		if (access(programs[i], X_OK) == 0)
			program = programs[i];
	if (kind != HWS_PRINT_PDF && kind != HWS_PRINT_POSTSCRIPT) {
		say(said, size, "CUPS prints PDF and PostScript, and the host sent ",
				kind == HWS_PRINT_XPS ? "XPS: have it saved in a folder"
						      : "something else");
		return HWS_ERR_UNSUPPORTED;
	}
	if (!program) {
		say(said, size, "there is no program lp here: install cups-client", "");
		return HWS_ERR_NOTFOUND;
	}
	if (o->queue) {
		argv[n++] = "-d";
		argv[n++] = o->queue;
	}
	argv[n] = "/proc/self/fd/3";
	_Static_assert(HWS_SPAWN_IPC_FD == 3, "see the path");
	int fd = in_memory(job), r;
	if (fd < 0) {
		say(said, size, "there is no memory for it", "");
		return HWS_ERR_NOMEM;
	}
	r = hws_spawn(&(struct hws_spawn){ .program = program, .argv = argv, .ipc_fd = fd }, &pid,
			NULL);
	close(fd);
	if (r == HWS_OK && wait_for(pid) != 0)
		r = HWS_ERR_REFUSED;
	if (r == HWS_OK)
		say(said, size, "it went to the printer ", o->queue ? o->queue : "(the default)");
	else
		say(said, size, "CUPS did not take it for the printer ",
				o->queue ? o->queue : "(the default; is there one?)");
	return r;
}

int hws_print_outlet_put(
		const struct hws_print_outlet *o, struct hws_bytes job, char *said, size_t size)
{
	return o->folder ? put_file(o, job, said, size) : put_cups(o, job, said, size);
}
