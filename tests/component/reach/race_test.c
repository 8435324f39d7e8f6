/* Ways to a host side by side: a server, a relay and a host on the test's own loop do what real
 * ones do not do on demand: say nothing, come late, be somebody else. */
#include "client/reach/reach.h"
#include "shared/base/buf.h"
#include "shared/net/addr.h"
#include "shared/net/listener.h"
#include "shared/wire/addr_codec.h"
#include "tests/component/reach/fake.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WORD "\x2chost speaks"
#define WORD_LEN (sizeof(WORD) - 1)

/* A place where viewers arrive: the host's own, or the relay. */
struct place {
	struct hws_listener *listener;
	uint16_t port;
	struct hws_stream *came; /* the newest */
	unsigned count, ended;
	bool speaks;
};

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
static bool refuses;
static int hole[3] = { -1, -1, -1 };

#define UNTIL(cond)                                                                                \
	do {                                                                                       \
		uint64_t end_ms = test_now_ms() + 60000;                                           \
		while (!(cond)) {                                                                  \
			ck_assert_msg(test_now_ms() < end_ms, "never: %s", #cond);                 \
			hws_loop_once(loop, 10000);                                                \
		}                                                                                  \
	} while (0)

/* --- places ----------------------------------------------------------------------------------- */

static void speak(struct place *p)
{
	ck_assert_int_eq(hws_stream_write(p->came, hws_bytes(WORD, WORD_LEN)), WORD_LEN);
}

static void on_bytes(struct hws_stream *s, unsigned ready, void *arg)
{
	struct place *p = arg;
	char buf[256];
	ssize_t n = hws_stream_read(s, buf, sizeof(buf));

	(void)ready;
	if (n > 0 || n == HWS_ERR_AGAIN)
		return;
	p->ended++;
	hws_stream_close(s);
	if (p->came == s)
		p->came = NULL;
}

static void on_came(int fd, const struct sockaddr_storage *peer, void *arg)
{
	struct place *p = arg;

	(void)peer;
	ck_assert_int_eq(hws_stream_tcp_new(loop, fd, &p->came), HWS_OK);
	hws_stream_set_callback(p->came, on_bytes, p);
	hws_stream_want(p->came, HWS_STREAM_READ);
	p->count++;
	if (p->speaks)
		speak(p);
}

static void open_place(struct place *p)
{
	const struct hws_listen_conf conf = {
		.bind_ip = "127.0.0.1", .on_accept = on_came, .arg = p
	};
	struct hws_error err;

	ck_assert_msg(hws_listener_new(loop, &conf, &p->listener, &err) == HWS_OK, "%s", err.text);
	p->port = hws_listener_port(p->listener);
}

static void close_place(struct place *p)
{
	hws_listener_free(p->listener);
	hws_stream_close(p->came);
	memset(p, 0, sizeof(*p));
}

/* A port that answers nothing: its queue is full, and the kernel drops who comes then. */
static uint16_t open_black_hole(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	hole[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(hole[0], (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(hole[0], 0), 0);
	ck_assert_int_eq(getsockname(hole[0], (struct sockaddr *)&a, &len), 0);
	for (int i = 1; i < 3; i++) {
		hole[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(hole[i], (struct sockaddr *)&a, sizeof(a));
	}
	return ntohs(a.sin_port);
}

/* --- the server ------------------------------------------------------------------------------- */

static void answer_punch(struct fake_link *l)
{
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__PunchHoleResponse p = RDV__PUNCH_HOLE_RESPONSE__INIT;
	uint8_t addr[HWS_ADDR_WIRE_MAX];
	struct sockaddr_storage a;

	ck_assert_int_eq(hws_addr_parse("127.0.0.1", host_port, &a), HWS_OK);
	p.socket_addr.data = addr;
	p.socket_addr.len = hws_addr_encode(&a, 7, addr);
	p.relay_server = relay_text;
	p.union_case = RDV__PUNCH_HOLE_RESPONSE__UNION_NAT_TYPE;
	p.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_RESPONSE;
	out.punch_hole_response = &p;
	fake_send(l, &out);
}

static void on_message(struct fake_link *l, const Rdv__RendezvousMessage *m)
{
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RelayResponse p = RDV__RELAY_RESPONSE__INIT;

	if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_REQUEST) {
		answer_punch(l);
		return;
	}
	ck_assert_int_eq(m->union_case, RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY);
	relay_requests++;
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

static void begin(void)
{
	const struct hws_reach_conf conf = {
		.id = "123456789", .server = server_text, .key = "", .version = "1.4.9"
	};
	struct hws_error err;

	ck_assert_msg(hws_reach_start(loop, work, &conf, on_reached, &reach, &err) == HWS_OK, "%s",
			err.text);
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

static void set_up(void)
{
	ck_assert_int_eq(hws_loop_new(&loop), 0);
	ck_assert_int_eq(hws_work_new(1, 16, &work), 0);
	fake_start(&fake, loop, test_free_ports(1));
	fake.on_message = on_message;
	open_place(&host);
	open_place(&relay);
	host_port = host.port;
	snprintf(server_text, sizeof(server_text), "127.0.0.1:%u", fake.port);
	snprintf(relay_text, sizeof(relay_text), "127.0.0.1:%u", relay.port);
}

static void tear_down(void)
{
	hws_reach_free(reach);
	hws_stream_close(stream);
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
	ck_assert_uint_eq(relay_requests, 0);
	ck_assert_int_eq(verdict.why, HWS_INDIRECT_NO);
	ck_assert_uint_eq(verdict.count, 1);
}
END_TEST

START_TEST(a_black_hole_does_not_hold_the_relay_back)
{
	const struct hws_verdict_try *t = verdict.tries;

	host_port = open_black_hole();
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
	UNTIL(offers == 1);
	ck_assert_str_eq(path, "punched");
	ck_assert_uint_eq(relay_requests, 0);
	ck_assert(reject(HWS_ERR_CRYPTO));
	UNTIL(offers == 2);
	ck_assert_str_eq(path, "relay");
	take();
	ck_assert_int_eq(verdict.why, HWS_INDIRECT_BROKEN);
	ck_assert_int_eq(verdict.chosen, HWS_PATH_RELAY);
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
	ck_assert_int_eq(hws_reach_verdict(reach)->why, HWS_INDIRECT_FAILED);
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

	host_port = open_black_hole();
	if (_i == 0) {
		hws_listener_free(relay.listener);
		relay.listener = NULL;
	}
	refuses = _i == 1;
	begin();
	UNTIL(fails);
	ck_assert_uint_eq(offers, 0);
	ck_assert_ptr_nonnull(strstr(text, reasons[_i]));
	ck_assert_int_eq(verdict.why, HWS_INDIRECT_FAILED);
	ck_assert_int_lt(failure, 0);
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
					when_all_are_rejected_nothing_more_comes,
					a_beaten_way_is_kept_until_one_is_taken,
					a_host_that_was_asked_to_the_relay_is_let_go,
					a_relay_that_refuses_ends_no_direct_way,
					a_refused_direct_way_does_not_hold_the_relay_back));

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, when_nothing_is_left_the_reason_is_told, 0, 2);
	return test_suite_run(s);
}
