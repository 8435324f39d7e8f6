/* The connector's service on real sockets: what its lists name is connected and nothing else, bytes
 * and ends go through both ways, and a deployed viewer gets what deployed hosts give. */
#include "client/services/tunnel/tunnel_host_parts.h"
#include "connector.h"
#include "shared/base/str.h"
#include "tests/support/suite.h"
#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CODE(name) SES__TUNNEL_CODE__TUNNEL_CODE_##name
#define TCP SES__TUNNEL_KIND__TUNNEL_KIND_TCP
#define UDP SES__TUNNEL_KIND__TUNNEL_KIND_UDP

static struct plug p, q;
static char buf[1u << 16];

static void setup(void)
{
	memset(&p, 0, sizeof(p));
	memset(&q, 0, sizeof(q));
}

static void teardown(void)
{
	connector_end();
	hws_buf_done(&p.got);
	hws_buf_done(&q.got);
}

static const char *text(const char *format, unsigned port)
{
	static char t[4][600];
	static unsigned n;
	char *to = t[n++ % 4];

	size_t used = 0;
	for (const char *c = format; *c && used < 590; c++) {
		if (*c == '#') /* the port */
			ck_assert_int_eq(hws_fmt(to + used, 600 - used, "%u", port), HWS_OK);
		else
			ck_assert_int_eq(hws_fmt(to + used, 600 - used, "%c", *c), HWS_OK);
		used = strlen(to);
	}
	return to;
}

static bool got(const struct plug *g, const char *what)
{
	return hws_bytes_equal(hws_buf_bytes(&g->got), hws_bytes_str(what));
}

START_TEST(bytes_and_ends_go_through_both_ways)
{
	uint16_t port;
	int at = connector_target(TCP, "127.0.0.1", &port), fd;

	connector_begin(text("localhost:#", port), "");
	connector_login(HWS_LEVEL_V2, "", 0);
	ck_assert(k.joined && k.fd < 0);
	connector_open(&p, TCP, "localhost", port);
	ck_assert_msg(p.opened, "%s", p.text);
	ck_assert_str_eq(p.address, text("127.0.0.1:#", port));
	fd = connector_accept(at);
	connector_say(&p, "question", true);
	ck_assert_uint_eq(connector_read(fd, buf, 100), 8); /* and the end */
	ck_assert(memcmp(buf, "question", 8) == 0);
	ck_assert_int_eq(send(fd, "answer", 6, 0), 6); /* the other way still goes */
	connector_until(got(&p, "answer"));
	ck_assert(!p.closed && !p.saw_eof);
	close(fd);
	connector_until(p.closed);
	ck_assert(p.saw_eof);
	ck_assert_int_eq(p.code, CODE(OK));
	ck_assert(connector_told(text("tunnel.opened localhost:# 127.0.0.1:# ok\n", port)));
	connector_until(connector_told(text("tunnel.closed localhost:# 127.0.0.1:# ok\n", port)));
	close(at);
}
END_TEST

START_TEST(what_is_not_on_the_list_is_not_connected)
{
	static const char *const forbidden[] = { "localhost", "127.0.0.1", "", "::1",
		"::ffff:127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0",
		"localhost.", "LOCALHOST", "127.0.0.1.", "169.254.169.254", "255.255.255.255",
		"224.0.0.1", "[::1]", "fe80::1%lo" };
	uint16_t port;
	int at = connector_target(TCP, "127.0.0.1", &port);

	connector_begin("db.example.com:1-65535 192.0.2.0/24:*", "");
	connector_login(HWS_LEVEL_V2, "", 0);
	for (size_t i = 0; i < HWS_COUNT(forbidden); i++) {
		if (!*forbidden[i])
			continue; /* the mux asks for none */
		memset(&p, 0, sizeof(p));
		connector_open(&p, TCP, forbidden[i], port);
		ck_assert_msg(p.closed && !p.opened, "%s", forbidden[i]);
		ck_assert_msg(p.code == CODE(FORBIDDEN) || p.code == CODE(RESOLVE), "%s: %s",
				forbidden[i], p.text);
	}
	memset(&p, 0, sizeof(p));
	connector_open(&p, TCP, "127.0.0.1", port);
	ck_assert_int_eq(p.code, CODE(FORBIDDEN));
	ck_assert(strstr(p.text, "tunnel-targets") && strstr(p.text, text("127.0.0.1:#", port)));
	ck_assert(connector_told(text(
			"tunnel.refused 127.0.0.1:# forbidden by tunnel-targets denied\n", port)));
	ck_assert(connector_untouched(at));
	close(at);
}
END_TEST

