/* The loop's side of hawser/terminal.h: the service of a session's terminals, and what the embedder
 * hears of it. */
#include "client/api/terminals.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>

static struct hws_terminal_view *view_of(struct api_session_loop *e)
{
	return hws_terminal_view_of(e->service[HWS_SERVICE_TERMINAL]);
}

/* --- events ----------------------------------------------------------------------------------- */

/* The event that an api_event carries; NULL without memory. */
static struct hawser_terminal_event *new_event(struct api_session_loop *e,
		enum hawser_terminal_event_type type, int id, struct api_event **ret)
{
	struct hawser_terminal_event x = { .size = sizeof(x), .type = type, .id = id };
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_TERMINAL);
	struct hawser_terminal_event *copy = ev ? api_event_bytes(ev, &x, sizeof(x)) : NULL;

	*ret = ev;
	if (ev && !copy) {
		api_event_free(ev);
		*ret = NULL;
	}
	if (copy)
		ev->ev.u.terminal = copy;
	return copy;
}

static void tell(struct api_session_loop *e, enum hawser_terminal_event_type type, int id)
{
	struct api_event *ev;

	if (new_event(e, type, id, &ev))
		api_report_push(e, ev);
}

static void on_opened(int id, const struct hws_terminal_opened *o, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev;
	struct hawser_terminal_event *x = new_event(e, HAWSER_TERMINAL_OPENED, id, &ev);

	if (!x)
		return;
	x->u.opened.pid = o->pid;
	x->u.opened.again = o->again;
	x->u.opened.old = o->old;
	x->u.opened.extended = o->counts;
	x->u.opened.text = api_event_text(ev, o->text);
	x->u.opened.others = api_event_bytes(ev, o->others, o->other_count * sizeof(*o->others));
	x->u.opened.other_count = x->u.opened.others ? o->other_count : 0;
	api_report_push(e, ev);
}

static void report_ended(struct api_session_loop *e, int id, const struct hws_terminal_closed *c)
{
	struct api_event *ev;
	struct api_terminal *t;

	pthread_mutex_lock(&e->s->lock);
	t = api_terminal_find(e->s->terminals, id);
	if (t) {
		t->live = false;
		t->posted = t->queued = 0;
	}
	pthread_mutex_unlock(&e->s->lock);
	struct hawser_terminal_event *x = new_event(e, HAWSER_TERMINAL_ENDED, id, &ev);
	if (!x)
		return;
	x->u.ended.error = c->err;
	x->u.ended.exit_code = c->exit_code;
	x->u.ended.signal = c->signal;
	x->u.ended.text = api_event_text(ev, c->text);
	api_report_push(e, ev);
}

static void on_closed(int id, const struct hws_terminal_closed *c, void *arg)
{
	report_ended(arg, id, c);
}

static void on_output(int id, const struct hws_terminal_output *o, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_output *copy = hws_alloc(sizeof(*copy) + o->data.len);
	struct api_terminal *t;
	bool tell_it = false;

	if (!copy) {
		api_session_loop_end(e, HWS_ERR_NOMEM,
				"there is no memory for the output of a terminal", NULL);
		return;
	}
	copy->errors = o->errors;
	copy->eof = o->eof;
	copy->counted = !o->replay;
	copy->len = o->data.len;
	if (copy->len)
		memcpy(copy->data, o->data.ptr, copy->len);
	pthread_mutex_lock(&e->s->lock);
	t = api_terminal_find(e->s->terminals, id);
	if (t && t->live) {
		hws_list_push(&t->output, &copy->node);
		copy = NULL;
		tell_it = !t->told;
		t->told = true;
	}
	pthread_mutex_unlock(&e->s->lock);
	hws_free(copy);
	if (tell_it)
		tell(e, HAWSER_TERMINAL_OUTPUT, id);
}

/* The lock is held. */
static bool has_room_again(struct api_terminal *t)
{
	if (!t->wants_room || t->posted + t->queued > HWS_TERMINAL_INPUT_MAX / 2)
		return false;
	t->wants_room = false;
	return true;
}

static void on_input(int id, size_t waiting, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_terminal *t;
	bool room = false;

	pthread_mutex_lock(&e->s->lock);
	t = api_terminal_find(e->s->terminals, id);
	if (t && t->live) {
		t->queued = waiting;
		room = has_room_again(t);
	}
	pthread_mutex_unlock(&e->s->lock);
	if (room)
		tell(e, HAWSER_TERMINAL_ROOM, id);
}

