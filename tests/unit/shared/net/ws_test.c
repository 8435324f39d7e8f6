/* shared/net/ws: WebSockets over memory streams: every length of header, fragments, and what a peer
 * must not send. */
#include "shared/net/addr.h"
#include "shared/net/conn.h"
#include "shared/net/dialer.h"
#include "shared/net/stream.h"
#include "shared/net/udp_batch.h"
#include "shared/net/ws_upgrade.h"
#include "tests/support/suite.h"
#include "tests/unit/shared/net/ends.h"
#include <check.h>
#include <malloc.h>

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

static const char upgrade_request[] =
		"GET /ws/relay HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\n"
		"X-Forwarded-For: 9.9.9.9, 203.0.113.7\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Version: 13\r\n\r\n";

START_TEST(the_upgrade_of_the_rfc_is_answered)
{
	struct hws_buf out;
	struct hws_cidr_list trusted = { 0 };
	struct sockaddr_storage peer;
	char text[HWS_ADDR_TEXT];
	size_t used = 0;

	ck_assert_int_eq(hws_addr_parse("127.0.0.1:5", 0, &peer), HWS_OK);
	ck_assert_int_eq(hws_cidr_list_parse("127.0.0.1", &trusted, NULL), HWS_OK);
	hws_buf_init(&out, 4096);
	for (size_t n = 0; n < sizeof(upgrade_request) - 1; n++)
		ck_assert_int_eq(hws_ws_upgrade_answer(hws_bytes(upgrade_request, n), &out, &used,
						 &trusted, &peer),
				HWS_ERR_SHORT);
	ck_assert_int_eq(hws_ws_upgrade_answer(hws_bytes_str(upgrade_request), &out, &used,
					 &trusted, &peer),
			0);
	ck_assert_uint_eq(used, sizeof(upgrade_request) - 1);
	hws_buf_put_u8(&out, 0);
	/* RFC 6455 section 1.3 */
	ck_assert_ptr_nonnull(strstr(
			(const char *)hws_buf_bytes(&out).ptr, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
	ck_assert_str_eq(hws_addr_text(&peer, text, sizeof(text)), "203.0.113.7:0");
	hws_cidr_list_done(&trusted);
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

/* At the first wrong byte: a peer that speaks something else would be waited for in vain. */
START_TEST(what_is_no_request_is_refused_before_it_ends)
{
	static const char *const starts[] = { "P", "GETX", "\x16\x03\x01", "GE\r" };
	struct hws_buf answer;
	size_t used;

	hws_buf_init(&answer, 1000);
	for (size_t i = 0; i < HWS_COUNT(starts); i++)
		ck_assert_int_eq(hws_ws_upgrade_answer(hws_bytes_str(starts[i]), &answer, &used,
						 NULL, NULL),
				HWS_ERR_PROTO);
	ck_assert_int_eq(hws_ws_upgrade_answer(hws_bytes_str("GET"), &answer, &used, NULL, NULL),
			HWS_ERR_SHORT);
	hws_buf_done(&answer);
}
END_TEST

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

/* A message in parts is put together before a word of it is read: no more of it than the link lets
 * through, whatever the WebSocket was made for. 0: as the link began; 1: when it takes more. */
START_TEST(parts_are_joined_no_further_than_the_link_reads)
{
	static const uint8_t first[] = { 0x02, 0xfe, 0x02, 0x58, 0, 0, 0,
		0 }; /* 600 bytes follow */
	static const uint8_t more[] = { 0x00, 0xfe, 0x02, 0x58, 0, 0, 0, 0 };
	static const uint8_t part[600];
	const struct hws_ws_conf server = { .server = true, .frame_max = 65536 };
	struct hws_stream *sa, *wa, *raw;
	struct hws_conn_conf conf;
	struct end a = { 0 };

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &raw), 0);
	ck_assert_int_eq(hws_stream_ws_new(loop, sa, &server, hws_bytes(NULL, 0), &wa), 0);
	conf = conf_of(&a);
	conf.frame_max = 1000;
	ck_assert_int_eq(hws_conn_new(loop, wa, &conf, hws_bytes(NULL, 0), &a.conn), 0);
	if (_i)
		hws_conn_set_frame_max(a.conn, 4000);
	feed(raw, upgrade_request, sizeof(upgrade_request) - 1);
	for (int i = 0; i < 3; i++) {
		feed(raw, i ? more : first, sizeof(first));
		feed(raw, part, sizeof(part));
	}
	settle(&a);
	ck_assert_uint_eq(a.closed, _i ? 0 : 1);
	if (_i)
		hws_conn_close(a.conn, HWS_OK);
	else
		ck_assert_int_eq(a.why, HWS_ERR_TOOBIG);
	hws_stream_close(raw);
}
END_TEST

/* What is ignored counts as well: a peer that sends nothing else, as fast as it is read, must not
 * keep a turn of the loop for itself. 0: in frames of text; 1: between them a word that is read. */
/* Who reads no answers is not kept answers for, and is served on. */
START_TEST(pings_that_nobody_reads_the_answers_of_have_an_end)
{
	static const uint8_t ping[6 + 125] = { 0x89, 0x80 | 125 },
				      word[] = { 0x82, 0x81, 0, 0, 0, 0, 'x' };
	const struct hws_ws_conf server = { .server = true, .frame_max = 65536 };
	struct hws_stream *sa, *wa, *raw;
	struct hws_conn_conf conf;
	static uint8_t answer[65536];
	struct end a = { 0 };

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &raw), 0);
	ck_assert_int_eq(hws_stream_ws_new(loop, sa, &server, hws_bytes(NULL, 0), &wa), 0);
	conf = conf_of(&a);
	conf.on_frame = keep_last;
	ck_assert_int_eq(hws_conn_new(loop, wa, &conf, hws_bytes(NULL, 0), &a.conn), 0);
	feed(raw, upgrade_request, sizeof(upgrade_request) - 1);
	for (int i = 0; i < 4000; i++)
		feed(raw, ping, sizeof(ping));
	feed(raw, word, sizeof(word));
	settle(&a);
	ck_assert_uint_eq(a.closed, 0);
	ck_assert_uint_eq(a.got, 1);
	/* when it reads again it is answered again */
	while (hws_stream_read(raw, answer, sizeof(answer)) > 0)
		settle(&a);
	feed(raw, ping, sizeof(ping));
	settle(&a);
	ck_assert_uint_eq(a.closed, 0);
	ck_assert_int_eq(hws_stream_read(raw, answer, sizeof(answer)), 2 + 125);
	hws_conn_close(a.conn, HWS_OK);
	hws_stream_close(raw);
}
END_TEST

