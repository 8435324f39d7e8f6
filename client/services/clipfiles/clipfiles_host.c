/* What somebody at the desktop copies is walked once and offered to each viewer that may have it;
 * what a viewer has copied is shown as a folder (FUSE) and put on the desktop's clipboard, where
 * the newest replaces the one before. A viewer takes part when its user wants it (option
 * enable_file_transfer) and it may have both clipboard and files. */
#include "client/services/clipfiles/clipfiles_host.h"
#include "client/mount/program.h"
#include "client/services/clipfiles/end.h"
#include "client/services/clipfiles/folder.h"
#include "client/services/clipfiles/walker.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/version.h"

#define ADDITION "\"has_file_clipboard\":true"

struct clipfiles_host;

struct peer {
	struct clipfiles_host *c;
	struct hws_host_viewer *v; /* NULL: free */
	struct hws_clip_end *end;
	struct hws_clip_folder *folder; /* shows what it has copied */
	bool wanted;                    /* by its user */
	bool told_failure;
};

struct clipfiles_host {
	struct hws_host_service service;
	struct hws_host_env env;
	struct hws_clip *clip;
	struct hws_clip_walker *walker;
	struct hws_clip_tree *tree; /* what the desktop has copied; NULL: nothing */
	struct peer peer[HWS_HOST_VIEWERS_MAX];
	struct peer *shown; /* whose files are on the desktop's clipboard */
	char additions[4096];
};

static bool may(const struct peer *p)
{
	return p->v && p->wanted && hws_host_viewer_may(p->v, HWS_PERM_KEYBOARD) &&
			hws_host_viewer_may(p->v, HWS_PERM_CLIPBOARD) &&
			hws_host_viewer_may(p->v, HWS_PERM_FILE);
}

/* What was copied here is this viewer's to have. */
static bool gives(const struct peer *p)
{
	return may(p) && !(p->c->env.conf && p->c->env.conf->clip_keep_in);
}

/* What it has copied is the desktop's. */
static bool takes(const struct peer *p)
{
	return may(p) && !(p->c->env.conf && p->c->env.conf->clip_keep_out);
}

/* --- the desktop's files ---------------------------------------------------------------------- */

static void offer(struct peer *p)
{
	int r = hws_clip_owner_offer(hws_clip_end_owner(p->end), p->c->tree);

	if (r < 0)
		hws_debug("clipfiles.not_offered", HWS_ERR("why", r));
}

static void on_walked(int r, struct hws_clip_tree *tree, const struct hws_error *err, void *arg)
{
	struct clipfiles_host *c = arg;

	hws_clip_tree_unref(c->tree);
	c->tree = tree;
	if (r < 0)
		hws_info("clipfiles.not_copied", HWS_STR("why", err->text));
	else if (hws_clip_tree_left_out(tree))
		hws_info("clipfiles.left_out", HWS_U64("count", hws_clip_tree_left_out(tree)));
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct peer *p = &c->peer[i];

		if (!gives(p))
			continue;
		if (tree)
			offer(p);
		else
			hws_clip_owner_withdraw(hws_clip_end_owner(p->end), true);
	}
}

static void on_files(const char *const *paths, size_t n, void *arg)
{
	struct clipfiles_host *c = arg;
	int r = hws_clip_walker_start(c->walker, paths, n);

	if (r < 0)
		hws_debug("clipfiles.not_walked", HWS_ERR("why", r));
}

/* The desktop's clipboard is followed while somebody may have what is on it. */
static void watch(struct clipfiles_host *c)
{
	bool wanted = false;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		wanted = wanted || gives(&c->peer[i]);
	hws_clip_watch_files(c->clip, wanted);
	if (wanted)
		return;
	hws_clip_walker_stop(c->walker);
	hws_clip_tree_unref(c->tree);
	c->tree = NULL;
}

static void on_read(const struct hws_clip_tree *t, uint32_t index, void *arg)
{
	struct peer *p = arg;

	hws_host_audit(&p->c->env, p->v,
			&(struct hws_audit_event){ .what = "clip.read",
					.path = hws_bytes_str(hws_clip_tree_path(t, index)),
					.bytes = hws_clip_list_at(hws_clip_tree_list(t), index)
								 ->size });
}

/* --- a viewer's files ------------------------------------------------------------------------- */

static void hide(struct peer *p)
{
	struct clipfiles_host *c = p->c;

	if (c->shown == p) {
		c->shown = NULL;
		hws_clip_clear_files(c->clip);
	}
	hws_clip_folder_free(p->folder);
	p->folder = NULL;
}

