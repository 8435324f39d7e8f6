/* video/flow, video/budget and video/debt: arithmetic; a line of a given speed is simulated. */
#include "client/media/coarseness.h"
#include "client/services/video/budget.h"
#include "client/services/video/debt.h"
#include "client/services/video/flow.h"
#include "host_desk.h"
#include "shared/base/clock.h"
#include <math.h>
#include <string.h>

#define FPS 30
#define FRAME_US (HWS_US_PER_S / FPS)
#define SENT_MAX 20000

/* The line: what was sent leaves it in order, `speed` bytes a second, and is answered `rtt_us`
 * later. */
static struct hws_flow f;
static uint64_t now;
static double speed, free_us; /* when the line is through with all that it got */
static uint64_t rtt_us, sent;
static struct {
	uint64_t sent_us, answer_us, bytes, to;
} portion[SENT_MAX];
static unsigned head, tail;
static uint64_t sum_sent[SENT_MAX], sum_us[SENT_MAX];
static double sum_allowed[SENT_MAX], allowed;
static uint64_t worst_queue_us;

static void setup(void)
{
	now = 1000000;
	head = tail = 0;
	sent = worst_queue_us = 0;
	speed = 1e9;
	rtt_us = 2000;
	free_us = allowed = 0;
	hws_flow_init(&f, now);
	hws_flow_answered(&f, &(struct hws_flow_answer){ .rtt_us = rtt_us, .answered_us = now });
}

static void answer_until(uint64_t us)
{
	for (; tail < head && portion[tail].answer_us <= us; tail++)
		hws_flow_answered(&f,
				&(struct hws_flow_answer){ .rtt_us = portion[tail].answer_us -
								portion[tail].sent_us,
						.delivered = portion[tail].to,
						.first_us = portion[tail].sent_us,
						.answered_us = portion[tail].answer_us });
}

static void send_frame(uint64_t bytes)
{
	ck_assert_uint_lt(head, SENT_MAX);
	sent += bytes;
	free_us = fmax(free_us, (double)now) + (double)bytes * 1e6 / speed;
	portion[head].sent_us = now;
	portion[head].answer_us = (uint64_t)free_us + rtt_us;
	portion[head].bytes = bytes;
	portion[head++].to = sent;
	uint64_t queue_us = (uint64_t)free_us - now;
	worst_queue_us = queue_us > worst_queue_us ? queue_us : worst_queue_us;
	hws_flow_sent(&f, bytes, sent, now);
}

/* A desktop that always has another picture of `bytes(rate)`; one millisecond a step. Returns
 * pictures. */
static unsigned run(double seconds, double wish, uint64_t (*bytes)(void))
{
	uint64_t end = now + (uint64_t)(seconds * 1e6), due = now;
	unsigned n = 0;

	for (; now < end; now += 1000) {
		answer_until(now);
		hws_flow_wish(&f, wish, now);
		allowed += hws_flow_rate(&f) / 1000;
		if (now < due || hws_flow_wait(&f, sent, now))
			continue;
		send_frame(bytes());
		due = now + FRAME_US;
		sum_sent[head - 1] = sent;
		sum_us[head - 1] = now;
		sum_allowed[head - 1] = allowed;
		n++;
	}
	return n;
}

static uint64_t big(void)
{
	return 40000;
}

static uint64_t fitting(void)
{
	return (uint64_t)fmin(fmax(hws_flow_rate(&f) * 0.13, 1000), 40000);
}

static uint64_t small(void)
{
	return 200;
}

/* No three seconds got more than 1.15 of what was allowed in them. */
static void check_held(unsigned from)
{
	for (unsigned a = from, b = from; a < head; a++) {
		while (b < head && sum_us[b] < sum_us[a] + 3 * HWS_US_PER_S)
			b++;
		if (b == head)
			break;
		ck_assert_double_le((double)(sum_sent[b] - sum_sent[a]),
				1.15 * (sum_allowed[b] - sum_allowed[a]));
	}
}

START_TEST(an_open_line_gives_what_the_pictures_need)
{
	ck_assert_uint_ge(run(10, 173000, big), 10 * FPS - 10);
	check_held(0);
	ck_assert_double_ge(hws_flow_rate(&f), 40000 * FPS * 0.9);
	run(10, 173000, small); /* and what is not needed is not claimed for long */
	ck_assert_double_le(hws_flow_rate(&f), 173000 * 1.05);
}
END_TEST

