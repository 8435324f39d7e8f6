/* Two hawser-rendezvous on one PostgreSQL: one node is killed, the database restarted, the network
 * between node and database cut, nonsense put into the channel between them. */
#include "proto/cluster.pb-c.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include "shared/crypto/identity.h"
#include "shared/wire/addr_codec.h"
#include "tests/component/cluster/nodes.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/postgres.h"
#include "tests/support/suite.h"
#include "tests/support/tcp_proxy.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

static uint16_t b_port;

static void set_up_own(void)
{
	start_database();
	set_up();
}

static void tear_down_own(void)
{
	tear_down();
	stop_database();
}

static bool blocked(struct server *s, const char *id)
{
	message *m = ask_once(s, id, AGAIN_MS);
	bool is = m && m->union_case == M(PUNCH_HOLE_RESPONSE) &&
			m->punch_hole_response->other_failure[0];

	hws_rdv_free(m);
	return is;
}

static void order(struct server *s, const char *cmd, const char *id)
{
	json_t *ans = server_ask(s, cmd, "net", id);

	ck_assert(json_is_true(json_object_get(ans, "ok")));
	json_decref(ans);
}

static void until_blocked(struct server *s, const char *id, bool want)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (blocked(s, id) != want)
		ck_assert_uint_lt(test_now_ms(), end);
}

START_TEST(orders_hold_at_all_nodes_also_those_that_were_missed)
{
	struct device d, other;

	device_init(&d, &a, 1, "123456789");
	device_online(&d);
	device_init(&other, &a, 2, "987654321");
	device_online(&other);
	ck_assert(reached(&b, &d, AGAIN_MS));
	order(&a, "block", d.id);
	until_blocked(&b, d.id, true);
	order(&b, "unblock", d.id);
	until_blocked(&a, d.id, false);
	until_blocked(&b, d.id, false);
	test_proxy_set(&proxy, TEST_PROXY_CUT);
	order(&a, "block", other.id);
	ck_assert(!blocked(&b, other.id));
	test_proxy_set(&proxy, TEST_PROXY_PASS);
	until_blocked(&b, other.id, true);
	test_proxy_set(&proxy, TEST_PROXY_CUT);
	order(&a, "unblock", other.id);
	test_proxy_set(&proxy, TEST_PROXY_PASS);
	until_blocked(&b, other.id, false);
	device_done(&d);
	device_done(&other);
}
END_TEST

static bool forgotten(void *device)
{
	return !device_keep_alive(device);
}

/* A device that is removed while its node hears nothing does not live on there; another one does,
 * whichever of the two lost it its place. */
START_TEST(a_removal_that_was_missed_is_made_up_for)
{
	struct device d, stays;
	json_t *ans;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	device_init(&stays, &b, 2, "987654321");
	device_online(&stays);
	ck_assert(reached(&a, &d, AGAIN_MS));
	ck_assert(reached(&a, &stays, AGAIN_MS));
	test_proxy_set(&proxy, TEST_PROXY_CUT);
	ans = server_ask(&a, "remove", "id", d.id);
	ck_assert(json_is_true(json_object_get(ans, "ok")));
	json_decref(ans);
	ck_assert(device_keep_alive(&d)); /* its node cannot know */
	test_proxy_set(&proxy, TEST_PROXY_PASS);
	ck_assert(test_until(forgotten, &d, WAIT_MS));
	ck_assert(device_keep_alive(&stays));
	ck_assert(reached(&a, &stays, AGAIN_MS));
	device_done(&d);
	device_done(&stays);
}
END_TEST

START_TEST(nodes_with_different_keys_do_not_talk)
{
	const char *args[] = { "--store", pg.url, "--node", "c", "--node-address", "off", NULL };
	struct server c = { 0 };
	struct device d;

	server_start(&c, args);
	ck_assert_str_ne(c.key, a.key);
	device_init(&d, &c, 1, "123456789");
	device_online(&d);
	ck_assert(!reached(&a, &d, 3000));
	test_proc_must_expect(&c.proc, "cluster.other_key", WAIT_MS);
	server_stop(&c);
	device_done(&d);
}
END_TEST

START_TEST(a_name_that_two_nodes_use_is_told)
{
	struct server other = { 0 };

	ck_assert_ptr_null(test_proc_expect(&a.proc, "node.name_taken", 3000)); /* its own */
	copy_key(&other);
	start_node(&other, "a", pg.url);
	test_proc_must_expect(&a.proc, "node.name_taken", WAIT_MS);
	server_stop(&other);
}
END_TEST

