/* Opening and closing of terminals, what becomes of them when the link is made anew, and what the
 * host says of them. Of deployed hosts nothing is asked that they do not know: they would take a
 * command for a login shell, and what is typed next for its input. */
#include "client/services/terminal/terminal_view.h"
#include "client/core/readable_text.h"
#include "client/services/terminal/terminal_view_parts.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include <stdio.h>

#define ANSWER_US (30 * HWS_US_PER_S)
#define SIDE_MAX 1000u
#define LIST_MAX 1024u
#define SERVICE_ID_MAX 200u

/* --- the table -------------------------------------------------------------------------------- */

struct hws_terminal *hws_terminal_find(struct hws_terminal_view *tv, int id)
{
	for (size_t i = 0; i < HWS_TERMINALS_MAX; i++)
		if (tv->terminal[i].state != HWS_TERMINAL_FREE && tv->terminal[i].id == id)
			return &tv->terminal[i];
	return NULL;
}

static struct hws_terminal *free_slot(struct hws_terminal_view *tv)
{
	for (size_t i = 0; i < HWS_TERMINALS_MAX; i++)
		if (tv->terminal[i].state == HWS_TERMINAL_FREE)
			return &tv->terminal[i];
	return NULL;
}

static void release(struct hws_terminal_view *tv, struct hws_terminal *t)
{
	unsigned generation = t->generation + 1;

	tv->here -= t->here;
	hws_buf_done_wiped(&t->input); /* passwords are typed, too */
	*t = (struct hws_terminal){ .generation = generation };
	hws_terminal_hold(tv);
}

void hws_terminal_gone(struct hws_terminal_view *tv, struct hws_terminal *t,
		const struct hws_terminal_closed *c)
{
	int id = t->id;

	release(tv, t);
	tv->conf.on_closed(id, c, tv->conf.arg);
}

bool hws_terminal_counts(const struct hws_terminal_view *tv)
{
	return hws_viewer_level(tv->service.viewer) == HWS_LEVEL_V2;
}

int hws_terminal_send(struct hws_terminal_view *tv, Ses__TerminalAction *a)
{
	Ses__Message m = SES__MESSAGE__INIT;

	if (!tv->service.viewer || !hws_viewer_may(tv->service.viewer, &tv->service))
		return HWS_ERR_DENIED;
	m.union_case = SES__MESSAGE__UNION_TERMINAL_ACTION;
	m.terminal_action = a;
	return hws_viewer_send(tv->service.viewer, &m);
}

/* --- opening ---------------------------------------------------------------------------------- */

static bool is_side(unsigned n)
{
	return n >= 1 && n <= SIDE_MAX;
}

static int check_wish(const struct hws_terminal_wish *w)
{
	size_t bytes = 0;

	if (w->id < 1 || !is_side(w->rows) || !is_side(w->cols) ||
			w->argc > HWS_TERMINAL_ARGS_MAX || w->env_count > HWS_TERMINAL_ENV_MAX)
		return HWS_ERR_INVAL;
	for (size_t i = 0; i < w->argc; i++)
		bytes += strlen(w->argv[i]) + 1;
	for (size_t i = 0; i < w->env_count; i++) {
		if (!strchr(w->env[i], '=') || w->env[i][0] == '=')
			return HWS_ERR_INVAL;
		bytes += strlen(w->env[i]) + 1;
	}
	if (bytes > HWS_TERMINAL_ARG_BYTES || (w->argc && !w->argv[0][0]))
		return HWS_ERR_INVAL;
	return w->attach && (w->argc || w->no_pty) ? HWS_ERR_INVAL : HWS_OK;
}

static void put_list(ProtobufCBinaryData *list, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		list[i].data = (uint8_t *)(uintptr_t)texts[i];
		list[i].len = strlen(texts[i]);
	}
}

