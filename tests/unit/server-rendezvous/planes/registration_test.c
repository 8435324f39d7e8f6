/* The rules by which a device gets and keeps its id, and what the store sees of it. */
#include "server-rendezvous/state/rules.h"
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/entries.h"
#include "shared/daemon/admit.h"
#include "shared/net/addr.h"
#include "tests/unit/server-rendezvous/table.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

#define R(x) RDV__REGISTER_PK_RESPONSE__RESULT__##x
#define A "10.0.0.1"
#define B "10.0.0.2"

static struct table t;

static void setup(void)
{
	table_init(&t);
}

static void teardown(void)
{
	table_done(&t);
}

/* In the store and online. */
static struct caller settled(const char *id, const char *ip, uint16_t port)
{
	struct caller c = caller_of(id, ip, port);
	Rdv__RegisterPkResponse__Result r;

	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_ASK_PK);
	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_LATER);
	ck_assert_int_eq(call_peer(&t, &c), RDV_ANSWER_KNOWN);
	table_flush(&t);
	return c;
}

static void expect_peers(uint64_t n)
{
	struct rdv_presence_stats st;

	rdv_presence_stats(t.core.presence, &st);
	ck_assert_uint_eq(st.peers, n);
}

START_TEST(first_contact_leaves_a_mark_only)
{
	struct caller c = caller_of("123456789", A, 1000);

	ck_assert_int_eq(call_peer(&t, &c), RDV_ANSWER_ASK_PK);
	ck_assert_int_eq(call_result(&t, &c), R(OK));
	expect_peers(0);
	ck_assert(rdv_journal_idle(t.core.journal));
	ck_assert_int_eq(call_peer(&t, &c), RDV_ANSWER_ASK_PK);
	ck_assert_int_eq(call_result(&t, &c), R(OK));
	expect_peers(1);
	ck_assert_int_eq(call_peer(&t, &c), RDV_ANSWER_KNOWN);
	table_flush(&t);
	ck_assert_uint_eq(rdv_store_memory_count(t.store), 1);
}
END_TEST

/* What earlier calls may have left on the stack. */
static __attribute__((noinline)) void dirty_stack(void)
{
	volatile uint8_t rest[32768];

	for (size_t i = 0; i < sizeof(rest); i++)
		rest[i] = 0xff;
}

/* A write is read field by field by the stores: `keep` of chance lets them refuse a known device as
 * taken. */
START_TEST(a_write_to_the_store_has_no_field_of_chance)
{
	struct caller c = caller_of("123456789", A, 1000);

	ck_assert_int_eq(call_result(&t, &c), R(OK));
	dirty_stack();
	ck_assert_int_eq(call_result(&t, &c), R(OK));
	table_flush(&t);
	ck_assert_uint_eq(t.written, 1);
	ck_assert_int_eq(t.last_write.kind, RDV_WRITE_PEER);
	ck_assert(!t.last_write.force);
	ck_assert(!t.last_write.keep);
	for (size_t i = 0; i < sizeof(t.last_write.old_id); i++)
		ck_assert_int_eq(t.last_write.old_id[i], 0);
	ck_assert_uint_eq(t.last_write.row.created_s, 0);
	ck_assert_int_eq(t.last_write.result, HWS_OK);
}
END_TEST

/* Three machines of one image: each keep-alive of one takes the id from the others. */
static void keep_alive(struct caller *c)
{
	if (call_peer(&t, c) == RDV_ANSWER_ASK_PK)
		call_result(&t, c);
}

static bool is_copied(const char *id)
{
	struct rdv_peer_info info;

	ck_assert(rdv_presence_get(t.core.presence, hws_bytes_str(id), t.now_us, &info));
	return info.copied;
}

