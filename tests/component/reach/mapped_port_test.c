/* The port that is open to the internet: nobody is let through unless a viewer was told of it. */
#include "client/reach/answer.h"
#include "client/reach/mapped_port.h"
#include "client/reach/reach.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/wire/addr_codec.h"
#include "tests/component/reach/fake.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct hws_loop *loop;
static struct hws_mapped_port *port;
static uint64_t now_us;
static unsigned came;
static struct hws_answered last;

static uint64_t clock_us(void *arg)
{
	(void)arg;
	return now_us;
}

static void on_socket(int fd, const struct hws_answered *how, void *arg)
{
	(void)arg;
	close(fd);
	last = *how;
	came++;
}

static void set_up(void)
{
	const struct hws_mapped_port_conf conf = { .on_socket = on_socket };

	now_us = 1000000;
	came = 0;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	hws_loop_set_clock(loop, clock_us, NULL);
	ck_assert_int_eq(hws_mapped_port_new(loop, &conf, &port), HWS_OK);
	ck_assert_uint_ne(hws_mapped_port_inside(port, false), 0);
}

static void tear_down(void)
{
	hws_mapped_port_free(port);
	hws_loop_free(loop);
}

/* Returns when the other side has decided. */
static void knock_from(in_addr_t own)
{
	const struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(own) };
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(hws_mapped_port_inside(port, false)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	char byte;

	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&from, sizeof(from)), 0);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	while (recv(fd, &byte, 1, MSG_DONTWAIT) < 0) { /* both ways end with it being closed */
		ck_assert_uint_lt(test_now_ms(), end);
		hws_loop_once(loop, 10000);
	}
	close(fd);
}

static void knock(void)
{
	knock_from(INADDR_LOOPBACK);
}

static void expect(const char *viewer, uint64_t permissions)
{
	struct hws_answered how = { .secure = true, .control_permissions = permissions };

	ck_assert_int_eq(hws_addr_parse(viewer, 0, &how.viewer), HWS_OK);
	hws_mapped_port_expect(port, &how);
}

START_TEST(a_stranger_is_let_go)
{
	knock();
	ck_assert_uint_eq(came, 0);
}
END_TEST

START_TEST(a_viewer_that_was_told_comes_with_what_is_known_of_it)
{
	expect("127.0.0.1:4000", 5);
	knock();
	ck_assert_uint_eq(came, 1);
	ck_assert(last.mapped && last.secure && !last.relayed && !last.udp);
	ck_assert_uint_eq(last.control_permissions, 5);
}
END_TEST

START_TEST(one_that_comes_by_another_address_is_the_only_one_it_can_be)
{
	expect("11.9.0.12:4000", 5);
	expect("11.9.0.13:4000", 5);
	knock();
	ck_assert_uint_eq(came, 1);
	expect("11.9.0.14:4000", 6); /* now it could be one that may do more */
	knock();
	ck_assert_uint_eq(came, 1);
	expect("127.0.0.1:4000", 7);
	knock();
	ck_assert_uint_eq(came, 2);
	ck_assert_uint_eq(last.control_permissions, 7);
}
END_TEST

static void expect_named(const char *viewer, const char *ref)
{
	struct hws_answered how = { .secure = true };

	ck_assert_int_eq(hws_addr_parse(viewer, 0, &how.viewer), HWS_OK);
	ck_assert_int_eq(hws_str_copy(how.ref, sizeof(how.ref), ref), HWS_OK);
	hws_mapped_port_expect(port, &how);
}

START_TEST(who_may_be_one_or_another_is_called_neither)
{
	expect_named("11.9.0.12:4000", "r1");
	expect_named("127.0.0.1:4000", "r2");
	knock();
	ck_assert_uint_eq(came, 1);
	ck_assert_str_eq(last.ref, "r2");
	expect_named("127.0.0.1:4001", "r3");
	knock();
	ck_assert_uint_eq(came, 2);
	ck_assert_str_eq(last.ref, "");
}
END_TEST

/* Behind one NAT are two, who may not do the same: neither gets what the other may. */
START_TEST(viewers_of_one_address_that_are_not_alike_do_not_come_by_it)
{
	expect("127.0.0.1:4000", 5);
	expect("127.0.0.1:4001", 1);
	knock();
	ck_assert_uint_eq(came, 0);
}
END_TEST

