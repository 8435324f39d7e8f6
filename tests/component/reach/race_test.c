/* Ways to a host side by side: a server, a relay and a host on the test's own loop do what real
 * ones do not do on demand: say nothing, come late, be somebody else. */
#include "client/reach/reach.h"
#include "shared/base/buf.h"
#include "shared/net/addr.h"
#include "shared/net/kcp.h"
#include "shared/net/listener.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "tests/component/reach/fake.h"
#include "tests/component/reach/place.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct hws_loop *loop;
static struct hws_work *work;
static struct fake fake;
static struct place host, relay;
static struct hws_reach *reach;
static struct hws_stream *stream;
static struct hws_verdict verdict;
static char server_text[32], relay_text[32], path[16], text[400];
static uint16_t host_port;
static unsigned relay_requests, offers, fails;
static int failure;
static bool refuses, relay_here, drops_link;
/* UDP: the server's, where viewers ask for their own address; and the host's. */
static int server_udp = -1;
static struct event server_ev;
static struct hws_stream *knocking;
static uint16_t viewer_udp; /* as the host was told; 0: it was not */
static bool deployed, deaf_by_udp, no_udp;
/* What the server says of UDP: that it answers; that the host's is blocked. And what it hears. */
static bool tests_udp, host_blocked, viewer_blocked;
static unsigned punch_requests, udp_requests;
static int hole[3] = { -1, -1, -1 };

#define EARLY_MS 150

#define UNTIL(cond)                                                                                \
	do {                                                                                       \
		uint64_t end_ms = test_now_ms() + 60000;                                           \
		while (!(cond)) {                                                                  \
			ck_assert_msg(test_now_ms() < end_ms, "never: %s", #cond);                 \
			hws_loop_once(loop, 10000);                                                \
		}                                                                                  \
	} while (0)

/* --- UDP -------------------------------------------------------------------------------------- */

static void on_nat_test(evutil_socket_t fd, short what, void *arg)
{
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT, *m = NULL;
	Rdv__TestNatResponse p = RDV__TEST_NAT_RESPONSE__INIT;
	struct sockaddr_storage from = { 0 };
	socklen_t len = sizeof(from);
	uint8_t in[HWS_RDV_DATAGRAM_MAX], addr[HWS_ADDR_WIRE_MAX];
	struct hws_buf packed;
	ssize_t n = recvfrom(fd, in, sizeof(in), MSG_DONTWAIT, (struct sockaddr *)&from, &len);

	(void)what;
	(void)arg;
	if (n <= 0 || hws_rdv_unpack(hws_bytes(in, (size_t)n), &m) < 0)
		return;
	ck_assert_int_eq(m->union_case, RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_REQUEST);
	hws_rdv_free(m);
	p.port = hws_addr_port(&from);
	p.address.data = addr;
	p.address.len = hws_addr_encode(&from, 0, addr);
	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_RESPONSE;
	out.test_nat_response = &p;
	hws_buf_init(&packed, HWS_RDV_DATAGRAM_MAX);
	ck_assert_int_eq(hws_rdv_pack(&out, &packed), HWS_OK);
	ck_assert_int_eq(sendto(fd, hws_buf_bytes(&packed).ptr, hws_buf_len(&packed), 0,
					 (struct sockaddr *)&from, len),
			hws_buf_len(&packed));
	hws_buf_done(&packed);
}

static int udp_at(uint16_t port, uint16_t *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void serve_udp(void)
{
	uint16_t port;

	server_udp = udp_at(fake.port, &port);
	event_assign(&server_ev, hws_loop_base(loop), server_udp, EV_READ | EV_PERSIST, on_nat_test,
			NULL);
	event_add(&server_ev, NULL);
}

static void on_knocking(struct hws_stream *s, unsigned ready, void *arg)
{
	(void)ready;
	(void)arg;
	ck_assert_int_eq(hws_stream_write(s, hws_bytes(WORD, WORD_LEN)), WORD_LEN);
	hws_stream_want(s, 0);
}

/* The host's socket; returns its port. */
static uint16_t knock(void)
{
	struct sockaddr_storage to;
	uint16_t port;
	int fd = udp_at(0, &port);

	ck_assert_int_eq(hws_addr_parse("127.0.0.1", viewer_udp, &to), HWS_OK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, hws_addr_len(&to)), 0);
	if (deaf_by_udp) {
		close(fd);
		return port;
	}
	ck_assert_int_eq(hws_kcp_prepare_socket(fd), HWS_OK);
	ck_assert_int_eq(hws_stream_kcp_accept(loop, fd, NULL, &knocking), HWS_OK);
	hws_stream_set_callback(knocking, on_knocking, NULL);
	hws_stream_want(knocking, HWS_STREAM_WRITE);
	return port;
}

/* --- the server ------------------------------------------------------------------------------- */

static void answer_punch(struct fake_link *l, uint16_t port, bool is_udp)
{
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__PunchHoleResponse p = RDV__PUNCH_HOLE_RESPONSE__INIT;
	uint8_t addr[HWS_ADDR_WIRE_MAX];
	struct sockaddr_storage a;

	ck_assert_int_eq(hws_addr_parse("127.0.0.1", port, &a), HWS_OK);
	p.socket_addr.data = addr;
	p.socket_addr.len = hws_addr_encode(&a, 7, addr);
	p.relay_server = relay_text;
	p.is_udp = is_udp;
	p.tests_udp = tests_udp;
	p.udp_blocked = host_blocked;
	p.relay_here = relay_here;
	p.union_case = RDV__PUNCH_HOLE_RESPONSE__UNION_NAT_TYPE;
	p.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_RESPONSE;
	out.punch_hole_response = &p;
	fake_send(l, &out);
}

/* A host of ours answers twice; a deployed one by UDP alone when it is offered that. */
static void answer(struct fake_link *l, const Rdv__PunchHoleRequest *q)
{
	punch_requests++;
	viewer_udp = (uint16_t)q->udp_port;
	ck_assert_uint_eq(
			q->n_candidates > 0 && q->candidates[0]->kind != RDV__CANDIDATE__KIND__NONE,
			q->udp_port > 0);
	if (q->udp_port) {
		udp_requests++;
		answer_punch(l, knock(), true);
	}
	if (!deployed || !q->udp_port)
		answer_punch(l, host_port, false);
}

static void on_message(struct fake_link *l, const Rdv__RendezvousMessage *m)
{
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RelayResponse p = RDV__RELAY_RESPONSE__INIT;

	if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_REQUEST) {
		answer(l, m->punch_hole_request);
		return;
	}
	ck_assert_int_eq(m->union_case, RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY);
	relay_requests++;
	viewer_blocked = m->request_relay->udp_blocked;
	if (drops_link) {
		drops_link = false;
		hws_conn_close(l->conn, HWS_OK);
		return;
	}
	if (refuses)
		p.refuse_reason = (char *)"not today";
	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE;
	out.relay_response = &p;
	fake_send(l, &out);
}

