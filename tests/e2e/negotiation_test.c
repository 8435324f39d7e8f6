/* Which codec viewers get, and when that changes in mid-session: real processes, libhawser as the
 * viewers. Exact patches are off, so that there are pictures to be coded. */
#include "tests/e2e/stack.h"
#include "tests/e2e/viewer.h"
#include "tests/support/suite.h"
#include "tests/support/tcp_proxy.h"
#include <check.h>
#include <stdio.h>

#define SHOW_MS TEST_PATIENCE_MS
/* 1280x720 are to cost some 670 kbit/s: this is less, and its first picture passes soon. */
#define NARROW_BYTES_S 45000u

static struct test_stack stack;
static struct test_viewer a, b, c;
static struct test_proc moving;
static enum hawser_codec wanted;

/* Something always changes. */
static void set_up(void)
{
	const char *const xterm[] = { "/usr/bin/xterm", "-geometry", "100x30+30+30", "-e",
		"/bin/sh", "-c",
		"i=0; while :; do i=$((i+1)); echo \"line $i $((i*7919)) $((i*104729))\"; sleep 0.05; done",
		NULL };

	test_stack_start(&stack, STACK_NO_HOST);
	snprintf(stack.config, sizeof(stack.config), "%s/host.conf", stack.dir);
	test_write_file("", "%s", stack.config);
	test_stack_start_host(&stack);
	test_proc_start(&moving, xterm, stack.envp);
}

static void tear_down(void)
{
	struct test_viewer *const all[] = { &a, &b, &c };

	for (unsigned i = 0; i < 3; i++)
		if (all[i]->session)
			test_viewer_close(all[i]);
	test_proc_stop(&moving);
	test_stack_stop(&stack);
}

static void join(struct test_viewer *v, const char *target, enum hawser_codec codec)
{
	test_viewer_open(v,
			&(struct test_viewer_conf){ .target = target ? target : stack.target,
					.password = stack.password,
					.no_exact = true,
					.codec = codec });
	test_viewer_must_show(v, SHOW_MS);
}

static bool has_codec(struct test_viewer *v)
{
	v->stats.size = sizeof(v->stats);
	return v->closed ||
			(hawser_session_stats(v->session, &v->stats) == 0 &&
					v->stats.codec == wanted);
}

/* Of all that are there; each gets new pictures by it. */
static void all_must_have(enum hawser_codec codec)
{
	struct test_viewer *const all[] = { &a, &b, &c };
	uint64_t end = test_now_ms() + SHOW_MS;
	bool done = false;

	wanted = codec;
	while (!done) {
		done = true;
		for (unsigned i = 0; i < 3; i++) {
			if (!all[i]->session)
				continue;
			hawser_context_wait(all[i]->context, 10);
			ck_assert_msg(!all[i]->closed, "the session ended: %s",
					all[i]->closed_text);
			done = has_codec(all[i]) && done;
		}
		ck_assert_msg(test_now_ms() < end, "not %s: %s, %s, %s", hawser_codec_name(codec),
				hawser_codec_name(a.stats.codec), hawser_codec_name(b.stats.codec),
				hawser_codec_name(c.stats.codec));
	}
}

static unsigned frames_before;

static bool goes_on(struct test_viewer *v)
{
	return v->closed || v->frames > frames_before + 3;
}

static void must_go_on(struct test_viewer *v)
{
	frames_before = v->frames;
	ck_assert(test_viewer_until(v, goes_on, SHOW_MS));
	ck_assert(!v->closed && !v->retries);
}

START_TEST(what_is_preferred_may_change_while_it_is_shown)
{
	join(&a, NULL, HAWSER_CODEC_AV1);
	all_must_have(HAWSER_CODEC_AV1);
	ck_assert_int_eq(
			hawser_session_set_option(a.session, HAWSER_OPTION_CODEC, HAWSER_CODEC_VP8),
			0);
	all_must_have(HAWSER_CODEC_VP8);
	must_go_on(&a);
	/* two more wish otherwise: most of them win, for all; and when they have gone, it is as
	 * before */
	join(&b, NULL, HAWSER_CODEC_VP9);
	join(&c, NULL, HAWSER_CODEC_VP9);
	all_must_have(HAWSER_CODEC_VP9);
	must_go_on(&a);
	must_go_on(&b);
	test_viewer_close(&b);
	test_viewer_close(&c);
	all_must_have(HAWSER_CODEC_VP8);
	must_go_on(&a);
}
END_TEST

/* Nobody asks for it: the host finds the line narrow, times the codec, and changes; and the one
 * with a wide line is not concerned. */
START_TEST(a_narrow_line_gets_av1_by_itself)
{
	struct test_proxy proxy;
	char narrow[40];
	uint64_t end = test_now_ms() + SHOW_MS;

	test_proxy_start_narrow(&proxy, stack.direct_port);
	test_proxy_limit(&proxy, NARROW_BYTES_S);
	snprintf(narrow, sizeof(narrow), "127.0.0.1:%u", proxy.port);
	join(&a, NULL, HAWSER_CODEC_AUTO);
	join(&b, narrow, HAWSER_CODEC_AUTO);
	ck_assert_int_eq(hawser_session_set_option(
					 b.session, HAWSER_OPTION_QUALITY, HAWSER_QUALITY_BEST),
			0);
	wanted = HAWSER_CODEC_AV1;
	while (!has_codec(&b)) {
		ck_assert_msg(test_now_ms() < end, "not AV1 but %s",
				hawser_codec_name(b.stats.codec));
		hawser_context_wait(a.context, 10);
		hawser_context_wait(b.context, 10);
	}
	must_go_on(&b);
	wanted = HAWSER_CODEC_VP9;
	ck_assert(test_viewer_until(&a, has_codec, SHOW_MS));
	must_go_on(&a);
	test_proxy_stop(&proxy);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("e2e/negotiation");
	TCase *t = test_case(s, "negotiation", 250,
			TESTS(what_is_preferred_may_change_while_it_is_shown,
					a_narrow_line_gets_av1_by_itself));

	tcase_add_checked_fixture(t, set_up, tear_down);
	return test_suite_run(s);
}
