/* What the server does with relays: tells them of agreed pairs, picks the nearest, leaves out those
 * that do not relay. */
#include "shared/crypto/box.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/record.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/frame.h"
#include "shared/wire/server_kx.h"
#include "shared/wire/ticket.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/component/rendezvous/stage.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_uuid(struct hws_bytes uuid, uint32_t ttl_s, void *arg)
{
	char *got = arg;

	ck_assert_uint_gt(ttl_s, 0);
	ck_assert_uint_lt(uuid.len, 64);
	memcpy(got, uuid.ptr, uuid.len);
	got[uuid.len] = 0;
}

/* The next news for a relay. */
static struct hws_ticket_news news_of(int fd, struct hws_record *rec, char *uuid)
{
	struct hws_ticket_news news = { 0 };
	struct hws_bytes plain;
	uint8_t buf[4096];
	ssize_t n;

	do {
		n = tcp_recv_raw(fd, buf, sizeof(buf), WAIT_MS);
		ck_assert_int_ge(n, 0);
	} while (n == 0);
	ck_assert_int_eq(hws_record_open(rec, hws_bytes(buf, (size_t)n), buf, &plain), HWS_OK);
	ck_assert_int_eq(hws_ticket_read(plain, &news, on_uuid, uuid), HWS_OK);
	return news;
}

static int relay_listens(const struct hws_identity *id, struct hws_record *rec)
{
	struct hws_buf hello;
	uint8_t sealed[400], hdr[4];
	size_t n;
	int fd = tcp_open(20, srv.port);

	encrypt(fd, rec);
	hws_buf_init(&hello, 300);
	ck_assert_int_eq(hws_ticket_hello(id, rec->key_secret, &hello), HWS_OK);
	n = hws_buf_len(&hello) + HWS_RECORD_OVERHEAD;
	ck_assert_int_eq(hws_record_seal(rec, hws_buf_bytes(&hello), sealed), HWS_OK);
	tcp_send_raw(fd, hws_bytes(hdr, hws_frame_header(n, hdr)));
	tcp_send_raw(fd, hws_bytes(sealed, n));
	hws_buf_done(&hello);
	return fd;
}

START_TEST(relays_are_told_of_agreed_pairs)
{
	char key[HWS_KEY_TEXT], uuid[64] = "";
	const char *extra[] = { "--relay-servers", "relay.example.com", "--announce-to", key,
		NULL };
	struct hws_identity own, stranger;
	struct hws_record rec, rec2;
	struct device d;
	message *push;
	int relay, fd, other;

	hws_identity_generate(false, &own);
	hws_identity_generate(false, &stranger);
	hws_key_text(own.pk, key);
	server_stop(&srv);
	server_start(&srv, extra);
	other = relay_listens(&stranger, &rec2);
	ck_assert(tcp_closed(other, WAIT_MS));
	close(other);
	relay = relay_listens(&own, &rec);
	ck_assert(news_of(relay, &rec, uuid).welcome);
	ck_assert_int_eq(
			poll(&(struct pollfd){ relay, POLLIN, 0 }, 1, SILENCE_MS), 0); /* no news */
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = tcp_open(9, srv.port);
	viewer_ask(fd, &srv, d.id, RDV__NAT_TYPE__SYMMETRIC, true, 0);
	push = device_pushed(&d, M(PUNCH_HOLE));
	device_answer_relay(&d, 1,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d.id, "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e");
	hws_rdv_free(viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS));
	ck_assert(!news_of(relay, &rec, uuid).welcome);
	ck_assert_str_eq(uuid, "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e");
	hws_rdv_free(push);
	close(fd);
	close(relay);
	device_done(&d);
}
END_TEST

/* The relay that the server names to the device for a viewer on 127.0.0.<host>. */
static void relay_for(struct device *d, unsigned host, char *buf, size_t size)
{
	int fd = viewer_punch(&srv, host, d->id);
	message *push = device_pushed(d, M(PUNCH_HOLE));

	snprintf(buf, size, "%s", push->punch_hole->relay_server);
	hws_rdv_free(push);
	close(fd);
}

START_TEST(a_network_has_its_relay)
{
	char a[40], b[40], list[100], networks[200], got[100];
	const char *extra[] = { "--relay-servers", list, "--relay-networks", networks,
		"--relay-check", "connect", NULL };
	int fd[2] = { own_port(true, a, sizeof(a)), own_port(true, b, sizeof(b)) };
	struct device d, other;

	snprintf(list, sizeof(list), "%s,%s*1000", a, b);
	snprintf(networks, sizeof(networks), "127.0.0.7=%s,127.0.0.0/24=%s,127.0.0.3/32=%s", a, b,
			a);
	server_stop(&srv);
	server_start(&srv, extra);
	device_init(&d, &srv, 1, "123456789");
	device_init(&other, &srv, 3, "223456789");
	device_online(&d);
	device_online(&other);
	for (int i = 0; i < 3; i++) {
		relay_for(&d, 7, got, sizeof(got)); /* the device's network goes first */
		ck_assert_str_eq(got, b);
		relay_for(&other, 9, got, sizeof(got)); /* of two networks the smaller one */
		ck_assert_str_eq(got, a);
	}
	for (int i = 0; i < 2; i++)
		close(fd[i]);
	device_done(&d);
	device_done(&other);
}
END_TEST