START_TEST(where_nobody_listens_is_told)
{
	uint16_t port;
	int at = connector_target(TCP, "127.0.0.1", &port);

	close(at); /* and the port is free */
	connector_begin("localhost:*", "");
	connector_login(HWS_LEVEL_V2, "", 0);
	connector_open(&p, TCP, "localhost", port);
	ck_assert_int_eq(p.code, CODE(REFUSED));
	ck_assert_msg(strstr(p.text, "does anything listen"), "%s", p.text);
}
END_TEST

START_TEST(a_stalled_target_holds_up_no_other)
{
	uint16_t port;
	int at = connector_target(TCP, "127.0.0.1", &port), slow, fast;

	connector_begin("localhost:*", "");
	connector_login(HWS_LEVEL_V2, "", 0);
	connector_open(&p, TCP, "localhost", port);
	slow = connector_accept(at);
	p.pour = 64u << 20; /* more than kernel and window take */
	hws_mux_ready(p.s);
	connector_open(&q, TCP, "localhost", port);
	fast = connector_accept(at);
	connector_say(&q, "hello", false);
	ck_assert_uint_eq(connector_read(fast, buf, 5), 5);
	ck_assert_int_eq(send(fast, "world", 5, 0), 5);
	connector_until(got(&q, "world"));
	ck_assert_uint_gt(p.pour, 0);
	close(slow);
	connector_until(p.closed); /* what it had not read is no end */
	ck_assert_int_eq(p.code, CODE(RESET));
	close(fast);
	close(at);
}
END_TEST

START_TEST(datagrams_go_through)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	uint16_t port;
	int at = connector_target(UDP, "127.0.0.1", &port);
	ssize_t n;

	connector_begin(text("localhost:#/udp", port), "");
	connector_login(HWS_LEVEL_V2, "", 0);
	connector_open(&q, TCP, "localhost", port); /* the rule is for datagrams */
	ck_assert_int_eq(q.code, CODE(FORBIDDEN));
	connector_open(&p, UDP, "localhost", port);
	ck_assert(p.opened);
	ck_assert_int_eq(hws_mux_datagram(p.s, hws_bytes("ping", 4)), HWS_OK);
	connector_until((n = recvfrom(at, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len)) >=
			0);
	ck_assert_int_eq(n, 4);
	ck_assert_int_eq(sendto(at, "pong!", 5, 0, (struct sockaddr *)&from, len), 5);
	connector_until(p.datagrams == 1);
	ck_assert(got(&p, "pong!"));
	hws_mux_reset(p.s, CODE(OK), "");
	connector_until(connector_told("tunnel.closed"));
	close(at);
}
END_TEST

START_TEST(a_listener_brings_connections_where_it_may_be)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };
	int fd;

	connector_begin("", "localhost:*");
	connector_login(HWS_LEVEL_V2, "", 0);
	k.listening = CODE(IDLE);
	ck_assert_int_eq(hws_mux_listen(k.mux, 5, "0.0.0.0", 0), HWS_OK);
	connector_until(k.listening != CODE(IDLE));
	ck_assert_int_eq(k.listening, CODE(FORBIDDEN));
	ck_assert_msg(strstr(k.listen_text, "tunnel-listen"), "%s", k.listen_text);
	ck_assert(connector_told("tunnel.refused 0.0.0.0:0 forbidden by tunnel-listen denied\n"));
	ck_assert_int_eq(hws_mux_listen(k.mux, 6, "", 0), HWS_OK);
	connector_until(k.listening == CODE(OK));
	ck_assert_uint_ne(k.port, 0);
	to.sin_port = htons(k.port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	hws_buf_init(&p.got, 1000);
	k.from_listener = &p;
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	connector_until(p.opened);
	ck_assert_str_eq(p.address, "127.0.0.1");
	ck_assert_int_eq(send(fd, "in", 2, 0), 2);
	connector_until(got(&p, "in"));
	connector_say(&p, "out", false);
	ck_assert_uint_eq(connector_read(fd, buf, 3), 3);
	/* taken from the list, it ends, and so does the port */
	k.conf.tunnel_listen = "";
	hws_host_set_configure(k.set);
	connector_until(k.listening == CODE(FORBIDDEN));
	int again = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_lt(connect(again, (struct sockaddr *)&to, sizeof(to)), 0);
	close(again);
	close(fd);
}
END_TEST