START_TEST(it_is_expected_for_a_while_and_for_some_sockets)
{
	expect("127.0.0.1:4000", 0);
	for (int i = 0; i < 6; i++)
		knock();
	ck_assert_uint_eq(came, 4);
	expect("127.0.0.1:4000", 0);
	now_us += 21000000;
	knock();
	ck_assert_uint_eq(came, 4);
}
END_TEST

/* Who only finds the port takes what is there for a viewer with another address than the server
 * saw, and no more. */
START_TEST(strangers_use_up_nothing_of_who_is_expected)
{
	expect("127.0.0.2:4000", 5);
	for (int i = 0; i < 6; i++)
		knock();
	ck_assert_uint_eq(came, 4);
	for (int i = 0; i < 6; i++)
		knock_from(INADDR_LOOPBACK + 1);
	ck_assert_uint_eq(came, 8);
}
END_TEST

START_TEST(many_push_out_the_first)
{
	expect("127.0.0.1:4000", 1);
	for (int i = 0; i < 32; i++)
		expect(i % 2 ? "11.9.0.12:4000" : "11.9.0.13:4000", (uint64_t)i);
	knock();
	ck_assert_uint_eq(came, 0);
}
END_TEST

static const struct {
	const char *outside;
	bool usable;
} outsides[] = { { "11.9.0.11:40000", true }, { "11.9.0.11:1024", true }, { "11.9.0.11:22", false },
	{ "192.168.1.1:40000", false }, { "100.64.3.4:40000", false }, { "127.0.0.1:40000", false },
	{ "[2001:db8::1]:40000", false } };

START_TEST(what_no_viewer_could_use_is_nowhere)
{
	struct sockaddr_storage at;

	ck_assert_int_eq(hws_addr_parse(outsides[_i].outside, 0, &at), HWS_OK);
	hws_mapped_port_set_outside(port, false, &at);
	ck_assert_msg((hws_mapped_port_outside(port, false) != NULL) == outsides[_i].usable, "%s",
			outsides[_i].outside);
	hws_mapped_port_set_outside(port, false, NULL);
	ck_assert_ptr_null(hws_mapped_port_outside(port, false));
}
END_TEST

/* --- UDP -------------------------------------------------------------------------------------- */

/* From a socket of its own, which is returned. */
static int send_to_port(const char *what)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(hws_mapped_port_inside(port, true)) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	ck_assert_int_eq(send(fd, what, strlen(what), 0), (ssize_t)strlen(what));
	return fd;
}

static void map_udp(void)
{
	struct sockaddr_storage at;

	ck_assert_int_eq(hws_addr_parse("11.9.0.11:40000", 0, &at), HWS_OK);
	hws_mapped_port_set_outside(port, true, &at);
}

static int udp_fd = -1;

static void on_udp_socket(int fd, const struct hws_answered *how, void *arg)
{
	(void)arg;
	if (udp_fd >= 0)
		close(udp_fd);
	udp_fd = fd;
	last = *how;
	came++;
}

static void turn(int times)
{
	while (times--)
		hws_loop_once(loop, 1000);
}

static void until_came(unsigned n)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (came < n) {
		ck_assert_uint_lt(test_now_ms(), end);
		hws_loop_once(loop, 10000);
	}
}

START_TEST(by_udp_who_is_expected_gets_a_socket_and_no_second_one)
{
	const struct hws_mapped_port_conf conf = { .on_socket = on_udp_socket };
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	char word[20];
	int viewer, stranger;
	ssize_t n;

	hws_mapped_port_free(port);
	ck_assert_int_eq(hws_mapped_port_new(loop, &conf, &port), HWS_OK);
	map_udp();
	stranger = send_to_port("before anybody was told");
	turn(5);
	expect("127.0.0.1:4000", 5);
	turn(5);
	ck_assert_uint_eq(came, 0); /* what lay there is thrown away */
	viewer = send_to_port("one");
	ck_assert_int_eq(send(viewer, "two", 3, 0), 3);
	until_came(1);
	turn(5);
	ck_assert_uint_eq(came, 1);
	ck_assert(last.udp && last.mapped && !last.relayed);
	ck_assert_uint_eq(last.control_permissions, 5);
	/* what it sends from now on goes there, and what others send does not */
	ck_assert_int_eq(send(viewer, "three", 5, 0), 5);
	while ((n = recv(udp_fd, word, sizeof(word), MSG_DONTWAIT)) < 0)
		ck_assert_uint_lt(test_now_ms(), end);
	ck_assert(n == 5 && memcmp(word, "three", 5) == 0);
	ck_assert_int_eq(send(udp_fd, "back", 4, 0), 4);
	ck_assert_int_eq(recv(viewer, word, sizeof(word), 0), 4);
	ck_assert_int_lt(recv(udp_fd, word, sizeof(word), MSG_DONTWAIT), 0);
	for (int i = 0; i < 5; i++)
		close(send_to_port("a flood"));
	turn(10);
	ck_assert_uint_le(came, 4);
	close(viewer);
	close(stranger);
	close(udp_fd);
	udp_fd = -1;
}
END_TEST

