/* Two hawser-rendezvous with direct links between them, each by way of a proxy that can be cut:
 * what goes over a link, and that nothing is lost with it; and who is not let in. */
#include "server-rendezvous/cluster/link_words.h"
#include "server-rendezvous/cluster/own_address.h"
#include "shared/crypto/box.h"
#include "shared/net/addr.h"
#include "shared/wire/addr_codec.h"
#include "tests/component/cluster/nodes.h"
#include "tests/support/network.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REQUESTS 30 /* below what one device may be asked at once */

static struct test_proxy to_a, to_b;
static uint16_t a_link, b_link;

static void start_linked(struct server *s, const char *name, const char *url, uint16_t told,
		uint16_t listens)
{
	char at[40], port[10], own[10];
	const char *args[] = { "--store", url, "--node", name, "--relay-servers",
		"relay.example.com", "--port", own, "--node-address", at, "--node-port", port,
		NULL };

	if (!s->port)
		s->port = (uint16_t)(test_free_ports(4) + 1);
	snprintf(own, sizeof(own), "%u", s->port);
	snprintf(at, sizeof(at), "127.0.0.1:%u", told);
	snprintf(port, sizeof(port), "%u", listens);
	server_start(s, args);
}

static bool alone(void *arg)
{
	struct server *s = arg;

	return cluster_figure(s, "links") == 0;
}

static void set_up_links(void)
{
	set_up();
	server_stop(&a);
	server_stop(&b);
	a_link = test_free_ports(1);
	b_link = test_free_ports(1);
	test_proxy_start(&to_a, a_link);
	test_proxy_start(&to_b, b_link);
	start_linked(&a, "a", pg.url, to_a.port, a_link);
	start_linked(&b, "b", b_url, to_b.port, b_link);
	until_linked();
}

static void tear_down_links(void)
{
	tear_down();
	test_proxy_stop(&to_a);
	test_proxy_stop(&to_b);
}

START_TEST(requests_and_answers_go_over_the_link)
{
	json_int_t asked, answered;
	struct device d, back;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	device_init(&back, &a, 2, "987654321");
	device_online(&back);
	ck_assert(reached(&a, &d, AGAIN_MS));
	ck_assert(reached(&b, &back, AGAIN_MS));
	asked = cluster_figure(&a, "direct");
	answered = cluster_figure(&b, "direct");
	ck_assert(reached(&a, &d, AGAIN_MS));
	ck_assert_int_gt(cluster_figure(&a, "direct"), asked);
	ck_assert_int_gt(cluster_figure(&b, "direct"), answered);
	{
		json_t *ans = server_ask(&a, "nodes", NULL, NULL);
		json_t *other = json_array_get(json_object_get(ans, "others"), 0);

		ck_assert_str_eq(json_string_value(json_object_get(other, "node")), "b");
		ck_assert(json_is_true(json_object_get(other, "linked")));
		json_decref(ans);
	}
	/* and who is nowhere is told so by the other node */
	ck_assert(refused(&a, "555555555", FAILURE(ID_NOT_EXIST), AGAIN_MS));
	device_done(&back);
	device_done(&d);
}
END_TEST

/* Viewers that ask once each and wait. */
struct crowd {
	int fd[REQUESTS];
	bool answered[REQUESTS];
	unsigned pushed, answers;
};

static void answer_pushes(struct crowd *c, struct device *d, unsigned ms)
{
	message *push;

	while ((push = udp_recv(d->udp, ms))) {
		if (push->union_case == M(PUNCH_HOLE)) {
			c->pushed++;
			device_answer_sent(d, 5,
					hws_bytes(push->punch_hole->socket_addr.data,
							push->punch_hole->socket_addr.len),
					d->id);
		}
		hws_rdv_free(push);
	}
}

