/* shared/net: addresses, and real sockets on loopback. */
#include "shared/base/clock.h"
#include "shared/loop/work.h"
#include "shared/net/addr.h"
#include "shared/net/conn.h"
#include "shared/net/dialer.h"
#include "shared/net/listener.h"
#include "shared/net/stream.h"
#include "shared/net/udp_batch.h"
#include "tests/support/suite.h"
#include "tests/unit/shared/net/ends.h"
#include <arpa/inet.h>
#include <check.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>

START_TEST(addresses_parse_and_print)
{
	static const struct {
		const char *in, *out;
		int r;
	} rows[] = {
		{ "1.2.3.4", "1.2.3.4:99", 0 },
		{ "1.2.3.4:5", "1.2.3.4:5", 0 },
		{ "::1", "[::1]:99", 0 },
		{ "[2001:db8::1]:7", "[2001:db8::1]:7", 0 },
		{ "[2001:db8::1]", "[2001:db8::1]:99", 0 },
		{ "::ffff:1.2.3.4", "1.2.3.4:99", 0 },
		{ "1.2.3.4:", NULL, HWS_ERR_INVAL },
		{ "1.2.3.4:65536", NULL, HWS_ERR_RANGE },
		{ "1.2.3", NULL, HWS_ERR_INVAL },
		{ "[::1", NULL, HWS_ERR_INVAL },
		{ "[::1]x", NULL, HWS_ERR_INVAL },
		{ "", NULL, HWS_ERR_INVAL },
		{ "host", NULL, HWS_ERR_INVAL },
	};
	struct sockaddr_storage a;
	char text[HWS_ADDR_TEXT];

	for (size_t i = 0; i < HWS_COUNT(rows); i++) {
		int r = hws_addr_parse(rows[i].in, 99, &a);

		ck_assert_msg(r == rows[i].r, "%s: %d", rows[i].in, r);
		if (r == 0)
			ck_assert_str_eq(hws_addr_text(&a, text, sizeof(text)), rows[i].out);
	}
}
END_TEST

START_TEST(hosts_split_and_join)
{
	char host[64], text[96];
	uint16_t port;

	ck_assert_int_eq(hws_host_port_split("id.example.com:21", 9, host, sizeof(host), &port), 0);
	ck_assert_str_eq(host, "id.example.com");
	ck_assert_uint_eq(port, 21);
	ck_assert_int_eq(hws_host_port_split("fe80::1", 9, host, sizeof(host), &port), 0);
	ck_assert_str_eq(host, "fe80::1");
	ck_assert_uint_eq(port, 9);
	ck_assert_int_eq(hws_host_port_split("a b:1", 9, host, sizeof(host), &port), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_host_port_split(":::", 9, host, sizeof(host), &port), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_host_port_split("a:b:1", 9, host, sizeof(host), &port), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_host_port_split("[a:b]:1", 9, host, sizeof(host), &port),
			HWS_ERR_INVAL);
	ck_assert_int_eq(hws_host_port_split("[fe80::1%eth0]:7", 9, host, sizeof(host), &port), 0);
	ck_assert_str_eq(host, "fe80::1%eth0");
	ck_assert_int_eq(hws_host_port_split("x", 9, host, 1, &port), HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_host_port_join("fe80::1", 5, text, sizeof(text)), 0);
	ck_assert_str_eq(text, "[fe80::1]:5");
}
END_TEST

START_TEST(networks_match_by_prefix)
{
	static const struct {
		const char *net, *ip;
		bool match;
	} rows[] = {
		{ "10.0.0.0/8", "10.255.1.2", true },
		{ "10.0.0.0/8", "11.0.0.1", false },
		{ "192.168.1.128/25", "192.168.1.127", false },
		{ "192.168.1.128/25", "192.168.1.200", true },
		{ "1.2.3.4", "1.2.3.4", true },
		{ "1.2.3.4", "::ffff:1.2.3.4", true },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "0.0.0.0/0", "9.9.9.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
	};
	struct hws_cidr_list list = { 0 };
	struct hws_error err;
	struct sockaddr_storage a;

	for (size_t i = 0; i < HWS_COUNT(rows); i++) {
		struct hws_cidr c;

		ck_assert_int_eq(hws_cidr_parse(rows[i].net, &c), 0);
		ck_assert_int_eq(hws_addr_parse(rows[i].ip, 0, &a), 0);
		ck_assert_msg(hws_cidr_match(&c, &a) == rows[i].match, "%s %s", rows[i].net,
				rows[i].ip);
	}
	ck_assert_int_eq(hws_cidr_list_parse("10.0.0.0/8, ::1", &list, &err), 0);
	ck_assert_uint_eq(list.count, 2);
	ck_assert_int_eq(hws_cidr_list_parse("10.0.0.0/33", &list, &err), HWS_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "10.0.0.0/33"));
	ck_assert_uint_eq(list.count, 2); /* as before */
	hws_cidr_list_done(&list);
}
END_TEST

static void on_accept(int fd, const struct sockaddr_storage *peer, void *arg)
{
	struct net *n = arg;
	struct hws_stream *s;

	ck_assert(hws_addr_is_loopback(peer));
	n->accepted++;
	ck_assert_int_eq(hws_stream_tcp_new(loop, fd, &s), 0);
	open_end(&n->a, s);
}

static void on_dialed(int r, struct hws_stream *s, void *arg)
{
	struct net *n = arg;

	n->dialed = true;
	n->dial_r = r;
	if (r == 0)
		open_end(&n->b, s);
}

