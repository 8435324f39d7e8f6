/* The viewer's end: one peer, which changes with each link. */
#include "client/services/clipfiles/clipfiles_view.h"
#include "client/services/clipfiles/end.h"
#include "client/services/clipfiles/folder.h"
#include "client/services/clipfiles/walker.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

struct hws_clipfiles_view {
	struct hws_service service;
	struct hws_clipfiles_view_conf conf;
	struct hws_clip_walker *walker;
	struct hws_clip_tree *tree; /* what was copied here */
	struct hws_clip_end *end;   /* NULL: no link */
	struct hws_clip_folder *folder;
	struct hws_clip_fetch *fetch;
};

static bool may(const struct hws_clipfiles_view *cv)
{
	return cv->end && cv->service.viewer && hws_viewer_may(cv->service.viewer, &cv->service);
}

static bool gives(const struct hws_clipfiles_view *cv)
{
	return may(cv) && hws_view_options_gives_files(hws_viewer_options(cv->service.viewer));
}

static bool takes(const struct hws_clipfiles_view *cv)
{
	return may(cv) && hws_view_options_takes_files(hws_viewer_options(cv->service.viewer));
}

/* --- what was copied here --------------------------------------------------------------------- */

static int offer(struct hws_clipfiles_view *cv)
{
	return gives(cv) ? hws_clip_owner_offer(hws_clip_end_owner(cv->end), cv->tree)
			 : HWS_ERR_DENIED;
}

static void on_walked(int r, struct hws_clip_tree *tree, const struct hws_error *err, void *arg)
{
	struct hws_clipfiles_view *cv = arg;

	hws_clip_tree_unref(cv->tree);
	cv->tree = tree;
	if (r < 0 && cv->end)
		hws_clip_owner_withdraw(hws_clip_end_owner(cv->end), true);
	if (r == HWS_OK)
		r = offer(cv);
	cv->conf.on_copied(r, tree,
			err->text[0]            ? err->text
					: r < 0 ? hws_err_text(r)
						: "",
			cv->conf.arg);
}

int hws_clipfiles_view_copy(struct hws_clipfiles_view *cv, const char *const *paths, size_t n)
{
	if (n == 0) {
		hws_clip_walker_stop(cv->walker);
		hws_clip_tree_unref(cv->tree);
		cv->tree = NULL;
		if (cv->end)
			hws_clip_owner_withdraw(hws_clip_end_owner(cv->end), true);
		return HWS_OK;
	}
	return gives(cv) ? hws_clip_walker_start(cv->walker, paths, n) : HWS_ERR_DENIED;
}

/* --- what the host has ------------------------------------------------------------------------ */

static void let_go(struct hws_clipfiles_view *cv)
{
	hws_clip_folder_free(cv->folder);
	cv->folder = NULL;
}

static void on_list(struct hws_clip_list *list, void *arg)
{
	struct hws_clipfiles_view *cv = arg;

	cv->conf.on_offered(list, cv->conf.arg);
}

static void on_refused(const char *why, void *arg)
{
	struct hws_clipfiles_view *cv = arg;

	cv->conf.on_refused(why, cv->conf.arg);
}

static void on_gone(void *arg)
{
	struct hws_clipfiles_view *cv = arg;

	let_go(cv);
	cv->conf.on_gone(cv->conf.arg);
}

static void on_ready(const char *path, void *arg)
{
	struct hws_clipfiles_view *cv = arg;
	size_t n = 0;
	char **tops = hws_clip_folder_tops(
			hws_clip_paster_list(hws_clip_end_paster(cv->end)), path, &n);

	cv->conf.on_shown((const char *const *)tops, n, tops ? "" : "out of memory", cv->conf.arg);
	hws_free(tops);
}

static void on_folder_end(const char *why, void *arg)
{
	struct hws_clipfiles_view *cv = arg;

	cv->conf.on_shown(NULL, 0, why, cv->conf.arg);
	let_go(cv);
}

static bool has_list(const struct hws_clipfiles_view *cv)
{
	return cv->end && hws_clip_paster_list(hws_clip_end_paster(cv->end));
}

int hws_clipfiles_view_show(struct hws_clipfiles_view *cv)
{
	struct hws_error err = { 0 };
	int r;

	if (!has_list(cv))
		return HWS_ERR_NOTFOUND;
	let_go(cv);
	r = hws_clip_folder_new(&(struct hws_clip_folder_conf){ .loop = cv->conf.loop,
						.paster = hws_clip_end_paster(cv->end),
						.on_ready = on_ready,
						.on_end = on_folder_end,
						.arg = cv },
			&cv->folder, &err);
	if (r < 0)
		cv->conf.on_shown(NULL, 0, err.text, cv->conf.arg);
	return HWS_OK;
}

static void on_progress(const struct hws_clip_fetch_progress *p, void *arg)
{
	struct hws_clipfiles_view *cv = arg;

	cv->conf.on_progress(p, cv->conf.arg);
}

static void on_fetched(int r, const char *why, void *arg)
{
	struct hws_clipfiles_view *cv = arg;

	cv->conf.on_fetched(r, why, cv->conf.arg);
	hws_clipfiles_view_cancel(cv);
}