static void take_answers(struct crowd *c)
{
	for (unsigned i = 0; i < REQUESTS; i++) {
		struct pollfd p = { .fd = c->fd[i], .events = POLLIN };
		message *m;

		if (c->answered[i] || poll(&p, 1, 0) <= 0)
			continue;
		m = viewer_answer(c->fd[i], M(PUNCH_HOLE_RESPONSE), WAIT_MS);
		ck_assert_uint_gt(m->punch_hole_response->socket_addr.len, 0);
		hws_rdv_free(m);
		c->answered[i] = true;
		c->answers++;
	}
}

/* Asks for the device again and again; in the middle the link is broken as `mode` says. */
static void ask_while_broken(struct device *d, enum test_proxy_mode mode)
{
	uint64_t end = test_now_ms() + 2ull * WAIT_MS;
	struct crowd c = { 0 };

	for (unsigned i = 0; i < REQUESTS; i++) {
		if (i == REQUESTS / 2) {
			test_proxy_set(&to_a, mode);
			test_proxy_set(&to_b, mode);
		}
		c.fd[i] = viewer_punch(&a, 10 + i, d->id);
		answer_pushes(&c, d, 2);
	}
	while (c.answers < REQUESTS && test_now_ms() < end) {
		answer_pushes(&c, d, 20);
		take_answers(&c);
	}
	ck_assert_msg(c.answers == REQUESTS, "%u of %u answered, %u pushed", c.answers, REQUESTS,
			c.pushed);
	ck_assert_uint_eq(c.pushed, REQUESTS); /* and the device was asked once for each */
	for (unsigned i = 0; i < REQUESTS; i++)
		close(c.fd[i]);
}

static void break_and_mend(enum test_proxy_mode mode)
{
	struct device d;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	ask_while_broken(&d, mode);
	ck_assert(test_until(alone, &a, WAIT_MS));
	ck_assert(reached(&a, &d, AGAIN_MS)); /* by the database */
	test_proxy_set(&to_a, TEST_PROXY_PASS);
	test_proxy_set(&to_b, TEST_PROXY_PASS);
	until_linked();
	ck_assert(reached(&a, &d, AGAIN_MS));
	device_done(&d);
}

START_TEST(nothing_is_lost_when_the_link_is_cut)
{
	break_and_mend(TEST_PROXY_CUT);
}
END_TEST

START_TEST(nothing_is_lost_when_the_link_falls_silent)
{
	break_and_mend(TEST_PROXY_HOLD);
	ck_assert_int_gt(cluster_figure(&a, "again") + cluster_figure(&b, "again"), 0);
}
END_TEST

START_TEST(a_node_that_starts_again_is_linked_again)
{
	struct device d;

	server_kill(&b);
	ck_assert(test_until(alone, &a, WAIT_MS));
	start_linked(&b, "b", b_url, to_b.port, b_link);
	until_linked();
	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	device_done(&d);
}
END_TEST

START_TEST(one_address_is_enough)
{
	struct device d;

	server_stop(&b);
	ck_assert(test_until(alone, &a, WAIT_MS));
	start_node(&b, "b", b_url); /* takes no links, and calls */
	until_linked();
	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	ck_assert_int_gt(cluster_figure(&b, "direct"), 0);
	device_done(&d);
}
END_TEST

START_TEST(the_other_end_calls_when_one_cannot)
{
	test_proxy_set(&to_b, TEST_PROXY_CUT); /* node a, whose turn it is, cannot call */
	ck_assert(test_until(alone, &b, WAIT_MS));
	until_linked();
}
END_TEST

/* Nodes need not have the same ports. */
START_TEST(a_port_that_is_not_named_is_that_of_its_own_node)
{
	char port[10], own[24];
	const char *args[] = { "--store", b_url, "--node", "b", "--port", port, "--node-address",
		"127.0.0.1", NULL };

	server_stop(&a);
	server_stop(&b);
	a.port = 0;
	b.port = (uint16_t)(test_free_ports(6) + 1);
	snprintf(port, sizeof(port), "%u", b.port);
	snprintf(own, sizeof(own), "127.0.0.1:%u", b.port + 4u);
	server_start(&b, args);
	start_node(&a, "a", pg.url); /* takes no links, and calls */
	until_linked();
	{
		json_t *ans = server_ask(&a, "nodes", NULL, NULL);
		json_t *other = json_array_get(json_object_get(ans, "others"), 0);

		ck_assert_str_eq(json_string_value(json_object_get(other, "address")), own);
		json_decref(ans);
	}
}
END_TEST