/* --- the viewer ------------------------------------------------------------------------------- */

static void on_reached(int r, const struct hws_reached *how, void *arg)
{
	(void)arg;
	verdict = *how->verdict;
	if (r < 0) {
		fails++;
		failure = r;
		snprintf(text, sizeof(text), "%s", how->error.text);
		return;
	}
	offers++;
	ck_assert_ptr_null(stream);
	stream = how->stream;
	ck_assert_uint_eq(how->leftover.len, WORD_LEN);
	ck_assert_mem_eq(how->leftover.ptr, WORD, WORD_LEN);
	ck_assert_int_eq(how->relayed, strcmp(how->path, "relay") == 0);
	snprintf(path, sizeof(path), "%s", how->path);
}

static unsigned betters;
static uint64_t began_ms;

static void on_better(void *arg)
{
	(void)arg;
	betters++;
}

static void begin(void)
{
	const struct hws_reach_conf conf = { .id = "123456789",
		.on_better = on_better,
		.server = server_text,
		.key = "",
		.version = "1.4.9",
		.no_udp = no_udp };
	struct hws_error err;

	began_ms = test_now_ms();
	ck_assert_msg(hws_reach_start(loop, work, &conf, on_reached, &reach, &err) == HWS_OK, "%s",
			err.text);
}

/* The head start of direct ways is not over: a busy machine may have taken longer than that for
 * what takes a moment. */
static bool is_early(void)
{
	return test_now_ms() < began_ms + EARLY_MS;
}

static void take(void)
{
	hws_reach_take(reach);
	verdict = *hws_reach_verdict(reach);
}

static bool reject(int why)
{
	hws_stream_close(stream);
	stream = NULL;
	return hws_reach_reject(reach, why);
}

/* The first offer. False: it took too long to tell who had to be first. */
static bool is_punched(void)
{
	bool early;

	UNTIL(offers == 1);
	early = is_early();
	if (early)
		ck_assert_str_eq(path, "punched");
	else
		take();
	return early;
}

