/* What was copied at the desktop is packed for each sort of viewers: small things at once, large
 * ones by a worker, and only the newest. */
#include "client/services/clipboard/departure.h"
#include "shared/base/mem.h"
#include "tests/support/suite.h"
#include <string.h>

static struct hws_loop *loop;
static struct hws_work *work;
static struct hws_clip_departures *d;
static unsigned told[3];
static size_t packed;

static void on_departed(const Ses__Message *m, struct hws_clip_blob *b, unsigned sort, void *arg)
{
	ck_assert_ptr_eq(arg, &told);
	ck_assert(sort == HWS_CLIP_FOR_TEXT || sort == HWS_CLIP_FOR_MULTI);
	ck_assert_int_eq(m->union_case,
			sort == HWS_CLIP_FOR_MULTI ? SES__MESSAGE__UNION_MULTI_CLIPBOARDS
						   : SES__MESSAGE__UNION_CLIPBOARD);
	told[sort]++;
	packed = hws_buf_len(&b->packed);
}

static void setup(void)
{
	memset(told, 0, sizeof(told));
	packed = 0;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_work_new(2, 8, &work), HWS_OK);
	ck_assert_int_eq(hws_clip_departures_new(loop, work, on_departed, &told, &d), HWS_OK);
}

static void teardown(void)
{
	hws_clip_departures_free(d);
	hws_work_free(work);
	hws_loop_free(loop);
}

static uint8_t noise[600000]; /* which packs badly, so that sizes tell one from the other */

static struct hws_clip_content text(size_t len)
{
	uint32_t seed = 5;

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525u + 1013904223u;
		noise[i] = (uint8_t)('!' + (seed >> 24) % 90);
	}
	return hws_clip_content_text(hws_bytes(noise, len));
}

static void until(const unsigned *what, unsigned times)
{
	for (unsigned i = 0; i < 6000 && *what < times; i++)
		hws_loop_once(loop, 10000);
	ck_assert_uint_eq(*what, times);
}

START_TEST(small_things_go_at_once)
{
	struct hws_clip_content c = text(1000);

	hws_clip_departures_take(d, &c, HWS_CLIP_FOR_TEXT | HWS_CLIP_FOR_MULTI);
	ck_assert_uint_eq(told[HWS_CLIP_FOR_TEXT], 1);
	ck_assert_uint_eq(told[HWS_CLIP_FOR_MULTI], 1);
	hws_clip_departures_take(d, &c, 0); /* nobody may read it */
	ck_assert_uint_eq(told[HWS_CLIP_FOR_TEXT], 1);
}
END_TEST

START_TEST(large_things_are_a_workers)
{
	struct hws_clip_content c = text(sizeof(noise));

	hws_clip_departures_take(d, &c, HWS_CLIP_FOR_MULTI);
	ck_assert_uint_eq(told[HWS_CLIP_FOR_MULTI], 0); /* not from inside */
	memset(noise, 'a', sizeof(noise));              /* it is another's by now */
	until(&told[HWS_CLIP_FOR_MULTI], 1);
	ck_assert_uint_gt(packed, sizeof(noise) / 2);
	ck_assert_uint_eq(told[HWS_CLIP_FOR_TEXT], 0);
}
END_TEST

START_TEST(the_newest_replaces_what_waits)
{
	static const size_t sizes[] = { 100000, 200000, 300000, 500000 };

	for (unsigned i = 0; i < 4; i++) {
		struct hws_clip_content c = text(sizes[i]);

		hws_clip_departures_take(d, &c, HWS_CLIP_FOR_TEXT);
	}
	until(&told[HWS_CLIP_FOR_TEXT], 1);
	ck_assert_uint_gt(packed, 350000);
	/* and what is small, at once, what was on its way */
	struct hws_clip_content c = text(sizeof(noise)),
				small = hws_clip_content_text(hws_bytes_str("s"));
	hws_clip_departures_take(d, &c, HWS_CLIP_FOR_TEXT);
	hws_clip_departures_take(d, &small, HWS_CLIP_FOR_TEXT);
	ck_assert_uint_eq(told[HWS_CLIP_FOR_TEXT], 2);
	hws_clip_departures_take(d, &c, HWS_CLIP_FOR_TEXT);
	hws_clip_departures_forget(d);
	for (unsigned i = 0; i < 20; i++)
		hws_loop_once(loop, 10000);
	ck_assert_uint_eq(told[HWS_CLIP_FOR_TEXT], 2);
}
END_TEST

START_TEST(what_one_sort_cannot_have_the_other_has)
{
	struct hws_clip_content c = { .part = { [HWS_CLIP_HTML] = hws_bytes_str("<b>x</b>") } };

	hws_clip_departures_take(d, &c, HWS_CLIP_FOR_TEXT | HWS_CLIP_FOR_MULTI);
	ck_assert_uint_eq(told[HWS_CLIP_FOR_TEXT], 0);
	ck_assert_uint_eq(told[HWS_CLIP_FOR_MULTI], 1);
}
END_TEST

START_TEST(it_may_end_while_a_worker_is_at_it)
{
	struct hws_clip_content c = text(sizeof(noise));

	hws_clip_departures_take(d, &c, HWS_CLIP_FOR_TEXT);
	hws_clip_departures_take(d, &c, HWS_CLIP_FOR_TEXT);
	hws_clip_departures_free(d);
	d = NULL;
	for (unsigned i = 0; i < 20; i++)
		hws_loop_once(loop, 10000);
	ck_assert_uint_eq(told[HWS_CLIP_FOR_TEXT], 0);
}
END_TEST

int main(void)
{
	return test_main("services/clip_departure", 60, setup, teardown,
			TESTS(small_things_go_at_once, large_things_are_a_workers,
					the_newest_replaces_what_waits,
					what_one_sort_cannot_have_the_other_has,
					it_may_end_while_a_worker_is_at_it));
}
