/* Tunnels of libhawser through a host of ours, only by the public API and local sockets. */
#include "shared/base/macros.h"
#include "shared/crypto/crypto.h"
#include "tests/component/viewer/fake_host.h"
#include "tests/component/viewer/fake_tunnel.h"
#include "tests/component/viewer/tunnels.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct fake_host h;
static struct tunnels t;

static void begin(void)
{
	fake_host_start(&h,
			&(struct fake_conf){ .password = "secret",
					.v2 = true,
					.after_login = fake_tunnel_serve });
	tunnels_open(&t, h.port, "secret", false);
}

static void finish(void)
{
	tunnels_close(&t);
	fake_host_stop(&h);
}

START_TEST(a_port_here_is_a_port_there)
{
	char back[64] = "";
	int fd;

	begin();
	fd = tunnels_connect(tunnels_add(&t, HAWSER_FORWARD_LOCAL, FAKE_PORT_ECHO));
	ck_assert_int_eq(write(fd, "over there", 10), 10);
	ck_assert_uint_eq(tunnels_read(&t, fd, back, 10), 10);
	ck_assert_str_eq(back, "over there");
	/* Half-close: the end arrives there, and comes back. */
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	ck_assert_uint_eq(tunnels_read(&t, fd, back, 1), 0);
	close(fd);
	tunnels_until(&t, HAWSER_TUNNEL_CLOSED, 1);
	ck_assert_int_eq(t.opened, 1);
	ck_assert_int_eq(t.error, HAWSER_OK);
	ck_assert_uint_eq(t.bytes_in, 10);
	ck_assert_uint_eq(t.bytes_out, 10);
	ck_assert_str_eq(t.code, "ok");
	finish();
}
END_TEST

START_TEST(an_end_of_the_other_side_does_not_stop_ours)
{
	char back[64] = "", block[4096] = { 0 };
	int fd;

	begin();
	fd = tunnels_connect(tunnels_add(&t, HAWSER_FORWARD_LOCAL, FAKE_PORT_GREET));
	ck_assert_uint_eq(tunnels_read(&t, fd, back, 5), 5);
	ck_assert_str_eq(back, "hello");
	ck_assert_uint_eq(tunnels_read(&t, fd, back, 1), 0);
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(write(fd, block, sizeof(block)), (ssize_t)sizeof(block));
	close(fd);
	tunnels_until(&t, HAWSER_TUNNEL_CLOSED, 1);
	ck_assert_int_eq(t.error, HAWSER_OK);
	ck_assert_uint_eq(t.bytes_out, 50 * sizeof(block));
	finish();
}
END_TEST

START_TEST(what_the_host_refuses_is_told_and_the_rest_lives)
{
	char back[8];
	uint16_t refused, forbidden, echo;
	int fd;

	begin();
	refused = tunnels_add(&t, HAWSER_FORWARD_LOCAL, FAKE_PORT_REFUSED);
	forbidden = tunnels_add(&t, HAWSER_FORWARD_LOCAL, FAKE_PORT_FORBIDDEN);
	echo = tunnels_add(&t, HAWSER_FORWARD_LOCAL, FAKE_PORT_ECHO);
	fd = tunnels_connect(refused);
	tunnels_until(&t, HAWSER_TUNNEL_CLOSED, 1);
	ck_assert_int_eq(t.error, HAWSER_ERR_REFUSED);
	ck_assert_str_eq(t.code, "refused");
	ck_assert_uint_eq(tunnels_read(&t, fd, back, 1), 0);
	close(fd);
	fd = tunnels_connect(forbidden);
	tunnels_until(&t, HAWSER_TUNNEL_CLOSED, 2);
	ck_assert_int_eq(t.error, HAWSER_ERR_DENIED);
	ck_assert_str_eq(t.code, "forbidden");
	ck_assert_ptr_nonnull(strstr(t.text, "does not connect"));
	close(fd);
	fd = tunnels_connect(echo);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_uint_eq(tunnels_read(&t, fd, back, 1), 1);
	close(fd);
	finish();
}
END_TEST

