/* The v2 channel against tests/vectors/v2.json, which another implementation of
 * docs/protocol-v2.md wrote (tests/vectors/make_v2.py). */
#include <check.h>
#include <jansson.h>

#include "shared/crypto/crypto.h"
#include "shared/crypto/pake.h"
#include "shared/crypto/record_v2.h"
#include "shared/wire/leg_proof.h"
#include "shared/wire/secure.h"
#include "shared/wire/secure_v2.h"
#include "tests/support/suite.h"
#include "tests/unit/shared/wire/vector_read.h"

static struct vector v;

static void set_up(void)
{
	json_error_t err;
	const json_t *doc = json_load_file(HWS_VECTORS_DIR "/v2.json", 0, &err);

	ck_assert_msg(doc != NULL, "%s", err.text);
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	v = (struct vector){ .name = "v2", .json = doc, .decoded = doc };
}

static struct hws_bytes get(const char *key)
{
	static uint8_t buf[12][1024];
	static unsigned turn;
	uint8_t *b = buf[turn++ % 12];

	return hws_bytes(b, hex_of(&v, key, b, sizeof(buf[0])));
}

static void same(const char *key, const void *got, size_t len)
{
	struct hws_bytes want = get(key);

	ck_assert_uint_eq(want.len, len);
	ck_assert_msg(!memcmp(want.ptr, got, len), "%s differs", key);
}

START_TEST(the_host_signs_these_bytes)
{
	struct hws_identity host;
	uint8_t out[HWS_SECURE_SIGNED_MAX];
	size_t len;

	hws_identity_from_seed(get("host_seed").ptr, &host);
	ck_assert_int_eq(hws_secure_sign(&(struct hws_secure_host_word){ .identity = &host,
							 .id = text_of(&v, "id"),
							 .box_pk = get("e_h").ptr,
							 .nonce = get("nonce_h").ptr },
					 out, &len),
			HWS_OK);
	same("signed_id", out, len);
	hws_v2_statement_hash(get("statement"), out);
	same("statement_hash", out, HWS_DIGEST_LEN);
}
END_TEST

static void start_host(struct hws_secure *h, bool direct)
{
	hws_secure_host_init(h, &(struct hws_secure_host_conf){ .direct = direct });
	memcpy(h->pair.pk, get("e_h").ptr, 32);
	memcpy(h->pair.sk_secret, get("e_h_sk").ptr, 32);
	ck_assert_int_eq(hws_secure_give_signed(h, get("signed_id")), HWS_OK);
}

START_TEST(a_host_understands_this_viewer)
{
	struct hws_secure h;
	struct hws_secure_keys keys;
	struct hws_bytes out;

	start_host(&h, _i);
	if (!_i) {
		ck_assert(hws_secure_take_output(&h, &out));
		same("signed_id_message", out.ptr, out.len);
	}
	ck_assert_int_eq(hws_secure_frame(&h, get("public_key_message")), HWS_OK);
	ck_assert(hws_secure_take_keys(&h, &keys));
	same("key_v", keys.receive_secret, 32);
	same("key_h", keys.send_secret, 32);
	ck_assert_int_eq(hws_secure_frame(&h, get("confirm_v_message")), HWS_OK);
	ck_assert_int_eq(hws_secure_state(&h), HWS_SECURE_DONE);
	ck_assert(hws_secure_take_output(&h, &out));
	same("confirm_h_message", out.ptr, out.len);
	same("binding", hws_secure_binding(&h), HWS_BINDING_LEN);
	ck_assert_ptr_null(hws_secure_legs_key(&h)); /* neither said that it can */
	same("legs_key", h.legs_secret, HWS_LEG_KEY_LEN);
}
END_TEST

START_TEST(a_viewer_understands_this_host)
{
	struct hws_secure s;
	struct hws_secure_client_conf conf = { .id = text_of(&v, "id"),
		.statement = get("statement"),
		.server_pk = get("server_pk").ptr,
		.need = HWS_LEVEL_V2 };

	ck_assert_int_eq(hws_secure_client_init(&s, &conf), HWS_OK);
	ck_assert_int_eq(hws_secure_frame(&s, get(_i ? "hash_message" : "signed_id_message")),
			HWS_OK);
	ck_assert_int_eq(hws_secure_state(&s), HWS_SECURE_CONFIRM);
	ck_assert(s.vouched_v2);
	same("host_pk", hws_secure_host_pk(&s), HWS_PK_LEN);
}
END_TEST

