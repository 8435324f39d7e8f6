/* Two hawser-rendezvous on one PostgreSQL: devices of one are reached from the other, by every way; then one node is
 * killed, the database restarted, the network between node and database cut. */
#include "proto/cluster.pb-c.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/hash.h"
#include "shared/crypto/identity.h"
#include "shared/wire/addr_codec.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/postgres.h"
#include "tests/support/tcp_proxy.h"
#include <arpa/inet.h>
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define R(x) RDV__REGISTER_PK_RESPONSE__RESULT__##x
#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x
#define FAILURE(x) RDV__PUNCH_HOLE_RESPONSE__FAILURE__##x
#define UUID "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e"
/* What "within 3 seconds" of the requirements allows. */
#define AGAIN_MS 3000

static struct test_pg pg;
static struct test_proxy proxy; /* between node b and the database */
static struct server a, b;
static char b_url[200];
static uint16_t b_port;

static void start_node(struct server *s, const char *name, const char *url)
{
	char port[10];
	const char *args[] = { "--store", url, "--node", name, "--relay-servers",
		"relay.example.com", "--port", port, NULL };

	/* below the range of outgoing links, so that it is still free after a restart */
	if (!s->port)
		s->port = (uint16_t)(test_free_ports(4) + 1);
	snprintf(port, sizeof(port), "%u", s->port);
	server_start(s, args);
}

static void start_database(void)
{
	memset(&pg, 0, sizeof(pg));
	test_pg_start(&pg);
}

static void stop_database(void)
{
	test_pg_stop(&pg);
}

/* Node b has the key of node a, as the operator's guide says. */
static void copy_key(void)
{
	const char *argv[] = { "/bin/cp", "-p", NULL, NULL, b.dir, NULL };
	char key[400], pub[420];
	char *out = NULL;

	test_dir(b.dir, sizeof(b.dir));
	snprintf(key, sizeof(key), "%s/id_ed25519", a.dir);
	snprintf(pub, sizeof(pub), "%s.pub", key);
	argv[2] = key;
	argv[3] = pub;
	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s", out);
	free(out);
}

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	test_pg_sql(&pg, "DROP SCHEMA IF EXISTS hawser CASCADE");
	test_proxy_start(&proxy, pg.port);
	snprintf(b_url, sizeof(b_url), "postgresql://postgres@127.0.0.1:%u/hawser", proxy.port);
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	start_node(&a, "a", pg.url);
	copy_key();
	start_node(&b, "b", b_url);
	ck_assert_str_eq(a.key, b.key);
}

static void tear_down(void)
{
	server_stop(&a);
	server_stop(&b);
	test_proxy_stop(&proxy);
}

static void set_up_own(void)
{
	start_database();
	set_up();
}

static void tear_down_own(void)
{
	tear_down();
	stop_database();
}

/* --- words ------------------------------------------------------------------------------------------- */

/* The answer to one request, NULL after ms. */
static message *ask_once(struct server *s, const char *id, unsigned ms)
{
	int fd = viewer_punch(s, 9, id);
	message *m = tcp_recv(fd, ms);

	close(fd);
	return m;
}

/* One request and its way back; false when something of it is missing. */
static bool reach_once(struct server *s, struct device *d)
{
	int fd = viewer_punch(s, 9, d->id);
	message *push = udp_recv(d->udp, 250), *m = NULL;

	if (push && push->union_case == M(PUNCH_HOLE)) {
		device_answer_sent(d, d->host,
				hws_bytes(push->punch_hole->socket_addr.data,
						push->punch_hole->socket_addr.len),
				d->id);
		m = tcp_recv(fd, 500);
	}
	hws_rdv_free(push);
	close(fd);
	if (!m)
		return false;
	ck_assert_int_eq(m->union_case, M(PUNCH_HOLE_RESPONSE));
	ck_assert_uint_gt(m->punch_hole_response->socket_addr.len, 0);
	ck_assert(statement_is_of(s, m->punch_hole_response->pk, d));
	hws_rdv_free(m);
	return true;
}

/* True if a viewer at this node reaches the device within ms; it asks again as viewers do. */
static bool reached(struct server *s, struct device *d, unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	while (test_now_ms() < end) {
		message *old;

		while ((old = udp_recv(d->udp, 0))) /* pushes of attempts that were given up */
			hws_rdv_free(old);
		if (reach_once(s, d))
			return true;
	}
	return false;
}

