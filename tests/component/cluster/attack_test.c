/* An attacker in the database: a role that may connect and nothing else. LISTEN and NOTIFY need no
 * right, so what nodes say to each other passes under its eyes; it must learn and forge nothing,
 * even if it knew the names of the channels. */
#include "proto/cluster.pb-c.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include "shared/crypto/identity.h"
#include "shared/wire/addr_codec.h"
#include "tests/component/cluster/nodes.h"
#include "tests/support/suite.h"
#include <check.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTES_MAX 64

static PGconn *mallory;

/* What she heard, oldest first. */
static struct {
	char channel[CHANNEL_TEXT], payload[8001];
} note[NOTES_MAX];
static size_t notes;

static void mallory_does(const char *sql)
{
	PGresult *res = PQexec(mallory, sql);

	ck_assert_msg(PQresultStatus(res) == PGRES_COMMAND_OK ||
					PQresultStatus(res) == PGRES_TUPLES_OK,
			"%s: %s", sql, PQerrorMessage(mallory));
	PQclear(res);
}

/* By the name of the node alone, as an older version did it. */
static void guessed_channel(const char *node, char buf[CHANNEL_TEXT])
{
	static const uint8_t key[HWS_HASH_KEY_LEN] = { 0 };
	char hex[40];
	uint8_t h[16];

	hws_keyed_hash128(key, hws_bytes_str(node), h);
	ck_assert_int_eq(hws_hex_encode(hws_bytes(h, sizeof(h)), hex, sizeof(hex)), HWS_OK);
	snprintf(buf, CHANNEL_TEXT, "hawser_%s", hex);
}

/* Which channels she knows: those that can be guessed, or (should a log tell) the real ones. */
static void mallory_listens(void (*channel)(const char *node, char buf[CHANNEL_TEXT]))
{
	static const char *const nodes[] = { "a", "b", "" };
	char sql[100], name[CHANNEL_TEXT];

	mallory_does("UNLISTEN *");
	for (size_t i = 0; i < 3; i++) {
		channel(nodes[i], name);
		snprintf(sql, sizeof(sql), "LISTEN %s", name);
		mallory_does(sql);
	}
}

static void mallory_comes(void)
{
	char url[200];

	notes = 0;
	snprintf(url, sizeof(url), "postgresql://mallory@127.0.0.1:%u/hawser", pg.port);
	mallory = PQconnectdb(url);
	ck_assert_msg(PQstatus(mallory) == CONNECTION_OK, "%s", PQerrorMessage(mallory));
	mallory_listens(channel_of);
}

static void mallory_hears(unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	while (test_now_ms() < end) {
		struct pollfd p = { .fd = PQsocket(mallory), .events = POLLIN };
		PGnotify *n;

		poll(&p, 1, 20);
		ck_assert(PQconsumeInput(mallory));
		while ((n = PQnotifies(mallory))) {
			if (notes < NOTES_MAX) {
				snprintf(note[notes].channel, CHANNEL_TEXT, "%s", n->relname);
				snprintf(note[notes++].payload, sizeof(note[0].payload), "%s",
						n->extra);
			}
			PQfreemem(n);
		}
	}
}

static void mallory_says(const char *channel, const char *payload)
{
	const char *values[] = { channel, payload };
	PGresult *res = PQexecParams(
			mallory, "SELECT pg_notify($1, $2)", 2, NULL, values, NULL, NULL, 0);

	ck_assert_int_eq(PQresultStatus(res), PGRES_TUPLES_OK);
	PQclear(res);
}

/* All that she can make of a message without the servers' secret key: bare, with the public key as
 * an older version had it, and sealed with a key of her own; on every channel she may know of. */
