/* Everything that a viewer is told is added up, so that a test can say what must have come, and
 * nothing else. */
#include "term_desk.h"
#include "client/platform/headless/doubles.h"
#include "client/platform/unix/unix_pty.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/wire/compress.h"
#include "shared/wire/envelope.h"
#include <stdlib.h>
#include <string.h>

struct hws_loop *term_loop;
struct hws_host_set *term_set;
struct term_viewer term_viewer[TERM_VIEWERS];
struct hws_service_conf term_conf;
unsigned term_kept, term_audits;
char term_audit[300];
static struct hws_platform platform;
static bool is_kernel;
static struct hws_host_env env;

static struct term_viewer *of(struct hws_host_viewer *v)
{
	return hws_container(v, struct term_viewer, v);
}

/* --- what it is told --- */

static void append(char *to, size_t size, size_t *len, struct hws_bytes b)
{
	ck_assert_uint_lt(*len + b.len, size);
	if (b.len)
		memcpy(to + *len, b.ptr, b.len);
	*len += b.len;
	to[*len] = 0;
}

static void take_data(struct term_viewer *t, const Ses__TerminalData *d)
{
	struct hws_bytes b = hws_bytes(d->data.data, d->data.len);
	struct hws_buf plain;

	hws_buf_init(&plain, 1u << 20);
	if (d->compressed) {
		ck_assert_int_eq(hws_decompress(b, 1u << 20, &plain), HWS_OK);
		ck_assert_uint_lt(b.len, hws_buf_len(&plain));
		b = hws_buf_bytes(&plain);
		t->packed++;
	}
	t->messages++;
	t->largest = HWS_MAX(t->largest, b.len);
	if (d->replay) {
		append(t->replay, sizeof(t->replay), &t->replay_len, b);
	} else {
		t->position += d->skipped + b.len;
		t->skipped += d->skipped;
		if (d->errors)
			append(t->errors, sizeof(t->errors), &t->errors_len, b);
		else
			append(t->text, sizeof(t->text), &t->len, b);
		t->eofs += d->eof && !d->errors;
		t->error_eofs += d->eof && d->errors;
	}
	hws_buf_done(&plain);
}

static void take_opened(struct term_viewer *t, const Ses__TerminalOpened *o)
{
	t->opened++;
	t->opened_id = o->terminal_id;
	t->position = o->output_position;
	t->input_taken = o->input_taken;
	t->replayed = o->replay_terminal_output;
	ck_assert(o->success);
	ck_assert_int_eq(hws_str_copy(t->service, sizeof(t->service), o->service_id), HWS_OK);
	ck_assert_int_eq(hws_str_copy(t->message, sizeof(t->message), o->message), HWS_OK);
	ck_assert_uint_le(o->n_persistent_sessions, HWS_COUNT(t->others));
	t->other_count = o->n_persistent_sessions;
	if (t->other_count)
		memcpy(t->others, o->persistent_sessions, t->other_count * sizeof(t->others[0]));
}

static void take_list(struct term_viewer *t, const Ses__TerminalList *l)
{
	t->lists++;
	t->info_count = l->n_info;
	for (size_t i = 0; i < l->n_info && i < HWS_COUNT(t->info); i++) {
		t->info[i] = *l->info[i];
		ck_assert_int_eq(hws_str_copy(t->title, sizeof(t->title), l->info[i]->title),
				HWS_OK);
		ck_assert_int_eq(hws_str_copy(t->command, sizeof(t->command), l->info[i]->command),
				HWS_OK);
	}
}

static int send_parts(struct hws_host_viewer *v, const struct hws_session_row *row HWS_UNUSED,
		struct hws_bytes head, struct hws_bytes rest)
{
	struct term_viewer *t = of(v);
	Ses__Message *m = NULL;

	ck_assert_uint_eq(rest.len, 0);
	ck_assert_int_eq(hws_ses_unpack(head, &m), HWS_OK);
	ck_assert_int_eq(m->union_case, SES__MESSAGE__UNION_TERMINAL_RESPONSE);
	const Ses__TerminalResponse *r = m->terminal_response;
	switch (r->union_case) {
	case SES__TERMINAL_RESPONSE__UNION_OPENED:
		take_opened(t, r->opened);
		break;
	case SES__TERMINAL_RESPONSE__UNION_DATA:
		take_data(t, r->data);
		break;
	case SES__TERMINAL_RESPONSE__UNION_CLOSED:
		t->closed++;
		t->closed_id = r->closed->terminal_id;
		t->code = r->closed->exit_code;
		t->signal = r->closed->signal;
		break;
	case SES__TERMINAL_RESPONSE__UNION_ERROR:
		t->failed++;
		t->error_id = r->error->terminal_id;
		ck_assert_int_eq(hws_str_copy(t->error, sizeof(t->error), r->error->message),
				HWS_OK);
		break;
	case SES__TERMINAL_RESPONSE__UNION_ACK:
		t->acked = r->ack->position;
		break;
	case SES__TERMINAL_RESPONSE__UNION_LIST:
		take_list(t, r->list);
		break;
	default:
		ck_abort();
	}
	hws_ses_free(m);
	return HWS_OK;
}

static bool congested(const struct hws_host_viewer *v, enum hws_send_class cls HWS_UNUSED)
{
	return hws_container((struct hws_host_viewer *)(uintptr_t)v, struct term_viewer, v)->choked;
}

static void opened(struct hws_host_viewer *v, const char *error, int fd)
{
	struct term_viewer *t = of(v);

	ck_assert_int_eq(fd, -1);
	t->in = !error;
	ck_assert_int_eq(hws_str_copy(t->refused, sizeof(t->refused), error ? error : ""), HWS_OK);
}

/* --- the host --- */