static void wait_dial(struct net *n, const char *host, uint16_t port)
{
	const struct hws_dial_conf conf = { .host = host, .port = port, .timeout_us = 5000000 };
	uint64_t end = hws_clock_us() + 10 * HWS_US_PER_S;
	struct hws_dial *dial;

	n->dialed = false;
	ck_assert_int_eq(hws_dial(loop, n->work, &conf, on_dialed, n, &dial), 0);
	ck_assert(!n->dialed);
	while (!n->dialed && hws_clock_us() < end)
		hws_loop_once(loop, 10000);
	ck_assert(n->dialed);
}

START_TEST(sockets_carry_frames)
{
	struct net n = { 0 };
	const struct hws_listen_conf conf = {
		.bind_ip = "127.0.0.1", .on_accept = on_accept, .arg = &n
	};
	struct hws_error err;
	uint64_t end = hws_clock_us() + 5 * HWS_US_PER_S;

	ck_assert_int_eq(hws_work_new(1, 8, &n.work), 0);
	ck_assert_int_eq(hws_listener_new(loop, &conf, &n.listener, &err), 0);
	wait_dial(&n, "localhost", hws_listener_port(n.listener));
	ck_assert_int_eq(n.dial_r, 0);
	while (!n.accepted && hws_clock_us() < end)
		hws_loop_once(loop, 10000);
	ck_assert_uint_eq(n.accepted, 1);
	exchange(&n.a, &n.b);
	finish_ends(&n.a, &n.b);
	hws_listener_free(n.listener);
	wait_dial(&n, "127.0.0.1", 1);
	ck_assert_int_eq(n.dial_r, HWS_ERR_REFUSED);
	wait_dial(&n, "224.0.0.1", 1); /* fails at once: no link leads to a group */
	ck_assert_int_lt(n.dial_r, 0);
	wait_dial(&n, "no-such-host.invalid", 1);
	ck_assert_int_eq(n.dial_r, HWS_ERR_RESOLVE);
	hws_work_free(n.work);
}
END_TEST

START_TEST(a_port_in_use_is_named_with_the_remedy)
{
	struct hws_listen_conf conf = { .bind_ip = "127.0.0.1", .on_accept = on_accept };
	struct hws_listener *first, *second;
	struct hws_error err = { 0 };

	ck_assert_int_eq(hws_listener_new(loop, &conf, &first, &err), 0);
	conf.port = hws_listener_port(first);
	ck_assert_int_eq(hws_listener_new(loop, &conf, &second, &err), HWS_ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(err.text, "in use"));
	conf.bind_ip = "192.0.2.1";
	ck_assert_int_lt(hws_listener_new(loop, &conf, &second, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "192.0.2.1"));
	hws_listener_free(first);
}
END_TEST

static void count_accept(int fd, const struct sockaddr_storage *peer, void *arg)
{
	(void)peer;
	(*(unsigned *)arg)++;
	close(fd);
}

START_TEST(accepting_resumes_after_the_process_ran_out_of_descriptors)
{
	unsigned accepted = 0;
	const struct hws_listen_conf conf = {
		.bind_ip = "127.0.0.1", .on_accept = count_accept, .arg = &accepted
	};
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct rlimit old, low;
	struct hws_listener *l;
	struct hws_error err;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	uint64_t end;

	ck_assert_int_eq(hws_listener_new(loop, &conf, &l, &err), 0);
	to.sin_port = htons(hws_listener_port(l));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = 3; /* nothing can be opened now */
	setrlimit(RLIMIT_NOFILE, &low);
	for (int i = 0; i < 5; i++)
		hws_loop_once(loop, 1000);
	ck_assert_uint_eq(accepted, 0);
	setrlimit(RLIMIT_NOFILE, &old);
	end = hws_clock_us() + 5 * HWS_US_PER_S;
	while (!accepted && hws_clock_us() < end)
		hws_loop_once(loop, 50000);
	ck_assert_uint_eq(accepted, 1);
	close(fd);
	hws_listener_free(l);
}
END_TEST

START_TEST(datagrams_go_in_batches)
{
	struct hws_udp_batch *b;
	struct sockaddr_storage a = { 0 }, from;
	socklen_t len = sizeof(a);
	struct hws_error err;
	char text[16];
	int fd, got = 0;

	ck_assert_int_eq(hws_udp_batch_new(&b), 0);
	ck_assert_int_eq(hws_udp_bind("127.0.0.1", 0, false, &fd, &err), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	ck_assert_int_eq(hws_udp_batch_recv(b, fd), HWS_ERR_AGAIN);
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "n%d", i);
		ck_assert_int_eq(hws_udp_batch_put(b, fd, &a, hws_bytes_str(text), NULL), 0);
	}
	ck_assert_uint_eq(hws_udp_batch_flush(b, fd), 0);
	for (int n; (n = hws_udp_batch_recv(b, fd)) > 0;) {
		for (int i = 0; i < n; i++, got++) {
			snprintf(text, sizeof(text), "n%d", got);
			ck_assert(hws_bytes_equal(
					hws_udp_batch_get(b, i, &from), hws_bytes_str(text)));
			ck_assert(hws_addr_equal(&from, &a));
		}
	}
	ck_assert_int_eq(got, 50);
	close(fd);
	hws_udp_batch_free(b);
}
END_TEST

int main(void)
{
	return test_main("shared/net", 90, set_up, tear_down,
			TESTS(addresses_parse_and_print, hosts_split_and_join,
					networks_match_by_prefix, sockets_carry_frames,
					a_port_in_use_is_named_with_the_remedy,
					accepting_resumes_after_the_process_ran_out_of_descriptors,
					datagrams_go_in_batches));
}