static void set_up(void)
{
	ck_assert_int_eq(hws_loop_new(&loop), 0);
	ck_assert_int_eq(hws_work_new(1, 16, &work), 0);
	fake_start(&fake, loop, test_free_ports(1));
	fake.on_message = on_message;
	open_place(&host, loop);
	open_place(&relay, loop);
	host_port = host.port;
	snprintf(server_text, sizeof(server_text), "127.0.0.1:%u", fake.port);
	snprintf(relay_text, sizeof(relay_text), "127.0.0.1:%u", relay.port);
}

static void tear_down(void)
{
	hws_reach_free(reach);
	hws_stream_close(stream);
	hws_stream_close(knocking);
	if (server_udp >= 0) {
		event_del(&server_ev);
		close(server_udp);
	}
	close_place(&host);
	close_place(&relay);
	fake_stop(&fake);
	for (int i = 0; i < 3; i++)
		if (hole[i] >= 0)
			close(hole[i]);
	for (int i = 0; i < 3; i++)
		hws_loop_once(loop, 1000);
	hws_work_free(work);
	hws_loop_free(loop);
}

/* --- tests ------------------------------------------------------------------------------------ */

START_TEST(a_direct_way_that_stands_asks_no_relay)
{
	host.speaks = true;
	begin();
	UNTIL(offers);
	take();
	ck_assert_str_eq(path, "punched");
	ck_assert_int_eq(verdict.why, HWS_INDIRECT_NO);
	if (is_early()) {
		ck_assert_uint_eq(relay_requests, 0);
		ck_assert_uint_eq(verdict.count, 1);
	}
}
END_TEST

START_TEST(a_black_hole_does_not_hold_the_relay_back)
{
	const struct hws_verdict_try *t = verdict.tries;

	host_port = open_black_hole(hole);
	relay.speaks = true;
	begin();
	UNTIL(offers || fails);
	ck_assert_uint_eq(fails, 0);
	take();
	ck_assert_str_eq(path, "relay");
	ck_assert_uint_eq(verdict.count, 2);
	ck_assert_int_eq(t[0].path, HWS_PATH_PUNCHED);
	ck_assert_int_eq(t[0].result, HWS_ERR_CANCELED);
	ck_assert_uint_lt(t[1].begun_ms, t[0].ended_ms);
	ck_assert_int_eq(verdict.why, HWS_INDIRECT_SILENT);
}
END_TEST

/* Something accepts, and says nothing: middleboxes do. */
START_TEST(who_says_nothing_is_not_the_host)
{
	relay.speaks = true;
	begin();
	UNTIL(offers || fails);
	take();
	ck_assert_str_eq(path, "relay");
	ck_assert_uint_gt(host.count, 0);
	UNTIL(host.ended == host.count);
}
END_TEST

/* The handshake fails on the direct way: the relay is asked for, and is the right one. */
START_TEST(a_stranger_is_rejected_for_the_next_way)
{
	host.speaks = relay.speaks = true;
	begin();
	if (!is_punched())
		return;
	ck_assert_uint_eq(relay_requests, 0);
	ck_assert(reject(HWS_ERR_CRYPTO));
	UNTIL(offers == 2);
	ck_assert_str_eq(path, "relay");
	take();
	ck_assert_int_eq(verdict.why, HWS_INDIRECT_BROKEN);
	ck_assert_int_eq(verdict.chosen, HWS_PATH_RELAY);
}
END_TEST

/* A tar pit at the host's address speaks and falls silent; the host itself is there by UDP. Nobody
 * waits for the pit until the limit of a handshake. */
START_TEST(a_tar_pit_does_not_hold_the_host_up)
{
	serve_udp();
	host.speaks = true;
	begin();
	UNTIL(offers == 1);
	if (strcmp(path, "udp") == 0) { /* on a busy machine it may be there first */
		take();
		return;
	}
	ck_assert_str_eq(path, "punched");
	UNTIL(betters);
	ck_assert_uint_eq(offers, 1);
	ck_assert(reject(HWS_ERR_TIMEOUT));
	UNTIL(offers == 2);
	ck_assert_str_eq(path, "udp");
	take();
	ck_assert_int_eq(verdict.chosen, HWS_PATH_UDP);
	ck_assert_int_eq(verdict.why, HWS_INDIRECT_NO);
}
END_TEST

/* The same where nothing else is direct: the relay has been asked for meanwhile. */
START_TEST(nor_the_relay)
{
	no_udp = true;
	host.speaks = relay.speaks = true;
	begin();
	if (!is_punched())
		return;
	UNTIL(betters);
	ck_assert(reject(HWS_ERR_TIMEOUT));
	UNTIL(offers == 2);
	ck_assert_str_eq(path, "relay");
	take();
	ck_assert_int_eq(verdict.why, HWS_INDIRECT_SILENT);
}
END_TEST