/* True if a viewer at this node is refused with this word within ms, asking again as viewers do. */
static bool refused(
		struct server *s, const char *id, Rdv__PunchHoleResponse__Failure want, unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	while (test_now_ms() < end) {
		message *m = ask_once(s, id, AGAIN_MS);
		bool is = m && m->union_case == M(PUNCH_HOLE_RESPONSE) &&
				m->punch_hole_response->socket_addr.len == 0 &&
				m->punch_hole_response->failure == want;

		hws_rdv_free(m);
		if (is)
			return true;
	}
	return false;
}

/* The same device, come to another node by its list of addresses. */
static void moves_to(struct device *d, struct server *s)
{
	d->server = s;
	if (!device_keep_alive(d)) {
		ck_assert_int_eq(device_register(d), R(OK));
		ck_assert(device_keep_alive(d));
	}
}

/* --- every way ---------------------------------------------------------------------------------------- */

START_TEST(a_device_of_one_node_is_punched_from_the_other)
{
	struct device d;
	struct sockaddr_storage ss;
	message *push, *m;
	int fd;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	fd = viewer_punch(&a, 9, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	hws_addr_decode(hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			&ss, NULL);
	ck_assert_uint_eq(ntohs(((struct sockaddr_in *)&ss)->sin_port), local_port(fd));
	ck_assert_uint_eq(ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr), 0x7f000009u);
	ck_assert_str_eq(push->punch_hole->relay_server, "relay.example.com");
	device_answer_sent(&d, 5,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d.id);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	hws_addr_decode(hws_bytes(m->punch_hole_response->socket_addr.data,
					m->punch_hole_response->socket_addr.len),
			&ss, NULL);
	ck_assert_uint_eq(ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr), 0x7f000005u);
	ck_assert(!m->punch_hole_response->is_udp);
	ck_assert(statement_is_of(&a, m->punch_hole_response->pk, &d));
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(udp_punching_crosses_nodes)
{
	Rdv__PunchHoleSent p = RDV__PUNCH_HOLE_SENT__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct sockaddr_storage ss;
	struct device d;
	message *push, *m;
	int punching, fd;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	fd = tcp_open(9, a.port);
	viewer_ask(fd, &a, d.id, RDV__NAT_TYPE__ASYMMETRIC, false, 40404);
	push = device_pushed(&d, M(PUNCH_HOLE));
	ck_assert_int_eq(push->punch_hole->udp_port, 40404);
	punching = udp_open(1);
	p.socket_addr = push->punch_hole->socket_addr;
	p.id = d.id;
	p.relay_server = (char *)"relay.example.com";
	out.union_case = M(PUNCH_HOLE_SENT);
	out.punch_hole_sent = &p;
	for (int i = 0; i < 3; i++)
		udp_send(punching, b.port, &out);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert(m->punch_hole_response->is_udp);
	hws_addr_decode(hws_bytes(m->punch_hole_response->socket_addr.data,
					m->punch_hole_response->socket_addr.len),
			&ss, NULL);
	ck_assert_uint_eq(ntohs(((struct sockaddr_in *)&ss)->sin_port), local_port(punching));
	hws_rdv_free(m);
	ck_assert_ptr_null(tcp_recv(fd, SILENCE_MS));
	hws_rdv_free(push);
	close(punching);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(two_ends_of_one_network_exchange_local_addresses_across_nodes)
{
	Rdv__LocalAddr p = RDV__LOCAL_ADDR__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	uint8_t again[HWS_ADDR_WIRE_MAX], local[HWS_ADDR_WIRE_MAX];
	struct sockaddr_storage viewer, lan = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&lan;
	struct device d;
	message *push, *m;
	int fd, reply;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	fd = viewer_punch(&a, 1, d.id);
	push = device_pushed(&d, M(FETCH_LOCAL_ADDR));
	hws_addr_decode(hws_bytes(push->fetch_local_addr->socket_addr.data,
					push->fetch_local_addr->socket_addr.len),
			&viewer, NULL);
	in->sin_family = AF_INET;
	in->sin_port = htons(54321);
	in->sin_addr.s_addr = htonl(0xc0a80105u);
	p.socket_addr = (ProtobufCBinaryData){ hws_addr_encode(&viewer, 77, again), again };
	p.local_addr = (ProtobufCBinaryData){ hws_addr_encode(&lan, 78, local), local };
	p.id = d.id;
	out.union_case = M(LOCAL_ADDR);
	out.local_addr = &p;
	/* somebody else's word does not count */
	reply = tcp_open(7, b.port);
	tcp_send(reply, &out);
	ck_assert_ptr_null(tcp_recv(fd, SILENCE_MS));
	close(reply);
	reply = tcp_open(1, b.port);
	tcp_send(reply, &out);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert(m->punch_hole_response->is_local);
	ck_assert_mem_eq(m->punch_hole_response->socket_addr.data, local, p.local_addr.len);
	ck_assert(statement_is_of(&a, m->punch_hole_response->pk, &d));
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(reply);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(the_relay_is_agreed_across_nodes)
{
	Rdv__RequestRelay p = RDV__REQUEST_RELAY__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct device d;
	message *push, *m;
	int fd;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	/* the device chooses the relay */
	fd = tcp_open(9, a.port);
	viewer_ask(fd, &a, d.id, RDV__NAT_TYPE__SYMMETRIC, true, 0);
	push = device_pushed(&d, M(PUNCH_HOLE));
	ck_assert(push->punch_hole->force_relay);
	device_answer_relay(&d, 1,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d.id, UUID);
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert_str_eq(m->relay_response->uuid, UUID);
	ck_assert(statement_is_of(&a, m->relay_response->pk, &d));
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	/* the viewer asks for it after a failed direct way */
	fd = tcp_open(9, a.port);
	p.id = d.id;
	p.uuid = (char *)UUID;
	p.relay_server = (char *)"relay.example.com";
	out.union_case = M(REQUEST_RELAY);
	out.request_relay = &p;
	tcp_send(fd, &out);
	push = device_pushed(&d, M(REQUEST_RELAY));
	ck_assert_str_eq(push->request_relay->uuid, UUID);
	ck_assert_str_eq(push->request_relay->relay_server, "relay.example.com");
	ck_assert(push->request_relay->secure);
	device_answer_relay(&d, 1,
			hws_bytes(push->request_relay->socket_addr.data,
					push->request_relay->socket_addr.len),
			NULL, NULL);
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert_str_eq(m->relay_response->version, "1.4.9");
	ck_assert_str_eq(m->relay_response->refuse_reason, "");
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

static bool online_at(struct server *s, struct device *d, uint8_t want)
{
	char *ids[3] = { (char *)"nobody-7", d->id, (char *)"nobody-8" };
	Rdv__OnlineRequest p = RDV__ONLINE_REQUEST__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m;
	bool is;
	int fd = tcp_open(9, s->nat);

	p.id = (char *)"viewer";
	p.n_peers = 3;
	p.peers = ids;
	out.union_case = M(ONLINE_REQUEST);
	out.online_request = &p;
	tcp_send(fd, &out);
	m = viewer_answer(fd, M(ONLINE_RESPONSE), WAIT_MS);
	ck_assert_uint_eq(m->online_response->states.len, 1);
	is = m->online_response->states.data[0] == want;
	hws_rdv_free(m);
	close(fd);
	return is;
}

START_TEST(online_queries_and_refusals_see_all_nodes)
{
	struct device d;
	uint64_t end;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS)); /* shows the key too, so that this address may ask */
	ck_assert(online_at(&a, &d, 0x40));
	ck_assert(refused(&a, "987654321", FAILURE(ID_NOT_EXIST), 1));
	/* an end in order counts at once, although node a never met the device */
	server_stop(&b);
	ck_assert(refused(&a, d.id, FAILURE(OFFLINE), 1));
	end = test_now_ms() + WAIT_MS;
	while (!online_at(&a, &d, 0))
		ck_assert_uint_lt(test_now_ms(), end);
	start_node(&b, "b", b_url);
	device_done(&d);
}
END_TEST

static bool peer_is(struct server *s, const char *id, bool online, const char *node)
{
	uint64_t end = test_now_ms() + WAIT_MS;
	bool is;

	do {
		json_t *o = server_ask(s, "peer", "id", id);
		const char *at = json_string_value(json_object_get(o, "node"));

		is = json_is_true(json_object_get(o, "online")) == online &&
				hws_str_equal(at ? at : "", node);
		json_decref(o);
	} while (!is && test_now_ms() < end);
	return is;
}

static bool forgotten(void *device)
{
	return !device_keep_alive(device);
}

/* An operator sees and removes devices of any node at the one he asks. */
START_TEST(an_operator_sees_the_devices_of_all_nodes)
{
	struct device d;
	json_t *o, *one;

	device_init(&d, &a, 1, "123456789");
	device_online(&d);
	ck_assert(peer_is(&a, d.id, true, "a"));
	ck_assert(peer_is(&b, d.id, true, "a"));
	o = server_ask(&b, "devices", NULL, NULL);
	one = json_array_get(json_object_get(o, "devices"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(one, "id")), d.id);
	ck_assert(json_is_true(json_object_get(one, "online")));
	ck_assert_str_eq(json_string_value(json_object_get(one, "node")), "a");
	json_decref(o);
	json_decref(server_ask(&b, "remove", "id", d.id));
	ck_assert(test_until(forgotten, &d, WAIT_MS));
	o = server_ask(&b, "devices", NULL, NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "devices")), 0);
	json_decref(o);
	device_online(&d);
	ck_assert(peer_is(&b, d.id, true, "a"));
	server_stop(&a);
	ck_assert(peer_is(&b, d.id, false, ""));
	start_node(&a, "a", pg.url);
	device_done(&d);
}
END_TEST

