/* shared/wire/secure: the deployed handshake of a session, both ends, with right and wrong keys,
 * statements and turns. secure_v2_test has that of two hawser ends. */
#include <check.h>
#include <stdlib.h>

#include "shared/base/mem.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/envelope.h"
#include "shared/wire/secure.h"
#include "shared/wire/server_kx.h"
#include "tests/support/handshake.h"

#define ID "123456789"

static struct hws_identity server, host, other;
static uint8_t statement[256];
static size_t statement_len;
static struct hws_secure h, v; /* host, viewer */

/* What a rendezvous server says: its signature over {id, key}. */
static void make_statement(
		const struct hws_identity *signer, const char *id, const struct hws_identity *of)
{
	uint8_t raw[128];
	Ses__IdPk m = SES__ID_PK__INIT;

	m.id = (char *)id;
	m.pk.data = (uint8_t *)of->pk;
	m.pk.len = HWS_PK_LEN;

	size_t len = ses__id_pk__pack(&m, raw);

	hws_identity_sign_attached(signer, hws_bytes(raw, len), statement);
	statement_len = len + HWS_SIG_LEN;
}

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	hws_identity_generate(true, &server);
	hws_identity_generate(false, &host);
	hws_identity_generate(false, &other);
	make_statement(&server, ID, &host);
}

static void start_host(const char *id, const struct hws_identity *key, unsigned plain_ok)
{
	struct hws_secure_host_conf conf = { .plain_ok = plain_ok };

	hws_secure_host_init(&h, &conf);
	ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_SIGN);
	ck_assert_int_eq(handshake_sign(&h, key, id, false), HWS_OK);
	ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_WAIT);
}

static void start_viewer(size_t len, unsigned plain_ok, const uint8_t *pinned)
{
	struct hws_secure_client_conf conf = { ID, hws_bytes(statement, len), server.pk, pinned,
		plain_ok };

	ck_assert_int_eq(hws_secure_client_init(&v, &conf), HWS_OK);
}

/* Carries everything pending from one side to the other. */
static void carry(struct hws_secure *from, struct hws_secure *to)
{
	struct hws_bytes out;

	ck_assert(hws_secure_take_output(from, &out));
	ck_assert_int_eq(hws_secure_frame(to, out), HWS_OK);
	ck_assert(!hws_secure_take_output(from, &out));
}

static void feed(struct hws_secure *s, struct hws_bytes in)
{
	ck_assert_int_eq(hws_secure_frame(s, in), HWS_OK);
}

START_TEST(both_sides_end_with_the_same_key)
{
	struct hws_secure_keys a, b;

	start_host(ID, &host, 0);
	start_viewer(statement_len, 0, host.pk);
	ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_WAIT);
	carry(&h, &v);
	ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_DONE);
	carry(&v, &h);
	ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_DONE);
	ck_assert(hws_secure_take_keys(&h, &a) && hws_secure_take_keys(&v, &b));
	ck_assert_int_eq(a.level, HWS_LEVEL_V1);
	ck_assert_mem_eq(a.send_secret, b.receive_secret, 32);
	ck_assert_mem_eq(a.send_secret, a.receive_secret, 32);
	ck_assert(!hws_secure_take_keys(&h, &a));
	ck_assert_ptr_null(hws_secure_binding(&h));
	ck_assert_int_eq(hws_secure_frame(&h, hws_bytes(NULL, 0)), HWS_ERR_CLOSED);
	hws_secure_wipe(&h);
	ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_FAILED);
}
END_TEST

START_TEST(without_a_statement_plaintext_needs_both_sides_consent)
{
	start_host(ID, &host, 0);
	start_viewer(0, 0, NULL);
	carry(&h, &v);
	ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_FAILED);
	ck_assert_int_eq(hws_secure_err(&v), HWS_ERR_INSECURE);
	start_host(ID, &host, 0);
	start_viewer(0, HWS_PLAIN_BIT(HWS_PLAIN_NO_STATEMENT), NULL);
	carry(&h, &v);
	ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_DONE);
	ck_assert_int_eq(hws_secure_level(&v), HWS_LEVEL_PLAIN);
	carry(&v, &h);
	ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_FAILED);
	ck_assert_int_eq(hws_secure_err(&h), HWS_ERR_INSECURE);
	ck_assert_int_eq(hws_secure_reason(&h), HWS_PLAIN_NO_STATEMENT);
	start_host(ID, &host, HWS_PLAIN_BIT(HWS_PLAIN_NO_STATEMENT));
	start_viewer(0, HWS_PLAIN_ALL, NULL);
	carry(&h, &v);
	carry(&v, &h);
	ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_DONE);
	ck_assert_int_eq(hws_secure_level(&h), HWS_LEVEL_PLAIN);
}
END_TEST

