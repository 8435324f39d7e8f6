/* The handshake of two endpoints, both roles. Each role takes one frame of the other and either has
 * keys then, goes on in plain where its owner said for which reasons it may, or fails; with the
 * keys of v2 it waits for a second one, which proves that the other side has them, too. */
#include "shared/wire/secure.h"

#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include "shared/wire/envelope.h"
#include "shared/wire/secure_v2.h"
#include "shared/wire/signed_word.h"

/* --- small steps --- */

static void fail(struct hws_secure *s, int err, const char *text)
{
	s->state = HWS_SECURE_FAILED;
	s->err = err;
	s->err_text = text;
	s->has_output = s->has_keys = s->has_confirm = false;
}

/* Small messages of known bounds only: straight into the struct. */
static void put_output(struct hws_secure *s, const Ses__Message *m)
{
	size_t len = ses__message__get_packed_size(m);

	if (len > sizeof(s->output)) { /* not possible with ids of limited length */
		fail(s, HWS_ERR_TOOBIG, NULL);
		return;
	}
	s->output_len = ses__message__pack(m, s->output);
	s->has_output = true;
}

static void put_empty_message(struct hws_secure *s)
{
	s->output_len = 0;
	s->has_output = true;
}

static void put_public_key(
		struct hws_secure *s, struct hws_bytes asymmetric, struct hws_bytes symmetric)
{
	Ses__PublicKey pk = SES__PUBLIC_KEY__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	pk.asymmetric_value.data = (uint8_t *)(uintptr_t)asymmetric.ptr;
	pk.asymmetric_value.len = asymmetric.len;
	pk.symmetric_value.data = (uint8_t *)(uintptr_t)symmetric.ptr;
	pk.symmetric_value.len = symmetric.len;
	m.union_case = SES__MESSAGE__UNION_PUBLIC_KEY;
	m.public_key = &pk;
	put_output(s, &m);
}

/* Go on without encryption, if the caller allows it for this reason; says whether. */
static bool fall_back(struct hws_secure *s, enum hws_plain_reason reason)
{
	s->reason = reason;
	if (!(s->plain_ok & HWS_PLAIN_BIT(reason)) || s->need > HWS_LEVEL_PLAIN || s->vouched_v2) {
		fail(s, HWS_ERR_INSECURE, NULL);
		return false;
	}
	s->state = HWS_SECURE_DONE;
	s->level = HWS_LEVEL_PLAIN;
	s->trust = HWS_TRUST_NONE;
	return true;
}

static struct hws_bytes bytes_of(const ProtobufCBinaryData *b)
{
	return hws_bytes(b->data, b->len);
}

static void set_v1_key(struct hws_secure *s, const uint8_t key[HWS_SESSION_KEY_LEN])
{
	s->keys.level = s->level = HWS_LEVEL_V1;
	memcpy(s->keys.send_secret, key, HWS_SESSION_KEY_LEN);
	memcpy(s->keys.receive_secret, key, HWS_SESSION_KEY_LEN);
	s->has_keys = true;
	s->state = HWS_SECURE_DONE;
}

/* Both ends have said all that goes into the keys. */
static void set_v2_keys(struct hws_secure *s, const struct hws_v2_input *in)
{
	struct hws_v2_output o;

	hws_v2_derive(in, &o);
	hws_secure_word(in->signed_id, s->word);
	s->keys.level = s->level = HWS_LEVEL_V2;
	memcpy(s->keys.send_secret, s->is_host ? o.key_h : o.key_v, 32);
	memcpy(s->keys.receive_secret, s->is_host ? o.key_v : o.key_h, 32);
	memcpy(s->own_confirm, s->is_host ? o.confirm_h : o.confirm_v, 32);
	memcpy(s->peer_confirm, s->is_host ? o.confirm_v : o.confirm_h, 32);
	memcpy(s->binding_secret, o.binding, sizeof(s->binding_secret));
	memcpy(s->legs_secret, o.legs, sizeof(s->legs_secret));
	s->has_keys = true;
	s->has_confirm = !s->is_host; /* the host waits for the viewer's */
	s->state = HWS_SECURE_CONFIRM;
	hws_box_pair_wipe(&s->pair);
	hws_wipe(&o, sizeof(o));
}

/* --- host --- */

