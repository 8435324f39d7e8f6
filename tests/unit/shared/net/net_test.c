/* shared/net: addresses, framed links and WebSockets over memory streams under torture, real sockets on loopback. */
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/loop/work.h"
#include "shared/net/addr.h"
#include "shared/net/conn.h"
#include "shared/net/dialer.h"
#include "shared/net/listener.h"
#include "shared/net/stream.h"
#include "shared/net/udp_batch.h"
#include "shared/net/ws_upgrade.h"
#include <arpa/inet.h>
#include <check.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static struct hws_loop *loop;

static void set_up(void)
{
	ck_assert_int_eq(hws_loop_new(&loop), 0);
}

static void tear_down(void)
{
	hws_loop_free(loop);
}

/* --- addresses --- */

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

/* --- framed links --- */

#define FRAMES 200

struct end {
	struct hws_conn *conn;
	unsigned got, sent, drained, closed;
	int why;
	uint64_t got_hash;
	size_t last_len;
};

static size_t frame_len(unsigned i)
{
	static const size_t sizes[] = { 0, 1, 2, 63, 64, 65, 1000, 16383, 16384, 40000 };

	return sizes[i % HWS_COUNT(sizes)];
}

static void fill_frame(uint8_t *buf, unsigned i)
{
	for (size_t k = 0; k < frame_len(i); k++)
		buf[k] = (uint8_t)(i * 31 + k * 7 + (k >> 8));
}

static void check_frame(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	static uint8_t want[65536];
	struct end *e = arg;

	(void)c;
	fill_frame(want, e->got);
	ck_assert_uint_eq(payload.len, frame_len(e->got));
	if (payload.len)
		ck_assert_mem_eq(payload.ptr, want, payload.len);
	e->got++;
}

static void note_close(struct hws_conn *c, int why, void *arg)
{
	struct end *e = arg;

	ck_assert_ptr_nonnull(hws_conn_peer(c));
	e->closed++;
	e->why = why;
	e->conn = NULL;
}

static void note_drain(struct hws_conn *c, enum hws_send_class cls HWS_UNUSED, void *arg)
{
	struct end *e = arg;

	(void)c;
	e->drained++;
}

static struct hws_conn_conf conf_of(struct end *e)
{
	return (struct hws_conn_conf){ .frame_max = 65536,
		.send_max = 200000,
		.send_high = 50000,
		.on_frame = check_frame,
		.on_close = note_close,
		.on_drain = note_drain,
		.arg = e };
}

static void open_end(struct end *e, struct hws_stream *s)
{
	struct hws_conn_conf conf = conf_of(e);

	memset(e, 0, sizeof(*e));
	ck_assert_int_eq(hws_conn_new(loop, s, &conf, hws_bytes(NULL, 0), &e->conn), 0);
}

/* Both send FRAMES frames to each other, as the queues allow. */
static void exchange(struct end *a, struct end *b)
{
	static uint8_t buf[65536];
	struct end *both[2] = { a, b };
	uint64_t end = hws_clock_us() + 60 * HWS_US_PER_S;

	while (a->got < FRAMES || b->got < FRAMES) {
		ck_assert_msg(hws_clock_us() < end, "stuck: %u and %u frames", a->got, b->got);
		for (int i = 0; i < 2; i++) {
			struct end *e = both[i];

			ck_assert_msg(e->closed == 0, "closed: %d", e->why);
			while (e->sent < FRAMES && !hws_conn_congested(e->conn, HWS_SEND_VIDEO)) {
				fill_frame(buf, e->sent);
				ck_assert_int_eq(
						hws_conn_send(e->conn,
								hws_bytes(buf, frame_len(e->sent))),
						0);
				e->sent++;
			}
		}
		hws_loop_once(loop, 10000);
	}
}

static void finish_ends(struct end *a, struct end *b)
{
	hws_conn_close(a->conn, HWS_OK);
	for (int i = 0; i < 50 && !b->closed; i++)
		hws_loop_once(loop, 1000);
	ck_assert_uint_eq(a->closed, 1);
	ck_assert_uint_eq(b->closed, 1);
	ck_assert_int_eq(b->why, HWS_ERR_EOF);
}

