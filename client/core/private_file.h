/* core/private_file: small files only their owner may read: read with checks, replaced atomically. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/err.h"

/* Appends the content, up to the buffer's maximum. HWS_ERR_NOTFOUND; HWS_ERR_PERM: not a regular file,
 * foreign owner, or writable by others. `err` may be NULL. */
int hws_private_file_read(
		const char *path, struct hws_buf *out, struct hws_error *err) HWS_MUST_CHECK;
/* The same, and nobody else may read it either: for passwords. */
int hws_private_file_read_secret(
		const char *path, struct hws_buf *out_secret, struct hws_error *err) HWS_MUST_CHECK;
/* Mode 0600; makes the last folder of the path (0700) if it is missing. All or nothing. */
int hws_private_file_write(
		const char *path, struct hws_bytes content, struct hws_error *err) HWS_MUST_CHECK;