/* What a node of a version without links says counts as ever. */
START_TEST(an_older_node_is_heard_by_the_database)
{
	Cluster__Push push = CLUSTER__PUSH__INIT;
	Cluster__Item item = CLUSTER__ITEM__INIT;
	Rdv__PunchHole punch = RDV__PUNCH_HOLE__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT, *got = NULL;
	struct rdv_trust *old = node_double("old");
	uint8_t viewer[HWS_ADDR_WIRE_MAX], packed[200];
	static char hex[SAID_TEXT], sql[SAID_TEXT + 200];
	char channel[CHANNEL_TEXT];
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&ss;
	struct device d;

	device_init(&d, &a, 1, "123456789");
	device_online(&d);
	in->sin_family = AF_INET;
	in->sin_port = htons(4444);
	in->sin_addr.s_addr = htonl(0x7f000009u);
	punch.socket_addr = (ProtobufCBinaryData){ hws_addr_encode(&ss, 7, viewer), viewer };
	m.union_case = M(PUNCH_HOLE);
	m.punch_hole = &punch;
	push.id = d.id;
	push.viewer = punch.socket_addr;
	push.message.len = rdv__rendezvous_message__pack(&m, packed);
	push.message.data = packed;
	item.what_case = CLUSTER__ITEM__WHAT_PUSH;
	item.push = &push;
	channel_of("a", channel);
	for (int i = 0; i < 20 && !got; i++) {
		node_double_says(old, "a", &item, hex);
		snprintf(sql, sizeof(sql), "SELECT pg_notify('%s', '%s')", channel, hex);
		test_pg_sql(&pg, sql);
		got = udp_recv(d.udp, 3000);
	}
	ck_assert_ptr_nonnull(got);
	ck_assert_int_eq(got->union_case, M(PUNCH_HOLE));
	ck_assert_mem_eq(got->punch_hole->socket_addr.data, viewer, punch.socket_addr.len);
	hws_rdv_free(got);
	rdv_trust_free(old);
	device_done(&d);
}
END_TEST