START_TEST(a_device_that_moves_is_found_where_it_is)
{
	struct device d;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	moves_to(&d, &a);
	ck_assert(reached(&a, &d, AGAIN_MS));
	ck_assert(reached(&b, &d, AGAIN_MS)); /* b has let it go */
	moves_to(&d, &b);
	ck_assert(reached(&b, &d, AGAIN_MS));
	ck_assert(reached(&a, &d, AGAIN_MS));
	device_done(&d);
}
END_TEST

/* Registers once more; true when the id was said to be another's. */
static bool denied(struct device *d)
{
	bool is = false;
	message *m;

	device_send_pk(d);
	while (!is && (m = udp_recv(d->udp, 200))) {
		is = m->union_case == M(REGISTER_PK_RESPONSE) &&
				m->register_pk_response->result == R(UUID_MISMATCH);
		hws_rdv_free(m);
	}
	return is;
}

START_TEST(a_device_met_by_one_node_is_no_stranger_to_the_other)
{
	struct device d, thief;
	uint64_t end;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	/* somebody who wants its id at the other node */
	device_init(&thief, &a, 2, "123456789");
	thief.uuid[0] = 'X';
	end = test_now_ms() + WAIT_MS;
	while (!denied(&thief)) /* until the database has been heard */
		ck_assert_uint_lt(test_now_ms(), end);
	ck_assert(reached(&a, &d, AGAIN_MS));
	ck_assert(reached(&b, &d, AGAIN_MS));
	device_done(&d);
	device_done(&thief);
}
END_TEST