static const struct hws_mem_conf tortures[] = { { 0 }, { .pipe_max = 7 }, { .read_max = 3 },
	{ .write_max = 5 }, { .pipe_max = 1000, .read_max = 333, .write_max = 100 } };

START_TEST(frames_arrive_whole_and_in_order)
{
	struct hws_stream *sa, *sb;
	struct end a, b;

	ck_assert_int_eq(hws_stream_mem_pair(loop, &tortures[_i], &sa, &sb), 0);
	open_end(&a, sa);
	open_end(&b, sb);
	exchange(&a, &b);
	finish_ends(&a, &b);
}
END_TEST

START_TEST(keyed_frames_arrive_whole_and_in_order)
{
	static const uint8_t key[32] = { 1, 2, 3 };
	struct hws_stream *sa, *sb;
	struct end a, b;

	ck_assert_int_eq(hws_stream_mem_pair(loop, &tortures[4], &sa, &sb), 0);
	open_end(&a, sa);
	open_end(&b, sb);
	hws_conn_set_key(a.conn, key);
	hws_conn_set_key(b.conn, key);
	exchange(&a, &b);
	finish_ends(&a, &b);
}
END_TEST

static void open_ws(const struct hws_mem_conf *conf, struct end *a, struct end *b)
{
	const struct hws_ws_conf server = { .server = true, .frame_max = 65536 };
	const struct hws_ws_conf client = {
		.host = "127.0.0.1:1", .path = "/ws/id", .frame_max = 65536
	};
	struct hws_stream *sa, *sb, *wa, *wb;

	ck_assert_int_eq(hws_stream_mem_pair(loop, conf, &sa, &sb), 0);
	ck_assert_int_eq(hws_stream_ws_new(loop, sa, &server, hws_bytes(NULL, 0), &wa), 0);
	ck_assert_int_eq(hws_stream_ws_new(loop, sb, &client, hws_bytes(NULL, 0), &wb), 0);
	open_end(a, wa);
	open_end(b, wb);
}

START_TEST(websocket_frames_arrive_whole_and_in_order)
{
	struct end a, b;

	open_ws(&tortures[_i], &a, &b);
	exchange(&a, &b);
	finish_ends(&a, &b);
}
END_TEST

/* What a raw peer writes into the other end. */
static void feed(struct hws_stream *raw, const void *p, size_t n)
{
	const uint8_t *data = p;

	while (n > 0) {
		ssize_t w = hws_stream_write(raw, hws_bytes(data, n));

		if (w > 0) {
			data += w;
			n -= (size_t)w;
			continue;
		}
		ck_assert_int_eq(w, HWS_ERR_AGAIN);
		hws_loop_once(loop, 1000);
	}
}

static void settle(struct end *e)
{
	for (int i = 0; i < 40 && !e->closed; i++)
		hws_loop_once(loop, 500);
}

START_TEST(an_oversized_frame_closes_before_it_is_taken)
{
	struct hws_stream *sa, *raw;
	struct end a;

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &raw), 0);
	open_end(&a, sa);
	feed(raw, "\xff\xff\xff\xff", 4); /* announces 1 GiB - 1 */
	settle(&a);
	ck_assert_int_eq(a.why, HWS_ERR_TOOBIG);
	hws_stream_close(raw);
}
END_TEST

START_TEST(a_flipped_record_closes)
{
	static const uint8_t key[32] = { 9 };
	struct hws_stream *sa, *raw;
	struct end a;

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &raw), 0);
	open_end(&a, sa);
	hws_conn_set_key(a.conn, key);
	feed(raw,
			"\x48"
			"0123456789abcdefgh",
			19);
	settle(&a);
	ck_assert_int_eq(a.why, HWS_ERR_CRYPTO);
	hws_stream_close(raw);
}
END_TEST

