/* rendezvous/cluster/peer_link: two ends over streams in memory, whole or in pieces: what is sent
 * comes once and in order, or is given back; who is not known gets nowhere. */
#include "server-rendezvous/cluster/peer_link.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/envelope.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGES 300u

/* One node: what it was told of its links. */
struct end {
	struct rdv_peer_link_conf conf;
	struct hws_box_pair own;
	struct rdv_peer_link *link;
	const uint8_t *knows; /* the key it lets in */
	unsigned ups, came, lost, first_lost, gone;
	int why;
};

static const uint8_t secret[RDV_LINK_SECRET_LEN] = { 7 };
static struct hws_loop *loop;
static uint64_t clock_us;
static struct end a, b;

static uint64_t read_clock(void *arg)
{
	(void)arg;
	return clock_us;
}

static void *peer_of(const uint8_t pk[HWS_BOX_PK_LEN], void *arg)
{
	struct end *e = arg;

	return memcmp(pk, e->knows, HWS_BOX_PK_LEN) == 0 ? e : NULL;
}

static void on_up(struct rdv_peer_link *l, void *arg)
{
	struct end *e = arg;

	ck_assert(rdv_peer_link_up(l));
	e->ups++;
}

static unsigned number_of(const Cluster__Envelope *m)
{
	ck_assert_uint_eq(m->n_items, 1);
	ck_assert_int_eq(m->items[0]->what_case, CLUSTER__ITEM__WHAT_GONE);
	return (unsigned)strtoul(m->items[0]->gone->id[0], NULL, 10);
}

static void on_items(struct rdv_peer_link *l, Cluster__Envelope *m, void *arg)
{
	struct end *e = arg;

	(void)l;
	ck_assert_uint_eq(number_of(m), e->came);
	e->came++;
	hws_msg_free(&m->base);
}

static void on_lost(struct rdv_peer_link *l, struct hws_bytes packed, void *arg)
{
	struct end *e = arg;
	ProtobufCMessage *m = NULL;
	unsigned n;

	(void)l;
	ck_assert_int_eq(hws_msg_unpack(&cluster__envelope__descriptor, packed, 10, &m), HWS_OK);
	n = number_of((Cluster__Envelope *)m);
	if (e->lost == 0)
		e->first_lost = n;
	ck_assert_uint_eq(n, e->first_lost + e->lost);
	e->lost++;
	hws_msg_free(m);
}

static void on_gone(struct rdv_peer_link *l, int why, void *arg)
{
	struct end *e = arg;

	(void)l;
	e->link = NULL;
	e->why = why;
	e->gone++;
}

static void end_init(struct end *e, const struct end *other)
{
	memset(e, 0, sizeof(*e));
	hws_box_pair_new(&e->own);
	e->knows = other->own.pk;
	e->conf = (struct rdv_peer_link_conf){ .loop = loop,
		.own = &e->own,
		.secret = secret,
		.peer_of = peer_of,
		.on_up = on_up,
		.on_items = on_items,
		.on_lost = on_lost,
		.on_gone = on_gone,
		.arg = e };
}

static void turn(unsigned n)
{
	while (n--)
		hws_loop_once(loop, 0);
}

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	clock_us = 1000000;
	hws_loop_set_clock(loop, read_clock, NULL);
	end_init(&a, &b);
	end_init(&b, &a);
}

static void tear_down(void)
{
	if (a.link)
		rdv_peer_link_close(a.link, HWS_ERR_CANCELED);
	if (b.link)
		rdv_peer_link_close(b.link, HWS_ERR_CANCELED);
	turn(2);
	hws_loop_free(loop);
}

/* a calls b, which it takes to have the key `pk`. */
static void call(const struct hws_mem_conf *mem, const uint8_t *pk)
{
	struct hws_stream *sa, *sb;

	ck_assert_int_eq(hws_stream_mem_pair(loop, mem, &sa, &sb), HWS_OK);
	ck_assert_int_eq(rdv_peer_link_take(&b.conf, sb, &b.link), HWS_OK);
	ck_assert_int_eq(rdv_peer_link_call(&a.conf, sa, &a, pk, &a.link), HWS_OK);
}

static bool say(struct end *e, unsigned number)
{
	Cluster__Envelope m = CLUSTER__ENVELOPE__INIT;
	Cluster__Item item = CLUSTER__ITEM__INIT, *items[] = { &item };
	Cluster__Ids ids = CLUSTER__IDS__INIT;
	char text[12], *list[] = { text };
	uint8_t packed[100];

	snprintf(text, sizeof(text), "%u", number);
	ids.n_id = 1;
	ids.id = list;
	item.what_case = CLUSTER__ITEM__WHAT_GONE;
	item.gone = &ids;
	m.n_items = 1;
	m.items = items;
	return rdv_peer_link_send(e->link, hws_bytes(packed, cluster__envelope__pack(&m, packed)));
}