/* The name of the servers has both addresses: each link of device and viewer may lead to either node. */
START_TEST(answers_and_relay_requests_may_come_to_any_node)
{
	Rdv__RequestRelay p = RDV__REQUEST_RELAY__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct device d;
	message *push, *m;
	int fd;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	fd = viewer_punch(&a, 9, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	d.server = &a; /* where its answers go */
	device_answer_sent(&d, 1,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d.id);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert(statement_is_of(&a, m->punch_hole_response->pk, &d));
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	/* the viewer was told the relay by node a, and asks node b for it */
	fd = tcp_open(9, b.port);
	p.id = d.id;
	p.uuid = (char *)UUID;
	out.union_case = M(REQUEST_RELAY);
	out.request_relay = &p;
	tcp_send(fd, &out);
	push = device_pushed(&d, M(REQUEST_RELAY));
	ck_assert_str_eq(push->request_relay->relay_server, "relay.example.com");
	device_answer_relay(&d, 1,
			hws_bytes(push->request_relay->socket_addr.data,
					push->request_relay->socket_addr.len),
			NULL, NULL);
	/* and the answer of the device comes to node a, which has nothing to do with it */
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert_str_eq(m->relay_response->refuse_reason, "");
	ck_assert_str_eq(m->relay_response->version, "1.4.9");
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	/* somebody who was let through by nobody */
	fd = tcp_open(8, b.port);
	tcp_send(fd, &out);
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert_ptr_nonnull(strstr(m->relay_response->refuse_reason, "does not know"));
	hws_rdv_free(m);
	close(fd);
	device_done(&d);
}
END_TEST

static bool blocked(struct server *s, const char *id)
{
	message *m = ask_once(s, id, AGAIN_MS);
	bool is = m && m->union_case == M(PUNCH_HOLE_RESPONSE) &&
			m->punch_hole_response->other_failure[0];

	hws_rdv_free(m);
	return is;
}

static void order(struct server *s, const char *cmd, const char *id)
{
	json_t *ans = server_ask(s, cmd, "net", id);

	ck_assert(json_is_true(json_object_get(ans, "ok")));
	json_decref(ans);
}

static void until_blocked(struct server *s, const char *id, bool want)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (blocked(s, id) != want)
		ck_assert_uint_lt(test_now_ms(), end);
}