static int send_open(struct hws_terminal_view *tv, struct hws_terminal *t,
		const struct hws_terminal_wish *w, bool again)
{
	ProtobufCBinaryData argv[HWS_TERMINAL_ARGS_MAX], env[HWS_TERMINAL_ENV_MAX];
	Ses__OpenTerminal o = SES__OPEN_TERMINAL__INIT;
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;

	o.terminal_id = t->id;
	o.rows = t->rows;
	o.cols = t->cols;
	if (t->counts) {
		put_list(argv, w->argv, w->argc);
		put_list(env, w->env, w->env_count);
		o.argv = argv;
		o.n_argv = w->argc;
		o.env = env;
		o.n_env = w->env_count;
		o.term = (char *)(uintptr_t)(w->term ? w->term : "");
		o.no_pty = t->no_pty;
		o.attach = w->attach || again;
		o.window = HWS_TERMINAL_WINDOW;
		o.output_seen = again ? t->received : 0;
		o.keep = t->keep;
	}
	a.union_case = SES__TERMINAL_ACTION__UNION_OPEN;
	a.open = &o;
	int r = hws_terminal_send(tv, &a);
	if (r == HWS_OK) {
		t->state = HWS_TERMINAL_ASKED;
		t->asked_us = tv->now_us;
	}
	return r;
}

int hws_terminal_view_open(struct hws_terminal_view *tv, const struct hws_terminal_wish *w)
{
	struct hws_terminal *t;
	int r = check_wish(w);

	if (r < 0)
		return r;
	if (hws_terminal_find(tv, w->id))
		return HWS_ERR_EXISTS;
	if (!tv->service.viewer || !hws_viewer_may(tv->service.viewer, &tv->service))
		return HWS_ERR_DENIED;
	if (!hws_terminal_counts(tv) && (w->argc || w->no_pty || w->attach))
		return HWS_ERR_UNSUPPORTED;
	t = free_slot(tv);
	if (!t)
		return HWS_ERR_FULL;
	t->id = w->id;
	t->rows = w->rows;
	t->cols = w->cols;
	t->keep = w->keep;
	t->no_pty = w->no_pty;
	t->counts = hws_terminal_counts(tv);
	hws_buf_init(&t->input, HWS_TERMINAL_INPUT_ROOM);
	r = send_open(tv, t, w, false);
	if (r < 0)
		release(tv, t);
	return r;
}

/* After a cut. A deployed host has it only if it was asked to keep it. */
static void open_again(struct hws_terminal_view *tv, struct hws_terminal *t)
{
	const struct hws_terminal_wish plain = { 0 };

	if (t->counts != hws_terminal_counts(tv) || (!t->counts && !t->keep) || !t->was_open) {
		hws_terminal_gone(tv, t,
				&(struct hws_terminal_closed){ .err = HWS_ERR_EOF,
						.text = "the line was cut, and the host does not keep "
							"this terminal" });
		return;
	}
	if (!hws_terminal_settled(tv, t))
		return; /* how much of it has come is not known yet; the tick tries again */
	if (send_open(tv, t, &plain, true) < 0)
		hws_terminal_gone(tv, t,
				&(struct hws_terminal_closed){ .err = HWS_ERR_NOMEM,
						.text = "the terminal could not be asked for again" });
}

static void open_lost(struct hws_terminal_view *tv)
{
	for (size_t i = 0; i < HWS_TERMINALS_MAX; i++)
		if (tv->terminal[i].state == HWS_TERMINAL_LOST)
			open_again(tv, &tv->terminal[i]);
}

/* --- what the owner asks for ------------------------------------------------------------------ */

static int send_resize(struct hws_terminal_view *tv, struct hws_terminal *t)
{
	Ses__ResizeTerminal z = SES__RESIZE_TERMINAL__INIT;
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;

	z.terminal_id = t->id;
	z.rows = t->rows;
	z.cols = t->cols;
	a.union_case = SES__TERMINAL_ACTION__UNION_RESIZE;
	a.resize = &z;
	return hws_terminal_send(tv, &a);
}

int hws_terminal_view_resize(struct hws_terminal_view *tv, int id, uint16_t rows, uint16_t cols)
{
	struct hws_terminal *t = hws_terminal_find(tv, id);

	if (!t)
		return HWS_ERR_NOTFOUND;
	if (!is_side(rows) || !is_side(cols))
		return HWS_ERR_INVAL;
	t->rows = rows;
	t->cols = cols;
	return t->state == HWS_TERMINAL_OPEN ? send_resize(tv, t) : HWS_OK; /* told when it opens */
}

