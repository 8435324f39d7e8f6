/* Tunnels of deployed viewers at the real hawser-host, its gate and its connector: the login waits
 * for the target, what comes after it is raw, and what the owner's list does not name is refused in
 * words. */
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/password.h"
#include "shared/wire/envelope.h"
#include "shared/wire/frame.h"
#include "tests/component/host/host.h"
#include "tests/component/host/viewer.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BULK (3u << 20)

static struct test_host host;
static struct test_viewer v;
static int target = -1, conn = -1;
static uint16_t port;

static void listen_at_target(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	target = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(target, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(target, 16), 0);
	ck_assert_int_eq(getsockname(target, (struct sockaddr *)&a, &len), 0);
	port = ntohs(a.sin_port);
}

static void setup(void)
{
	char list[80];

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&v, 0, sizeof(v));
	conn = -1;
	listen_at_target();
	ck_assert_int_eq(hws_fmt(list, sizeof(list), "localhost:%u,localhost:1", port), HWS_OK);
	const char *extra[] = { "--backend", "headless:160x120@5", "--tunnel-targets", list, NULL };
	host_start(&host, extra);
}

static void teardown(void)
{
	viewer_close(&v);
	close(target);
	if (conn >= 0)
		close(conn);
	host_stop(&host);
}

static void send_login(const char *to, int to_port)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__LoginRequest lr = SES__LOGIN_REQUEST__INIT;
	Ses__PortForward f = SES__PORT_FORWARD__INIT;
	uint8_t h1[HWS_H1_LEN], proof[HWS_PROOF_LEN];

	hws_password_h1(hws_bytes_str(host_password(&host)), v.salt, h1);
	hws_password_proof(h1, v.challenge, proof);
	lr.username = (char *)"127.0.0.1";
	lr.my_id = (char *)"987654321";
	lr.my_name = (char *)"Tester";
	lr.my_platform = (char *)"Linux";
	lr.version = (char *)"1.4.9";
	lr.session_id = v.session_id;
	lr.password = (ProtobufCBinaryData){ sizeof(proof), proof };
	f.host = (char *)(uintptr_t)to;
	f.port = to_port;
	lr.union_case = SES__LOGIN_REQUEST__UNION_PORT_FORWARD;
	lr.port_forward = &f;
	m.union_case = SES__MESSAGE__UNION_LOGIN_REQUEST;
	m.login_request = &lr;
	viewer_send(&v, &m);
}

static const char *enter(const char *to, int to_port)
{
	viewer_connect(&v, host.port);
	viewer_hash(&v);
	send_login(to, to_port);
	return viewer_answer(&v);
}

/* The next message, probes too: they are not answered. */
static Ses__Message *next_frame(void)
{
	struct pollfd p = { v.fd, POLLIN, 0 };
	Ses__Message *m = NULL;
	struct hws_bytes frame;
	size_t used;

	while (hws_frame_next(hws_buf_bytes(&v.in), 1u << 20, &frame, &used) != HWS_OK) {
		uint8_t *room = hws_buf_reserve(&v.in, 4096);

		ck_assert_int_gt(poll(&p, 1, TEST_PATIENCE_MS), 0);
		ssize_t n = recv(v.fd, room, 4096, 0);
		ck_assert_int_gt(n, 0);
		hws_buf_commit(&v.in, (size_t)n);
	}
	ck_assert_int_eq(hws_ses_unpack(frame, &m), HWS_OK);
	hws_buf_consume(&v.in, used);
	return m;
}

static void send_probe(int64_t number, bool mine)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__TestDelay d = SES__TEST_DELAY__INIT;

	d.time = number;
	d.from_client = mine;
	m.union_case = SES__MESSAGE__UNION_TEST_DELAY;
	m.test_delay = &d;
	viewer_send(&v, &m);
}

