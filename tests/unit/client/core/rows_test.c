/* The table of messages as the viewer reads it: what may come is taken by the core or by its
 * service, all else is passed over and counted. A service passes over what it does not know,
 * whatever stands there. */
#include "client/services/clipboard/clipboard_view.h"
#include "client/services/cursor/cursor_view.h"
#include "client/services/video/video_view.h"
#include "shared/base/str.h"
#include "shared/wire/field.h"
#include "shared/wire/session_table.h"
#include "suites.h"
#include "tests/unit/client/core/recorder.h"
#include <string.h>

#define UNREADABLE ((void *)16) /* as the body of a message: looking at it ends the test */

static void on_shape(const struct hws_cursor_shape *shape HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_position(int x HWS_UNUSED, int y HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_content(const struct hws_clip_content *c HWS_UNUSED, void *arg HWS_UNUSED)
{
}

/* The numbers of a oneof's members, in `ret`; how many. */
static size_t members(const ProtobufCMessageDescriptor *d, unsigned ret[64])
{
	size_t n = 0;

	for (unsigned i = 0; i < d->n_fields; i++)
		if (d->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
			ret[n++] = d->fields[i].id;
	ck_assert_uint_lt(n, 64);
	return n;
}

/* All but those of `known`, which end with 0 and must be rows of `id`; a Misc member counts as 1000
 * and its number. */
static void feed_all(struct hws_service *s, enum hws_service_id id, const unsigned *known)
{
	unsigned outer[64], inner[64];
	size_t n = members(&ses__message__descriptor, outer);
	size_t k = members(&ses__misc__descriptor, inner);

	for (const unsigned *p = known; *p; p++) {
		const struct hws_session_row *row = *p > 1000
				? hws_session_row(SES__MESSAGE__UNION_MISC, *p - 1000)
				: hws_session_row(*p, 0);

		ck_assert_int_eq(row->service, id);
	}
	for (size_t i = 0; i < n + k; i++) {
		Ses__Message m = SES__MESSAGE__INIT;
		Ses__Misc misc = SES__MISC__INIT;
		unsigned what = i < n ? outer[i] : 1000 + inner[i - n];
		bool is_known = false;

		for (const unsigned *p = known; *p; p++)
			is_known = is_known || *p == what;
		if (is_known || what == SES__MESSAGE__UNION_MISC)
			continue;
		if (i < n) {
			m.union_case = (Ses__Message__UnionCase)what;
			m.misc = UNREADABLE;
		} else {
			misc.union_case = (Ses__Misc__UnionCase)(what - 1000);
			misc.switch_display = UNREADABLE;
			m.union_case = SES__MESSAGE__UNION_MISC;
			m.misc = &misc;
		}
		ck_assert(!s->impl->on_message(s, &m));
	}
}

START_TEST(services_pass_over_rows_they_do_not_know)
{
	static const unsigned video[] = { SES__MESSAGE__UNION_VIDEO_FRAME,
		SES__MESSAGE__UNION_PATCH, SES__MESSAGE__UNION_PEER_INFO,
		1000 + SES__MISC__UNION_SWITCH_DISPLAY, 1000 + SES__MISC__UNION_VIDEO_COST, 0 };
	static const unsigned cursor[] = { SES__MESSAGE__UNION_CURSOR_DATA,
		SES__MESSAGE__UNION_CURSOR_ID, SES__MESSAGE__UNION_CURSOR_POSITION, 0 };
	static const unsigned clipboard[] = { SES__MESSAGE__UNION_CLIPBOARD,
		SES__MESSAGE__UNION_MULTI_CLIPBOARDS, 1000 + SES__MISC__UNION_CLIPBOARD_PART, 0 };
	struct hws_clipboard_view *clip;
	struct hws_cursor_view *cur;
	struct hws_video_view *pic;
	struct recorder r;

	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert_int_eq(hws_video_view_new(&(struct hws_video_view_conf){ 0 }, &pic), HWS_OK);
	hws_viewer_serve(r.viewer, hws_video_view_service(pic));
	feed_all(hws_video_view_service(pic), HWS_SERVICE_VIDEO, video);
	ck_assert_int_eq(hws_cursor_view_new(&(struct hws_cursor_view_conf){ .on_shape = on_shape,
							     .on_position = on_position },
					 &cur),
			HWS_OK);
	hws_viewer_serve(r.viewer, hws_cursor_view_service(cur));
	feed_all(hws_cursor_view_service(cur), HWS_SERVICE_CURSOR, cursor);
	ck_assert_int_eq(hws_clipboard_view_new(
					 &(struct hws_clipboard_view_conf){
							 .on_content = on_content },
					 &clip),
			HWS_OK);
	hws_viewer_serve(r.viewer, hws_clipboard_view_service(clip));
	feed_all(hws_clipboard_view_service(clip), HWS_SERVICE_CLIPBOARD, clipboard);
	recorder_done(&r);
	hws_video_view_free(pic);
	hws_cursor_view_free(cur);
	hws_clipboard_view_free(clip);
}
END_TEST

static size_t put_field(uint8_t *to, uint64_t number, unsigned wire, uint64_t value)
{
	size_t n = hws_varint_put(number << 3 | wire, to);

	return n + hws_varint_put(value, to + n);
}

/* One member with nothing in it, or 0. */
static size_t put_member(uint8_t *to, const ProtobufCFieldDescriptor *f)
{
	bool has_length = f->type == PROTOBUF_C_TYPE_MESSAGE || f->type == PROTOBUF_C_TYPE_STRING ||
			f->type == PROTOBUF_C_TYPE_BYTES;

	return put_field(to, f->id, has_length ? HWS_WIRE_BYTES : HWS_WIRE_VARINT, 0);
}

/* A member of Misc, or else of Message. */
static size_t put_row(uint8_t *to, const struct hws_session_row *row)
{
	uint8_t inner[20];
	size_t n;

	if (!row->misc)
		return put_member(to,
				protobuf_c_message_descriptor_get_field(
						&ses__message__descriptor, row->field));
	n = put_member(inner,
			protobuf_c_message_descriptor_get_field(&ses__misc__descriptor, row->misc));
	size_t head = put_field(to, row->field, HWS_WIRE_BYTES, n);
	memcpy(to + head, inner, n);
	return head + n;
}

/* What a viewer with a video service and no other takes once it is READY. */
static bool is_taken(const struct hws_session_row *row)
{
	static const char *const names[] = { "test_delay", "message_box", "permission_info",
		"close_reason", "follow_current_display", "keyboard_layout", "uac",
		"foreground_window_elevated",
		/* of video */
		"video_frame", "patch", "peer_info", "screenshot_response", "switch_display",
		"supported_encoding", "video_cost", "host_records" };

	for (size_t i = 0; i < HWS_COUNT(names); i++)
		if (hws_str_equal(row->name, names[i]))
			return true;
	return false;
}

START_TEST(each_message_is_taken_or_counted)
{
	for (size_t i = 0; i < HWS_SESSION_ROWS_MAX; i++) {
		const struct hws_session_row *row = hws_session_row_at(i);
		uint8_t frame[40];
		struct recorder r;

		if (!row)
			continue;
		recorder_ready(&r, "Linux", "1.4.9");
		uint64_t before = hws_viewer_ignored(r.viewer);
		hws_viewer_frame(r.viewer, hws_bytes(frame, put_row(frame, row)));
		ck_assert_msg(hws_viewer_ignored(r.viewer) - before == !is_taken(row), "%s",
				row->name);
		ck_assert_msg(r.service_messages ==
						(is_taken(row) &&
								row->service == HWS_SERVICE_VIDEO),
				"%s", row->name);
		ck_assert_int_eq(r.ends, hws_str_equal(row->name, "close_reason"));
		recorder_done(&r);
	}
}
END_TEST

/* As the host's gate does: a message that two readers understand in two ways is none. */
START_TEST(two_messages_in_one_are_none)
{
	static const uint8_t both[] = { 0xaa, 0x01, 0x00, 0x9a, 0x01, 0x02, 0x78, 0x01 };
	struct recorder r;

	recorder_ready(&r, "Linux", "1.4.9");
	hws_viewer_frame(r.viewer, hws_bytes(both, sizeof(both)));
	ck_assert_int_eq(r.boxes, 0);
	ck_assert_uint_eq(hws_viewer_ignored(r.viewer), 1);
	hws_viewer_frame(r.viewer, hws_bytes(both, 3));
	ck_assert_int_eq(r.boxes, 1);
	hws_viewer_frame(r.viewer, hws_bytes(both + 3, 5));
	ck_assert_int_eq(r.boxes, 2);
	recorder_done(&r);
}
END_TEST

START_TEST(what_is_larger_than_its_row_allows_is_passed_over)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	struct recorder r;
	char text[5000];

	recorder_ready(&r, "Linux", "1.4.9");
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = 0;
	misc.union_case = SES__MISC__UNION_CLOSE_REASON;
	misc.close_reason = text;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	recorder_feed(&r, &m);
	ck_assert_int_eq(r.ends, 0);
	ck_assert_uint_eq(hws_viewer_ignored(r.viewer), 1);
	text[4000] = 0;
	recorder_feed(&r, &m);
	ck_assert_int_eq(r.ends, 1);
	recorder_done(&r);
}
END_TEST

Suite *rows_suite(void)
{
	Suite *s = suite_create("core/rows");
	TCase *t = tcase_create("rows");

	tcase_add_test(t, services_pass_over_rows_they_do_not_know);
	tcase_add_test(t, each_message_is_taken_or_counted);
	tcase_add_test(t, two_messages_in_one_are_none);
	tcase_add_test(t, what_is_larger_than_its_row_allows_is_passed_over);
	suite_add_tcase(s, t);
	return s;
}
