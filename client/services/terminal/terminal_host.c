/* The messages of terminals at the host: to which terminal of which group they go. */
#include "client/services/terminal/terminal_host.h"
#include "client/services/terminal/keep.h"
#include "client/services/terminal/reply.h"
#include "client/services/terminal/wishes.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define REPLAY_CHUNK (32u << 10)
#define OTHERS_MAX 64u /* HWS_PTYS_MAX */
#define MISMATCH "Terminal service user mismatch detected."
#define FAILED "Failed to handle action: "

/* What is known of one viewer. */
struct seat {
	struct hws_keep_group *group; /* NULL: not let in */
	bool synced;                  /* it has opened a terminal since it came */
};

struct terminal_host {
	struct hws_host_service service;
	struct hws_host_env env; /* the maker's is its own again when it has made us */
	struct hws_keep keep;
	struct seat seat[HWS_HOST_VIEWERS_MAX];
};

static struct terminal_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct terminal_host, service);
}

/* --- opening --- */

/* Another viewer saw it until now; that one may be a link that is not known to be lost. */
static void take_over(struct hws_shell *s, const struct hws_host_viewer *v)
{
	struct hws_host_viewer *old = s->viewer;

	if (!old || old == v)
		return;
	hws_shell_detach(s);
	hws_reply_error(old, hws_reply_extended(old) ? s->id : 0,
			"This terminal is used by another session now.");
}

static void say_opened(struct terminal_host *h, struct hws_host_viewer *v, struct hws_shell *s,
		const char *message, bool replay)
{
	struct seat *seat = &h->seat[v->slot];
	Ses__TerminalOpened o = SES__TERMINAL_OPENED__INIT;
	int32_t others[OTHERS_MAX];
	struct hws_list *n;

	o.terminal_id = s->id;
	o.success = true;
	o.message = (char *)(uintptr_t)message;
	o.pid = s->pty->pid;
	o.service_id = seat->group->id;
	o.persistent_sessions = others;
	if (!seat->synced)
		hws_list_for (n, &seat->group->shells) {
			struct hws_shell *other = hws_container(n, struct hws_shell, node);
			if (other != s && !other->ended && o.n_persistent_sessions < OTHERS_MAX)
				others[o.n_persistent_sessions++] = other->id;
		}
	seat->synced = true;
	o.replay_terminal_output = replay;
	if (hws_reply_extended(v)) {
		o.input_taken = s->taken;
		o.window = HWS_SHELL_INPUT_WINDOW;
		o.output_position = s->sent;
	}
	hws_reply_opened(v, &o);
}

static void say_replay(struct hws_host_viewer *v, struct hws_shell *s, struct hws_bytes past)
{
	struct hws_reply_data d = { .id = s->id, .pack = true };

	d.replay = hws_reply_extended(v);
	while (past.len) {
		d.data = hws_bytes(past.ptr, HWS_MIN(past.len, (size_t)REPLAY_CHUNK));
		if (hws_reply_data(v, &d) < 0)
			return; /* the link has gone, or has no room for the past */
		past = hws_bytes(past.ptr + d.data.len, past.len - d.data.len);
	}
}

static void attach_deployed(struct terminal_host *h, struct hws_host_viewer *v, struct hws_shell *s)
{
	bool pending = s->sent < s->said.end;
	struct hws_buf past;

	hws_buf_init(&past, HWS_SHELL_REPLAY_MAX);
	hws_shell_tail(s, &past);
	hws_shell_attach(s, v, 0, UINT64_MAX);
	say_opened(h, v, s,
			pending ? "Reconnected to existing terminal with pending output"
				: "Reconnected to existing terminal",
			hws_buf_len(&past) > 0);
	say_replay(v, s, hws_buf_bytes(&past));
	hws_buf_done(&past);
	hws_shell_begin(s);
	hws_shell_redraw(s);
}

/* After a cut everything goes on where it was; a viewer that has not seen the terminal, or not for
 * long, gets what it shows. */
