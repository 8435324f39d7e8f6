/* wire/proof and crypto/agree against bytes that were computed elsewhere
 * (tests/vectors/proof.json), and what must not pass for a proof. */
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/envelope.h"
#include "shared/wire/proof.h"
#include "shared/wire/register_codec.h"
#include "tests/unit/shared/wire/vector_read.h"
#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *doc;
static struct hws_identity host, server;
static struct hws_proof_keys keys;
static struct hws_proof proof;

static void bytes_of(const char *name, uint8_t *to, size_t len)
{
	ck_assert_uint_eq(unhex(json_string_value(json_object_get(doc, name)), to, len), len);
}

static void setup(void)
{
	uint8_t seed[32];

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	doc = json_load_file(HWS_VECTORS_DIR "/proof.json", 0, NULL);
	ck_assert_ptr_nonnull(doc);
	bytes_of("host_seed", seed, 32);
	hws_identity_from_seed(seed, &host);
	bytes_of("server_seed", seed, 32);
	hws_identity_from_seed(seed, &server);
	ck_assert_int_eq(hws_proof_agree(&host, host.pk, server.pk, &keys), HWS_OK);
	memset(&proof, 0, sizeof(proof));
	bytes_of("nonce", proof.nonce, sizeof(proof.nonce));
	bytes_of("cookie", proof.cookie, sizeof(proof.cookie));
	proof.epoch = (uint64_t)json_integer_value(json_object_get(doc, "epoch"));
	proof.seq = (uint64_t)json_integer_value(json_object_get(doc, "seq"));
}

static void teardown(void)
{
	json_decref(doc);
}

START_TEST(both_sides_have_the_keys_of_the_vector)
{
	struct hws_proof_keys other;
	uint8_t want[32];

	bytes_of("host_pk", want, 32);
	ck_assert_mem_eq(want, host.pk, 32);
	ck_assert_int_eq(hws_proof_agree(&server, host.pk, server.pk, &other), HWS_OK);
	ck_assert_mem_eq(&keys, &other, sizeof(keys));
	bytes_of("host_key", want, 32);
	ck_assert_mem_eq(want, keys.host_secret, 32);
	bytes_of("server_key", want, 32);
	ck_assert_mem_eq(want, keys.server_secret, 32);
}
END_TEST

START_TEST(no_key_is_made_with_a_point_of_small_order)
{
	static const uint8_t points[][32] = { { 0 }, { 1 }, { [0] = 0xec, [31] = 0x7f } };

	for (size_t i = 0; i < HWS_COUNT(points); i++)
		ck_assert_int_eq(hws_proof_agree(&server, points[i], server.pk, &keys),
				HWS_ERR_CRYPTO);
}
END_TEST

/* name, parts, who proves it */
static const struct {
	const char *name;
	bool seq, nonce, cookie;
	char by;
} scenes[] = {
	{ "register-offer", .nonce = true },
	{ "register-cookie", .nonce = true, .cookie = true },
	{ "register-proven", .nonce = true, .cookie = true, .by = 'h' },
	{ "register-answer", .seq = true, .nonce = true, .by = 's' },
	{ "keep-alive" },
	{ "push", .seq = true, .by = 's' },
};

/* What stands before field 1006. */
static struct hws_bytes without_proof(const struct vector *v, const struct hws_proof *p)
{
	size_t len = 3 + (p->has_seq ? 18 : 0) + (p->has_nonce ? 18 : 0) +
			(p->has_cookie ? 18 : 0) + (p->has_mac ? 18 : 0);

	ck_assert_uint_gt(v->len, len);
	return hws_bytes(v->raw, v->len - len);
}

START_TEST(vectors_are_written_and_read)
{
	const uint8_t *key = scenes[_i].by == 'h' ? keys.host_secret
			: scenes[_i].by == 's'    ? keys.server_secret
						  : NULL;
	Rdv__RendezvousMessage *m = NULL;
	struct hws_proof got;
	struct vector v;
	struct hws_buf out;

	find(doc, scenes[_i].name, &v);
	ck_assert_int_eq(hws_proof_read(raw_of(&v), &got), HWS_OK);
	ck_assert(got.has_seq == scenes[_i].seq && got.has_nonce == scenes[_i].nonce);
	ck_assert(got.has_cookie == scenes[_i].cookie && got.has_mac == (key != NULL));
	if (got.has_seq)
		ck_assert(got.epoch == proof.epoch && got.seq - proof.seq <= 1);
	if (got.has_nonce)
		ck_assert_mem_eq(got.nonce, proof.nonce, sizeof(proof.nonce));
	if (got.has_cookie)
		ck_assert_mem_eq(got.cookie, proof.cookie, sizeof(proof.cookie));
	ck_assert(hws_proof_check(raw_of(&v), &got, keys.host_secret) == (scenes[_i].by == 'h'));
	ck_assert(hws_proof_check(raw_of(&v), &got, keys.server_secret) == (scenes[_i].by == 's'));
	/* nobody else minds */
	ck_assert_int_eq(hws_rdv_unpack(raw_of(&v), &m), HWS_OK);
	ck_assert_int_ne(m->union_case, RDV__RENDEZVOUS_MESSAGE__UNION__NOT_SET);
	hws_rdv_free(m);
	/* and we write the same bytes */
	hws_buf_init(&out, 1400);
	hws_buf_put(&out, without_proof(&v, &got).ptr, without_proof(&v, &got).len);
	ck_assert_int_eq(hws_proof_append(&out, &got, key), HWS_OK);
	ck_assert(hws_bytes_equal(hws_buf_bytes(&out), raw_of(&v)));
	hws_buf_done(&out);
}
END_TEST

