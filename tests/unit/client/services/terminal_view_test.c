/* Terminals at the viewer: towards deployed hosts, and towards hosts of ours, whose level is set
 * here by hand: the handshake is tested elsewhere. */
#include "client/core/viewer_parts.h"
#include "client/services/terminal/terminal_view.h"
#include "shared/wire/compress.h"
#include "shared/wire/envelope.h"
#include "tests/support/suite.h"
#include "tests/unit/client/core/recorder.h"
#include <stdlib.h>
#include <string.h>

static struct recorder r;
static struct hws_terminal_view *tv;
static struct {
	unsigned opened, closed, lists, ends;
	struct hws_terminal_opened how;
	struct hws_terminal_closed why;
	char text[300], service[100], command[100], title[100];
	size_t items, waiting, counted;
	bool held, replay, errors;
	struct hws_buf out;
} seen;

/* --- what is told ----------------------------------------------------------------------------- */

static void on_opened(int id, const struct hws_terminal_opened *o, void *arg)
{
	ck_assert_ptr_eq(arg, &r);
	ck_assert_int_gt(id, 0);
	seen.opened++;
	seen.how = *o;
}

static void on_output(int id HWS_UNUSED, const struct hws_terminal_output *o, void *arg HWS_UNUSED)
{
	hws_buf_put(&seen.out, o->data.ptr, o->data.len);
	seen.counted += o->replay ? 0 : o->data.len;
	seen.replay |= o->replay;
	seen.errors |= o->errors;
	seen.ends += o->eof;
}

static void on_input(int id HWS_UNUSED, size_t waiting, void *arg HWS_UNUSED)
{
	seen.waiting = waiting;
}

static void on_closed(int id HWS_UNUSED, const struct hws_terminal_closed *c, void *arg HWS_UNUSED)
{
	seen.closed++;
	seen.why = *c;
	snprintf(seen.text, sizeof(seen.text), "%s", c->text);
}

static void on_list(const struct hws_terminal_item *items, size_t count, void *arg HWS_UNUSED)
{
	seen.lists++;
	seen.items = count;
	if (count) {
		snprintf(seen.command, sizeof(seen.command), "%s", items[0].command);
		snprintf(seen.title, sizeof(seen.title), "%s", items[0].title);
	}
}

static void on_service(const char *id, void *arg HWS_UNUSED)
{
	snprintf(seen.service, sizeof(seen.service), "%s", id);
}

static void hold(bool held, void *arg HWS_UNUSED)
{
	seen.held = held;
}

/* --- the host --------------------------------------------------------------------------------- */

static void log_in(bool v2)
{
	Ses__Features f = SES__FEATURES__INIT;
	Ses__PeerInfo pi = SES__PEER_INFO__INIT;
	Ses__LoginResponse lr = SES__LOGIN_RESPONSE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	recorder_hash(&r);
	f.terminal = true;
	pi.username = pi.hostname = (char *)"box";
	pi.platform = (char *)"Linux";
	pi.version = (char *)"1.4.9";
	pi.features = &f;
	lr.union_case = SES__LOGIN_RESPONSE__UNION_PEER_INFO;
	lr.peer_info = &pi;
	m.union_case = SES__MESSAGE__UNION_LOGIN_RESPONSE;
	m.login_response = &lr;
	r.viewer->level = v2 ? HWS_LEVEL_V2 : HWS_LEVEL_PLAIN;
	recorder_feed(&r, &m);
	ck_assert_int_eq(r.state, HWS_VIEWER_READY);
}

static void begin(bool v2)
{
	memset(&seen, 0, sizeof(seen));
	hws_buf_init(&seen.out, 64u << 20);
	recorder_init_wish(&r, &(struct hws_session_wish){ .kind = HWS_KIND_TERMINAL });
	ck_assert_int_eq(hws_terminal_view_new(
					 &(struct hws_terminal_view_conf){ .on_opened = on_opened,
							 .on_output = on_output,
							 .on_input = on_input,
							 .on_closed = on_closed,
							 .on_list = on_list,
							 .on_service = on_service,
							 .hold = hold,
							 .arg = &r },
					 &tv),
			HWS_OK);
	hws_viewer_serve(r.viewer, hws_terminal_view_service(tv));
	log_in(v2);
}