static void attach_extended(struct terminal_host *h, struct hws_host_viewer *v, struct hws_shell *s,
		const Ses__OpenTerminal *o)
{
	bool exact = o->output_seen && hws_shell_has(s, o->output_seen);
	struct hws_buf past;

	hws_buf_init(&past, HWS_SCREEN_SNAPSHOT_MAX);
	if (o->rows && o->cols)
		hws_shell_resize(s, o->cols, o->rows);
	/* of a command nothing is lost: it waited */
	hws_shell_attach(s, v, o->window,
			exact                      ? o->output_seen
					: s->pipes ? s->acked
						   : UINT64_MAX);
	if (!exact && !s->pipes)
		hws_shell_snapshot(s, &past);
	s->keep = s->keep || o->keep;
	say_opened(h, v, s, "Reconnected to existing terminal", hws_buf_len(&past) > 0);
	say_replay(v, s, hws_buf_bytes(&past));
	hws_buf_done(&past);
	hws_shell_begin(s);
}

static void attach(struct terminal_host *h, struct hws_host_viewer *v, struct hws_shell *s,
		const Ses__OpenTerminal *o)
{
	take_over(s, v);
	if (hws_reply_extended(v))
		attach_extended(h, v, s, o);
	else
		attach_deployed(h, v, s);
}

static void say_failed(struct hws_host_viewer *v, int32_t id, int r, const struct hws_error *err)
{
	if (hws_reply_extended(v))
		hws_reply_error(v, id, err->text[0] ? err->text : hws_err_text(r));
	else
		hws_reply_error(v, 0,
				r == HWS_ERR_FULL ? FAILED "Failed to open PTY"
						  : FAILED "Failed to spawn command");
	hws_info("terminal.not_opened", HWS_STR("who", v->who), HWS_STR("text", err->text),
			HWS_ERR("why", r));
}

static uint16_t side(uint32_t n, uint16_t otherwise)
{
	return n ? (uint16_t)HWS_MIN(n, HWS_PTY_SIDE_MAX) : otherwise;
}

static void open_new(struct terminal_host *h, struct hws_host_viewer *v, const Ses__OpenTerminal *o)
{
	struct hws_shell_conf conf = {
		.id = o->terminal_id, .columns = side(o->cols, 80), .rows = side(o->rows, 24)
	};
	struct hws_wishes wishes = { 0 };
	struct hws_error err = { 0 };
	struct hws_shell *s = NULL;
	int r = HWS_OK;

	if (hws_reply_extended(v)) {
		r = hws_wishes_read(o, &wishes, &err);
		conf.argv = (const char *const *)wishes.argv;
		conf.env = (const char *const *)wishes.env;
		conf.term = wishes.term;
		conf.pipes = o->no_pty;
	}
	if (r == HWS_OK)
		r = hws_keep_open(h->seat[v->slot].group, v, &conf, &s, &err);
	hws_wishes_done(&wishes);
	if (r < 0) {
		say_failed(v, o->terminal_id, r, &err);
		return;
	}
	s->keep = hws_reply_extended(v) && o->keep;
	hws_shell_attach(s, v, hws_reply_extended(v) ? o->window : 0, 0);
	say_opened(h, v, s, "Terminal opened", false);
	hws_shell_begin(s);
}

static void on_open(struct terminal_host *h, struct hws_host_viewer *v, const Ses__OpenTerminal *o)
{
	struct seat *seat = &h->seat[v->slot];
	struct hws_shell *s = hws_keep_find(seat->group, o->terminal_id);

	if (!s && !hws_reply_extended(v) && !seat->synced) {
		/* deployed viewers number their tabs anew */
		s = hws_keep_lowest(seat->group, v);
		if (s)
			s->id = o->terminal_id;
	}
	if (s && s->ended && !hws_reply_extended(v)) {
		hws_keep_close(s, hws_shell_status(s));
		s = NULL;
	}
	if (s)
		attach(h, v, s, o);
	else if (hws_reply_extended(v) && o->attach)
		hws_reply_error(v, o->terminal_id,
				"There is no such terminal at this host any more.");
	else
		open_new(h, v, o);
}

/* --- the other messages --- */

/* One that this viewer sees; of others it hears by `open` only. */
static struct hws_shell *seen(struct terminal_host *h, struct hws_host_viewer *v, int32_t id)
{
	struct hws_shell *s = hws_keep_find(h->seat[v->slot].group, id);

