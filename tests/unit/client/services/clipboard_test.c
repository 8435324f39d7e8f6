/* The clipboard's messages and what becomes of them at either end: every format, the vectors of
 * deployed peers, sizes that lie, parts, permissions and directions. */
#include "client/media/png.h"
#include "client/services/clipboard/arrival.h"
#include "client/services/clipboard/clipboard_view.h"
#include "client/services/clipboard/entries.h"
#include "client/services/clipboard/parts.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/compress.h"
#include "shared/wire/envelope.h"
#include "tests/support/vector.h"
#include "tests/unit/client/core/recorder.h"
#include <check.h>
#include <string.h>

static struct hws_clip_content all; /* every format of one copy */
static struct hws_buf png;
static char longer[70000];

static void setup(void)
{
	static const uint8_t rgba[4 * 4 * 4] = { 1, 2, 3, 255 };

	hws_buf_init(&png, 1 << 20);
	ck_assert_int_eq(hws_png_from_rgba(rgba, 4, 4, &png), HWS_OK);
	memset(longer, 'l', sizeof(longer) - 1);
	all = (struct hws_clip_content){ .part = {
							 [HWS_CLIP_TEXT] = hws_bytes_str(
									 "a \xc3\xbc"),
							 [HWS_CLIP_HTML] = hws_bytes_str(longer),
							 [HWS_CLIP_RTF] = hws_bytes_str(
									 "{\\rtf1 a}"),
							 [HWS_CLIP_PNG] = hws_buf_bytes(&png),
							 [HWS_CLIP_SVG] = hws_bytes_str("<svg/>"),
							 [HWS_CLIP_SHEET] = hws_bytes_str(
									 "<Workbook/>"),
					 } };
}

static void teardown(void)
{
	hws_buf_done(&png);
}

/* Text that does not shrink much. */
static void fill(char *text, size_t len)
{
	uint32_t seed = 7;

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525u + 1013904223u;
		text[i] = (char)('!' + (seed >> 16) % 90);
	}
}

/* --- messages --- */

START_TEST(all_formats_go_into_one_message_each_packed_if_that_is_smaller)
{
	struct hws_clip_message m;
	struct hws_clip_entries list;

	ck_assert_int_eq(hws_clip_message_make(&m, &all, true), HWS_OK);
	ck_assert_uint_eq(m.m.multi_clipboards->n_clipboards, HWS_CLIP_FORMATS);
	hws_clip_entries_of(&m.m, &list);
	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++) {
		ck_assert_ptr_nonnull(list.entry[f]);
		ck_assert_int_eq(list.entry[f]->compress, f == HWS_CLIP_HTML);
	}
	ck_assert_str_eq(list.entry[HWS_CLIP_SHEET]->special_name, "XML Spreadsheet");
	hws_clip_message_done(&m);
	/* Older peers get the text, and nothing where there is none. */
	ck_assert_int_eq(hws_clip_message_make(&m, &all, false), HWS_OK);
	ck_assert_int_eq(m.m.union_case, SES__MESSAGE__UNION_CLIPBOARD);
	ck_assert_int_eq(m.m.clipboard->format, SES__CLIPBOARD_FORMAT__Text);
	hws_clip_message_done(&m);
	all.part[HWS_CLIP_TEXT].len = 0;
	ck_assert_int_eq(hws_clip_message_make(&m, &all, false), HWS_ERR_NOTFOUND);
	hws_clip_message_done(&m);
}
END_TEST

/* What deployed peers send, and what they get: byte for byte. */
START_TEST(messages_are_those_of_the_vectors)
{
	static const char *const names[] = { "msg-clipboard-text", "msg-multi-clipboards" };
	uint8_t want[200];
	struct hws_buf got;

	for (unsigned i = 0; i < 2; i++) {
		size_t n = test_vector("session.json", names[i], want, sizeof(want), NULL, NULL);
		struct hws_clip_content c = { 0 };
		struct hws_clip_message m;
		char as[1001];

		memset(as, 'a', 1000);
		c.part[HWS_CLIP_TEXT] = i ? hws_bytes(as, 1000) : hws_bytes_str("hello");
		if (i)
			c.part[HWS_CLIP_HTML] = hws_bytes_str("<b>hello</b>");
		ck_assert_int_eq(hws_clip_message_make(&m, &c, i), HWS_OK);
		hws_buf_init(&got, 1000);
		ck_assert_int_eq(hws_ses_pack(&m.m, &got), HWS_OK);
		ck_assert_uint_eq(hws_buf_len(&got), n);
		ck_assert_mem_eq(hws_buf_bytes(&got).ptr, want, n);
		hws_buf_done(&got);
		hws_clip_message_done(&m);
	}
}
END_TEST