int hws_terminal_view_close(struct hws_terminal_view *tv, int id)
{
	struct hws_terminal *t = hws_terminal_find(tv, id);
	Ses__CloseTerminal c = SES__CLOSE_TERMINAL__INIT;
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;

	if (!t)
		return HWS_ERR_NOTFOUND;
	c.terminal_id = id;
	a.union_case = SES__TERMINAL_ACTION__UNION_CLOSE;
	a.close = &c;
	return hws_terminal_send(tv, &a);
}

int hws_terminal_view_signal(struct hws_terminal_view *tv, int id, unsigned number)
{
	struct hws_terminal *t = hws_terminal_find(tv, id);
	Ses__SignalTerminal s = SES__SIGNAL_TERMINAL__INIT;
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;

	if (!t)
		return HWS_ERR_NOTFOUND;
	if (!t->counts)
		return HWS_ERR_UNSUPPORTED;
	s.terminal_id = id;
	s.number = number;
	a.union_case = SES__TERMINAL_ACTION__UNION_SIGNAL;
	a.signal = &s;
	return hws_terminal_send(tv, &a);
}

static int need_counts(const struct hws_terminal_view *tv)
{
	if (!tv->service.viewer || !hws_viewer_may(tv->service.viewer, &tv->service))
		return HWS_ERR_DENIED;
	return hws_terminal_counts(tv) ? HWS_OK : HWS_ERR_UNSUPPORTED;
}

int hws_terminal_view_list(struct hws_terminal_view *tv)
{
	Ses__ListTerminals l = SES__LIST_TERMINALS__INIT;
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;
	int r = need_counts(tv);

	if (r < 0)
		return r;
	a.union_case = SES__TERMINAL_ACTION__UNION_LIST;
	a.list = &l;
	return hws_terminal_send(tv, &a);
}

int hws_terminal_view_kill(struct hws_terminal_view *tv, int id)
{
	Ses__KillTerminal k = SES__KILL_TERMINAL__INIT;
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;
	int r = need_counts(tv);

	if (r < 0)
		return r;
	k.terminal_id = id;
	a.union_case = SES__TERMINAL_ACTION__UNION_KILL;
	a.kill = &k;
	return hws_terminal_send(tv, &a);
}

/* --- what the host says ----------------------------------------------------------------------- */

/* Where counting goes on. False: the host has lost count. */
static bool take_positions(
		struct hws_terminal_view *tv, struct hws_terminal *t, const Ses__TerminalOpened *o)
{
	if (!t->counts)
		return true;
	t->window = o->window;
	if (!t->started) {
		t->confirmed = t->sent = o->input_taken;
		t->received = t->taken = t->acked = o->output_position;
		t->started = true;
		return true;
	}
	if (o->input_taken < t->confirmed ||
			o->input_taken - t->confirmed > hws_buf_len(&t->input) ||
			o->output_position < t->received)
		return false;
	/* What was on its way when the line was cut arrived as far as it says; the rest goes
	 * again. */
	t->sent = HWS_MAX(t->sent, o->input_taken);
	if (!hws_terminal_confirm(tv, t, o->input_taken))
		return false;
	t->sent = o->input_taken;
	t->end_sent = false;
	/* With a picture of the screen in between, what came while nobody looked is not sent. */
	t->taken += o->output_position - t->received;
	t->received = o->output_position;
	t->acked = t->received;
	return true;
}

