/* loop/loop: what libevent lacks: frees at the end of a turn, posts from other threads, a cached
 * clock. libevent itself is used plainly by everyone: embed struct event, event_assign it on
 * hws_loop_base(). One loop belongs to one thread; only hws_loop_post and hws_loop_stop may be
 * called from others. */
#pragma once
#include "shared/base/err.h"
#include "shared/base/list.h"
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

struct hws_loop;

int hws_loop_new(struct hws_loop **ret) HWS_MUST_CHECK;
/* The same with timers in steps of some milliseconds: spares a system call each turn on busy
 * loops. */
int hws_loop_new_coarse(struct hws_loop **ret) HWS_MUST_CHECK;
/* Runs what is still posted or deferred (their arguments would leak otherwise), then frees. Takes
 * NULL. Objects on the loop and worker pools that answer to it must be gone. */
void hws_loop_free(struct hws_loop *loop);
struct event_base *hws_loop_base(struct hws_loop *loop);

/* Runs turns until hws_loop_stop. A turn: events, then posts, then deferred calls. */
int hws_loop_run(struct hws_loop *loop);
/* One turn, waiting at most timeout_us (0 = do not wait). For tests and foreign main loops. */
int hws_loop_once(struct hws_loop *loop, uint64_t timeout_us);
/* Thread-safe. */
void hws_loop_stop(struct hws_loop *loop);

/* Monotonic time of this turn in microseconds (read once a turn). */
uint64_t hws_loop_now_us(struct hws_loop *loop);
/* Test hook: replaces the clock of this loop (timers of libevent are not affected); NULL
 * restores. */
void hws_loop_set_clock(struct hws_loop *loop, uint64_t (*clock)(void *arg), void *arg);

/* Calls fn(arg) at the end of this turn, when no callback of the object is on the stack any more.
 * The node is embedded in the object; deferring it twice is one call. */
struct hws_deferred {
	struct hws_list node;
	void (*fn)(void *arg);
	void *arg;
};
void hws_loop_defer(
		struct hws_loop *loop, struct hws_deferred *d, void (*fn)(void *arg), void *arg);
void hws_loop_defer_cancel(struct hws_deferred *d);
/* Calls fn(arg) when the loop is freed, before anything of it is: for what lives on its own and has
 * no owner who would free it first. Taken back by hws_loop_defer_cancel. */
void hws_loop_at_end(
		struct hws_loop *loop, struct hws_deferred *d, void (*fn)(void *arg), void *arg);

/* Thread-safe: fn(arg) runs on the loop's thread, in order of posting. Fails only without
 * memory. */
int hws_loop_post(struct hws_loop *loop, void (*fn)(void *arg), void *arg) HWS_MUST_CHECK;
/* As hws_loop_post, but wakes nobody: runs in the loop's next turn, whenever that comes, before
 * what is posted later. For what only matters to something that will be posted. */
int hws_loop_post_quiet(struct hws_loop *loop, void (*fn)(void *arg), void *arg) HWS_MUST_CHECK;
/* As hws_loop_post without allocation, so that it cannot fail: `post` (fn and arg filled in)
 * belongs to the loop until fn is called; fn may free it. Never post one that is still waiting. */
struct hws_post {
	struct hws_list node;
	void (*fn)(void *arg);
	void *arg;
};
void hws_loop_post_node(struct hws_loop *loop, struct hws_post *post);

/* One-shot or periodic timer, embedded in its owner; thin over struct event. A zeroed timer is
 * stopped. */
struct hws_timer {
	struct event ev;
	bool armed_once; /* ev was assigned */
	uint64_t period_us;
	void (*fn)(void *arg);
	void *arg;
};
/* (Re)starts: fn(arg) once after delay_us. */
void hws_timer_start(struct hws_loop *loop, struct hws_timer *t, uint64_t delay_us,
		void (*fn)(void *arg), void *arg);
/* fn(arg) every period_us. */
void hws_timer_every(struct hws_loop *loop, struct hws_timer *t, uint64_t period_us,
		void (*fn)(void *arg), void *arg);
/* Harmless on a stopped or zeroed timer; allowed inside its own callback. */
void hws_timer_stop(struct hws_timer *t);
bool hws_timer_active(const struct hws_timer *t);
