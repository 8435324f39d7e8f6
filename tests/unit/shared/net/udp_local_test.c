/* The address that a datagram came to is told and spoken from, for both families and for IPv4 on a
 * socket of IPv6. */
#include "shared/net/addr.h"
#include "shared/net/listener.h"
#include "shared/net/udp_batch.h"
#include "tests/support/suite.h"
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static int server, client;
static uint16_t port;
static struct hws_udp_batch *batch;

static struct sockaddr_storage at(const char *ip, uint16_t of)
{
	struct sockaddr_storage a;

	ck_assert_int_eq(hws_addr_parse(ip, of, &a), HWS_OK);
	hws_addr_set_port(&a, of);
	return a;
}

static void open_all(const char *server_ip, const char *client_ip)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);

	ck_assert_int_eq(hws_udp_bind(server_ip, 0, false, &server, NULL), HWS_OK);
	ck_assert_int_eq(hws_udp_bind(client_ip, 0, false, &client, NULL), HWS_OK);
	ck_assert_int_eq(getsockname(server, (struct sockaddr *)&a, &len), 0);
	port = hws_addr_port(&a);
	ck_assert_int_eq(hws_udp_batch_new(&batch), HWS_OK);
	hws_udp_batch_ask_local(batch, server);
}

static void close_all(void)
{
	hws_udp_batch_free(batch);
	close(server);
	close(client);
}

static bool waits(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 60000) == 1;
}

/* What the server learns of a datagram to `to`. */
static struct hws_udp_local came_to(const char *to, struct sockaddr_storage *ret_from)
{
	struct sockaddr_storage a = at(to, port);
	struct hws_udp_local l;

	ck_assert_int_eq(sendto(client, "ask", 3, 0, (struct sockaddr *)&a, hws_addr_len(&a)), 3);
	ck_assert(waits(server));
	ck_assert_int_eq(hws_udp_batch_recv(batch, server), 1);
	ck_assert_uint_eq(hws_udp_batch_get(batch, 0, ret_from).len, 3);
	hws_udp_batch_local(batch, 0, &l);
	return l;
}

/* Where the client hears it from. */
static void heard_from(const char *ip)
{
	struct sockaddr_storage by = { 0 }, want = at(ip, port);
	socklen_t len = sizeof(by);
	char buf[10], text[HWS_ADDR_TEXT];

	ck_assert(waits(client));
	ck_assert_int_ge(recvfrom(client, buf, sizeof(buf), 0, (struct sockaddr *)&by, &len), 0);
	ck_assert_msg(hws_addr_equal(&by, &want), "%s", hws_addr_text(&by, text, sizeof(text)));
}

START_TEST(an_answer_comes_from_the_address_asked)
{
	static const char *const binds[] = { "0.0.0.0", "" };
	struct sockaddr_storage from;
	struct hws_udp_local l;

	open_all(binds[_i], "127.0.0.5");
	l = came_to("127.0.0.3", &from);
	ck_assert_mem_eq(l.ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\3", 16);
	ck_assert_int_eq(hws_udp_batch_put(batch, server, &from, hws_bytes("one", 3), &l), HWS_OK);
	ck_assert_uint_eq(hws_udp_batch_flush(batch, server), 0);
	heard_from("127.0.0.3");
	ck_assert(hws_udp_local_send(server, &from, hws_bytes("two", 3), &l));
	heard_from("127.0.0.3");
	/* a message that had one before has none now */
	ck_assert_int_eq(
			hws_udp_batch_put(batch, server, &from, hws_bytes("one", 3), NULL), HWS_OK);
	ck_assert_uint_eq(hws_udp_batch_flush(batch, server), 0);
	heard_from("127.0.0.1");
	close_all();
}
END_TEST

/* Addresses go while devices still speak to them. */
START_TEST(without_that_address_the_route_says_from_where)
{
	static const char *const binds[] = { "0.0.0.0", "" };
	const struct hws_udp_local gone = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2,
			77 } };
	const struct hws_udp_local other = { { 0xfd, 1 } }, none = { { 0 } };
	struct sockaddr_storage from;

	open_all(binds[_i], "127.0.0.5");
	came_to("127.0.0.3", &from);
	for (int i = 0; i < 3; i++) {
		const struct hws_udp_local *l = i == 0 ? &gone : i == 1 ? &other : &none;

		ck_assert_int_eq(hws_udp_batch_put(batch, server, &from, hws_bytes("one", 3), l),
				HWS_OK);
		ck_assert_uint_eq(hws_udp_batch_flush(batch, server), 0);
		heard_from("127.0.0.1");
		ck_assert(hws_udp_local_send(server, &from, hws_bytes("two", 3), l));
		heard_from("127.0.0.1");
	}
	close_all();
}
END_TEST

START_TEST(a_socket_of_one_address_is_told_nothing)
{
	static const struct hws_udp_local none;
	struct sockaddr_storage from;
	struct hws_udp_local l;

	open_all("127.0.0.3", "127.0.0.5");
	ck_assert(!hws_udp_local_ask(server));
	l = came_to("127.0.0.3", &from);
	ck_assert_mem_eq(&l, &none, sizeof(l));
	close_all();
}
END_TEST

START_TEST(ipv6_is_told_too)
{
	struct sockaddr_storage from;
	struct hws_udp_local l;
	int fd;

	if (hws_udp_bind("::1", 0, false, &fd, NULL) < 0) {
		test_skip("no IPv6 here");
		return;
	}
	close(fd);
	open_all("", "::1");
	l = came_to("::1", &from);
	ck_assert_mem_eq(l.ip, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	ck_assert(hws_udp_local_send(server, &from, hws_bytes("two", 3), &l));
	heard_from("::1");
	close_all();
}
END_TEST

START_TEST(only_what_a_source_can_cause_is_tried_again)
{
	union {
		struct cmsghdr align;
		char space[HWS_UDP_LOCAL_SPACE];
	} control;
	struct sockaddr_storage to = at("127.0.0.1", 9);
	const struct hws_udp_local l = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0,
			3 } };
	struct msghdr m = { .msg_name = &to };

	hws_udp_local_put(&m, &l, &control);
	ck_assert_ptr_nonnull(m.msg_control);
	ck_assert(!hws_udp_local_drop(&m, EAGAIN) && !hws_udp_local_drop(&m, ENOBUFS));
	ck_assert(hws_udp_local_drop(&m, EINVAL));
	ck_assert_uint_eq(m.msg_controllen, 0);
	ck_assert(!hws_udp_local_drop(&m, EINVAL)); /* once */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/udp_local");
	TCase *t = test_case(s, "udp_local", 120,
			TESTS(a_socket_of_one_address_is_told_nothing, ipv6_is_told_too,
					only_what_a_source_can_cause_is_tried_again));

	tcase_add_loop_test(t, an_answer_comes_from_the_address_asked, 0, 2);
	tcase_add_loop_test(t, without_that_address_the_route_says_from_where, 0, 2);
	return test_suite_run(s);
}
