/* A link as a session has it (handshake, records, channels) over every transport and every bad
 * line: both ends agree on keys, and what is sent on a channel arrives whole, in order and once,
 * whatever is lost, late, doubled or cut into pieces below. */
#include "proto/session.pb-c.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/crypto/crypto.h"
#include "shared/net/kcp.h"
#include "tests/support/handshake.h"
#include "tests/support/impair.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <sys/socket.h>
#include <unistd.h>

#define ID "123456789"
#define LIMIT (90 * HWS_US_PER_S)
#define MESSAGES 60u
#define HEAD 5u /* channel and number */
#define LARGEST 20000u

struct side {
	struct hws_conn *conn;
	struct hws_secure secure;
	unsigned sent, got, next[HWS_CHANNEL_COUNT], number[HWS_CHANNEL_COUNT];
	bool ready, closed;
	int why;
};

static struct hws_loop *loop;
static struct hws_identity server, key;
static struct side host, viewer;
static struct impair line;
static uint64_t random_state;
static bool plain; /* by UDP without our extensions */

static uint32_t draw(uint32_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % below;
}

static uint8_t byte_of(enum hws_channel channel, uint32_t number, size_t i)
{
	return (uint8_t)(channel * 41 + number * 13 + i * 7 + i / 251);
}

/* --- what arrives ----------------------------------------------------------------------------- */

static void check_message(struct side *s, struct hws_bytes m)
{
	uint32_t number;
	size_t wrong = 0;

	ck_assert_uint_ge(m.len, HEAD);
	ck_assert_uint_lt(m.ptr[0], HWS_CHANNEL_COUNT);
	memcpy(&number, m.ptr + 1, sizeof(number));
	ck_assert_uint_eq(number, s->next[m.ptr[0]]++);
	for (size_t i = HEAD; i < m.len; i++)
		wrong += m.ptr[i] != byte_of((enum hws_channel)m.ptr[0], number, i);
	ck_assert_uint_eq(wrong, 0);
	s->got++;
}

/* By UDP every datagram has a tag from then on, as in a session. */
static void settle(struct side *s)
{
	const uint8_t *binding = hws_secure_binding(&s->secure);

	s->ready = true;
	if (binding && hws_stream_is_kcp(hws_conn_stream(s->conn)))
		ck_assert_int_eq(hws_stream_kcp_authenticate(hws_conn_stream(s->conn), binding),
				plain ? HWS_ERR_UNSUPPORTED : HWS_OK);
}

static void on_frame(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	struct side *s = arg;

	if (s->ready) {
		check_message(s, payload);
		return;
	}
	ck_assert_int_eq(hws_secure_frame(&s->secure, payload), HWS_OK);
	ck_assert_int_eq(handshake_step(&s->secure, c, NULL), HWS_OK);
	ck_assert_msg(hws_secure_state(&s->secure) != HWS_SECURE_FAILED, "%s",
			hws_secure_text(&s->secure));
	if (hws_secure_state(&s->secure) == HWS_SECURE_DONE)
		settle(s);
}

static void on_close(struct hws_conn *c, int why, void *arg)
{
	struct side *s = arg;

	(void)c;
	s->closed = true;
	s->why = why;
	s->conn = NULL;
}

/* --- two ends --------------------------------------------------------------------------------- */

static void open_side(struct side *s, struct hws_stream *stream)
{
	const struct hws_conn_conf conf = { .frame_max = 1 << 20,
		.send_max = 4 << 20,
		.send_high = 256 << 10,
		.on_frame = on_frame,
		.on_close = on_close,
		.arg = s };

	ck_assert_int_eq(hws_conn_new(loop, stream, &conf, hws_bytes(NULL, 0), &s->conn), HWS_OK);
	ck_assert_int_eq(handshake_step(&s->secure, s->conn, NULL), HWS_OK);
}

static void begin_handshakes(bool v2)
{
	static uint8_t statement[256];
	const struct hws_secure_host_conf host_conf = { 0 };
	struct hws_secure_client_conf viewer_conf = { .id = ID, .server_pk = server.pk };
	Ses__IdPk m = SES__ID_PK__INIT;
	uint8_t raw[128];
	size_t len;

	m.id = (char *)ID;
	m.pk = (ProtobufCBinaryData){ HWS_PK_LEN, key.pk };
	len = ses__id_pk__pack(&m, raw);
	hws_identity_sign_attached(&server, hws_bytes(raw, len), statement);
	viewer_conf.statement = hws_bytes(statement, len + HWS_SIG_LEN);
	hws_secure_host_init(&host.secure, &host_conf);
	ck_assert_int_eq(handshake_sign(&host.secure, &key, ID, v2), HWS_OK);
	ck_assert_int_eq(hws_secure_client_init(&viewer.secure, &viewer_conf), HWS_OK);
}

static void send_one(struct side *s)
{
	static uint8_t buf[LARGEST];
	const enum hws_channel channel = (enum hws_channel)draw(HWS_CHANNEL_LAST);
	const size_t len = HEAD + (draw(4) ? draw(600) : draw(LARGEST - HEAD));
	const uint32_t number = s->number[channel];

	buf[0] = (uint8_t)channel;
	memcpy(buf + 1, &number, sizeof(number));
	for (size_t i = HEAD; i < len; i++)
		buf[i] = byte_of(channel, number, i);
	if (hws_conn_congested(s->conn, hws_channel_class(channel)) ||
			hws_conn_send_on(s->conn, channel, hws_bytes(buf, len)) != HWS_OK)
		return;
	s->number[channel]++;
	s->sent++;
}