/* `len` bytes, or less at the end. */
static size_t get(int fd, uint8_t *to, size_t len)
{
	struct pollfd p = { fd, POLLIN, 0 };
	size_t got = 0;

	while (got < len) {
		ck_assert_msg(poll(&p, 1, TEST_PATIENCE_MS) > 0, "nothing comes after %zu", got);
		ssize_t n = recv(fd, to + got, len - got, 0);

		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

static size_t viewer_get(uint8_t *to, size_t len)
{
	struct hws_bytes had = hws_buf_bytes(&v.in);
	size_t n = HWS_MIN(had.len, len);

	if (n)
		memcpy(to, had.ptr, n);
	hws_buf_consume(&v.in, n);
	return n + (n < len ? get(v.fd, to + n, len - n) : 0);
}

static void put(int fd, const void *what, size_t len)
{
	const uint8_t *at = what;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		ck_assert_int_gt(n, 0);
		at += n;
		len -= (size_t)n;
	}
}

static void accept_it(void)
{
	struct pollfd p = { target, POLLIN, 0 };

	ck_assert_int_gt(poll(&p, 1, TEST_PATIENCE_MS), 0);
	conn = accept(target, NULL, NULL);
	ck_assert_int_ge(conn, 0);
}

START_TEST(after_the_login_the_line_is_raw)
{
	uint8_t *out = malloc(BULK), *in = malloc(BULK);

	ck_assert_str_eq(enter("localhost", port), "");
	accept_it();
	/* long enough for a probe, which would stand before these bytes */
	usleep(2500000);
	put(conn, "SSH-2.0-test\r\n", 14);
	ck_assert_uint_eq(viewer_get(in, 14), 14);
	ck_assert(memcmp(in, "SSH-2.0-test\r\n", 14) == 0);
	for (size_t i = 0; i < BULK; i++)
		out[i] = (uint8_t)(i * 7 + i / 253);
	pid_t pid = fork(); /* so that nothing waits for the one who reads */
	if (pid == 0) {
		put(v.fd, out, BULK);
		_exit(0);
	}
	ck_assert_uint_eq(get(conn, in, BULK), BULK);
	ck_assert(memcmp(in, out, BULK) == 0);
	pid = fork();
	if (pid == 0) {
		put(conn, out, BULK);
		_exit(0);
	}
	ck_assert_uint_eq(viewer_get(in, BULK), BULK);
	ck_assert(memcmp(in, out, BULK) == 0);
	host_until(&host, 1, "open");
	viewer_close(&v);
	ck_assert_uint_eq(get(conn, in, 1), 0);
	close(conn);
	conn = -1;
	host_until(&host, 0, "open");
	free(out);
	free(in);
}
END_TEST

START_TEST(the_answer_comes_after_the_end_of_the_question)
{
	uint8_t in[100];

	ck_assert_str_eq(enter("", port), ""); /* no host: this one */
	accept_it();
	put(v.fd, "question", 8);
	shutdown(v.fd, SHUT_WR);
	ck_assert_uint_eq(get(conn, in, sizeof(in)), 8); /* and its end */
	put(conn, "answer", 6);
	close(conn);
	conn = -1;
	ck_assert_uint_eq(viewer_get(in, sizeof(in)), 6);
	ck_assert(memcmp(in, "answer", 6) == 0);
}
END_TEST

/* An answer that came later would stand between the bytes of the tunnel. */
START_TEST(the_login_waits_for_the_answer_to_a_probe)
{
	bool echoed = false, let_in = false;
	int64_t probe = -1;
	Ses__Message *m;

	viewer_connect(&v, host.port);
	viewer_hash(&v);
	send_login("localhost", port);
	while (probe < 0) {
		m = next_frame();
		if (m->union_case == SES__MESSAGE__UNION_TEST_DELAY)
			probe = m->test_delay->time;
		hws_ses_free(m);
	}
	accept_it(); /* the target is connected, and nothing else is missing */
	send_probe(5, true);
	while (!echoed) {
		m = next_frame();
		ck_assert_int_ne(m->union_case, SES__MESSAGE__UNION_LOGIN_RESPONSE);
		echoed = m->union_case == SES__MESSAGE__UNION_TEST_DELAY &&
				m->test_delay->from_client;
		hws_ses_free(m);
	}
	send_probe(probe, false);
	while (!let_in) {
		m = next_frame();
		let_in = m->union_case == SES__MESSAGE__UNION_LOGIN_RESPONSE;
		hws_ses_free(m);
	}
	put(conn, "raw", 3);
	uint8_t in[3];
	ck_assert_uint_eq(viewer_get(in, 3), 3);
	ck_assert(memcmp(in, "raw", 3) == 0);
}
END_TEST

START_TEST(a_target_that_speaks_first_is_heard)
{
	uint8_t in[100];
	pid_t pid = fork();

	if (pid == 0) { /* before the login is answered */
		conn = accept(target, NULL, NULL);
		put(conn, "220 ready\r\n", 11);
		_exit(0); /* and ends */
	}
	ck_assert_str_eq(enter("127.0.0.1", port), "");
	ck_assert_uint_eq(viewer_get(in, sizeof(in)), 11);
	ck_assert(memcmp(in, "220 ready\r\n", 11) == 0);
}
END_TEST

START_TEST(what_cannot_be_reached_is_told_as_deployed_hosts_do)
{
	ck_assert_str_eq(enter("localhost", 1),
			"Failed to access remote localhost:1. Please make sure it is "
			"reachable/open.");
	ck_assert_str_eq(viewer_end(&v), "");
}
END_TEST

START_TEST(what_the_list_does_not_name_is_not_connected)
{
	struct pollfd p = { target, POLLIN, 0 };

	const char *why = enter("127.0.0.2", port);

	ck_assert_msg(strstr(why, "tunnel-targets") != NULL, "%s", why);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
}
END_TEST

int main(void)
{
	return test_main("host_tunnel", 120, setup, teardown,
			TESTS(after_the_login_the_line_is_raw,
					the_answer_comes_after_the_end_of_the_question,
					the_login_waits_for_the_answer_to_a_probe,
					a_target_that_speaks_first_is_heard,
					what_cannot_be_reached_is_told_as_deployed_hosts_do,
					what_the_list_does_not_name_is_not_connected));
}
