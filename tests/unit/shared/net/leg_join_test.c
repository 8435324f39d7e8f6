/* shared/net/leg_join over each kind of connection that can be a leg: in memory, a WebSocket, KCP
 * with its tags. What was under way before goes on over it, and nothing else gets in. */
#include "shared/base/clock.h"
#include "shared/crypto/crypto.h"
#include "shared/net/kcp.h"
#include "shared/net/leg_join.h"
#include "shared/wire/envelope.h"
#include "tests/support/handshake.h"
#include "tests/support/suite.h"
#include "tests/unit/shared/net/ends.h"
#include <arpa/inet.h>
#include <check.h>
#include <string.h>
#include <sys/socket.h>

#define LIMIT_US (60 * HWS_US_PER_S)

enum { MEMORY, WEBSOCKET, KCP, KINDS };

static const uint8_t one[32] = { 1 }, two[32] = { 2 };
static struct end viewer, host;
static struct hws_legs *legs_v, *legs_h;
static struct hws_identity key;
static int done_v, done_h; /* 1 = not yet */
static uint8_t tags_v[HWS_DIGEST_LEN], tags_h[HWS_DIGEST_LEN];
static struct hws_leg_join_conf conf;
static struct hws_conn *gate; /* reads JoinLeg, as the gate of a new connection does */
static struct hws_leg_join *join_h;
static unsigned lost;

static void on_event(struct hws_legs *l HWS_UNUSED, enum hws_legs_event event,
		uint32_t number HWS_UNUSED, void *arg HWS_UNUSED)
{
	lost += event == HWS_LEGS_LOST;
}

static void open_session(void)
{
	const struct hws_legs_conf lc = {
		.away_us = LIMIT_US, .ended_us = LIMIT_US, .on_event = on_event
	};
	struct hws_stream *a, *b;

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	set_up();
	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &a, &b), 0);
	open_end(&viewer, a);
	open_end(&host, b);
	hws_conn_set_v2_keys(viewer.conn, one, two);
	hws_conn_set_v2_keys(host.conn, two, one);
	ck_assert_int_eq(hws_legs_begin(viewer.conn, &lc, &legs_v), 0);
	ck_assert_int_eq(hws_legs_begin(host.conn, &lc, &legs_h), 0);
	hws_identity_from_seed(one, &key);
	done_v = done_h = 1;
	lost = 0;
	gate = NULL;
	join_h = NULL;
	conf = (struct hws_leg_join_conf){ .loop = loop,
		.session = { 4 },
		.key_secret = { 5 },
		.number = 1,
		.host_pk = key.pk,
		.id = "123" };
}

static void close_session(void)
{
	finish_ends(&viewer, &host);
	hws_loop_once(loop, 0);
	tear_down();
}

static void udp_pair(int fd[2])
{
	struct sockaddr_in a[2] = { { .sin_family = AF_INET }, { .sin_family = AF_INET } };
	socklen_t len = sizeof(a[0]);

	for (int i = 0; i < 2; i++) {
		fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		a[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		ck_assert_int_eq(bind(fd[i], (struct sockaddr *)&a[i], len), 0);
		ck_assert_int_eq(getsockname(fd[i], (struct sockaddr *)&a[i], &len), 0);
	}
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(connect(fd[i], (struct sockaddr *)&a[!i], len), 0);
}

/* The viewer's end, the host's. */
static void connection(int kind, struct hws_stream *s[2])
{
	struct hws_ws_conf ws = { .host = "host", .path = "/", .frame_max = 1u << 20 };
	struct hws_stream *lower[2];
	int fd[2];

	if (kind == KCP) {
		udp_pair(fd);
		ck_assert_int_eq(hws_stream_kcp_connect(loop, fd[0], NULL, &s[0]), 0);
		ck_assert_int_eq(hws_stream_kcp_accept(loop, fd[1], NULL, &s[1]), 0);
		return;
	}
	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &lower[0], &lower[1]), 0);
	for (int i = 0; i < 2; i++) {
		ws.server = i;
		s[i] = lower[i];
		if (kind == WEBSOCKET)
			ck_assert_int_eq(hws_stream_ws_new(loop, lower[i], &ws, hws_bytes(NULL, 0),
							 &s[i]),
					0);
	}
}

static void on_viewer(int r, const uint8_t *tag_secret, void *arg HWS_UNUSED)
{
	done_v = r;
	if (tag_secret)
		memcpy(tags_v, tag_secret, sizeof(tags_v));
}

static void on_host(int r, const uint8_t *tag_secret, void *arg HWS_UNUSED)
{
	done_h = r;
	join_h = NULL;
	if (tag_secret)
		memcpy(tags_h, tag_secret, sizeof(tags_h));
}

static void on_join(struct hws_conn *c, struct hws_bytes frame, void *arg HWS_UNUSED)
{
	struct hws_leg_join_conf hc = conf;
	struct hws_leg_terms t;
	struct hws_stream *s;
	struct hws_buf rest;

	ck_assert_int_eq(hws_leg_join_read(frame, &t), HWS_OK);
	hws_buf_init(&rest, 1024);
	ck_assert_int_eq(hws_conn_detach(c, &s, &rest), HWS_OK);
	ck_assert_uint_eq(hws_buf_len(&rest), 0);
	gate = NULL;
	memcpy(hc.nonce_v, t.nonce_v, sizeof(hc.nonce_v));
	hc.number = t.number;
	hc.legs = legs_h;
	hc.done = on_host;
	ck_assert_int_eq(hws_leg_join_host(&hc, s, &join_h), HWS_OK);
}

static void on_gate_closed(struct hws_conn *c HWS_UNUSED, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	gate = NULL;
}

