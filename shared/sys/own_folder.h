/* sys/own_folder: where we are installed, for finding what belongs to us. */
#pragma once
#include "shared/base/err.h"

/* The folder of the program or library that `code` (a function's address) is in, without links;
 * `ret` has PATH_MAX bytes. HWS_ERR_NOTFOUND. */
int hws_own_folder(const void *code, char *ret) HWS_MUST_CHECK;