START_TEST(a_peer_that_reads_nothing_is_cut_and_the_queue_is_bounded)
{
	static uint8_t big[60000];
	const struct hws_mem_conf small = { .pipe_max = 1000 };
	struct hws_stream *sa, *raw;
	struct hws_conn_conf conf;
	struct end a = { 0 };
	int r = 0;

	ck_assert_int_eq(hws_stream_mem_pair(loop, &small, &sa, &raw), 0);
	conf = conf_of(&a);
	conf.stall_us = 50000;
	ck_assert_int_eq(hws_conn_new(loop, sa, &conf, hws_bytes(NULL, 0), &a.conn), 0);
	for (int i = 0; i < 10 && r == 0; i++)
		r = hws_conn_send(a.conn, hws_bytes(big, sizeof(big)));
	ck_assert_int_eq(r, HWS_ERR_FULL);
	ck_assert_uint_le(hws_conn_pending(a.conn), 200000);
	for (int i = 0; i < 200 && !a.closed; i++)
		hws_loop_once(loop, 10000);
	ck_assert_int_eq(a.why, HWS_ERR_TIMEOUT);
	hws_stream_close(raw);
}
END_TEST

static void note_gone(struct hws_conn *c, int why, void *arg)
{
	struct end *e = arg;

	ck_assert_ptr_nonnull(hws_conn_peer(c));
	e->closed++;
	e->why = why;
}

/* The owner is gone (its memory holds other things) while its last words are still under way. */
START_TEST(a_link_that_was_left_calls_nothing_of_its_owner)
{
	static uint8_t big[40000];
	const struct hws_mem_conf small = { .pipe_max = 1000 };
	struct hws_stream *sa, *raw;
	struct hws_conn_conf conf;
	struct end *owner = calloc(1, sizeof(*owner)), after = { 0 };
	struct hws_conn *c;

	ck_assert_int_eq(hws_stream_mem_pair(loop, &small, &sa, &raw), 0);
	conf = conf_of(owner);
	ck_assert_int_eq(hws_conn_new(loop, sa, &conf, hws_bytes(NULL, 0), &c), 0);
	ck_assert_int_eq(hws_conn_send(c, hws_bytes(big, sizeof(big))), 0);
	/* Without a tidy end, with one, and with nobody who wants to know. */
	hws_conn_leave(c, 30000, _i ? note_gone : NULL, _i ? &after : NULL);
	memset(owner, 0xa5, sizeof(*owner));
	free(owner);
	if (_i == 2) {
		hws_conn_close(c, HWS_ERR_CANCELED);
		ck_assert_int_eq(after.why, HWS_ERR_CANCELED);
	} else {
		ck_assert_uint_eq(after.closed, 0);
		feed(raw, "\x04x", 2); /* a frame nobody hears */
	}
	uint64_t end = hws_clock_us() + 10 * HWS_US_PER_S;
	while (_i == 1 && !after.closed && hws_clock_us() < end)
		hws_loop_once(loop, 10000);
	ck_assert_uint_eq(after.closed, _i ? 1 : 0);
	if (_i == 1)
		ck_assert_int_eq(after.why, HWS_ERR_TIMEOUT);
	hws_stream_close(raw);
	for (int i = 0; i < 10; i++)
		hws_loop_once(loop, 10000);
}
END_TEST

START_TEST(a_silent_link_times_out)
{
	struct hws_stream *sa, *raw;
	struct hws_conn_conf conf;
	struct end a = { 0 };

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &raw), 0);
	conf = conf_of(&a);
	conf.idle_us = 30000;
	ck_assert_int_eq(hws_conn_new(loop, sa, &conf, hws_bytes(NULL, 0), &a.conn), 0);
	for (int i = 0; i < 200 && !a.closed; i++)
		hws_loop_once(loop, 10000);
	ck_assert_int_eq(a.why, HWS_ERR_TIMEOUT);
	hws_stream_close(raw);
}
END_TEST

static void detach_first(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	struct hws_stream *s = NULL;
	struct hws_buf rest;
	struct end *e = arg;

	ck_assert_uint_eq(payload.len, 1);
	hws_buf_init(&rest, 100);
	ck_assert_int_eq(hws_conn_detach(c, &s, &rest), 0);
	ck_assert_uint_eq(hws_buf_len(&rest), 5);
	ck_assert_mem_eq(hws_buf_bytes(&rest).ptr, "after", 5);
	hws_buf_done(&rest);
	hws_stream_close(s);
	e->conn = NULL;
	e->got++;
}

