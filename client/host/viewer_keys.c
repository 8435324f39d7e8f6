/* Which viewers may log in at all. Unlike IDs, which a viewer only says it has, a key is proven,
 * and for this one channel. */
#include "client/host/viewer_keys.h"
#include "shared/base/str.h"
#include <string.h>

#define PROOF_LABEL "hawser v2 viewer"

struct parse {
	struct hws_viewer_keys *keys;
	struct hws_error *err;
};

static int add(const char *part, void *arg)
{
	struct parse *p = arg;
	struct hws_viewer_keys *k = p->keys;

	if (k->count == HWS_VIEWER_KEYS_MAX)
		return hws_error_set(p->err, HWS_ERR_RANGE, "'viewer-keys' has more than %u keys",
				HWS_VIEWER_KEYS_MAX);
	if (hws_key_or_fingerprint_parse(part, k->pk[k->count]) < 0)
		return hws_error_set(p->err, HWS_ERR_INVAL,
				"'viewer-keys': '%s' is not a viewer's key or fingerprint", part);
	k->count++;
	return HWS_OK;
}

int hws_viewer_keys_parse(const char *list, struct hws_viewer_keys *ret, struct hws_error *err)
{
	struct parse p = { ret, err };

	int r;

	ret->count = 0;
	r = hws_str_each(list, ',', add, &p);
	return r == HWS_ERR_TOOBIG ? hws_error_set(err, HWS_ERR_INVAL,
						     "'viewer-keys' has an entry that is too long")
				   : r;
}

bool hws_viewer_keys_know(const struct hws_viewer_keys *k, const uint8_t pk[HWS_PK_LEN])
{
	for (unsigned i = 0; i < k->count; i++)
		if (!memcmp(k->pk[i], pk, HWS_PK_LEN))
			return true;
	return false;
}

bool hws_viewer_key_proves(struct hws_bytes pk, struct hws_bytes signature, const uint8_t *binding,
		const uint8_t *word)
{
	uint8_t text[sizeof(PROOF_LABEL) - 1 + 64];

	if (pk.len != HWS_PK_LEN)
		return false;
	memcpy(text, PROOF_LABEL, sizeof(PROOF_LABEL) - 1);
	memcpy(text + sizeof(PROOF_LABEL) - 1, binding, 32);
	memcpy(text + sizeof(PROOF_LABEL) - 1 + 32, word, 32);
	return hws_verify(pk.ptr, hws_bytes(text, sizeof(text)), signature) == HWS_OK;
}