static void end(void)
{
	recorder_done(&r);
	hws_terminal_view_free(tv);
	hws_buf_done(&seen.out);
}

static void cut(bool v2)
{
	hws_viewer_lost(r.viewer);
	log_in(v2);
}

static void says(Ses__TerminalResponse *t)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_TERMINAL_RESPONSE;
	m.terminal_response = t;
	recorder_feed(&r, &m);
}

static void says_opened(Ses__TerminalOpened *o)
{
	Ses__TerminalResponse t = SES__TERMINAL_RESPONSE__INIT;

	o->success = true;
	t.union_case = SES__TERMINAL_RESPONSE__UNION_OPENED;
	t.opened = o;
	says(&t);
}

static void opens(int id)
{
	Ses__TerminalOpened o = SES__TERMINAL_OPENED__INIT;

	o.terminal_id = id;
	o.pid = 77;
	o.message = (char *)"Terminal opened";
	o.service_id = (char *)"ts_1";
	o.window = 1000;
	says_opened(&o);
}

static void says_data(Ses__TerminalData *d, struct hws_bytes data)
{
	Ses__TerminalResponse t = SES__TERMINAL_RESPONSE__INIT;

	if (!d->terminal_id)
		d->terminal_id = 1;
	d->data.data = (uint8_t *)data.ptr;
	d->data.len = data.len;
	t.union_case = SES__TERMINAL_RESPONSE__UNION_DATA;
	t.data = d;
	says(&t);
}

static void writes(const char *text)
{
	Ses__TerminalData d = SES__TERMINAL_DATA__INIT;

	says_data(&d, hws_bytes_str(text));
}

static void says_ack(uint64_t position)
{
	Ses__TerminalAck a = SES__TERMINAL_ACK__INIT;
	Ses__TerminalResponse t = SES__TERMINAL_RESPONSE__INIT;

	a.terminal_id = 1;
	a.position = position;
	t.union_case = SES__TERMINAL_RESPONSE__UNION_ACK;
	t.ack = &a;
	says(&t);
}

/* The newest action but `back`; freed by hws_ses_free(*ret_owner). */
static Ses__TerminalAction *asked(int back, Ses__Message **ret_owner)
{
	*ret_owner = recorder_sent(&r, -1 - back);
	ck_assert_int_eq((*ret_owner)->union_case, SES__MESSAGE__UNION_TERMINAL_ACTION);
	return (*ret_owner)->terminal_action;
}

static const struct hws_terminal_wish shell = { .id = 1, .rows = 24, .cols = 80 };

static void open_shell(void)
{
	ck_assert_int_eq(hws_terminal_view_open(tv, &shell), HWS_OK);
	opens(1);
	ck_assert_uint_eq(seen.opened, 1);
}

static void has_written(const char *want)
{
	ck_assert(hws_bytes_equal(hws_buf_bytes(&seen.out), hws_bytes_str(want)));
	hws_buf_reset(&seen.out);
}

/* All input that was sent since message `from`, as one text. */
static void typed_since(size_t from, char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = from; i < r.sent_count; i++) {
		Ses__Message *m = recorder_sent(&r, (int)i);
		if (m->union_case == SES__MESSAGE__UNION_TERMINAL_ACTION &&
				m->terminal_action->union_case ==
						SES__TERMINAL_ACTION__UNION_DATA) {
			const Ses__TerminalData *d = m->terminal_action->data;
			ck_assert_uint_lt(n + d->data.len, size);
			if (d->data.len)
				memcpy(buf + n, d->data.data, d->data.len);
			n += d->data.len;
			ck_assert(!d->compressed);
		}
		hws_ses_free(m);
	}
	buf[n] = 0;
}

/* --- deployed hosts --------------------------------------------------------------------------- */