/* Two hundred at once, beside one that takes nothing. */
START_TEST(many_streams_do_not_wait_for_one_that_stalls)
{
	enum { MANY = 200 };
	static char block[65536];
	int fd[MANY], stalled;
	uint16_t echo;

	begin();
	echo = tunnels_add(&t, HAWSER_FORWARD_LOCAL, FAKE_PORT_ECHO);
	stalled = tunnels_connect(tunnels_add(&t, HAWSER_FORWARD_LOCAL, FAKE_PORT_STALL));
	tunnels_until(&t, HAWSER_TUNNEL_OPENED, 1);
	/* As much as it takes: then its sender is stopped, and nobody else. */
	for (ssize_t n = 0; n >= 0;) {
		struct pollfd p = { .fd = stalled, .events = POLLOUT };

		if (poll(&p, 1, 300) == 0)
			break;
		n = send(stalled, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL);
		hawser_context_wait(t.ctx, 0);
	}
	for (int i = 0; i < MANY; i++) {
		fd[i] = tunnels_connect(echo);
		memset(block, i, 1000);
		ck_assert_int_eq(write(fd[i], block, 1000), 1000);
	}
	for (int i = 0; i < MANY; i++) {
		char back[1000];

		ck_assert_uint_eq(tunnels_read(&t, fd[i], back, sizeof(back)), sizeof(back));
		memset(block, i, 1000);
		ck_assert_mem_eq(back, block, sizeof(back));
		close(fd[i]);
	}
	tunnels_until(&t, HAWSER_TUNNEL_CLOSED, MANY);
	ck_assert_int_eq(t.opened, MANY + 1);
	close(stalled);
	finish();
}
END_TEST

START_TEST(bulk_arrives_whole)
{
	enum { BLOCKS = 256 };
	static char block[65536], back[65536];
	size_t sent = 0, got = 0, total = BLOCKS * sizeof(block);
	int fd;

	begin();
	fd = tunnels_connect(tunnels_add(&t, HAWSER_FORWARD_LOCAL, FAKE_PORT_ECHO));
	while (got < total) {
		struct pollfd p = { .fd = fd,
			.events = (short)(POLLIN | (sent < total ? POLLOUT : 0)) };

		ck_assert_int_gt(poll(&p, 1, TEST_PATIENCE_MS), 0);
		if (p.revents & POLLOUT) {
			size_t at = sent % sizeof(block);
			for (size_t i = at; i < sizeof(block); i++)
				block[i] = (char)((sent - at + i) * 2654435761u >> 13);
			ssize_t n = send(fd, block + at, sizeof(block) - at,
					MSG_DONTWAIT | MSG_NOSIGNAL);
			if (n > 0)
				sent += (size_t)n;
		}
		if (p.revents & POLLIN) {
			ssize_t n = recv(fd, back, sizeof(back), MSG_DONTWAIT);
			ck_assert_int_ne(n, 0);
			size_t wrong = 0;
			for (ssize_t i = 0; i < n; i++)
				wrong += back[i] != (char)((got + (size_t)i) * 2654435761u >> 13);
			ck_assert_uint_eq(wrong, 0);
			if (n > 0)
				got += (size_t)n;
		}
		hawser_context_wait(t.ctx, 0);
	}
	close(fd);
	tunnels_until(&t, HAWSER_TUNNEL_CLOSED, 1);
	ck_assert_uint_eq(t.bytes_in, total);
	finish();
}
END_TEST

START_TEST(a_forward_survives_a_cut_line)
{
	char back[8];
	uint16_t echo, cut;
	int fd, killer;

	begin();
	echo = tunnels_add(&t, HAWSER_FORWARD_LOCAL, FAKE_PORT_ECHO);
	cut = tunnels_add(&t, HAWSER_FORWARD_LOCAL, FAKE_PORT_CUT);
	fd = tunnels_connect(echo);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_uint_eq(tunnels_read(&t, fd, back, 1), 1);
	killer = tunnels_connect(cut);
	tunnels_until(&t, HAWSER_TUNNEL_CLOSED, 2); /* both, with the line */
	ck_assert_int_eq(t.error, HAWSER_ERR_RESET);
	ck_assert_uint_eq(tunnels_read(&t, fd, back, 1), 0);
	close(fd);
	close(killer);
	/* Who comes while there is no line waits for it. */
	fd = tunnels_connect(echo);
	ck_assert_int_eq(write(fd, "y", 1), 1);
	ck_assert_uint_eq(tunnels_read(&t, fd, back, 1), 1);
	ck_assert_int_eq(back[0], 'y');
	ck_assert_int_eq(t.ready, 2);
	ck_assert_uint_eq(fake_host_connections(&h), 2);
	close(fd);
	finish();
}
END_TEST