START_TEST(a_narrow_line_is_measured_and_never_filled)
{
	static const double lines[] = { 250000, 62500, 12500 };

	for (unsigned i = 0; i < 3; i++) {
		setup();
		speed = lines[i];
		run(2, 173000, fitting);
		worst_queue_us = 0;
		unsigned from = head;
		unsigned n = run(20, 173000, fitting);
		/* The 8 ms that busy programs are granted make a line look a little wider. */
		ck_assert_double_ge(hws_flow_line(&f), lines[i] * 0.95);
		ck_assert_double_le(hws_flow_line(&f), lines[i] * 1.15);
		ck_assert_uint_le(worst_queue_us, 300000);
		ck_assert_uint_ge(n, 60);
		check_held(from);
	}
}
END_TEST

START_TEST(a_narrowed_line_is_noticed_at_once_and_soon_recovers)
{
	unsigned full = run(6, 173000, big);

	speed = 62500;
	run(0.3, 173000, big); /* what was coded before an answer told */
	ck_assert_uint_le(worst_queue_us, 2500000);
	run(2, 173000, fitting);
	worst_queue_us = 0;
	run(6, 173000, fitting);
	ck_assert_uint_le(worst_queue_us, 400000);
	ck_assert_double_le(hws_flow_rate(&f), 62500);
	speed = 1e9;
	run(3, 173000, fitting);
	ck_assert_uint_ge(run(6, 173000, big), full * 9 / 10);
	check_held(0);
}
END_TEST

START_TEST(distance_is_not_a_narrow_line)
{
	rtt_us = 240000;
	hws_flow_init(&f, now);
	hws_flow_answered(&f, &(struct hws_flow_answer){ .rtt_us = rtt_us, .answered_us = now });
	run(2, 173000, big);
	ck_assert_uint_ge(run(5, 173000, big), 5 * FPS * 8 / 10);
}
END_TEST

START_TEST(an_answer_that_is_late_by_chance_costs_little)
{
	run(3, 173000, big);
	for (unsigned i = 0; i < 10; i++) { /* every half second one of 60 ms */
		run(0.5, 173000, big);
		free_us = (double)now + 60000;
	}
	ck_assert_uint_ge(run(3, 173000, big), 3 * FPS * 8 / 10);
}
END_TEST

START_TEST(what_is_not_answered_is_not_followed_by_more)
{
	run(1, 173000, big);
	speed = 1; /* the cable is out */
	run(1, 173000, big);
	uint64_t before = sent;
	run(20, 173000, big);
	ck_assert_uint_eq(sent, before);
	ck_assert_uint_eq(hws_flow_wait(&f, sent, now), HWS_FLOW_BLOCKED);
	/* Who never answers at all gets pictures nevertheless, but slowly: `late` makes the frame
	 * rate 2. */
	setup();
	hws_flow_init(&f, now);
	hws_flow_wish(&f, 173000, now);
	ck_assert_uint_eq(hws_flow_wait(&f, 1000000, now), HWS_FLOW_BLOCKED);
	hws_flow_answered(&f, &(struct hws_flow_answer){ .late = true });
	ck_assert_uint_eq(hws_flow_wait(&f, 1000000, now), 0);
}
END_TEST

START_TEST(nonsense_from_the_gate_changes_nothing)
{
	run(3, 173000, fitting);
	double line = hws_flow_line(&f), rate = hws_flow_rate(&f);
	uint64_t delivered = f.delivered;

	hws_flow_answered(&f,
			&(struct hws_flow_answer){
					.rtt_us = 5, .delivered = 1, .answered_us = now + 1 });
	hws_flow_answered(&f,
			&(struct hws_flow_answer){
					.rtt_us = 5, .delivered = sent, .answered_us = 1 });
	hws_flow_answered(&f,
			&(struct hws_flow_answer){ .delivered = sent + 5, .answered_us = now + 1 });
	ck_assert_uint_eq(f.delivered, delivered);
	hws_flow_answered(&f,
			&(struct hws_flow_answer){ .rtt_us = UINT64_MAX,
					.delivered = UINT64_MAX,
					.first_us = UINT64_MAX,
					.answered_us = UINT64_MAX });
	ck_assert(isfinite(hws_flow_line(&f)) && isfinite(hws_flow_rate(&f)));
	ck_assert_double_ge(hws_flow_rate(&f), 0);
	(void)line;
	(void)rate;
}
END_TEST

