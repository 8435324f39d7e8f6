/* shared/wire/secure: the handshake of two hawser ends: keys, confirmation, first contact, direct
 * connections, and that nobody on the way talks them down to less. */
#include <check.h>
#include <stdlib.h>

#include "shared/crypto/crypto.h"
#include "shared/wire/envelope.h"
#include "shared/wire/secure.h"
#include "shared/wire/secure_v2.h"
#include "tests/support/handshake.h"
#include "tests/support/suite.h"

#define ID "123456789"

static struct hws_identity server, host, other;
static uint8_t statement[256];
static size_t statement_len;
static struct hws_secure h, v; /* host, viewer */
static struct hws_secure_host_conf host_conf;
static struct hws_secure_client_conf viewer_conf;

static void make_statement(const struct hws_identity *of, bool vouch_v2)
{
	uint8_t raw[128];
	Ses__IdPk m = SES__ID_PK__INIT;
	Ses__HostCaps caps = SES__HOST_CAPS__INIT;

	caps.version = 2;
	m.id = (char *)ID;
	m.pk.data = (uint8_t *)(uintptr_t)of->pk;
	m.pk.len = HWS_PK_LEN;
	m.v2 = vouch_v2 ? &caps : NULL;

	size_t len = ses__id_pk__pack(&m, raw);

	hws_identity_sign_attached(&server, hws_bytes(raw, len), statement);
	statement_len = len + HWS_SIG_LEN;
	viewer_conf.statement = hws_bytes(statement, statement_len);
}

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	hws_identity_generate(true, &server);
	hws_identity_generate(false, &host);
	hws_identity_generate(false, &other);
	host_conf = (struct hws_secure_host_conf){ 0 };
	viewer_conf = (struct hws_secure_client_conf){ .id = ID, .server_pk = server.pk };
	make_statement(&host, false);
}

static void begin(bool host_v2)
{
	hws_secure_host_init(&h, &host_conf);
	ck_assert_int_eq(handshake_sign(&h, &host, ID, host_v2), HWS_OK);
	ck_assert_int_eq(hws_secure_client_init(&v, &viewer_conf), HWS_OK);
}

static bool turns_away; /* deployed viewers, at a direct address */

/* The host's first frame, as a gate sends it. */
static size_t first_frame(uint8_t *buf, size_t max)
{
	struct hws_bytes out;
	Ses__Hash hash = SES__HASH__INIT;
	Ses__LoginResponse away = SES__LOGIN_RESPONSE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	if (!h.direct) {
		ck_assert(hws_secure_take_output(&h, &out));
		ck_assert_uint_le(out.len, max);
		memcpy(buf, out.ptr, out.len);
		return out.len;
	}
	ck_assert(!hws_secure_take_output(&h, &out));
	out = hws_secure_offer(&h);
	hash.v2_signed_id = (ProtobufCBinaryData){ out.len, (uint8_t *)(uintptr_t)out.ptr };
	away.v2_signed_id = hash.v2_signed_id;
	away.union_case = SES__LOGIN_RESPONSE__UNION_ERROR;
	away.error = (char *)"no";
	m.union_case = turns_away ? SES__MESSAGE__UNION_LOGIN_RESPONSE : SES__MESSAGE__UNION_HASH;
	if (turns_away)
		m.login_response = &away;
	else
		m.hash = &hash;
	ck_assert_uint_le(ses__message__get_packed_size(&m), max);
	return ses__message__pack(&m, buf);
}

static void feed_first(void)
{
	uint8_t buf[400];
	size_t len = first_frame(buf, sizeof(buf));

	ck_assert_int_eq(hws_secure_frame(&v, hws_bytes(buf, len)), HWS_OK);
}

static void carry(struct hws_secure *from, struct hws_secure *to)
{
	struct hws_bytes out;

	ck_assert(hws_secure_take_output(from, &out));
	ck_assert_int_eq(hws_secure_frame(to, out), HWS_OK);
}

/* From the viewer's answer to the end; the keys of both. */
static void finish(struct hws_secure_keys *kh, struct hws_secure_keys *kv)
{
	ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_CONFIRM);
	carry(&v, &h);
	ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_CONFIRM);
	ck_assert(hws_secure_take_keys(&v, kv) && hws_secure_take_keys(&h, kh));
	ck_assert(!hws_secure_take_output(&h, &(struct hws_bytes){ 0 })); /* silent till then */
	ck_assert_ptr_null(hws_secure_binding(&h));
	carry(&v, &h);
	ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_DONE);
	carry(&h, &v);
	ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_DONE);
}