/* At other addresses, and at one behind the same NAT. */
START_TEST(copies_of_a_machine_are_told_to_the_operator)
{
	struct caller c[3];

	c[0] = settled("123456789", A, 1000);
	c[1] = c[2] = c[0];
	c[1].ip = _i ? A : B;
	c[1].port = 1001;
	c[2].ip = _i ? A : "10.0.0.3";
	c[2].port = 1002;
	for (int round = 0; round < 8; round++)
		for (int i = 0; i < 3; i++) {
			table_seconds(&t, 5);
			keep_alive(&c[i]);
		}
	ck_assert_uint_ge(t.core.count.clones, 1);
	ck_assert(is_copied("123456789"));
	/* the others got an identity of their own */
	for (int i = 0; i < 50; i++) {
		table_seconds(&t, 15);
		keep_alive(&c[0]);
	}
	ck_assert(!is_copied("123456789"));
}
END_TEST

START_TEST(a_machine_that_moves_is_no_copy)
{
	static const char *const places[] = { A, B, "10.0.0.3", A, B };
	struct caller c = settled("123456789", A, 1000);

	/* another network each two minutes, another port each minute, restarts in between */
	for (int i = 0; i < 40; i++) {
		c.ip = places[i / 2 % 5];
		c.port = (uint16_t)(1000 + i);
		for (int k = 0; k < 4; k++) {
			keep_alive(&c);
			table_seconds(&t, 15);
		}
	}
	for (int i = 0; i < 20; i++) {
		call_result(&t, &c);
		table_seconds(&t, 2);
	}
	ck_assert_uint_eq(t.core.count.clones, 0);
	ck_assert(!is_copied("123456789"));
}
END_TEST

START_TEST(a_second_register_pk_is_a_second_packet)
{
	struct caller c = caller_of("123456789", A, 1000);
	Rdv__RegisterPkResponse__Result r;

	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_ASK_PK);
	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_LATER); /* answered when durable */
	table_flush(&t);
	ck_assert_uint_eq(t.written, 1);
	ck_assert_uint_eq(t.last_who.udp.port, 1000);
	ck_assert_uint_eq(rdv_store_memory_count(t.store), 1);
}
END_TEST

/* Asked once only: a host whose port changes with every packet must not be asked for ever. */
START_TEST(a_second_packet_from_elsewhere_is_not_asked_again)
{
	struct caller c = caller_of("123456789", A, 1000);
	Rdv__RegisterPkResponse__Result r;

	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_ASK_PK);
	c.port = 1001;
	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_LATER);
	c = caller_of("223456789", A, 1000);
	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_ASK_PK);
	c.ip = B; /* that is somebody else, as far as one can tell */
	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_ASK_PK);
}
END_TEST

/* Nor does it make a device choose another id. */
START_TEST(one_datagram_keeps_no_id_from_others)
{
	struct caller c = caller_of("123456789", A, 1000);
	struct caller other = c;

	other.uuid = "another machine";
	ck_assert_int_eq(call_result(&t, &c), R(OK));
	ck_assert_int_eq(call_result(&t, &other), R(OK));
	ck_assert_int_eq(call_result(&t, &other), R(OK)); /* the first to come again has it */
	ck_assert_int_eq(call_result(&t, &c), R(UUID_MISMATCH));
	table_seconds(&t, 31);
	ck_assert_int_eq(call_result(&t, &c), R(UUID_MISMATCH));
}
END_TEST

START_TEST(a_mark_does_not_last)
{
	struct caller c = caller_of("123456789", A, 1000);
	Rdv__RegisterPkResponse__Result r;

	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_ASK_PK);
	table_seconds(&t, 91);
	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_ASK_PK);
	table_seconds(&t, 30);
	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_LATER);
}
END_TEST

/* One that spoke on for a while is no longer the first to make room. */
START_TEST(a_device_that_goes_on_is_not_young)
{
	struct caller c = settled("123456789", A, 1000);
	struct rdv_shard *s;

	for (int i = 0; i < 3; i++) {
		s = rdv_presence_lock(t.core.presence, hws_bytes_str(c.id));
		ck_assert_int_eq(!(rdv_shard_find(s)->flags & RDV_PEER_YOUNG), i == 2);
		rdv_presence_unlock(s);
		table_seconds(&t, 15);
		ck_assert_int_eq(call_peer(&t, &c), RDV_ANSWER_KNOWN);
	}
}
END_TEST

