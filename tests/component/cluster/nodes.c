/* tests: the two nodes and their database. */
#include "tests/component/cluster/nodes.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/hash.h"
#include "shared/crypto/identity.h"
#include "shared/wire/addr_codec.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool nodes_linked;

struct test_pg pg;

struct test_proxy proxy; /* between node b and the database */

struct server a, b;

char b_url[200];

void start_node(struct server *s, const char *name, const char *url)
{
	char port[10], at[32];
	const char *args[] = { "--store", url, "--node", name, "--relay-servers",
		"relay.example.com", "--port", port, "--node-address", at, NULL };

	snprintf(at, sizeof(at), "off");
	if (nodes_linked)
		snprintf(at, sizeof(at), "127.0.0.1:%u", test_free_ports(1));

	/* below the range of outgoing links, so that it is still free after a restart */
	if (!s->port)
		s->port = (uint16_t)(test_free_ports(4) + 1);
	snprintf(port, sizeof(port), "%u", s->port);
	server_start(s, args);
}

void start_database(void)
{
	memset(&pg, 0, sizeof(pg));
	test_pg_start(&pg);
}

void stop_database(void)
{
	test_pg_stop(&pg);
}

void copy_key(struct server *s)
{
	const char *argv[] = { "/bin/cp", "-p", NULL, NULL, s->dir, NULL };
	char key[400], pub[420];
	char *out = NULL;

	test_dir(s->dir, sizeof(s->dir));
	snprintf(key, sizeof(key), "%s/id_ed25519", a.dir);
	snprintf(pub, sizeof(pub), "%s.pub", key);
	argv[2] = key;
	argv[3] = pub;
	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s", out);
	free(out);
}

void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	test_pg_sql(&pg, "DROP SCHEMA IF EXISTS hawser CASCADE");
	test_proxy_start(&proxy, pg.port);
	snprintf(b_url, sizeof(b_url), "postgresql://postgres@127.0.0.1:%u/hawser", proxy.port);
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	start_node(&a, "a", pg.url);
	copy_key(&b);
	start_node(&b, "b", b_url);
	ck_assert_str_eq(a.key, b.key);
}

void tear_down(void)
{
	server_stop(&a);
	server_stop(&b);
	test_proxy_stop(&proxy);
}

static void load_key(struct hws_identity *ret)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/id_ed25519", a.dir);
	ck_assert_int_eq(hws_identity_load(path, ret, NULL), HWS_OK);
}

struct rdv_trust *node_double(const char *name)
{
	struct rdv_trust *t = NULL;
	struct hws_identity id;

	load_key(&id);
	ck_assert_int_eq(rdv_trust_new(&id, name, &t), HWS_OK);
	return t;
}

void channel_of(const char *node, char buf[CHANNEL_TEXT])
{
	struct rdv_trust *t = node_double("x");
	char hex[40];
	uint8_t h[16];

	hws_keyed_hash128(rdv_trust_channels(t), hws_bytes_str(node), h);
	ck_assert_int_eq(hws_hex_encode(hws_bytes(h, sizeof(h)), hex, sizeof(hex)), HWS_OK);
	snprintf(buf, CHANNEL_TEXT, "hawser_%s", hex);
	rdv_trust_free(t);
}

void node_double_says(
		struct rdv_trust *node, const char *to, Cluster__Item *item, char hex[SAID_TEXT])
{
	Cluster__Envelope e = CLUSTER__ENVELOPE__INIT;
	static uint8_t packed[RDV_MESSAGE_MAX];
	uint64_t now_us =
			strtoull(test_pg_sql(&pg,
						 "SELECT (extract(epoch FROM clock_timestamp()) * "
						 "1000000)::bigint"),
					NULL, 10);
	struct hws_buf out;

	e.n_items = 1;
	e.items = &item;
	ck_assert_uint_le(cluster__envelope__get_packed_size(&e), sizeof(packed));
	hws_buf_init(&out, RDV_MESSAGE_MAX);
	ck_assert_int_eq(rdv_trust_seal(node, to, now_us,
					 hws_bytes(packed, cluster__envelope__pack(&e, packed)),
					 &out),
			HWS_OK);
	ck_assert_int_eq(hws_hex_encode(hws_buf_bytes(&out), hex, SAID_TEXT), HWS_OK);
	hws_buf_done(&out);
}

message *ask_once(struct server *s, const char *id, unsigned ms)
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

#define SPEAKS_MS 10000

/* What both nodes said last and how they see themselves, for whoever reads why a test failed. */
static void tell_logs(void)
{
	struct server *const nodes[] = { &a, &b };

	for (size_t i = 0; i < 2; i++) {
		json_t *stats = server_ask(nodes[i], "stats", NULL, NULL);
		char *text = json_dumps(stats, JSON_INDENT(1));

		fprintf(stderr, "%s\n", text ? text : "no stats");
		free(text);
		json_decref(stats);
		(void)test_proc_expect(&nodes[i]->proc, "\n\n", 0); /* reads what is there */
		fprintf(stderr, "node %c:\n%s\n", (char)('a' + i),
				test_log_end(nodes[i]->proc.log, 6000));
	}
}

/* Takes what was pushed for attempts that were given up, and does what the server asks for. */
static void drain(struct device *d, unsigned *late)
{
	message *old;

	while ((old = udp_recv(d->udp, 0))) {
		bool ask = old->union_case == M(REGISTER_PEER_RESPONSE) &&
				old->register_peer_response->request_pk;

		*late += old->union_case == M(PUNCH_HOLE);
		hws_rdv_free(old);
		if (ask)
			(void)device_register(d);
	}
}

/* The device speaks meanwhile as devices do: one that is silent for long is offline. */
bool reached(struct server *s, struct device *d, unsigned ms)
{
	uint64_t now = test_now_ms(), end = now + ms, speaks = now + SPEAKS_MS;
	unsigned late = 0;

	for (; now < end; now = test_now_ms()) {
		if (now >= speaks) {
			device_send_peer(d);
			speaks = now + SPEAKS_MS;
		}
		drain(d, &late);
		if (reach_once(s, d))
			return true;
	}
	fprintf(stderr, "pushed, but too late: %u times\n", late);
	tell_logs();
	return false;
}

bool refused(struct server *s, const char *id, Rdv__PunchHoleResponse__Failure want, unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	while (test_now_ms() < end) {
		message *m = ask_once(s, id, ASK_MS);
		bool is = m && m->union_case == M(PUNCH_HOLE_RESPONSE) &&
				m->punch_hole_response->socket_addr.len == 0 &&
				m->punch_hole_response->failure == want;

		hws_rdv_free(m);
		if (is)
			return true;
	}
	return false;
}

void moves_to(struct device *d, struct server *s)
{
	d->server = s;
	if (!device_keep_alive(d)) {
		ck_assert_int_eq(device_register(d), R(OK));
		ck_assert(device_keep_alive(d));
	}
}

json_int_t cluster_figure(struct server *s, const char *name)
{
	json_t *ans = server_ask(s, "stats", NULL, NULL);
	json_int_t n = json_integer_value(json_object_get(json_object_get(ans, "cluster"), name));

	json_decref(ans);
	return n;
}

static bool linked(void *arg)
{
	return cluster_figure(arg, "links") == 1;
}

void until_linked(void)
{
	ck_assert(test_until(linked, &a, WAIT_MS));
	ck_assert(test_until(linked, &b, WAIT_MS));
}