static void both_agree(void)
{
	struct hws_secure_keys kh, kv;

	finish(&kh, &kv);
	ck_assert_int_eq(kh.level, HWS_LEVEL_V2);
	ck_assert_mem_eq(kh.send_secret, kv.receive_secret, 32);
	ck_assert_mem_eq(kv.send_secret, kh.receive_secret, 32);
	ck_assert_mem_ne(kh.send_secret, kh.receive_secret, 32);
	ck_assert_mem_eq(hws_secure_binding(&h), hws_secure_binding(&v), HWS_BINDING_LEN);
	ck_assert_int_eq(hws_secure_level(&h), HWS_LEVEL_V2);
	ck_assert_mem_eq(hws_secure_host_pk(&v), host.pk, HWS_PK_LEN);
	ck_assert_str_eq(hws_secure_host_id(&v), ID);
}

/* 0 a statement, 1 a pin, 2 both, 3 first contact; the same by address, and where deployed viewers
 * are turned away */
START_TEST(both_ends_agree)
{
	static const enum hws_secure_trust trust[] = { HWS_TRUST_SERVER, HWS_TRUST_PIN,
		HWS_TRUST_SERVER, HWS_TRUST_FIRST };

	if (_i % 4 == 1 || _i % 4 == 3)
		viewer_conf.statement.len = 0;
	if (_i % 4 == 1 || _i % 4 == 2)
		viewer_conf.pinned_pk = host.pk;
	host_conf.direct = _i >= 4;
	turns_away = _i >= 8;
	if (_i >= 4)
		viewer_conf.id = viewer_conf.statement.len ? ID : "";
	viewer_conf.need = host_conf.need = HWS_LEVEL_V2;
	begin(true);
	feed_first();
	both_agree();
	ck_assert_int_eq(hws_secure_trust(&v), trust[_i % 4]);
}
END_TEST

START_TEST(two_handshakes_share_nothing)
{
	struct hws_secure_keys kh[2], kv[2];
	uint8_t binding[HWS_BINDING_LEN];

	for (int i = 0; i < 2; i++) {
		begin(true);
		feed_first();
		finish(&kh[i], &kv[i]);
		if (i == 0)
			memcpy(binding, hws_secure_binding(&h), sizeof(binding));
	}
	ck_assert_mem_ne(kh[0].send_secret, kh[1].send_secret, 32);
	ck_assert_mem_ne(kv[0].send_secret, kv[1].send_secret, 32);
	ck_assert_mem_ne(binding, hws_secure_binding(&h), sizeof(binding));
}
END_TEST

static void feed_flipped(struct hws_secure *to, const uint8_t *good, size_t len, size_t bit)
{
	uint8_t bad[400];

	memcpy(bad, good, len);
	bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
	ck_assert_int_eq(hws_secure_frame(to, hws_bytes(bad, len)), HWS_OK);
}

/* Each bit of each of the frames; plaintext would be taken, but only where nothing was seen of
 * v2. */