START_TEST(what_is_sent_comes_once_in_order)
{
	struct hws_mem_conf mem = { .read_max = _i ? 1 : 0, .write_max = _i ? 3 : 0 };

	call(&mem, b.own.pk);
	ck_assert(!say(&a, 0)); /* nobody has proven anything yet */
	turn(_i ? 1000 : 20);
	ck_assert_uint_eq(a.ups, 1);
	ck_assert_uint_eq(b.ups, 1);
	for (unsigned i = 0; i < MESSAGES; i++) {
		ck_assert(say(&a, i));
		ck_assert(say(&b, i));
	}
	turn(_i ? 60000 : 100);
	ck_assert_uint_eq(a.came, MESSAGES);
	ck_assert_uint_eq(b.came, MESSAGES);
	rdv_peer_link_tick(a.link); /* both say what came; then nothing is left to be lost */
	rdv_peer_link_tick(b.link);
	turn(_i ? 1000 : 20);
	rdv_peer_link_close(a.link, HWS_ERR_CANCELED);
	turn(20);
	ck_assert_uint_eq(a.lost + b.lost, 0);
	ck_assert_uint_eq(a.gone, 1);
	ck_assert_uint_eq(b.gone, 1);
}
END_TEST

START_TEST(what_is_not_known_to_have_come_is_given_back)
{
	call(NULL, b.own.pk);
	turn(20);
	ck_assert(say(&a, 0));
	ck_assert(say(&a, 1));
	turn(5);
	ck_assert_uint_eq(b.came, 2);
	rdv_peer_link_tick(b.link); /* these two are known to have come */
	turn(5);
	for (unsigned i = 2; i < 7; i++)
		ck_assert(say(&a, i));
	rdv_peer_link_close(a.link, HWS_ERR_RESET);
	ck_assert_uint_eq(a.first_lost, 2);
	ck_assert_uint_eq(a.lost, 5);
	ck_assert_int_eq(a.why, HWS_ERR_RESET);
}
END_TEST

START_TEST(a_silent_link_is_given_up)
{
	call(NULL, b.own.pk);
	turn(20);
	ck_assert(say(&a, 0));
	turn(5);
	rdv_peer_link_tick(a.link);
	ck_assert_uint_eq(a.gone, 0);
	clock_us += 1100000; /* b never says that it came */
	turn(1);
	rdv_peer_link_tick(a.link);
	ck_assert_uint_eq(a.gone, 1);
	ck_assert_int_eq(a.why, HWS_ERR_TIMEOUT);
	ck_assert_uint_eq(a.lost, 1);
}
END_TEST

START_TEST(too_much_at_once_goes_another_way)
{
	unsigned n = 0;

	call(NULL, b.own.pk);
	turn(20);
	while (n < 100000 && say(&a, n))
		n++;
	ck_assert_uint_gt(n, 1000);
	ck_assert_uint_lt(n, 100000);
	rdv_peer_link_close(a.link, HWS_ERR_CANCELED);
	ck_assert_uint_eq(a.lost, n);
}
END_TEST

START_TEST(who_is_not_known_gets_nowhere)
{
	struct hws_box_pair other;

	hws_box_pair_new(&other);
	if (_i == 0)
		b.knows = other.pk;                /* the caller has no key that anybody told */
	call(NULL, _i == 1 ? other.pk : b.own.pk); /* 1: who is called has another key */
	if (_i == 2)
		memcpy(b.own.sk_secret, other.sk_secret, 32); /* it shows one that is not its own */
	turn(30);
	ck_assert_uint_eq(a.ups, 0);
	ck_assert_uint_eq(b.ups, 0);
	ck_assert_uint_eq(a.gone, 1);
	ck_assert_uint_eq(b.gone, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/cluster/peer_link");
	TCase *t = tcase_create("link");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, what_is_sent_comes_once_in_order, 0, 2);
	tcase_add_test(t, what_is_not_known_to_have_come_is_given_back);
	tcase_add_test(t, a_silent_link_is_given_up);
	tcase_add_test(t, too_much_at_once_goes_another_way);
	tcase_add_loop_test(t, who_is_not_known_gets_nowhere, 0, 3);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
