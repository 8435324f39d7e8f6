/* Video over a line that cannot carry it: a proxy lets so many bytes a second pass, and we look
 * how late a picture is that the host has shown. */
#include "tests/bench/session/slow.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "tests/bench/common/report.h"
#include "tests/support/tcp_proxy.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_US 50000 /* a terminal that scrolls 20 times a second */
#define QUIET_MS 2500
#define WINDOW_US (3 * HWS_US_PER_S)
#define TICKS_MAX 20000
#define FULL 0.9 /* of the pictures a second without a limit: recovered */

/* A state of the session, each time something was looked at. */
struct tick {
	uint64_t us, bytes;
	double allowed; /* bytes: the target, added up */
	unsigned frames;
};

static struct tick ticks[TICKS_MAX];
static size_t tick_count;
static uint64_t drawn_us[CODE_MAX];
static double delay_ms[CODE_MAX];
static unsigned drawn, shown; /* steps; those below `shown` have been seen */

static void look(struct suite *s)
{
	struct hawser_stats st = suite_stats(s);
	struct tick *t = &ticks[tick_count], *before = tick_count ? t - 1 : t;
	uint64_t now = hws_clock_us();
	int code = suite_code(s);

	if (tick_count == TICKS_MAX)
		return;
	*t = (struct tick){ .us = now, .bytes = st.bytes_in, .frames = s->frames };
	if (tick_count++)
		t->allowed = before->allowed + (double)(now - before->us) * st.target_kbit / 8000;
	/* Anything else is the number of a run before. */
	for (; code >= (int)shown && code < (int)drawn; shown++)
		delay_ms[shown] = (double)(now - drawn_us[shown]) / 1e3;
}

static void begin(struct suite *s, struct desktop *d, const char *target)
{
	desktop_fill(d);
	suite_view_at(s, target);
	suite_settle(s, QUIET_MS);
	tick_count = drawn = shown = 0;
}

static void scroll(struct suite *s, struct desktop *d, double seconds)
{
	uint64_t due = hws_clock_us(), end = due + (uint64_t)(seconds * 1e6);

	while (due < end && drawn < CODE_MAX) {
		drawn_us[drawn] = desktop_scroll(d, drawn);
		drawn++;
		due += STEP_US;
		do {
			uint64_t now = hws_clock_us();
			suite_next_frame(s, now < due ? (unsigned)((due - now + 999) / 1000) : 1);
			look(s);
		} while (hws_clock_us() < due);
		/* a busy machine: do not make up for it */
		due = HWS_MAX(due, hws_clock_us() - STEP_US);
	}
}

/* Steps that were never shown count with the time that they have waited. */
static void finish(struct suite *s, const char *metric_name, double *ret_p95)
{
	uint64_t end = hws_clock_us() + 5 * HWS_US_PER_S;
	char what[80];

	while (shown < drawn && hws_clock_us() < end) {
		suite_next_frame(s, 50);
		look(s);
	}
	for (unsigned n = shown; n < drawn; n++)
		delay_ms[n] = (double)(hws_clock_us() - drawn_us[n]) / 1e3;
	snprintf(what, sizeof(what), "%s: median", metric_name);
	note(what, quantile(delay_ms, drawn, 0.5), "ms");
	snprintf(what, sizeof(what), "%s: longest", metric_name);
	note(what, quantile(delay_ms, drawn, 1), "ms");
	*ret_p95 = quantile(delay_ms, drawn, 0.95);
}

/* The most that any three seconds carried, over what was aimed at in them. */
static double overshoot(void)
{
	double worst = 0;
	size_t to = 0;

	for (size_t from = 0; from < tick_count; from++) {
		while (to < tick_count && ticks[to].us < ticks[from].us + WINDOW_US)
			to++;
		if (to == tick_count)
			break;
		double sent = (double)(ticks[to].bytes - ticks[from].bytes);
		double may = ticks[to].allowed - ticks[from].allowed;
		if (may > 0 && sent / may > worst)
			worst = sent / may;
	}
	return worst;
}

static double pictures_per_s(size_t from, size_t to)
{
	return (ticks[to].frames - ticks[from].frames) * 1e6 /
			(double)(ticks[to].us - ticks[from].us);
}

/* Milliseconds from `us` to the first second that has as many pictures as one without a limit. */
static double recovered_ms(uint64_t us, double full)
{
	size_t to = 0;

	for (size_t from = 0; from < tick_count; from++) {
		while (to < tick_count && ticks[to].us < ticks[from].us + HWS_US_PER_S)
			to++;
		if (to == tick_count)
			break;
		if (ticks[from].us >= us && pictures_per_s(from, to) >= FULL * full)
			return (double)(ticks[from].us - us) / 1e3;
	}
	return 1e6;
}

void bench_slow(struct suite *s, struct desktop *d, bool quick)
{
	static const struct {
		const char *name;
		uint32_t bytes_per_s;
	} lines[] = { { "slow2m_p95_ms", 250000 }, { "slow500k_p95_ms", 62500 } };
	double seconds = quick ? 6 : 12, worst = 0, p95;
	struct test_proxy proxy;
	char target[40];

	test_proxy_start_narrow(&proxy, (uint16_t)strtoul(strchr(s->direct, ':') + 1, NULL, 10));
	snprintf(target, sizeof(target), "127.0.0.1:%u", proxy.port);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char what[80];
		test_proxy_limit(&proxy, lines[i].bytes_per_s);
		begin(s, d, target);
		scroll(s, d, seconds);
		snprintf(what, sizeof(what), "%s: pictures a second", lines[i].name);
		note(what, pictures_per_s(0, tick_count - 1), "");
		finish(s, lines[i].name, &p95);
		metric(lines[i].name, p95);
		note("sent over target", overshoot(), "");
		worst = worst > overshoot() ? worst : overshoot();
		suite_leave(s);
	}
	/* The line is narrow for a while, then it is not. */
	test_proxy_limit(&proxy, 0);
	begin(s, d, target);
	scroll(s, d, quick ? 4 : 6);
	double full = pictures_per_s(tick_count / 3, tick_count - 1);
	test_proxy_limit(&proxy, lines[1].bytes_per_s);
	scroll(s, d, quick ? 4 : 6);
	test_proxy_limit(&proxy, 0);
	uint64_t lifted = hws_clock_us();
	scroll(s, d, 6);
	double took = recovered_ms(lifted, full);
	note("no limit: pictures a second", full, "");
	finish(s, "with and without a limit", &p95);
	note("sent over target", overshoot(), "");
	worst = worst > overshoot() ? worst : overshoot();
	metric("recovery_ms", took);
	metric("target_overshoot", worst);
	suite_leave(s);
	test_proxy_stop(&proxy);
}
