/* How a desktop is opened: at once, after a question, not at all, or given up. */
#include "client/platform/headless/headless.h"
#include "client/platform/registry.h"
#include "shared/base/clock.h"
#include "tests/support/silent_display.h"
#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct hws_loop *loop;
static struct hws_platform *platform;
static struct hws_error why;
static unsigned told;
static int result;

static void on_open(int r, struct hws_platform *p, const struct hws_error *err, void *arg)
{
	ck_assert_ptr_eq(arg, &loop);
	ck_assert_int_eq(r < 0, p == NULL);
	told++;
	result = r;
	platform = p;
	why = *err;
}

static void setup(void)
{
	told = 0;
	platform = NULL;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
}

static void teardown(void)
{
	hws_platform_close(platform);
	hws_loop_free(loop);
}

static struct hws_platform_opening *begin(const char *backend, const char *display)
{
	struct hws_platform_conf conf = {
		.backend = backend, .display = display, .on_open = on_open, .arg = &loop
	};
	struct hws_platform_opening *o = NULL;

	ck_assert_int_eq(hws_platform_open(loop, &conf, &o), HWS_OK);
	ck_assert_ptr_nonnull(o);
	ck_assert_uint_eq(told, 0); /* never from inside */
	return o;
}

static void turns(unsigned n)
{
	while (n--)
		hws_loop_once(loop, 0);
}

START_TEST(a_desktop_without_questions_is_there_in_the_next_turn)
{
	begin("headless:64x48", NULL);
	turns(2);
	ck_assert_uint_eq(told, 1);
	ck_assert_int_eq(result, HWS_OK);
	ck_assert_str_eq(platform->name, "headless");
	ck_assert_str_eq(why.text, "");
}
END_TEST

START_TEST(what_cannot_be_is_explained_in_the_same_way)
{
	static const struct {
		const char *backend, *says;
		int r;
	} cases[] = { { "amiga", "amiga", HWS_ERR_UNSUPPORTED },
		{ "amiga:1x1", "HAWSER_PLATFORM", HWS_ERR_UNSUPPORTED },
		{ "headless:huge", "WIDTHxHEIGHT", HWS_ERR_INVAL },
		{ "headless:asks,0x0", "WIDTHxHEIGHT", HWS_ERR_INVAL },
		{ "headless:asksnothing", "WIDTHxHEIGHT", HWS_ERR_INVAL } };

	begin(cases[_i].backend, NULL);
	turns(2);
	ck_assert_uint_eq(told, 1);
	ck_assert_int_eq(result, cases[_i].r);
	ck_assert_msg(strstr(why.text, cases[_i].says) != NULL, "%s", why.text);
}
END_TEST

START_TEST(a_desktop_that_asks_opens_when_it_is_answered)
{
	struct hws_platform_opening *o = begin(_i ? "headless:asks,64x48" : "headless:asks", NULL);
	unsigned n;

	turns(20);
	ck_assert_uint_eq(told, 0); /* it takes as long as it takes */
	hws_headless_answer(o, true);
	ck_assert_uint_eq(told, 0);
	turns(2);
	ck_assert_uint_eq(told, 1);
	ck_assert_int_eq(result, HWS_OK);
	ck_assert_int_eq(hws_capture_displays(platform->capture, &n)->width, _i ? 64 : 1280);
}
END_TEST

START_TEST(a_refusal_is_told_as_one)
{
	struct hws_platform_opening *o = begin("headless:asks", NULL);

	hws_headless_answer(o, false);
	turns(2);
	ck_assert_uint_eq(told, 1);
	ck_assert_int_eq(result, HWS_ERR_DENIED);
	ck_assert_str_ne(why.text, "");
}
END_TEST

/* Before the answer, between the answer and its telling, and of one that had no question. */
START_TEST(what_is_given_up_is_not_told_of)
{
	struct hws_platform_opening *o = begin(_i == 2 ? "headless" : "headless:asks", NULL);

	if (_i == 1)
		hws_headless_answer(o, true);
	hws_platform_cancel(o);
	turns(3);
	ck_assert_uint_eq(told, 0);
}
END_TEST

START_TEST(a_server_that_hangs_blocks_nobody)
{
	char display[32];
	int fd = test_silent_display(display);
	uint64_t start = hws_clock_us();
	struct hws_platform_opening *o = begin("x11", display);
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	ck_assert_int_ge(client, 0);
	turns(20);
	ck_assert_uint_eq(told, 0);
	if (_i == 0) {
		hws_platform_cancel(o);
		close(client); /* only now does its thread come back */
		turns(20);
		ck_assert_uint_eq(told, 0);
	} else {
		close(client);
		while (!told && hws_clock_us() - start < 60 * HWS_US_PER_S)
			hws_loop_once(loop, 10000);
		ck_assert_int_eq(result, HWS_ERR_DISPLAY);
		ck_assert_msg(strstr(why.text, display) != NULL, "%s", why.text);
	}
	close(fd);
}
END_TEST

START_TEST(a_back_end_gives_what_the_registry_says)
{
	begin("headless", NULL);
	turns(2);
	ck_assert_uint_eq(hws_platform_has(platform), hws_platform_gives("headless"));
	ck_assert_uint_ne(hws_platform_gives("x11") & HWS_GIVES_CAPTURE, 0);
	ck_assert_uint_eq(hws_platform_gives("amiga"), 0);
	ck_assert_uint_eq(hws_platform_gives(""), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("platform/opening");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 90);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_desktop_without_questions_is_there_in_the_next_turn);
	tcase_add_loop_test(t, what_cannot_be_is_explained_in_the_same_way, 0, 5);
	tcase_add_loop_test(t, a_desktop_that_asks_opens_when_it_is_answered, 0, 2);
	tcase_add_test(t, a_refusal_is_told_as_one);
	tcase_add_loop_test(t, what_is_given_up_is_not_told_of, 0, 3);
	tcase_add_loop_test(t, a_server_that_hangs_blocks_nobody, 0, 2);
	tcase_add_test(t, a_back_end_gives_what_the_registry_says);
	suite_add_tcase(s, t);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
