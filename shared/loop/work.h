/* loop/work: a small pool of threads for calls that would block a loop (DNS, files, SQLite,
 * decoding). A job is owned by exactly one side at a time: the pool until done, then the loop. */
#pragma once
#include "shared/loop/loop.h"

struct hws_work;

/* threads >= 1; at most max_queued jobs wait. */
int hws_work_new(unsigned threads, unsigned max_queued, struct hws_work **ret) HWS_MUST_CHECK;
/* Lets running jobs end, drops waiting ones (their done is called with HWS_ERR_CANCELED on
 * their loop, at the latest by hws_loop_free). Free the pool before the loops it answers to. */
void hws_work_free(struct hws_work *work);
/* run(arg) on a pool thread, then done(arg, r) on the loop's thread with the result of run.
 * HWS_ERR_FULL when too many wait: nothing is called then. */
int hws_work_submit(struct hws_work *work, struct hws_loop *loop, int (*run)(void *arg),
		void (*done)(void *arg, int r), void *arg) HWS_MUST_CHECK;
