/* One terminal: its program and what goes to it. Keys that interrupt go past everything that waits,
 * in both directions: that is what they are for. */
#include "client/services/terminal/shell.h"
#include "client/services/terminal/reply.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <signal.h>
#include <time.h>

#define REDRAW_US (30 * HWS_US_PER_MS)

/* --- events of the program --- */

static void on_readable(void *arg)
{
	struct hws_shell *s = arg;

	s->more = true;
	hws_shell_pump(s);
}

static void on_exit_event(const struct hws_pty_exit *how, void *arg)
{
	struct hws_shell *s = arg;

	s->ended = true;
	s->how = *how;
	s->silent = s->errors_silent = true;
	hws_shell_pump(s);
}

/* --- input --- */

static void ack_input(struct hws_shell *s)
{
	if (!s->viewer || !hws_reply_extended(s->viewer) ||
			s->taken - s->told_taken < HWS_SHELL_INPUT_WINDOW / 4)
		return;
	s->told_taken = s->taken;
	hws_reply_ack(s->viewer, s->id, s->taken);
}

static void push_input(struct hws_shell *s)
{
	int r = HWS_OK;

	while (s->pty && hws_buf_len(&s->in)) {
		size_t n;

		r = hws_pty_write(s->pty, hws_buf_bytes(&s->in), &n);
		if (r == HWS_ERR_AGAIN)
			break;
		if (r < 0)
			n = hws_buf_len(&s->in); /* it reads no more */
		hws_buf_consume(&s->in, n);
		s->taken += n;
	}
	ack_input(s);
	if (!s->pty || !s->in_eof || s->in_over || hws_buf_len(&s->in) ||
			hws_pty_end_input(s->pty) == HWS_ERR_AGAIN)
		return;
	s->in_over = s->pipes;
	s->in_eof = s->pipes; /* at a terminal it is one more thing that is typed */
}

static void on_writable(void *arg)
{
	push_input(arg);
}

/* What waits before the key is not typed any more, nor is what the viewer was about to be sent.
 * True: the key has done its work, and is not typed after what the program has not read. */
static bool interrupt(struct hws_shell *s, int number)
{
	size_t waits = hws_buf_len(&s->in);

	hws_buf_reset(&s->in);
	s->taken += waits;
	if (s->viewer && hws_reply_extended(s->viewer)) {
		s->skipped += s->said.end - s->sent;
		s->credit += s->said.end - s->sent;
		s->sent = s->credit_end = s->said.end;
	}
	if (!waits || hws_pty_signal(s->pty, number) < 0)
		return false;
	s->taken++;
	return true;
}

void hws_shell_input(struct hws_shell *s, struct hws_bytes data)
{
	int number = 0;

	if (!s->pty || s->ended || (s->in_eof && s->pipes))
		return;
	s->active_us = hws_loop_now_us(s->loop);
	/* Pasted text with such a byte in it is typed as it is. */
	if (data.len == 1 && hws_pty_interrupts(s->pty, data.ptr[0], &number) &&
			interrupt(s, number))
		return;
	if (hws_buf_len(&s->in) + data.len > HWS_SHELL_INPUT_MAX) {
		hws_warn_limited("terminal.input_lost", HWS_U64("bytes", data.len));
		if (s->viewer)
			hws_reply_error(s->viewer, s->id,
					"The program does not read: what was typed last is lost.");
		return;
	}
	hws_buf_put(&s->in, data.ptr, data.len);
	push_input(s);
}

void hws_shell_end_input(struct hws_shell *s)
{
	s->in_eof = true;
	push_input(s);
}

/* --- output --- */

void hws_shell_ack(struct hws_shell *s, uint64_t position)
{
	if (position <= s->acked || position > s->sent)
		return;
	s->acked = position;
	if (position >= s->credit_end)
		s->credit = 0;
	hws_history_release(&s->said, position);
	hws_shell_pump(s);
}

void hws_shell_drained(struct hws_shell *s)
{
	hws_shell_pump(s);
}

bool hws_shell_has(const struct hws_shell *s, uint64_t from)
{
	return from >= hws_history_begin(&s->said) && from <= s->said.end;
}

void hws_shell_attach(
		struct hws_shell *s, struct hws_host_viewer *v, uint32_t window, uint64_t from)
{
	s->viewer = v;
	s->conn = v->conn;
	s->window = HWS_MIN(window, HWS_SHELL_WINDOW_MAX);
	s->sent = s->acked = hws_shell_has(s, from) ? from : s->said.end;
	s->skipped = s->credit = 0;
	s->told_taken = s->taken;
	s->eof_sent = s->errors_eof_sent = s->tight = false;
	hws_timer_stop(&s->pump);
	if (!hws_reply_extended(v) || s->screen || s->pipes)
		return;
	/* from what is left of the past, if it has one */
	if (hws_screen_new(s->columns, s->rows, &s->screen) == HWS_OK)
		s->fed = hws_history_begin(&s->said);
}

static void on_begin(void *arg)
{
	hws_shell_pump(arg);
}

void hws_shell_begin(struct hws_shell *s)
{
	s->more = true;
	hws_timer_start(s->loop, &s->pump, 0, on_begin, s);
}

void hws_shell_detach(struct hws_shell *s)
{
	s->viewer = NULL;
	s->window = 0;
	s->alone_us = hws_loop_now_us(s->loop);
	hws_timer_stop(&s->redraw);
	hws_shell_begin(s);
}