static void mallory_forges(const char *to, const char *from, Cluster__Item *item)
{
	Cluster__Envelope e = CLUSTER__ENVELOPE__INIT;
	static uint8_t packed[RDV_MESSAGE_MAX];
	static char hex[3][SAID_TEXT];
	struct hws_identity own;
	struct rdv_trust *t;
	char channel[CHANNEL_TEXT];
	struct hws_buf out;
	size_t n = 0;

	/* field 1 of old: the first bytes of the public key */
	packed[0] = 0x0a;
	packed[1] = 8;
	ck_assert_int_eq(hws_key_parse(a.key, own.pk), HWS_OK);
	memcpy(packed + 2, own.pk, 8);
	e.from = (char *)(uintptr_t)from;
	e.to = (char *)(uintptr_t)to;
	e.run = e.number = 1ull << 60;
	e.time_us = 1ull << 60;
	e.n_items = 1;
	e.items = &item;
	n = 10 + cluster__envelope__pack(&e, packed + 10);
	ck_assert_int_eq(hws_hex_encode(hws_bytes(packed, n), hex[0], SAID_TEXT), HWS_OK);
	ck_assert_int_eq(hws_hex_encode(hws_bytes(packed + 10, n - 10), hex[1], SAID_TEXT), HWS_OK);
	hws_identity_generate(true, &own);
	ck_assert_int_eq(rdv_trust_new(&own, from, &t), HWS_OK);
	hws_buf_init(&out, RDV_MESSAGE_MAX);
	ck_assert_int_eq(rdv_trust_seal(t, to, 1ull << 60, hws_bytes(packed + 10, n - 10), &out),
			HWS_OK);
	ck_assert_int_eq(hws_hex_encode(hws_buf_bytes(&out), hex[2], SAID_TEXT), HWS_OK);
	hws_buf_done(&out);
	rdv_trust_free(t);
	for (size_t i = 0; i < 3; i++) {
		channel_of(to, channel);
		mallory_says(channel, hex[i]);
		guessed_channel(to, channel);
		mallory_says(channel, hex[i]);
	}
}

static void come(void)
{
	set_up();
	test_pg_sql(&pg,
			"DO $$ BEGIN CREATE ROLE mallory LOGIN; EXCEPTION WHEN duplicate_object "
			"THEN NULL; END $$");
	mallory_comes();
}

static void go(void)
{
	PQfinish(mallory);
	tear_down();
}

/* A viewer at node a calls a device at node b; returns the viewer's link, the push in *ret. */
static int call(struct device *d, message **ret)
{
	int fd;

	device_init(d, &b, 1, "123456789");
	device_online(d);
	ck_assert(reached(&a, d, AGAIN_MS));
	mallory_hears(SILENCE_MS);
	notes = 0;
	fd = viewer_punch(&a, 9, d->id);
	*ret = device_pushed(d, M(PUNCH_HOLE));
	return fd;
}

