/* What the host remembers about itself, one line a file: its ID, its UUID, the salt and what is
 * left of its password. A file that is damaged is told, never taken for an empty one: the host
 * would draw a new ID and nobody would find it. */
#include "client/host/state_file.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <string.h>

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
