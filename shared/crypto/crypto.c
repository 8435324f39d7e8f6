#include "shared/crypto/crypto.h"

#include <sodium.h>

int hws_crypto_init(void)
{
	return sodium_init() < 0 ? HWS_ERR_SYS : HWS_OK;
}
