/* The frames of a WebSocket: both roles, any cut, and what is refused. */
#include "shared/wire/ws_codec.h"

#include "shared/base/macros.h"
#include "tests/support/vector.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define FRAME_MAX 1000u

START_TEST(headers_are_as_the_rfc_says)
{
	static const struct {
		uint64_t len;
		size_t n;
		uint8_t head[10];
	} t[] = {
		{ 0, 2, { 0x82, 0 } },
		{ 125, 2, { 0x82, 125 } },
		{ 126, 4, { 0x82, 126, 0, 126 } },
		{ 65535, 4, { 0x82, 126, 0xff, 0xff } },
		{ 65536, 10, { 0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0 } },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		uint8_t h[HWS_WS_HEADER_MAX];

		ck_assert_uint_eq(hws_ws_header(HWS_WS_BINARY, true, t[i].len, NULL, h), t[i].n);
		ck_assert_mem_eq(h, t[i].head, t[i].n);
	}
}
END_TEST

/* The example of RFC 6455, section 5.7: a masked "Hello", in any cut. */
START_TEST(a_masked_message_is_read_in_any_cut)
{
	static const uint8_t wire[] = { 0x82, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51,
		0x58 };

	for (size_t cut = 1; cut < sizeof(wire); cut++) {
		struct hws_ws_in w = { 0 };
		char text[6] = "";
		size_t got = 0;
		bool end = false;

		for (size_t part = 0; part < 2; part++) {
			uint8_t buf[sizeof(wire)];
			size_t n = part ? sizeof(wire) - cut : cut, at = 0, used;
			struct hws_ws_piece p;

			memcpy(buf, part ? wire + cut : wire, n);
			do {
				ck_assert_int_eq(hws_ws_next(&w, 100, buf + at, n - at, &used, &p),
						HWS_OK);
				at += used;
				if (p.kind == HWS_WS_DATA) {
					memcpy(text + got, p.data.ptr, p.data.len);
					got += p.data.len;
					end = p.end;
				}
			} while (p.kind != HWS_WS_NONE);
			ck_assert_uint_eq(at, n);
		}
		ck_assert_str_eq(text, "Hello");
		ck_assert(end);
	}
}
END_TEST

START_TEST(frames_of_deployed_peers_are_read_and_written)
{
	uint8_t wire[512], payload[512], head[HWS_WS_HEADER_MAX];
	size_t want, at = 0, got = 0, used;
	size_t len = test_vector(
			"rendezvous.json", "ws-client-frame", wire, sizeof(wire), payload, &want);
	struct hws_ws_in w = { 0 };
	struct hws_ws_piece p;

	do {
		ck_assert_int_eq(hws_ws_next(&w, 1000, wire + at, len - at, &used, &p), HWS_OK);
		at += used;
		if (p.kind != HWS_WS_DATA)
			continue;
		ck_assert_int_eq(p.op, HWS_WS_BINARY);
		ck_assert_uint_le(got + p.data.len, want);
		ck_assert_mem_eq(p.data.ptr, payload + got, p.data.len);
		got += p.data.len;
	} while (p.kind != HWS_WS_NONE);
	ck_assert_uint_eq(got, want);
	len = test_vector("rendezvous.json", "ws-server-frame", wire, sizeof(wire), payload, &want);
	ck_assert_uint_eq(hws_ws_header(HWS_WS_BINARY, true, want, NULL, head), len - want);
	ck_assert_mem_eq(head, wire, len - want);
}
END_TEST

/* What a decoder makes of `wire`: its error, or the sum of what it gave. */
static int decode(bool from_server, const uint8_t *wire, size_t len)
{
	struct hws_ws_in w = { .from_server = from_server };
	uint8_t buf[256];
	size_t at = 0, used;

	ck_assert_uint_le(len, sizeof(buf));
	memcpy(buf, wire, len);
	for (;;) {
		struct hws_ws_piece p;
		int r = hws_ws_next(&w, FRAME_MAX, buf + at, len - at, &used, &p);

		if (r < 0)
			return r;
		at += used;
		if (p.kind == HWS_WS_NONE)
			return HWS_OK;
	}
}