void hws_shell_tail(struct hws_shell *s, struct hws_buf *out)
{
	uint64_t from = hws_history_begin(&s->said);
	struct hws_buf said;
	bool errors;

	if (s->said.end - from > 2 * HWS_SHELL_REPLAY_MAX)
		from = s->said.end - 2 * HWS_SHELL_REPLAY_MAX;
	hws_buf_init(&said, 2 * HWS_SHELL_REPLAY_MAX);
	while (from < s->said.end) {
		struct hws_bytes b = hws_history_at(
				&s->said, from, (size_t)(s->said.end - from), &errors);
		hws_buf_put(&said, b.ptr, b.len);
		from += b.len;
	}
	struct hws_bytes tail = hws_replay_tail(hws_buf_bytes(&said), HWS_SHELL_REPLAY_MAX);
	hws_buf_put(out, tail.ptr, tail.len);
	hws_buf_done(&said);
}

void hws_shell_snapshot(struct hws_shell *s, struct hws_buf *out)
{
	if (!s->screen) {
		hws_shell_tail(s, out);
		return;
	}
	hws_shell_catch_up(s);
	hws_screen_snapshot(s->screen, out);
}

const char *hws_shell_title(struct hws_shell *s)
{
	return s->screen ? hws_screen_title(s->screen) : "";
}

/* --- size --- */

void hws_shell_resize(struct hws_shell *s, uint32_t columns, uint32_t rows)
{
	columns = HWS_MIN(HWS_MAX(columns, 1u), HWS_PTY_SIDE_MAX);
	rows = HWS_MIN(HWS_MAX(rows, 1u), HWS_PTY_SIDE_MAX);
	if (s->pipes || (s->columns == columns && s->rows == rows))
		return;
	s->columns = (uint16_t)columns;
	s->rows = (uint16_t)rows;
	hws_timer_stop(&s->redraw);
	hws_shell_catch_up(s);
	if (s->screen && hws_screen_resize(s->screen, s->columns, s->rows) < 0) {
		hws_screen_free(s->screen);
		s->screen = NULL;
	}
	if (s->pty && hws_pty_resize(s->pty, s->columns, s->rows) < 0)
		hws_debug("terminal.not_resized");
}

static void on_redraw(void *arg)
{
	struct hws_shell *s = arg;

	if (s->pty && hws_pty_resize(s->pty, s->columns, s->rows) < 0)
		hws_debug("terminal.not_resized");
}

void hws_shell_redraw(struct hws_shell *s)
{
	uint16_t other = s->rows <= 2 ? (uint16_t)(s->rows + 1) : (uint16_t)(s->rows - 1);

	if (s->pipes || !s->pty || hws_pty_resize(s->pty, s->columns, other) < 0)
		return;
	hws_timer_start(s->loop, &s->redraw, REDRAW_US, on_redraw, s);
}

/* --- signals --- */

void hws_shell_signal(struct hws_shell *s, uint32_t number)
{
	static const int allowed[] = { SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGUSR1, SIGUSR2, SIGTERM,
		SIGCONT, SIGTSTP };

	for (size_t i = 0; s->pty && i < HWS_COUNT(allowed); i++)
		if ((uint32_t)allowed[i] == number && hws_pty_signal(s->pty, allowed[i]) < 0)
			hws_debug("terminal.not_signalled");
}

int hws_shell_status(const struct hws_shell *s)
{
	return s->how.signalled ? 128 + s->how.code : s->how.code;
}

/* --- life --- */

static void describe(struct hws_shell *s, const char *const *argv)
{
	char line[4 * HWS_SHELL_COMMAND] = "";
	size_t at = 0;

	if (!argv) {
		s->command[0] = 0;
		return;
	}
	for (; *argv && at < sizeof(line) - 1; argv++) {
		if (hws_fmt(line + at, sizeof(line) - at, at ? " %.200s" : "%.200s", *argv) < 0)
			break;
		at += strlen(line + at);
	}
	hws_str_escape(s->command, sizeof(s->command), hws_bytes_str(line));
}

int hws_shell_open(const struct hws_shell_conf *conf, struct hws_shell **ret, struct hws_error *err)
{
	struct hws_shell *s = hws_alloc(sizeof(*s));
	struct hws_pty_conf p = { .argv = conf->argv,
		.term = conf->term,
		.env = conf->env,
		.pipes = conf->pipes,
		.columns = conf->columns,
		.rows = conf->rows,
		.on_readable = on_readable,
		.on_writable = on_writable,
		.on_exit = on_exit_event,
		.arg = s };

	int r = s ? hws_history_init(&s->said, conf->pipes) : HWS_ERR_NOMEM;
	if (r == HWS_OK)
		r = hws_pty_open(conf->ptys, &p, &s->pty, err);
	if (r < 0) {
		if (s)
			hws_history_done(&s->said);
		hws_free(s);
		return r;
	}
	s->loop = conf->loop;
	s->id = conf->id;
	s->owner = conf->owner;
	s->on_end = conf->on_end;
	s->pipes = conf->pipes;
	s->errors_silent = !conf->pipes;
	s->columns = conf->columns;
	s->rows = conf->rows;
	s->active_us = s->alone_us = hws_loop_now_us(s->loop);
	s->opened_unix_s = (uint64_t)time(NULL);
	hws_buf_init(&s->in, HWS_SHELL_INPUT_MAX);
	describe(s, conf->argv);
	*ret = s;
	return HWS_OK;
}

void hws_shell_free(struct hws_shell *s)
{
	if (!s)
		return;
	hws_timer_stop(&s->pump);
	hws_timer_stop(&s->idle);
	hws_timer_stop(&s->redraw);
	hws_list_remove(&s->node);
	hws_pty_close(s->pty);
	hws_screen_free(s->screen);
	hws_history_done(&s->said);
	hws_buf_done_wiped(&s->in);
	hws_free(s);
}