START_TEST(a_viewer_that_speaks_first_waits_for_the_signature)
{
	struct hws_secure_host_conf conf = { .plain_ok = HWS_PLAIN_ALL };

	hws_secure_host_init(&h, &conf);
	ck_assert_int_eq(hws_secure_frame(&h, hws_bytes(NULL, 0)), HWS_ERR_AGAIN);
	ck_assert_int_eq(handshake_sign(&h, &host, ID, false), HWS_OK);
	ck_assert_int_eq(handshake_sign(&h, &host, ID, false), HWS_ERR_PROTO);
	ck_assert_int_eq(hws_secure_frame(&h, hws_bytes(NULL, 0)), HWS_OK);
	ck_assert_int_eq(hws_secure_level(&h), HWS_LEVEL_PLAIN);
	ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_DONE);
}
END_TEST

START_TEST(a_statement_for_another_id_or_by_another_server_does_not_count)
{
	for (int i = 0; i < 4; i++) {
		make_statement(i & 1 ? &other : &server, i & 1 ? ID : "987654321", &host);
		start_host(ID, &host, HWS_PLAIN_ALL);
		start_viewer(statement_len, i & 2 ? HWS_PLAIN_ALL : 0, NULL);
		carry(&h, &v);
		ck_assert_int_eq(hws_secure_reason(&v), HWS_PLAIN_BAD_STATEMENT);
		ck_assert_int_eq(hws_secure_state(&v), i & 2 ? HWS_SECURE_DONE : HWS_SECURE_FAILED);
		ck_assert_ptr_null(hws_secure_host_pk(&v));
		/* for people who compare */
		ck_assert_mem_eq(hws_secure_other_pk(&v), host.pk, HWS_PK_LEN);
		/* who remembers the key needs nobody's word */
		start_host(ID, &host, 0);
		start_viewer(statement_len, 0, host.pk);
		carry(&h, &v);
		ck_assert_int_eq(hws_secure_level(&v), HWS_LEVEL_V1);
		ck_assert_int_eq(hws_secure_trust(&v), HWS_TRUST_PIN);
	}
}
END_TEST

START_TEST(a_host_with_another_key_is_refused_and_told)
{
	start_host(ID, &other, 0);
	start_viewer(statement_len, HWS_PLAIN_ALL, NULL);
	carry(&h, &v);
	ck_assert_int_eq(hws_secure_reason(&v), HWS_PLAIN_BAD_SIGNATURE);
	carry(&v, &h);
	ck_assert_int_eq(hws_secure_reason(&h), HWS_PLAIN_KEY_REFUSED);
	ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_FAILED);
	start_host(ID, &other, 0);
	start_viewer(statement_len, HWS_PLAIN_BIT(HWS_PLAIN_NO_STATEMENT), NULL);
	carry(&h, &v);
	ck_assert_int_eq(hws_secure_err(&v), HWS_ERR_KEY);
	ck_assert_ptr_nonnull(strstr(hws_secure_text(&v), "vouches"));
	/* refused, but told to register its key again */
	carry(&v, &h);
	ck_assert_int_eq(hws_secure_reason(&h), HWS_PLAIN_KEY_REFUSED);
}
END_TEST

START_TEST(a_host_with_another_id_is_not_taken_for_the_wanted_one)
{
	start_host("987654321", &host, 0);
	start_viewer(statement_len, 0, NULL);
	carry(&h, &v);
	ck_assert_int_eq(hws_secure_reason(&v), HWS_PLAIN_OTHER_ID);
	ck_assert_int_eq(hws_secure_err(&v), HWS_ERR_KEY);
}
END_TEST

START_TEST(a_changed_host_key_is_noticed_by_the_pin)
{
	start_viewer(statement_len, HWS_PLAIN_ALL, other.pk);
	ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_FAILED);
	ck_assert_int_eq(hws_secure_err(&v), HWS_ERR_KEY);
}
END_TEST

START_TEST(a_host_that_starts_its_session_at_once_is_not_swallowed)
{
	static const uint8_t hash[] = { 0x4a, 3, 0x0a, 1, 's' };

	start_viewer(statement_len, HWS_PLAIN_BIT(HWS_PLAIN_HOST_STARTED), NULL);
	feed(&v, hws_bytes(hash, sizeof(hash)));
	ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_DONE);
	ck_assert(hws_secure_frame_unused(&v));
}
END_TEST

