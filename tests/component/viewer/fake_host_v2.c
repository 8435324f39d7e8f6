/* What a host of ours does besides a deployed one: the handshake of v2 by ID and by address,
 * its records, and the password by SPAKE2+; or an impostor's, who knows no password. */
#include "shared/crypto/transcript.h"
#include "shared/wire/envelope.h"
#include "tests/component/viewer/fake_host_parts.h"
#include "tests/support/handshake.h"
#include <check.h>
#include <string.h>

static const uint8_t ticket_id[16] = { 9, 8, 7 }, ticket_secret[32] = { 6, 5, 4 };

size_t fake_v2_seal(struct fake_host *h, struct hws_bytes payload, uint8_t *out)
{
	ck_assert_int_eq(hws_record_v2_seal(&h->v2.send, HWS_RECORD_MESSAGE, payload, 0, out),
			HWS_OK);
	return hws_record_v2_len(payload.len, 0);
}

static bool is_key(struct hws_bytes payload)
{
	Ses__Message *m = NULL;
	bool key = hws_ses_unpack(payload, &m) == HWS_OK &&
			m->union_case == SES__MESSAGE__UNION_KEY_EVENT;

	hws_ses_free(m);
	return key;
}

bool fake_v2_open(struct fake_host *h, struct hws_bytes in, uint8_t *out, struct hws_bytes *ret)
{
	enum hws_record_type type;

	if (hws_record_v2_open(&h->v2.receive, in, out, &type, ret) < 0)
		return false;
	pthread_mutex_lock(&h->lock);
	if (type == HWS_RECORD_FILLER) {
		h->fillers++;
		h->filler_size = in.len;
	} else if (is_key(*ret)) {
		h->keys++;
		h->key_size = in.len;
	}
	pthread_mutex_unlock(&h->lock);
	return type != HWS_RECORD_CLOSE;
}

void fake_host_records(struct fake_host *h, unsigned *ret_keys, unsigned *ret_fillers)
{
	pthread_mutex_lock(&h->lock);
	*ret_keys = h->keys;
	*ret_fillers = h->fillers;
	pthread_mutex_unlock(&h->lock);
}

static bool first_word(struct fake_host *h)
{
	struct hws_bytes offer = hws_secure_offer(&h->v2.secure), out;
	Ses__Hash hash = SES__HASH__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	if (hws_secure_take_output(&h->v2.secure, &out))
		return fake_put_frame(h, out, false);
	hash.salt = (char *)SALT;
	hash.challenge = (char *)CHALLENGE;
	hash.v2_signed_id.data = (uint8_t *)(uintptr_t)offer.ptr;
	hash.v2_signed_id.len = offer.len;
	m.union_case = SES__MESSAGE__UNION_HASH;
	m.hash = &hash;
	return fake_put_message(h, &m);
}

static bool take_frame(struct fake_host *h, struct hws_buf *frame)
{
	struct hws_bytes payload;
	uint8_t clear[1000];

	if (!fake_get_frame(h, h->fd, frame))
		return false;
	payload = hws_buf_bytes(frame);
	if (h->v2.on && (payload.len > sizeof(clear) || !fake_v2_open(h, payload, clear, &payload)))
		return false;
	return hws_secure_frame(&h->v2.secure, payload) == HWS_OK;
}

bool fake_v2_handshake(struct fake_host *h)
{
	const struct hws_secure_host_conf conf = { .direct = !h->conf.by_id, .need = HWS_LEVEL_V2 };
	struct hws_secure *s = &h->v2.secure;
	struct hws_secure_keys keys;
	struct hws_bytes out;
	struct hws_buf frame;
	bool good;

	hws_secure_host_init(s, &conf);
	if (handshake_sign(s, &h->identity, HOST_ID, true) < 0)
		return false;
	hws_buf_init(&frame, 1u << 20);
	good = first_word(h) && take_frame(h, &frame) && hws_secure_take_keys(s, &keys);
	if (good) {
		hws_record_v2_init(&h->v2.send, keys.send_secret);
		hws_record_v2_init(&h->v2.receive, keys.receive_secret);
		h->keyed = h->v2.on = true;
		good = take_frame(h, &frame) && hws_secure_take_output(s, &out) &&
				fake_put_frame(h, out, false);
	}
	hws_buf_done(&frame);
	return good && hws_secure_state(s) == HWS_SECURE_DONE;
}

