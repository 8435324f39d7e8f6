/* rendezvous/cluster/trust: what a node says is taken by the node it is for, once, and by nobody
 * else; whatever is changed, recorded or made without the key is not. */
#include "server-rendezvous/cluster/trust.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/envelope.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct hws_identity id;
static struct rdv_trust *a, *b;
static uint64_t now;

static struct rdv_trust *node(const char *name)
{
	struct rdv_trust *t = NULL;

	ck_assert_int_eq(rdv_trust_new(&id, name, &t), HWS_OK);
	rdv_trust_begin(t, now);
	return t;
}

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	hws_identity_generate(true, &id);
	now = 1000000;
	a = node("a");
	b = node("b");
	now++;
}

static void tear_down(void)
{
	rdv_trust_free(a);
	rdv_trust_free(b);
}

struct letter {
	uint8_t bytes[RDV_MESSAGE_MAX];
	size_t len;
};

static void says(struct rdv_trust *from, const char *to, const char *device, struct letter *ret)
{
	Cluster__Envelope e = CLUSTER__ENVELOPE__INIT;
	Cluster__Item item = CLUSTER__ITEM__INIT, *items[] = { &item };
	Cluster__Ids ids = CLUSTER__IDS__INIT;
	char *list[] = { (char *)(uintptr_t)device };
	uint8_t packed[200];
	struct hws_buf out;

	ids.n_id = 1;
	ids.id = list;
	item.what_case = CLUSTER__ITEM__WHAT_GONE;
	item.gone = &ids;
	e.n_items = 1;
	e.items = items;
	hws_buf_init(&out, RDV_MESSAGE_MAX);
	ck_assert_int_eq(rdv_trust_seal(from, to, now++,
					 hws_bytes(packed, cluster__envelope__pack(&e, packed)),
					 &out),
			HWS_OK);
	ret->len = hws_buf_len(&out);
	memcpy(ret->bytes, hws_buf_bytes(&out).ptr, ret->len);
	hws_buf_done(&out);
}

static int hears(struct rdv_trust *t, const struct letter *l)
{
	Cluster__Envelope *e = NULL;
	int r = rdv_trust_open(t, hws_bytes(l->bytes, l->len), &e);

	if (r == HWS_OK)
		hws_msg_free(&e->base);
	return r;
}

START_TEST(what_one_says_the_other_takes_once)
{
	Cluster__Envelope *e = NULL;
	struct letter one, two, all;

	says(a, "b", "123456789", &one);
	says(a, "b", "223456789", &two);
	says(a, "", "323456789", &all);
	ck_assert_int_eq(rdv_trust_open(b, hws_bytes(one.bytes, one.len), &e), HWS_OK);
	ck_assert_str_eq(e->from, "a");
	ck_assert_uint_eq(e->n_items, 1);
	ck_assert_str_eq(e->items[0]->gone->id[0], "123456789");
	hws_msg_free(&e->base);
	ck_assert_int_eq(hears(b, &one), HWS_ERR_EXISTS);
	ck_assert_int_eq(hears(b, &two), HWS_OK);
	ck_assert_int_eq(hears(b, &one), HWS_ERR_EXISTS);
	ck_assert_int_eq(hears(b, &all), HWS_OK);
	ck_assert_int_eq(hears(b, &all), HWS_ERR_EXISTS);
	ck_assert_int_eq(hears(b, &two), HWS_ERR_EXISTS);
}
END_TEST

START_TEST(a_message_is_for_its_receiver)
{
	struct rdv_trust *c = node("c");
	struct letter l;

	says(a, "b", "123456789", &l);
	ck_assert_int_eq(hears(c, &l), HWS_ERR_CANCELED);
	ck_assert_int_eq(hears(b, &l), HWS_OK);
	says(a, "", "123456789", &l);
	ck_assert_int_eq(hears(a, &l), HWS_ERR_CANCELED); /* its own */
	rdv_trust_free(c);
}
END_TEST