/* Who connected to the port does not wait for ever for a viewer that says nothing. */
START_TEST(a_silent_viewer_is_not_waited_for)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) }, me;
	socklen_t len = sizeof(me);
	int fd;

	hws_tunnel_answer_us = 200000;
	connector_begin("", "localhost:*");
	connector_login(HWS_LEVEL_V2, "", 0);
	k.listening = CODE(IDLE);
	ck_assert_int_eq(hws_mux_listen(k.mux, 6, "", 0), HWS_OK);
	connector_until(k.listening == CODE(OK));
	k.silent = true;
	k.from_listener = &p;
	to.sin_port = htons(k.port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&me, &len), 0);
	connector_until(p.closed);
	ck_assert_int_eq(p.code, CODE(TIMEOUT));
	ck_assert_uint_eq(connector_read(fd, buf, 1), 0);
	ck_assert(connector_told(
			text("tunnel.refused 127.0.0.1:# timeout timeout\n", ntohs(me.sin_port))));
	close(fd);
}
END_TEST

/* --- what the owner takes away ---------------------------------------------------------------- */

START_TEST(a_target_that_is_taken_from_the_list_ends)
{
	uint16_t port;
	int at = connector_target(TCP, "127.0.0.1", &port), fd;

	connector_begin("localhost:*", "");
	connector_login(HWS_LEVEL_V2, "", 0);
	connector_open(&p, TCP, "localhost", port);
	fd = connector_accept(at);
	k.conf.tunnel_targets = "localhost:1";
	hws_host_set_configure(k.set);
	connector_until(p.closed);
	ck_assert_int_eq(p.code, CODE(FORBIDDEN));
	ck_assert_uint_eq(connector_read(fd, buf, 1), 0);
	close(fd);
	close(at);
}
END_TEST

START_TEST(the_permission_ends_all_at_once)
{
	uint16_t port;
	int at = connector_target(TCP, "127.0.0.1", &port), fd[2];

	connector_begin("localhost:*", "");
	connector_login(HWS_LEVEL_V2, "", 0);
	connector_open(&p, TCP, "localhost", port);
	fd[0] = connector_accept(at);
	connector_open(&q, TCP, "localhost", port);
	fd[1] = connector_accept(at);
	k.viewer.permissions = 0;
	hws_host_set_update(k.set, &k.viewer);
	ck_assert_uint_eq(connector_read(fd[0], buf, 1), 0);
	ck_assert_uint_eq(connector_read(fd[1], buf, 1), 0);
	close(fd[0]);
	close(fd[1]);
	close(at);
	k.joined = false; /* what is under way to it is not served */
	hws_host_set_leave(k.set, &k.viewer);
}
END_TEST

START_TEST(streams_beyond_the_setting_are_refused)
{
	static struct plug many[101];
	uint16_t port;
	int at = connector_target(TCP, "127.0.0.1", &port);

	memset(many, 0, sizeof(many));
	connector_begin("localhost:*", "");
	connector_login(HWS_LEVEL_V2, "", 0);
	for (size_t i = 0; i < HWS_COUNT(many); i++)
		connector_open(&many[i], TCP, "localhost", port);
	ck_assert(many[99].opened && many[100].closed);
	ck_assert_int_eq(many[100].code, CODE(FULL));
	ck_assert(connector_told(
			text("tunnel.refused localhost:# full by tunnel-streams full\n", port)));
	close(at);
}
END_TEST

