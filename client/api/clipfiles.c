/* Files of the clipboard, as embedders see them: commands to the session's thread, and what its
 * service tells as events. */
#include "client/api/clipfiles.h"
#include "client/api/session_loop.h"
#include "client/services/clipfiles/clipfiles_view.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <hawser/clipfiles.h>
#include <string.h>

#define PATHS_MAX 1024u
#define PATHS_BYTES_MAX (4u << 20)

static struct hws_clipfiles_view *view_of(struct api_session_loop *e)
{
	return hws_clipfiles_view_of(e->service[HWS_SERVICE_CLIPFILES]);
}

/* --- events ----------------------------------------------------------------------------------- */

/* `names` may be NULL. */
static void push(struct api_session_loop *e, const struct hawser_clipfiles_event *event,
		const char *const *names, size_t n, const char *text)
{
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_CLIPFILES);
	struct hawser_clipfiles_event *x = ev ? api_event_bytes(ev, event, sizeof(*event)) : NULL;
	const char **list = x && n ? api_event_bytes(ev, names, n * sizeof(*names)) : NULL;

	if (!x || (n && !list)) {
		api_event_free(ev);
		return;
	}
	for (size_t i = 0; i < n; i++)
		list[i] = api_event_text(ev, names[i]);
	x->size = sizeof(*x);
	x->names = list;
	x->name_count = n;
	x->text = api_event_text(ev, text);
	ev->ev.u.clipfiles = x;
	api_report_push(e, ev);
}

static void on_copied(int r, const struct hws_clip_tree *tree, const char *why, void *arg)
{
	struct hawser_clipfiles_event ev = { .type = HAWSER_CLIPFILES_COPIED, .error = r };

	if (tree) {
		const struct hws_clip_list *l = hws_clip_tree_list(tree);

		ev.count = hws_clip_list_count(l);
		ev.bytes = hws_clip_list_bytes(l);
		ev.left_out = hws_clip_tree_left_out(tree);
	}
	push(arg, &ev, NULL, 0, why);
}

static void on_offered(const struct hws_clip_list *list, void *arg)
{
	struct hawser_clipfiles_event ev = { .type = HAWSER_CLIPFILES_OFFERED,
		.count = hws_clip_list_count(list),
		.bytes = hws_clip_list_bytes(list) };
	const char *names[PATHS_MAX];
	size_t n = 0;

	for (uint32_t i = 0; i < ev.count && n < PATHS_MAX; i++)
		if (hws_clip_list_at(list, i)->parent == HWS_CLIP_NO_PARENT)
			names[n++] = hws_clip_list_at(list, i)->path;
	push(arg, &ev, names, n, "");
}

static void on_refused(const char *why, void *arg)
{
	push(arg, &(struct hawser_clipfiles_event){ .type = HAWSER_CLIPFILES_REFUSED }, NULL, 0,
			why);
}

static void on_gone(void *arg)
{
	push(arg, &(struct hawser_clipfiles_event){ .type = HAWSER_CLIPFILES_GONE }, NULL, 0, "");
}

static void on_shown(const char *const *paths, size_t n, const char *why, void *arg)
{
	struct hawser_clipfiles_event ev = { .type = HAWSER_CLIPFILES_SHOWN,
		.error = n ? HAWSER_OK : HAWSER_ERR_UNSUPPORTED };

	push(arg, &ev, paths, HWS_MIN(n, (size_t)PATHS_MAX), why);
}

static void on_progress(const struct hws_clip_fetch_progress *p, void *arg)
{
	struct hawser_clipfiles_event ev = { .type = HAWSER_CLIPFILES_PROGRESS,
		.count = p->entries,
		.all = p->entries_all,
		.bytes = p->bytes,
		.all_bytes = p->bytes_all };

	push(arg, &ev, NULL, 0, "");
}

static void on_fetched(int r, const char *why, void *arg)
{
	struct hawser_clipfiles_event ev = { .type = HAWSER_CLIPFILES_FETCHED, .error = r };

	push(arg, &ev, NULL, 0, why);
}