START_TEST(another_machine_gets_a_mismatch)
{
	struct caller c = settled("123456789", A, 1000);

	c.uuid = "another machine";
	ck_assert_int_eq(call_result(&t, &c), R(UUID_MISMATCH));
	table_seconds(&t, 3600);
	ck_assert_int_eq(call_result(&t, &c), R(UUID_MISMATCH));
}
END_TEST

START_TEST(address_or_key_may_change_but_not_both)
{
	struct caller c = settled("123456789", A, 1000);

	c.ip = B;
	ck_assert_int_eq(call_peer(&t, &c), RDV_ANSWER_ASK_PK);
	ck_assert_int_eq(call_result(&t, &c), R(OK));
	ck_assert_int_eq(call_peer(&t, &c), RDV_ANSWER_KNOWN);
	table_seconds(&t, 60);
	c.pk[0] ^= 1;
	ck_assert_int_eq(call_result(&t, &c), R(OK));
	table_seconds(&t, 60);
	c.pk[0] ^= 1;
	c.ip = A;
	ck_assert_int_eq(call_result(&t, &c), R(UUID_MISMATCH));
}
END_TEST

START_TEST(a_clone_gets_another_id_a_new_installation_does_not)
{
	struct caller c = settled("123456789", A, 1000);
	struct caller again = c;

	/* the old one keeps speaking: after four tries the copy is sent away */
	again.port = 2000;
	again.pk[0] ^= 1;
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(call_result(&t, &again), R(TOO_FREQUENT));
		table_seconds(&t, 15);
		ck_assert_int_eq(call_peer(&t, &c), RDV_ANSWER_KNOWN);
	}
	ck_assert_int_eq(call_result(&t, &again), R(UUID_MISMATCH));
	/* the old one has been replaced: it falls silent, and the new key is taken */
	ck_assert_int_eq(call_result(&t, &again), R(TOO_FREQUENT));
	table_seconds(&t, 15);
	ck_assert_int_eq(call_result(&t, &again), R(TOO_FREQUENT));
	table_seconds(&t, 16);
	ck_assert_int_eq(call_result(&t, &again), R(OK));
	ck_assert_uint_eq(t.core.count.key_changed, 1);
}
END_TEST

START_TEST(bad_ids_make_the_device_choose_another)
{
	const char *ids[] = { "12345", "with blank", "a@b-c-d", "\xff\xfe\xff\xfe\xff\xfe" };

	for (size_t i = 0; i < 4; i++) {
		struct caller c = caller_of(ids[i], A, 1000);

		c.uuid = "u";
		ck_assert_int_eq(call_result(&t, &c), R(UUID_MISMATCH));
	}
}
END_TEST

START_TEST(incomplete_registrations_get_no_answer)
{
	struct caller c = caller_of("123456789", A, 1000);
	Rdv__RegisterPkResponse__Result r;

	c.uuid = "";
	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_NONE);
}
END_TEST

START_TEST(after_a_restart_a_device_is_there_with_its_first_packet)
{
	struct caller c = settled("123456789", A, 1000);
	struct rdv_peer_row row = { .id = "123456789", .uuid_len = 9, .has_pk = true, .ip = A };

	memcpy(row.uuid, c.uuid, 9);
	memcpy(row.pk, c.pk, 32);
	rdv_presence_free(t.core.presence);
	ck_assert_int_eq(rdv_presence_new(100, t.now_us, &t.core.presence), HWS_OK);
	ck_assert(rdv_presence_load(t.core.presence, &row));
	ck_assert(!is_online(&t, c.id));
	ck_assert_int_eq(call_peer(&t, &c), RDV_ANSWER_KNOWN);
	ck_assert(is_online(&t, c.id));
	/* and with RegisterPk, whether or not anything changed */
	rdv_presence_free(t.core.presence);
	ck_assert_int_eq(rdv_presence_new(100, t.now_us, &t.core.presence), HWS_OK);
	ck_assert(rdv_presence_load(t.core.presence, &row));
	ck_assert_int_eq(call_result(&t, &c), R(OK));
	ck_assert(is_online(&t, c.id));
}
END_TEST