START_TEST(a_picture_is_coded_as_coarse_as_it_must_be)
{
	struct hws_budget b = { 0 };
	double screen = 1920.0 * 1080;

	ck_assert_uint_ge(hws_budget_coarse(&b, screen, 30000),
			9000); /* a page that nobody has seen yet */
	ck_assert_uint_eq(hws_budget_coarse(&b, screen, 1), HWS_COARSE_MAX);
	ck_assert_uint_eq(hws_budget_coarse(&b, 100, 30000), 0);
	ck_assert_uint_eq(hws_budget_coarse(&b, 0, 0), 0);
	uint16_t before = hws_budget_coarse(&b, screen, 30000);
	hws_budget_learn(&b, screen, 200000, 9167); /* costs more than was thought: at once */
	uint16_t more = hws_budget_coarse(&b, screen, 30000);
	ck_assert_uint_gt(more, before);
	hws_budget_learn(&b, 100, 5000, 10000); /* a character tells nothing about a page */
	ck_assert_uint_eq(hws_budget_coarse(&b, screen, 30000), more);
	for (unsigned i = 0; i < 100; i++) /* a film of flat colours: by and by */
		hws_budget_learn(&b, screen, 2000, 6667);
	ck_assert_uint_lt(hws_budget_coarse(&b, screen, 30000), 6667);
}
END_TEST

START_TEST(a_debt_is_paid_in_slices_that_cover_all_of_it)
{
	static uint8_t paid[1080][1920];
	struct hws_debt debt = { 0 };
	struct hws_region g = { 2, { { 0, 0, 1920, 700 }, { 100, 800, 300, 280 } } }, part;
	unsigned slices = 0;

	hws_debt_owe(&debt, &g);
	while (hws_debt_more(&debt) && debt.rounds == 0) {
		ck_assert_uint_lt(slices++, 100);
		hws_debt_take(&debt, 200000, 0, &part);
		ck_assert_int_gt(hws_region_area(&part), 0);
		ck_assert_int_le(hws_region_area(&part), 200000 + 64 * 1920);
		for (unsigned i = 0; i < part.n; i++)
			for (int y = part.rect[i].y; y < part.rect[i].y + part.rect[i].h; y++)
				memset(&paid[y][part.rect[i].x], 1, (size_t)part.rect[i].w);
		hws_debt_again(&debt, &part); /* none of it is good at once */
	}
	ck_assert_uint_ge(slices, 6);
	for (unsigned i = 0; i < g.n; i++)
		for (int y = g.rect[i].y; y < g.rect[i].y + g.rect[i].h; y++)
			ck_assert_ptr_null(memchr(&paid[y][g.rect[i].x], 0, (size_t)g.rect[i].w));
	/* The rounds end, also when it never gets good; a change opens them again. */
	for (slices = 0; hws_debt_more(&debt); slices++) {
		hws_debt_take(&debt, 1e12, 0, &part);
		hws_debt_again(&debt, &part);
	}
	ck_assert_uint_lt(slices, HWS_DEBT_ROUNDS);
	hws_debt_reopen(&debt);
	ck_assert(hws_debt_more(&debt));
	hws_debt_take(&debt, 1, 0, &part); /* always something */
	ck_assert_int_gt(hws_region_area(&part), 0);
	hws_debt_clear(&debt);
	ck_assert(!hws_debt_more(&debt));
}
END_TEST