START_TEST(orders_hold_at_all_nodes_also_those_that_were_missed)
{
	struct device d;

	device_init(&d, &a, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&b, &d, AGAIN_MS));
	order(&a, "block", d.id);
	until_blocked(&b, d.id, true);
	order(&b, "unblock", d.id);
	until_blocked(&a, d.id, false);
	until_blocked(&b, d.id, false);
	test_proxy_set(&proxy, TEST_PROXY_CUT);
	order(&a, "block", "987654321");
	ck_assert(!blocked(&b, "987654321"));
	test_proxy_set(&proxy, TEST_PROXY_PASS);
	until_blocked(&b, "987654321", true);
	test_proxy_set(&proxy, TEST_PROXY_CUT);
	order(&a, "unblock", "987654321");
	test_proxy_set(&proxy, TEST_PROXY_PASS);
	until_blocked(&b, "987654321", false);
	device_done(&d);
}
END_TEST

START_TEST(nodes_with_different_keys_do_not_talk)
{
	const char *args[] = { "--store", pg.url, "--node", "c", NULL };
	struct server c = { 0 };
	struct device d;

	server_start(&c, args);
	ck_assert_str_ne(c.key, a.key);
	device_init(&d, &c, 1, "123456789");
	device_online(&d);
	ck_assert(!reached(&a, &d, AGAIN_MS));
	test_proc_must_expect(&c.proc, "cluster.other_key", WAIT_MS);
	server_stop(&c);
	device_done(&d);
}
END_TEST

/* --- messages of nobody --------------------------------------------------------------------------------- */

static void notify(const char *node, const char *payload)
{
	static const uint8_t key[HWS_HASH_KEY_LEN] = { 0 };
	static char sql[9000];
	uint8_t h[16];
	char hex[40];

	hws_keyed_hash128(key, hws_bytes_str(node), h);
	ck_assert_int_eq(hws_hex_encode(hws_bytes(h, sizeof(h)), hex, sizeof(hex)), HWS_OK);
	snprintf(sql, sizeof(sql), "SELECT pg_notify('hawser_%s', '%s')", hex, payload);
	test_pg_sql(&pg, sql);
}

/* As another node of the same cluster would send it. */
static void send_item(Cluster__Item *item)
{
	Cluster__Envelope e = CLUSTER__ENVELOPE__INIT;
	static uint8_t packed[3900];
	static char hex[2 * sizeof(packed) + 1];
	uint8_t pk[HWS_PK_LEN];
	size_t n;

	ck_assert_int_eq(hws_key_parse(a.key, pk), HWS_OK);
	e.key = (ProtobufCBinaryData){ 8, pk };
	e.from = (char *)"x";
	e.n_items = 1;
	e.items = &item;
	n = cluster__envelope__get_packed_size(&e);
	ck_assert_uint_le(n, sizeof(packed));
	cluster__envelope__pack(&e, packed);
	ck_assert_int_eq(hws_hex_encode(hws_bytes(packed, n), hex, sizeof(hex)), HWS_OK);
	notify("a", hex);
	/* cut short and with a bit turned, too */
	hex[n] = 0;
	notify("a", hex);
	hex[n / 2] ^= 1;
	notify("a", hex);
}