/* Once: who pastes again and again need not read it again and again. */
static void tell_failure(struct peer *p, const char *why)
{
	Ses__MessageBox box = SES__MESSAGE_BOX__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	char text[600];

	hws_warn_limited("clipfiles.not_shown", HWS_U64("conn", p->v->conn), HWS_STR("why", why));
	if (p->told_failure ||
			hws_fmt(text, sizeof(text),
					"The files that were copied cannot be pasted at the "
					"host: %s",
					why) < 0)
		return;
	p->told_failure = true;
	box.msgtype = (char *)"custom-nook-nocancel-hasclose-info";
	box.title = (char *)"Clipboard";
	box.text = text;
	box.link = (char *)"";
	m.union_case = SES__MESSAGE__UNION_MESSAGE_BOX;
	m.message_box = &box;
	hws_host_viewer_tell(p->v, &m);
}

static void on_shown(const char *path, void *arg)
{
	struct peer *p = arg;
	struct clipfiles_host *c = p->c;
	struct hws_clip_list *list = hws_clip_paster_list(hws_clip_end_paster(p->end));
	size_t n = 0;
	char **tops = hws_clip_folder_tops(list, path, &n);
	int r = tops ? hws_clip_set_files(c->clip, (const char *const *)tops, n) : HWS_ERR_NOMEM;

	if (r == HWS_OK) {
		struct peer *before = c->shown;

		c->shown = p;
		if (before && before != p)
			hide(before);
		hws_host_audit(&c->env, p->v,
				&(struct hws_audit_event){ .what = "clip.offered",
						.path = hws_bytes_str(tops[0]),
						.bytes = hws_clip_list_bytes(list) });
	} else {
		tell_failure(p, hws_err_text(r));
	}
	hws_free(tops);
}

static void on_hidden(const char *why, void *arg)
{
	struct peer *p = arg;

	tell_failure(p, why);
	hide(p);
}

static int start_mount(int fd, struct hws_error *err, void *arg)
{
	struct peer *p = arg;

	const struct hws_host_env *env = &p->c->env;
	pid_t pid;

	if (!env->start_mount)
		return hws_mount_start(fd, &pid, err);
	int r = env->start_mount(fd, env->arg);
	return r < 0 ? hws_error_set(err, r, "%s", hws_err_text(r)) : HWS_OK;
}

static void on_list(struct hws_clip_list *list HWS_UNUSED, void *arg)
{
	struct peer *p = arg;
	struct hws_error err = { 0 };

	hide(p);
	if (hws_clip_folder_new(&(struct hws_clip_folder_conf){ .loop = p->c->env.loop,
						.paster = hws_clip_end_paster(p->end),
						.start = start_mount,
						.on_ready = on_shown,
						.on_end = on_hidden,
						.arg = p },
			    &p->folder, &err) < 0)
		tell_failure(p, err.text);
}

static void on_refused(const char *why, void *arg)
{
	tell_failure(arg, why);
}

static void on_gone(void *arg)
{
	hide(arg);
}

/* --- viewers ---------------------------------------------------------------------------------- */

static int send_message(const Ses__Message *m, void *arg)
{
	return hws_host_viewer_send(((struct peer *)arg)->v, m);
}

static bool can_send(void *arg)
{
	const struct hws_host_viewer *v = ((struct peer *)arg)->v;

	return !v->congested || !v->congested(v, HWS_SEND_BULK);
}

static struct clipfiles_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct clipfiles_host, service);
}

static struct peer *peer_of(struct hws_host_service *s, struct hws_host_viewer *v)
{
	struct peer *p = &of(s)->peer[v->slot];

	return p->v == v ? p : NULL;
}

static void on_join(struct hws_host_service *s, struct hws_host_viewer *v)
{
	struct clipfiles_host *c = of(s);
	struct peer *p = &c->peer[v->slot];

	*p = (struct peer){ .c = c };
	if (hws_clip_end_new(&(struct hws_clip_end_conf){ .loop = c->env.loop,
					     .work = c->env.work,
					     .extended = v->level == HWS_LEVEL_V2,
					     .is_windows = hws_str_equal(v->platform, "Windows"),
					     .send = send_message,
					     .can_send = can_send,
					     .on_read = on_read,
					     .on_list = on_list,
					     .on_refused = on_refused,
					     .on_gone = on_gone,
					     .arg = p },
			    &p->end) < 0)
		return;
	p->v = v;
}

