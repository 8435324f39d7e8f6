/* The session, the number and both nonces are in each proof, and each end's has a label of its own
 * and what that end has received: nothing of one leg, end or session serves at another. */
#include "shared/wire/leg_proof.h"
#include "shared/base/mem.h"
#include "shared/crypto/hash.h"
#include "shared/wire/envelope.h"
#include <string.h>

#define MAC_LEN HWS_DIGEST_LEN

static void put_le(uint8_t *to, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(v >> (8 * i));
}

static void mac_of(const struct hws_leg_terms *t, const char *label, uint64_t received,
		uint8_t ret[MAC_LEN])
{
	uint8_t number[4], count[8];
	const struct hws_bytes parts[] = { hws_bytes(t->session, sizeof(t->session)),
		hws_bytes(number, sizeof(number)), hws_bytes(t->nonce_v, sizeof(t->nonce_v)),
		hws_bytes(t->nonce_h, sizeof(t->nonce_h)), hws_bytes(count, sizeof(count)) };

	put_le(number, t->number, sizeof(number));
	put_le(count, received, sizeof(count));
	hws_digest_keyed(t->key_secret, label, parts, HWS_COUNT(parts), ret);
}

static void host_mac(const struct hws_leg_terms *t, uint8_t ret[MAC_LEN])
{
	mac_of(t, "hawser v2 leg host", t->host_received, ret);
}

static void viewer_mac(const struct hws_leg_terms *t, uint8_t ret[MAC_LEN])
{
	mac_of(t, "hawser v2 leg viewer", t->viewer_received, ret);
}

void hws_leg_tag_key(const struct hws_leg_terms *t, uint8_t ret_secret[HWS_DIGEST_LEN])
{
	mac_of(t, "hawser v2 leg tags", 0, ret_secret);
}

void hws_leg_name(const struct hws_leg_terms *t, uint8_t ret[HWS_LEG_NAME_LEN])
{
	uint8_t number[4], whole[HWS_DIGEST_LEN];
	const struct hws_bytes parts[] = { hws_bytes(t->session, sizeof(t->session)),
		hws_bytes(number, sizeof(number)) };

	put_le(number, t->number, sizeof(number));
	hws_digest_keyed(t->key_secret, "hawser v2 leg name", parts, HWS_COUNT(parts), whole);
	memcpy(ret, whole, HWS_LEG_NAME_LEN);
}

/* Of bounded lengths. */
static size_t pack(const Ses__Message *m, uint8_t ret[HWS_LEG_WORD_MAX])
{
	return ses__message__pack(m, ret);
}

static ProtobufCBinaryData binary(const uint8_t *p, size_t len)
{
	return (ProtobufCBinaryData){ len, (uint8_t *)(uintptr_t)p };
}

static bool take(const ProtobufCBinaryData *from, uint8_t *to, size_t len)
{
	if (from->len != len)
		return false;
	memcpy(to, from->data, len);
	return true;
}

static int unpack(struct hws_bytes frame, Ses__Message **ret)
{
	int r = frame.len > HWS_LEG_WORD_MAX ? HWS_ERR_PROTO : hws_ses_unpack(frame, ret);

	return r == HWS_OK || r == HWS_ERR_NOMEM ? r : HWS_ERR_PROTO;
}

size_t hws_leg_join_put(const struct hws_leg_terms *t, uint8_t ret[HWS_LEG_WORD_MAX])
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__JoinLeg j = SES__JOIN_LEG__INIT;
	uint8_t name[HWS_LEG_NAME_LEN];

	hws_leg_name(t, name);
	j.name = binary(name, sizeof(name));
	j.number = t->number;
	j.nonce = binary(t->nonce_v, sizeof(t->nonce_v));
	m.join_leg = &j;
	return pack(&m, ret);
}

int hws_leg_join_read(struct hws_bytes frame, struct hws_leg_terms *ret)
{
	Ses__Message *m = NULL;
	int r = frame.len > HWS_LEG_WORD_MAX ? HWS_ERR_NOTFOUND : hws_ses_unpack(frame, &m);

	if (r < 0 || !m->join_leg || m->union_case != SES__MESSAGE__UNION__NOT_SET) {
		hws_ses_free(m);
		return HWS_ERR_NOTFOUND;
	}
	memset(ret, 0, sizeof(*ret));
	ret->number = m->join_leg->number;
	if (!take(&m->join_leg->name, ret->name, sizeof(ret->name)) ||
			!take(&m->join_leg->nonce, ret->nonce_v, sizeof(ret->nonce_v)) ||
			ret->number == 0)
		r = HWS_ERR_PROTO;
	hws_ses_free(m);
	return r;
}

size_t hws_leg_challenge_put(const struct hws_leg_terms *t, uint8_t ret[HWS_LEG_WORD_MAX])
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__LegChallenge c = SES__LEG_CHALLENGE__INIT;
	uint8_t mac[MAC_LEN];

	host_mac(t, mac);
	c.nonce = binary(t->nonce_h, sizeof(t->nonce_h));
	c.received = t->host_received;
	c.mac = binary(mac, sizeof(mac));
	m.leg_challenge = &c;
	return pack(&m, ret);
}

int hws_leg_challenge_read(struct hws_bytes frame, struct hws_leg_terms *t)
{
	Ses__Message *m = NULL;
	uint8_t mac[MAC_LEN], said[MAC_LEN];
	int r = unpack(frame, &m);

	if (r < 0)
		return r;
	if (!m->leg_challenge || !take(&m->leg_challenge->nonce, t->nonce_h, sizeof(t->nonce_h)) ||
			!take(&m->leg_challenge->mac, said, sizeof(said))) {
		hws_ses_free(m);
		return HWS_ERR_PROTO;
	}
	t->host_received = m->leg_challenge->received;
	hws_ses_free(m);
	host_mac(t, mac);
	return hws_secret_equal(mac, said, sizeof(mac)) ? HWS_OK : HWS_ERR_CRYPTO;
}

size_t hws_leg_proof_put(const struct hws_leg_terms *t, uint8_t ret[HWS_LEG_WORD_MAX])
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__LegProof p = SES__LEG_PROOF__INIT;
	uint8_t mac[MAC_LEN];

	viewer_mac(t, mac);
	p.received = t->viewer_received;
	p.mac = binary(mac, sizeof(mac));
	m.leg_proof = &p;
	return pack(&m, ret);
}

int hws_leg_proof_read(struct hws_bytes frame, struct hws_leg_terms *t)
{
	Ses__Message *m = NULL;
	uint8_t mac[MAC_LEN], said[MAC_LEN];
	int r = unpack(frame, &m);

	if (r < 0)
		return r;
	if (!m->leg_proof || !take(&m->leg_proof->mac, said, sizeof(said))) {
		hws_ses_free(m);
		return HWS_ERR_PROTO;
	}
	t->viewer_received = m->leg_proof->received;
	hws_ses_free(m);
	viewer_mac(t, mac);
	return hws_secret_equal(mac, said, sizeof(mac)) ? HWS_OK : HWS_ERR_CRYPTO;
}
