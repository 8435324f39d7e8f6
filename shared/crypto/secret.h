/* crypto/secret: memory for keys and passwords that stay: locked, so that it is not written to
 * swap, left out of core files, between pages that end the process when they are touched, and wiped
 * when it is freed. */
#pragma once
#include "shared/base/macros.h"
#include <stdbool.h>
#include <stddef.h>

/* Zeroed memory, or NULL. A page or more of the system's memory for each: for few, and such that
 * live long. Whether it could be locked: hws_secret_locked. hws_crypto_init first. */
void *hws_secret_alloc(size_t n) HWS_MUST_CHECK;
/* Takes NULL. */
void hws_secret_free(void *ptr);
/* False: at least one of them could not be locked (RLIMIT_MEMLOCK). */
bool hws_secret_locked(void);
/* Says so in the log. */
void hws_secret_tell(void);