START_TEST(no_flipped_bit_leads_to_a_session)
{
	uint8_t good[400];
	struct hws_secure fresh;
	struct hws_secure_keys keys;
	struct hws_bytes out;
	size_t len;

	host_conf.direct = _i;
	viewer_conf.need = HWS_LEVEL_V1;
	begin(true);
	fresh = v;
	len = first_frame(good, sizeof(good));
	for (size_t bit = 0; bit < len * 8; bit++) {
		v = fresh;
		feed_flipped(&v, good, len, bit);
		ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_FAILED);
	}
	v = fresh;
	ck_assert_int_eq(hws_secure_frame(&v, hws_bytes(good, len)), HWS_OK);
	ck_assert(hws_secure_take_output(&v, &out));
	fresh = h;
	memcpy(good, out.ptr, out.len);
	len = out.len;
	for (size_t bit = 0; bit < len * 8; bit++) {
		h = fresh;
		feed_flipped(&h, good, len, bit);
		ck_assert_int_ne(hws_secure_state(&h), HWS_SECURE_DONE);
		if (hws_secure_state(&h) == HWS_SECURE_FAILED)
			continue;
		/* X25519 ignores a bit of the key, the transcript does not */
		ck_assert(hws_secure_take_keys(&h, &keys));
		ck_assert_mem_ne(keys.receive_secret, v.keys.send_secret, 32);
	}
	h = fresh;
	ck_assert_int_eq(hws_secure_frame(&h, hws_bytes(good, len)), HWS_OK);
	ck_assert(hws_secure_take_keys(&h, &keys) && hws_secure_take_keys(&v, &keys));
	ck_assert(hws_secure_take_output(&v, &out));
	memcpy(good, out.ptr, out.len);
	len = out.len;
	fresh = h;
	for (size_t bit = 0; bit < len * 8; bit++) {
		h = fresh;
		feed_flipped(&h, good, len, bit);
		ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_FAILED);
		ck_assert(!hws_secure_take_output(&h, &out));
	}
}
END_TEST

/* What comes in the place of a confirmation: a session message, nothing, the own one sent back. */
START_TEST(nothing_but_the_confirmation_confirms)
{
	static const uint8_t key_event[] = { 0x7a, 0x02, 0x08, 0x01 };
	struct hws_secure_keys keys;
	struct hws_bytes out = { 0 };

	begin(true);
	feed_first();
	carry(&v, &h);
	ck_assert(hws_secure_take_keys(&v, &keys) && hws_secure_take_keys(&h, &keys));
	if (_i == 2)
		ck_assert(hws_secure_take_output(&v, &out));
	else if (_i == 1)
		out = hws_bytes(key_event, sizeof(key_event));
	ck_assert_int_eq(hws_secure_frame(_i == 2 ? &v : &h, out), HWS_OK);
	ck_assert_int_eq(hws_secure_state(_i == 2 ? &v : &h), HWS_SECURE_FAILED);
	ck_assert_int_eq(hws_secure_err(_i == 2 ? &v : &h), HWS_ERR_CRYPTO);
}
END_TEST

static void strip_and_feed(void)
{
	static const uint8_t hash[] = { 0x4a, 3, 0x0a, 1, 's' };

	ck_assert_int_eq(hws_secure_frame(&v, hws_bytes(hash, sizeof(hash))), HWS_OK);
}

/* SignedId taken out on the way: a known host, a vouched one, and a viewer that wants v2. */
START_TEST(a_stripped_handshake_is_refused_by_who_knows_better)
{
	viewer_conf.plain_ok = HWS_PLAIN_ALL;
	if (_i == 0)
		viewer_conf.need = HWS_LEVEL_V2;
	else
		make_statement(&host, _i == 1);
	begin(true);
	strip_and_feed();
	if (_i == 2) { /* first contact, and no server of ours: the user is asked */
		ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_DONE);
		ck_assert_int_eq(hws_secure_level(&v), HWS_LEVEL_PLAIN);
		return;
	}
	ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_FAILED);
	ck_assert_int_eq(hws_secure_err(&v), HWS_ERR_INSECURE);
}
END_TEST

/* A host that never said v2: taken, unless it is remembered or vouched for otherwise. */
START_TEST(the_deployed_scheme_is_refused_by_who_knows_better)
{
	make_statement(&host, _i == 1);
	if (_i == 2)
		viewer_conf.need = HWS_LEVEL_V2;
	begin(false);
	feed_first();
	if (_i == 0) {
		ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_DONE);
		ck_assert_int_eq(hws_secure_level(&v), HWS_LEVEL_V1);
		return;
	}
	ck_assert_int_eq(hws_secure_err(&v), HWS_ERR_INSECURE);
	ck_assert(!hws_secure_take_output(&v, &(struct hws_bytes){ 0 }));
}
END_TEST

START_TEST(a_host_that_wants_v2_refuses_deployed_viewers)
{
	host_conf.need = HWS_LEVEL_V2;
	viewer_conf.without_v2 = true;
	host_conf.plain_ok = HWS_PLAIN_ALL;
	begin(true);
	feed_first();
	ck_assert_int_eq(hws_secure_level(&v), HWS_LEVEL_V1);
	carry(&v, &h);
	ck_assert_int_eq(hws_secure_err(&h), HWS_ERR_INSECURE);
	begin(true);
	ck_assert_int_eq(hws_secure_frame(&h, hws_bytes(NULL, 0)), HWS_OK);
	ck_assert_int_eq(hws_secure_err(&h), HWS_ERR_INSECURE);
}
END_TEST