START_TEST(detaching_gives_the_bytes_behind_the_frame)
{
	struct hws_stream *sa, *raw;
	struct hws_conn_conf conf;
	struct end a = { 0 };

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &raw), 0);
	conf = conf_of(&a);
	conf.on_frame = detach_first;
	ck_assert_int_eq(hws_conn_new(loop, sa, &conf, hws_bytes(NULL, 0), &a.conn), 0);
	feed(raw, "\x04xafter", 7);
	settle(&a);
	ck_assert_uint_eq(a.got, 1);
	ck_assert_uint_eq(a.closed, 0);
	hws_stream_close(raw);
}
END_TEST

START_TEST(a_pause_holds_frames_back_and_loses_none)
{
	struct hws_stream *sa, *sb;
	struct end a, b;
	uint8_t buf[65536];

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &sb), 0);
	open_end(&a, sa);
	open_end(&b, sb);
	hws_conn_pause(b.conn);
	for (unsigned i = 0; i < 5; i++) {
		fill_frame(buf, i);
		ck_assert_int_eq(hws_conn_send(a.conn, hws_bytes(buf, frame_len(i))), 0);
	}
	for (int i = 0; i < 10; i++)
		hws_loop_once(loop, 1000);
	ck_assert_uint_eq(b.got, 0);
	hws_conn_resume(b.conn);
	for (int i = 0; i < 10; i++)
		hws_loop_once(loop, 1000);
	ck_assert_uint_eq(b.got, 5);
	finish_ends(&a, &b);
}
END_TEST

START_TEST(a_paused_link_sleeps_and_is_watched_again)
{
	struct hws_stream *sa, *raw;
	struct hws_conn_conf conf;
	struct end a = { 0 };
	uint64_t end;
	unsigned turns = 0;

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &raw), 0);
	conf = conf_of(&a);
	conf.idle_us = 20000;
	ck_assert_int_eq(hws_conn_new(loop, sa, &conf, hws_bytes(NULL, 0), &a.conn), 0);
	hws_conn_pause(a.conn);
	for (end = hws_clock_us() + 300000; hws_clock_us() < end; turns++)
		hws_loop_once(loop, 100000);
	ck_assert_uint_lt(turns, 20);
	ck_assert_uint_eq(a.closed, 0);
	hws_conn_resume(a.conn);
	for (int i = 0; i < 200 && !a.closed; i++)
		hws_loop_once(loop, 10000);
	ck_assert_int_eq(a.why, HWS_ERR_TIMEOUT);
	hws_stream_close(raw);
}
END_TEST

#define LINKS 100

START_TEST(idle_links_hold_no_read_buffer)
{
	struct hws_stream *raw[LINKS];
	static struct end ends[LINKS];
	size_t before;

	for (int i = 0; i < LINKS; i++) {
		struct hws_stream *s;

		ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &s, &raw[i]), 0);
		open_end(&ends[i], s);
		ends[i].got = 1; /* the second frame of check_frame has one byte: 31 */
	}
	before = mallinfo2().uordblks;
	for (int i = 0; i < LINKS; i++) {
		feed(raw[i], "\x04\x1f", 2);
		settle(&ends[i]);
		ck_assert_uint_eq(ends[i].got, 2);
	}
	ck_assert_uint_lt(mallinfo2().uordblks, before + LINKS * 1024);
	for (int i = 0; i < LINKS; i++) {
		hws_conn_close(ends[i].conn, HWS_OK);
		hws_stream_close(raw[i]);
	}
}
END_TEST

static const char upgrade_request[] =
		"GET /ws/relay HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\n"
		"X-Forwarded-For: 9.9.9.9, 203.0.113.7\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Version: 13\r\n\r\n";