START_TEST(peers_are_told_apart_by_version_and_platform)
{
	ck_assert(hws_clip_takes_multi("Linux", 1003000));
	ck_assert(!hws_clip_takes_multi("Linux", 1002080));
	ck_assert(!hws_clip_takes_multi("", 1004090));
	ck_assert(!hws_clip_takes_multi("iOS", 1004090));
	ck_assert(!hws_clip_takes_multi("Android", 1003020));
	ck_assert(hws_clip_takes_multi("Android", 1003030));
}
END_TEST

/* --- at the host --- */

static struct hws_clip_copy arrived;
static char refused[100];
static unsigned arrivals, tag;

static void on_arrived(
		const struct hws_clip_content *c, const char *why, unsigned t, void *arg HWS_UNUSED)
{
	hws_clip_copy_done(&arrived);
	ck_assert_int_eq(hws_clip_copy_make(c, &arrived), HWS_OK);
	ck_assert_int_eq(hws_str_copy(refused, sizeof(refused), why ? why : ""), HWS_OK);
	tag = t;
	arrivals++;
}

struct host {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_clip_arrivals *a;
};

static void host_setup(struct host *h, bool worker)
{
	*h = (struct host){ 0 };
	arrivals = 0;
	ck_assert_int_eq(hws_loop_new(&h->loop), HWS_OK);
	if (worker)
		ck_assert_int_eq(hws_work_new(1, 8, &h->work), HWS_OK);
	ck_assert_int_eq(hws_clip_arrivals_new(h->loop, h->work, on_arrived, NULL, &h->a), HWS_OK);
}

static void host_wait(struct host *h, unsigned n)
{
	for (unsigned i = 0; i < 60000 && arrivals < n; i++)
		hws_loop_once(h->loop, 1000);
	ck_assert_uint_eq(arrivals, n);
}

static void host_teardown(struct host *h)
{
	hws_clip_arrivals_free(h->a);
	hws_work_free(h->work);
	hws_loop_free(h->loop);
	hws_clip_copy_done(&arrived);
}

/* One entry alone, in a message of its own. */
static void give(struct host *h, Ses__Clipboard *e)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__MultiClipboards multi = SES__MULTI_CLIPBOARDS__INIT;

	multi.clipboards = &e;
	multi.n_clipboards = 1;
	m.union_case = SES__MESSAGE__UNION_MULTI_CLIPBOARDS;
	m.multi_clipboards = &multi;
	hws_clip_arrivals_take(h->a, &m, 5);
}

static Ses__Clipboard entry(Ses__ClipboardFormat f, struct hws_bytes b)
{
	Ses__Clipboard e = SES__CLIPBOARD__INIT;

	e.format = f;
	e.content = (ProtobufCBinaryData){ b.len, (uint8_t *)(uintptr_t)b.ptr };
	return e;
}

START_TEST(all_formats_arrive_with_and_without_a_worker)
{
	struct hws_clip_message m;
	struct host h;

	host_setup(&h, _i);
	if (_i) { /* too much for at once */
		all.part[HWS_CLIP_PNG].len = 0;
		fill(longer, sizeof(longer) - 1);
	}
	ck_assert_int_eq(hws_clip_message_make(&m, &all, true), HWS_OK);
	hws_clip_arrivals_take(h.a, &m.m, 5);
	host_wait(&h, 1);
	ck_assert_uint_eq(tag, 5);
	ck_assert(hws_clip_content_equal(&arrived.c, &all));
	hws_clip_message_done(&m);
	host_teardown(&h);
}
END_TEST