START_TEST(when_all_are_rejected_nothing_more_comes)
{
	host.speaks = relay.speaks = true;
	begin();
	UNTIL(offers == 1);
	ck_assert(reject(HWS_ERR_CRYPTO));
	UNTIL(offers == 2);
	ck_assert(!reject(HWS_ERR_CRYPTO));
	ck_assert_int_eq(hws_reach_verdict(reach)->why, HWS_INDIRECT_NOT_HOST);
	for (int i = 0; i < 20; i++)
		hws_loop_once(loop, 10000);
	ck_assert_uint_eq(offers, 2);
	ck_assert_uint_eq(fails, 0);
}
END_TEST

/* The relay is ready too when the direct way turns out to be wrong: it was not thrown away. */
START_TEST(a_beaten_way_is_kept_until_one_is_taken)
{
	relay.speaks = true;
	begin();
	UNTIL(offers == 1);
	ck_assert_str_eq(path, "relay");
	speak(&host);
	for (int i = 0; i < 20; i++)
		hws_loop_once(loop, 10000);
	ck_assert_uint_eq(offers, 1);
	ck_assert(reject(HWS_ERR_EOF));
	UNTIL(offers == 2);
	ck_assert_str_eq(path, "punched");
	take();
	ck_assert_int_eq(verdict.why, HWS_INDIRECT_NO);
}
END_TEST

/* 0: by a server that takes no more questions on a link; 1: by one that does; 2: the link is lost
 * just then. */
START_TEST(the_relay_is_asked_for_on_the_link_there_is)
{
	relay_here = _i > 0;
	drops_link = _i == 2;
	host_port = open_black_hole(hole);
	relay.speaks = true;
	begin();
	UNTIL(offers);
	ck_assert_str_eq(path, "relay");
	take();
	ck_assert_uint_eq(relay_requests, _i == 2 ? 2 : 1);
	ck_assert_uint_eq(fake.accepted, _i == 1 ? 1 : 2);
	ck_assert_uint_eq(punch_requests, 1);
}
END_TEST

/* The host is let go as well where it was asked for on that link. */
START_TEST(a_host_that_was_asked_on_the_link_is_let_go)
{
	relay_here = true;
	begin();
	UNTIL(relay_requests == 1);
	UNTIL(host.came);
	speak(&host);
	UNTIL(offers);
	take();
	UNTIL(relay.count == 1 && relay.ended == 1);
	ck_assert_uint_eq(fake.accepted, 1);
}
END_TEST

/* It would wait there until the relay loses patience. */
START_TEST(a_host_that_was_asked_to_the_relay_is_let_go)
{
	begin();
	UNTIL(relay_requests == 1);
	UNTIL(host.came);
	speak(&host);
	UNTIL(offers);
	ck_assert_str_eq(path, "punched");
	take();
	UNTIL(relay.count == 1 && relay.ended == 1);
	ck_assert_uint_eq(relay_requests, 1);
}
END_TEST

START_TEST(a_relay_that_refuses_ends_no_direct_way)
{
	refuses = true;
	begin();
	UNTIL(relay_requests == 1);
	for (int i = 0; i < 20; i++)
		hws_loop_once(loop, 10000);
	ck_assert_uint_eq(fails, 0);
	speak(&host);
	UNTIL(offers);
	ck_assert_str_eq(path, "punched");
	take();
	ck_assert_int_eq(verdict.tries[1].result, HWS_ERR_DENIED);
}
END_TEST

START_TEST(a_refused_direct_way_does_not_hold_the_relay_back)
{
	hws_listener_free(host.listener);
	host.listener = NULL;
	relay.speaks = true;
	begin();
	UNTIL(offers);
	take();
	ck_assert_str_eq(path, "relay");
}
END_TEST

/* 0: nobody is there; 1: the host says no */
START_TEST(when_nothing_is_left_the_reason_is_told)
{
	static const char *const reasons[] = { "cannot reach the relay", "refused: not today" };

	host_port = open_black_hole(hole);
	if (_i == 0) {
		hws_listener_free(relay.listener);
		relay.listener = NULL;
	}
	refuses = _i == 1;
	begin();
	UNTIL(fails);
	ck_assert_uint_eq(offers, 0);
	ck_assert_ptr_nonnull(strstr(text, reasons[_i]));
	ck_assert_int_eq(verdict.why,
			_i == 0 ? HWS_INDIRECT_RELAY_UNREACHABLE : HWS_INDIRECT_SERVER_REFUSED);
	ck_assert_uint_ge(verdict.ended_ms, verdict.answered_ms);
	ck_assert_int_lt(failure, 0);
}
END_TEST