START_TEST(every_flipped_bit_of_the_hosts_message_is_noticed)
{
	struct hws_bytes out;
	uint8_t good[HWS_SECURE_OUTPUT_MAX], bad[HWS_SECURE_OUTPUT_MAX];

	start_host(ID, &host, 0);
	ck_assert(hws_secure_take_output(&h, &out));
	memcpy(good, out.ptr, out.len);
	for (size_t bit = 0; bit < out.len * 8; bit++) {
		memcpy(bad, good, out.len);
		bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
		start_viewer(statement_len, 0, NULL);
		feed(&v, hws_bytes(bad, out.len));
		ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_FAILED);
	}
}
END_TEST

START_TEST(every_flipped_bit_of_the_viewers_message_is_noticed)
{
	struct hws_bytes out;
	uint8_t good[HWS_SECURE_OUTPUT_MAX], bad[HWS_SECURE_OUTPUT_MAX];
	struct hws_secure fresh;

	start_host(ID, &host, 0);
	fresh = h;
	start_viewer(statement_len, 0, NULL);
	carry(&h, &v);
	ck_assert(hws_secure_take_output(&v, &out));
	memcpy(good, out.ptr, out.len);
	for (size_t bit = 0; bit < out.len * 8; bit++) {
		memcpy(bad, good, out.len);
		bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
		h = fresh;
		feed(&h, hws_bytes(bad, out.len));
		/* bit 255 of the public key is ignored by X25519 but not by the box key derivation
		 * */
		if (hws_secure_state(&h) == HWS_SECURE_DONE)
			ck_assert_uint_eq(bit, (4 + 31) * 8 + 7);
	}
}
END_TEST

START_TEST(a_weak_public_key_is_refused)
{
	uint8_t weak[] = { 0x22, 0x54, 0x0a, 0x20, [36] = 0x12, 0x30, [85] = 0 };

	start_host(ID, &host, HWS_PLAIN_ALL);
	feed(&h, hws_bytes(weak, sizeof(weak)));
	ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_FAILED);
	ck_assert_int_eq(hws_secure_err(&h), HWS_ERR_CRYPTO);
}
END_TEST

START_TEST(a_short_public_key_or_rubbish_ends_the_host)
{
	static const uint8_t half[] = { 0x22, 3, 0x0a, 1, 7 };
	static const uint8_t rubbish[] = { 0xff, 0xff };
	static const uint8_t delay[] = { 0x2a, 0 };

	start_host(ID, &host, HWS_PLAIN_ALL);
	feed(&h, hws_bytes(half, sizeof(half)));
	ck_assert_int_eq(hws_secure_err(&h), HWS_ERR_PROTO);
	start_host(ID, &host, HWS_PLAIN_ALL);
	feed(&h, hws_bytes(rubbish, sizeof(rubbish)));
	ck_assert_int_eq(hws_secure_err(&h), HWS_ERR_PROTO);
	start_host(ID, &host, HWS_PLAIN_BIT(HWS_PLAIN_NO_STATEMENT));
	feed(&h, hws_bytes(delay, sizeof(delay)));
	ck_assert_int_eq(hws_secure_reason(&h), HWS_PLAIN_UNEXPECTED);
	ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_FAILED);
}
END_TEST

START_TEST(an_unusable_id_is_refused_and_the_longest_fits)
{
	char id[HWS_ID_MAX + 2];
	uint8_t nonce[HWS_NONCE_LEN] = { 0 }, out[HWS_SECURE_SIGNED_MAX];
	const struct hws_secure_host_word w = {
		.identity = &host, .id = id, .box_pk = host.pk, .nonce = nonce
	};
	size_t len;

	memset(id, '7', sizeof(id));
	id[HWS_ID_MAX + 1] = '\0';
	ck_assert_int_eq(hws_secure_sign(&w, out, &len), HWS_ERR_INVAL);
	id[HWS_ID_MAX] = '\0';
	ck_assert_int_eq(hws_secure_sign(&w, out, &len), HWS_OK);
	start_host(id, &host, 0);
	id[0] = '\0';
	ck_assert_int_eq(hws_secure_sign(&w, out, &len), HWS_ERR_INVAL);
}
END_TEST

