/* clipfiles/walker: walks what was copied on a worker, the newest only: one that has not ended when
 * the next begins is called off. Loop thread only. */
#pragma once
#include "client/services/clipfiles/tree.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"

struct hws_clip_walker;

/* `tree` is the receiver's (NULL when r < 0, then `err` says why). */
typedef void hws_clip_walker_fn(
		int r, struct hws_clip_tree *tree, const struct hws_error *err, void *arg);

int hws_clip_walker_new(struct hws_loop *loop, struct hws_work *work, hws_clip_walker_fn *done,
		void *arg, struct hws_clip_walker **ret) HWS_MUST_CHECK;
void hws_clip_walker_free(struct hws_clip_walker *w); /* takes NULL */
/* Copies the paths. `done` follows, unless another walk, a stop or the free comes before. */
int hws_clip_walker_start(
		struct hws_clip_walker *w, const char *const *paths, size_t n) HWS_MUST_CHECK;
void hws_clip_walker_stop(struct hws_clip_walker *w);