START_TEST(rubbish_from_the_database_harms_nobody)
{
	static uint8_t junk[3000];
	Cluster__Push push = CLUSTER__PUSH__INIT;
	Cluster__Reply reply = CLUSTER__REPLY__INIT;
	Cluster__Nowhere nowhere = CLUSTER__NOWHERE__INIT;
	Cluster__Ids ids = CLUSTER__IDS__INIT;
	Cluster__GrantAsk ask = CLUSTER__GRANT_ASK__INIT;
	Cluster__Grant grant = CLUSTER__GRANT__INIT;
	Cluster__Misdirected stray = CLUSTER__MISDIRECTED__INIT;
	Cluster__Entry entry = CLUSTER__ENTRY__INIT;
	Cluster__Item item[] = { CLUSTER__ITEM__INIT, CLUSTER__ITEM__INIT, CLUSTER__ITEM__INIT,
		CLUSTER__ITEM__INIT, CLUSTER__ITEM__INIT, CLUSTER__ITEM__INIT, CLUSTER__ITEM__INIT,
		CLUSTER__ITEM__INIT };
	static char long_text[600];
	char *list[] = { long_text, (char *)"", (char *)"123456789" };
	struct device d;

	memset(junk, 0xa5, sizeof(junk));
	memset(long_text, 'x', sizeof(long_text) - 1);
	device_init(&d, &a, 1, "123456789");
	device_online(&d);
	notify("a", "zz");
	notify("a", "0");
	notify("a", "ffffffffffff");
	push.id = d.id;
	push.viewer = push.message = (ProtobufCBinaryData){ 1000, junk };
	reply.id = long_text;
	reply.viewer = reply.message = reply.pk = reply.from_ip =
			(ProtobufCBinaryData){ 700, junk };
	reply.from_port = 70000;
	nowhere.id = d.id;
	nowhere.viewer = (ProtobufCBinaryData){ 2000, junk };
	ids.n_id = 3;
	ids.id = list;
	ask.id = long_text;
	ask.ip = (ProtobufCBinaryData){ 4, junk };
	grant.ticket = UINT64_MAX;
	grant.relay = long_text;
	stray.from_ip = (ProtobufCBinaryData){ 16, junk };
	stray.message = (ProtobufCBinaryData){ 500, junk };
	entry.kind = entry.key = entry.value = long_text;
	item[0].what_case = CLUSTER__ITEM__WHAT_PUSH;
	item[0].push = &push;
	item[1].what_case = CLUSTER__ITEM__WHAT_REPLY;
	item[1].reply = &reply;
	item[2].what_case = CLUSTER__ITEM__WHAT_NOWHERE;
	item[2].nowhere = &nowhere;
	item[3].what_case = CLUSTER__ITEM__WHAT_CHANGED;
	item[3].changed = &ids;
	item[4].what_case = CLUSTER__ITEM__WHAT_GRANT_ASK;
	item[4].grant_ask = &ask;
	item[5].what_case = CLUSTER__ITEM__WHAT_GRANT;
	item[5].grant = &grant;
	item[6].what_case = CLUSTER__ITEM__WHAT_MISDIRECTED;
	item[6].misdirected = &stray;
	item[7].what_case = CLUSTER__ITEM__WHAT_ENTRY;
	item[7].entry = &entry;
	for (size_t i = 0; i < sizeof(item) / sizeof(item[0]); i++)
		send_item(&item[i]);
	ck_assert(reached(&a, &d, AGAIN_MS));
	ck_assert(reached(&b, &d, AGAIN_MS));
	device_done(&d);
}
END_TEST

/* --- faults -------------------------------------------------------------------------------------------- */

START_TEST(a_killed_node_is_noticed_and_its_devices_come_back_at_the_other)
{
	struct device d, stays;
	uint64_t began;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	device_init(&stays, &a, 2, "223456789");
	device_online(&stays);
	ck_assert(reached(&a, &d, AGAIN_MS));
	ck_assert(reached(&b, &stays, AGAIN_MS));
	b_port = b.port;
	server_kill(&b);
	ck_assert(reached(&a, &stays, AGAIN_MS)); /* not touched by it */
	test_proc_must_expect(&a.proc, "cluster.nodes alive=1 before=2", 10000);
	ck_assert(refused(&a, d.id, FAILURE(OFFLINE), 10000));
	began = test_now_ms();
	moves_to(&d, &a);
	ck_assert(reached(&a, &d, AGAIN_MS));
	fprintf(stderr, "reached %llu ms after it came back\n",
			(unsigned long long)(test_now_ms() - began));
	b.port = b_port;
	start_node(&b, "b", b_url);
	ck_assert(reached(&b, &d, AGAIN_MS));
	ck_assert(reached(&b, &stays, AGAIN_MS));
	device_done(&d);
	device_done(&stays);
}
END_TEST

/* The journal writes again every second. */
static bool are_stored(void *count)
{
	return strcmp(test_pg_sql(&pg, "SELECT count(*) FROM hawser.peer"), count) == 0;
}