/* --- deployed viewers ------------------------------------------------------------------------- */

START_TEST(a_deployed_viewer_gets_its_connection_raw)
{
	uint16_t port;
	int at = connector_target(TCP, "127.0.0.1", &port), fd;

	connector_begin(text("localhost:#", port), "");
	connector_login(HWS_LEVEL_V1, "", port); /* no host: this one */
	ck_assert(k.joined && k.fd >= 0);
	fd = connector_accept(at);
	ck_assert_int_eq(send(k.fd, "to the target", 13, 0), 13);
	ck_assert_uint_eq(connector_read(fd, buf, 13), 13);
	ck_assert_int_eq(send(fd, "to the viewer", 13, 0), 13);
	ck_assert_uint_eq(connector_read(k.fd, buf, 13), 13);
	ck_assert(connector_told(
			text("tunnel.opened localhost:# 127.0.0.1:#, in plaintext ok\n", port)));
	close(fd);
	ck_assert_uint_eq(connector_read(k.fd, buf, 1), 0);
	close(k.fd);
	k.fd = -1;
	connector_until(connector_told("tunnel.closed"));
	close(at);
}
END_TEST

static void refused(enum hws_secure_level level, const char *targets, const char *host, int port,
		const char *error)
{
	connector_begin(targets, "");
	connector_login(level, host, port);
	ck_assert(!k.joined && k.fd < 0);
	ck_assert_str_eq(k.error, error);
}

START_TEST(a_deployed_viewer_reads_what_deployed_hosts_say)
{
	uint16_t port;
	int at = connector_target(TCP, "127.0.0.1", &port);

	close(at);
	refused(HWS_LEVEL_V1, "localhost:*", "localhost", port,
			text("Failed to access remote localhost:#. Please make sure it is "
			     "reachable/open.",
					port));
}
END_TEST

START_TEST(the_old_form_of_rdp_is_known)
{
	refused(HWS_LEVEL_PLAIN, "localhost:*", "RDP", 0,
			"Failed to access remote RDP. Please make sure it is reachable/open.");
}
END_TEST

START_TEST(a_deployed_viewer_reads_which_setting_it_is)
{
	refused(HWS_LEVEL_V1, "", "db.example.com", 5432,
			"this host allows no tunnel to db.example.com:5432: its owner names what "
			"may be reached in the setting tunnel-targets");
}
END_TEST

START_TEST(a_login_without_a_target_is_none)
{
	refused(HWS_LEVEL_V1, "*:*", "a b", 70000,
			"There can be no such target: a host and a port from 1 to 65535");
}
END_TEST

START_TEST(a_raw_connection_ends_with_the_permission)
{
	uint16_t port;
	int at = connector_target(TCP, "127.0.0.1", &port), fd;

	connector_begin("localhost:*", "");
	connector_login(HWS_LEVEL_V1, "localhost", port);
	fd = connector_accept(at);
	k.viewer.permissions = 0;
	hws_host_set_update(k.set, &k.viewer);
	ck_assert_uint_eq(connector_read(fd, buf, 1), 0);
	ck_assert_uint_eq(connector_read(k.fd, buf, 1), 0);
	close(fd);
	close(at);
}
END_TEST

int main(void)
{
	return test_main("connector", 120, setup, teardown,
			TESTS(bytes_and_ends_go_through_both_ways,
					what_is_not_on_the_list_is_not_connected,
					where_nobody_listens_is_told,
					a_stalled_target_holds_up_no_other, datagrams_go_through,
					a_listener_brings_connections_where_it_may_be,
					a_silent_viewer_is_not_waited_for,
					a_target_that_is_taken_from_the_list_ends,
					the_permission_ends_all_at_once,
					streams_beyond_the_setting_are_refused,
					a_deployed_viewer_gets_its_connection_raw,
					a_deployed_viewer_reads_what_deployed_hosts_say,
					the_old_form_of_rdp_is_known,
					a_deployed_viewer_reads_which_setting_it_is,
					a_login_without_a_target_is_none,
					a_raw_connection_ends_with_the_permission));
}
