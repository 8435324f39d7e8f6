/* A row of the viewer's table that leads to a service must be one that the service knows: what it does not know it
 * passes over, whatever stands there. */
#include "client/services/clipboard/clipboard_view.h"
#include "client/services/cursor/cursor_view.h"
#include "client/services/video/video_view.h"
#include "suites.h"
#include "tests/unit/client/core/recorder.h"

#define UNREADABLE ((void *)16) /* as the body of a message: looking at it ends the test */

static void on_shape(const struct hws_cursor_shape *shape HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_position(int x HWS_UNUSED, int y HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_text(struct hws_bytes text HWS_UNUSED, void *arg HWS_UNUSED)
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

/* All but those of `known`, which end with 0; a Misc member counts as 1000 and its number. */
static void feed_all(struct hws_service *s, const unsigned *known)
{
	unsigned outer[64], inner[64];
	size_t n = members(&ses__message__descriptor, outer);
	size_t k = members(&ses__misc__descriptor, inner);

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
		SES__MESSAGE__UNION_PEER_INFO, 1000 + SES__MISC__UNION_SWITCH_DISPLAY, 0 };
	static const unsigned cursor[] = { SES__MESSAGE__UNION_CURSOR_DATA,
		SES__MESSAGE__UNION_CURSOR_ID, SES__MESSAGE__UNION_CURSOR_POSITION, 0 };
	static const unsigned clipboard[] = { SES__MESSAGE__UNION_CLIPBOARD,
		SES__MESSAGE__UNION_MULTI_CLIPBOARDS, 0 };
	struct hws_clipboard_view *clip;
	struct hws_cursor_view *cur;
	struct hws_video_view *pic;
	struct recorder r;

	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert_int_eq(hws_video_view_new(&(struct hws_video_view_conf){ 0 }, &pic), HWS_OK);
	hws_video_view_attach(pic, r.viewer);
	feed_all(hws_video_view_service(pic), video);
	hws_video_view_free(pic);
	ck_assert_int_eq(hws_cursor_view_new(&(struct hws_cursor_view_conf){ .on_shape = on_shape,
							     .on_position = on_position },
					 &cur),
			HWS_OK);
	hws_cursor_view_attach(cur, r.viewer);
	feed_all(hws_cursor_view_service(cur), cursor);
	hws_cursor_view_free(cur);
	ck_assert_int_eq(hws_clipboard_view_new(
					 &(struct hws_clipboard_view_conf){ .on_text = on_text },
					 &clip),
			HWS_OK);
	hws_clipboard_view_attach(clip, r.viewer);
	feed_all(hws_clipboard_view_service(clip), clipboard);
	hws_clipboard_view_free(clip);
	recorder_done(&r);
}
END_TEST

Suite *rows_suite(void)
{
	Suite *s = suite_create("services/rows");
	TCase *t = tcase_create("rows");

	tcase_add_test(t, services_pass_over_rows_they_do_not_know);
	suite_add_tcase(s, t);
	return s;
}
