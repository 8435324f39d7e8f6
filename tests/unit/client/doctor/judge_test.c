/* What facts of a network mean: one row for each kind of network, with the finding that must be
 * there. */
#include "client/doctor/judge.h"
#include "shared/base/err.h"
#include "shared/base/macros.h"
#include "shared/daemon/findings.h"
#include "shared/net/addr.h"
#include "tests/support/findings.h"
#include "tests/support/suite.h"
#include <stdio.h>
#include <string.h>

static struct hws_doctor_facts f;
static json_t *list;

static struct sockaddr_storage at(const char *text)
{
	struct sockaddr_storage a;

	ck_assert_int_eq(hws_addr_parse(text, 1, &a), HWS_OK);
	return a;
}

static void seen(struct hws_doctor_seen *s, const char *text)
{
	s->known = true;
	s->at = at(text);
	s->port = hws_addr_port(&s->at);
}

static void well(struct hws_doctor_try *t)
{
	*t = (struct hws_doctor_try){ .state = HWS_DOCTOR_GOOD, .ms = 12 };
}

static void fails(struct hws_doctor_try *t, int why)
{
	*t = (struct hws_doctor_try){ .state = HWS_DOCTOR_FAILED, .why = why };
}

/* A hawser server behind a NAT as most are, with everything open. */
static void set_up(void)
{
	struct hws_doctor_try *all[] = { &f.name, &f.tcp, &f.tcp_nat, &f.ws, &f.key, &f.key_try,
		&f.relay, &f.relay_ws, &f.pair, &f.udp, &f.udp_nat, &f.udp_plain, &f.filter,
		&f.carries };

	memset(&f, 0, sizeof(f));
	snprintf(f.host, sizeof(f.host), "hawser.example");
	snprintf(f.relay_name, sizeof(f.relay_name), "hawser.example:21117");
	f.port = 21116;
	f.has_key = f.is_hawser = f.has_time = f.pair_agreed = true;
	f.count4 = f.servers = 1;
	f.mtu = 1500;
	for (size_t i = 0; i < HWS_COUNT(all); i++)
		well(all[i]);
	f.local = f.local_udp = at("192.168.1.20:40000");
	seen(&f.seen_tcp, "203.0.113.9:40000");
	seen(&f.seen_tcp_nat, "203.0.113.9:40000");
	seen(&f.seen_udp[0][0], "203.0.113.9:41000");
	seen(&f.seen_udp[0][1], "203.0.113.9:41000");
	list = json_array();
}

static void tear_down(void)
{
	json_decref(list);
}

static const char *member(const char *what, const char *name)
{
	return test_finding(list, what, name);
}

static void judge(void)
{
	json_array_clear(list);
	hws_doctor_judge(&f, list);
}

static void is(const char *what, const char *state, const char *text)
{
	test_finding_is(list, what, state, text);
}

static void judged(const char *what, const char *state, const char *text)
{
	judge();
	is(what, state, text);
}

START_TEST(a_good_network_is_good)
{
	json_t *one;
	size_t i;

	judge();
	json_array_foreach (list, i, one)
		ck_assert_str_eq(json_string_value(json_object_get(one, "state")), HWS_FOUND_GOOD);
	ck_assert_uint_ge(json_array_size(list), 10);
	is("NAT", "good", "endpoint independent");
	is("packets", "good", "1500");
	ck_assert(hws_findings_well(list));
}
END_TEST

START_TEST(a_name_that_nobody_knows_is_all_there_is_to_say)
{
	fails(&f.name, HWS_ERR_RESOLVE);
	judge();
	ck_assert_uint_eq(json_array_size(list), 1);
	is("name", "bad", "hawser.example");
	ck_assert(!hws_findings_well(list));
}
END_TEST

START_TEST(udp_is_blocked_where_tcp_answers)
{
	fails(&f.udp, HWS_ERR_TIMEOUT);
	fails(&f.udp_nat, HWS_ERR_TIMEOUT);
	fails(&f.udp_plain, HWS_ERR_TIMEOUT);
	fails(&f.filter, HWS_ERR_TIMEOUT);
	memset(f.seen_udp, 0, sizeof(f.seen_udp));
	f.mtu = 0;
	judged("UDP 21116", "look", "UDP is blocked here");
	ck_assert_ptr_nonnull(member("UDP 21116", "do"));
	is("NAT", "good", "as far as TCP tells");
	ck_assert_ptr_null(member("filter", "text"));
	ck_assert_ptr_null(member("packets", "text"));
	/* the same, but nothing answers at all: then it may be the server */
	fails(&f.tcp, HWS_ERR_TIMEOUT);
	fails(&f.ws, HWS_ERR_TIMEOUT);
	judged("UDP 21116", "look", "no answer");
	/* one port of UDP is let through */
	well(&f.udp_nat);
	judged("UDP 21116", "look", "UDP 21115 is let through");
}
END_TEST