START_TEST(a_leg_joins_with_these_bytes)
{
	struct hws_leg_terms t = {
		.number = 3, .host_received = 70000, .viewer_received = 1ull << 33
	};
	struct hws_leg_terms other;
	uint8_t out[HWS_LEG_WORD_MAX];

	memcpy(t.session, get("leg_session").ptr, sizeof(t.session));
	memcpy(t.key_secret, get("legs_key").ptr, sizeof(t.key_secret));
	memcpy(t.nonce_v, get("leg_nonce_v").ptr, sizeof(t.nonce_v));
	memcpy(t.nonce_h, get("leg_nonce_h").ptr, sizeof(t.nonce_h));
	hws_leg_name(&t, out);
	same("leg_name", out, HWS_LEG_NAME_LEN);
	same("leg_join", out, hws_leg_join_put(&t, out));
	same("leg_challenge", out, hws_leg_challenge_put(&t, out));
	same("leg_proof", out, hws_leg_proof_put(&t, out));
	hws_leg_tag_key(&t, out);
	same("leg_tags", out, HWS_DIGEST_LEN);
	/* and they are understood */
	ck_assert_int_eq(hws_leg_join_read(get("leg_join"), &other), HWS_OK);
	ck_assert_uint_eq(other.number, 3);
	same("leg_name", other.name, sizeof(other.name));
	memcpy(other.session, t.session, sizeof(t.session));
	memcpy(other.key_secret, t.key_secret, sizeof(t.key_secret));
	ck_assert_int_eq(hws_leg_challenge_read(get("leg_challenge"), &other), HWS_OK);
	ck_assert_uint_eq(other.host_received, 70000);
	ck_assert_int_eq(hws_leg_proof_read(get("leg_proof"), &other), HWS_OK);
	ck_assert_uint_eq(other.viewer_received, 1ull << 33);
}
END_TEST

/* Each bit of each of the three counts, and so does which of them it is. */
START_TEST(a_changed_word_of_a_leg_proves_nothing)
{
	static int (*const reads[])(struct hws_bytes,
			struct hws_leg_terms *) = { hws_leg_challenge_read, hws_leg_proof_read };
	const char *key = _i ? "leg_proof" : "leg_challenge";
	struct hws_bytes good = get(key);
	struct hws_leg_terms t, from;
	uint8_t bad[HWS_LEG_WORD_MAX];

	ck_assert_int_eq(hws_leg_join_read(get("leg_join"), &from), HWS_OK);
	memcpy(from.session, get("leg_session").ptr, sizeof(from.session));
	memcpy(from.key_secret, get("legs_key").ptr, sizeof(from.key_secret));
	memcpy(from.nonce_h, get("leg_nonce_h").ptr, sizeof(from.nonce_h));
	for (size_t bit = 0; bit < good.len * 8; bit++) {
		memcpy(bad, good.ptr, good.len);
		bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
		t = from;
		ck_assert_int_lt(reads[_i](hws_bytes(bad, good.len), &t), 0);
	}
	for (size_t len = 0; len < good.len; len++) {
		t = from;
		ck_assert_int_lt(reads[_i](hws_bytes(good.ptr, len), &t), 0);
	}
	t = from;
	t.number++;
	ck_assert_int_eq(reads[_i](good, &t), HWS_ERR_CRYPTO);
	t = from;
	t.session[0]++;
	ck_assert_int_eq(reads[_i](good, &t), HWS_ERR_CRYPTO);
	t = from;
	ck_assert_int_lt(reads[!_i](good, &t), 0);
}
END_TEST

static void opens(struct hws_record_v2 *r, const char *key, enum hws_record_type type,
		struct hws_bytes content)
{
	enum hws_record_type got_type;
	struct hws_bytes sealed = get(key), got;
	uint8_t out[256];

	ck_assert_int_eq(hws_record_v2_open(r, sealed, out, &got_type, &got), HWS_OK);
	ck_assert_int_eq(got_type, type);
	ck_assert(hws_bytes_equal(got, content));
}