static void exchange(void)
{
	struct side *const both[2] = { &host, &viewer };
	const uint64_t until = hws_clock_us() + LIMIT;

	while (host.got < MESSAGES || viewer.got < MESSAGES) {
		ck_assert_msg(hws_clock_us() < until, "stuck: %u and %u messages", host.got,
				viewer.got);
		for (int i = 0; i < 2; i++) {
			ck_assert_msg(!both[i]->closed, "closed: %s", hws_err_text(both[i]->why));
			for (int k = 0; k < 4 && both[i]->ready && both[i]->sent < MESSAGES; k++)
				send_one(both[i]);
		}
		hws_loop_once(loop, 10000);
	}
	ck_assert_uint_eq(host.got, MESSAGES);
	ck_assert_uint_eq(viewer.got, MESSAGES);
}

/* An end that is announced arrives behind everything, and is no cut line. */
static void end(bool v2)
{
	const uint64_t until = hws_clock_us() + LIMIT;

	ck_assert_int_eq(hws_secure_level(&viewer.secure), v2 ? HWS_LEVEL_V2 : HWS_LEVEL_V1);
	hws_conn_close_flushed(host.conn, 10 * HWS_US_PER_S);
	while (!viewer.closed && hws_clock_us() < until)
		hws_loop_once(loop, 10000);
	ck_assert(viewer.closed);
	ck_assert_int_eq(viewer.why, HWS_ERR_EOF);
	while ((!host.closed || hws_kcp_lingering(loop) > 0) && hws_clock_us() < until)
		hws_loop_once(loop, 10000);
}

static void run(struct hws_stream *at_host, struct hws_stream *at_viewer, bool v2)
{
	begin_handshakes(v2);
	open_side(&host, at_host);
	open_side(&viewer, at_viewer);
	exchange();
	end(v2);
}

/* --- transports ------------------------------------------------------------------------------- */

static int udp(uint16_t *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	ck_assert_int_eq(hws_kcp_prepare_socket(fd), HWS_OK);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void point(int fd, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
}

static const struct impair_conf lines[] = {
	{ .seed = 11, .delay_us = 3000 },
	{ .seed = 12, .delay_us = 10000, .loss = 100 },
	{ .seed = 13, .delay_us = 3000, .jitter_us = 20000 },
	{ .seed = 14, .delay_us = 3000, .duplicate = 300 },
	{ .seed = 15, .delay_us = 5000, .rate = 500000, .queue = 20000 },
	{ .seed = 16, .delay_us = 3000, .mtu = 1252 },
	{ .seed = 17, .delay_us = 10000, .jitter_us = 10000, .loss = 150, .duplicate = 100 },
};

static void over_udp(const struct impair_conf *conf, bool v2)
{
	const struct hws_kcp_conf kcp = { .plain = plain };
	struct hws_stream *at_host, *at_viewer;
	uint16_t port, none;
	int h = udp(&port), v = udp(&none);

	port = impair_udp(&line, port, conf);
	ck_assert_uint_ne(port, 0);
	point(v, port);
	point(h, line.far_port);
	ck_assert_int_eq(hws_stream_kcp_accept(loop, h, NULL, &at_host), HWS_OK);
	ck_assert_int_eq(hws_stream_kcp_connect(loop, v, &kcp, &at_viewer), HWS_OK);
	run(at_host, at_viewer, v2);
}

/* The handshake of two of ours and the deployed one; the same by UDP without our extensions. */
START_TEST(all_arrives_by_udp)
{
	/* each line with all that is ours, and with one of the others */
	const unsigned kind = _i % 2 ? 1 + (unsigned)_i / 2 % 2 : 0;

	random_state = (uint64_t)_i + 1;
	plain = kind == 2;
	over_udp(&lines[_i / 2], kind != 1);
}
END_TEST

static const struct hws_mem_conf pipes[] = { { 0 }, { .pipe_max = 7 }, { .read_max = 1 },
	{ .write_max = 3 }, { .pipe_max = 1000, .read_max = 333, .write_max = 100 } };

START_TEST(all_arrives_in_memory)
{
	struct hws_stream *at_host, *at_viewer;

	random_state = (uint64_t)_i + 100;
	ck_assert_int_eq(hws_stream_mem_pair(loop, &pipes[_i / 2], &at_host, &at_viewer), HWS_OK);
	run(at_host, at_viewer, _i % 2 == 0);
}
END_TEST

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	hws_identity_generate(true, &server);
	hws_identity_generate(false, &key);
}

static void tear_down(void)
{
	hws_conn_close(host.conn, HWS_OK);
	hws_conn_close(viewer.conn, HWS_OK);
	hws_loop_once(loop, 1000);
	impair_stop(&line);
	hws_loop_free(loop);
}

int main(void)
{
	Suite *s = suite_create("net/session_line");
	TCase *t = test_case(s, "line", 120, TESTS_NONE);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, all_arrives_in_memory, 0, 2 * (int)HWS_COUNT(pipes));
	tcase_add_loop_test(t, all_arrives_by_udp, 0, 2 * (int)HWS_COUNT(lines));
	return test_suite_run(s);
}