	return s && s->viewer == v ? s : NULL;
}

static void on_data(struct terminal_host *h, struct hws_host_viewer *v, const Ses__TerminalData *d)
{
	struct hws_shell *s = seen(h, v, d->terminal_id);

	if (!s)
		return;
	if (d->data.len)
		hws_shell_input(s, hws_bytes(d->data.data, d->data.len));
	if (d->eof && hws_reply_extended(v))
		hws_shell_end_input(s);
}

static void on_list(struct terminal_host *h, struct hws_host_viewer *v)
{
	Ses__TerminalInfo info[OTHERS_MAX], *ptr[OTHERS_MAX];
	Ses__TerminalList list = SES__TERMINAL_LIST__INIT;
	uint64_t now = hws_loop_now_us(h->env.loop);
	struct hws_list *n;

	hws_list_for (n, &h->seat[v->slot].group->shells) {
		struct hws_shell *s = hws_container(n, struct hws_shell, node);
		Ses__TerminalInfo *i = &info[list.n_info];

		if (s->ended || list.n_info == OTHERS_MAX)
			continue;
		ses__terminal_info__init(i);
		i->terminal_id = s->id;
		i->pid = s->pty->pid;
		i->command = s->command;
		hws_shell_catch_up(s);
		i->title = (char *)(uintptr_t)hws_shell_title(s);
		i->started_s = s->opened_unix_s;
		i->attached = s->viewer != NULL;
		i->rows = s->rows;
		i->cols = s->columns;
		i->idle_s = (uint32_t)((now - s->active_us) / HWS_US_PER_S);
		ptr[list.n_info++] = i;
	}
	list.info = ptr;
	hws_reply_list(v, &list);
}

static void on_kill(struct terminal_host *h, struct hws_host_viewer *v, int32_t id)
{
	struct hws_shell *s = hws_keep_find(h->seat[v->slot].group, id);

	if (!s) {
		hws_reply_error(v, id, "There is no such terminal at this host any more.");
		return;
	}
	hws_keep_close(s, -1);
	on_list(h, v);
}

/* What only hawser viewers say. */
static bool on_extended(
		struct terminal_host *h, struct hws_host_viewer *v, const Ses__TerminalAction *a)
{
	struct hws_shell *s;

	if (!hws_reply_extended(v))
		return false;
	switch (a->union_case) {
	case SES__TERMINAL_ACTION__UNION_ACK:
		s = seen(h, v, a->ack->terminal_id);
		if (s)
			hws_shell_ack(s, a->ack->position);
		return true;
	case SES__TERMINAL_ACTION__UNION_LIST:
		on_list(h, v);
		return true;
	case SES__TERMINAL_ACTION__UNION_KILL:
		on_kill(h, v, a->kill->terminal_id);
		return true;
	case SES__TERMINAL_ACTION__UNION_SIGNAL:
		s = seen(h, v, a->signal->terminal_id);
		if (s)
			hws_shell_signal(s, a->signal->number);
		return true;
	default:
		return false;
	}
}

static bool on_message(
		struct hws_host_service *base, struct hws_host_viewer *v, const Ses__Message *m)
{
	struct terminal_host *h = of(base);
	const Ses__TerminalAction *a = m->terminal_action;
	struct hws_shell *s;

	if (m->union_case != SES__MESSAGE__UNION_TERMINAL_ACTION || !h->seat[v->slot].group)
		return false;
	switch (a->union_case) {
	case SES__TERMINAL_ACTION__UNION_OPEN:
		on_open(h, v, a->open);
		return true;
	case SES__TERMINAL_ACTION__UNION_DATA:
		on_data(h, v, a->data);
		return true;
	case SES__TERMINAL_ACTION__UNION_RESIZE:
		s = seen(h, v, a->resize->terminal_id);
		if (s)
			hws_shell_resize(s, a->resize->cols, a->resize->rows);
		return true;
	case SES__TERMINAL_ACTION__UNION_CLOSE:
		s = seen(h, v, a->close->terminal_id);
		if (s)
			hws_keep_close(s, s->ended ? hws_shell_status(s) : -1);
		return true;
	default:
		return on_extended(h, v, a);
	}
}