START_TEST(pixels_become_a_picture_if_their_size_is_true)
{
	static uint8_t rgba[6 * 5 * 4];
	struct hws_buf want, z;
	struct host h;

	memset(rgba, 0x77, sizeof(rgba));
	hws_buf_init(&want, 1 << 16);
	ck_assert_int_eq(hws_png_from_rgba(rgba, 6, 5, &want), HWS_OK);
	host_setup(&h, _i);
	Ses__Clipboard e = entry(SES__CLIPBOARD_FORMAT__ImageRgba, hws_bytes(rgba, sizeof(rgba)));
	e.width = 6;
	e.height = 5;
	give(&h, &e);
	host_wait(&h, 1);
	ck_assert(hws_bytes_equal(arrived.c.part[HWS_CLIP_PNG], hws_buf_bytes(&want)));
	/* Packed, too; but not a byte more or less. */
	hws_buf_init(&z, 1 << 16);
	ck_assert_int_eq(hws_compress(hws_bytes(rgba, sizeof(rgba)), 3, &z), HWS_OK);
	Ses__Clipboard packed = entry(SES__CLIPBOARD_FORMAT__ImageRgba, hws_buf_bytes(&z));
	packed.compress = true;
	packed.width = 6;
	packed.height = 5;
	give(&h, &packed);
	host_wait(&h, 2);
	ck_assert(hws_bytes_equal(arrived.c.part[HWS_CLIP_PNG], hws_buf_bytes(&want)));
	packed.height = 4;
	give(&h, &packed);
	host_wait(&h, 3);
	ck_assert_uint_eq(hws_clip_content_size(&arrived.c), 0);
	ck_assert_str_ne(refused, "");
	static const int32_t bad[][2] = { { 6, 4 }, { 0, 5 }, { -6, -5 }, { 1 << 30, 1 << 30 },
		{ 16384, 16384 } };
	for (size_t i = 0; i < HWS_COUNT(bad); i++) {
		e.width = bad[i][0];
		e.height = bad[i][1];
		give(&h, &e);
	}
	ck_assert_uint_eq(arrivals, 3);
	hws_buf_done(&z);
	hws_buf_done(&want);
	host_teardown(&h);
}
END_TEST

START_TEST(a_bad_picture_is_refused_with_a_reason_and_the_rest_arrives)
{
	struct hws_clip_message m;
	struct host h;

	host_setup(&h, false);
	all.part[HWS_CLIP_PNG] = hws_bytes(hws_buf_bytes(&png).ptr, 40);
	ck_assert_int_eq(hws_clip_message_make(&m, &all, true), HWS_OK);
	hws_clip_arrivals_take(h.a, &m.m, 0);
	host_wait(&h, 1);
	ck_assert_str_eq(refused, "it is a damaged PNG file");
	ck_assert_uint_eq(arrived.c.part[HWS_CLIP_PNG].len, 0);
	ck_assert_uint_eq(arrived.c.part[HWS_CLIP_HTML].len, sizeof(longer) - 1);
	hws_clip_message_done(&m);
	host_teardown(&h);
}
END_TEST

/* 64 KiB of zstd may be many MiB: that is a worker's, and what is more than anybody takes
 * nobody's. */
START_TEST(a_bomb_is_left_out_and_holds_nobody_up)
{
	size_t len = HWS_CLIP_PART_MAX + 1u;
	char *zeros = hws_alloc(len);
	struct hws_buf z;
	struct host h;

	ck_assert_ptr_nonnull(zeros);
	memset(zeros, 'z', len);
	host_setup(&h, true);
	hws_buf_init(&z, 2 * len);
	ck_assert_int_eq(hws_compress(hws_bytes(zeros, len - 1), 3, &z), HWS_OK);
	ck_assert_uint_lt(hws_buf_len(&z), 64u << 10);
	Ses__Clipboard e = entry(SES__CLIPBOARD_FORMAT__Text, hws_buf_bytes(&z));
	e.compress = true;
	give(&h, &e);
	ck_assert_uint_eq(arrivals, 0); /* later */
	host_wait(&h, 1);
	ck_assert_uint_eq(arrived.c.part[HWS_CLIP_TEXT].len, len - 1);
	hws_buf_reset(&z);
	ck_assert_int_eq(hws_compress(hws_bytes(zeros, len), 3, &z), HWS_OK);
	e.content = (ProtobufCBinaryData){ hws_buf_len(&z),
		(uint8_t *)(uintptr_t)hws_buf_bytes(&z).ptr };
	give(&h, &e);
	e = entry(SES__CLIPBOARD_FORMAT__Text, hws_bytes_str("next"));
	for (unsigned i = 0; i < 100; i++)
		hws_loop_once(h.loop, 1000);
	give(&h, &e);
	host_wait(&h, 2);
	ck_assert(hws_bytes_equal(arrived.c.part[HWS_CLIP_TEXT], hws_bytes_str("next")));
	hws_buf_done(&z);
	hws_free(zeros);
	host_teardown(&h);
}
END_TEST