void hws_secure_host_init(struct hws_secure *s, const struct hws_secure_host_conf *conf)
{
	memset(s, 0, sizeof(*s));
	s->is_host = true;
	s->plain_ok = conf->plain_ok;
	s->need = conf->need;
	s->direct = conf->direct;
	hws_box_pair_new(&s->pair);
	s->state = HWS_SECURE_SIGN;
}

const uint8_t *hws_secure_box_pk(const struct hws_secure *s)
{
	return s->pair.pk;
}

int hws_secure_give_signed(struct hws_secure *s, struct hws_bytes signed_id)
{
	Ses__SignedId message = SES__SIGNED_ID__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__IdPk *id_pk = NULL;
	int r;

	if (s->state != HWS_SECURE_SIGN || signed_id.len > sizeof(s->signed_id))
		return HWS_ERR_PROTO;
	r = hws_signed_word_read(signed_id, &id_pk);
	if (r < 0)
		return r == HWS_ERR_NOMEM ? r : HWS_ERR_PROTO;
	if (!hws_bytes_equal(bytes_of(&id_pk->pk), hws_bytes(s->pair.pk, HWS_BOX_PK_LEN)))
		r = HWS_ERR_PROTO;
	else if (id_pk->v2 && id_pk->v2->nonce.len == HWS_NONCE_LEN)
		memcpy(s->nonce, id_pk->v2->nonce.data, HWS_NONCE_LEN);
	s->legs = id_pk->v2 && id_pk->v2->features & HWS_V2_LEGS;
	hws_msg_free(&id_pk->base);
	if (r < 0)
		return r;
	memcpy(s->signed_id, signed_id.ptr, signed_id.len);
	s->signed_len = signed_id.len;
	s->state = HWS_SECURE_WAIT;
	if (s->direct)
		return HWS_OK;
	message.id.data = s->signed_id;
	message.id.len = s->signed_len;
	m.union_case = SES__MESSAGE__UNION_SIGNED_ID;
	m.signed_id = &message;
	put_output(s, &m);
	return HWS_OK;
}

struct hws_bytes hws_secure_offer(const struct hws_secure *s)
{
	return hws_bytes(s->signed_id, s->signed_len);
}

static int host_v2(struct hws_secure *s, const uint8_t *e_v, struct hws_bytes box,
		struct hws_bytes plain)
{
	struct hws_v2_input in = {
		.signed_id = hws_secure_offer(s), .e_v = hws_bytes(e_v, HWS_BOX_PK_LEN), .box = box
	};
	int r;

	memcpy(in.nonce_h, s->nonce, sizeof(in.nonce_h));
	r = hws_v2_read(&in, &s->pair, e_v, plain);
	s->legs = s->legs && in.legs;
	if (r == HWS_OK)
		set_v2_keys(s, &in);
	else if (r != HWS_ERR_NOMEM)
		fail(s, r, NULL);
	hws_wipe(&in, sizeof(in));
	return r == HWS_ERR_NOMEM ? r : HWS_OK;
}

static int host_public_key(struct hws_secure *s, const Ses__PublicKey *pk)
{
	uint8_t plain[HWS_V2_BOX_MAX];
	struct hws_bytes box = bytes_of(&pk->symmetric_value);
	const uint8_t *e_v = pk->asymmetric_value.data;
	size_t len;
	int r = HWS_OK;

	if (pk->asymmetric_value.len == 0 && !s->direct) {
		fall_back(s, HWS_PLAIN_KEY_REFUSED);
		return HWS_OK;
	}
	if (pk->asymmetric_value.len != HWS_BOX_PK_LEN) {
		fail(s, HWS_ERR_PROTO, NULL);
		return HWS_OK;
	}
	if (box.len < HWS_BOX_SEALED_LEN || box.len > HWS_V2_BOX_MAX ||
			hws_box_open_bytes(&s->pair, e_v, box, plain) < 0) {
		fail(s, HWS_ERR_CRYPTO, NULL);
		return HWS_OK;
	}
	len = box.len - HWS_BOX_OVERHEAD;
	if (len > HWS_SESSION_KEY_LEN)
		r = host_v2(s, e_v, box, hws_bytes(plain, len));
	else if (s->direct)
		fail(s, HWS_ERR_PROTO, NULL); /* deployed viewers do not answer a Hash so */
	else if (s->need == HWS_LEVEL_V2)
		fail(s, HWS_ERR_INSECURE, "the viewer speaks the RustDesk 1.x scheme only");
	else
		set_v1_key(s, plain);
	hws_wipe(plain, sizeof(plain));
	return r;
}

