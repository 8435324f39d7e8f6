/* sys/runtime_folder: the folder of this account for what is of no use after the next start of the
 * machine. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>

/* $XDG_RUNTIME_DIR/hawser, /run/user/UID/hawser or /tmp/hawser-UID: the first one that can be made,
 * is ours and is closed to others. HWS_ERR_PERM. */
int hws_runtime_folder(char *ret, size_t size, struct hws_error *err) HWS_MUST_CHECK;
/* A folder, not a link to one, of ours alone. */
bool hws_folder_is_private(const char *path);
