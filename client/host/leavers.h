/* host/leavers: gate processes whose sessions are over. Each has a moment to say goodbye to its
 * viewer and end by itself; then it is killed. hostd's; loop thread only. */
#pragma once
#include "shared/base/list.h"
#include "shared/loop/loop.h"
#include <sys/types.h>

struct hws_leavers {
	struct hws_loop *loop;
	struct hws_list list; /* the longest leaving first */
	unsigned count;
};

void hws_leavers_init(struct hws_leavers *l, struct hws_loop *loop);
/* `pid`: a child that nobody has waited for yet; 0 = it has gone before. When there are too many of
 * them the oldest has to go at once. */
void hws_leavers_add(struct hws_leavers *l, pid_t pid);
/* Somebody has waited for this child: its number may be another's from now on. */
void hws_leavers_reaped(struct hws_leavers *l, pid_t pid);
/* Waits for the rest, a second at most, and kills who is still there. */
void hws_leavers_done(struct hws_leavers *l);
