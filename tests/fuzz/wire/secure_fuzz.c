/* wire/secure: both roles against arbitrary frames. Byte 0 chooses the role, whether the rest is a
 * whole frame or a mask laid over the true frame of an honest peer, and what the ends speak; byte 1
 * is the policy. */
#include <assert.h>

#include "shared/crypto/crypto.h"
#include "shared/wire/envelope.h"
#include "shared/wire/secure.h"
#include "tests/support/handshake.h"

#define ID "123456789"
enum { ROLE_HOST = 1, MASK = 2, OWN_STATEMENT = 4, PINNED = 8, V2 = 16, DIRECT = 32, NEED_V2 = 64 };

static struct hws_identity server, host;
static uint8_t statement[256];
static size_t statement_len;

static void prepare(void)
{
	static const uint8_t seed[2][32] = { { 1 }, { 2 } };
	Ses__IdPk m = SES__ID_PK__INIT;
	uint8_t raw[128];

	if (statement_len > 0)
		return;
	assert(hws_crypto_init() == HWS_OK);
	hws_identity_from_seed(seed[0], &server);
	hws_identity_from_seed(seed[1], &host);
	m.id = (char *)ID;
	m.pk.data = host.pk;
	m.pk.len = HWS_PK_LEN;
	size_t len = ses__id_pk__pack(&m, raw);
	hws_identity_sign_attached(&server, hws_bytes(raw, len), statement);
	statement_len = len + HWS_SIG_LEN;
}

static void start_host(struct hws_secure *h, unsigned how, unsigned plain_ok)
{
	struct hws_secure_host_conf conf = { .plain_ok = plain_ok,
		.need = how & NEED_V2 ? HWS_LEVEL_V2 : HWS_LEVEL_PLAIN,
		.direct = how & DIRECT };

	hws_secure_host_init(h, &conf);
	assert(handshake_sign(h, &host, ID, how & V2) == HWS_OK);
}

static void start_viewer(
		struct hws_secure *v, unsigned how, unsigned plain_ok, struct hws_bytes said)
{
	struct hws_secure_client_conf conf = { .id = how & DIRECT ? "" : ID,
		.statement = said,
		.server_pk = server.pk,
		.pinned_pk = how & PINNED ? host.pk : NULL,
		.plain_ok = plain_ok,
		.need = how & NEED_V2 ? HWS_LEVEL_V2 : HWS_LEVEL_PLAIN };

	assert(hws_secure_client_init(v, &conf) == HWS_OK);
}

/* The other side's true frame with `mask` laid over it. */
static struct hws_bytes true_frame(
		struct hws_secure *other, struct hws_bytes mask, uint8_t *buf, size_t max)
{
	struct hws_bytes out;

	if (other->is_host && other->direct) {
		Ses__Hash hash = SES__HASH__INIT;
		Ses__Message m = SES__MESSAGE__INIT;

		out = hws_secure_offer(other);
		hash.v2_signed_id = (ProtobufCBinaryData){ out.len, (uint8_t *)(uintptr_t)out.ptr };
		m.union_case = SES__MESSAGE__UNION_HASH;
		m.hash = &hash;
		assert(ses__message__get_packed_size(&m) <= max);
		out = hws_bytes(buf, ses__message__pack(&m, buf));
	} else {
		assert(hws_secure_take_output(other, &out) && out.len <= max);
		memcpy(buf, out.ptr, out.len);
	}
	for (size_t i = 0; i < mask.len && i < out.len; i++)
		buf[i] ^= mask.ptr[i];
	return hws_bytes(buf, out.len);
}

static void check_end(struct hws_secure *s, unsigned plain_ok)
{
	enum hws_secure_state state = hws_secure_state(s);
	struct hws_bytes out;

	if (state == HWS_SECURE_CONFIRM) { /* whoever has no keys confirms nothing */
		assert(hws_secure_frame(s, hws_bytes("", 0)) == HWS_OK);
		state = hws_secure_state(s);
		assert(state == HWS_SECURE_FAILED);
	}
	assert(state == HWS_SECURE_DONE || state == HWS_SECURE_FAILED);
	if (state == HWS_SECURE_DONE) {
		assert(hws_secure_level(s) >= s->need && !hws_secure_binding(s));
		if (hws_secure_level(s) == HWS_LEVEL_PLAIN)
			assert(plain_ok & HWS_PLAIN_BIT(hws_secure_reason(s)));
	}
	if (state == HWS_SECURE_FAILED)
		assert(hws_secure_err(s) < 0);
	assert(hws_secure_text(s));
	assert(hws_secure_frame(s, hws_bytes(NULL, 0)) == HWS_ERR_CLOSED);
	while (hws_secure_take_output(s, &out))
		assert(out.len <= HWS_SECURE_OUTPUT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_secure h, v;
	uint8_t buf[HWS_SECURE_OUTPUT_MAX + 16];

	prepare();
	if (size < 2)
		return 0;

	unsigned how = data[0], plain_ok = data[1];
	struct hws_bytes rest = hws_bytes(data + 2, size - 2);
	struct hws_bytes said = how & OWN_STATEMENT ? rest : hws_bytes(statement, statement_len);

	start_viewer(&v, how, plain_ok, said);
	if (hws_secure_state(&v) != HWS_SECURE_WAIT) {
		check_end(&v, plain_ok);
		return 0;
	}
	start_host(&h, how, plain_ok);
	if (how & ROLE_HOST) {
		struct hws_bytes in = rest;

		if (how & MASK) {
			struct hws_bytes open =
					true_frame(&h, hws_bytes(NULL, 0), buf, sizeof(buf));

			assert(hws_secure_frame(&v, open) == HWS_OK);
			if (hws_secure_state(&v) == HWS_SECURE_FAILED ||
					hws_secure_frame_unused(&v))
				return 0; /* it asks for more than this host has, or says nothing */
			in = true_frame(&v, rest, buf, sizeof(buf));
		}
		assert(hws_secure_frame(&h, in) == HWS_OK);
		check_end(&h, plain_ok);
	} else {
		struct hws_bytes in = how & MASK ? true_frame(&h, rest, buf, sizeof(buf)) : rest;

		assert(hws_secure_frame(&v, in) == HWS_OK);
		check_end(&v, plain_ok);
	}
	return 0;
}
