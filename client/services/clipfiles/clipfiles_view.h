/* clipfiles/clipfiles_view: files of both clipboards at the viewer: what its user has copied, and
 * what the host has, as a folder (FUSE) or written into one. What was copied here stays offered
 * over a new link of the session. Loop thread only. */
#pragma once
#include "client/core/viewer.h"
#include "client/services/clipfiles/fetch.h"
#include "client/services/clipfiles/tree.h"

struct hws_clipfiles_view;

struct hws_clipfiles_view_conf {
	struct hws_loop *loop;
	struct hws_work *work;
	/* What was copied here has been walked and offered; r < 0: `why` not. `tree` is borrowed,
	 * NULL on failure. */
	void (*on_copied)(int r, const struct hws_clip_tree *tree, const char *why, void *arg);
	/* The host has these files now; borrows. */
	void (*on_offered)(const struct hws_clip_list *list, void *arg);
	/* It announced some that cannot be had. */
	void (*on_refused)(const char *why, void *arg);
	/* It has none any more, or the link is lost. */
	void (*on_gone)(void *arg);
	/* They are shown: the absolute paths of what is at the top. n 0: they are not, and why. */
	void (*on_shown)(const char *const *paths, size_t n, const char *why, void *arg);
	void (*on_progress)(const struct hws_clip_fetch_progress *p, void *arg);
	void (*on_fetched)(int r, const char *why, void *arg);
	void *arg;
};

int hws_clipfiles_view_new(const struct hws_clipfiles_view_conf *conf,
		struct hws_clipfiles_view **ret) HWS_MUST_CHECK;
struct hws_service *hws_clipfiles_view_service(struct hws_clipfiles_view *cv);
struct hws_clipfiles_view *hws_clipfiles_view_of(struct hws_service *s);
/* Offers what these absolute paths name, in place of what was; n 0: nothing any more.
 * HWS_ERR_DENIED: the host or the user does not permit it. */
int hws_clipfiles_view_copy(
		struct hws_clipfiles_view *cv, const char *const *paths, size_t n) HWS_MUST_CHECK;
/* Shows the host's files as a folder, until they go. HWS_ERR_NOTFOUND: it has none. */
int hws_clipfiles_view_show(struct hws_clipfiles_view *cv) HWS_MUST_CHECK;
/* Writes them into `folder`. HWS_ERR_NOTFOUND; HWS_ERR_BUSY: one at a time. */
int hws_clipfiles_view_fetch(struct hws_clipfiles_view *cv, const char *folder) HWS_MUST_CHECK;
/* Ends that, without on_fetched. */
void hws_clipfiles_view_cancel(struct hws_clipfiles_view *cv);