/* True when the other side has closed within ms, having said nothing. */
static bool thrown_out(int fd, unsigned ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t byte;

	if (poll(&p, 1, (int)ms) <= 0)
		return false;
	return recv(fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

static int stranger(unsigned host, struct hws_bytes says)
{
	int fd = tcp_open(host, b_link);

	if (says.len && send(fd, says.ptr, says.len, MSG_NOSIGNAL) < 0)
		ck_assert_int_eq(errno, EPIPE);
	return fd;
}

START_TEST(strangers_are_let_in_nowhere)
{
	struct rdv_link_call call;
	struct hws_box_pair own;
	uint8_t words[2 + RDV_LINK_CALL_LEN], junk[200];
	struct device d;
	int fd[300];

	/* the right words with a key that no node told */
	hws_box_pair_new(&own);
	rdv_link_call_new(&own, &call);
	words[0] = (uint8_t)((RDV_LINK_CALL_LEN << 2 | 1) & 0xff);
	words[1] = (uint8_t)((RDV_LINK_CALL_LEN << 2 | 1) >> 8);
	memcpy(words + 2, call.words, RDV_LINK_CALL_LEN);
	fd[0] = stranger(31, hws_bytes(words, sizeof(words)));
	ck_assert(thrown_out(fd[0], WAIT_MS));
	close(fd[0]);
	/* noise, an endless frame, nothing at all */
	memset(junk, 0x55, sizeof(junk));
	fd[0] = stranger(32, hws_bytes(junk, sizeof(junk)));
	memset(junk, 0xff, sizeof(junk));
	fd[1] = stranger(33, hws_bytes(junk, sizeof(junk)));
	fd[2] = stranger(34, hws_bytes(NULL, 0));
	for (int i = 0; i < 3; i++) {
		ck_assert(thrown_out(fd[i], WAIT_MS));
		close(fd[i]);
	}
	/* many of them, of many addresses: the nodes find each other all the same */
	for (unsigned i = 0; i < 300; i++)
		fd[i] = stranger(40 + i % 30, hws_bytes(NULL, 0));
	test_proxy_set(&to_a, TEST_PROXY_CUT);
	test_proxy_set(&to_b, TEST_PROXY_CUT);
	ck_assert(test_until(alone, &a, WAIT_MS));
	test_proxy_set(&to_a, TEST_PROXY_PASS);
	test_proxy_set(&to_b, TEST_PROXY_PASS);
	until_linked();
	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	for (unsigned i = 0; i < 300; i++)
		close(fd[i]);
	ck_assert_int_gt(cluster_figure(&b, "refused"), 0);
	device_done(&d);
}
END_TEST

/* In a network of its own one is added; false: that of the machine has none. */
static bool have_address(void)
{
	const char *argv[] = { "/sbin/ip", "addr", "add", "10.77.0.1/32", "dev", "lo", NULL };
	struct rdv_own_address own;

	if (test_network_is_own())
		(void)test_run(argv, NULL, NULL);
	if (rdv_own_address("", test_free_port(), &own) == HWS_OK)
		return true;
	test_skip("this machine has no address but loopback, and none can be added");
	return false;
}

/* With no address set the nodes find their own; "off" is said. */
START_TEST(nodes_find_their_own_address)
{
	const char *names[] = { "a", "b" }, *urls[] = { pg.url, b_url };
	struct server *nodes[] = { &a, &b };

	if (!have_address())
		return;
	for (int i = 0; i < 2; i++) {
		char port[10];
		const char *args[] = { "--store", urls[i], "--node", names[i], "--relay-servers",
			"relay.example.com", "--port", port, NULL };

		server_stop(nodes[i]);
		nodes[i]->port = (uint16_t)(test_free_ports(6) + 1);
		snprintf(port, sizeof(port), "%u", nodes[i]->port);
		server_start(nodes[i], args);
		ck_assert_msg(strstr(nodes[i]->proc.log, "node.address "), "%s",
				nodes[i]->proc.log);
	}
	until_linked();
}
END_TEST

START_TEST(an_address_of_this_machine_leads_to_others)
{
	struct rdv_own_address own, busy;
	struct sockaddr_storage ss;
	int fd;

	if (!have_address())
		return;
	/* a database here says nothing about how others come here */
	ck_assert_int_eq(rdv_own_address("127.0.0.1", test_free_port(), &own), HWS_OK);
	ck_assert_int_eq(hws_addr_parse(own.at, 0, &ss), HWS_OK);
	ck_assert(!hws_addr_is_special(&ss));
	/* what another program has is not told to the nodes */
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&ss, hws_addr_len(&ss)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(rdv_own_address("", hws_addr_port(&ss), &busy), HWS_ERR_BUSY);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/cluster links");
	TCase *own = test_case(s, "own address", 120,
			TESTS(nodes_find_their_own_address,
					an_address_of_this_machine_leads_to_others));
	TCase *t = test_case(s, "links", 180,
			TESTS(requests_and_answers_go_over_the_link,
					nothing_is_lost_when_the_link_is_cut,
					nothing_is_lost_when_the_link_falls_silent,
					a_node_that_starts_again_is_linked_again,
					one_address_is_enough,
					a_port_that_is_not_named_is_that_of_its_own_node,
					the_other_end_calls_when_one_cannot,
					an_older_node_is_heard_by_the_database,
					strangers_are_let_in_nowhere));

	tcase_add_unchecked_fixture(own, start_database, stop_database);
	tcase_add_checked_fixture(own, set_up, tear_down);
	tcase_add_unchecked_fixture(t, start_database, stop_database);
	tcase_add_checked_fixture(t, set_up_links, tear_down_links);
	return test_suite_run(s);
}