static void offer(struct fake_host *h, Ses__PakeOffer *o)
{
	uint8_t h1[HWS_H1_LEN];
	struct hws_pake_cost cost = { { 1 }, 0, 0 };

	hws_password_h1(hws_bytes_str(h->conf.password), SALT, h1);
	ck_assert_int_eq(hws_pake_verifier_of(h1, &cost, &h->v2.verifier), HWS_OK);
	hws_pake_offer_new(&h->v2.verifier, &h->v2.offer);
	ses__pake_offer__init(o);
	o->kind = HWS_PAKE_TEMPORARY;
	o->share.data = h->v2.offer.share;
	o->share.len = sizeof(h->v2.offer.share);
	o->salt.data = h->v2.verifier.cost.salt;
	o->salt.len = sizeof(h->v2.verifier.cost.salt);
}

bool fake_v2_hash(struct fake_host *h)
{
	Ses__PakeOffer o, *list = &o;
	Ses__Hash hash = SES__HASH__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	hash.salt = (char *)SALT;
	hash.challenge = (char *)CHALLENGE;
	if (h->conf.password) {
		offer(h, &o);
		hash.n_pake = 1;
		hash.pake = &list;
	}
	m.union_case = SES__MESSAGE__UNION_HASH;
	m.hash = &hash;
	return fake_put_message(h, &m);
}

static bool is_ticket(struct fake_host *h, const Ses__ResumeProof *p)
{
	uint8_t mac[32];

	hws_digest_keyed(ticket_secret, "hawser v2 resume",
			&(struct hws_bytes){ hws_secure_binding(&h->v2.secure), HWS_BINDING_LEN },
			1, mac);
	return p && p->id.len == sizeof(ticket_id) &&
			memcmp(p->id.data, ticket_id, sizeof(ticket_id)) == 0 &&
			p->mac.len == sizeof(mac) && memcmp(p->mac.data, mac, sizeof(mac)) == 0;
}

int fake_v2_judge(struct fake_host *h, const Ses__LoginRequest *lr)
{
	const struct hws_pake_context context = { hws_secure_binding(&h->v2.secure), h->identity.pk,
		HWS_PAKE_TEMPORARY };
	const Ses__PakeProof *p = lr->n_pake ? lr->pake[0] : NULL;
	bool ticket = is_ticket(h, lr->resume);

	pthread_mutex_lock(&h->lock);
	h->password_heard |= lr->password.len > 0;
	h->resumed += ticket;
	pthread_mutex_unlock(&h->lock);
	memset(h->v2.confirm, 0, sizeof(h->v2.confirm));
	if (!h->conf.password || ticket)
		return 1;
	if (h->conf.knows_nothing)
		return lr->n_pake ? 1 : -1;
	if (!p)
		return lr->resume ? 0 : -1;
	return hws_pake_judge(&h->v2.verifier, &h->v2.offer, &context,
			       hws_bytes(p->share.data, p->share.len),
			       hws_bytes(p->confirm.data, p->confirm.len), h->v2.confirm) == HWS_OK;
}

void fake_v2_verdict(struct fake_host *h, Ses__LoginResponse *lr, Ses__PakeOffer *o,
		Ses__PakeOffer **list, Ses__Resume *resume)
{
	if (lr->union_case == SES__LOGIN_RESPONSE__UNION_ERROR) {
		if (!h->conf.password)
			return;
		offer(h, o);
		*list = o;
		lr->n_pake = 1;
		lr->pake = list;
		return;
	}
	lr->pake_confirm.data = h->v2.confirm;
	lr->pake_confirm.len = sizeof(h->v2.confirm);
	ses__resume__init(resume);
	resume->id.data = (uint8_t *)(uintptr_t)ticket_id;
	resume->id.len = sizeof(ticket_id);
	resume->secret.data = (uint8_t *)(uintptr_t)ticket_secret;
	resume->secret.len = sizeof(ticket_secret);
	lr->resume = resume;
}
