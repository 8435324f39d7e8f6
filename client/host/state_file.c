/* What the host remembers about itself, one line a file: its ID, its UUID, the salt and what is
 * left of its password. A file that is damaged is told, never taken for an empty one: the host
 * would draw a new ID and nobody would find it. */
#include "client/host/state_file.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int hws_state_read(const char *path, char *buf, size_t size, struct hws_error *err)
{
	struct hws_bytes text;
	struct hws_buf file;
	int r;

	hws_buf_init(&file, size - 1);
	r = hws_private_file_read(path, HWS_PRIVATE_SECRET, &file, err);
	text = hws_buf_bytes(&file);
	if (r == HWS_ERR_TOOBIG ||
			(r == HWS_OK &&
					((text.len && memchr(text.ptr, 0, text.len)) ||
							!hws_utf8_valid(text))))
		r = hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is damaged: restore it from a backup, or remove it to start anew",
				path);
	if (r == HWS_OK) {
		while (text.len && strchr("\r\n", text.ptr[text.len - 1]))
			text.len--;
		if (text.len)
			memcpy(buf, text.ptr, text.len);
		buf[text.len] = 0;
	}
	hws_buf_done_wiped(&file);
	return r;
}

int hws_state_lock(const char *dir, int *ret_fd, struct hws_error *err)
{
	struct hws_error why = { 0 };
	char path[PATH_MAX];
	int fd = -1, r = hws_fmt(path, sizeof(path), "%s/host.lock", dir);

	*ret_fd = -1;
	if (r < 0)
		return hws_error_set(err, r, "the state folder's name is too long");
	r = hws_private_folder_make(dir, &why);
	if (r == HWS_OK)
		r = hws_private_file_create(path, &fd, &why);
	if (r == HWS_ERR_EXISTS)
		r = hws_private_file_mend(path, &fd, &why);
	if (r == HWS_OK && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		bool held = errno == EWOULDBLOCK;
		r = hws_error_set(&why, hws_err_from_errno(errno), "%s cannot be locked: %s", path,
				strerror(errno));
		close(fd);
		if (held)
			return hws_error_set(err, HWS_ERR_BUSY,
					"another hawser-host runs on %s: each needs a 'state-dir' of its own",
					dir);
	}
	if (r < 0) /* a full disk, say, is no reason to serve nobody */
		hws_warn("state.not_locked", HWS_STR("why", why.text));
	else
		*ret_fd = fd;
	return HWS_OK;
}

int hws_state_write(const char *path, const char *text, struct hws_error *err)
{
	size_t len = strlen(text);
	struct hws_buf file;
	int r;

	hws_buf_init(&file, len + 1);
	if (hws_buf_reserve(&file,
			    len + 1)) { /* at once: a buffer that grows leaves copies behind */
		hws_buf_put(&file, text, len);
		hws_buf_put_u8(&file, '\n');
	}
	r = hws_buf_err(&file);
	if (r < 0)
		hws_error_set(err, r, "%s is not written: out of memory", path);
	else
		r = hws_private_file_write(path, hws_buf_bytes(&file), 0, err);
	hws_buf_done_wiped(&file);
	return r;
}
