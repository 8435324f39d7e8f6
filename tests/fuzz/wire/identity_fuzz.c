/* crypto/identity and crypto/password: the texts of key files, keys and stored passwords. */
#include <assert.h>
#include <stdlib.h>

#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include "shared/crypto/password.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);
	char key[HWS_KEY_TEXT], stored[HWS_H1_STORED_TEXT];
	uint8_t pk[HWS_PK_LEN], again[HWS_PK_LEN], h1[HWS_H1_LEN];
	struct hws_identity id;
	struct hws_bytes msg;

	if (!text || hws_crypto_init() < 0)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	if (hws_identity_from_text(text, &id) == HWS_OK) {
		uint8_t signed_msg[HWS_SIG_LEN + 1];

		hws_identity_sign_attached(&id, hws_bytes("x", 1), signed_msg);
		assert(hws_verify_attached(id.pk, hws_bytes(signed_msg, sizeof(signed_msg)),
				       &msg) == HWS_OK);
	}
	if (hws_key_parse(text, pk) == HWS_OK) {
		hws_key_text(pk, key);
		assert(hws_key_parse(key, again) == HWS_OK && memcmp(pk, again, sizeof(pk)) == 0);
		assert(strstr(text, key));
		(void)!hws_verify_attached(pk, hws_bytes(data, size), &msg);
	}
	if (hws_password_load(text, h1) == HWS_OK) {
		hws_password_store(h1, stored);
		assert(strcmp(stored, text) == 0);
	}
	free(text);
	return 0;
}
