/* rendezvous/cluster/link_words, link_at: two nodes that know each other's keys come to the same
 * records; nobody else does, whatever of it is changed, repeated or known. */
#include "server-rendezvous/cluster/link_at.h"
#include "server-rendezvous/cluster/link_words.h"
#include "shared/crypto/crypto.h"
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t secret[RDV_LINK_SECRET_LEN] = { 7 };
static struct hws_box_pair a, b;

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	hws_box_pair_new(&a);
	hws_box_pair_new(&b);
}

static bool equal(const struct rdv_link_keys *x, const struct rdv_link_keys *y)
{
	return memcmp(x, y, sizeof(*x)) == 0;
}

START_TEST(both_come_to_the_same_keys)
{
	struct rdv_link_keys ka, kb, again;
	struct rdv_link_call call;
	uint8_t answer[RDV_LINK_ANSWER_LEN];
	const uint8_t *pk;

	rdv_link_call_new(&a, &call);
	ck_assert_int_eq(
			rdv_link_call_read(hws_bytes(call.words, sizeof(call.words)), &pk), HWS_OK);
	ck_assert_mem_eq(pk, a.pk, HWS_BOX_PK_LEN);
	ck_assert_int_eq(rdv_link_answer(secret, &b, hws_bytes(call.words, sizeof(call.words)),
					 answer, &kb),
			HWS_OK);
	ck_assert_int_eq(rdv_link_finish(secret, &a, &call, b.pk, hws_bytes(answer, sizeof(answer)),
					 &ka),
			HWS_OK);
	ck_assert(equal(&ka, &kb));
	ck_assert_mem_ne(ka.caller_secret, ka.called_secret, 32);
	/* a call that is played again leads to other keys, which its player does not have */
	ck_assert_int_eq(rdv_link_answer(secret, &b, hws_bytes(call.words, sizeof(call.words)),
					 answer, &again),
			HWS_OK);
	ck_assert(!equal(&again, &kb));
}
END_TEST

/* What a node comes to when it speaks with somebody who has, or says, something else. */
enum wrong { OTHER_SECRET, OTHER_CALLER, OTHER_CALLED, CALL_CHANGED, ANSWER_CHANGED, WRONGS };

START_TEST(nobody_else_comes_to_them)
{
	struct rdv_link_keys ka, kb;
	struct rdv_link_call call;
	struct hws_box_pair other;
	uint8_t words[RDV_LINK_CALL_LEN], answer[RDV_LINK_ANSWER_LEN], wrong[32] = { 8 };
	int r;

	hws_box_pair_new(&other);
	rdv_link_call_new(&a, &call);
	memcpy(words, call.words, sizeof(words));
	if (_i == CALL_CHANGED)
		memcpy(words + 1 + HWS_BOX_PK_LEN, other.pk, HWS_BOX_PK_LEN);
	r = rdv_link_answer(_i == OTHER_SECRET ? wrong : secret, _i == OTHER_CALLED ? &other : &b,
			hws_bytes(words, sizeof(words)), answer, &kb);
	ck_assert_int_eq(r, HWS_OK);
	if (_i == ANSWER_CHANGED)
		memcpy(answer + 1, other.pk, HWS_BOX_PK_LEN);
	r = rdv_link_finish(secret, _i == OTHER_CALLER ? &other : &a, &call, b.pk,
			hws_bytes(answer, sizeof(answer)), &ka);
	ck_assert(r < 0 || !equal(&ka, &kb));
}
END_TEST

START_TEST(what_is_no_word_is_refused)
{
	static const uint8_t low[HWS_BOX_PK_LEN] = { 0 }; /* a point of low order */
	struct rdv_link_keys k;
	struct rdv_link_call call;
	uint8_t words[RDV_LINK_CALL_LEN + 1] = { 0 }, answer[RDV_LINK_ANSWER_LEN + 1] = { 0 };
	const uint8_t *pk;

	rdv_link_call_new(&a, &call);
	memcpy(words, call.words, RDV_LINK_CALL_LEN);
	for (size_t n = 0; n <= sizeof(words); n++)
		ck_assert_int_eq(rdv_link_call_read(hws_bytes(words, n), &pk),
				n == RDV_LINK_CALL_LEN ? HWS_OK : HWS_ERR_PROTO);
	words[0] = 2;
	ck_assert_int_eq(rdv_link_call_read(hws_bytes(words, RDV_LINK_CALL_LEN), &pk),
			HWS_ERR_PROTO);
	words[0] = 1;
	memcpy(words + 1, low, sizeof(low));
	ck_assert_int_eq(rdv_link_answer(secret, &b, hws_bytes(words, RDV_LINK_CALL_LEN), answer,
					 &k),
			HWS_ERR_CRYPTO);
	memset(answer, 0, sizeof(answer));
	for (size_t n = 0; n <= sizeof(answer); n++) { /* all zero: no version, no key */
		int r = rdv_link_finish(secret, &a, &call, b.pk, hws_bytes(answer, n), &k);

		ck_assert_int_lt(r, 0);
	}
	answer[0] = 1;
	memset(answer + 1, 0, HWS_BOX_PK_LEN);
	ck_assert_int_eq(rdv_link_finish(secret, &a, &call, b.pk,
					 hws_bytes(answer, RDV_LINK_ANSWER_LEN), &k),
			HWS_ERR_CRYPTO);
}
END_TEST

static const struct {
	const char *at, *host; /* NULL: refused */
	uint16_t port;
} places[] = {
	{ "192.0.2.1", "192.0.2.1", 21120 },
	{ "192.0.2.1:5", "192.0.2.1", 5 },
	{ "[2001:db8::1]:5", "2001:db8::1", 5 },
	{ "2001:db8::1", "2001:db8::1", 21120 },
	{ "node-b.example.com", "node-b.example.com", 21120 },
	{ "node-b.example.com:65535", "node-b.example.com", 65535 },
	{ "node-b:0", NULL, 0 },
	{ "node-b:65536", NULL, 0 },
	{ "node-b:", NULL, 0 },
	{ "node-b:x", NULL, 0 },
	{ ":5", NULL, 0 },
	{ "", NULL, 0 },
	{ "a:b:5", NULL, 0 },
};

START_TEST(places_are_read)
{
	char host[40];
	uint16_t port = 0;
	int r = rdv_link_at_split(places[_i].at, 21120, host, sizeof(host), &port);

	ck_assert_int_eq(r, places[_i].host ? HWS_OK : HWS_ERR_INVAL);
	if (r == HWS_OK) {
		ck_assert_str_eq(host, places[_i].host);
		ck_assert_uint_eq(port, places[_i].port);
	}
	/* without a default it must name a port; a host that is too long is none */
	ck_assert_int_eq(rdv_link_at_split("node-b", 0, host, sizeof(host), &port), HWS_ERR_INVAL);
	ck_assert_int_eq(rdv_link_at_split("node-b", 5, host, 6, &port), HWS_ERR_INVAL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/cluster/link_words");
	TCase *t = tcase_create("words");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, both_come_to_the_same_keys);
	tcase_add_loop_test(t, nobody_else_comes_to_them, 0, WRONGS);
	tcase_add_test(t, what_is_no_word_is_refused);
	tcase_add_loop_test(t, places_are_read, 0, (int)(sizeof(places) / sizeof(places[0])));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