/* --- viewers --- */

static void on_opening(struct hws_host_service *base, struct hws_host_viewer *v,
		const Ses__LoginRequest *login)
{
	struct terminal_host *h = of(base);
	struct seat *seat = &h->seat[v->slot];
	const char *id = login->union_case == SES__LOGIN_REQUEST__UNION_TERMINAL
			? login->terminal->service_id
			: "";
	int r = hws_keep_enter(&h->keep, v, id, &seat->group);

	seat->synced = false;
	if (r == HWS_OK) {
		v->opened(v, NULL, -1);
		return;
	}
	seat->group = NULL;
	hws_info("terminal.refused", HWS_STR("who", v->who), HWS_ERR("why", r));
	v->opened(v,
			r == HWS_ERR_DENIED
					? MISMATCH
					: "Too many terminal services are kept at this host: end one "
					  "first",
			-1);
}

static void on_join(struct hws_host_service *base HWS_UNUSED, struct hws_host_viewer *v HWS_UNUSED)
{
}

static void on_leave(struct hws_host_service *base, struct hws_host_viewer *v)
{
	struct terminal_host *h = of(base);
	struct seat *seat = &h->seat[v->slot];

	if (!seat->group)
		return;
	hws_keep_leave(seat->group, v);
	seat->group = NULL;
}

/* Who may not have terminals any more leaves none behind. */
static void on_update(struct hws_host_service *base, struct hws_host_viewer *v)
{
	struct terminal_host *h = of(base);

	if (h->seat[v->slot].group && !hws_host_viewer_may(v, HWS_PERM_TERMINAL))
		hws_keep_end_all(h->seat[v->slot].group, v);
}

static void on_option(struct hws_host_service *base, struct hws_host_viewer *v,
		const Ses__OptionMessage *o)
{
	struct hws_keep_group *g = of(base)->seat[v->slot].group;

	if (g && o->terminal_persistent != SES__OPTION_MESSAGE__BOOL_OPTION__NotSet)
		g->persistent = o->terminal_persistent == SES__OPTION_MESSAGE__BOOL_OPTION__Yes;
}

static void on_drained(
		struct hws_host_service *base, struct hws_host_viewer *v, enum hws_send_class cls)
{
	struct hws_keep_group *g = of(base)->seat[v->slot].group;
	struct hws_list *n, *tmp;

	if (!g || cls != hws_channel_class(HWS_CHANNEL_TERMINAL))
		return;
	hws_list_for_safe (n, tmp, &g->shells) {
		struct hws_shell *s = hws_container(n, struct hws_shell, node);
		if (s->viewer == v)
			hws_shell_drained(s);
	}
}

static void on_describe(struct hws_host_service *base HWS_UNUSED, Ses__PeerInfo *info)
{
	if (info->features)
		info->features->terminal = true;
}

/* --- life --- */

static int terminal_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	struct terminal_host *h = hws_alloc(sizeof(*h));

	if (!h)
		return HWS_ERR_NOMEM;
	h->service.impl = &hws_terminal_host_service;
	h->env = *env;
	int r = hws_keep_init(&h->keep, &h->env);
	if (r < 0) {
		hws_free(h);
		return r;
	}
	*ret = &h->service;
	return HWS_OK;
}

static void terminal_free(struct hws_host_service *base)
{
	struct terminal_host *h = of(base);

	hws_keep_done(&h->keep);
	hws_free(h);
}

const struct hws_host_service_impl hws_terminal_host_service = {
	.id = HWS_SERVICE_TERMINAL,
	.name = "terminal",
	.kinds = HWS_KIND_BIT(HWS_KIND_TERMINAL),
	.opens = HWS_KIND_BIT(HWS_KIND_TERMINAL),
	.new = terminal_new,
	.free = terminal_free,
	.join = on_join,
	.leave = on_leave,
	.update = on_update,
	.option = on_option,
	.message = on_message,
	.drained = on_drained,
	.describe = on_describe,
	.open = on_opening,
};