static const struct {
	int client, server; /* what a decoder says of it as a client's and as a server's */
	size_t len;
	uint8_t wire[20];
} frames[] = {
	{ HWS_OK, HWS_ERR_PROTO, 8, { 0x82, 0x82, 1, 2, 3, 4, 'a', 'b' } },
	{ HWS_ERR_PROTO, HWS_OK, 6, { 0x82, 2, 'a', 'b', 0x8a, 0 } },
	/* a mask that is missing is seen before the payload is waited for */
	{ HWS_ERR_PROTO, HWS_OK, 2, { 0x82, 100 } },
	/* reserved bits */
	{ HWS_ERR_PROTO, HWS_ERR_PROTO, 6, { 0xc2, 0x80, 1, 2, 3, 4 } },
	{ HWS_ERR_PROTO, HWS_ERR_PROTO, 2, { 0x92, 0 } },
	/* codes that nobody has given a meaning */
	{ HWS_ERR_PROTO, HWS_ERR_PROTO, 6, { 0x83, 0x80, 1, 2, 3, 4 } },
	{ HWS_ERR_PROTO, HWS_ERR_PROTO, 2, { 0x8b, 0 } },
	/* a control frame in parts, or a long one */
	{ HWS_ERR_PROTO, HWS_ERR_PROTO, 6, { 0x09, 0x80, 1, 2, 3, 4 } },
	{ HWS_ERR_PROTO, HWS_ERR_PROTO, 4, { 0x89, 126, 0, 126 } },
	{ HWS_ERR_PROTO, HWS_ERR_PROTO, 8, { 0x89, 0xfe, 0, 126, 1, 2, 3, 4 } },
	/* a continuation of nothing, a message within a message */
	{ HWS_ERR_PROTO, HWS_ERR_PROTO, 6, { 0x80, 0x80, 1, 2, 3, 4 } },
	{ HWS_ERR_PROTO, HWS_ERR_PROTO, 2, { 0x80, 0 } },
	{ HWS_ERR_PROTO, HWS_ERR_PROTO, 12, { 0x02, 0x80, 1, 2, 3, 4, 0x82, 0x80, 1, 2, 3, 4 } },
	/* a control frame between the parts of a message */
	{ HWS_OK, HWS_ERR_PROTO, 18,
			{ 0x02, 0x80, 1, 2, 3, 4, 0x89, 0x80, 1, 2, 3, 4, 0x80, 0x80, 1, 2, 3,
					4 } },
	/* lengths: as much as allowed, one more, all there are */
	{ HWS_OK, HWS_ERR_PROTO, 8, { 0x82, 0xfe, 0x03, 0xe8, 1, 2, 3, 4 } },
	{ HWS_ERR_TOOBIG, HWS_ERR_PROTO, 8, { 0x82, 0xfe, 0x03, 0xe9, 1, 2, 3, 4 } },
	{ HWS_ERR_PROTO, HWS_ERR_TOOBIG, 4, { 0x82, 126, 0x03, 0xe9 } },
	{ HWS_ERR_PROTO, HWS_ERR_TOOBIG, 10,
			{ 0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
};

START_TEST(each_role_takes_its_own_frames_only)
{
	ck_assert_int_eq(decode(false, frames[_i].wire, frames[_i].len), frames[_i].client);
	ck_assert_int_eq(decode(true, frames[_i].wire, frames[_i].len), frames[_i].server);
}
END_TEST

/* Of any length and cut: what one role writes the other reads. */
START_TEST(what_is_written_is_read)
{
	static const uint8_t mask[4] = { 0x9a, 0, 0xff, 0x31 };
	static const size_t lens[] = { 0, 1, 7, 8, 9, 125, 126, 700, 1000 };
	uint8_t wire[1100], sent[1000];
	bool from_server = _i % 2;

	for (size_t k = 0; k < sizeof(sent); k++)
		sent[k] = (uint8_t)(k * 7 + 3);
	for (size_t i = 0; i < HWS_COUNT(lens); i++) {
		struct hws_ws_in w = { .from_server = from_server };
		struct hws_ws_piece p;
		uint8_t phase = 0;
		size_t n = hws_ws_header(
				HWS_WS_BINARY, true, lens[i], from_server ? NULL : mask, wire);
		size_t got = 0, used, parts = lens[i] / 3;

		memcpy(wire + n, sent, lens[i]);
		if (!from_server) { /* in two parts, at an odd place */
			hws_ws_mask(mask, &phase, wire + n, parts);
			hws_ws_mask(mask, &phase, wire + n + parts, lens[i] - parts);
			ck_assert(lens[i] < 3 || memcmp(wire + n, sent, lens[i]) != 0);
		}
		n += lens[i];
		for (size_t at = 0; at < n; at += used) {
			size_t piece = HWS_MIN(n - at, (size_t)_i + 1);

			ck_assert_int_eq(hws_ws_next(&w, FRAME_MAX, wire + at, piece, &used, &p),
					HWS_OK);
			ck_assert_uint_gt(used, 0);
			if (p.kind == HWS_WS_BEGIN)
				ck_assert_uint_eq(p.len, lens[i]);
			if (p.kind != HWS_WS_DATA)
				continue;
			ck_assert_mem_eq(p.data.ptr, sent + got, p.data.len);
			got += p.data.len;
			ck_assert_int_eq(p.end, got == lens[i]);
		}
		ck_assert_uint_eq(got, lens[i]);
		ck_assert(!w.in_frame && !w.head_len);
	}
}
END_TEST

START_TEST(a_control_frame_comes_whole_between_the_parts_of_a_message)
{
	uint8_t wire[] = { 0x01, 1, 'a', 0x89, 3, 'x', 'y', 'z', 0x80, 1, 'b' };
	static const enum hws_ws_kind want[] = { HWS_WS_BEGIN, HWS_WS_DATA, HWS_WS_CONTROL,
		HWS_WS_BEGIN, HWS_WS_DATA, HWS_WS_NONE };
	struct hws_ws_in w = { .from_server = true };
	size_t at = 0, used;

	for (size_t i = 0; i < HWS_COUNT(want); i++) {
		struct hws_ws_piece p;

		ck_assert_int_eq(
				hws_ws_next(&w, FRAME_MAX, wire + at, sizeof(wire) - at, &used, &p),
				HWS_OK);
		at += used;
		ck_assert_int_eq(p.kind, want[i]);
		if (p.kind == HWS_WS_CONTROL) {
			ck_assert_int_eq(p.op, HWS_WS_PING);
			ck_assert_uint_eq(p.data.len, 3);
			ck_assert_mem_eq(p.data.ptr, "xyz", 3);
		} else if (p.kind != HWS_WS_NONE) {
			ck_assert_int_eq(p.op, HWS_WS_TEXT); /* also of the continuation */
			ck_assert_int_eq(p.fin, i > 2);
		}
	}
	ck_assert_uint_eq(at, sizeof(wire));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire/ws_codec");
	TCase *t = tcase_create("ws_codec");
	SRunner *r;
	int failed;

	tcase_add_test(t, headers_are_as_the_rfc_says);
	tcase_add_test(t, a_masked_message_is_read_in_any_cut);
	tcase_add_test(t, frames_of_deployed_peers_are_read_and_written);
	tcase_add_loop_test(t, each_role_takes_its_own_frames_only, 0, HWS_COUNT(frames));
	tcase_add_loop_test(t, what_is_written_is_read, 0, 40);
	tcase_add_test(t, a_control_frame_comes_whole_between_the_parts_of_a_message);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
