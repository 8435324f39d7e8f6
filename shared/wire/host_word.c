/* What a host says of itself in a handshake. The process that has the key makes it, and that one
 * links nothing that reads messages of viewers: so it is written by hand, field for field as
 * protobuf does. */
#include "shared/wire/host_word.h"

#include "shared/wire/secure_v2.h"
#include <string.h>

_Static_assert(HWS_ID_MAX < 128, "one byte of length");

struct out {
	uint8_t *at;
};

static void put_number(struct out *o, unsigned field, uint8_t value)
{
	if (!value)
		return;
	*o->at++ = (uint8_t)(field << 3);
	*o->at++ = value; /* below 128 */
}

static void put_bytes(struct out *o, unsigned field, const void *bytes, size_t len)
{
	*o->at++ = (uint8_t)(field << 3 | 2);
	*o->at++ = (uint8_t)len; /* below 128 */
	memcpy(o->at, bytes, len);
	o->at += len;
}

/* ses.HostCaps */
static size_t pack_caps(const struct hws_secure_host_word *w, uint8_t *ret)
{
	struct out o = { ret };

	put_number(&o, 1, HWS_V2_VERSION);
	put_bytes(&o, 2, w->nonce, HWS_NONCE_LEN);
	put_number(&o, 3, HWS_V2_CIPHER_CHACHA20);
	put_bytes(&o, 4, w->identity->pk, HWS_PK_LEN);
	put_number(&o, 5, HWS_V2_FEATURES | (w->legs ? HWS_V2_LEGS : 0));
	put_number(&o, 6, w->only_v2);
	return (size_t)(o.at - ret);
}

void hws_secure_word(struct hws_bytes signed_id, uint8_t ret[HWS_DIGEST_LEN])
{
	hws_digest("hawser v2 word", &signed_id, 1, ret);
}

int hws_secure_sign(const struct hws_secure_host_word *w, uint8_t ret[HWS_SECURE_SIGNED_MAX],
		size_t *ret_len)
{
	/* ses.IdPk.v2 = 1001: 1001 << 3 | 2, as a number of two bytes */
	static const uint8_t v2_tag[] = { 0xca, 0x3e };
	uint8_t id_pk[HWS_SECURE_ID_PK_MAX], caps[HWS_SECURE_CAPS_MAX];
	struct out o = { id_pk };
	size_t len, caps_len;

	if (!*w->id || strlen(w->id) > HWS_ID_MAX)
		return HWS_ERR_INVAL;
	put_bytes(&o, 1, w->id, strlen(w->id));
	put_bytes(&o, 2, w->box_pk, HWS_BOX_PK_LEN);
	if (!w->without_v2) {
		caps_len = pack_caps(w, caps);
		memcpy(o.at, v2_tag, sizeof(v2_tag));
		o.at[sizeof(v2_tag)] = (uint8_t)caps_len;
		memcpy(o.at + sizeof(v2_tag) + 1, caps, caps_len);
		o.at += sizeof(v2_tag) + 1 + caps_len;
	}
	len = (size_t)(o.at - id_pk);
	hws_identity_sign_attached(w->identity, hws_bytes(id_pk, len), ret);
	*ret_len = HWS_SIG_LEN + len;
	return HWS_OK;
}
