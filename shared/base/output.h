/* base/output: what a program hands to its user: files and standard output, and that all of it has
 * arrived. Blocking; any thread, one object per file. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"

struct hws_out_file {
	int fd;
	char target[4096]; /* what `temp` becomes; of a link: what it points to */
	char temp[4104];   /* "" = written in place: a pipe or a character device */
};

/* A regular file, or one that does not exist yet, is replaced as a whole by hws_out_file_end; what
 * is there stays until then, and so does a link to it. A new file is its owner's alone (0600).
 * Pipes that somebody reads and character devices are written in place. Anything else (folder,
 * socket, block device, link to nothing) is refused. Errors come with a sentence that names the
 * path. */
int hws_out_file_begin(
		struct hws_out_file *f, const char *path, struct hws_error *err) HWS_MUST_CHECK;
/* All of it, or an error without sentence for the caller to keep; the file must be ended all the
 * same. */
int hws_out_file_write(struct hws_out_file *f, struct hws_bytes content) HWS_MUST_CHECK;
/* Closes. `r` < 0: something went wrong before; a file that was to be replaced is left as it was.
 * Returns r, or what went wrong now, with a sentence about either. */
int hws_out_file_end(struct hws_out_file *f, int r, const char *path,
		struct hws_error *err) HWS_MUST_CHECK;

/* At the end of main: writes out what is left of standard output. When that, or any write to it
 * before, failed, says so on standard error and returns `failed` instead of a `status` of 0. */
int hws_output_end(const char *program, int status, int failed);
