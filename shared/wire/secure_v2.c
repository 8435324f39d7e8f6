/* The v2 handshake's arithmetic. Everything that either side said goes into the transcript, and the
 * transcript into every key, so that whoever changed a byte of it ends with other keys. */
#include "shared/wire/secure_v2.h"

#include "shared/base/mem.h"
#include "shared/crypto/hash.h"
#include "shared/wire/envelope.h"

void hws_v2_statement_hash(struct hws_bytes statement, uint8_t ret[HWS_DIGEST_LEN])
{
	hws_digest("hawser v2 statement", &statement, 1, ret);
}

static void seen(const struct hws_v2_input *in, uint8_t ret[HWS_DIGEST_LEN])
{
	const struct hws_bytes parts[] = { hws_bytes(in->statement_hash, HWS_DIGEST_LEN),
		in->signed_id };

	hws_digest("hawser v2 seen", parts, 2, ret);
}

void hws_v2_derive(const struct hws_v2_input *in, struct hws_v2_output *ret)
{
	uint8_t th[HWS_DIGEST_LEN], prk[HWS_DIGEST_LEN];
	const struct hws_bytes all[] = { hws_bytes(in->statement_hash, HWS_DIGEST_LEN),
		in->signed_id, in->e_v, in->box };
	const struct hws_bytes mix[] = { hws_bytes(in->dh_secret, 32),
		hws_bytes(in->nonce_v, HWS_NONCE_LEN), hws_bytes(in->nonce_h, HWS_NONCE_LEN),
		hws_bytes(th, sizeof(th)) };
	const struct hws_bytes *t = &mix[3];

	hws_digest("hawser v2 transcript", all, 4, th);
	hws_digest_keyed(in->secret, "hawser v2 keys", mix, 4, prk);
	hws_digest_keyed(prk, "hawser v2 viewer to host", t, 1, ret->key_v);
	hws_digest_keyed(prk, "hawser v2 host to viewer", t, 1, ret->key_h);
	hws_digest_keyed(prk, "hawser v2 viewer confirms", t, 1, ret->confirm_v);
	hws_digest_keyed(prk, "hawser v2 host confirms", t, 1, ret->confirm_h);
	hws_digest_keyed(prk, "hawser v2 binding", t, 1, ret->binding);
	hws_digest_keyed(prk, "hawser v2 legs", t, 1, ret->legs);
	hws_wipe(prk, sizeof(prk));
}

int hws_v2_seal(struct hws_v2_input *in, const struct hws_box_pair *own,
		const uint8_t e_h[HWS_BOX_PK_LEN], uint8_t *box, size_t *ret_len)
{
	uint8_t plain[HWS_V2_BOX_HEAD + HWS_V2_CAPS_MAX];
	Ses__ViewerCaps caps = SES__VIEWER_CAPS__INIT;
	size_t len;
	int r;

	hws_session_key_new(in->secret);
	hws_session_key_new(in->nonce_v);
	caps.version = HWS_V2_VERSION;
	caps.features = HWS_V2_FEATURES | (in->legs ? HWS_V2_LEGS : 0);
	caps.statement_hash.data = in->statement_hash;
	caps.statement_hash.len = HWS_DIGEST_LEN;
	memcpy(plain, in->secret, 32);
	memcpy(plain + 32, in->nonce_v, HWS_NONCE_LEN);
	seen(in, plain + 64);
	len = HWS_V2_BOX_HEAD + ses__viewer_caps__pack(&caps, plain + HWS_V2_BOX_HEAD);
	r = hws_box_agree(own, e_h, in->dh_secret);
	if (r == HWS_OK)
		r = hws_box_seal_bytes(own, e_h, hws_bytes(plain, len), box);
	in->e_v = hws_bytes(own->pk, HWS_BOX_PK_LEN);
	in->box = hws_bytes(box, len + HWS_BOX_OVERHEAD);
	*ret_len = in->box.len;
	hws_wipe(plain, sizeof(plain));
	return r;
}

static int read_caps(struct hws_v2_input *in, struct hws_bytes bytes)
{
	ProtobufCMessage *m;
	int r = hws_msg_unpack(&ses__viewer_caps__descriptor, bytes, HWS_SES_LIST_MAX, &m);

	if (r < 0)
		return r == HWS_ERR_NOMEM ? r : HWS_ERR_PROTO;

	const Ses__ViewerCaps *c = (const Ses__ViewerCaps *)m;

	if (c->version < HWS_V2_VERSION || c->cipher != 0 ||
			c->statement_hash.len != HWS_DIGEST_LEN)
		r = HWS_ERR_PROTO;
	else
		memcpy(in->statement_hash, c->statement_hash.data, HWS_DIGEST_LEN);
	in->legs = c->features & HWS_V2_LEGS;
	hws_msg_free(m);
	return r;
}

int hws_v2_read(struct hws_v2_input *in, const struct hws_box_pair *own,
		const uint8_t e_v[HWS_BOX_PK_LEN], struct hws_bytes plain)
{
	uint8_t own_view[HWS_DIGEST_LEN];
	int r;

	if (plain.len < HWS_V2_BOX_HEAD || plain.len > HWS_V2_BOX_HEAD + HWS_V2_CAPS_MAX)
		return HWS_ERR_PROTO;
	memcpy(in->secret, plain.ptr, 32);
	memcpy(in->nonce_v, plain.ptr + 32, HWS_NONCE_LEN);
	r = read_caps(in, hws_bytes(plain.ptr + HWS_V2_BOX_HEAD, plain.len - HWS_V2_BOX_HEAD));
	if (r < 0)
		return r;
	seen(in, own_view);
	if (!hws_secret_equal(own_view, plain.ptr + 64, sizeof(own_view)))
		return HWS_ERR_PROTO;
	return hws_box_agree(own, e_v, in->dh_secret);
}