START_TEST(a_deployed_viewer_is_served_as_it_expects)
{
	static const uint8_t login[] = { 0x3a, 0x02, 0x0a, 0x00 };

	viewer_conf.without_v2 = true;
	host_conf.plain_ok = HWS_PLAIN_BIT(HWS_PLAIN_VIEWER_STARTED);
	begin(true);
	feed_first();
	carry(&v, &h);
	ck_assert_int_eq(hws_secure_level(&h), HWS_LEVEL_V1);
	host_conf.direct = true;
	begin(true);
	ck_assert_int_eq(hws_secure_frame(&h, hws_bytes(login, sizeof(login))), HWS_OK);
	ck_assert_int_eq(hws_secure_level(&h), HWS_LEVEL_PLAIN);
	ck_assert(hws_secure_frame_unused(&h));
	host_conf.plain_ok = 0;
	begin(true);
	ck_assert_int_eq(hws_secure_frame(&h, hws_bytes(login, sizeof(login))), HWS_OK);
	ck_assert_int_eq(hws_secure_err(&h), HWS_ERR_INSECURE);
	ck_assert(!hws_secure_frame_unused(&h));
}
END_TEST

/* A false host with a key of its own, at each way in which a viewer knows the right one. */
START_TEST(another_key_is_noticed)
{
	struct hws_identity right = host;

	if (_i != 0)
		viewer_conf.pinned_pk = right.pk;
	if (_i >= 2)
		viewer_conf.statement.len = 0;
	host_conf.direct = _i == 3;
	viewer_conf.id = _i == 3 ? "" : ID;
	viewer_conf.need = HWS_LEVEL_V1;
	host = other;
	begin(true);
	host = right;
	feed_first();
	ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_FAILED);
	ck_assert_int_eq(hws_secure_err(&v), HWS_ERR_KEY);
}
END_TEST

/* Signed with the right key, but it says that another one is its own. */
START_TEST(the_key_named_inside_is_the_one_that_signed)
{
	uint8_t nonce[HWS_NONCE_LEN] = { 1 }, signed_id[HWS_SECURE_SIGNED_MAX];
	struct hws_identity mixed = host;
	struct hws_secure_host_word w = { .identity = &mixed, .id = ID, .nonce = nonce };
	size_t len;

	memcpy(mixed.pk, other.pk, HWS_PK_LEN);
	hws_secure_host_init(&h, &host_conf);
	w.box_pk = hws_secure_box_pk(&h);
	ck_assert_int_eq(hws_secure_sign(&w, signed_id, &len), HWS_OK);
	ck_assert_int_eq(hws_secure_give_signed(&h, hws_bytes(signed_id, len)), HWS_OK);
	ck_assert_int_eq(hws_secure_client_init(&v, &viewer_conf), HWS_OK);
	feed_first();
	ck_assert_int_eq(hws_secure_err(&v), HWS_ERR_PROTO);
}
END_TEST

START_TEST(a_signed_word_for_another_connection_is_not_taken)
{
	struct hws_secure first;

	begin(true);
	first = h;
	hws_secure_host_init(&h, &host_conf);
	ck_assert_int_eq(hws_secure_give_signed(&h, hws_secure_offer(&first)), HWS_ERR_PROTO);
	ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_SIGN);
}
END_TEST

/* The viewer saw another SignedId than this host sent: an old one, played again. */
START_TEST(a_replayed_word_of_the_host_leads_nowhere)
{
	struct hws_secure old;
	struct hws_bytes out;

	begin(true);
	old = h;
	begin(true);
	ck_assert(hws_secure_take_output(&old, &out));
	ck_assert_int_eq(hws_secure_frame(&v, out), HWS_OK);
	ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_CONFIRM);
	carry(&v, &h);
	ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_FAILED);
}
END_TEST

