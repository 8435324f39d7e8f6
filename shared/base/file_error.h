/* base/file_error: why a file could not be read or written, as a sentence for a person. */
#pragma once
#include "shared/base/err.h"

/* What open() or fopen() said of `path`: "cannot read ..."; where it was the permissions, which
 * account it is and the chown or chmod to run. Returns the code for `errnum`. Looks at the file and
 * its folders; asks for names of accounts, so not on a loop that serves. */
int hws_file_error(const char *path, int errnum, struct hws_error *err);
/* The same for what its account alone may read, and open() said EACCES of. */
int hws_secret_file_error(const char *path, struct hws_error *err);
/* What making or writing `path` (a file, a folder, a socket) said; where it was the permissions,
 * which account it is and the chown to run for the file or the folder that is not ours. Returns the
 * code for `errnum`. Looks at the file and its folders, but for no names of accounts. */
int hws_file_write_error(const char *path, int errnum, struct hws_error *err);