START_TEST(a_restart_of_the_database_loses_nothing)
{
	struct device far, near, fresh;

	device_init(&far, &b, 1, "123456789");
	device_online(&far);
	device_init(&near, &a, 2, "223456789");
	device_online(&near);
	ck_assert(reached(&a, &far, AGAIN_MS));
	test_pg_stop(&pg);
	ck_assert(reached(&a, &near, AGAIN_MS)); /* each node serves its own */
	ck_assert(reached(&b, &far, AGAIN_MS));
	ck_assert(refused(&a, far.id, FAILURE(OFFLINE), AGAIN_MS));
	/* what is acknowledged now must be there later */
	device_init(&fresh, &b, 3, "323456789");
	device_online(&fresh);
	test_pg_run(&pg);
	ck_assert(reached(&a, &far, 10000));
	ck_assert(reached(&b, &near, 10000));
	ck_assert(reached(&a, &fresh, 10000));
	ck_assert(test_until(are_stored, (void *)"3", WAIT_MS));
	device_done(&far);
	device_done(&near);
	device_done(&fresh);
}
END_TEST

static void cut(enum test_proxy_mode how)
{
	struct device far, near, fresh;

	device_init(&far, &b, 1, "123456789");
	device_online(&far);
	device_init(&near, &a, 2, "223456789");
	device_online(&near);
	ck_assert(reached(&a, &far, AGAIN_MS));
	test_proxy_set(&proxy, how);
	ck_assert(reached(&b, &far, AGAIN_MS)); /* it has lost the database, not its devices */
	device_init(&fresh, &b, 3, "323456789");
	device_online(&fresh);
	ck_assert(reached(&b, &fresh, AGAIN_MS));
	ck_assert(refused(&b, near.id, FAILURE(OFFLINE), AGAIN_MS));
	ck_assert(refused(&a, far.id, FAILURE(OFFLINE), 10000));
	/* a device that has seen the other side */
	moves_to(&far, &a);
	ck_assert(reached(&a, &far, AGAIN_MS));
	test_proxy_set(&proxy, TEST_PROXY_PASS);
	ck_assert(reached(&a, &fresh, 20000));
	ck_assert(reached(&b, &near, 20000));
	ck_assert(reached(&b, &far, 20000)); /* it has not been taken back */
	ck_assert(reached(&a, &far, AGAIN_MS));
	ck_assert(test_until(are_stored, (void *)"3", WAIT_MS));
	device_done(&far);
	device_done(&near);
	device_done(&fresh);
}

START_TEST(a_cut_between_node_and_database_is_survived)
{
	cut(TEST_PROXY_CUT);
}
END_TEST

START_TEST(a_silent_network_between_node_and_database_is_survived)
{
	cut(TEST_PROXY_HOLD);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/cluster");
	TCase *t = tcase_create("nodes"), *f = tcase_create("database");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 90);
	tcase_add_unchecked_fixture(t, start_database, stop_database);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_device_of_one_node_is_punched_from_the_other);
	tcase_add_test(t, udp_punching_crosses_nodes);
	tcase_add_test(t, two_ends_of_one_network_exchange_local_addresses_across_nodes);
	tcase_add_test(t, the_relay_is_agreed_across_nodes);
	tcase_add_test(t, online_queries_and_refusals_see_all_nodes);
	tcase_add_test(t, an_operator_sees_the_devices_of_all_nodes);
	tcase_add_test(t, a_device_that_moves_is_found_where_it_is);
	tcase_add_test(t, a_device_met_by_one_node_is_no_stranger_to_the_other);
	tcase_add_test(t, answers_and_relay_requests_may_come_to_any_node);
	tcase_add_test(t, orders_hold_at_all_nodes_also_those_that_were_missed);
	tcase_add_test(t, rubbish_from_the_database_harms_nobody);
	tcase_add_test(t, nodes_with_different_keys_do_not_talk);
	suite_add_tcase(s, t);
	tcase_add_test(t, a_killed_node_is_noticed_and_its_devices_come_back_at_the_other);
	tcase_add_test(t, a_cut_between_node_and_database_is_survived);
	tcase_add_test(t, a_silent_network_between_node_and_database_is_survived);
	tcase_set_timeout(f, 90);
	tcase_add_checked_fixture(f, set_up_own, tear_down_own);
	tcase_add_test(f, a_restart_of_the_database_loses_nothing);
	suite_add_tcase(s, f);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