/* --- parts --- */

static struct hws_clip_blob *large_blob(void)
{
	struct hws_clip_message m;
	struct hws_clip_blob *b;
	static char text[300000];

	fill(text, sizeof(text) - 1);
	all.part[HWS_CLIP_TEXT] = hws_bytes_str(text);
	ck_assert_int_eq(hws_clip_message_make(&m, &all, true), HWS_OK);
	ck_assert_int_eq(hws_clip_blob_new(&m.m, &b), HWS_OK);
	hws_clip_message_done(&m);
	ck_assert_uint_gt(hws_buf_len(&b->packed), HWS_SEND_BULK_MAX);
	return b;
}

START_TEST(parts_make_the_message_and_none_is_larger_than_bulk_may_be)
{
	struct hws_clip_blob *b = large_blob();
	struct hws_clip_parts_out out = { 0 };
	struct hws_clip_parts_in in = { 0 };
	struct hws_clip_part_message p;
	Ses__Message *m = NULL;
	int r = HWS_ERR_AGAIN;

	hws_clip_parts_begin(&out, b);
	while (hws_clip_parts_next(&out, &p)) {
		struct hws_buf packed;

		hws_buf_init(&packed, 1 << 20);
		ck_assert_int_eq(hws_ses_pack(&p.m, &packed), HWS_OK);
		ck_assert_uint_le(hws_buf_len(&packed), HWS_SEND_BULK_MAX);
		hws_buf_done(&packed);
		ck_assert_int_eq(r, HWS_ERR_AGAIN);
		r = hws_clip_parts_take(&in, &p.part, &m);
		hws_clip_parts_sent(&out, &p);
	}
	ck_assert_int_eq(r, HWS_OK);
	ck_assert_uint_eq(m->multi_clipboards->n_clipboards, HWS_CLIP_FORMATS);
	hws_ses_free(m);
	hws_clip_blob_unref(b);
	ck_assert_ptr_null(out.blob);
}
END_TEST

START_TEST(a_newer_copy_ends_the_one_before_and_wrong_parts_are_dropped)
{
	struct hws_clip_blob *b = large_blob();
	struct hws_clip_parts_out out = { 0 };
	struct hws_clip_parts_in in = { 0 };
	struct hws_clip_part_message first, p;
	Ses__Message *m = NULL;

	hws_clip_parts_begin(&out, b);
	ck_assert(hws_clip_parts_next(&out, &first));
	ck_assert_int_eq(hws_clip_parts_take(&in, &first.part, &m), HWS_ERR_AGAIN);
	hws_clip_parts_sent(&out, &first);
	ck_assert(hws_clip_parts_next(&out, &p));
	hws_clip_parts_begin(&out, b); /* a newer one */
	ck_assert(hws_clip_parts_next(&out, &first));
	ck_assert_uint_ne(first.part.copy, p.part.copy);
	ck_assert_int_eq(hws_clip_parts_take(&in, &first.part, &m), HWS_ERR_AGAIN);
	ck_assert_int_eq(hws_clip_parts_take(&in, &p.part, &m), HWS_ERR_PROTO); /* of the old one */
	ck_assert_uint_eq(in.size, 0);
	/* Twice the same, one that begins in the middle, one that says it is huge, an empty one. */
	ck_assert_int_eq(hws_clip_parts_take(&in, &first.part, &m), HWS_ERR_AGAIN);
	p.part.copy = first.part.copy;
	p.part.at = first.part.data.len + 1;
	ck_assert_int_eq(hws_clip_parts_take(&in, &p.part, &m), HWS_ERR_PROTO);
	ck_assert_int_eq(hws_clip_parts_take(&in, &p.part, &m), HWS_ERR_PROTO);
	first.part.size = UINT32_MAX;
	ck_assert_int_eq(hws_clip_parts_take(&in, &first.part, &m), HWS_ERR_TOOBIG);
	first.part.size = 10; /* less than it brings */
	ck_assert_int_eq(hws_clip_parts_take(&in, &first.part, &m), HWS_ERR_TOOBIG);
	first.part.data.len = 0;
	ck_assert_int_eq(hws_clip_parts_take(&in, &first.part, &m), HWS_ERR_PROTO);
	hws_clip_parts_stop(&out);
	hws_clip_blob_unref(b);
}
END_TEST