static void on_opened(struct hws_terminal_view *tv, const Ses__TerminalOpened *o)
{
	struct hws_terminal *t = hws_terminal_find(tv, o->terminal_id);
	char text[300];
	bool again;

	hws_readable_text(text, sizeof(text), hws_bytes_str(o->message));
	if (!t || t->state != HWS_TERMINAL_ASKED)
		return;
	if (!o->success) {
		hws_terminal_gone(tv, t,
				&(struct hws_terminal_closed){
						.err = HWS_ERR_DENIED, .text = text });
		return;
	}
	if (*o->service_id && strlen(o->service_id) <= SERVICE_ID_MAX)
		tv->conf.on_service(o->service_id, tv->conf.arg);
	again = t->was_open;
	if (!take_positions(tv, t, o)) {
		hws_terminal_gone(tv, t,
				&(struct hws_terminal_closed){ .err = HWS_ERR_PROTO,
						.text = "the host has lost count of what was typed" });
		return;
	}
	t->state = HWS_TERMINAL_OPEN;
	t->was_open = true;
	t->replaying = o->replay_terminal_output && !t->counts;
	t->filter = (struct hws_replay_filter){ 0 };
	tv->conf.on_opened(t->id,
			&(struct hws_terminal_opened){ .pid = o->pid,
					.again = again,
					.old = o->replay_terminal_output ||
							strncmp(o->message, "Reconnected", 11) == 0,
					.counts = t->counts,
					.text = text,
					.others = o->persistent_sessions,
					.other_count = HWS_MIN(
							o->n_persistent_sessions, LIST_MAX) },
			tv->conf.arg);
	if (t->state != HWS_TERMINAL_OPEN)
		return; /* the owner was faster */
	/* The size may have changed meanwhile, and deployed hosts take none with an open of one
	 * that they have. */
	if (send_resize(tv, t) < 0)
		return; /* the link is gone again */
	hws_terminal_send_input(tv, t);
}

/* Deployed hosts do not say which: the one that was asked for first. */
static struct hws_terminal *oldest_asked(struct hws_terminal_view *tv)
{
	struct hws_terminal *found = NULL;

	for (size_t i = 0; i < HWS_TERMINALS_MAX; i++) {
		struct hws_terminal *t = &tv->terminal[i];
		if (t->state == HWS_TERMINAL_ASKED && (!found || t->asked_us < found->asked_us))
			found = t;
	}
	return found;
}

static void on_error(struct hws_terminal_view *tv, const Ses__TerminalError *e)
{
	struct hws_terminal *t =
			e->terminal_id ? hws_terminal_find(tv, e->terminal_id) : oldest_asked(tv);
	char text[400];

	hws_readable_text(text, sizeof(text), hws_bytes_str(e->message));
	if (!t)
		return;
	hws_terminal_gone(tv, t,
			&(struct hws_terminal_closed){ .err = t->was_open && t->counts
							? HWS_ERR_EOF
							: HWS_ERR_DENIED,
					.text = *text ? text : "the host gave no reason" });
}

static void on_closed(struct hws_terminal_view *tv, const Ses__TerminalClosed *c)
{
	struct hws_terminal *t = hws_terminal_find(tv, c->terminal_id);

	if (t)
		hws_terminal_ends(tv, t, c->exit_code, t->counts ? c->signal : 0);
}

static void on_ack(struct hws_terminal_view *tv, const Ses__TerminalAck *ack)
{
	struct hws_terminal *t = hws_terminal_find(tv, ack->terminal_id);

	if (t && t->counts && t->state == HWS_TERMINAL_OPEN &&
			hws_terminal_confirm(tv, t, ack->position))
		hws_terminal_send_input(tv, t);
}

static void on_list(struct hws_terminal_view *tv, const Ses__TerminalList *l)
{
	size_t n = HWS_MIN(l->n_info, LIST_MAX);
	struct hws_terminal_item *item = hws_alloc_array(n + 1, sizeof(*item));
	struct {
		char command[256], title[256];
	} *text = hws_alloc_array(n + 1, sizeof(*text));

	for (size_t i = 0; item && text && i < n; i++) {
		const Ses__TerminalInfo *x = l->info[i];
		item[i] = (struct hws_terminal_item){ .id = x->terminal_id,
			.pid = x->pid,
			.rows = x->rows,
			.cols = x->cols,
			.idle_s = x->idle_s,
			.started_s = x->started_s,
			.attached = x->attached,
			.command = hws_readable_text(text[i].command, sizeof(text[i].command),
					hws_bytes_str(x->command)),
			.title = hws_readable_text(text[i].title, sizeof(text[i].title),
					hws_bytes_str(x->title)) };
	}
	tv->conf.on_list(item, item && text ? n : 0, tv->conf.arg);
	hws_free(item);
	hws_free(text);
}

