/* The NAT test against the real rendezvous server, and against one that sees what a NAT would make
 * of our port. */
#include "client/reach/answer.h"
#include "client/reach/nat_probe.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/net/dialer.h"
#include "shared/wire/addr_codec.h"
#include "tests/component/reach/fake.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct hws_loop *loop;
static struct hws_work *work;
static struct fake fake;
static struct test_proc server;
static struct hws_nat_probe *probe;
static struct hws_answer *answer;
static uint16_t port;
static unsigned results, offset;
static Rdv__NatType type;
static struct sockaddr_storage seen[2]; /* the probe's address on the main and on the NAT port */
static Rdv__RendezvousMessage__UnionCase reply;
static Rdv__NatType reply_nat;
static bool replied, garbage;
static struct sockaddr_storage asker, came; /* the host's link to the server; the viewer it got */
static const char *claimed = "127.0.0.1:4009";

#define UNTIL(cond, ms)                                                                            \
	do {                                                                                       \
		uint64_t end_ms = test_now_ms() + (ms);                                            \
		while (!(cond)) {                                                                  \
			ck_assert_msg(test_now_ms() < end_ms, "never: %s", #cond);                 \
			hws_loop_once(loop, 10000);                                                \
		}                                                                                  \
	} while (0)

static void on_message(struct fake_link *l, const Rdv__RendezvousMessage *m)
{
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__TestNatResponse p = RDV__TEST_NAT_RESPONSE__INIT;

	if (m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_REQUEST) {
		reply = m->union_case;
		asker = *hws_conn_peer(l->conn);
		if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT)
			reply_nat = m->punch_hole_sent->nat_type;
		replied = true;
		return;
	}
	seen[l->nat_port] = *hws_conn_peer(l->conn);
	p.port = garbage ? 70000
			 : hws_addr_port(&seen[l->nat_port]) + (l->nat_port ? (int)offset : 0);
	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_RESPONSE;
	out.test_nat_response = &p;
	fake_send(l, &out);
}

static void on_type(Rdv__NatType t, void *arg)
{
	(void)arg;
	results++;
	type = t;
}

static void set_up(void)
{
	ck_assert_int_eq(hws_loop_new(&loop), 0);
	ck_assert_int_eq(hws_work_new(1, 16, &work), 0);
	port = (uint16_t)(test_free_ports(4) + 1);
	results = offset = 0;
	replied = garbage = false;
	type = RDV__NAT_TYPE__UNKNOWN_NAT;
	memset(seen, 0, sizeof(seen));
}

static void tear_down(void)
{
	hws_nat_probe_free(probe);
	hws_answer_free(answer);
	fake_stop(&fake);
	hws_work_free(work);
	hws_loop_free(loop);
	test_proc_stop(&server);
	probe = NULL;
	answer = NULL;
}

static void start_fake(void)
{
	fake_start(&fake, loop, port);
	fake.on_message = on_message;
}

static void start_probe(Rdv__NatType known)
{
	const struct hws_server_addr server_addr = { .host = "127.0.0.1", .port = port };
	const struct hws_nat_probe_conf conf = {
		.server_addr = &server_addr, .known = known, .on_type = on_type
	};

	ck_assert_int_eq(hws_nat_probe_new(loop, work, &conf, &probe), 0);
	ck_assert_int_eq(hws_nat_probe_type(probe), known);
}

START_TEST(the_real_server_sees_one_port)
{
	char text[8], dir[256], control[300];
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--bind",
		"127.0.0.1", "--port", text, "--state-dir", dir, "--control", control, "--store",
		"memory", NULL };

	test_dir(dir, sizeof(dir));
	snprintf(text, sizeof(text), "%u", port);
	snprintf(control, sizeof(control), "%s/c.sock", dir);
	test_proc_start(&server, argv, NULL);
	test_proc_must_expect(&server, "listening", 20000);
	start_probe(RDV__NAT_TYPE__UNKNOWN_NAT);
	UNTIL(results, 10000);
	ck_assert_int_eq(type, RDV__NAT_TYPE__ASYMMETRIC);
	/* a second test from a new port finds the same */
	hws_nat_probe_again(probe);
	UNTIL(results == 2, 10000);
	ck_assert_int_eq(hws_nat_probe_type(probe), RDV__NAT_TYPE__ASYMMETRIC);
}
END_TEST

START_TEST(both_questions_come_from_one_local_port)
{
	start_fake();
	fake_open_nat_port(&fake);
	start_probe(RDV__NAT_TYPE__UNKNOWN_NAT);
	UNTIL(results, 10000);
	ck_assert_uint_ne(hws_addr_port(&seen[0]), 0);
	ck_assert(hws_addr_equal(&seen[0], &seen[1]));
	ck_assert_int_eq(type, RDV__NAT_TYPE__ASYMMETRIC);
}
END_TEST

START_TEST(another_port_behind_the_nat_is_symmetric)
{
	offset = 1;
	start_fake();
	fake_open_nat_port(&fake);
	start_probe(RDV__NAT_TYPE__UNKNOWN_NAT);
	UNTIL(results, 10000);
	ck_assert_int_eq(type, RDV__NAT_TYPE__SYMMETRIC);
	ck_assert_int_eq(hws_nat_probe_type(probe), RDV__NAT_TYPE__SYMMETRIC);
}
END_TEST