static void notify(const char *node, const char *payload)
{
	static char sql[9000];
	char channel[CHANNEL_TEXT];

	channel_of(node, channel);
	snprintf(sql, sizeof(sql), "SELECT pg_notify('%s', '%s')", channel, payload);
	test_pg_sql(&pg, sql);
}

/* As another node of the same cluster would send it, and twice so that it does not open. */
static void send_item(struct rdv_trust *from, Cluster__Item *item)
{
	static char hex[SAID_TEXT];

	node_double_says(from, "a", item, hex);
	notify("a", hex);
	hex[strlen(hex) / 2] ^= 1;
	notify("a", hex);
	hex[strlen(hex) / 2 & ~1u] = 0;
	notify("a", hex);
}

START_TEST(rubbish_from_the_database_harms_nobody)
{
	static uint8_t junk[3000];
	Cluster__Push push = CLUSTER__PUSH__INIT;
	Cluster__Reply reply = CLUSTER__REPLY__INIT;
	Cluster__Nowhere nowhere = CLUSTER__NOWHERE__INIT;
	Cluster__Ids ids = CLUSTER__IDS__INIT;
	Cluster__GrantAsk ask = CLUSTER__GRANT_ASK__INIT;
	Cluster__Grant grant = CLUSTER__GRANT__INIT;
	Cluster__Misdirected stray = CLUSTER__MISDIRECTED__INIT;
	Cluster__Entry entry = CLUSTER__ENTRY__INIT;
	Cluster__Item item[] = { CLUSTER__ITEM__INIT, CLUSTER__ITEM__INIT, CLUSTER__ITEM__INIT,
		CLUSTER__ITEM__INIT, CLUSTER__ITEM__INIT, CLUSTER__ITEM__INIT, CLUSTER__ITEM__INIT,
		CLUSTER__ITEM__INIT };
	struct rdv_trust *other = node_double("x");
	static char long_text[600];
	char *list[] = { long_text, (char *)"", (char *)"123456789" };
	struct device d;

	memset(junk, 0xa5, sizeof(junk));
	memset(long_text, 'x', sizeof(long_text) - 1);
	device_init(&d, &a, 1, "123456789");
	device_online(&d);
	notify("a", "zz");
	notify("a", "0");
	notify("a", "ffffffffffff");
	push.id = d.id;
	push.viewer = push.message = (ProtobufCBinaryData){ 1000, junk };
	reply.id = long_text;
	reply.viewer = reply.message = reply.pk = reply.from_ip =
			(ProtobufCBinaryData){ 700, junk };
	reply.from_port = 70000;
	nowhere.id = d.id;
	nowhere.viewer = (ProtobufCBinaryData){ 2000, junk };
	ids.n_id = 3;
	ids.id = list;
	ask.id = long_text;
	ask.ip = (ProtobufCBinaryData){ 4, junk };
	grant.ticket = UINT64_MAX;
	grant.relay = long_text;
	stray.from_ip = (ProtobufCBinaryData){ 16, junk };
	stray.message = (ProtobufCBinaryData){ 500, junk };
	entry.kind = entry.key = entry.value = long_text;
	item[0].what_case = CLUSTER__ITEM__WHAT_PUSH;
	item[0].push = &push;
	item[1].what_case = CLUSTER__ITEM__WHAT_REPLY;
	item[1].reply = &reply;
	item[2].what_case = CLUSTER__ITEM__WHAT_NOWHERE;
	item[2].nowhere = &nowhere;
	item[3].what_case = CLUSTER__ITEM__WHAT_CHANGED;
	item[3].changed = &ids;
	item[4].what_case = CLUSTER__ITEM__WHAT_GRANT_ASK;
	item[4].grant_ask = &ask;
	item[5].what_case = CLUSTER__ITEM__WHAT_GRANT;
	item[5].grant = &grant;
	item[6].what_case = CLUSTER__ITEM__WHAT_MISDIRECTED;
	item[6].misdirected = &stray;
	item[7].what_case = CLUSTER__ITEM__WHAT_ENTRY;
	item[7].entry = &entry;
	for (size_t i = 0; i < sizeof(item) / sizeof(item[0]); i++)
		send_item(other, &item[i]);
	rdv_trust_free(other);
	ck_assert(reached(&a, &d, AGAIN_MS));
	ck_assert(reached(&b, &d, AGAIN_MS));
	device_done(&d);
}
END_TEST