/* As another user of this machine would: the kernel asks for no right there. */
static bool can_be_taken(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(hws_mapped_port_inside(port, true)) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
	bool bound;

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	bound = bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0;
	close(fd);
	return bound;
}

START_TEST(by_udp_nobody_of_this_machine_takes_the_port)
{
	const struct hws_mapped_port_conf conf = { .on_socket = on_udp_socket };
	int viewer, second;

	hws_mapped_port_free(port);
	ck_assert_int_eq(hws_mapped_port_new(loop, &conf, &port), HWS_OK);
	map_udp();
	ck_assert(!can_be_taken());
	expect("127.0.0.1:4000", 5);
	viewer = send_to_port("one");
	until_came(1);
	ck_assert(!can_be_taken());
	second = send_to_port("another of its sockets");
	until_came(2);
	ck_assert(!can_be_taken());
	close(viewer);
	close(second);
	close(udp_fd);
	udp_fd = -1;
}
END_TEST

START_TEST(by_udp_a_stranger_is_nobody)
{
	map_udp();
	expect("11.9.0.12:4000", 5);
	expect("11.9.0.13:4000", 6); /* it could be either, and they may do different things */
	close(send_to_port("hello"));
	turn(10);
	ck_assert_uint_eq(came, 0);
}
END_TEST

/* --- who is told ------------------------------------------------------------------------------ */

static struct fake fake;
static struct hws_work *work;
static struct hws_answer *answer;
static Rdv__RendezvousMessage__UnionCase reply;
static size_t told;
static char told_at[HWS_ADDR_TEXT];

static void take(Rdv__Candidate *const *list, size_t n)
{
	struct sockaddr_storage at;

	told = n;
	if (!n)
		return;
	ck_assert_int_eq(list[0]->kind, RDV__CANDIDATE__KIND__MAPPED_TCP);
	ck_assert(n == 1 || list[1]->kind == RDV__CANDIDATE__KIND__MAPPED_UDP);
	ck_assert(hws_addr_decode_usable(
			hws_bytes(list[0]->address.data, list[0]->address.len), &at));
	hws_addr_text(&at, told_at, sizeof(told_at));
}

static void on_message(struct fake_link *l, const Rdv__RendezvousMessage *m)
{
	(void)l;
	reply = m->union_case;
	if (reply == RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT)
		take(m->punch_hole_sent->candidates, m->punch_hole_sent->n_candidates);
	else if (reply == RDV__RENDEZVOUS_MESSAGE__UNION_LOCAL_ADDR)
		take(m->local_addr->candidates, m->local_addr->n_candidates);
	else if (reply == RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE)
		take(m->relay_response->candidates, m->relay_response->n_candidates);
}

/* Nobody goes there: not what is tested. */
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
}

static void on_failure(const char *what, int why, const struct sockaddr_storage *viewer, void *arg)
{
	(void)what;
	(void)why;
	(void)viewer;
	(void)arg;
}

static const struct {
	const char *name;
	bool lists, local, mapped, wants_relay;
	Rdv__NatType own;
	Rdv__RendezvousMessage__UnionCase reply;
	size_t told;
} pushes[] = {
	{ "a viewer of ours", true, false, true, false, RDV__NAT_TYPE__UNKNOWN_NAT,
			RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT, 1 },
	{ "a deployed one", false, false, true, false, RDV__NAT_TYPE__UNKNOWN_NAT,
			RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT, 0 },
	{ "the same network", true, true, true, false, RDV__NAT_TYPE__UNKNOWN_NAT,
			RDV__RENDEZVOUS_MESSAGE__UNION_LOCAL_ADDR, 1 },
	{ "by the relay, for our NAT", true, false, true, false, RDV__NAT_TYPE__SYMMETRIC,
			RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE, 1 },
	{ "by the relay, a deployed one", false, false, true, false, RDV__NAT_TYPE__SYMMETRIC,
			RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE, 0 },
	{ "one that wants the relay", true, false, true, true, RDV__NAT_TYPE__UNKNOWN_NAT,
			RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE, 0 },
	{ "by both protocols", true, false, true, false, RDV__NAT_TYPE__UNKNOWN_NAT,
			RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT, 2 },
	{ "nothing is mapped", true, false, false, false, RDV__NAT_TYPE__UNKNOWN_NAT,
			RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT, 0 },
};

