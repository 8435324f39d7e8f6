/* support/open_platform: opens a desktop and runs the loop until it is there, for tests that are
 * about something else. */
#pragma once
#include "client/platform/registry.h"
#include "shared/base/clock.h"

struct test_opening {
	bool over;
	int r;
	struct hws_platform *p;
	struct hws_error err;
	void (*on_lost)(const char *why, void *arg);
	void *arg;
};

static inline void test_on_open(
		int r, struct hws_platform *p, const struct hws_error *err, void *arg)
{
	struct test_opening *t = arg;

	t->over = true;
	t->r = r;
	t->p = p;
	t->err = *err;
}

static inline void test_on_lost(const char *why, void *arg)
{
	struct test_opening *t = arg;

	if (t->on_lost)
		t->on_lost(why, t->arg);
}

/* What on_open was told; HWS_ERR_TIMEOUT after 60 s. `conf` may have on_lost and its arg, of one
 * desktop at a time; `err` may be NULL. */
static inline int test_open_platform(struct hws_loop *loop, const struct hws_platform_conf *conf,
		struct hws_platform **ret, struct hws_error *err)
{
	static struct test_opening t; /* outlives the call, for on_lost */
	struct hws_platform_conf own = *conf;
	struct hws_platform_opening *o = NULL;
	uint64_t end = hws_clock_us() + 60 * HWS_US_PER_S;

	t = (struct test_opening){ .on_lost = conf->on_lost, .arg = conf->arg };
	own.on_open = test_on_open;
	own.on_lost = test_on_lost;
	own.arg = &t;
	int r = hws_platform_open(loop, &own, &o);
	while (r == HWS_OK && !t.over) {
		if (hws_clock_us() > end) {
			hws_platform_cancel(o);
			return HWS_ERR_TIMEOUT;
		}
		hws_loop_once(loop, 10000);
	}
	*ret = t.p;
	if (err)
		*err = t.err;
	return r < 0 ? r : t.r;
}