/* --- at the viewer --- */

static void on_content(const struct hws_clip_content *c, void *arg HWS_UNUSED)
{
	on_arrived(c, NULL, 0, NULL);
}

static void on_refused(const char *why, void *arg HWS_UNUSED)
{
	ck_assert_int_eq(hws_str_copy(refused, sizeof(refused), why), HWS_OK);
}

struct view {
	struct recorder rec;
	struct hws_clipboard_view *cv;
};

static void view_setup(struct view *v, const char *platform, const char *version)
{
	arrivals = 0;
	refused[0] = 0;
	recorder_ready(&v->rec, platform, version);
	ck_assert_int_eq(
			hws_clipboard_view_new(
					&(struct hws_clipboard_view_conf){ .on_content = on_content,
							.on_refused = on_refused },
					&v->cv),
			HWS_OK);
	hws_viewer_serve(v->rec.viewer, hws_clipboard_view_service(v->cv));
}

static void view_teardown(struct view *v)
{
	hws_viewer_lost(v->rec.viewer);
	recorder_done(&v->rec);
	hws_clipboard_view_free(v->cv);
	hws_clip_copy_done(&arrived);
}

START_TEST(a_viewer_takes_and_sends_all_formats)
{
	struct hws_clip_entries list;
	struct hws_clip_message m;
	struct view v;

	view_setup(&v, "Linux", "1.4.9");
	ck_assert_int_eq(hws_clip_message_make(&m, &all, true), HWS_OK);
	recorder_feed(&v.rec, &m.m);
	ck_assert_uint_eq(arrivals, 1); /* once for all of them */
	ck_assert(hws_clip_content_equal(&arrived.c, &all));
	hws_clip_message_done(&m);
	all.part[HWS_CLIP_TEXT] = hws_bytes_str("another");
	ck_assert_int_eq(hws_clipboard_view_send(v.cv, &all), HWS_OK);
	Ses__Message *sent = recorder_sent(&v.rec, -1);
	hws_clip_entries_of(sent, &list);
	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++)
		ck_assert_ptr_nonnull(list.entry[f]);
	ck_assert_int_eq(v.rec.channel[v.rec.sent_count - 1], HWS_CHANNEL_INPUT);
	hws_ses_free(sent);
	/* What is no picture is not sent as one. */
	all.part[HWS_CLIP_PNG] = hws_bytes_str("GIF89a");
	ck_assert_int_eq(hws_clipboard_view_send(v.cv, &all), HWS_ERR_INVAL);
	view_teardown(&v);
}
END_TEST

START_TEST(a_hosts_picture_is_refused_with_a_reason)
{
	static const uint8_t rgba[4 * 4 * 4] = { 9 };
	struct hws_clip_content c = { .part = { [HWS_CLIP_PNG] = hws_bytes_str("no picture") } };
	struct hws_clip_message m;
	struct hws_buf want;
	struct view v;

	view_setup(&v, "Windows", "1.3.0");
	ck_assert_int_eq(hws_clip_message_make(&m, &c, true), HWS_OK);
	recorder_feed(&v.rec, &m.m);
	ck_assert_str_eq(refused, "it is damaged");
	ck_assert_uint_eq(arrivals, 0);
	/* Pixels, as Windows hosts send them, come as a file. */
	m.entry[HWS_CLIP_PNG] =
			entry(SES__CLIPBOARD_FORMAT__ImageRgba, hws_bytes(rgba, sizeof(rgba)));
	m.entry[HWS_CLIP_PNG].width = m.entry[HWS_CLIP_PNG].height = 4;
	recorder_feed(&v.rec, &m.m);
	ck_assert_uint_eq(arrivals, 1);
	hws_buf_init(&want, 1 << 16);
	ck_assert_int_eq(hws_png_from_rgba(rgba, 4, 4, &want), HWS_OK);
	ck_assert(hws_bytes_equal(arrived.c.part[HWS_CLIP_PNG], hws_buf_bytes(&want)));
	hws_buf_done(&want);
	hws_clip_message_done(&m);
	view_teardown(&v);
}
END_TEST

