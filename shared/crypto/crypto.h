/* crypto/crypto: prepares the crypto library; every program calls it once before anything else
 * here. */
#pragma once
#include "shared/base/err.h"

/* Idempotent and thread-safe. HWS_ERR_SYS when the library cannot start (no randomness). */
int hws_crypto_init(void) HWS_MUST_CHECK;
