/* core/file_lock: a file that several programs of a user read, change and write again has a lock
 * beside it, PATH.lock. */
#pragma once
#include "shared/base/err.h"

/* Makes the folder if there is none, and waits for whoever changes the file now, half a second at
 * most: HWS_ERR_BUSY, as somebody may have been stopped meanwhile. Close *ret_fd to end it. */
int hws_file_lock(const char *path, int *ret_fd) HWS_MUST_CHECK;