START_TEST(the_channels_cannot_be_guessed)
{
	struct device d;
	message *push;
	int fd;

	mallory_listens(guessed_channel);
	fd = call(&d, &push);
	mallory_hears(SILENCE_MS);
	ck_assert_uint_eq(notes, 0);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

/* Whether the bytes that `hex` stands for have `what` in them. */
static bool holds(const char *hex, struct hws_bytes what)
{
	static uint8_t bytes[RDV_MESSAGE_MAX];
	size_t n = strlen(hex) / 2;

	ck_assert_int_eq(hws_hex_decode(hex, bytes, n), HWS_OK);
	return memmem(bytes, n, what.ptr, what.len) != NULL;
}

START_TEST(who_knows_the_channels_reads_nothing)
{
	struct device d;
	message *push;
	int fd = call(&d, &push);

	mallory_hears(SILENCE_MS);
	ck_assert_uint_gt(notes, 0);
	for (size_t i = 0; i < notes; i++) {
		ck_assert(!holds(note[i].payload, hws_bytes_str(d.id)));
		ck_assert(!holds(note[i].payload, hws_bytes_str("relay.example.com")));
		ck_assert(!holds(note[i].payload,
				hws_bytes(push->punch_hole->socket_addr.data,
						push->punch_hole->socket_addr.len)));
	}
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(a_forged_answer_is_not_signed)
{
	Cluster__Reply r = CLUSTER__REPLY__INIT;
	Cluster__Item item = CLUSTER__ITEM__INIT;
	Rdv__PunchHoleSent sent = RDV__PUNCH_HOLE_SENT__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	static uint8_t packed[600];
	uint8_t ip[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 66 };
	struct device d, fake;
	message *push, *m;
	int fd = call(&d, &push);

	device_init(&fake, &b, 66, d.id);
	/* what the device was sent is the most that she may have seen */
	sent.socket_addr = push->punch_hole->socket_addr;
	sent.id = d.id;
	sent.relay_server = (char *)"";
	out.union_case = M(PUNCH_HOLE_SENT);
	out.punch_hole_sent = &sent;
	r.id = d.id;
	r.viewer = push->punch_hole->socket_addr;
	r.from_ip = (ProtobufCBinaryData){ sizeof(ip), ip };
	r.from_port = 4711;
	r.pk = (ProtobufCBinaryData){ sizeof(fake.pk), fake.pk };
	r.message = (ProtobufCBinaryData){ rdv__rendezvous_message__pack(&out, packed), packed };
	item.what_case = CLUSTER__ITEM__WHAT_REPLY;
	item.reply = &r;
	mallory_forges("a", "b", &item);
	m = tcp_recv(fd, SILENCE_MS);
	ck_assert_msg(!m, "the viewer was given a forged answer%s",
			m && statement_is_of(&a, m->punch_hole_response->pk, &fake)
					? ", and the attacker's key was signed"
					: "");
	hws_rdv_free(push);
	close(fd);
	device_done(&fake);
	device_done(&d);
}
END_TEST

START_TEST(a_forged_order_is_not_obeyed)
{
	Cluster__Entry e = CLUSTER__ENTRY__INIT;
	Cluster__Item item = CLUSTER__ITEM__INIT;
	struct device d;
	message *push;
	int fd = call(&d, &push);

	hws_rdv_free(push);
	close(fd);
	e.kind = (char *)"block-id";
	e.key = d.id;
	e.value = (char *)"";
	item.what_case = CLUSTER__ITEM__WHAT_ENTRY;
	item.entry = &e;
	mallory_forges("", "b", &item);
	usleep(SILENCE_MS * 1000);
	ck_assert_msg(reached(&a, &d, 5000), "the forged order blocked the device");
	device_done(&d);
}
END_TEST

static bool is_pushed_again(struct device *d)
{
	message *push = udp_recv(d->udp, SILENCE_MS);

	hws_rdv_free(push);
	return push != NULL;
}

START_TEST(a_recorded_message_is_not_taken_again)
{
	struct device d;
	message *push;
	int fd = call(&d, &push);
	size_t heard;

	hws_rdv_free(push);
	mallory_hears(SILENCE_MS);
	heard = notes;
	ck_assert_uint_gt(heard, 0);
	for (size_t i = 0; i < heard; i++)
		mallory_says(note[i].channel, note[i].payload);
	ck_assert_msg(!is_pushed_again(&d), "the device was pushed again");
	/* to a node that has forgotten all, too */
	server_stop(&b);
	start_node(&b, "b", b_url);
	moves_to(&d, &b);
	ck_assert(reached(&a, &d, AGAIN_MS));
	while (is_pushed_again(&d))
		;
	for (size_t i = 0; i < heard; i++)
		mallory_says(note[i].channel, note[i].payload);
	ck_assert_msg(!is_pushed_again(&d), "the device was pushed again after a restart");
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(a_changed_message_is_not_taken)
{
	static char changed[sizeof(note[0].payload)];
	struct device d;
	message *push;
	int fd = call(&d, &push);

	hws_rdv_free(push);
	mallory_hears(SILENCE_MS);
	ck_assert_uint_gt(notes, 0);
	for (size_t i = 0; i < strlen(note[0].payload); i += 5) {
		snprintf(changed, sizeof(changed), "%s", note[0].payload);
		changed[i] = (char)(changed[i] == '0' ? '1' : '0');
		mallory_says(note[0].channel, changed);
	}
	ck_assert(!is_pushed_again(&d));
	test_proc_must_expect(&b.proc, "cluster.refused", WAIT_MS);
	ck_assert(reached(&a, &d, AGAIN_MS));
	close(fd);
	device_done(&d);
}
END_TEST

/* What is checked for its age is taken from the first one on. */
START_TEST(the_first_message_of_all_is_taken)
{
	json_t *o = server_ask(&b, "block", "net", "192.0.2.6");

	ck_assert(json_is_true(json_object_get(o, "ok")));
	json_decref(o);
	test_proc_must_expect(&a.proc, "rules.changed kind=block-ip key=192.0.2.6", WAIT_MS);
}
END_TEST

/* Locks that anybody may take, under the number that an older version used. */
START_TEST(a_lock_in_the_database_holds_up_no_start)
{
	mallory_does("SELECT pg_advisory_lock(7523377975159973234)");
	server_stop(&b);
	start_node(&b, "b", b_url);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/cluster attack");
	TCase *t = test_case(s, "a role with CONNECT only", 90,
			TESTS(the_channels_cannot_be_guessed, who_knows_the_channels_reads_nothing,
					a_forged_answer_is_not_signed, a_forged_order_is_not_obeyed,
					a_recorded_message_is_not_taken_again,
					a_changed_message_is_not_taken,
					the_first_message_of_all_is_taken,
					a_lock_in_the_database_holds_up_no_start));

	tcase_add_unchecked_fixture(t, start_database, stop_database);
	tcase_add_checked_fixture(t, come, go);
	return test_suite_run(s);
}
