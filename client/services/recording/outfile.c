/* Plain writes: what a process has written is there although the process is killed, and pictures
 * come so seldom that a buffer would save nothing. */
#include "client/services/recording/outfile.h"
#include <errno.h>
#include <unistd.h>

static int put(int fd, struct hws_bytes b)
{
	while (b.len > 0) {
		ssize_t n = write(fd, b.ptr, b.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return hws_err_from_errno(n == 0 ? ENOSPC : errno);
		b.ptr += n;
		b.len -= (size_t)n;
	}
	return HWS_OK;
}

int hws_outfile_put(struct hws_outfile *o, struct hws_bytes a, struct hws_bytes b)
{
	int r = put(o->fd, a);

	if (r == HWS_OK)
		r = put(o->fd, b);
	if (r == HWS_OK) {
		o->at += a.len + b.len;
		return HWS_OK;
	}
	if (ftruncate(o->fd, (off_t)o->at) == 0 && lseek(o->fd, (off_t)o->at, SEEK_SET) >= 0)
		return r;
	return r; /* a part of it stays: the repair takes it away */
}

int hws_outfile_patch(struct hws_outfile *o, uint64_t at, struct hws_bytes b)
{
	return pwrite(o->fd, b.ptr, b.len, (off_t)at) == (ssize_t)b.len ? HWS_OK : HWS_ERR_DISK;
}

int hws_outfile_close(struct hws_outfile *o)
{
	int r = close(o->fd) < 0 ? hws_err_from_errno(errno) : HWS_OK;

	o->fd = -1;
	return r;
}
