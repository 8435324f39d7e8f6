/* libsodium must be started once before any of its calls; all else of it is in the files beside
 * this one, so that no other folder needs its headers. */
#include "shared/crypto/crypto.h"

#include <sodium.h>

int hws_crypto_init(void)
{
	return sodium_init() < 0 ? HWS_ERR_SYS : HWS_OK;
}