START_TEST(records_are_these_bytes)
{
	struct hws_record_v2 r, w;
	uint8_t out[256];

	hws_record_v2_init(&r, get("key_v").ptr);
	hws_record_v2_init(&w, get("key_v").ptr);
	r.count_max = 4;
	opens(&r, "record_confirm", HWS_RECORD_MESSAGE, get("confirm_v_message"));
	opens(&r, "record_padded", HWS_RECORD_MESSAGE, hws_bytes_str("key press"));
	opens(&r, "record_filler", HWS_RECORD_FILLER, hws_bytes(NULL, 0));
	opens(&r, "record_close", HWS_RECORD_CLOSE, hws_bytes(NULL, 0));
	opens(&r, "record_turned", HWS_RECORD_MESSAGE, hws_bytes_str("after"));
	same("key_v_turned", r.key_secret, 32);
	ck_assert_int_eq(hws_record_v2_seal(
					 &w, HWS_RECORD_MESSAGE, get("confirm_v_message"), 0, out),
			HWS_OK);
	same("record_confirm", out, hws_record_v2_len(get("confirm_v_message").len, 0));
	ck_assert_int_eq(hws_record_v2_seal(&w, HWS_RECORD_MESSAGE, hws_bytes_str("key press"), 64,
					 out),
			HWS_OK);
	same("record_padded", out, hws_record_v2_len(9, 64));
}
END_TEST

static struct hws_bytes pake(int _i, const char *name)
{
	char key[64];

	snprintf(key, sizeof(key), "%s_%s", _i ? "permanent" : "temporary", name);
	return get(key);
}

START_TEST(passwords_are_proved_so)
{
	struct hws_pake_context context = { get("binding").ptr, get("host_pk").ptr,
		_i ? HWS_PAKE_PERMANENT : HWS_PAKE_TEMPORARY };
	struct hws_pake_cost cost = { .ops = _i ? (uint32_t)int_of(&v, "ops") : 0,
		.memory_kib = _i ? (uint32_t)int_of(&v, "memory_kib") : 0 };
	struct hws_pake_verifier verifier;
	struct hws_pake_secret secret;
	struct hws_pake_offer offer;
	uint8_t h1[HWS_H1_LEN], confirm[32];

	hws_password_h1(hws_bytes_str("Passw0rd!"), "23456789abcdefghijkmnpqrstuvwxyz", h1);
	same("h1", h1, sizeof(h1));
	memcpy(cost.salt, get("salt").ptr, sizeof(cost.salt));
	ck_assert_int_eq(hws_pake_secret_of(h1, &cost, &secret), HWS_OK);
	ck_assert_mem_eq(secret.w0_secret, pake(_i, "w0").ptr, 32);
	ck_assert_mem_eq(secret.w1_secret, pake(_i, "w1").ptr, 32);
	ck_assert_int_eq(hws_pake_verifier_of(h1, &cost, &verifier), HWS_OK);
	ck_assert_mem_eq(verifier.l_secret, pake(_i, "l").ptr, 32);
	memcpy(offer.y_secret, pake(_i, "y").ptr, 32);
	memcpy(offer.share, pake(_i, "share_y").ptr, 32);
	ck_assert_int_eq(hws_pake_judge(&verifier, &offer, &context, pake(_i, "share_x"),
					 pake(_i, "confirm_viewer"), confirm),
			HWS_OK);
	ck_assert_mem_eq(confirm, pake(_i, "confirm_host").ptr, 32);
}
END_TEST

START_TEST(coming_back_and_the_viewers_key)
{
	uint8_t mac[32], word[32], text[16 + 2 * 32] = "hawser v2 viewer";
	struct hws_bytes binding = get("binding");

	hws_digest_keyed(get("resume_secret").ptr, "hawser v2 resume", &binding, 1, mac);
	same("resume_mac", mac, sizeof(mac));
	memcpy(text + 16, binding.ptr, HWS_BINDING_LEN);
	hws_secure_word(get("signed_id"), word);
	same("word", word, sizeof(word));
	memcpy(text + 48, word, sizeof(word));
	ck_assert_int_eq(hws_verify(get("viewer_pk").ptr, hws_bytes(text, sizeof(text)),
					 get("viewer_signature")),
			HWS_OK);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("v2 vectors");
	TCase *t = test_case(s, "all", 60,
			TESTS(the_host_signs_these_bytes, records_are_these_bytes,
					coming_back_and_the_viewers_key,
					a_leg_joins_with_these_bytes));

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_loop_test(t, a_host_understands_this_viewer, 0, 2);
	tcase_add_loop_test(t, a_viewer_understands_this_host, 0, 2);
	tcase_add_loop_test(t, passwords_are_proved_so, 0, 2);
	tcase_add_loop_test(t, a_changed_word_of_a_leg_proves_nothing, 0, 2);
	return test_suite_run(s);
}