START_TEST(a_store_that_is_away_holds_nobody_up)
{
	struct caller c = caller_of("123456789", A, 1000);
	Rdv__RegisterPkResponse__Result r;

	rdv_store_memory_fail(t.store, HWS_ERR_STORE, 0);
	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_ASK_PK);
	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_LATER);
	table_flush(&t);                     /* gives up after 3 s */
	ck_assert_uint_eq(t.not_durable, 1); /* told after a second, from memory */
	ck_assert_int_eq(t.last_r, HWS_OK);
	ck_assert(is_online(&t, c.id));
	rdv_store_memory_fail(t.store, HWS_OK, 0);
	table_flush(&t);
	ck_assert(rdv_journal_idle(t.core.journal)); /* nothing was lost */
	ck_assert_uint_eq(rdv_store_memory_count(t.store), 1);
}
END_TEST

START_TEST(a_full_queue_is_said_to_new_devices)
{
	char id[20];
	unsigned refused = 0;

	rdv_store_memory_fail(t.store, HWS_ERR_STORE, 0);
	for (int i = 0; i < 120; i++) { /* the queue holds 100 */
		struct caller c;

		snprintf(id, sizeof(id), "device-%d", i);
		c = caller_of(id, A, (uint16_t)(1000 + i));
		c.uuid = "same";
		ck_assert_int_eq(call_result(&t, &c), R(OK));
		refused += call_result(&t, &c) == R(SERVER_ERROR);
	}
	ck_assert_uint_eq(refused, 20);
}
END_TEST

START_TEST(another_node_was_first)
{
	struct rdv_write w = { .kind = RDV_WRITE_PEER };
	struct rdv_waiter nobody = { 0 };
	struct caller c = caller_of("123456789", A, 1000);

	/* the row is there with another machine id, this node does not know */
	memcpy(w.row.id, "123456789", 10);
	memcpy(w.row.uuid, "other", 5);
	w.row.uuid_len = 5;
	ck_assert_int_eq(rdv_journal_put(t.core.journal, &w, &nobody), HWS_OK);
	table_flush(&t);
	ck_assert_int_eq(call_result(&t, &c), R(OK));
	ck_assert_int_eq(call_result(&t, &c), R(OK));
	ck_assert_int_eq(call_peer(&t, &c), RDV_ANSWER_KNOWN);
	table_flush(&t);
	ck_assert_int_eq(t.last_r, HWS_ERR_EXISTS);
	ck_assert(!is_online(&t, c.id)); /* forgotten: asked again, it will learn */
	ck_assert_int_eq(call_peer(&t, &c), RDV_ANSWER_ASK_PK);
}
END_TEST

START_TEST(new_devices_of_one_address_are_limited_known_ones_are_not)
{
	struct hws_admit_conf conf = { .max_entries = 100, .rate = 1, .burst = 3 };
	struct caller known = settled("123456789", A, 1000);
	struct hws_admit *admit = NULL;
	struct sockaddr_storage ss;
	struct rdv_origin o = { .ss = &ss, .now_us = t.now_us };
	Rdv__RegisterPk m = RDV__REGISTER_PK__INIT;
	Rdv__RegisterPkResponse__Result r;
	unsigned refused = 0;

	ck_assert_int_eq(hws_admit_new(&conf, &admit), HWS_OK);
	ck_assert_int_eq(hws_addr_parse(A, 1000, &ss), HWS_OK);
	o.addr = rdv_addr_from(&ss);
	o.admit = admit;
	m.uuid = (ProtobufCBinaryData){ 9, (uint8_t *)known.uuid };
	m.pk = (ProtobufCBinaryData){ 32, known.pk };
	for (int i = 0; i < 10; i++) {
		char id[20];

		snprintf(id, sizeof(id), "device-%d", i);
		m.id = id;
		rdv_register_pk(&t.core, &o, &m, &r);
		refused += r == R(TOO_FREQUENT);
	}
	ck_assert_uint_eq(refused, 7);
	m.id = (char *)known.id;
	for (int i = 0; i < 100; i++) {
		rdv_register_pk(&t.core, &o, &m, &r);
		ck_assert_int_eq(r, R(OK));
	}
	hws_admit_free(admit);
}
END_TEST

