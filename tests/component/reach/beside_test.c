/* What is looked for while a session stands: only something better than the relay that carries it,
 * and a host that may be about to appear elsewhere. Server, relay and host are on the test's own
 * loop. */
#include "client/reach/reach.h"
#include "shared/net/addr.h"
#include "shared/wire/addr_codec.h"
#include "tests/component/reach/fake.h"
#include "tests/component/reach/place.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

static struct hws_loop *loop;
static struct hws_work *work;
static struct fake fake;
static struct place host, relay;
static struct hws_reach *reach;
static struct hws_stream *stream;
static struct hws_verdict verdict;
static char server_text[32], relay_text[32];
static unsigned requests, relay_requests, offers, fails;
static enum {
	ANSWERS,
	ABSENT,   /* does not answer */
	CLOSED,   /* answers, but nobody listens at its address */
	AT_RELAY, /* goes to the relay by itself */
} behaviour;

#define UNTIL(cond)                                                                                \
	do {                                                                                       \
		uint64_t end_ms = test_now_ms() + 60000;                                           \
		while (!(cond)) {                                                                  \
			ck_assert_msg(test_now_ms() < end_ms, "never: %s", #cond);                 \
			hws_loop_once(loop, 10000);                                                \
		}                                                                                  \
	} while (0)

static void answer(struct fake_link *l)
{
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__PunchHoleResponse p = RDV__PUNCH_HOLE_RESPONSE__INIT;
	uint8_t addr[HWS_ADDR_WIRE_MAX];
	struct sockaddr_storage a;

	ck_assert_int_eq(hws_addr_parse("127.0.0.1", behaviour == CLOSED ? 1 : host.port, &a),
			HWS_OK);
	p.socket_addr.data = addr;
	p.socket_addr.len = hws_addr_encode(&a, 7, addr);
	p.relay_server = relay_text;
	p.union_case = RDV__PUNCH_HOLE_RESPONSE__UNION_NAT_TYPE;
	p.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_RESPONSE;
	out.punch_hole_response = &p;
	fake_send(l, &out);
}

static void answer_by_relay(struct fake_link *l)
{
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RelayResponse p = RDV__RELAY_RESPONSE__INIT;

	p.uuid = (char *)"00000000-0000-4000-8000-000000000001";
	p.relay_server = relay_text;
	p.relay_reason = 4; /* its settings */
	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE;
	out.relay_response = &p;
	fake_send(l, &out);
}

static void on_message(struct fake_link *l, const Rdv__RendezvousMessage *m)
{
	if (m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_REQUEST) {
		relay_requests++;
		return;
	}
	requests++;
	if (behaviour == AT_RELAY)
		answer_by_relay(l);
	else if (behaviour != ABSENT)
		answer(l);
}

static void on_reached(int r, const struct hws_reached *how, void *arg HWS_UNUSED)
{
	verdict = *how->verdict;
	if (r < 0) {
		fails++;
		return;
	}
	offers++;
	stream = how->stream;
	ck_assert_str_eq(how->path, "punched");
}

static void begin(bool only_direct, bool eager)
{
	const struct hws_reach_conf conf = { .id = "123456789",
		.server = server_text,
		.key = "",
		.version = "1.4.9",
		.only_direct = only_direct,
		.eager = eager,
		.no_udp = true };
	struct hws_error err;

	ck_assert_msg(hws_reach_start(loop, work, &conf, on_reached, &reach, &err) == HWS_OK, "%s",
			err.text);
}

static void set_up(void)
{
	ck_assert_int_eq(hws_loop_new(&loop), 0);
	ck_assert_int_eq(hws_work_new(1, 16, &work), 0);
	fake_start(&fake, loop, test_free_ports(1));
	fake.on_message = on_message;
	host.speaks = relay.speaks = true;
	open_place(&host, loop);
	open_place(&relay, loop);
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
		hws_loop_once(loop, 1000);
	hws_work_free(work);
	hws_loop_free(loop);
}

START_TEST(a_direct_way_is_found)
{
	begin(true, false);
	UNTIL(offers || fails);
	ck_assert_uint_eq(offers, 1);
	hws_reach_take(reach);
	ck_assert_int_eq(hws_reach_verdict(reach)->why, HWS_INDIRECT_NO);
}
END_TEST

START_TEST(the_relay_is_left_alone_and_it_is_told_why)
{
	behaviour = CLOSED;
	begin(true, false);
	UNTIL(offers || fails);
	ck_assert_uint_eq(fails, 1);
	ck_assert_uint_eq(relay_requests, 0);
	ck_assert_uint_eq(relay.count, 0);
	ck_assert_int_eq(verdict.chosen, HWS_PATH_RELAY);
	ck_assert(verdict.why == HWS_INDIRECT_REFUSED || verdict.why == HWS_INDIRECT_SILENT);
}
END_TEST

START_TEST(a_host_that_went_to_the_relay_is_let_go)
{
	behaviour = AT_RELAY;
	begin(true, false);
	UNTIL(offers || fails);
	ck_assert_uint_eq(fails, 1);
	ck_assert_int_eq(verdict.why, HWS_INDIRECT_HOST_POLICY);
	ck_assert_uint_eq(relay.count, 1);
	UNTIL(relay.ended == 1);
}
END_TEST

START_TEST(a_host_that_moves_is_asked_again)
{
	behaviour = ABSENT;
	begin(false, true);
	UNTIL(requests == 2);
	behaviour = ANSWERS;
	UNTIL(offers || fails);
	ck_assert_uint_eq(offers, 1);
	hws_reach_take(reach);
	ck_assert_uint_eq(requests, 3);
}
END_TEST

int main(void)
{
	return test_main("client/reach/beside", 90, set_up, tear_down,
			TESTS(a_direct_way_is_found, the_relay_is_left_alone_and_it_is_told_why,
					a_host_that_went_to_the_relay_is_let_go,
					a_host_that_moves_is_asked_again));
}
