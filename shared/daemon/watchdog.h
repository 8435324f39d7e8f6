/* daemon/watchdog: whether the threads that serve still turn. The main loop asks them at regular
 * times, and is itself known to turn by doing so. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/loop.h"

struct hws_watchdog;

/* Looks every period_us, and calls on_alive(arg) each time that all have turned since the last
 * look. */
int hws_watchdog_new(struct hws_loop *loop, uint64_t period_us, void (*on_alive)(void *arg),
		void *arg, struct hws_watchdog **ret) HWS_MUST_CHECK;
/* Takes NULL. The loops that are watched must be gone. */
void hws_watchdog_free(struct hws_watchdog *w);
/* A loop on another thread; the name is borrowed. */
int hws_watchdog_loop(
		struct hws_watchdog *w, struct hws_loop *loop, const char *name) HWS_MUST_CHECK;
/* A thread without a loop: whenever ask_fd (an eventfd) can be read it reads it and counts one more
 * in the atomic counter `answers`. All is borrowed. */
int hws_watchdog_thread(struct hws_watchdog *w, int ask_fd, const uint64_t *answers,
		const char *name) HWS_MUST_CHECK;
/* The name of one that did not turn between the last two looks; NULL: there is none. */
const char *hws_watchdog_stuck(const struct hws_watchdog *w);