/* A film plays in a page of text: the text becomes good, the film is left alone. */
START_TEST(what_moves_is_not_made_better_but_what_rests_beside_it_is)
{
	const struct hws_region film = { 1, { { 1000, 600, 640, 360 } } };
	const struct hws_region screen = { 1, { { 0, 0, 1920, 1080 } } };
	struct hws_debt debt = { 0 };
	struct hws_region part;
	long paid = 0;

	now = 10 * HWS_US_PER_S;
	hws_debt_moved(&debt, &screen, now);
	hws_debt_owe(&debt, &screen);
	ck_assert(!hws_debt_rests(&debt, now));
	hws_debt_take(&debt, 1e12, now, &part);
	ck_assert_uint_eq(part.n, 0);
	for (unsigned i = 0; i < 30; i++) {
		now += 33000;
		hws_debt_moved(&debt, &film, now);
		hws_debt_owe(&debt, &film);
		hws_debt_take(&debt, 300000, now, &part);
		paid += hws_region_area(&part);
		for (unsigned k = 0; k < part.n; k++)
			ck_assert(hws_rect_empty(hws_rect_intersect(part.rect[k], film.rect[0])));
	}
	ck_assert_int_eq(paid, 1920 * 1080 - 640 * 360);
	ck_assert(hws_debt_more(&debt) && !hws_debt_rests(&debt, now));
	now += HWS_DEBT_SPANS * HWS_DEBT_SPAN_US; /* it ends */
	ck_assert(hws_debt_rests(&debt, now));
	hws_debt_take(&debt, 1e12, now, &part);
	ck_assert_int_eq(hws_region_area(&part), 640 * 360);
	ck_assert(!hws_debt_more(&debt));
}
END_TEST

/* A machine that has no time for more: what is between two pictures has not come to rest. */
START_TEST(where_pictures_come_slowly_nothing_rests_between_them)
{
	const struct hws_region page = { 1, { { 0, 0, 1920, 1080 } } };
	struct hws_debt debt = { 0 };

	now = 10 * HWS_US_PER_S;
	for (unsigned i = 0; i < 20; i++) {
		hws_debt_moved(&debt, &page, now);
		hws_debt_owe(&debt, &page);
		now += 170000;
		ck_assert_msg(i == 0 || !hws_debt_rests(&debt, now), "after picture %u", i);
	}
	now += 600000;
	ck_assert(hws_debt_rests(&debt, now));
	/* A single change is made good soon. */
	hws_debt_clear(&debt);
	now += HWS_US_PER_S;
	hws_debt_moved(&debt, &page, now);
	hws_debt_owe(&debt, &page);
	now += HWS_DEBT_SPANS * HWS_DEBT_SPAN_US;
	ck_assert(hws_debt_rests(&debt, now));
}
END_TEST

/* Whatever moves where: what is owed is never forgotten, and ends when it rests. */
START_TEST(a_debt_survives_any_motion)
{
	struct hws_debt debt = { 0 };
	struct hws_region part;
	uint32_t salt = 7;

	now = HWS_US_PER_S;
	for (unsigned i = 0; i < 2000; i++) {
		salt = salt * 1664525u + 1013904223u;
		struct hws_region g = { 1,
			{ { (int)(salt >> 22), (int)(salt >> 12 & 511), (int)(salt >> 2 & 255) + 1,
					(int)(salt & 127) + 1 } } };
		now += salt >> 18;
		hws_debt_moved(&debt, &g, now);
		hws_debt_owe(&debt, &g);
		if (i % 3 == 0)
			hws_debt_take(&debt, 20000, now, &part);
		ck_assert(hws_debt_more(&debt));
	}
	now += HWS_US_PER_S;
	for (unsigned i = 0; hws_debt_more(&debt); i++) {
		ck_assert_uint_lt(i, 500);
		hws_debt_take(&debt, 20000, now, &part);
		ck_assert_int_gt(hws_region_area(&part), 0);
	}
}
END_TEST

Suite *flow_suite(void)
{
	Suite *s = suite_create("services/video/flow budget debt");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, an_open_line_gives_what_the_pictures_need);
	tcase_add_test(t, a_narrow_line_is_measured_and_never_filled);
	tcase_add_test(t, a_narrowed_line_is_noticed_at_once_and_soon_recovers);
	tcase_add_test(t, distance_is_not_a_narrow_line);
	tcase_add_test(t, an_answer_that_is_late_by_chance_costs_little);
	tcase_add_test(t, what_is_not_answered_is_not_followed_by_more);
	tcase_add_test(t, nonsense_from_the_gate_changes_nothing);
	tcase_add_test(t, a_debt_is_paid_in_slices_that_cover_all_of_it);
	tcase_add_test(t, what_moves_is_not_made_better_but_what_rests_beside_it_is);
	tcase_add_test(t, where_pictures_come_slowly_nothing_rests_between_them);
	tcase_add_test(t, a_debt_survives_any_motion);
	tcase_add_test(t, a_picture_is_coded_as_coarse_as_it_must_be);
	suite_add_tcase(s, t);
	return s;
}