static int host_frame(struct hws_secure *s, const Ses__Message *m, struct hws_bytes payload)
{
	if (m->union_case == SES__MESSAGE__UNION_PUBLIC_KEY)
		return host_public_key(s, m->public_key);
	if (s->direct)
		s->frame_unused = fall_back(s, HWS_PLAIN_VIEWER_STARTED);
	else
		fall_back(s, payload.len == 0 ? HWS_PLAIN_NO_STATEMENT : HWS_PLAIN_UNEXPECTED);
	return HWS_OK;
}

/* --- viewer --- */

/* For people to compare only: nothing proves it. */
static void note_other(struct hws_secure *s, struct hws_bytes pk)
{
	if (pk.len != HWS_PK_LEN)
		return;
	memcpy(s->other_pk, pk.ptr, HWS_PK_LEN);
	s->has_other_pk = true;
}

static void note_claimed(struct hws_secure *s, struct hws_bytes statement)
{
	Ses__IdPk *id_pk = NULL;

	if (hws_signed_word_read(statement, &id_pk) < 0)
		return;
	note_other(s, bytes_of(&id_pk->pk));
	hws_msg_free(&id_pk->base);
}

/* The host key the server vouches for; HWS_ERR_CRYPTO for anything that does not do so for our
 * id. */
static int read_statement(struct hws_secure *s, const struct hws_secure_client_conf *conf)
{
	Ses__IdPk *id_pk = NULL;
	int r;

	if (!hws_signed_word_by(conf->server_pk, conf->statement))
		return HWS_ERR_CRYPTO;
	r = hws_signed_word_read(conf->statement, &id_pk);
	if (r < 0)
		return r == HWS_ERR_NOMEM ? r : HWS_ERR_CRYPTO;
	if (id_pk->pk.len != HWS_PK_LEN || !hws_str_equal(id_pk->id, s->id)) {
		r = HWS_ERR_CRYPTO;
	} else {
		memcpy(s->host_pk, id_pk->pk.data, HWS_PK_LEN);
		s->has_host_pk = s->has_statement = true;
		s->vouched_v2 = id_pk->v2 && id_pk->v2->version >= HWS_V2_VERSION;
		s->trust = HWS_TRUST_SERVER;
	}
	hws_msg_free(&id_pk->base);
	return r;
}

int hws_secure_client_init(struct hws_secure *s, const struct hws_secure_client_conf *conf)
{
	int r;

	memset(s, 0, sizeof(*s));
	s->plain_ok = conf->plain_ok;
	s->need = conf->need;
	s->without_v2 = conf->without_v2;
	s->legs = conf->legs;
	if (hws_str_copy(s->id, sizeof(s->id), conf->id) < 0)
		return HWS_ERR_INVAL;
	s->state = HWS_SECURE_WAIT;
	hws_v2_statement_hash(conf->statement, s->statement_hash);
	if (conf->pinned_pk) {
		memcpy(s->pin, conf->pinned_pk, HWS_PK_LEN);
		s->has_pin = true;
	}
	if (conf->statement.len && conf->server_pk) {
		r = read_statement(s, conf);
		if (r == HWS_ERR_NOMEM)
			return r;
		s->bad_statement = r < 0;
		if (s->bad_statement)
			note_claimed(s, conf->statement);
	}
	if (s->has_pin && conf->pin_rules)
		s->has_host_pk = s->has_statement = false;
	if (s->has_pin && s->has_host_pk && memcmp(s->pin, s->host_pk, HWS_PK_LEN) != 0) {
		fail(s, HWS_ERR_KEY, NULL);
	} else if (s->has_pin && !s->has_host_pk) {
		memcpy(s->host_pk, s->pin, HWS_PK_LEN);
		s->has_host_pk = true;
		s->trust = HWS_TRUST_PIN;
	}
	return HWS_OK;
}

/* First contact, and no server that vouches: the host's key is what it says it is. */
static void take_first_key(struct hws_secure *s, const Ses__IdPk *id_pk)
{
	if (s->has_host_pk || s->without_v2 || !id_pk->v2 || id_pk->v2->hostpk.len != HWS_PK_LEN)
		return;
	memcpy(s->host_pk, id_pk->v2->hostpk.data, HWS_PK_LEN);
	s->has_host_pk = true;
	s->trust = HWS_TRUST_FIRST;
}