START_TEST(a_changed_or_cut_message_does_not_open)
{
	struct letter l, changed;

	says(a, "b", "123456789", &l);
	for (size_t i = 0; i < l.len * 8; i++) {
		changed = l;
		changed.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_int_eq(hears(b, &changed), HWS_ERR_CRYPTO);
	}
	for (size_t n = 0; n < l.len; n++) {
		changed = l;
		changed.len = n;
		ck_assert_int_eq(hears(b, &changed), HWS_ERR_CRYPTO);
	}
	ck_assert_int_eq(hears(b, &l), HWS_OK);
}
END_TEST

START_TEST(another_key_neither_opens_nor_knows_the_channels)
{
	struct hws_identity first = id;
	struct rdv_trust *other;
	struct letter l;

	hws_identity_generate(true, &id);
	other = node("b");
	says(a, "b", "123456789", &l);
	ck_assert_int_eq(hears(other, &l), HWS_ERR_CRYPTO);
	ck_assert_mem_ne(rdv_trust_channels(other), rdv_trust_channels(a), 16);
	ck_assert_mem_eq(rdv_trust_channels(b), rdv_trust_channels(a), 16);
	/* who has seen the public key knows nothing */
	memcpy(first.sk_secret, first.pk, 32);
	rdv_trust_free(other);
	ck_assert_int_eq(rdv_trust_new(&first, "b", &other), HWS_OK);
	ck_assert_int_eq(hears(other, &l), HWS_ERR_CRYPTO);
	rdv_trust_free(other);
}
END_TEST

START_TEST(a_restarted_node_takes_nothing_old_and_a_new_run_is_heard)
{
	struct letter old, later, fresh;

	says(a, "b", "123456789", &old);
	rdv_trust_free(b);
	b = node("b");
	ck_assert_int_eq(hears(b, &old), HWS_ERR_EXISTS);
	now++;
	says(a, "b", "123456789", &later);
	rdv_trust_free(a);
	a = node("a");
	now++;
	says(a, "b", "123456789", &fresh);
	ck_assert_int_eq(hears(b, &fresh), HWS_OK);
	ck_assert_int_eq(hears(b, &old), HWS_ERR_EXISTS);
	ck_assert_int_eq(hears(b, &later), HWS_OK); /* never heard, and of its time */
	ck_assert_int_eq(hears(b, &later), HWS_ERR_EXISTS);
}
END_TEST

/* The list of runs is bounded; what drops out of it does not become new again. */
START_TEST(very_many_runs_open_no_way_back)
{
	static struct letter l[600];

	for (size_t i = 0; i < 600; i++) {
		struct rdv_trust *t = node("a");

		says(t, "b", "123456789", &l[i]);
		rdv_trust_free(t);
		ck_assert_int_eq(hears(b, &l[i]), HWS_OK);
	}
	for (size_t i = 0; i < 600; i++)
		ck_assert_int_eq(hears(b, &l[i]), HWS_ERR_EXISTS);
}
END_TEST

START_TEST(a_full_message_fits)
{
	static uint8_t items[RDV_MESSAGE_MAX - RDV_TRUST_OVERHEAD];
	char name[RDV_NODE_MAX + 1], to[RDV_NODE_MAX + 1];
	struct rdv_trust *t;
	struct hws_buf out;

	memset(name, 'n', RDV_NODE_MAX);
	name[RDV_NODE_MAX] = 0;
	memset(to, 't', RDV_NODE_MAX);
	to[RDV_NODE_MAX] = 0;
	t = node(name);
	hws_buf_init(&out, RDV_MESSAGE_MAX);
	ck_assert_int_eq(rdv_trust_seal(t, to, UINT64_MAX, hws_bytes(items, sizeof(items)), &out),
			HWS_OK);
	ck_assert_uint_le(hws_buf_len(&out), RDV_MESSAGE_MAX);
	hws_buf_done(&out);
	rdv_trust_free(t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/cluster/trust");
	TCase *t = tcase_create("trust");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_one_says_the_other_takes_once);
	tcase_add_test(t, a_message_is_for_its_receiver);
	tcase_add_test(t, a_changed_or_cut_message_does_not_open);
	tcase_add_test(t, another_key_neither_opens_nor_knows_the_channels);
	tcase_add_test(t, a_restarted_node_takes_nothing_old_and_a_new_run_is_heard);
	tcase_add_test(t, very_many_runs_open_no_way_back);
	tcase_add_test(t, a_full_message_fits);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