static void report_distance(int fd, struct hws_record *rec, const char *relay, uint32_t ms)
{
	struct hws_ticket_distance d = { .rtt_ms = ms };
	struct hws_buf out;
	uint8_t sealed[400], hdr[4];
	size_t n;

	d.network.ss_family = AF_INET;
	((struct sockaddr_in *)&d.network)->sin_addr.s_addr = htonl(0x7f000000u);
	hws_buf_init(&out, 300);
	ck_assert_int_eq(hws_ticket_distances(relay, &d, 1, &out), HWS_OK);
	n = hws_buf_len(&out) + HWS_RECORD_OVERHEAD;
	ck_assert_int_eq(hws_record_seal(rec, hws_buf_bytes(&out), sealed), HWS_OK);
	tcp_send_raw(fd, hws_bytes(hdr, hws_frame_header(n, hdr)));
	tcp_send_raw(fd, hws_bytes(sealed, n));
	hws_buf_done(&out);
}

static bool relays_are_up(void *arg)
{
	json_t *ans = server_ask(&srv, "relays", NULL, NULL), *relay;
	size_t i, up = 0;

	(void)arg;
	json_array_foreach (json_object_get(ans, "relays"), i, relay)
		up += strcmp(json_string_value(json_object_get(relay, "state")), "up") == 0;
	json_decref(ans);
	return up == 2;
}

START_TEST(the_nearest_relay_is_named_as_far_as_they_reported)
{
	char a[40], b[40], list[100], got[100], key[HWS_KEY_TEXT], uuid[64];
	const char *extra[] = { "--relay-servers", list, "--relay-check", "connect",
		"--target-rate", "0", "--punch-rate", "0", "--announce-to", key, NULL };
	int fd[2] = { own_port(true, a, sizeof(a)), own_port(true, b, sizeof(b)) };
	struct hws_identity own;
	struct hws_record rec;
	struct device d;
	int relay, near_a = 0;

	hws_identity_generate(false, &own);
	hws_key_text(own.pk, key);
	snprintf(list, sizeof(list), "%s,%s", a, b);
	server_stop(&srv);
	server_start(&srv, extra);
	ck_assert(test_until(relays_are_up, NULL, WAIT_MS));
	relay = relay_listens(&own, &rec);
	ck_assert(news_of(relay, &rec, uuid).welcome);
	report_distance(relay, &rec, "unheard-of.invalid", 1);
	report_distance(relay, &rec, a, 12);
	report_distance(relay, &rec, b, 140);
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	/* the reports travel on a link of their own; by weight alone the two take turns */
	for (int row = 0, tries = 0; row < 4; tries++) {
		ck_assert_int_lt(tries, 2000);
		relay_for(&d, 9, got, sizeof(got));
		row = strcmp(got, a) == 0 ? row + 1 : 0;
	}
	for (int i = 0; i < 40; i++) {
		relay_for(&d, 9, got, sizeof(got));
		near_a += strcmp(got, a) == 0;
	}
	/* one in sixteen goes by weight, so that the others are measured too */
	ck_assert_int_ge(near_a, 28);
	/* a relay that is drained is not named however near it is */
	json_decref(server_ask(&srv, "relay-drain", "relay", a));
	for (int i = 0; i < 4; i++) {
		relay_for(&d, 9, got, sizeof(got));
		ck_assert_str_eq(got, b);
	}
	close(relay);
	for (int i = 0; i < 2; i++)
		close(fd[i]);
	device_done(&d);
}
END_TEST

START_TEST(a_relay_that_does_not_relay_is_left_out)
{
	char deaf[40], list[100], text[40], got[100];
	const char *extra[] = { "--relay-servers", list, NULL };
	int fd = own_port(true, deaf, sizeof(deaf)); /* connects, and that is all */
	char dir[300];
	const char *argv[] = { test_bin("server-relay/hawser-relay"), "--open", "--port", "0",
		"--ws-port", "0", "--runtime-dir", test_dir(dir, sizeof(dir)), NULL };
	struct test_proc relay = { 0 };
	struct device d;

	test_proc_start(&relay, argv, NULL);
	snprintf(text, sizeof(text), "127.0.0.1:%lu",
			test_line_number(test_proc_must_expect(&relay, "listening", 10000),
					" port="));
	snprintf(list, sizeof(list), "%s,%s", deaf, text);
	server_stop(&srv);
	server_start(&srv, extra);
	test_proc_must_expect(&srv.proc, "relay.down", 20000);
	if (!strstr(srv.proc.log, "relay.up"))
		test_proc_must_expect(&srv.proc, "relay.up", 20000);
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	for (int i = 0; i < 4; i++) {
		relay_for(&d, 9, got, sizeof(got));
		ck_assert_str_eq(got, text);
	}
	close(fd);
	device_done(&d);
	test_proc_stop(&relay);
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("rendezvous/relays", 60, setup, teardown,
			TESTS(relays_are_told_of_agreed_pairs, a_network_has_its_relay,
					the_nearest_relay_is_named_as_far_as_they_reported,
					a_relay_that_does_not_relay_is_left_out));
}
