/* Any text as a provider's word: never taken by this key, which signed none for this login. */
#include "admin/identity/token.h"
#include "shared/base/mem.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* RFC 7515, A.3 */
static const char set[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
			  "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":"
			  "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct idn_expect expect = { "joe", "rd", "n", 1300819379 };
	static json_t *keys;
	struct hws_error err = { 0 };
	json_t *claims = NULL;
	char *token = hws_alloc(size + 1);

	if (!keys)
		keys = json_loads(set, 0, NULL);
	assert(keys && token);
	if (size)
		memcpy(token, data, size);
	assert(idn_token_read(token, keys, &expect, &claims, &err) < 0);
	assert(!claims && *err.text);
	hws_free(token);
	return 0;
}