START_TEST(udp_stands_where_tcp_does_not)
{
	serve_udp();
	host_port = open_black_hole(hole);
	begin();
	UNTIL(offers);
	ck_assert_str_eq(path, "udp");
	take();
	ck_assert_uint_eq(punch_requests, 1);
	ck_assert_int_eq(verdict.why, HWS_INDIRECT_NO);
}
END_TEST

/* It answers once, by UDP, which goes nowhere here: it is asked again, for TCP. */
START_TEST(a_deployed_host_is_asked_for_tcp_as_well)
{
	serve_udp();
	deployed = deaf_by_udp = host.speaks = true;
	begin();
	UNTIL(offers);
	ck_assert_str_eq(path, "punched");
	take();
	ck_assert_uint_eq(punch_requests, 2);
	ck_assert_uint_eq(udp_requests, 1);
}
END_TEST

START_TEST(a_deployed_host_is_met_by_udp)
{
	serve_udp();
	deployed = true;
	host_port = open_black_hole(hole);
	begin();
	UNTIL(offers);
	ck_assert_str_eq(path, "udp");
	take();
}
END_TEST

START_TEST(where_udp_is_not_wanted_it_is_not_offered)
{
	serve_udp();
	no_udp = host.speaks = true;
	begin();
	UNTIL(offers);
	ck_assert_str_eq(path, "punched");
	ck_assert_uint_eq(udp_requests, 0);
	take();
}
END_TEST

static const struct {
	bool answers, says, host; /* the server by UDP, that it does; the host's is blocked */
	enum hws_indirect want;
} silences[] = {
	{ false, true, false, HWS_INDIRECT_UDP_BLOCKED },
	{ false, true, true, HWS_INDIRECT_UDP_BLOCKED },
	{ false, false, false, HWS_INDIRECT_SILENT }, /* a deployed one never answers */
	{ true, true, false, HWS_INDIRECT_SILENT },
	{ true, true, true, HWS_INDIRECT_UDP_BLOCKED_HOST },
};

START_TEST(blocked_udp_is_told_from_silence)
{
	tests_udp = silences[_i].says;
	host_blocked = silences[_i].host;
	deaf_by_udp = relay.speaks = true;
	host_port = open_black_hole(hole);
	if (silences[_i].answers)
		serve_udp();
	begin();
	UNTIL(offers);
	take();
	ck_assert_str_eq(path, "relay");
	ck_assert_int_eq(verdict.why, silences[_i].want);
	ck_assert_int_eq(viewer_blocked, silences[_i].want == HWS_INDIRECT_UDP_BLOCKED);
}
END_TEST

/* Both ways are heard; the second one is nobody's, and is closed. */
START_TEST(the_loser_by_udp_is_closed)
{
	serve_udp();
	host.speaks = true;
	begin();
	UNTIL(offers);
	take();
	for (int i = 0; i < 50; i++)
		hws_loop_once(loop, 10000);
	ck_assert_uint_eq(offers, 1);
	ck_assert_uint_eq(verdict.count, 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("client/reach/race");
	TCase *tc = test_case(s, "race", 90,
			TESTS(a_direct_way_that_stands_asks_no_relay,
					a_black_hole_does_not_hold_the_relay_back,
					who_says_nothing_is_not_the_host,
					a_stranger_is_rejected_for_the_next_way,
					a_tar_pit_does_not_hold_the_host_up, nor_the_relay,
					when_all_are_rejected_nothing_more_comes,
					a_beaten_way_is_kept_until_one_is_taken,
					a_host_that_was_asked_to_the_relay_is_let_go,
					a_host_that_was_asked_on_the_link_is_let_go,
					a_relay_that_refuses_ends_no_direct_way,
					a_refused_direct_way_does_not_hold_the_relay_back,
					udp_stands_where_tcp_does_not,
					a_deployed_host_is_asked_for_tcp_as_well,
					a_deployed_host_is_met_by_udp,
					where_udp_is_not_wanted_it_is_not_offered,
					the_loser_by_udp_is_closed));

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, the_relay_is_asked_for_on_the_link_there_is, 0, 3);
	tcase_add_loop_test(tc, when_nothing_is_left_the_reason_is_told, 0, 2);
	tcase_add_loop_test(tc, blocked_udp_is_told_from_silence, 0,
			sizeof(silences) / sizeof(*silences));
	return test_suite_run(s);
}
