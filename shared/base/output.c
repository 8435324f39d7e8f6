/* Output that is lost must not look like success. A disk fills up, a pipe closes; stdio keeps
 * silent unless it is asked. And whatever a user names as an output may be there already: a file
 * that must not be lost when the new one fails, or a device that a rename would destroy. */
#include "shared/base/output.h"
#include "shared/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse(struct hws_error *err, const char *path, const char *why)
{
	return hws_error_set(err, HWS_ERR_INVAL, "cannot write %.300s: %s", path, why);
}

static int fail(struct hws_error *err, const char *path, int sys)
{
	int code = hws_err_from_errno(sys);

	/* "Not found" would read as if what is written had been looked for. */
	return hws_error_set(err, code == HWS_ERR_NOTFOUND ? HWS_ERR_DISK : code,
			"cannot write %.300s: %s", path, strerror(sys));
}

static int begin_in_place(struct hws_out_file *f, const char *path, struct hws_error *err)
{
	/* Not waiting: a pipe without a reader would hold the program for ever. */
	f->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (f->fd < 0)
		return errno == ENXIO ? refuse(err, path, "nobody reads at the other end")
				      : fail(err, path, errno);
	if (fcntl(f->fd, F_SETFL, 0) < 0) {
		int r = fail(err, path, errno);

		close(f->fd);
		return r;
	}
	return HWS_OK;
}

static int begin_beside(
		struct hws_out_file *f, mode_t mode, const char *path, struct hws_error *err)
{
	if (hws_fmt(f->temp, sizeof(f->temp), "%s.XXXXXX", f->target) < 0)
		return refuse(err, path, "the name is too long");
	f->fd = mkostemp(f->temp, O_CLOEXEC);
	if (f->fd < 0)
		return fail(err, path, errno);
	if (fchmod(f->fd, mode) < 0) {
		int r = fail(err, path, errno);

		close(f->fd);
		unlink(f->temp);
		return r;
	}
	return HWS_OK;
}

int hws_out_file_begin(struct hws_out_file *f, const char *path, struct hws_error *err)
{
	char real[PATH_MAX];
	struct stat st;

	f->fd = -1;
	f->temp[0] = 0;
	if (!*path)
		return hws_error_set(err, HWS_ERR_INVAL, "the name of the file to write is empty");
	if (stat(path, &st) < 0) {
		if (errno != ENOENT)
			return fail(err, path, errno);
		if (lstat(path, &st) == 0)
			return refuse(err, path, "it is a link to something that does not exist");
		if (hws_str_copy(f->target, sizeof(f->target), path) < 0)
			return refuse(err, path, "the name is too long");
		/* pictures and sounds of somebody's desktop: for nobody else on this machine */
		return begin_beside(f, S_IRUSR | S_IWUSR, path, err);
	}
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		return begin_in_place(f, path, err);
	if (S_ISDIR(st.st_mode))
		return refuse(err, path, "it is a folder");
	if (!S_ISREG(st.st_mode))
		return refuse(err, path, "it is neither a file nor a pipe");
	if (!realpath(path, real))
		return fail(err, path, errno);
	if (hws_str_copy(f->target, sizeof(f->target), real) < 0)
		return refuse(err, path, "the name is too long");
	return begin_beside(f, st.st_mode & 0777, path, err);
}

/* A pipe whose reader has gone ends with an error and a message, not with the program. */
static ssize_t write_some(int fd, const uint8_t *p, size_t n)
{
	const struct timespec now = { 0 };
	sigset_t pipe, before, pending;
	bool was_pending;
	ssize_t done;
	int sys;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	done = write(fd, p, n);
	sys = errno;
	if (done < 0 && sys == EPIPE && !was_pending)
		sigtimedwait(&pipe, NULL, &now);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = sys;
	return done;
}

int hws_out_file_write(struct hws_out_file *f, struct hws_bytes content)
{
	for (size_t done = 0; done < content.len;) {
		ssize_t n = write_some(f->fd, content.ptr + done, content.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hws_err_from_errno(errno);
		done += (size_t)n;
	}
	return HWS_OK;
}

int hws_out_file_end(struct hws_out_file *f, int r, const char *path, struct hws_error *err)
{
	int sys = errno;

	if (r < 0)
		hws_error_set(err, r, "cannot write %.300s: %s", path,
				hws_err_from_errno(sys) == r ? strerror(sys) : hws_err_text(r));
	/* A rename may reach the disk before the content does. */
	if (r == HWS_OK && f->temp[0] && fsync(f->fd) < 0)
		r = fail(err, path, errno);
	if (close(f->fd) < 0 && r == HWS_OK)
		r = fail(err, path, errno);
	if (r == HWS_OK && f->temp[0] && rename(f->temp, f->target) < 0)
		r = fail(err, path, errno);
	if (r < 0 && f->temp[0])
		unlink(f->temp);
	f->fd = -1;
	return r;
}

int hws_output_end(const char *program, int status, int failed)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "%s: cannot write to standard output: %s\n", program,
			errno ? strerror(errno) : "some of it was lost");
	return status ? status : failed;
}