/* A large copy does not go with the keys, and a small one after it does not overtake it. */
START_TEST(the_channel_is_chosen_by_size_and_order_is_kept)
{
	static char text[200000];
	struct hws_clip_content c = { 0 }, small = { 0 };
	struct view v;

	fill(text, sizeof(text) - 1);
	view_setup(&v, "Linux", "1.4.9");
	c.part[HWS_CLIP_TEXT] = hws_bytes_str(text);
	small.part[HWS_CLIP_TEXT] = hws_bytes_str("small");
	ck_assert_int_eq(hws_clipboard_view_send(v.cv, &small), HWS_OK);
	ck_assert_int_eq(v.rec.channel[v.rec.sent_count - 1], HWS_CHANNEL_INPUT);
	ck_assert_int_eq(hws_clipboard_view_send(v.cv, &c), HWS_OK);
	ck_assert_int_eq(v.rec.channel[v.rec.sent_count - 1], HWS_CHANNEL_CLIPBOARD);
	ck_assert_int_eq(hws_clipboard_view_send(v.cv, &small), HWS_OK);
	ck_assert_int_eq(v.rec.channel[v.rec.sent_count - 1], HWS_CHANNEL_CLIPBOARD);
	view_teardown(&v);
}
END_TEST

START_TEST(each_direction_can_be_closed_in_a_running_session)
{
	struct hws_clip_message m;
	struct hws_view_options o;
	struct view v;

	view_setup(&v, "Linux", "1.4.9");
	o = *hws_viewer_options(v.rec.viewer);
	ck_assert_int_eq(hws_clip_message_make(&m, &all, true), HWS_OK);
	o.no_clip_from_host = true;
	hws_viewer_set_options(v.rec.viewer, &o);
	recorder_feed(&v.rec, &m.m);
	ck_assert_uint_eq(arrivals, 0);
	ck_assert_int_eq(hws_clipboard_view_send(v.cv, &all), HWS_OK);
	o.no_clip_from_host = false;
	o.no_clip_to_host = true;
	hws_viewer_set_options(v.rec.viewer, &o);
	recorder_feed(&v.rec, &m.m);
	ck_assert_uint_eq(arrivals, 1);
	ck_assert_int_eq(hws_clipboard_view_send(v.cv, &all), HWS_ERR_DENIED);
	o.no_clip_from_host = true; /* both: the host is told to send nothing */
	hws_viewer_set_options(v.rec.viewer, &o);
	Ses__Message *told = recorder_sent(&v.rec, -1);
	ck_assert_int_eq(told->misc->option->disable_clipboard,
			SES__OPTION_MESSAGE__BOOL_OPTION__Yes);
	hws_ses_free(told);
	hws_clip_message_done(&m);
	view_teardown(&v);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("services/clipboard");
	TCase *t = tcase_create("clipboard");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, all_formats_go_into_one_message_each_packed_if_that_is_smaller);
	tcase_add_test(t, messages_are_those_of_the_vectors);
	tcase_add_test(t, peers_are_told_apart_by_version_and_platform);
	tcase_add_loop_test(t, all_formats_arrive_with_and_without_a_worker, 0, 2);
	tcase_add_loop_test(t, pixels_become_a_picture_if_their_size_is_true, 0, 2);
	tcase_add_test(t, a_bad_picture_is_refused_with_a_reason_and_the_rest_arrives);
	tcase_add_test(t, a_bomb_is_left_out_and_holds_nobody_up);
	tcase_add_test(t, parts_make_the_message_and_none_is_larger_than_bulk_may_be);
	tcase_add_test(t, a_newer_copy_ends_the_one_before_and_wrong_parts_are_dropped);
	tcase_add_test(t, a_viewer_takes_and_sends_all_formats);
	tcase_add_test(t, a_hosts_picture_is_refused_with_a_reason);
	tcase_add_test(t, the_channel_is_chosen_by_size_and_order_is_kept);
	tcase_add_test(t, each_direction_can_be_closed_in_a_running_session);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