static void on_audit(const struct hws_audit_event *e, void *arg HWS_UNUSED)
{
	term_audits++;
	ck_assert_int_eq(hws_fmt(term_audit, sizeof(term_audit), "%s %.*s %.*s", e->what,
					 (int)e->path.len, (const char *)e->path.ptr,
					 (int)e->second.len, (const char *)e->second.ptr),
			HWS_OK);
}

static void on_keep(unsigned count, void *arg HWS_UNUSED)
{
	term_kept = count;
}

static const struct hws_host_service_impl *const list[] = { &hws_terminal_host_service, NULL };

void term_setup(bool kernel)
{
	memset(term_viewer, 0, sizeof(term_viewer));
	term_kept = term_audits = 0;
	is_kernel = kernel;
	setenv("HOME", "/nonexistent", 1);
	ck_assert_int_eq(hws_loop_new(&term_loop), HWS_OK);
	platform = (struct hws_platform){ 0 };
	if (kernel)
		ck_assert_int_eq(hws_unix_ptys_new(term_loop, &platform.ptys), HWS_OK);
	else
		ck_assert_int_eq(hl_ptys_new(term_loop, &platform.ptys), HWS_OK);
	term_conf = (struct hws_service_conf){ .terminal_max = 8,
		.terminal_keep_us = 3600ull * HWS_US_PER_S };
	env = (struct hws_host_env){ .loop = term_loop,
		.platform = &platform,
		.conf = &term_conf,
		.on_audit = on_audit,
		.on_keep = on_keep };
	ck_assert_int_eq(hws_host_set_new(list, &env, &term_set), HWS_OK);
	for (unsigned i = 0; i < TERM_VIEWERS; i++) {
		struct hws_host_viewer *v = &term_viewer[i].v;
		v->slot = i;
		v->kind = HWS_KIND_TERMINAL;
		v->permissions = HWS_NEED(HWS_PERM_TERMINAL);
		v->send_parts = send_parts;
		v->congested = congested;
		v->opened = opened;
		memcpy(v->who, "Tester", 7);
	}
}

void term_teardown(void)
{
	hws_host_set_free(term_set);
	if (is_kernel)
		hws_unix_ptys_free(platform.ptys);
	else
		hl_ptys_free(platform.ptys);
	hws_loop_free(term_loop);
}

/* --- what viewers do --- */

bool term_login(unsigned i, enum hws_secure_level level, const char *service, bool persistent)
{
	Ses__LoginRequest login = SES__LOGIN_REQUEST__INIT;
	Ses__Terminal terminal = SES__TERMINAL__INIT;
	Ses__OptionMessage option = SES__OPTION_MESSAGE__INIT;
	struct term_viewer *t = &term_viewer[i];
	char id[80];

	ck_assert_int_eq(hws_str_copy(id, sizeof(id), service), HWS_OK);
	terminal.service_id = id;
	login.union_case = SES__LOGIN_REQUEST__UNION_TERMINAL;
	login.terminal = &terminal;
	option.terminal_persistent = persistent ? SES__OPTION_MESSAGE__BOOL_OPTION__Yes
						: SES__OPTION_MESSAGE__BOOL_OPTION__No;
	t->v.level = level;
	t->len = t->errors_len = t->replay_len = 0;
	t->text[0] = t->errors[0] = t->replay[0] = 0;
	t->in = false;
	hws_host_set_open(term_set, &t->v, &login);
	if (t->in)
		hws_host_set_join(term_set, &t->v, &option);
	return t->in;
}

void term_leave(unsigned i)
{
	hws_host_set_leave(term_set, &term_viewer[i].v);
	term_viewer[i].in = false;
}

void term_send(unsigned i, Ses__TerminalAction *a)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_TERMINAL_ACTION;
	m.terminal_action = a;
	hws_host_set_message(term_set, &term_viewer[i].v, &m);
}

void term_open(unsigned i, Ses__OpenTerminal *o)
{
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;

	a.union_case = SES__TERMINAL_ACTION__UNION_OPEN;
	a.open = o;
	term_send(i, &a);
}

void term_open_plain(unsigned i, int32_t id)
{
	Ses__OpenTerminal o = SES__OPEN_TERMINAL__INIT;

	o.terminal_id = id;
	o.rows = 24;
	o.cols = 80;
	term_open(i, &o);
}

void term_type(unsigned i, int32_t id, const char *text)
{
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;
	Ses__TerminalData d = SES__TERMINAL_DATA__INIT;

	d.terminal_id = id;
	d.data.data = (uint8_t *)(uintptr_t)text;
	d.data.len = strlen(text);
	a.union_case = SES__TERMINAL_ACTION__UNION_DATA;
	a.data = &d;
	term_send(i, &a);
}

void term_close(unsigned i, int32_t id)
{
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;
	Ses__CloseTerminal c = SES__CLOSE_TERMINAL__INIT;

	c.terminal_id = id;
	a.union_case = SES__TERMINAL_ACTION__UNION_CLOSE;
	a.close = &c;
	term_send(i, &a);
}

void term_list(unsigned i)
{
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;
	Ses__ListTerminals l = SES__LIST_TERMINALS__INIT;

	a.union_case = SES__TERMINAL_ACTION__UNION_LIST;
	a.list = &l;
	term_send(i, &a);
}

void term_ack(unsigned i, int32_t id, uint64_t position)
{
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;
	Ses__TerminalAck ack = SES__TERMINAL_ACK__INIT;

	ack.terminal_id = id;
	ack.position = position;
	a.union_case = SES__TERMINAL_ACTION__UNION_ACK;
	a.ack = &ack;
	term_send(i, &a);
}

void term_turns(unsigned n)
{
	while (n--)
		hws_loop_once(term_loop, 1000);
}