START_TEST(a_killed_node_is_noticed_and_its_devices_come_back_at_the_other)
{
	struct device d, stays;
	uint64_t began;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	device_init(&stays, &a, 2, "223456789");
	device_online(&stays);
	ck_assert(reached(&a, &d, AGAIN_MS));
	ck_assert(reached(&b, &stays, AGAIN_MS));
	b_port = b.port;
	server_kill(&b);
	ck_assert(reached(&a, &stays, AGAIN_MS)); /* not touched by it */
	test_proc_must_expect(&a.proc, "cluster.nodes alive=1 before=2", 10000);
	ck_assert(refused(&a, d.id, FAILURE(OFFLINE), AGAIN_MS));
	began = test_now_ms();
	moves_to(&d, &a);
	ck_assert(reached(&a, &d, AGAIN_MS));
	fprintf(stderr, "reached %llu ms after it came back\n",
			(unsigned long long)(test_now_ms() - began));
	b.port = b_port;
	start_node(&b, "b", b_url);
	ck_assert(reached(&b, &d, AGAIN_MS));
	ck_assert(reached(&b, &stays, AGAIN_MS));
	device_done(&d);
	device_done(&stays);
}
END_TEST

/* The journal writes again every second. */
static bool are_stored(void *count)
{
	return strcmp(test_pg_sql(&pg, "SELECT count(*) FROM hawser.peer"), count) == 0;
}

START_TEST(a_restart_of_the_database_loses_nothing)
{
	struct device far, near, fresh;

	device_init(&far, &b, 1, "123456789");
	device_online(&far);
	device_init(&near, &a, 2, "223456789");
	device_online(&near);
	ck_assert(reached(&a, &far, AGAIN_MS));
	test_pg_stop(&pg);
	ck_assert(reached(&a, &near, AGAIN_MS)); /* each node serves its own */
	ck_assert(reached(&b, &far, AGAIN_MS));
	ck_assert(refused(&a, far.id, FAILURE(OFFLINE), AGAIN_MS));
	/* what is acknowledged now must be there later */
	device_init(&fresh, &b, 3, "323456789");
	device_online(&fresh);
	test_pg_run(&pg);
	ck_assert(reached(&a, &far, AGAIN_MS));
	ck_assert(reached(&b, &near, AGAIN_MS));
	ck_assert(reached(&a, &fresh, AGAIN_MS));
	ck_assert(test_until(are_stored, (void *)"3", WAIT_MS));
	device_done(&far);
	device_done(&near);
	device_done(&fresh);
}
END_TEST

static void cut(enum test_proxy_mode how)
{
	struct device far, near, fresh;

	device_init(&far, &b, 1, "123456789");
	device_online(&far);
	device_init(&near, &a, 2, "223456789");
	device_online(&near);
	ck_assert(reached(&a, &far, AGAIN_MS));
	test_proxy_set(&proxy, how);
	ck_assert(reached(&b, &far, AGAIN_MS)); /* it has lost the database, not its devices */
	device_init(&fresh, &b, 3, "323456789");
	device_online(&fresh);
	ck_assert(reached(&b, &fresh, AGAIN_MS));
	ck_assert(refused(&b, near.id, FAILURE(OFFLINE), AGAIN_MS));
	ck_assert(refused(&a, far.id, FAILURE(OFFLINE), AGAIN_MS));
	/* a device that has seen the other side */
	moves_to(&far, &a);
	ck_assert(reached(&a, &far, AGAIN_MS));
	test_proxy_set(&proxy, TEST_PROXY_PASS);
	ck_assert(reached(&a, &fresh, AGAIN_MS));
	ck_assert(reached(&b, &near, AGAIN_MS));
	ck_assert(reached(&b, &far, AGAIN_MS)); /* it has not been taken back */
	ck_assert(reached(&a, &far, AGAIN_MS));
	ck_assert(test_until(are_stored, (void *)"3", WAIT_MS));
	device_done(&far);
	device_done(&near);
	device_done(&fresh);
}

START_TEST(a_cut_between_node_and_database_is_survived)
{
	cut(TEST_PROXY_CUT);
}
END_TEST

START_TEST(a_silent_network_between_node_and_database_is_survived)
{
	cut(TEST_PROXY_HOLD);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/cluster faults");
	TCase *t = test_case(s, "nodes", 90,
			TESTS(a_killed_node_is_noticed_and_its_devices_come_back_at_the_other,
					a_cut_between_node_and_database_is_survived,
					a_silent_network_between_node_and_database_is_survived,
					orders_hold_at_all_nodes_also_those_that_were_missed,
					a_removal_that_was_missed_is_made_up_for,
					rubbish_from_the_database_harms_nobody,
					nodes_with_different_keys_do_not_talk,
					a_name_that_two_nodes_use_is_told));
	TCase *own = test_case(s, "database", 90, TESTS(a_restart_of_the_database_loses_nothing));
	tcase_add_unchecked_fixture(t, start_database, stop_database);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_checked_fixture(own, set_up_own, tear_down_own);
	return test_suite_run(s);
}