static const struct {
	const char *main, *nat, *main2, *nat2; /* addresses by UDP, "" = not known */
	const char *local;
	enum hws_doctor_nat want;
} nats[] = {
	{ "203.0.113.9:5", "203.0.113.9:5", "", "", "192.168.1.2", HWS_DOCTOR_NAT_INDEPENDENT },
	{ "203.0.113.9:5", "203.0.113.9:6", "", "", "192.168.1.2", HWS_DOCTOR_NAT_PORT },
	{ "203.0.113.9:5", "203.0.113.8:5", "", "", "192.168.1.2", HWS_DOCTOR_NAT_PORT },
	{ "192.168.1.2:5", "192.168.1.2:5", "", "", "192.168.1.2", HWS_DOCTOR_NAT_NONE },
	{ "203.0.113.9:5", "", "", "", "192.168.1.2", HWS_DOCTOR_NAT_UNKNOWN },
	{ "", "", "", "", "192.168.1.2", HWS_DOCTOR_NAT_UNKNOWN },
	{ "203.0.113.9:5", "203.0.113.9:5", "203.0.113.9:7", "203.0.113.9:7", "192.168.1.2",
			HWS_DOCTOR_NAT_ADDRESS },
	{ "203.0.113.9:5", "", "203.0.113.9:5", "", "192.168.1.2", HWS_DOCTOR_NAT_INDEPENDENT },
	{ "203.0.113.9:5", "203.0.113.9:5", "203.0.113.9:7", "203.0.113.9:8", "192.168.1.2",
			HWS_DOCTOR_NAT_PORT },
};

START_TEST(nats_are_told_apart)
{
	const char *const seen_at[] = { nats[_i].main, nats[_i].nat, nats[_i].main2,
		nats[_i].nat2 };

	memset(f.seen_udp, 0, sizeof(f.seen_udp));
	f.servers = 2;
	f.local_udp = at(nats[_i].local);
	for (int i = 0; i < 4; i++)
		if (*seen_at[i])
			seen(&f.seen_udp[i / 2][i % 2], seen_at[i]);
	ck_assert_int_eq(hws_doctor_nat_udp(&f), nats[_i].want);
	judge();
	if (nats[_i].want == HWS_DOCTOR_NAT_PORT || nats[_i].want == HWS_DOCTOR_NAT_ADDRESS)
		is("NAT", "look", "symmetric");
}
END_TEST

START_TEST(tcp_alone_may_be_symmetric)
{
	seen(&f.seen_tcp_nat, "203.0.113.9:40001");
	judged("NAT", "look", "symmetric for TCP");
	/* deployed servers tell the port alone */
	f.is_hawser = false;
	memset(f.seen_udp, 0, sizeof(f.seen_udp));
	f.seen_tcp.at.ss_family = f.seen_tcp_nat.at.ss_family = AF_UNSPEC;
	judged("NAT", "look", "symmetric for TCP");
	is("server", "good", "not hawser-rendezvous");
	f.seen_tcp_nat.port = f.seen_tcp.port;
	judged("NAT", "good", "endpoint independent");
}
END_TEST

START_TEST(two_ways_out_are_named)
{
	seen(&f.seen_tcp, "198.51.100.3:40000");
	seen(&f.seen_tcp_nat, "198.51.100.3:40000");
	judged("public address", "look", "TCP leaves by 198.51.100.3, UDP by 203.0.113.9");
}
END_TEST

START_TEST(a_closed_relay_is_bad_unless_the_web_is_open)
{
	fails(&f.relay, HWS_ERR_TIMEOUT);
	fails(&f.pair, HWS_ERR_TIMEOUT);
	judged("relay", "look", "by the web");
	fails(&f.relay_ws, HWS_ERR_TIMEOUT);
	judged("relay", "bad", "timed out");
	/* it takes connections and does nothing with them */
	well(&f.relay);
	judged("relay", "bad", "does not relay");
	/* it may do so by right when nobody has agreed to the pair */
	f.pair_agreed = false;
	fails(&f.pair, HWS_ERR_EOF);
	judged("relay", "look", "the key was not shown");
}
END_TEST

START_TEST(a_closed_server_is_bad_unless_the_web_is_open)
{
	fails(&f.tcp, HWS_ERR_REFUSED);
	judged("TCP 21116", "look", "by the web the server is reached");
	fails(&f.ws, HWS_ERR_REFUSED);
	judged("TCP 21116", "bad", "connection refused");
	f.has_proxy = true;
	well(&f.proxy);
	judged("TCP 21116", "look", "through the proxy");
	is("proxy", "look", "at the relay only");
	fails(&f.proxy, HWS_ERR_DENIED);
	judged("proxy", "bad", "not permitted");
}
END_TEST

START_TEST(keys_are_told_apart)
{
	fails(&f.key, HWS_ERR_KEY);
	judged("key", "bad", "another key");
	fails(&f.key, HWS_ERR_UNSUPPORTED);
	judged("key", "look", "proves nothing");
	f.key_refused = true;
	judged("key", "bad", "another key");
	f.has_key = false;
	memset(&f.key, 0, sizeof(f.key));
	judged("key", "bad", "none is configured");
	f.key_refused = false;
	judged("key", "look", "none is configured");
}
END_TEST