/* What a gate says first, of a host with this key. */
static void greet(struct hws_stream *s, const struct hws_identity *with)
{
	const struct hws_conn_conf cc = {
		.frame_max = 4096, .on_frame = on_join, .on_close = on_gate_closed
	};
	struct hws_secure secure;
	struct hws_bytes word;

	hws_secure_host_init(&secure, &(struct hws_secure_host_conf){ 0 });
	ck_assert_int_eq(handshake_sign(&secure, with, "123", true), HWS_OK);
	ck_assert(hws_secure_take_output(&secure, &word));
	ck_assert_int_eq(hws_conn_new(loop, s, &cc, hws_bytes(NULL, 0), &gate), HWS_OK);
	ck_assert_int_eq(hws_conn_send(gate, word), HWS_OK);
	hws_secure_wipe(&secure);
}

static void join(int kind, const struct hws_identity *with)
{
	struct hws_leg_join_conf vc = conf;
	struct hws_leg_join *j;
	struct hws_stream *s[2];
	uint64_t end_us = hws_clock_us() + LIMIT_US;

	connection(kind, s);
	greet(s[1], with);
	vc.legs = legs_v;
	vc.done = on_viewer;
	ck_assert_int_eq(hws_leg_join_viewer(&vc, s[0], hws_bytes(NULL, 0), &j), HWS_OK);
	while (done_v == 1 && hws_clock_us() < end_us)
		hws_loop_once(loop, 1000);
}

static void until_host_is_done(void)
{
	uint64_t end_us = hws_clock_us() + LIMIT_US;

	while (done_h == 1 && hws_clock_us() < end_us)
		hws_loop_once(loop, 1000);
}

START_TEST(a_connection_of_each_kind_becomes_a_leg)
{
	struct hws_kcp_info info = { 0 };

	join(_i, &key);
	ck_assert_int_eq(done_v, HWS_OK);
	until_host_is_done();
	ck_assert_int_eq(done_h, HWS_OK);
	ck_assert_mem_eq(tags_v, tags_h, sizeof(tags_v));
	exchange(&viewer, &host);
	ck_assert_uint_eq(hws_legs_number(legs_v), 1);
	ck_assert_uint_eq(hws_legs_number(legs_h), 1);
	for (int i = 0; i < 6000 && lost < 2; i++)
		hws_loop_once(loop, 1000);
	ck_assert_uint_eq(lost, 2); /* the first line, at both ends */
	if (_i == KCP) {
		hws_stream_kcp_info(hws_legs_current(legs_v), &info);
		ck_assert(info.authenticated);
	}
}
END_TEST

START_TEST(another_host_and_another_key_do_not_join)
{
	struct hws_identity other;

	hws_identity_from_seed(two, &other);
	join(MEMORY, &other);
	ck_assert_int_eq(done_v, HWS_ERR_KEY);
	hws_conn_close(gate, HWS_OK);
	done_v = 1;
	conf.id = "124"; /* the same key, another id */
	join(MEMORY, &key);
	ck_assert_int_eq(done_v, HWS_ERR_KEY);
	hws_conn_close(gate, HWS_OK);
	conf.id = "";
	done_v = 1;
	exchange(&viewer, &host);
	ck_assert_uint_eq(hws_legs_number(legs_v), 0);
}
END_TEST

START_TEST(a_join_can_be_given_up)
{
	struct hws_leg_join_conf vc = conf;
	struct hws_leg_join *j;
	struct hws_stream *s[2];

	for (unsigned turns = 0; turns < 8; turns++) {
		connection(MEMORY, s);
		greet(s[1], &key);
		vc.legs = legs_v;
		vc.done = on_viewer;
		ck_assert_int_eq(hws_leg_join_viewer(&vc, s[0], hws_bytes(NULL, 0), &j), HWS_OK);
		for (unsigned i = 0; i < turns && done_v == 1; i++)
			hws_loop_once(loop, 100);
		if (done_v != 1)
			break;
		hws_leg_join_cancel(j);
		hws_leg_join_cancel(join_h);
		join_h = NULL;
		hws_conn_close(gate, HWS_OK);
		hws_loop_once(loop, 100);
	}
	exchange(&viewer, &host);
}
END_TEST

/* Nobody answers: it is over in its time, and so is the word of who only listens. */
START_TEST(silence_has_its_time)
{
	struct hws_leg_join_conf vc = conf;
	struct hws_leg_join *j;
	struct hws_stream *s[2];
	uint64_t end_us = hws_clock_us() + LIMIT_US;

	connection(MEMORY, s);
	vc.timeout_us = 20000;
	vc.legs = legs_v;
	vc.done = on_viewer;
	ck_assert_int_eq(hws_leg_join_viewer(&vc, s[0], hws_bytes(NULL, 0), &j), HWS_OK);
	vc.legs = legs_h;
	vc.done = on_host;
	ck_assert_int_eq(hws_leg_join_host(&vc, s[1], &join_h), HWS_OK);
	while ((done_v == 1 || done_h == 1) && hws_clock_us() < end_us)
		hws_loop_once(loop, 1000);
	/* a challenge is no host's first word */
	ck_assert_int_eq(done_v, HWS_ERR_PROTO);
	ck_assert_int_lt(done_h, 0);
	exchange(&viewer, &host);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/leg_join");
	TCase *tc = test_case(s, "all", 90,
			TESTS(another_host_and_another_key_do_not_join, a_join_can_be_given_up,
					silence_has_its_time));

	tcase_add_checked_fixture(tc, open_session, close_session);
	tcase_add_loop_test(tc, a_connection_of_each_kind_becomes_a_leg, 0, KINDS);
	return test_suite_run(s);
}
