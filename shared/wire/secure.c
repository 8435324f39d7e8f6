/* The handshake of two endpoints, both roles. Each role takes one frame and either has a key
 * then, falls back to plain text where its owner said for which reasons it may, or fails. */
#include "shared/wire/secure.h"

#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"

/* --- small steps --- */

static int init(struct hws_secure *s, bool is_host, const char *id, unsigned plain_ok)
{
	memset(s, 0, sizeof(*s));
	s->is_host = is_host;
	s->plain_ok = plain_ok;
	if (!id || !*id || hws_str_copy(s->id, sizeof(s->id), id) < 0)
		return HWS_ERR_INVAL;
	return HWS_OK;
}

static void fail(struct hws_secure *s, int err)
{
	s->state = HWS_SECURE_FAILED;
	s->err = err;
}

/* Small messages of known bounds only: straight into the struct. */
static void put_output(struct hws_secure *s, const Ses__Message *m)
{
	size_t len = ses__message__get_packed_size(m);

	if (len > sizeof(s->output)) { /* not possible with ids of limited length */
		fail(s, HWS_ERR_TOOBIG);
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

/* Go on without encryption, if the caller allows it for this reason; says whether. */
static bool fall_back(struct hws_secure *s, enum hws_plain_reason reason)
{
	s->reason = reason;
	if (!(s->plain_ok & HWS_PLAIN_BIT(reason))) {
		fail(s, HWS_ERR_INSECURE);
		return false;
	}
	s->state = HWS_SECURE_PLAINTEXT;
	return true;
}

static struct hws_bytes bytes_of(const ProtobufCBinaryData *b)
{
	return hws_bytes(b->data, b->len);
}

/* --- host --- */

int hws_secure_host_init(struct hws_secure *s, const struct hws_secure_host_conf *conf)
{
	Ses__IdPk id_pk = SES__ID_PK__INIT;
	int r = init(s, true, conf->id, conf->plain_ok);

	if (r < 0)
		return r;
	hws_box_pair_new(&s->pair);
	id_pk.id = s->id;
	id_pk.pk.data = s->pair.pk;
	id_pk.pk.len = sizeof(s->pair.pk);
	if (ses__id_pk__get_packed_size(&id_pk) > sizeof(s->to_sign))
		return HWS_ERR_INVAL;
	s->to_sign_len = ses__id_pk__pack(&id_pk, s->to_sign);
	s->state = HWS_SECURE_SIGN;
	return HWS_OK;
}

struct hws_bytes hws_secure_to_sign(const struct hws_secure *s)
{
	return hws_bytes(s->to_sign, s->to_sign_len);
}

int hws_secure_give_signature(struct hws_secure *s, const uint8_t sig[HWS_SIG_LEN])
{
	uint8_t attached[HWS_SIG_LEN + HWS_SECURE_TO_SIGN_MAX];
	Ses__SignedId signed_id = SES__SIGNED_ID__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	if (s->state != HWS_SECURE_SIGN)
		return HWS_ERR_PROTO;
	memcpy(attached, sig, HWS_SIG_LEN);
	memcpy(attached + HWS_SIG_LEN, s->to_sign, s->to_sign_len);
	signed_id.id.data = attached;
	signed_id.id.len = HWS_SIG_LEN + s->to_sign_len;
	m.union_case = SES__MESSAGE__UNION_SIGNED_ID;
	m.signed_id = &signed_id;
	s->state = HWS_SECURE_WAIT;
	put_output(s, &m);
	return HWS_OK;
}

static void host_public_key(struct hws_secure *s, const Ses__PublicKey *pk)
{
	if (pk->asymmetric_value.len == 0) {
		fall_back(s, HWS_PLAIN_KEY_REFUSED);
	} else if (pk->asymmetric_value.len != HWS_BOX_PK_LEN) {
		fail(s, HWS_ERR_PROTO);
	} else if (hws_box_open(&s->pair, pk->asymmetric_value.data, bytes_of(&pk->symmetric_value),
				   s->key_secret) < 0) {
		fail(s, HWS_ERR_CRYPTO);
	} else {
		s->state = HWS_SECURE_KEYED;
	}
}

static void host_frame(struct hws_secure *s, const Ses__Message *m, struct hws_bytes payload)
{
	if (m->union_case == SES__MESSAGE__UNION_PUBLIC_KEY)
		host_public_key(s, m->public_key);
	else if (payload.len == 0)
		fall_back(s, HWS_PLAIN_NO_STATEMENT);
	else
		fall_back(s, HWS_PLAIN_UNEXPECTED);
}

/* --- viewer --- */

/* The IdPk behind a signature; `ret` is freed by the caller. */
static int open_id_pk(const uint8_t pk[HWS_PK_LEN], struct hws_bytes in, Ses__IdPk **ret)
{
	struct hws_bytes content;
	ProtobufCMessage *m;
	int r = hws_verify_attached(pk, in, &content);

	if (r < 0)
		return r;
	r = hws_msg_unpack(&ses__id_pk__descriptor, content, HWS_SES_LIST_MAX, &m);
	if (r == HWS_OK)
		*ret = (Ses__IdPk *)m;
	return r;
}

/* The host key the server vouches for; HWS_ERR_CRYPTO for anything that does not do so for our id.
 * */
static int read_statement(struct hws_secure *s, const struct hws_secure_client_conf *conf)
{
	Ses__IdPk *id_pk = NULL;
	int r = open_id_pk(conf->server_pk, conf->statement, &id_pk);

	if (r == HWS_ERR_NOMEM)
		return r;
	if (r < 0)
		return HWS_ERR_CRYPTO;
	if (id_pk->pk.len != HWS_PK_LEN || !hws_str_equal(id_pk->id, s->id)) {
		r = HWS_ERR_CRYPTO;
	} else {
		memcpy(s->host_pk, id_pk->pk.data, HWS_PK_LEN);
		s->has_host_pk = true;
	}
	hws_msg_free(&id_pk->base);
	return r;
}

int hws_secure_client_init(struct hws_secure *s, const struct hws_secure_client_conf *conf)
{
	int r = init(s, false, conf->id, conf->plain_ok);

	if (r < 0)
		return r;
	if (conf->statement.len == 0 || !conf->server_pk) {
		if (fall_back(s, HWS_PLAIN_NO_STATEMENT))
			put_empty_message(s); /* a secure host waits for it */
		return HWS_OK;
	}
	r = read_statement(s, conf);
	if (r == HWS_ERR_NOMEM)
		return r;
	if (r < 0) {
		if (fall_back(s, HWS_PLAIN_BAD_STATEMENT))
			put_empty_message(s);
	} else if (conf->pinned_pk && memcmp(conf->pinned_pk, s->host_pk, HWS_PK_LEN) != 0) {
		fail(s, HWS_ERR_KEY);
	} else {
		s->state = HWS_SECURE_WAIT;
	}
	return HWS_OK;
}

static void send_session_key(struct hws_secure *s, const uint8_t host_box_pk[HWS_BOX_PK_LEN])
{
	uint8_t sealed[HWS_BOX_SEALED_LEN];
	Ses__PublicKey pk = SES__PUBLIC_KEY__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	hws_box_pair_new(&s->pair);
	hws_session_key_new(s->key_secret);
	if (hws_box_seal(&s->pair, host_box_pk, s->key_secret, sealed) < 0) {
		fail(s, HWS_ERR_CRYPTO);
		return;
	}
	pk.asymmetric_value.data = s->pair.pk;
	pk.asymmetric_value.len = sizeof(s->pair.pk);
	pk.symmetric_value.data = sealed;
	pk.symmetric_value.len = sizeof(sealed);
	m.union_case = SES__MESSAGE__UNION_PUBLIC_KEY;
	m.public_key = &pk;
	s->state = HWS_SECURE_KEYED;
	put_output(s, &m);
}

/* Tells the host that its key did not verify, so that it registers it again. */
static void refuse_key(struct hws_secure *s)
{
	Ses__PublicKey pk = SES__PUBLIC_KEY__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	if (!fall_back(s, HWS_PLAIN_BAD_SIGNATURE))
		return;
	m.union_case = SES__MESSAGE__UNION_PUBLIC_KEY;
	m.public_key = &pk;
	put_output(s, &m);
}

static int client_signed_id(struct hws_secure *s, const Ses__SignedId *signed_id)
{
	Ses__IdPk *id_pk = NULL;
	int r = open_id_pk(s->host_pk, bytes_of(&signed_id->id), &id_pk);

	if (r == HWS_ERR_NOMEM)
		return r;
	if (r < 0 || id_pk->pk.len != HWS_BOX_PK_LEN) {
		refuse_key(s);
	} else if (!hws_str_equal(id_pk->id, s->id)) {
		if (fall_back(s, HWS_PLAIN_OTHER_ID))
			put_empty_message(s);
	} else {
		send_session_key(s, id_pk->pk.data);
	}
	if (r == HWS_OK)
		hws_msg_free(&id_pk->base);
	return HWS_OK;
}

static int client_frame(struct hws_secure *s, const Ses__Message *m)
{
	if (m && m->union_case == SES__MESSAGE__UNION_SIGNED_ID)
		return client_signed_id(s, m->signed_id);
	if (m && m->union_case == SES__MESSAGE__UNION_HASH) {
		/* The host is in its session already: an answer is neither awaited nor needed. */
		if (fall_back(s, HWS_PLAIN_HOST_STARTED))
			s->frame_unused = true;
		return HWS_OK;
	}
	if (fall_back(s, HWS_PLAIN_UNEXPECTED))
		put_empty_message(s);
	return HWS_OK;
}

/* --- both --- */

int hws_secure_frame(struct hws_secure *s, struct hws_bytes payload)
{
	Ses__Message *m = NULL;

	if (s->state == HWS_SECURE_SIGN)
		return HWS_ERR_AGAIN;
	if (s->state != HWS_SECURE_WAIT)
		return HWS_ERR_CLOSED;

	int r = hws_ses_unpack(payload, &m);

	if (r == HWS_ERR_NOMEM)
		return r;
	if (r < 0 && s->is_host) {
		fail(s, HWS_ERR_PROTO);
		return HWS_OK;
	}
	if (s->is_host)
		host_frame(s, m, payload);
	else
		r = client_frame(s, r < 0 ? NULL : m);
	hws_ses_free(m);
	return r < 0 && r != HWS_ERR_NOMEM ? HWS_OK : r;
}

enum hws_secure_state hws_secure_state(const struct hws_secure *s)
{
	return s->state;
}

bool hws_secure_take_output(struct hws_secure *s, struct hws_bytes *ret)
{
	if (!s->has_output)
		return false;
	s->has_output = false;
	*ret = hws_bytes(s->output, s->output_len);
	return true;
}

void hws_secure_key(const struct hws_secure *s, uint8_t ret_secret[HWS_SESSION_KEY_LEN])
{
	memcpy(ret_secret, s->key_secret, HWS_SESSION_KEY_LEN);
}

enum hws_plain_reason hws_secure_reason(const struct hws_secure *s)
{
	return s->reason;
}

bool hws_secure_frame_unused(const struct hws_secure *s)
{
	return s->frame_unused;
}

int hws_secure_err(const struct hws_secure *s)
{
	return s->err;
}

const char *hws_secure_text(const struct hws_secure *s)
{
	static const char *const reasons[] = {
		[HWS_PLAIN_NONE] = "encrypted",
		[HWS_PLAIN_NO_STATEMENT] = "the server vouched for no key of the host",
		[HWS_PLAIN_BAD_STATEMENT] =
				"the statement on the host's key is not by the known server",
		[HWS_PLAIN_HOST_STARTED] = "the host began without encryption",
		[HWS_PLAIN_OTHER_ID] = "the host that answered has another id",
		[HWS_PLAIN_BAD_SIGNATURE] = "the host could not prove its key",
		[HWS_PLAIN_KEY_REFUSED] = "the other side could not verify our key",
		[HWS_PLAIN_UNEXPECTED] = "the other side did not answer the handshake",
	};

	if (s->state != HWS_SECURE_FAILED || s->err == HWS_ERR_INSECURE)
		return reasons[s->reason];
	if (s->err == HWS_ERR_KEY)
		return "the host's key is not the one remembered for it";
	if (s->err == HWS_ERR_CRYPTO)
		return "the session key could not be exchanged";
	return "the handshake message is malformed";
}

const uint8_t *hws_secure_host_pk(const struct hws_secure *s)
{
	return s->has_host_pk ? s->host_pk : NULL;
}

void hws_secure_wipe(struct hws_secure *s)
{
	hws_wipe(s, sizeof(*s));
	s->state = HWS_SECURE_FAILED;
	s->err = HWS_ERR_CLOSED;
}