static void on_list(const struct hws_terminal_item *items, size_t count, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev;
	struct hawser_terminal_event *x = new_event(e, HAWSER_TERMINAL_LIST, 0, &ev);
	struct hawser_terminal_item *copy;

	if (!x)
		return;
	copy = hws_alloc_array(count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++)
		copy[i] = (struct hawser_terminal_item){ .size = sizeof(*copy),
			.id = items[i].id,
			.pid = items[i].pid,
			.rows = items[i].rows,
			.cols = items[i].cols,
			.idle_s = items[i].idle_s,
			.started_s = items[i].started_s,
			.attached = items[i].attached,
			.command = api_event_text(ev, items[i].command),
			.title = api_event_text(ev, items[i].title) };
	x->u.list.items = copy ? api_event_bytes(ev, copy, count * sizeof(*copy)) : NULL;
	x->u.list.count = x->u.list.items ? count : 0;
	hws_free(copy);
	api_report_push(e, ev);
}

/* --- kept terminals --------------------------------------------------------------------------- */

static const struct hws_known_peer *known_peer(struct api_session_loop *e)
{
	return api_servers_peer(e);
}

/* The login's service is that of the next link, too; of later sessions if they want theirs back. */
static void on_service(const char *service_id, void *arg)
{
	struct api_session_loop *e = arg;
	const struct hws_known_peer *known;
	int r = HWS_OK;

	if (hws_viewer_set_service_id(e->viewer, service_id) < 0)
		return; /* out of memory: what is kept is found by the one before, or not */
	if (!e->s->terminals->keep)
		return;
	pthread_mutex_lock(&e->ctx->lock);
	known = known_peer(e);
	if (known &&
			!hws_str_equal(hws_known_peer_shells(known, e->s->terminals->os_user),
					service_id)) {
		struct hws_known_peer k = *known;
		hws_known_peer_set_shells(&k, e->s->terminals->os_user, service_id);
		r = hws_view_settings_keep(e->ctx->settings, &k, false);
		hws_wipe(&k, sizeof(k));
	}
	pthread_mutex_unlock(&e->ctx->lock);
	/* A list that cannot be written is no reason to end a session. */
	if (r < 0)
		api_report_notice(e, "Known hosts",
				"The terminals that this host keeps will not be found by a later session: "
				"the list of known hosts (peers.json) cannot be written.");
}

static int find_service(struct api_session_loop *e)
{
	char id[HWS_PEER_SHELL_ID] = "";
	const struct hws_known_peer *known;

	pthread_mutex_lock(&e->ctx->lock);
	known = known_peer(e);
	if (known)
		snprintf(id, sizeof(id), "%s",
				hws_known_peer_shells(known, e->s->terminals->os_user));
	pthread_mutex_unlock(&e->ctx->lock);
	return *id ? hws_viewer_set_service_id(e->viewer, id) : HWS_OK;
}

static void hold(bool held, void *arg)
{
	struct api_session_loop *e = arg;

	if (e->conn && held)
		hws_conn_pause(e->conn);
	else if (e->conn)
		hws_conn_resume(e->conn);
}

int api_terminal_new(struct api_session_loop *e, const struct api_session_loop_conf *conf,
		struct hws_service **ret)
{
	const struct hawser_terminal_config *c = conf->kind_arg;
	struct hws_terminal_view *tv;
	int r;

	e->s->terminals = api_terminals_new();
	if (!e->s->terminals)
		return HWS_ERR_NOMEM;
	e->s->terminals->keep = c->keep;
	snprintf(e->s->terminals->os_user, sizeof(e->s->terminals->os_user), "%s",
			c->os_user ? c->os_user : "");
	r = c->keep ? find_service(e) : HWS_OK;
	if (r == HWS_OK)
		r = hws_terminal_view_new(&(struct hws_terminal_view_conf){ .decoder = e->decoder,
							  .on_opened = on_opened,
							  .on_output = on_output,
							  .on_input = on_input,
							  .on_closed = on_closed,
							  .on_list = on_list,
							  .on_service = on_service,
							  .hold = hold,
							  .arg = e },
				&tv);
	if (r == HWS_OK)
		*ret = hws_terminal_view_service(tv);
	return r;
}

