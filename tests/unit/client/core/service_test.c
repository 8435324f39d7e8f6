/* What the viewer's core promises a service: it works only while the host permits it and the user
 * wants it, and it can hold back what the link has no room for. */
#include "suites.h"
#include "tests/unit/client/core/recorder.h"

static void permit(struct recorder *r, Ses__PermissionInfo__Permission what, bool enabled)
{
	Ses__PermissionInfo p = SES__PERMISSION_INFO__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	p.permission = what;
	p.enabled = enabled;
	misc.union_case = SES__MISC__UNION_PERMISSION_INFO;
	misc.permission_info = &p;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	recorder_feed(r, &m);
}

/* One of its rows; true when it got it. */
static bool service_hears(struct recorder *r)
{
	Ses__VideoFrame f = SES__VIDEO_FRAME__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	int before = r->service_messages;

	m.union_case = SES__MESSAGE__UNION_VIDEO_FRAME;
	m.video_frame = &f;
	recorder_feed(r, &m);
	return r->service_messages > before;
}

START_TEST(a_service_works_only_while_it_may)
{
	struct recorder r;

	recorder_ready(&r, "Linux", "1.4.9");
	struct hws_view_options o = *hws_viewer_options(r.viewer);
	ck_assert(hws_viewer_may(r.viewer, &r.service));
	ck_assert(service_hears(&r));
	permit(&r, SES__PERMISSION_INFO__PERMISSION__Audio, false); /* it needs no sound */
	ck_assert(service_hears(&r));
	permit(&r, SES__PERMISSION_INFO__PERMISSION__File, false);
	ck_assert(!hws_viewer_may(r.viewer, &r.service));
	ck_assert(!hws_viewer_can_send(r.viewer, &r.service));
	ck_assert(!service_hears(&r));
	permit(&r, SES__PERMISSION_INFO__PERMISSION__File, true);
	ck_assert(service_hears(&r));
	o.no_clipboard = true; /* what it is not wanted with */
	hws_viewer_set_options(r.viewer, &o);
	ck_assert(!hws_viewer_may(r.viewer, &r.service));
	ck_assert(!service_hears(&r));
	o.no_clipboard = false;
	hws_viewer_set_options(r.viewer, &o);
	ck_assert(hws_viewer_may(r.viewer, &r.service));
	hws_viewer_lost(r.viewer);
	ck_assert(!hws_viewer_may(r.viewer, &r.service));
	recorder_done(&r);
}
END_TEST

START_TEST(a_service_is_held_back_while_the_link_is_full)
{
	struct recorder r;

	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert(hws_viewer_can_send(r.viewer, &r.service));
	ck_assert_int_eq(r.asked_for, HWS_SERVICE_VIDEO);
	r.congested = true;
	ck_assert(!hws_viewer_can_send(r.viewer, &r.service));
	ck_assert(hws_viewer_may(r.viewer, &r.service)); /* what must go may go all the same */
	r.congested = false;
	hws_viewer_drained(r.viewer);
	ck_assert_int_eq(r.service_drained, 1);
	hws_viewer_lost(r.viewer);
	hws_viewer_drained(r.viewer);
	ck_assert_int_eq(r.service_drained, 1);
	recorder_done(&r);
}
END_TEST

Suite *service_suite(void)
{
	Suite *s = suite_create("core/service");
	TCase *t = tcase_create("service");

	tcase_add_test(t, a_service_works_only_while_it_may);
	tcase_add_test(t, a_service_is_held_back_while_the_link_is_full);
	suite_add_tcase(s, t);
	return s;
}
