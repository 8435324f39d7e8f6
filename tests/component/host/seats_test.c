/* Viewers of the deployed protocol at one desktop: who comes again, who comes beside another, and
 * one that decodes less than the other. The real hawser-host on the headless back-end. */
#include "shared/crypto/crypto.h"
#include "shared/wire/envelope.h"
#include "tests/component/host/host.h"
#include "tests/component/host/viewer.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct test_host host;
static struct test_viewer first, second;

static void start(const char *how)
{
	const char *const extra[] = { "--backend", "headless:320x240@20", "--second-viewer", how,
		NULL };

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	first = (struct test_viewer){ .my_id = "111111111", .session_id = 71 };
	second = (struct test_viewer){ .my_id = "222222222", .session_id = 72 };
	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", 10000);
	host_password(&host);
}

static void teardown(void)
{
	viewer_close(&first);
	viewer_close(&second);
	host_stop(&host);
}

static void enter(struct test_viewer *v)
{
	ck_assert_str_eq(viewer_enter(v, host.port, host.password), "");
}

static void must_see(struct test_viewer *v)
{
	Ses__Message *m = viewer_until(v, SES__MESSAGE__UNION_VIDEO_FRAME);

	ck_assert_ptr_nonnull(m);
	hws_ses_free(m);
}

/* It has the number of its session, so it is the same window: no matter what becomes of the old
 * line. */
START_TEST(the_same_session_takes_its_place_again)
{
	start("share");
	enter(&first);
	second.my_id = first.my_id;
	second.session_id = first.session_id;
	enter(&second);
	ck_assert_str_eq(viewer_end(&first), "Continued on a new connection; both are not allowed");
	host_until(&host, 1, "open");
	must_see(&second);
}
END_TEST

/* Another window of the same person stays while somebody is there, and else does not last. */
START_TEST(another_window_of_the_same_person_must_be_alive)
{
	uint64_t end;

	start("share");
	enter(&first);
	second.my_id = first.my_id;
	enter(&second);
	end = test_now_ms() + 6000;
	while (test_now_ms() < end) { /* pictures, with answers to probes */
		must_see(&first);
		must_see(&second);
	}
	host_until(&host, 2, "open");
	viewer_close(&second);
	host_until(&host, 1, "open");
	host_password(&host);
	enter(&second); /* from now on the first one says nothing */
	test_proc_must_expect(&host.proc, "Continued on a new connection", 30000);
	host_until(&host, 1, "open");
}
END_TEST

START_TEST(somebody_else_is_refused_and_told_why)
{
	const char *why;

	start("refuse");
	enter(&first);
	why = viewer_enter(&second, host.port, host.password);
	ck_assert_str_eq(why,
			"Tester (111111111) controls this desktop, and a second viewer is not allowed");
	viewer_close(&second);
	host_until(&host, 1, "open");
	/* nor is who says to be the first one: it has just read its name */
	second.my_id = first.my_id;
	why = viewer_enter(&second, host.port, host.password);
	ck_assert_str_eq(why,
			"Tester (111111111) controls this desktop, and a second viewer is not allowed");
	host_until(&host, 1, "open");
}
END_TEST

START_TEST(somebody_else_takes_over_at_once)
{
	start("take-over");
	enter(&first);
	enter(&second);
	ck_assert_str_eq(viewer_end(&first),
			"Tester (222222222) has taken over; a second viewer is not allowed");
	host_until(&host, 1, "open");
	must_see(&second);
}
END_TEST

/* --- one that decodes less --- */

static void decodes(struct test_viewer *v, bool av1)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;
	Ses__SupportedDecoding d = SES__SUPPORTED_DECODING__INIT;

	d.ability_vp8 = d.ability_vp9 = 1;
	d.ability_av1 = av1;
	d.prefer = SES__SUPPORTED_DECODING__PREFER_CODEC__AV1;
	o.supported_decoding = &d;
	misc.union_case = SES__MISC__UNION_OPTION;
	misc.option = &o;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	viewer_send(v, &m);
}

static bool told_av1; /* what the first one was told last: that AV1 may be wished for */

/* A message of this viewer; its picture's codec, or none. */
static Ses__VideoFrame__UnionCase read_one(struct test_viewer *v)
{
	Ses__Message *m = viewer_next(v);
	Ses__VideoFrame__UnionCase codec = SES__VIDEO_FRAME__UNION__NOT_SET;

	ck_assert_ptr_nonnull(m);
	if (m->union_case == SES__MESSAGE__UNION_VIDEO_FRAME) {
		static Ses__VideoFrame__UnionCase before[2];
		Ses__VideoFrame__UnionCase *last = &before[v == &second];
		codec = m->video_frame->union_case;
		/* pictures of another codec begin with a whole one; in the same place for all */
		if (codec != *last)
			ck_assert(m->video_frame->vp9s->frames[0]->key);
		*last = codec;
	} else if (m->union_case == SES__MESSAGE__UNION_MISC && v == &first &&
			m->misc->union_case == SES__MISC__UNION_SUPPORTED_ENCODING) {
		told_av1 = m->misc->supported_encoding->av1;
	}
	hws_ses_free(m);
	return codec;
}

static void must_come_to(struct test_viewer *v, Ses__VideoFrame__UnionCase codec)
{
	unsigned i = 0;

	while (read_one(v) != codec)
		ck_assert_msg(i++ < 400, "no picture of codec %d", (int)codec);
}

static void must_be_told(bool av1)
{
	unsigned i = 0;

	while (told_av1 != av1) {
		read_one(&first);
		ck_assert_msg(i++ < 400, "it is not told that AV1 can%s be had", av1 ? "" : "not");
	}
}

START_TEST(a_weaker_viewer_changes_the_codec_while_it_is_there)
{
	start("share");
	enter(&first);
	must_come_to(&first, SES__VIDEO_FRAME__UNION_VP9S); /* it has said nothing so far */
	decodes(&first, true);
	must_come_to(&first, SES__VIDEO_FRAME__UNION_AV1S);
	must_be_told(true);
	enter(&second); /* knows VP9 alone */
	must_come_to(&second, SES__VIDEO_FRAME__UNION_VP9S);
	must_come_to(&first, SES__VIDEO_FRAME__UNION_VP9S);
	must_be_told(false);
	viewer_close(&second);
	must_come_to(&first, SES__VIDEO_FRAME__UNION_AV1S);
	must_be_told(true);
	decodes(&first, false); /* its decoder has failed, as deployed viewers say it */
	must_come_to(&first, SES__VIDEO_FRAME__UNION_VP9S);
	decodes(&first, true);
	must_come_to(&first, SES__VIDEO_FRAME__UNION_AV1S);
}
END_TEST

int main(void)
{
	return test_main("host/seats", 120, NULL, teardown,
			TESTS(the_same_session_takes_its_place_again,
					another_window_of_the_same_person_must_be_alive,
					somebody_else_is_refused_and_told_why,
					somebody_else_takes_over_at_once,
					a_weaker_viewer_changes_the_codec_while_it_is_there));
}