/* What a viewer answers, made by hand. */
static void answer(const struct hws_box_pair *own, struct hws_bytes box)
{
	uint8_t frame[600];
	Ses__PublicKey pk = SES__PUBLIC_KEY__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	pk.asymmetric_value =
			(ProtobufCBinaryData){ HWS_BOX_PK_LEN, (uint8_t *)(uintptr_t)own->pk };
	pk.symmetric_value = (ProtobufCBinaryData){ box.len, (uint8_t *)(uintptr_t)box.ptr };
	m.union_case = SES__MESSAGE__UNION_PUBLIC_KEY;
	m.public_key = &pk;
	ck_assert_uint_le(ses__message__get_packed_size(&m), sizeof(frame));
	ck_assert_int_eq(hws_secure_frame(&h, hws_bytes(frame, ses__message__pack(&m, frame))),
			HWS_OK);
}

/* No bit was changed on the way, and both could come to the same keys. */
START_TEST(a_viewer_that_saw_another_word_is_refused_at_once)
{
	struct hws_v2_input in = { 0 };
	uint8_t box[HWS_V2_BOX_MAX];
	struct hws_box_pair pair;
	size_t len;

	begin(true);
	in.signed_id = _i ? hws_bytes_str("another word") : hws_secure_offer(&h);
	hws_box_pair_new(&pair);
	ck_assert_int_eq(hws_v2_seal(&in, &pair, hws_secure_box_pk(&h), box, &len), HWS_OK);
	answer(&pair, hws_bytes(box, len));
	ck_assert_int_eq(hws_secure_state(&h), _i ? HWS_SECURE_FAILED : HWS_SECURE_CONFIRM);
}
END_TEST

/* Deployed viewers know no handshake there: who does it in the deployed way wants less than v2. */
START_TEST(by_address_there_is_no_deployed_handshake)
{
	uint8_t key[HWS_SESSION_KEY_LEN], box[HWS_BOX_SEALED_LEN];
	struct hws_box_pair pair;

	host_conf.direct = _i;
	host_conf.plain_ok = HWS_PLAIN_ALL;
	begin(true);
	hws_box_pair_new(&pair);
	hws_session_key_new(key);
	ck_assert_int_eq(hws_box_seal(&pair, hws_secure_box_pk(&h), key, box), HWS_OK);
	answer(&pair, hws_bytes(box, sizeof(box)));
	ck_assert_int_eq(hws_secure_state(&h), _i ? HWS_SECURE_FAILED : HWS_SECURE_DONE);
}
END_TEST

START_TEST(the_texts_say_what_is_true)
{
	ck_assert_ptr_nonnull(strstr(hws_secure_level_text(HWS_LEVEL_V2), "end-to-end"));
	ck_assert_ptr_null(strstr(hws_secure_level_text(HWS_LEVEL_V1), "end-to-end"));
	ck_assert_ptr_nonnull(strstr(hws_secure_level_text(HWS_LEVEL_V1), "relay operator"));
	ck_assert_str_eq(hws_secure_level_text((enum hws_secure_level)99), "not encrypted");
	ck_assert_str_eq(hws_secure_level_word(HWS_LEVEL_V2), "v2");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire/secure v2");
	TCase *t = test_case(s, "all", 60,
			TESTS(two_handshakes_share_nothing,
					a_host_that_wants_v2_refuses_deployed_viewers,
					a_deployed_viewer_is_served_as_it_expects,
					the_key_named_inside_is_the_one_that_signed,
					a_signed_word_for_another_connection_is_not_taken,
					a_replayed_word_of_the_host_leads_nowhere,
					the_texts_say_what_is_true));

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_loop_test(t, both_ends_agree, 0, 12);
	tcase_add_loop_test(t, no_flipped_bit_leads_to_a_session, 0, 2);
	tcase_add_loop_test(t, nothing_but_the_confirmation_confirms, 0, 3);
	tcase_add_loop_test(t, a_stripped_handshake_is_refused_by_who_knows_better, 0, 3);
	tcase_add_loop_test(t, the_deployed_scheme_is_refused_by_who_knows_better, 0, 3);
	tcase_add_loop_test(t, another_key_is_noticed, 0, 4);
	tcase_add_loop_test(t, a_viewer_that_saw_another_word_is_refused_at_once, 0, 2);
	tcase_add_loop_test(t, by_address_there_is_no_deployed_handshake, 0, 2);
	return test_suite_run(s);
}