START_TEST(a_deployed_host_gets_what_it_knows)
{
	Ses__Message *m;
	char typed[100];

	begin(false);
	ck_assert_int_eq(hws_terminal_view_open(tv, &shell), HWS_OK);
	m = recorder_sent(&r, -1);
	/* Byte for byte: vector term_open with the same numbers. */
	ck_assert(hws_bytes_equal(hws_buf_bytes(&r.sent[r.sent_count - 1]),
			hws_bytes("\xfa\x01\x08\x0a\x06\x08\x01\x10\x18\x18\x50", 11)));
	hws_ses_free(m);
	size_t from = r.sent_count;
	opens(1);
	ck_assert_uint_eq(seen.how.pid, 77);
	ck_assert(!seen.how.counts && !seen.how.again);
	ck_assert_str_eq(seen.service, "ts_1");
	ck_assert_int_eq(hws_terminal_view_input(tv, 1, hws_bytes_str("ls\r")), HWS_OK);
	typed_since(from, typed, sizeof(typed));
	ck_assert_str_eq(typed, "ls\r");
	ck_assert_uint_eq(seen.waiting, 0); /* nothing is confirmed there */
	writes("out");
	has_written("out");
	ck_assert_int_eq(hws_terminal_view_end_input(tv, 1), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(hws_terminal_view_list(tv), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(hws_terminal_view_signal(tv, 1, 2), HWS_ERR_UNSUPPORTED);
	end();
}
END_TEST

START_TEST(a_deployed_host_gets_no_command)
{
	const char *argv[] = { "rm", "-r", "x" };
	struct hws_terminal_wish w = shell;

	begin(false);
	size_t before = r.sent_count;
	w.argv = argv;
	w.argc = 3;
	ck_assert_int_eq(hws_terminal_view_open(tv, &w), HWS_ERR_UNSUPPORTED);
	w = shell;
	w.no_pty = true;
	ck_assert_int_eq(hws_terminal_view_open(tv, &w), HWS_ERR_UNSUPPORTED);
	w = shell;
	w.attach = true;
	ck_assert_int_eq(hws_terminal_view_open(tv, &w), HWS_ERR_UNSUPPORTED);
	ck_assert_uint_eq(r.sent_count, before);
	end();
}
END_TEST

START_TEST(packed_output_keeps_its_place)
{
	Ses__TerminalData d = SES__TERMINAL_DATA__INIT;
	struct hws_buf packed;

	begin(false);
	open_shell();
	hws_buf_init(&packed, 1000);
	ck_assert_int_eq(hws_compress(hws_bytes_str("packed "), 3, &packed), HWS_OK);
	writes("first ");
	d.compressed = true;
	says_data(&d, hws_buf_bytes(&packed));
	writes("last");
	has_written("first packed last");
	/* What is none is said where it is missing. */
	says_data(&d, hws_bytes_str("no zstd"));
	ck_assert(strstr((const char *)hws_buf_bytes(&seen.out).ptr, "could not be unpacked"));
	hws_buf_done(&packed);
	end();
}
END_TEST

START_TEST(a_replay_asks_nothing)
{
	Ses__TerminalOpened o = SES__TERMINAL_OPENED__INIT;

	begin(false);
	ck_assert_int_eq(hws_terminal_view_open(tv, &shell), HWS_OK);
	o.terminal_id = 1;
	o.message = (char *)"Reconnected to existing terminal with pending output";
	o.service_id = (char *)"";
	o.replay_terminal_output = true;
	says_opened(&o);
	ck_assert(seen.how.old);
	writes("old \x1b[6n\x1b[c$ ");
	has_written("old $ ");
	ck_assert(seen.replay);
	writes("\x1b[6n"); /* this one is asked now */
	has_written("\x1b[6n");
	end();
}
END_TEST

START_TEST(an_error_without_a_number_is_that_of_who_waits)
{
	Ses__TerminalError e = SES__TERMINAL_ERROR__INIT;
	Ses__TerminalResponse t = SES__TERMINAL_RESPONSE__INIT;

	begin(false);
	ck_assert_int_eq(hws_terminal_view_open(tv, &shell), HWS_OK);
	e.message = (char *)"Failed to handle action: Failed to open PTY\x1b[2J";
	t.union_case = SES__TERMINAL_RESPONSE__UNION_ERROR;
	t.error = &e;
	says(&t);
	ck_assert_uint_eq(seen.closed, 1);
	ck_assert_int_eq(seen.why.err, HWS_ERR_DENIED);
	ck_assert_str_eq(seen.text, "Failed to handle action: Failed to open PTY\\x1b[2J");
	ck_assert_int_eq(hws_terminal_view_open(tv, &shell), HWS_OK); /* the number is free */
	end();
}
END_TEST

/* 0: the host was asked to keep it; 1: it was not */
START_TEST(a_cut_ends_what_a_deployed_host_does_not_keep)
{
	struct hws_terminal_wish w = shell;
	Ses__Message *m;

	begin(false);
	w.keep = _i == 0;
	ck_assert_int_eq(hws_terminal_view_open(tv, &w), HWS_OK);
	opens(1);
	cut(false);
	if (_i == 1) {
		ck_assert_uint_eq(seen.closed, 1);
		ck_assert_int_eq(seen.why.err, HWS_ERR_EOF);
	} else {
		ck_assert_int_eq(asked(0, &m)->union_case, SES__TERMINAL_ACTION__UNION_OPEN);
		hws_ses_free(m);
		ck_assert_int_eq(hws_terminal_view_resize(tv, 1, 30, 90), HWS_OK);
		opens(1);
		ck_assert(seen.how.again);
		/* It took no size with the open. */
		ck_assert_int_eq(asked(0, &m)->union_case, SES__TERMINAL_ACTION__UNION_RESIZE);
		ck_assert_uint_eq(m->terminal_action->resize->rows, 30);
		hws_ses_free(m);
	}
	end();
}
END_TEST

START_TEST(a_host_that_floods_is_read_no_more)
{
	static char much[1 << 20];
	Ses__TerminalData d = SES__TERMINAL_DATA__INIT;

	begin(false);
	open_shell();
	for (int i = 0; i < 9; i++)
		says_data(&d, hws_bytes(much, sizeof(much)));
	ck_assert(seen.held);
	hws_terminal_view_took(tv, 1, 4u << 20, 4u << 20);
	ck_assert(seen.held);
	hws_terminal_view_took(tv, 1, 4u << 20, 4u << 20);
	ck_assert(!seen.held);
	end();
}
END_TEST

/* --- hosts of ours ---------------------------------------------------------------------------- */

START_TEST(a_host_of_ours_is_told_what_to_run)
{
	const char *argv[] = { "sh", "-c", "exit 3" }, *env[] = { "LANG=C.UTF-8" };
	struct hws_terminal_wish w = shell;
	Ses__Message *m;

	begin(true);
	w.argv = argv;
	w.argc = 3;
	w.env = env;
	w.env_count = 1;
	w.term = "xterm";
	w.no_pty = true;
	ck_assert_int_eq(hws_terminal_view_open(tv, &w), HWS_OK);
	const Ses__OpenTerminal *o = asked(0, &m)->open;
	ck_assert_uint_eq(o->n_argv, 3);
	ck_assert(hws_bytes_equal(
			hws_bytes(o->argv[2].data, o->argv[2].len), hws_bytes_str("exit 3")));
	ck_assert_uint_eq(o->n_env, 1);
	ck_assert_str_eq(o->term, "xterm");
	ck_assert(o->no_pty && !o->attach);
	ck_assert_uint_eq(o->window, HWS_TERMINAL_WINDOW);
	hws_ses_free(m);
	opens(1);
	ck_assert(seen.how.counts);
	Ses__TerminalData d = SES__TERMINAL_DATA__INIT;
	d.errors = d.eof = true;
	says_data(&d, hws_bytes_str("oops"));
	ck_assert(seen.errors);
	ck_assert_uint_eq(seen.ends, 1);
	Ses__TerminalClosed c = SES__TERMINAL_CLOSED__INIT;
	Ses__TerminalResponse t = SES__TERMINAL_RESPONSE__INIT;
	c.terminal_id = 1;
	c.exit_code = 3;
	t.union_case = SES__TERMINAL_RESPONSE__UNION_CLOSED;
	t.closed = &c;
	says(&t);
	ck_assert_int_eq(seen.why.err, HWS_OK);
	ck_assert_int_eq(seen.why.exit_code, 3);
	end();
}
END_TEST

START_TEST(input_goes_as_far_as_the_window)
{
	static char much[2500], typed[4000];

	begin(true);
	open_shell();
	memset(much, 'x', sizeof(much));
	size_t from = r.sent_count;
	ck_assert_int_eq(hws_terminal_view_input(tv, 1, hws_bytes(much, sizeof(much))), HWS_OK);
	ck_assert_int_eq(hws_terminal_view_end_input(tv, 1), HWS_OK);
	typed_since(from, typed, sizeof(typed));
	ck_assert_uint_eq(strlen(typed), 1000);
	says_ack(600);
	ck_assert_uint_eq(seen.waiting, 1900);
	typed_since(from, typed, sizeof(typed));
	ck_assert_uint_eq(strlen(typed), 1600);
	says_ack(5000); /* of what was never sent */
	says_ack(10);   /* of what was confirmed before */
	ck_assert_uint_eq(seen.waiting, 1900);
	says_ack(1600);
	Ses__Message *m;
	ck_assert(asked(0, &m)->data->eof); /* with nothing in it, behind the last byte */
	hws_ses_free(m);
	says_ack(2500);
	ck_assert_uint_eq(seen.waiting, 0);
	ck_assert_int_eq(hws_terminal_view_input(tv, 1, hws_bytes_str("x")), HWS_ERR_CLOSED);
	end();
}
END_TEST

START_TEST(output_is_confirmed_as_it_is_taken)
{
	static char much[HWS_TERMINAL_WINDOW / 2];
	Ses__TerminalData d = SES__TERMINAL_DATA__INIT;
	Ses__Message *m;

	begin(true);
	open_shell();
	says_data(&d, hws_bytes(much, sizeof(much)));
	size_t before = r.sent_count;
	hws_terminal_view_took(tv, 1, 1000, 1000);
	ck_assert_uint_eq(r.sent_count, before); /* not for each key */
	hws_terminal_view_took(tv, 1, sizeof(much) - 1000, sizeof(much) - 1000);
	ck_assert_uint_eq(asked(0, &m)->ack->position, sizeof(much));
	hws_ses_free(m);
	/* What the host left out counts as received. */
	d.skipped = HWS_TERMINAL_WINDOW;
	says_data(&d, hws_bytes_str("abc"));
	hws_terminal_view_took(tv, 1, 3, 3);
	ck_assert_uint_eq(asked(0, &m)->ack->position, sizeof(much) + HWS_TERMINAL_WINDOW + 3);
	hws_ses_free(m);
	end();
}
END_TEST

/* The host had taken a part of what was on its way: the rest comes once. */
START_TEST(a_cut_loses_and_doubles_nothing)
{
	Ses__TerminalOpened o = SES__TERMINAL_OPENED__INIT;
	Ses__Message *m;
	char typed[100];

	begin(true);
	open_shell();
	writes("0123456789");
	ck_assert_int_eq(hws_terminal_view_input(tv, 1, hws_bytes_str("abcdef")), HWS_OK);
	says_ack(2);
	hws_viewer_lost(r.viewer);
	ck_assert_int_eq(hws_terminal_view_input(tv, 1, hws_bytes_str("ghi")), HWS_OK);
	log_in(true);
	ck_assert_uint_eq(asked(0, &m)->open->output_seen, 10);
	ck_assert(m->terminal_action->open->attach);
	hws_ses_free(m);
	size_t from = r.sent_count;
	o.terminal_id = 1;
	o.message = o.service_id = (char *)"";
	o.window = 1000;
	o.input_taken = 4;
	o.output_position = 10;
	says_opened(&o);
	ck_assert(seen.how.again);
	typed_since(from, typed, sizeof(typed));
	ck_assert_str_eq(typed, "efghi");
	writes("more");
	has_written("0123456789more");
	says_ack(9);
	ck_assert_uint_eq(seen.waiting, 0);
	end();
}
END_TEST

/* 0: more taken than was sent; 1: less than was confirmed; 2: less output than was received */
START_TEST(a_host_that_lost_count_is_not_believed)
{
	Ses__TerminalOpened o = SES__TERMINAL_OPENED__INIT;

	begin(true);
	open_shell();
	writes("0123456789");
	ck_assert_int_eq(hws_terminal_view_input(tv, 1, hws_bytes_str("abcdef")), HWS_OK);
	says_ack(2);
	cut(true);
	o.terminal_id = 1;
	o.message = o.service_id = (char *)"";
	o.window = 1000;
	o.input_taken = _i == 0 ? 7 : _i == 1 ? 1 : 4;
	o.output_position = _i == 2 ? 9 : 10;
	says_opened(&o);
	ck_assert_uint_eq(seen.closed, 1);
	ck_assert_int_eq(seen.why.err, HWS_ERR_PROTO);
	ck_assert_int_eq(hws_terminal_view_input(tv, 1, hws_bytes_str("x")), HWS_ERR_NOTFOUND);
	end();
}
END_TEST

START_TEST(a_list_is_safe_to_show)
{
	Ses__TerminalInfo i = SES__TERMINAL_INFO__INIT, *list[] = { &i };
	Ses__TerminalList l = SES__TERMINAL_LIST__INIT;
	Ses__TerminalResponse t = SES__TERMINAL_RESPONSE__INIT;
	Ses__Message *m;

	begin(true);
	ck_assert_int_eq(hws_terminal_view_list(tv), HWS_OK);
	ck_assert_int_eq(asked(0, &m)->union_case, SES__TERMINAL_ACTION__UNION_LIST);
	hws_ses_free(m);
	i.terminal_id = 3;
	i.command = (char *)"sh";
	i.title = (char *)"\x1b]0;evil\x07";
	l.n_info = 1;
	l.info = list;
	t.union_case = SES__TERMINAL_RESPONSE__UNION_LIST;
	t.list = &l;
	says(&t);
	ck_assert_uint_eq(seen.items, 1);
	ck_assert_str_eq(seen.title, "\\x1b]0;evil\\x07");
	ck_assert_int_eq(hws_terminal_view_kill(tv, 3), HWS_OK);
	ck_assert_int_eq(asked(0, &m)->kill->terminal_id, 3);
	hws_ses_free(m);
	end();
}
END_TEST

START_TEST(what_cannot_be_is_not_asked_for)
{
	struct hws_terminal_wish w = shell;
	const char *env[] = { "NOVALUE" }, *empty[] = { "" };

	begin(true);
	size_t before = r.sent_count;
	w.id = 0;
	ck_assert_int_eq(hws_terminal_view_open(tv, &w), HWS_ERR_INVAL);
	w = shell;
	w.rows = 0;
	ck_assert_int_eq(hws_terminal_view_open(tv, &w), HWS_ERR_INVAL);
	w = shell;
	w.cols = 1001;
	ck_assert_int_eq(hws_terminal_view_open(tv, &w), HWS_ERR_INVAL);
	w = shell;
	w.env = env;
	w.env_count = 1;
	ck_assert_int_eq(hws_terminal_view_open(tv, &w), HWS_ERR_INVAL);
	w = shell;
	w.argv = empty;
	w.argc = 1;
	ck_assert_int_eq(hws_terminal_view_open(tv, &w), HWS_ERR_INVAL);
	ck_assert_uint_eq(r.sent_count, before);
	ck_assert_int_eq(hws_terminal_view_open(tv, &shell), HWS_OK);
	ck_assert_int_eq(hws_terminal_view_open(tv, &shell), HWS_ERR_EXISTS);
	/* A host that does not answer. */
	hws_viewer_tick(r.viewer, 1000000);
	hws_viewer_tick(r.viewer, 40000000);
	ck_assert_uint_eq(seen.closed, 1);
	ck_assert_int_eq(seen.why.err, HWS_ERR_TIMEOUT);
	end();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("terminal_view");
	TCase *t = test_case(s, "view", 60,
			TESTS(a_deployed_host_gets_what_it_knows, a_deployed_host_gets_no_command,
					packed_output_keeps_its_place, a_replay_asks_nothing,
					an_error_without_a_number_is_that_of_who_waits,
					a_host_that_floods_is_read_no_more,
					a_host_of_ours_is_told_what_to_run,
					input_goes_as_far_as_the_window,
					output_is_confirmed_as_it_is_taken,
					a_cut_loses_and_doubles_nothing, a_list_is_safe_to_show,
					what_cannot_be_is_not_asked_for));

	tcase_add_loop_test(t, a_cut_ends_what_a_deployed_host_does_not_keep, 0, 2);
	tcase_add_loop_test(t, a_host_that_lost_count_is_not_believed, 0, 3);
	return test_suite_run(s);
}