START_TEST(an_incomplete_test_is_repeated)
{
	start_fake();
	start_probe(RDV__NAT_TYPE__UNKNOWN_NAT);
	UNTIL(fake.accepted >= 2,
			10000); /* the NAT port is closed: tried again from the beginning */
	ck_assert_uint_eq(results, 0);
	fake_open_nat_port(&fake);
	UNTIL(results, 20000);
	ck_assert_int_eq(type, RDV__NAT_TYPE__ASYMMETRIC);
}
END_TEST

START_TEST(a_port_that_is_none_is_no_result)
{
	garbage = true;
	start_fake();
	fake_open_nat_port(&fake);
	start_probe(RDV__NAT_TYPE__UNKNOWN_NAT);
	UNTIL(fake.accepted >= 2, 10000);
	ck_assert_uint_eq(results, 0);
	garbage = false;
	UNTIL(results, 20000);
}
END_TEST

START_TEST(a_known_result_outlives_a_failed_test)
{
	start_probe(RDV__NAT_TYPE__SYMMETRIC); /* nobody listens */
	for (uint64_t end = test_now_ms() + 500; test_now_ms() < end;)
		hws_loop_once(loop, 10000);
	ck_assert_uint_eq(results, 0);
	ck_assert_int_eq(hws_nat_probe_type(probe), RDV__NAT_TYPE__SYMMETRIC);
}
END_TEST

/* --- what the host does with it --- */

static void on_socket(int fd, const struct hws_answered *how, void *arg)
{
	(void)arg;
	came = how->viewer;
	close(fd);
}

/* No relay is there: not what is tested. */
static int on_relay(const struct hws_answer_relay *relay, const struct hws_answered *how, void *arg)
{
	(void)relay;
	(void)how;
	(void)arg;
	return HWS_ERR_REFUSED;
}

static void on_met(uint64_t meeting, int r, void *arg)
{
	(void)meeting;
	(void)r;
	(void)arg;
	ck_abort_msg("nobody was sent anywhere");
}

static void on_failure(const char *what, int why, const struct sockaddr_storage *viewer, void *arg)
{
	(void)what;
	(void)why;
	(void)viewer;
	(void)arg; /* nobody comes: not what is tested */
}

static void push_punch(void)
{
	const struct hws_server_addr server_addr = { .host = "127.0.0.1", .port = port };
	const struct hws_answer_conf conf = { .server_addr = &server_addr,
		.key = "",
		.relay = "127.0.0.1:4009",
		.version = "1.4.9",
		.on_socket = on_socket,
		.on_relay = on_relay,
		.on_met = on_met,
		.on_failure = on_failure };
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__PunchHole punch = RDV__PUNCH_HOLE__INIT;
	struct sockaddr_storage viewer;
	uint8_t wire[HWS_ADDR_WIRE_MAX];

	ck_assert_int_eq(hws_addr_parse(claimed, 0, &viewer), 0);
	punch.socket_addr.data = wire;
	punch.socket_addr.len = hws_addr_encode(&viewer, 7, wire);
	punch.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE;
	m.punch_hole = &punch;
	if (!answer)
		ck_assert_int_eq(hws_answer_new(loop, work, &conf, &answer), 0);
	replied = false;
	ck_assert_int_eq(hws_answer_push(answer, "123456789", &m, false), 0);
	UNTIL(replied, 10000);
}

START_TEST(a_host_claims_what_it_knows)
{
	start_fake();
	push_punch();
	ck_assert_int_eq(reply, RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT);
	ck_assert_int_eq(reply_nat, RDV__NAT_TYPE__UNKNOWN_NAT);
	hws_answer_set_nat_type(answer, RDV__NAT_TYPE__ASYMMETRIC);
	push_punch();
	ck_assert_int_eq(reply_nat, RDV__NAT_TYPE__ASYMMETRIC);
	hws_answer_set_nat_type(answer, RDV__NAT_TYPE__SYMMETRIC);
	push_punch();
	ck_assert_int_eq(reply, RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE);
}
END_TEST

static struct hws_stream *dialled;

static void on_dialled(int r, struct hws_stream *s, void *arg)
{
	(void)arg;
	ck_assert_int_eq(r, 0);
	dialled = s;
}

/* White lists and limits go by it. */
START_TEST(a_viewer_is_known_by_the_address_it_came_from)
{
	char ip[HWS_ADDR_TEXT];
	struct hws_dial *dial;

	claimed = "127.0.0.9:4009";
	start_fake();
	push_punch();
	ck_assert_int_eq(reply, RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT);
	const struct hws_dial_conf conf = { .host = hws_addr_ip_text(&asker, ip, sizeof(ip)),
		.port = hws_addr_port(&asker),
		.timeout_us = 5000000 };
	ck_assert_int_eq(hws_dial(loop, work, &conf, on_dialled, NULL, &dial), 0);
	UNTIL(dialled && hws_addr_port(&came), 10000);
	ck_assert_str_eq(hws_addr_ip_text(&came, ip, sizeof(ip)), "127.0.0.1");
	hws_stream_close(dialled);
}
END_TEST

int main(void)
{
	return test_main("client/reach/nat_probe", 60, set_up, tear_down,
			TESTS(the_real_server_sees_one_port,
					both_questions_come_from_one_local_port,
					another_port_behind_the_nat_is_symmetric,
					an_incomplete_test_is_repeated,
					a_port_that_is_none_is_no_result,
					a_known_result_outlives_a_failed_test,
					a_host_claims_what_it_knows,
					a_viewer_is_known_by_the_address_it_came_from));
}