START_TEST(a_flood_of_what_is_ignored_leaves_the_turn)
{
	const struct hws_mem_conf wide = { .pipe_max = 4u << 20 };
	const struct hws_ws_conf server = { .server = true, .frame_max = 65536 };
	static uint8_t text[16008] = { 0x81, 0xfe, 0x3e, 0x80 },
		       word[] = { 0x82, 0x81, 0, 0, 0, 0, 'x' };
	static uint8_t buf[1u << 20];
	struct hws_stream *lower, *ws, *raw;
	size_t fed = 0, held;
	struct hws_conn_conf conf;
	struct end a = { 0 };

	ck_assert_int_eq(hws_stream_mem_pair(loop, &wide, &lower, &raw), 0);
	ck_assert_int_eq(hws_stream_ws_new(loop, lower, &server, hws_bytes(NULL, 0), &ws), 0);
	conf = conf_of(&a);
	conf.on_frame = keep_last;
	ck_assert_int_eq(hws_conn_new(loop, ws, &conf, hws_bytes(NULL, 0), &a.conn), 0);
	feed(raw, upgrade_request, sizeof(upgrade_request) - 1);
	settle(&a);
	for (; fed + sizeof(text) + sizeof(word) < wide.pipe_max; fed += sizeof(text)) {
		feed(raw, text, sizeof(text));
		if (_i)
			feed(raw, word, sizeof(word));
		fed += _i ? sizeof(word) : 0;
	}
	hws_loop_once(loop, 1000);
	hws_loop_once(loop, 1000);
	/* what the pipe takes now was read out of it */
	for (held = 0; held < wide.pipe_max;) {
		ssize_t n = hws_stream_write(raw, hws_bytes(buf, sizeof(buf)));

		if (n <= 0)
			break;
		held += (size_t)n;
	}
	ck_assert_uint_lt(held, 2u << 20);
	hws_conn_close(a.conn, HWS_OK);
	hws_stream_close(raw);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("shared/net ws");
	TCase *t = test_case(s, "all", 90,
			TESTS(the_upgrade_of_the_rfc_is_answered,
					what_is_no_request_is_refused_before_it_ends,
					fragments_are_joined_pings_answered_text_ignored,
					pings_that_nobody_reads_the_answers_of_have_an_end));

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, websocket_frames_arrive_whole_and_in_order, 0, TORTURES);
	tcase_add_loop_test(t, parts_are_joined_no_further_than_the_link_reads, 0, 2);
	tcase_add_loop_test(t, a_flood_of_what_is_ignored_leaves_the_turn, 0, 2);
	tcase_add_loop_test(t, bad_websocket_frames_close, 0, HWS_COUNT(ws_bads));
	return test_suite_run(s);
}