/* --- commands --------------------------------------------------------------------------------- */

static const char *why_not(int r)
{
	switch (r) {
	case HWS_ERR_UNSUPPORTED:
		return "this host does not speak hawser v2: it opens login shells, and runs no "
		       "commands";
	case HWS_ERR_DENIED:
		return "the session is not connected";
	default:
		return hws_err_text(r);
	}
}

void api_terminal_do_start(struct api_session_loop *e, const struct api_command *c)
{
	const struct api_terminal_wish *w = (const struct api_terminal_wish *)c->data;
	const char *argv[HWS_TERMINAL_ARGS_MAX], *env[HWS_TERMINAL_ENV_MAX], *at = w->texts;
	struct hws_terminal_wish wish = { .id = (int)c->a,
		.rows = w->rows,
		.cols = w->cols,
		.no_pty = w->no_pty,
		.attach = w->attach,
		.keep = w->keep,
		.argv = argv,
		.argc = w->argc,
		.env = env,
		.env_count = w->env_count };

	if (w->has_term) {
		wish.term = at;
		at += strlen(at) + 1;
	}
	for (size_t i = 0; i < w->argc; i++, at += strlen(at) + 1)
		argv[i] = at;
	for (size_t i = 0; i < w->env_count; i++, at += strlen(at) + 1)
		env[i] = at;
	int r = hws_terminal_view_open(view_of(e), &wish);
	if (r < 0)
		report_ended(e, wish.id,
				&(struct hws_terminal_closed){ .err = r, .text = why_not(r) });
}

void api_terminal_do_input(struct api_session_loop *e, const struct api_command *c)
{
	struct api_terminal *t;
	/* What does not fit cannot be: the room is counted on both sides. */
	int r = hws_terminal_view_input(view_of(e), (int)c->a, hws_bytes(c->data, c->size));
	bool room = false;

	pthread_mutex_lock(&e->s->lock);
	t = api_terminal_find(e->s->terminals, (int)c->a);
	if (t && t->live) {
		t->posted -= HWS_MIN(t->posted, c->size);
		t->queued = hws_terminal_view_waiting(view_of(e), (int)c->a);
		room = has_room_again(t);
	}
	pthread_mutex_unlock(&e->s->lock);
	if (r == HWS_ERR_NOMEM || r == HWS_ERR_FULL)
		api_session_loop_end(e, r, "there is no memory for what is typed", NULL);
	else if (room)
		tell(e, HAWSER_TERMINAL_ROOM, (int)c->a);
}

void api_terminal_do_end_input(struct api_session_loop *e, const struct api_command *c)
{
	if (hws_terminal_view_end_input(view_of(e), (int)c->a) < 0)
		return; /* ended meanwhile, or nobody to tell it */
}

void api_terminal_do_took(struct api_session_loop *e, const struct api_command *c)
{
	hws_terminal_view_took(view_of(e), (int)c->a, (size_t)c->b, (size_t)c->c);
}

void api_terminal_do_resize(struct api_session_loop *e, const struct api_command *c)
{
	if (hws_terminal_view_resize(view_of(e), (int)c->a, (uint16_t)c->b, (uint16_t)c->c) < 0)
		return; /* ended or lost meanwhile; the next opening tells it */
}

void api_terminal_do_signal(struct api_session_loop *e, const struct api_command *c)
{
	if (hws_terminal_view_signal(view_of(e), (int)c->a, (unsigned)c->b) < 0)
		return; /* ended or lost meanwhile */
}

void api_terminal_do_close(struct api_session_loop *e, const struct api_command *c)
{
	if (hws_terminal_view_close(view_of(e), (int)c->a) < 0)
		return; /* ended meanwhile, or lost: the host ends it by itself unless it is kept */
}

void api_terminal_do_list(struct api_session_loop *e, const struct api_command *c HWS_UNUSED)
{
	if (hws_terminal_view_list(view_of(e)) < 0)
		on_list(NULL, 0, e); /* lost meanwhile: nothing is known to be there */
}

void api_terminal_do_kill(struct api_session_loop *e, const struct api_command *c)
{
	if (hws_terminal_view_kill(view_of(e), (int)c->a) < 0)
		return; /* lost meanwhile */
}