START_TEST(clocks_are_compared)
{
	f.clock_ahead_ms = -60000;
	judged("time", "look", "60 s behind");
	f.clock_ahead_ms = 3600000;
	judged("time", "bad", "3600 s ahead of");
	f.has_time = false;
	judged("time", "good", "not compared");
}
END_TEST

START_TEST(short_packets_and_broken_ipv6_are_named)
{
	f.mtu = 0;
	judged("packets", "look", "1280");
	f.has_ipv6 = true;
	f.count6 = 1;
	fails(&f.tcp6, HWS_ERR_TIMEOUT);
	fails(&f.udp6, HWS_ERR_TIMEOUT);
	judged("IPv6", "look", "TCP does not get there");
	well(&f.tcp6);
	judged("IPv6", "look", "UDP does not");
	well(&f.udp6);
	judged("IPv6", "good", "comes through");
}
END_TEST

START_TEST(a_page_in_the_servers_place_is_named)
{
	fails(&f.tcp, HWS_ERR_PORTAL);
	judged("network", "bad", "sign-in");
	ck_assert_ptr_nonnull(member("relay", "text")); /* by the web the server is there */
	/* a name with SRV records says where it leads */
	snprintf(f.domain, sizeof(f.domain), "example");
	judged("name", "good", "example names hawser.example port 21116");
}
END_TEST

/* What else fails fails for that reason: no other advice. */
START_TEST(a_captive_network_is_all_there_is_to_say)
{
	struct hws_doctor_try *const all[] = { &f.tcp, &f.tcp_nat, &f.ws, &f.relay_ws, &f.pair };

	for (size_t i = 0; i < HWS_COUNT(all); i++)
		fails(all[i], HWS_ERR_PORTAL);
	fails(&f.udp, HWS_ERR_TIMEOUT);
	fails(&f.udp_nat, HWS_ERR_TIMEOUT);
	fails(&f.udp_plain, HWS_ERR_TIMEOUT);
	snprintf(f.env_proxy, sizeof(f.env_proxy), "http_proxy");
	judge();
	ck_assert_uint_eq(json_array_size(list), 2); /* the name, and this */
	is("network", "bad", "sign-in");
}
END_TEST

START_TEST(a_server_that_is_reached_by_the_web_runs)
{
	fails(&f.tcp, HWS_ERR_TIMEOUT);
	fails(&f.udp, HWS_ERR_TIMEOUT);
	fails(&f.udp_nat, HWS_ERR_TIMEOUT);
	fails(&f.udp_plain, HWS_ERR_TIMEOUT);
	judged("UDP 21116", "look", "answers by the web, and never by UDP");
	ck_assert_ptr_null(strstr(member("UDP 21116", "do"), "does the server run"));
}
END_TEST

/* Whoever refuses is there: the server is what to look at first. */
START_TEST(a_refused_port_asks_for_the_server_first)
{
	fails(&f.tcp, HWS_ERR_REFUSED);
	fails(&f.ws, HWS_ERR_REFUSED);
	judge();
	ck_assert_ptr_eq(strstr(member("TCP 21116", "do"), "does the server run"),
			member("TCP 21116", "do"));
	is("TCP 21116", "bad", "key and time are not tested");
}
END_TEST

START_TEST(ipv6_of_this_end_is_known)
{
	seen(&f.seen_udp[0][1], "203.0.113.9:41001");
	judge();
	ck_assert_ptr_nonnull(strstr(member("NAT", "do"), "IPv6 at both ends"));
	f.has_ipv6 = f.is_literal = true;
	judge();
	ck_assert_ptr_nonnull(strstr(member("NAT", "do"), "IPv6 at the other end"));
	is("IPv6", "good", "'server' is an IPv4 address");
	f.is_literal = false;
	judged("IPv6", "good", "the server's name has none");
}
END_TEST

/* A test that was still running when time was up. */
START_TEST(what_did_not_end_has_timed_out)
{
	f.tcp.state = f.ws.state = HWS_DOCTOR_RUNS;
	judged("TCP 21116", "bad", "timed out");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("client/doctor/judge");
	TCase *c = test_case(s, "judge", 60,
			TESTS(a_good_network_is_good,
					a_name_that_nobody_knows_is_all_there_is_to_say,
					udp_is_blocked_where_tcp_answers,
					tcp_alone_may_be_symmetric, two_ways_out_are_named,
					a_closed_relay_is_bad_unless_the_web_is_open,
					a_closed_server_is_bad_unless_the_web_is_open,
					keys_are_told_apart, clocks_are_compared,
					short_packets_and_broken_ipv6_are_named,
					a_page_in_the_servers_place_is_named,
					a_captive_network_is_all_there_is_to_say,
					a_server_that_is_reached_by_the_web_runs,
					a_refused_port_asks_for_the_server_first,
					ipv6_of_this_end_is_known, what_did_not_end_has_timed_out));

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_loop_test(c, nats_are_told_apart, 0, HWS_COUNT(nats));
	return test_suite_run(s);
}