static bool on_message(struct hws_service *service, Ses__Message *m)
{
	struct hws_terminal_view *tv = hws_terminal_view_of(service);
	const Ses__TerminalResponse *r = m->terminal_response;

	if (m->union_case != SES__MESSAGE__UNION_TERMINAL_RESPONSE)
		return false;
	switch (r->union_case) {
	case SES__TERMINAL_RESPONSE__UNION_OPENED:
		on_opened(tv, r->opened);
		break;
	case SES__TERMINAL_RESPONSE__UNION_DATA:
		hws_terminal_on_data(tv, r->data);
		break;
	case SES__TERMINAL_RESPONSE__UNION_CLOSED:
		on_closed(tv, r->closed);
		break;
	case SES__TERMINAL_RESPONSE__UNION_ERROR:
		on_error(tv, r->error);
		break;
	case SES__TERMINAL_RESPONSE__UNION_ACK:
		on_ack(tv, r->ack);
		break;
	case SES__TERMINAL_RESPONSE__UNION_LIST:
		if (hws_terminal_counts(tv))
			on_list(tv, r->list);
		break;
	default:
		break;
	}
	return false;
}

/* --- the life of the link --------------------------------------------------------------------- */

static void on_open(struct hws_service *service)
{
	struct hws_terminal_view *tv = hws_terminal_view_of(service);

	if (tv->held)
		tv->conf.hold(true, tv->conf.arg); /* of the new link, too */
	open_lost(tv);
}

static void on_drained(struct hws_service *service)
{
	struct hws_terminal_view *tv = hws_terminal_view_of(service);

	for (size_t i = 0; i < HWS_TERMINALS_MAX; i++)
		if (tv->terminal[i].state == HWS_TERMINAL_OPEN)
			hws_terminal_send_input(tv, &tv->terminal[i]);
}

static void on_tick(struct hws_service *service, uint64_t now_us)
{
	struct hws_terminal_view *tv = hws_terminal_view_of(service);

	for (size_t i = 0; i < HWS_TERMINALS_MAX; i++) {
		struct hws_terminal *t = &tv->terminal[i];
		if (t->state != HWS_TERMINAL_ASKED)
			continue;
		if (t->asked_us == 0)
			t->asked_us = now_us;
		if (now_us - HWS_MIN(t->asked_us, now_us) > ANSWER_US)
			hws_terminal_gone(tv, t,
					&(struct hws_terminal_closed){ .err = HWS_ERR_TIMEOUT,
							.text = "the host did not open the terminal "
								"in time" });
	}
	tv->now_us = now_us;
	open_lost(tv);
}

static void on_close(struct hws_service *service)
{
	struct hws_terminal_view *tv = hws_terminal_view_of(service);

	for (size_t i = 0; i < HWS_TERMINALS_MAX; i++)
		if (tv->terminal[i].state != HWS_TERMINAL_FREE)
			tv->terminal[i].state = HWS_TERMINAL_LOST;
}

static void on_free(struct hws_service *service)
{
	hws_terminal_view_free(hws_terminal_view_of(service));
}

static const struct hws_service_impl impl = {
	.id = HWS_SERVICE_TERMINAL,
	.name = "terminal",
	.kinds = HWS_KIND_BIT(HWS_KIND_TERMINAL),
	.open = on_open,
	.on_message = on_message,
	.drained = on_drained,
	.tick = on_tick,
	.close = on_close,
	.free = on_free,
};

int hws_terminal_view_new(const struct hws_terminal_view_conf *conf, struct hws_terminal_view **ret)
{
	struct hws_terminal_view *tv = hws_alloc(sizeof(*tv));

	if (!tv)
		return HWS_ERR_NOMEM;
	tv->service.impl = &impl;
	tv->conf = *conf;
	hws_list_init(&tv->chunks);
	*ret = tv;
	return HWS_OK;
}

void hws_terminal_view_free(struct hws_terminal_view *tv)
{
	if (!tv)
		return;
	hws_confined_cancel(tv->conf.decoder, tv);
	hws_terminal_drop_chunks(tv);
	for (size_t i = 0; i < HWS_TERMINALS_MAX; i++)
		hws_buf_done_wiped(&tv->terminal[i].input);
	hws_free(tv);
}

struct hws_service *hws_terminal_view_service(struct hws_terminal_view *tv)
{
	return &tv->service;
}

struct hws_terminal_view *hws_terminal_view_of(struct hws_service *s)
{
	return hws_container(s, struct hws_terminal_view, service);
}