static void client_v1(struct hws_secure *s, const uint8_t host_box_pk[HWS_BOX_PK_LEN])
{
	uint8_t sealed[HWS_BOX_SEALED_LEN], key[HWS_SESSION_KEY_LEN];

	if (s->need == HWS_LEVEL_V2 || s->vouched_v2) {
		fail(s, HWS_ERR_INSECURE, "the host speaks the RustDesk 1.x scheme only");
		return;
	}
	hws_box_pair_new(&s->pair);
	hws_session_key_new(key);
	if (hws_box_seal(&s->pair, host_box_pk, key, sealed) < 0) {
		fail(s, HWS_ERR_CRYPTO, NULL);
	} else {
		put_public_key(s, hws_bytes(s->pair.pk, sizeof(s->pair.pk)),
				hws_bytes(sealed, sizeof(sealed)));
		set_v1_key(s, key);
	}
	hws_wipe(key, sizeof(key));
}

static bool caps_usable(const struct hws_secure *s, const Ses__HostCaps *caps)
{
	return caps->version >= HWS_V2_VERSION && caps->nonce.len == HWS_NONCE_LEN &&
			caps->ciphers & HWS_V2_CIPHER_CHACHA20 &&
			hws_bytes_equal(bytes_of(&caps->hostpk), hws_bytes(s->host_pk, HWS_PK_LEN));
}

static void client_v2(struct hws_secure *s, struct hws_bytes signed_id, const Ses__IdPk *id_pk)
{
	uint8_t box[HWS_V2_BOX_MAX];
	struct hws_v2_input in = { .signed_id = signed_id };
	size_t len;

	if (!caps_usable(s, id_pk->v2)) {
		fail(s, HWS_ERR_PROTO, NULL);
		return;
	}
	hws_box_pair_new(&s->pair);
	memcpy(in.nonce_h, id_pk->v2->nonce.data, sizeof(in.nonce_h));
	memcpy(in.statement_hash, s->statement_hash, sizeof(in.statement_hash));
	in.legs = s->legs;
	s->legs = s->legs && id_pk->v2->features & HWS_V2_LEGS;
	if (hws_v2_seal(&in, &s->pair, id_pk->pk.data, box, &len) < 0) {
		fail(s, HWS_ERR_CRYPTO, NULL);
	} else {
		put_public_key(s, in.e_v, hws_bytes(box, len));
		set_v2_keys(s, &in);
	}
	hws_wipe(&in, sizeof(in));
}

/* That the server's word is no good says more than that the host has no handshake. */
static enum hws_plain_reason plain_reason(
		const struct hws_secure *s, enum hws_plain_reason otherwise)
{
	return s->bad_statement ? HWS_PLAIN_BAD_STATEMENT : otherwise;
}

/* Nobody vouched for a key, and the host has no v2 that would bring its own. */
static void client_unvouched(struct hws_secure *s)
{
	if (fall_back(s, plain_reason(s, HWS_PLAIN_NO_STATEMENT)))
		put_empty_message(s);
}

/* Tells the host that its key did not verify, so that it registers it again. */
static void refuse_key(struct hws_secure *s, const Ses__IdPk *id_pk, struct hws_bytes signed_id)
{
	/* The one that it has instead, for the user to compare. */
	bool shown = id_pk && id_pk->v2 && id_pk->v2->hostpk.len == HWS_PK_LEN &&
			hws_signed_word_by(id_pk->v2->hostpk.data, signed_id);

	if (shown)
		note_other(s, bytes_of(&id_pk->v2->hostpk));
	if (s->has_pin && !s->has_statement) {
		fail(s, HWS_ERR_KEY, NULL);
		s->has_host_pk = shown;
		if (shown)
			memcpy(s->host_pk, s->other_pk, HWS_PK_LEN);
	} else {
		if (!fall_back(s, HWS_PLAIN_BAD_SIGNATURE))
			s->err = HWS_ERR_KEY;
		put_public_key(s, hws_bytes(NULL, 0), hws_bytes(NULL, 0));
	}
}