START_TEST(the_upgrade_of_the_rfc_is_answered)
{
	struct hws_buf out;
	struct sockaddr_storage peer = { 0 };
	char text[HWS_ADDR_TEXT];
	size_t used = 0;

	hws_buf_init(&out, 4096);
	for (size_t n = 0; n < sizeof(upgrade_request) - 1; n++)
		ck_assert_int_eq(hws_ws_upgrade_answer(
						 hws_bytes(upgrade_request, n), &out, &used, &peer),
				HWS_ERR_SHORT);
	ck_assert_int_eq(hws_ws_upgrade_answer(hws_bytes_str(upgrade_request), &out, &used, &peer),
			0);
	ck_assert_uint_eq(used, sizeof(upgrade_request) - 1);
	hws_buf_put_u8(&out, 0);
	/* RFC 6455 section 1.3 */
	ck_assert_ptr_nonnull(strstr(
			(const char *)hws_buf_bytes(&out).ptr, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
	ck_assert_str_eq(hws_addr_text(&peer, text, sizeof(text)), "203.0.113.7:0");
	hws_buf_done(&out);
}
END_TEST

struct ws_bad {
	const char *name;
	const uint8_t bytes[24];
	size_t len;
	int why;
	unsigned got;
};

static const struct ws_bad ws_bads[] = {
	{ "unmasked", { 0x82, 0x01, 'x' }, 3, HWS_ERR_PROTO, 0 },
	{ "reserved bits", { 0xc2, 0x81, 0, 0, 0, 0, 'x' }, 7, HWS_ERR_PROTO, 0 },
	{ "unknown opcode", { 0x83, 0x81, 0, 0, 0, 0, 'x' }, 7, HWS_ERR_PROTO, 0 },
	{ "long ping", { 0x89, 0xfe, 0, 200, 0, 0, 0, 0 }, 8, HWS_ERR_PROTO, 0 },
	{ "cut ping", { 0x09, 0x80, 0, 0, 0, 0 }, 6, HWS_ERR_PROTO, 0 },
	{ "huge length", { 0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0 },
			14, HWS_ERR_TOOBIG, 0 },
	{ "length that wraps a sum",
			{ 0x02, 0x81, 0, 0, 0, 0, 'x', 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					0xff, 0xff, 0xff, 0, 0, 0, 0 },
			21, HWS_ERR_TOOBIG, 0 },
	{ "continuation of nothing", { 0x80, 0x81, 0, 0, 0, 0, 'x' }, 7, HWS_ERR_PROTO, 0 },
	{ "new message inside another", { 0x02, 0x80, 0, 0, 0, 0, 0x82, 0x80, 0, 0, 0, 0 }, 12,
			HWS_ERR_PROTO, 0 },
	{ "close", { 0x88, 0x80, 0, 0, 0, 0 }, 6, HWS_ERR_EOF, 0 },
};

static void open_raw_ws(struct end *a, struct hws_stream **ret_raw)
{
	const struct hws_ws_conf server = { .server = true, .frame_max = 65536 };
	struct hws_stream *sa, *wa;

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, ret_raw), 0);
	ck_assert_int_eq(hws_stream_ws_new(loop, sa, &server, hws_bytes(NULL, 0), &wa), 0);
	open_end(a, wa);
	feed(*ret_raw, upgrade_request, sizeof(upgrade_request) - 1);
}

START_TEST(bad_websocket_frames_close)
{
	const struct ws_bad *bad = &ws_bads[_i];
	struct hws_stream *raw;
	struct end a;

	open_raw_ws(&a, &raw);
	feed(raw, bad->bytes, bad->len);
	settle(&a);
	ck_assert_msg(a.closed == 1 && a.why == bad->why, "%s: closed %u, why %d", bad->name,
			a.closed, a.why);
	ck_assert_uint_eq(a.got, bad->got);
	hws_stream_close(raw);
}
END_TEST

static void keep_last(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	struct end *e = arg;

	(void)c;
	e->got++;
	e->last_len = payload.len;
}