int hws_clipfiles_view_fetch(struct hws_clipfiles_view *cv, const char *folder)
{
	if (!has_list(cv))
		return HWS_ERR_NOTFOUND;
	if (cv->fetch)
		return HWS_ERR_BUSY;
	return hws_clip_fetch_new(&(struct hws_clip_fetch_conf){ .loop = cv->conf.loop,
						  .work = cv->conf.work,
						  .paster = hws_clip_end_paster(cv->end),
						  .folder = folder,
						  .on_progress = on_progress,
						  .on_done = on_fetched,
						  .arg = cv },
			&cv->fetch);
}

void hws_clipfiles_view_cancel(struct hws_clipfiles_view *cv)
{
	struct hws_clip_fetch *f = cv->fetch;

	cv->fetch = NULL;
	hws_clip_fetch_free(f);
}

/* --- as a service ----------------------------------------------------------------------------- */

static struct hws_clipfiles_view *of(struct hws_service *s)
{
	return hws_container(s, struct hws_clipfiles_view, service);
}

static int send_message(const Ses__Message *m, void *arg)
{
	struct hws_clipfiles_view *cv = arg;

	return hws_viewer_send(cv->service.viewer, m);
}

static bool can_send(void *arg)
{
	struct hws_clipfiles_view *cv = arg;

	return hws_viewer_can_send(cv->service.viewer, &cv->service);
}

/* The link is gone: who reads hears so at once. */
static void on_close(struct hws_service *s)
{
	struct hws_clipfiles_view *cv = of(s);
	bool had = has_list(cv), fetching = cv->fetch != NULL;
	struct hws_clip_end *end = cv->end;

	if (!end)
		return;
	hws_clipfiles_view_cancel(cv);
	hws_clip_paster_drop(hws_clip_end_paster(end)); /* tells, if there was something */
	let_go(cv);
	cv->end = NULL;
	hws_clip_end_free(end);
	if (had && fetching)
		cv->conf.on_fetched(HWS_ERR_CLOSED, "the connection was lost", cv->conf.arg);
}

static void on_open(struct hws_service *s)
{
	struct hws_clipfiles_view *cv = of(s);

	on_close(s);
	if (hws_clip_end_new(
			    &(struct hws_clip_end_conf){ .loop = cv->conf.loop,
					    .work = cv->conf.work,
					    .extended = hws_viewer_level(s->viewer) == HWS_LEVEL_V2,
					    .is_windows = hws_viewer_peer(s->viewer)->kind ==
							    HWS_PLATFORM_WINDOWS,
					    .is_viewer = true,
					    .send = send_message,
					    .can_send = can_send,
					    .on_list = on_list,
					    .on_refused = on_refused,
					    .on_gone = on_gone,
					    .arg = cv },
			    &cv->end) < 0)
		return;
	hws_clip_end_allow(cv->end, gives(cv), takes(cv));
	if (cv->tree && offer(cv) < 0)
		hws_debug("clipfiles.not_offered");
}

static bool on_message(struct hws_service *s, Ses__Message *m)
{
	struct hws_clipfiles_view *cv = of(s);

	if (m->union_case != SES__MESSAGE__UNION_CLIPRDR || !cv->end)
		return false;
	hws_clip_end_allow(cv->end, gives(cv), takes(cv));
	hws_clip_end_message(cv->end, m->cliprdr);
	return false;
}

static void on_drained(struct hws_service *s)
{
	if (of(s)->end)
		hws_clip_owner_drained(hws_clip_end_owner(of(s)->end));
}

/* Permissions and wishes may have changed. */
static void on_tick(struct hws_service *s, uint64_t now_us HWS_UNUSED)
{
	struct hws_clipfiles_view *cv = of(s);

	if (cv->end)
		hws_clip_end_allow(cv->end, gives(cv), takes(cv));
}

static bool is_wanted(const struct hws_view_options *o)
{
	return !o->view_only && !hws_view_options_no_clipboard(o) &&
			(hws_view_options_gives_files(o) || hws_view_options_takes_files(o));
}

static void on_free(struct hws_service *s)
{
	struct hws_clipfiles_view *cv = of(s);

	hws_clipfiles_view_cancel(cv);
	let_go(cv);
	hws_clip_end_free(cv->end);
	hws_clip_walker_free(cv->walker);
	hws_clip_tree_unref(cv->tree);
	hws_free(cv);
}

static const struct hws_service_impl impl = {
	.id = HWS_SERVICE_CLIPFILES,
	.name = "clipfiles",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.permissions = HWS_SERVICE_NEEDS(Clipboard) | HWS_SERVICE_NEEDS(File),
	.wanted = is_wanted,
	.open = on_open,
	.on_message = on_message,
	.drained = on_drained,
	.tick = on_tick,
	.close = on_close,
	.free = on_free,
};

int hws_clipfiles_view_new(
		const struct hws_clipfiles_view_conf *conf, struct hws_clipfiles_view **ret)
{
	struct hws_clipfiles_view *cv = hws_alloc(sizeof(*cv));
	int r;

	if (!cv)
		return HWS_ERR_NOMEM;
	cv->service.impl = &impl;
	cv->conf = *conf;
	r = hws_clip_walker_new(conf->loop, conf->work, on_walked, cv, &cv->walker);
	if (r < 0) {
		hws_free(cv);
		return r;
	}
	*ret = cv;
	return HWS_OK;
}

struct hws_service *hws_clipfiles_view_service(struct hws_clipfiles_view *cv)
{
	return &cv->service;
}

struct hws_clipfiles_view *hws_clipfiles_view_of(struct hws_service *s)
{
	return of(s);
}