static int client_signed_id(struct hws_secure *s, struct hws_bytes signed_id)
{
	Ses__IdPk *id_pk = NULL;
	int r = hws_signed_word_read(signed_id, &id_pk);

	if (r == HWS_ERR_NOMEM)
		return r;
	if (r == HWS_OK)
		take_first_key(s, id_pk);
	if (!s->has_host_pk) {
		client_unvouched(s);
	} else if (r < 0 || !hws_signed_word_by(s->host_pk, signed_id) ||
			id_pk->pk.len != HWS_BOX_PK_LEN) {
		refuse_key(s, r == HWS_OK ? id_pk : NULL, signed_id);
	} else if (*s->id && !hws_str_equal(id_pk->id, s->id)) {
		if (fall_back(s, HWS_PLAIN_OTHER_ID))
			put_empty_message(s);
		else
			s->err = HWS_ERR_KEY;
	} else {
		if (!*s->id && hws_str_copy(s->id, sizeof(s->id), id_pk->id) < 0)
			s->id[0] = '\0';
		if (id_pk->v2 && !s->without_v2)
			client_v2(s, signed_id, id_pk);
		else
			client_v1(s, id_pk->pk.data);
	}
	if (r == HWS_OK)
		hws_msg_free(&id_pk->base);
	return HWS_OK;
}

static int client_frame(struct hws_secure *s, const Ses__Message *m)
{
	struct hws_bytes offer = hws_signed_word_of(m);

	if (m && m->union_case == SES__MESSAGE__UNION_SIGNED_ID)
		return client_signed_id(s, bytes_of(&m->signed_id->id));
	if (offer.len && !s->without_v2)
		return client_signed_id(s, offer);
	if (m && m->union_case == SES__MESSAGE__UNION_HASH) {
		/* The host is in its session already: an answer is neither awaited nor needed. */
		s->frame_unused = fall_back(s, plain_reason(s, HWS_PLAIN_HOST_STARTED));
		return HWS_OK;
	}
	if (fall_back(s, HWS_PLAIN_UNEXPECTED))
		put_empty_message(s);
	return HWS_OK;
}

/* --- both --- */

/* The other side's first record says that it has the keys, and nothing else. */
static void confirm_frame(struct hws_secure *s, const Ses__Message *m)
{
	struct hws_bytes c = m ? bytes_of(&m->v2_confirm) : hws_bytes(NULL, 0);

	if (!m || m->union_case != SES__MESSAGE__UNION__NOT_SET || c.len != 32 ||
			!hws_secret_equal(c.ptr, s->peer_confirm, 32)) {
		fail(s, HWS_ERR_CRYPTO, NULL);
		return;
	}
	s->has_confirm = s->is_host;
	s->state = HWS_SECURE_DONE;
}

int hws_secure_frame(struct hws_secure *s, struct hws_bytes payload)
{
	Ses__Message *m = NULL;
	bool confirming = s->state == HWS_SECURE_CONFIRM;

	if (s->state == HWS_SECURE_SIGN)
		return HWS_ERR_AGAIN;
	if (s->state != HWS_SECURE_WAIT && !confirming)
		return HWS_ERR_CLOSED;

	int r = hws_ses_unpack(payload, &m);

	if (r == HWS_ERR_NOMEM)
		return r;
	if (r < 0 && s->is_host && !confirming) {
		fail(s, HWS_ERR_PROTO, NULL);
		return HWS_OK;
	}
	if (r < 0)
		m = NULL;
	r = HWS_OK;
	if (confirming)
		confirm_frame(s, m);
	else if (s->is_host)
		r = host_frame(s, m, payload);
	else
		r = client_frame(s, m);
	hws_ses_free(m);
	return r;
}

bool hws_secure_take_output(struct hws_secure *s, struct hws_bytes *ret)
{
	if (!s->has_output && s->has_confirm && !s->has_keys) {
		Ses__Message m = SES__MESSAGE__INIT;

		m.v2_confirm.data = s->own_confirm;
		m.v2_confirm.len = sizeof(s->own_confirm);
		s->has_confirm = false;
		put_output(s, &m);
	}
	if (!s->has_output)
		return false;
	s->has_output = false;
	*ret = hws_bytes(s->output, s->output_len);
	return true;
}

bool hws_secure_take_keys(struct hws_secure *s, struct hws_secure_keys *ret)
{
	if (!s->has_keys || s->has_output)
		return false;
	*ret = s->keys;
	s->has_keys = false;
	hws_wipe(&s->keys, sizeof(s->keys));
	return true;
}

void hws_secure_wipe(struct hws_secure *s)
{
	hws_wipe(s, sizeof(*s));
	s->state = HWS_SECURE_FAILED;
	s->err = HWS_ERR_CLOSED;
}