static void on_leave(struct hws_host_service *s, struct hws_host_viewer *v)
{
	struct peer *p = peer_of(s, v);

	if (!p)
		return;
	hide(p);
	hws_clip_end_free(p->end);
	*p = (struct peer){ .c = p->c };
	watch(of(s));
}

static void allow(struct peer *p)
{
	hws_clip_end_allow(p->end, gives(p), takes(p));
	watch(p->c);
}

static void on_update(struct hws_host_service *s, struct hws_host_viewer *v)
{
	struct peer *p = peer_of(s, v);

	if (p)
		allow(p);
}

static void on_configure(struct hws_host_service *s)
{
	struct clipfiles_host *c = of(s);

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (c->peer[i].v)
			allow(&c->peer[i]);
}

static void on_option(
		struct hws_host_service *s, struct hws_host_viewer *v, const Ses__OptionMessage *o)
{
	struct peer *p = peer_of(s, v);

	if (!p || o->enable_file_transfer == SES__OPTION_MESSAGE__BOOL_OPTION__NotSet)
		return;
	p->wanted = o->enable_file_transfer == SES__OPTION_MESSAGE__BOOL_OPTION__Yes;
	allow(p);
}

/* What the viewer says is being pasted here. */
static void on_pasted(struct peer *p, const Ses__CliprdrFiles *files)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < files->n_files; i++)
		if (__builtin_add_overflow(bytes, files->files[i]->size, &bytes))
			bytes = UINT64_MAX;
	if (files->n_files)
		hws_host_audit(&p->c->env, p->v,
				&(struct hws_audit_event){ .what = "clip.pasted",
						.path = hws_bytes_str(files->files[0]->name),
						.bytes = bytes });
}

static bool on_message(struct hws_host_service *s, struct hws_host_viewer *v, const Ses__Message *m)
{
	struct peer *p = peer_of(s, v);

	if (m->union_case != SES__MESSAGE__UNION_CLIPRDR)
		return false;
	if (p && m->cliprdr->union_case == SES__CLIPRDR__UNION_FILES)
		on_pasted(p, m->cliprdr->files);
	else if (p)
		hws_clip_end_message(p->end, m->cliprdr);
	return true;
}

static void on_drained(
		struct hws_host_service *s, struct hws_host_viewer *v, enum hws_send_class cls)
{
	struct peer *p = peer_of(s, v);

	if (p && cls == HWS_SEND_BULK)
		hws_clip_owner_drained(hws_clip_end_owner(p->end));
}

/* Others may have written something there already. */
static void on_describe(struct hws_host_service *s, Ses__PeerInfo *info)
{
	struct clipfiles_host *c = of(s);
	const char *before = info->platform_additions ? info->platform_additions : "";
	size_t len = strlen(before);
	int r;

	if (len > 2 && before[len - 1] == '}')
		r = hws_fmt(c->additions, sizeof(c->additions), "%.*s," ADDITION "}", (int)len - 1,
				before);
	else
		r = hws_fmt(c->additions, sizeof(c->additions), "{" ADDITION "}");
	if (r == HWS_OK)
		info->platform_additions = c->additions;
}

/* --- life ------------------------------------------------------------------------------------- */

static void service_free(struct hws_host_service *s)
{
	struct clipfiles_host *c = of(s);

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (c->peer[i].v)
			on_leave(s, c->peer[i].v);
	hws_clip_watch_files(c->clip, false);
	c->clip->files = (struct hws_clip_file_events){ 0 };
	hws_clip_walker_free(c->walker);
	hws_clip_tree_unref(c->tree);
	hws_free(c);
}

static int service_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	struct clipfiles_host *c = hws_alloc(sizeof(*c));
	int r;

	if (!c)
		return HWS_ERR_NOMEM;
	c->service.impl = &hws_clipfiles_host_service;
	c->env = *env;
	c->clip = env->platform->clip;
	r = hws_clip_walker_new(env->loop, env->work, on_walked, c, &c->walker);
	if (r < 0) {
		hws_free(c);
		return r;
	}
	c->clip->files = (struct hws_clip_file_events){ on_files, c };
	*ret = &c->service;
	return HWS_OK;
}

const struct hws_host_service_impl hws_clipfiles_host_service = {
	.id = HWS_SERVICE_CLIPFILES,
	.name = "clipfiles",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.new = service_new,
	.free = service_free,
	.join = on_join,
	.leave = on_leave,
	.update = on_update,
	.option = on_option,
	.message = on_message,
	.drained = on_drained,
	.configure = on_configure,
	.describe = on_describe,
};