START_TEST(no_changed_bit_passes)
{
	static const char *const names[] = { "register-proven", "register-answer", "push" };
	struct hws_proof got;
	struct vector v;

	for (size_t n = 0; n < HWS_COUNT(names); n++) {
		const uint8_t *key = n ? keys.server_secret : keys.host_secret;

		find(doc, names[n], &v);
		for (size_t bit = 0; bit < v.len * 8; bit++) {
			v.raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
			ck_assert(hws_proof_read(raw_of(&v), &got) < 0 ||
					!hws_proof_check(raw_of(&v), &got, key));
			v.raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t len = 0; len < v.len; len++)
			ck_assert(hws_proof_read(hws_bytes(v.raw, len), &got) < 0 ||
					!hws_proof_check(hws_bytes(v.raw, len), &got, key));
	}
}
END_TEST

START_TEST(what_stands_behind_it_makes_it_none)
{
	struct hws_proof got;
	struct vector v;

	find(doc, "push", &v);
	memcpy(v.raw + v.len, "\x18\x01", 2);
	v.len += 2;
	ck_assert_int_eq(hws_proof_read(raw_of(&v), &got), HWS_ERR_PROTO);
	v.len -= 2;
	memcpy(v.raw + v.len, v.raw, v.len); /* the whole once more */
	v.len *= 2;
	ck_assert_int_eq(hws_proof_read(raw_of(&v), &got), HWS_ERR_PROTO);
}
END_TEST

START_TEST(the_server_reads_the_mark_of_a_keep_alive_the_fast_way)
{
	struct hws_register_peer peer;
	struct vector v;

	find(doc, "keep-alive", &v);
	ck_assert_int_eq(hws_register_peer_decode(raw_of(&v), &peer), HWS_OK);
	ck_assert(peer.proves);
	ck_assert(hws_bytes_equal(peer.id, hws_bytes_str("123456789")));
	v.len -= 3;
	ck_assert_int_eq(hws_register_peer_decode(raw_of(&v), &peer), HWS_OK);
	ck_assert(!peer.proves);
}
END_TEST

START_TEST(each_number_is_taken_once_and_none_before_the_floor)
{
	struct hws_proof_window w = { 0 };

	ck_assert(!hws_proof_window_take(&w, 7, 5)); /* no floor yet */
	hws_proof_window_set(&w, 7, 1000);
	ck_assert(!hws_proof_window_take(&w, 7, 1000));
	ck_assert(!hws_proof_window_take(&w, 7, 1));
	ck_assert(hws_proof_window_take(&w, 7, 1500));
	ck_assert(!hws_proof_window_take(&w, 7, 1500));
	ck_assert(hws_proof_window_take(&w, 7, 1200)); /* overtaken on the way */
	ck_assert(!hws_proof_window_take(&w, 7, 1200));
	for (uint64_t i = 0; i < 200; i++) {
		ck_assert(hws_proof_window_take(&w, 7, 10000 + 7 * i));
		ck_assert(!hws_proof_window_take(&w, 7, 10000 + 7 * i));
	}
	ck_assert(!hws_proof_window_take(
			&w, 7, 1600)); /* forgotten, so it might be a second time */
	/* above the floor, but the oldest that is remembered would have to go for it */
	ck_assert_uint_lt(w.floor, 10000 + 7 * (200 - HWS_PROOF_WINDOW) - 1);
	ck_assert(!hws_proof_window_take(&w, 7, 10000 + 7 * (200 - HWS_PROOF_WINDOW) - 1));
	ck_assert(!hws_proof_window_take(&w, 7, 10000 + 7 * 100));
	ck_assert(hws_proof_window_take(&w, 7, 10000 + 7 * 199 - 1));
	ck_assert(hws_proof_window_take(&w, 7, UINT64_MAX));
	ck_assert(!hws_proof_window_take(&w, 7, UINT64_MAX));
}
END_TEST

START_TEST(an_epoch_ends_for_ever)
{
	struct hws_proof_window w = { 0 };

	hws_proof_window_set(&w, 7, 1000);
	ck_assert(hws_proof_window_take(&w, 7, 1001));
	ck_assert(!hws_proof_window_take(&w, 8, 1002));
	hws_proof_window_set(&w, 7, 1002); /* asked again */
	ck_assert(!hws_proof_window_take(&w, 7, 1001));
	ck_assert(hws_proof_window_take(&w, 7, 1003));
	hws_proof_window_set(&w, 8, 1); /* started again */
	ck_assert(!hws_proof_window_take(&w, 7, 1004));
	ck_assert(!hws_proof_window_take(&w, 8, 1));
	ck_assert(hws_proof_window_take(&w, 8, 2));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("shared/wire/proof");
	TCase *t = tcase_create("proof");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, both_sides_have_the_keys_of_the_vector);
	tcase_add_test(t, no_key_is_made_with_a_point_of_small_order);
	tcase_add_loop_test(t, vectors_are_written_and_read, 0, HWS_COUNT(scenes));
	tcase_add_test(t, no_changed_bit_passes);
	tcase_add_test(t, what_stands_behind_it_makes_it_none);
	tcase_add_test(t, the_server_reads_the_mark_of_a_keep_alive_the_fast_way);
	tcase_add_test(t, an_epoch_ends_for_ever);
	tcase_add_test(t, each_number_is_taken_once_and_none_before_the_floor);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