static void push(unsigned i)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__PunchHole punch = RDV__PUNCH_HOLE__INIT;
	Rdv__FetchLocalAddr local = RDV__FETCH_LOCAL_ADDR__INIT;
	Rdv__Candidate none = RDV__CANDIDATE__INIT, *list[1] = { &none };
	struct sockaddr_storage viewer;
	uint8_t wire[HWS_ADDR_WIRE_MAX], byte = 0;

	none.address = (ProtobufCBinaryData){ 1, &byte };
	ck_assert_int_eq(hws_addr_parse("127.0.0.1:4009", 0, &viewer), HWS_OK);
	punch.socket_addr.data = local.socket_addr.data = wire;
	punch.socket_addr.len = local.socket_addr.len = hws_addr_encode(&viewer, 7, wire);
	punch.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	punch.force_relay = pushes[i].wants_relay;
	punch.candidates = local.candidates = list;
	punch.n_candidates = local.n_candidates = pushes[i].lists;
	m.union_case = pushes[i].local ? RDV__RENDEZVOUS_MESSAGE__UNION_FETCH_LOCAL_ADDR
				       : RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE;
	if (pushes[i].local)
		m.fetch_local_addr = &local;
	else
		m.punch_hole = &punch;
	ck_assert_int_eq(hws_answer_push(answer, "123456789", &m, true), HWS_OK);
}

START_TEST(viewers_that_read_lists_are_told_and_then_let_in)
{
	const struct hws_server_addr server = { .host = "127.0.0.1",
		.port = (uint16_t)(test_free_ports(2) + 1) };
	const struct hws_answer_conf conf = { .server_addr = &server,
		.key = "",
		.relay = "127.0.0.1:4009",
		.version = "1.4.9",
		.no_udp = true,
		.nat_type = pushes[_i].own,
		.mapped_port = port,
		.on_socket = on_socket,
		.on_relay = on_relay,
		.on_met = on_met,
		.on_failure = on_failure };
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	struct sockaddr_storage outside;

	hws_loop_set_clock(loop, NULL, NULL);
	ck_assert_int_eq(hws_work_new(1, 16, &work), HWS_OK);
	fake_start(&fake, loop, server.port);
	fake.on_message = on_message;
	ck_assert_int_eq(hws_addr_parse("11.9.0.11:40000", 0, &outside), HWS_OK);
	hws_mapped_port_set_outside(port, false, pushes[_i].mapped ? &outside : NULL);
	if (pushes[_i].mapped && pushes[_i].told == 2)
		hws_mapped_port_set_outside(port, true, &outside);
	ck_assert_int_eq(hws_answer_new(loop, work, &conf, &answer), HWS_OK);
	reply = RDV__RENDEZVOUS_MESSAGE__UNION__NOT_SET;
	push((unsigned)_i);
	while (reply == RDV__RENDEZVOUS_MESSAGE__UNION__NOT_SET) {
		ck_assert_msg(test_now_ms() < end, "%s: no answer", pushes[_i].name);
		hws_loop_once(loop, 10000);
	}
	ck_assert_msg(reply == pushes[_i].reply && told == pushes[_i].told, "%s: %d, told %zu",
			pushes[_i].name, (int)reply, told);
	if (told)
		ck_assert_str_eq(told_at, "11.9.0.11:40000");
	knock();
	ck_assert_uint_eq(came, told > 0); /* and who was not told is a stranger */
	hws_answer_free(answer);
	fake_stop(&fake);
	hws_work_free(work);
}
END_TEST

/* --- who goes there --------------------------------------------------------------------------- */

static bool reads_lists;