START_TEST(no_memory_leaves_the_handshake_where_it_was)
{
	struct hws_bytes out;
	uint8_t msg[HWS_SECURE_OUTPUT_MAX];
	int r = HWS_ERR_NOMEM;
	unsigned long n;

	start_host(ID, &host, 0);
	ck_assert(hws_secure_take_output(&h, &out));
	memcpy(msg, out.ptr, out.len);
	start_viewer(statement_len, 0, NULL);
	for (n = 1; n < 10 && r == HWS_ERR_NOMEM; n++) {
		hws_mem_fail_at(n);
		r = hws_secure_frame(&v, hws_bytes(msg, out.len));
	}
	hws_mem_fail_at(0);
	ck_assert_int_eq(r, HWS_OK);
	ck_assert_uint_eq(n, 4); /* two allocations: the message and the signed content */
	ck_assert_int_eq(hws_secure_state(&v), HWS_SECURE_DONE);
}
END_TEST

START_TEST(a_server_link_is_keyed_only_by_the_configured_server)
{
	struct hws_kx_offer offer;
	struct hws_buf reply;
	uint8_t a[32], b[32];

	hws_buf_init(&reply, 1024);
	hws_kx_offer_new(&server, &offer);
	ck_assert_int_eq(hws_kx_client_answer(other.pk, hws_kx_offer_payload(&offer), &reply, a),
			HWS_ERR_KEY);
	ck_assert_uint_eq(hws_buf_len(&reply), 0);
	ck_assert_int_eq(hws_kx_client_answer(server.pk, hws_kx_offer_payload(&offer), &reply, a),
			HWS_OK);
	ck_assert_int_eq(hws_kx_server_answer(&offer, hws_buf_bytes(&reply), b), HWS_OK);
	ck_assert_mem_eq(a, b, sizeof(a));
	/* the offer itself is a KeyExchange, but of one key */
	ck_assert_int_eq(hws_kx_server_answer(&offer, hws_kx_offer_payload(&offer), b),
			HWS_ERR_PROTO);
	reply.data[reply.end - 1] ^= 1;
	ck_assert_int_eq(hws_kx_server_answer(&offer, hws_buf_bytes(&reply), b), HWS_ERR_CRYPTO);
	hws_buf_done(&reply);
	hws_kx_offer_wipe(&offer);
}
END_TEST

START_TEST(another_first_message_leaves_the_server_link_plain)
{
	static const uint8_t nat[] = { 0xa2, 0x01, 2, 8, 3 };
	struct hws_kx_offer offer;
	struct hws_buf reply;
	uint8_t key[32];

	hws_buf_init(&reply, 1024);
	hws_kx_offer_new(&server, &offer);
	ck_assert_int_eq(hws_kx_server_answer(&offer, hws_bytes(nat, sizeof(nat)), key),
			HWS_ERR_NOTFOUND);
	ck_assert_int_eq(hws_kx_server_answer(&offer, hws_bytes(NULL, 0), key), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(hws_kx_client_answer(server.pk, hws_bytes(nat, sizeof(nat)), &reply, key),
			HWS_ERR_NOTFOUND);
	hws_buf_done(&reply);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire/secure");
	TCase *t = tcase_create("secure");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, both_sides_end_with_the_same_key);
	tcase_add_test(t, without_a_statement_plaintext_needs_both_sides_consent);
	tcase_add_test(t, a_viewer_that_speaks_first_waits_for_the_signature);
	tcase_add_test(t, a_statement_for_another_id_or_by_another_server_does_not_count);
	tcase_add_test(t, a_host_with_another_key_is_refused_and_told);
	tcase_add_test(t, a_host_with_another_id_is_not_taken_for_the_wanted_one);
	tcase_add_test(t, a_changed_host_key_is_noticed_by_the_pin);
	tcase_add_test(t, a_host_that_starts_its_session_at_once_is_not_swallowed);
	tcase_add_test(t, every_flipped_bit_of_the_hosts_message_is_noticed);
	tcase_add_test(t, every_flipped_bit_of_the_viewers_message_is_noticed);
	tcase_add_test(t, a_weak_public_key_is_refused);
	tcase_add_test(t, a_short_public_key_or_rubbish_ends_the_host);
	tcase_add_test(t, an_unusable_id_is_refused_and_the_longest_fits);
	tcase_add_test(t, no_memory_leaves_the_handshake_where_it_was);
	tcase_add_test(t, a_server_link_is_keyed_only_by_the_configured_server);
	tcase_add_test(t, another_first_message_leaves_the_server_link_plain);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