START_TEST(fragments_are_joined_pings_answered_text_ignored)
{
	/* "ab" + ping + "c" as one message; text "zz"; empty binary */
	static const uint8_t bytes[] = { 0x02, 0x82, 0, 0, 0, 0, 'a', 'b', 0x89, 0x81, 0, 0, 0, 0,
		'p', 0x80, 0x81, 0, 0, 0, 0, 'c', 0x81, 0x82, 0, 0, 0, 0, 'z', 'z', 0x82, 0x80, 0,
		0, 0, 0 };
	const struct hws_ws_conf server = { .server = true, .frame_max = 65536 };
	struct hws_stream *sa, *wa, *raw;
	struct hws_conn_conf conf;
	struct end a = { 0 };
	uint8_t answer[512];
	ssize_t n;

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &raw), 0);
	ck_assert_int_eq(hws_stream_ws_new(loop, sa, &server, hws_bytes(NULL, 0), &wa), 0);
	conf = conf_of(&a);
	conf.on_frame = keep_last;
	ck_assert_int_eq(hws_conn_new(loop, wa, &conf, hws_bytes(NULL, 0), &a.conn), 0);
	feed(raw, upgrade_request, sizeof(upgrade_request) - 1);
	feed(raw, bytes, 22);
	settle(&a);
	ck_assert_uint_eq(a.got, 1);
	ck_assert_uint_eq(a.last_len, 3);
	n = hws_stream_read(raw, answer, sizeof(answer));
	ck_assert_int_gt(n, 3);
	ck_assert_mem_eq(answer + n - 3, "\x8a\x01p", 3);
	feed(raw, bytes + 22, sizeof(bytes) - 22);
	settle(&a);
	ck_assert_uint_eq(a.got, 2);
	ck_assert_uint_eq(a.last_len, 0);
	hws_conn_close(a.conn, HWS_OK);
	hws_stream_close(raw);
}
END_TEST

/* --- sockets on loopback --- */

struct net {
	struct hws_listener *listener;
	struct hws_work *work;
	struct end a, b;
	unsigned accepted;
	int dial_r;
	bool dialed;
};

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
		ck_assert_int_eq(hws_udp_batch_put(b, fd, &a, hws_bytes_str(text)), 0);
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
	Suite *suite = suite_create("shared/net");
	TCase *tc = tcase_create("net");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 90);
	tcase_add_test(tc, addresses_parse_and_print);
	tcase_add_test(tc, hosts_split_and_join);
	tcase_add_test(tc, networks_match_by_prefix);
	tcase_add_loop_test(tc, frames_arrive_whole_and_in_order, 0, HWS_COUNT(tortures));
	tcase_add_test(tc, keyed_frames_arrive_whole_and_in_order);
	tcase_add_loop_test(tc, websocket_frames_arrive_whole_and_in_order, 0, HWS_COUNT(tortures));
	tcase_add_test(tc, an_oversized_frame_closes_before_it_is_taken);
	tcase_add_test(tc, a_flipped_record_closes);
	tcase_add_test(tc, a_peer_that_reads_nothing_is_cut_and_the_queue_is_bounded);
	tcase_add_loop_test(tc, a_link_that_was_left_calls_nothing_of_its_owner, 0, 3);
	tcase_add_test(tc, a_silent_link_times_out);
	tcase_add_test(tc, detaching_gives_the_bytes_behind_the_frame);
	tcase_add_test(tc, a_pause_holds_frames_back_and_loses_none);
	tcase_add_test(tc, a_paused_link_sleeps_and_is_watched_again);
	tcase_add_test(tc, idle_links_hold_no_read_buffer);
	tcase_add_test(tc, the_upgrade_of_the_rfc_is_answered);
	tcase_add_loop_test(tc, bad_websocket_frames_close, 0, HWS_COUNT(ws_bads));
	tcase_add_test(tc, fragments_are_joined_pings_answered_text_ignored);
	tcase_add_test(tc, sockets_carry_frames);
	tcase_add_test(tc, a_port_in_use_is_named_with_the_remedy);
	tcase_add_test(tc, accepting_resumes_after_the_process_ran_out_of_descriptors);
	tcase_add_test(tc, datagrams_go_in_batches);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