int api_clipfiles_new(struct api_session_loop *e, struct hws_service **ret)
{
	struct hws_clipfiles_view *cv;
	int r = hws_clipfiles_view_new(&(struct hws_clipfiles_view_conf){ .loop = e->ctx->loop,
						       .work = e->ctx->work,
						       .on_copied = on_copied,
						       .on_offered = on_offered,
						       .on_refused = on_refused,
						       .on_gone = on_gone,
						       .on_shown = on_shown,
						       .on_progress = on_progress,
						       .on_fetched = on_fetched,
						       .arg = e },
			&cv);

	if (r == HWS_OK)
		*ret = hws_clipfiles_view_service(cv);
	return r;
}

/* --- calls ------------------------------------------------------------------------------------ */

/* Desktop sessions only: others have no such service. */
static int need_service(const hawser_session *s)
{
	if (hawser_session_state(s) != HAWSER_STATE_READY)
		return api_fail(HAWSER_ERR_DENIED, "the session is not connected");
	return HAWSER_OK;
}

static void do_copy(struct api_session_loop *e, const struct api_command *c)
{
	const char *paths[PATHS_MAX], *at = c->data;
	size_t n = 0;
	int r;

	if (!e->service[HWS_SERVICE_CLIPFILES])
		return;
	for (; n < (size_t)c->a; n++, at += strlen(at) + 1)
		paths[n] = at;
	r = hws_clipfiles_view_copy(view_of(e), paths, n);
	if (r < 0)
		on_copied(r, NULL,
				r == HWS_ERR_DENIED ? "the host, or this session, does not permit "
						      "files of the clipboard"
						    : hws_err_text(r),
				e);
}

int hawser_clipfiles_copy(hawser_session *s, const char *const *paths, size_t count)
{
	struct hws_buf all;
	int r = need_service(s);

	if (r < 0)
		return r;
	if (count > PATHS_MAX)
		return api_fail(HAWSER_ERR_TOOBIG,
				"more than %u things at once; copy the folder that they are in",
				PATHS_MAX);
	hws_buf_init(&all, PATHS_BYTES_MAX);
	for (size_t i = 0; i < count && r == HAWSER_OK; i++) {
		if (paths[i][0] != '/')
			r = api_fail(HAWSER_ERR_INVAL, "a path to be copied is not absolute");
		hws_buf_put(&all, paths[i], strlen(paths[i]) + 1);
	}
	if (r == HAWSER_OK && hws_buf_err(&all) < 0)
		r = api_fail(HAWSER_ERR_TOOBIG, "the paths to be copied are too long together");
	if (r == HAWSER_OK)
		r = api_post(s,
				&(struct api_command){ .fn = do_copy,
						.a = (int64_t)count,
						.size = hws_buf_len(&all),
						.data = (char *)hws_buf_bytes(&all).ptr });
	hws_buf_done(&all);
	return r;
}

static void do_show(struct api_session_loop *e, const struct api_command *c HWS_UNUSED)
{
	if (e->service[HWS_SERVICE_CLIPFILES] && hws_clipfiles_view_show(view_of(e)) < 0)
		on_shown(NULL, 0, "the host has no files on its clipboard", e);
}

int hawser_clipfiles_show(hawser_session *s)
{
	int r = need_service(s);

	return r < 0 ? r : api_post(s, &(struct api_command){ .fn = do_show });
}

static void do_fetch(struct api_session_loop *e, const struct api_command *c)
{
	int r = e->service[HWS_SERVICE_CLIPFILES] ? hws_clipfiles_view_fetch(view_of(e), c->data)
						  : HWS_ERR_NOTFOUND;

	if (r < 0)
		on_fetched(r,
				r == HWS_ERR_NOTFOUND ? "the host has no files on its clipboard"
						: r == HWS_ERR_BUSY
						? "files are being pasted already"
						: hws_err_text(r),
				e);
}

int hawser_clipfiles_fetch(hawser_session *s, const char *folder)
{
	int r = need_service(s);

	if (r < 0)
		return r;
	if (!*folder)
		return api_fail(HAWSER_ERR_INVAL, "there is no folder to paste into");
	return api_post(s,
			&(struct api_command){ .fn = do_fetch,
					.size = strlen(folder),
					.data = (char *)folder });
}

static void do_cancel(struct api_session_loop *e, const struct api_command *c HWS_UNUSED)
{
	if (e->service[HWS_SERVICE_CLIPFILES])
		hws_clipfiles_view_cancel(view_of(e));
}

int hawser_clipfiles_cancel(hawser_session *s)
{
	return api_post(s, &(struct api_command){ .fn = do_cancel });
}