static void on_request(struct fake_link *l, const Rdv__RendezvousMessage *m)
{
	static const char *const outside[] = { "127.0.0.1:40000", "192.168.1.1:40000",
		"100.64.0.1:40000", "11.9.0.11:25" };
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__PunchHoleResponse p = RDV__PUNCH_HOLE_RESPONSE__INIT;
	Rdv__Candidate candidates[HWS_COUNT(outside)], *list[HWS_COUNT(outside)];
	uint8_t addr[HWS_ADDR_WIRE_MAX], bytes[HWS_COUNT(outside)][HWS_ADDR_WIRE_MAX];
	struct sockaddr_storage a;

	if (m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_REQUEST)
		return;
	reads_lists = m->punch_hole_request->n_candidates > 0;
	ck_assert_int_eq(hws_addr_parse("127.0.0.1:4009", 0, &a), HWS_OK);
	p.socket_addr = (ProtobufCBinaryData){ hws_addr_encode(&a, 7, addr), addr };
	for (size_t i = 0; i < HWS_COUNT(outside); i++) {
		rdv__candidate__init(&candidates[i]);
		ck_assert_int_eq(hws_addr_parse(outside[i], 0, &a), HWS_OK);
		candidates[i].kind = RDV__CANDIDATE__KIND__MAPPED_TCP;
		candidates[i].address =
				(ProtobufCBinaryData){ hws_addr_encode(&a, 7, bytes[i]), bytes[i] };
		list[i] = &candidates[i];
	}
	p.candidates = list;
	p.n_candidates = HWS_COUNT(outside);
	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_RESPONSE;
	out.punch_hole_response = &p;
	fake_send(l, &out);
}

static void on_reached(int r, const struct hws_reached *how, void *arg)
{
	(void)r;
	(void)arg;
	hws_stream_close(how->stream);
}

/* The host's word alone says where its router is: a viewer is sent to no machine of an inner
 * network, to no service, and not to itself. */
START_TEST(a_viewer_goes_to_the_internet_or_nowhere)
{
	char server[40];
	uint16_t at = (uint16_t)(test_free_ports(2) + 1);
	const struct hws_reach_conf conf = {
		.id = "123456789", .server = server, .key = "", .version = "1.4.9", .no_udp = true
	};
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	struct hws_reach *reach;
	struct hws_error err;

	hws_loop_set_clock(loop, NULL, NULL);
	ck_assert_int_eq(hws_fmt(server, sizeof(server), "127.0.0.1:%u", at), HWS_OK);
	ck_assert_int_eq(hws_work_new(1, 16, &work), HWS_OK);
	fake_start(&fake, loop, at);
	fake.on_message = on_request;
	ck_assert_int_eq(hws_reach_start(loop, work, &conf, on_reached, &reach, &err), HWS_OK);
	while (!hws_reach_verdict(reach)->count) {
		ck_assert_uint_lt(test_now_ms(), end);
		hws_loop_once(loop, 10000);
	}
	/* the address that the server told, and no other */
	ck_assert_uint_eq(hws_reach_verdict(reach)->count, 1);
	ck_assert_int_eq(hws_reach_verdict(reach)->tries[0].path, HWS_PATH_PUNCHED);
	ck_assert(reads_lists); /* also where it has nothing to put into one itself */
	hws_reach_free(reach);
	fake_stop(&fake);
	hws_work_free(work);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mapped_port");
	TCase *t = test_case(s, "mapped_port", 60, TESTS_NONE);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_stranger_is_let_go);
	tcase_add_test(t, a_viewer_that_was_told_comes_with_what_is_known_of_it);
	tcase_add_test(t, one_that_comes_by_another_address_is_the_only_one_it_can_be);
	tcase_add_test(t, who_may_be_one_or_another_is_called_neither);
	tcase_add_test(t, viewers_of_one_address_that_are_not_alike_do_not_come_by_it);
	tcase_add_test(t, it_is_expected_for_a_while_and_for_some_sockets);
	tcase_add_test(t, strangers_use_up_nothing_of_who_is_expected);
	tcase_add_test(t, many_push_out_the_first);
	tcase_add_loop_test(t, what_no_viewer_could_use_is_nowhere, 0, (int)HWS_COUNT(outsides));
	tcase_add_loop_test(t, viewers_that_read_lists_are_told_and_then_let_in, 0,
			(int)HWS_COUNT(pushes));
	tcase_add_test(t, by_udp_who_is_expected_gets_a_socket_and_no_second_one);
	tcase_add_test(t, by_udp_nobody_of_this_machine_takes_the_port);
	tcase_add_test(t, by_udp_a_stranger_is_nobody);
	tcase_add_test(t, a_viewer_goes_to_the_internet_or_nowhere);
	return test_suite_run(s);
}