START_TEST(socks_connects_where_the_program_says)
{
	static const uint8_t hello[] = { 5, 1, 0 };
	/* "echo.example" port 7, with the first bytes for it in the same segment */
	uint8_t request[64] = { 5, 1, 0, 3, 12 }, reply[10];
	uint16_t port;
	int fd;

	begin();
	port = tunnels_add(&t, HAWSER_FORWARD_DYNAMIC, 0);
	fd = tunnels_connect(port);
	ck_assert_int_eq(write(fd, hello, 3), 3);
	ck_assert_uint_eq(tunnels_read(&t, fd, reply, 2), 2);
	ck_assert_mem_eq(reply, "\5\0", 2);
	memcpy(request + 5, "echo.example\0\7early", 19);
	ck_assert_int_eq(write(fd, request, 5 + 19), 5 + 19);
	ck_assert_uint_eq(tunnels_read(&t, fd, reply, 10), 10);
	ck_assert_mem_eq(reply, "\5\0\0\1", 4);
	ck_assert_uint_eq(tunnels_read(&t, fd, reply, 5), 5);
	ck_assert_mem_eq(reply, "early", 5);
	ck_assert_str_eq(t.target, "echo.example:7");
	close(fd);
	/* Refused in SOCKS's words. */
	fd = tunnels_connect(port);
	ck_assert_int_eq(write(fd, hello, 3), 3);
	ck_assert_uint_eq(tunnels_read(&t, fd, reply, 2), 2);
	request[18] = FAKE_PORT_FORBIDDEN;
	ck_assert_int_eq(write(fd, request, 19), 19);
	ck_assert_uint_eq(tunnels_read(&t, fd, reply, 10), 10);
	ck_assert_mem_eq(reply, "\5\2\0\1", 4);
	ck_assert_uint_eq(tunnels_read(&t, fd, reply, 1), 0);
	close(fd);
	/* What is no SOCKS ends. */
	fd = tunnels_connect(port);
	ck_assert_int_eq(write(fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
	ck_assert_uint_eq(tunnels_read(&t, fd, reply, 1), 0);
	close(fd);
	finish();
}
END_TEST

START_TEST(socks_carries_datagrams)
{
	static const uint8_t hello[] = { 5, 1, 0 }, associate[] = { 5, 3, 0, 1, 0, 0, 0, 0, 0, 0 };
	static const uint8_t packet[] = { 0, 0, 0, 1, 192, 0, 2, 1, 0, 53, 'q' };
	struct sockaddr_in at = { .sin_family = AF_INET };
	uint8_t reply[64];
	uint16_t port;
	int fd, udp;

	begin();
	port = tunnels_add(&t, HAWSER_FORWARD_DYNAMIC, 0);
	fd = tunnels_connect(port);
	ck_assert_int_eq(write(fd, hello, 3), 3);
	ck_assert_uint_eq(tunnels_read(&t, fd, reply, 2), 2);
	ck_assert_int_eq(write(fd, associate, 10), 10);
	ck_assert_uint_eq(tunnels_read(&t, fd, reply, 10), 10);
	ck_assert_mem_eq(reply, "\5\0\0\1\x7f\0\0\1", 8);
	memcpy(&at.sin_addr, reply + 4, 4);
	memcpy(&at.sin_port, reply + 8, 2);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(connect(udp, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(send(udp, "rubbish", 7, 0), 7); /* dropped */
	ck_assert_int_eq(send(udp, packet, sizeof(packet), 0), (ssize_t)sizeof(packet));
	ck_assert_uint_eq(tunnels_read(&t, udp, reply, sizeof(packet)), sizeof(packet));
	ck_assert_mem_eq(reply, packet, sizeof(packet));
	/* The association ends with its connection. */
	close(fd);
	tunnels_until(&t, HAWSER_TUNNEL_CLOSED, 1);
	ck_assert_int_eq(t.error, HAWSER_OK);
	close(udp);
	finish();
}
END_TEST

START_TEST(datagrams_find_their_way_back)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char back[8] = "";
	int udp[2];

	begin();
	at.sin_port = htons(tunnels_add(&t, HAWSER_FORWARD_UDP, 53));
	tunnels_ready(&t);
	for (int i = 0; i < 2; i++) {
		udp[i] = socket(AF_INET, SOCK_DGRAM, 0);
		ck_assert_int_eq(connect(udp[i], (struct sockaddr *)&at, sizeof(at)), 0);
		ck_assert_int_eq(send(udp[i], i ? "two" : "one", 3, 0), 3);
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(tunnels_read(&t, udp[i], back, 3), 3);
		ck_assert_str_eq(back, i ? "two" : "one");
		close(udp[i]);
	}
	finish();
}
END_TEST

START_TEST(the_host_listens_for_ports_of_ours)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	char back[32] = "";
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(listener, 5), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	begin();
	ck_assert_uint_eq(tunnels_add(&t, HAWSER_FORWARD_REMOTE, ntohs(a.sin_port)), 40000);
	struct pollfd p = { .fd = listener, .events = POLLIN };
	ck_assert_int_gt(poll(&p, 1, TEST_PATIENCE_MS), 0);
	fd = accept(listener, NULL, NULL);
	ck_assert_uint_eq(tunnels_read(&t, fd, back, 13), 13);
	ck_assert_str_eq(back, "from the host");
	ck_assert_str_eq(t.from, "192.0.2.9:4711");
	close(fd);
	close(listener);
	tunnels_until(&t, HAWSER_TUNNEL_CLOSED, 1);
	/* What may not be listened at is told. */
	tunnels_ask(&t, HAWSER_FORWARD_REMOTE, FAKE_PORT_FORBIDDEN, 80);
	tunnels_until(&t, HAWSER_TUNNEL_FAILED, 1);
	ck_assert_int_eq(t.error, HAWSER_ERR_DENIED);
	finish();
}
END_TEST

START_TEST(a_port_in_use_is_told_at_once)
{
	uint16_t port;

	begin();
	port = tunnels_add(&t, HAWSER_FORWARD_LOCAL, FAKE_PORT_ECHO);
	tunnels_ask(&t, HAWSER_FORWARD_LOCAL, port, FAKE_PORT_ECHO);
	tunnels_until(&t, HAWSER_TUNNEL_FAILED, 1);
	ck_assert_int_eq(t.error, HAWSER_ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(t.text, "in use"));
	finish();
}
END_TEST

START_TEST(wrong_calls_fail_with_a_sentence)
{
	struct hawser_forward f = HAWSER_FORWARD_INIT;
	struct hawser_frame frame = HAWSER_FRAME_INIT;

	begin();
	f.address = "no address";
	f.target_port = 1;
	ck_assert_int_eq(hawser_tunnel_add(t.session, &f, NULL), HAWSER_ERR_INVAL);
	f.address = NULL;
	f.target_port = 0;
	ck_assert_int_eq(hawser_tunnel_add(t.session, &f, NULL), HAWSER_ERR_INVAL);
	f.target_port = 1;
	f.target_host = "two words";
	ck_assert_int_eq(hawser_tunnel_add(t.session, &f, NULL), HAWSER_ERR_INVAL);
	ck_assert_int_eq(hawser_session_mouse_move(t.session, 0, 1, 1), HAWSER_ERR_DENIED);
	ck_assert_int_eq(hawser_session_lock_frame(t.session, 0, &frame), HAWSER_ERR_UNSUPPORTED);
	ck_assert_int_eq(hawser_session_send_chat(t.session, "x"), HAWSER_ERR_UNSUPPORTED);
	ck_assert_int_eq(hawser_session_set_option(t.session, HAWSER_OPTION_FPS, 5),
			HAWSER_ERR_UNSUPPORTED);
	ck_assert_int_eq(hawser_tunnel_remove(t.session, 99), HAWSER_OK); /* nothing to do */
	finish();
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("viewer/tunnel", 120, NULL, NULL,
			TESTS(a_port_here_is_a_port_there,
					an_end_of_the_other_side_does_not_stop_ours,
					what_the_host_refuses_is_told_and_the_rest_lives,
					many_streams_do_not_wait_for_one_that_stalls,
					bulk_arrives_whole, a_forward_survives_a_cut_line,
					socks_connects_where_the_program_says,
					socks_carries_datagrams, datagrams_find_their_way_back,
					the_host_listens_for_ports_of_ours,
					a_port_in_use_is_told_at_once,
					wrong_calls_fail_with_a_sentence));
}