START_TEST(enrolled_only_lets_no_stranger_in)
{
	struct caller c = caller_of("123456789", A, 1000);
	struct rdv_peer_row row = { .id = "123456789" };

	t.conf.enrolled_only = true;
	ck_assert_int_eq(call_result(&t, &c), R(NOT_DEPLOYED));
	ck_assert(rdv_presence_load(t.core.presence, &row)); /* entered by an operator */
	ck_assert_int_eq(call_result(&t, &c), R(OK));
	ck_assert_int_eq(call_peer(&t, &c), RDV_ANSWER_KNOWN);
	c.uuid = "another machine"; /* is told no more about an id that exists than about another */
	ck_assert_int_eq(call_result(&t, &c), R(NOT_DEPLOYED));
}
END_TEST

START_TEST(a_blocked_id_is_not_served)
{
	struct rdv_entry e = { .kind = "block-id", .key = "123456789" };
	struct caller c = caller_of("123456789", A, 1000);
	Rdv__RegisterPkResponse__Result r;

	ck_assert_int_eq(rdv_rules_put(t.core.rules, &e, NULL), HWS_OK);
	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_NONE);
	rdv_rules_delete(t.core.rules, "block-id", "123456789");
	ck_assert_int_eq(call_pk(&t, &c, &r), RDV_ANSWER_ASK_PK);
}
END_TEST

START_TEST(a_host_on_a_link_is_there_as_long_as_its_link)
{
	struct caller c = caller_of("123456789", A, 1000);

	c.client = 77;
	ck_assert_int_eq(call_result(&t, &c), R(OK));
	table_seconds(&t, 3600);
	ck_assert(is_online(&t, c.id));
	rdv_registration_client_gone(&t.core, hws_bytes_str(c.id), 76, t.now_us); /* an older one */
	ck_assert(is_online(&t, c.id));
	rdv_registration_client_gone(&t.core, hws_bytes_str(c.id), 77, t.now_us);
	ck_assert(!is_online(&t, c.id));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { first_contact_leaves_a_mark_only,
		a_write_to_the_store_has_no_field_of_chance, a_machine_that_moves_is_no_copy,
		a_second_register_pk_is_a_second_packet,
		a_second_packet_from_elsewhere_is_not_asked_again,
		one_datagram_keeps_no_id_from_others, a_mark_does_not_last,
		a_device_that_goes_on_is_not_young, another_machine_gets_a_mismatch,
		address_or_key_may_change_but_not_both,
		a_clone_gets_another_id_a_new_installation_does_not,
		bad_ids_make_the_device_choose_another, incomplete_registrations_get_no_answer,
		after_a_restart_a_device_is_there_with_its_first_packet,
		a_store_that_is_away_holds_nobody_up, a_full_queue_is_said_to_new_devices,
		another_node_was_first, new_devices_of_one_address_are_limited_known_ones_are_not,
		enrolled_only_lets_no_stranger_in, a_blocked_id_is_not_served,
		a_host_on_a_link_is_there_as_long_as_its_link };
	Suite *s = suite_create("rendezvous/registration");
	TCase *c = tcase_create("registration");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 30);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, copies_of_a_machine_are_told_to_the_operator, 0, 2);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(c, tests[i]);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
