/* host/state_file: small private files of the state folder that hold a line of text. Blocking;
 * errors come with a sentence. */
#pragma once
#include "shared/base/err.h"
#include <stddef.h>

/* The content as text without trailing newlines. HWS_ERR_NOTFOUND: there is none; HWS_ERR_PERM: a
 * link, a foreign owner or open to others; HWS_ERR_CORRUPT: longer than the buffer or not text. */
int hws_state_read(const char *path, char *buf, size_t size, struct hws_error *err) HWS_MUST_CHECK;
/* Holds the folder for this process as long as *ret_fd is open, which is the caller's; makes it if
 * need be. HWS_ERR_BUSY: another process holds it. Where that cannot be known (*ret_fd is -1) the
 * log says so. */
int hws_state_lock(const char *dir, int *ret_fd, struct hws_error *err) HWS_MUST_CHECK;
/* Replaces the file (mode 0600), all or nothing. Adds a newline. */
int hws_state_write(const char *path, const char *text, struct hws_error *err) HWS_MUST_CHECK;
