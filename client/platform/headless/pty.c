/* Terminals of a desktop in memory: a small shell that does what it is told, behind two buffers of
 * the size that a kernel's terminal has, so that whoever does not read stops it as it would stop a
 * real one. */
#include "client/platform/headless/doubles.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>

#define BUFFER 4096u /* in either direction */
#define SIGNAL_HANGUP 1
#define SIGNAL_INTERRUPT 2
#define SIGNAL_KILL 9

struct pty {
	struct hws_pty base;
	struct ptys *s;
	struct hws_deferred step;
	struct hws_buf in, out, errors;
	char user[64], term[64];
	uint16_t columns, rows;
	bool once;  /* ends after its first line */
	bool pipes; /* no terminal */
	bool eof;   /* its input has ended */
	bool deaf, asleep;
	uint64_t flood, flooded; /* bytes to come; that have come */
	bool told, stuck;        /* on_readable was called; a write found no room */
	bool ended, exit_told;
	struct hws_pty_exit how;
};

struct ptys {
	struct hws_ptys base;
	struct hws_loop *loop;
	unsigned open;
	uint32_t count; /* programs so far: their numbers */
};

static struct pty *pty_of(struct hws_pty *t)
{
	return hws_container(t, struct pty, base);
}

uint8_t hws_headless_flood(uint64_t n)
{
	return (uint8_t)('a' + n % 26);
}

static size_t out_room(const struct pty *t)
{
	return BUFFER - HWS_MIN(hws_buf_len(&t->out), (size_t)BUFFER);
}

static void end(struct pty *t, bool signalled, int code)
{
	if (t->ended)
		return;
	t->ended = true;
	t->flood = 0;
	t->how = (struct hws_pty_exit){ signalled, code };
}

static uint32_t number(const char *text)
{
	uint32_t n = 0;

	return hws_parse_u32(text, &n) == HWS_OK ? n : 0;
}

static void run_line(struct pty *t, const char *line)
{
	if (hws_str_starts(line, "echo "))
		hws_buf_fmt(&t->out, "%s\n", line + 5);
	else if (hws_str_equal(line, "size"))
		hws_buf_fmt(&t->out, "%u %u\n", t->rows, t->columns);
	else if (hws_str_equal(line, "whoami"))
		hws_buf_fmt(&t->out, "%s\n", t->user);
	else if (hws_str_equal(line, "term"))
		hws_buf_fmt(&t->out, "%s\n", t->term);
	else if (hws_str_starts(line, "flood "))
		t->flood = number(line + 6);
	else if (hws_str_starts(line, "err "))
		hws_buf_fmt(t->pipes ? &t->errors : &t->out, "%s\n", line + 4);
	else if (hws_str_equal(line, "deaf"))
		t->deaf = true;
	else if (hws_str_equal(line, "sleep"))
		t->asleep = true;
	else if (hws_str_starts(line, "exit "))
		end(t, false, (int)(number(line + 5) & 255));
	else if (*line)
		hws_buf_fmt(&t->out, "%.200s: not found\n", line);
}

/* A line that would not fit whole waits as a program waits in its write. */
static bool run_next(struct pty *t)
{
	struct hws_bytes in = hws_buf_bytes(&t->in);
	const uint8_t *nl = in.len ? memchr(in.ptr, '\n', in.len) : NULL;
	char line[BUFFER];

	if (!nl || t->asleep || out_room(t) < (size_t)(nl - in.ptr) + 64)
		return false;
	size_t len = HWS_MIN((size_t)(nl - in.ptr), sizeof(line) - 1);
	memcpy(line, in.ptr, len);
	line[len] = 0;
	hws_buf_consume(&t->in, (size_t)(nl - in.ptr) + 1);
	run_line(t, line);
	if (t->once && !t->flood)
		end(t, false, 0);
	return true;
}

static void run(struct pty *t)
{
	while (!t->ended) {
		while (t->flood && out_room(t)) {
			hws_buf_put_u8(&t->out, hws_headless_flood(t->flooded++));
			t->flood--;
		}
		if (t->flood)
			return;
		t->flooded = 0;
		if (!run_next(t))
			break;
	}
	if (t->eof && !t->asleep && !hws_buf_len(&t->in))
		end(t, false, 0);
}

static void on_step(void *arg);

static void later(struct pty *t)
{
	hws_loop_defer(t->s->loop, &t->step, on_step, t);
}

/* One event at a time: each may close the terminal. */
static void on_step(void *arg)
{
	struct pty *t = arg;
	const struct hws_pty_conf *c = &t->base.conf;

	run(t);
	size_t said = hws_buf_len(&t->out) + hws_buf_len(&t->errors);
	if (!t->told && (said || t->ended)) {
		t->told = true;
		later(t);
		c->on_readable(c->arg);
	} else if (t->stuck && !t->ended && hws_buf_len(&t->in) < BUFFER) {
		t->stuck = false;
		later(t);
		if (c->on_writable)
			c->on_writable(c->arg);
	} else if (t->ended && !t->exit_told && !said) {
		t->exit_told = true;
		c->on_exit(&t->how, c->arg);
	}
}

static int take(struct pty *t, struct hws_buf *from, uint8_t *buf, size_t size, size_t *ret_len)
{
	struct hws_bytes out = hws_buf_bytes(from);
	size_t n = HWS_MIN(size, out.len);

	if (n == 0 && t->ended)
		return HWS_ERR_CLOSED;
	if (n == 0) {
		t->told = false;
		return HWS_ERR_AGAIN;
	}
	memcpy(buf, out.ptr, n);
	hws_buf_consume(from, n);
	*ret_len = n;
	later(t); /* the program goes on */
	return HWS_OK;
}

static int hl_read(struct hws_pty *base, uint8_t *buf, size_t size, size_t *ret_len)
{
	return take(pty_of(base), &pty_of(base)->out, buf, size, ret_len);
}

static int hl_read_errors(struct hws_pty *base, uint8_t *buf, size_t size, size_t *ret_len)
{
	return take(pty_of(base), &pty_of(base)->errors, buf, size, ret_len);
}

static int hl_end_input(struct hws_pty *base)
{
	struct pty *t = pty_of(base);

	if (t->ended)
		return HWS_ERR_CLOSED;
	t->eof = true;
	later(t);
	return HWS_OK;
}

/* As a terminal that was not told otherwise. */
static bool hl_interrupts(struct hws_pty *base HWS_UNUSED, uint8_t byte, int *ret_signal)
{
	*ret_signal = SIGNAL_INTERRUPT;
	return byte == 3;
}

/* The shell in memory goes on after an interruption, without what it was about to write. */
static int hl_signal(struct hws_pty *base, int number)
{
	struct pty *t = pty_of(base);

	if (t->ended)
		return HWS_ERR_CLOSED;
	if (number == SIGNAL_INTERRUPT && !t->pipes) {
		t->flood = 0;
		hws_buf_reset(&t->in);
		hws_buf_reset(&t->out);
	} else {
		end(t, true, number);
	}
	later(t);
	return HWS_OK;
}

static int hl_write(struct hws_pty *base, struct hws_bytes data, size_t *ret_taken)
{
	struct pty *t = pty_of(base);
	size_t room = BUFFER - HWS_MIN(hws_buf_len(&t->in), (size_t)BUFFER);
	size_t n = HWS_MIN(room, data.len);

	if (t->ended)
		return HWS_ERR_CLOSED;
	if (n == 0) {
		t->stuck = true;
		return HWS_ERR_AGAIN;
	}
	hws_buf_put(&t->in, data.ptr, n);
	*ret_taken = n;
	if (!t->pipes && memchr(data.ptr, 3, n))
		return hl_signal(base, SIGNAL_INTERRUPT);
	later(t);
	return HWS_OK;
}

static int hl_resize(struct hws_pty *base, uint16_t columns, uint16_t rows)
{
	struct pty *t = pty_of(base);

	if (t->ended)
		return HWS_ERR_CLOSED;
	t->columns = columns;
	t->rows = rows;
	return HWS_OK;
}

static int hl_kill(struct hws_pty *base, bool at_once)
{
	struct pty *t = pty_of(base);

	if (t->ended)
		return HWS_ERR_CLOSED;
	if (at_once || !t->deaf)
		end(t, true, at_once ? SIGNAL_KILL : SIGNAL_HANGUP);
	later(t);
	return HWS_OK;
}

static void hl_close(struct hws_pty *base)
{
	struct pty *t = pty_of(base);

	hws_loop_defer_cancel(&t->step);
	hws_buf_done(&t->in);
	hws_buf_done(&t->out);
	hws_buf_done(&t->errors);
	t->s->open--;
	hws_free(t);
}

static int check(const struct hws_pty_conf *conf, struct hws_error *err)
{
	const char *user = conf->user ? conf->user : HWS_HEADLESS_USER;
	const char *const *argv = conf->argv;

	if (hws_str_equal(user, "root"))
		return hws_error_set(err, HWS_ERR_PERM,
				"this host may not start programs of the user root");
	if (!hws_str_equal(user, HWS_HEADLESS_USER) && !hws_str_equal(user, "guest"))
		return hws_error_set(err, HWS_ERR_NOTFOUND, "there is no user of that name");
	if (argv &&
			(!hws_str_equal(argv[0], "sh") ||
					(argv[1] && (!hws_str_equal(argv[1], "-c") || !argv[2]))))
		return hws_error_set(err, HWS_ERR_NOTFOUND, "there is no such program");
	return HWS_OK;
}

static int hl_open(struct hws_ptys *base, const struct hws_pty_conf *conf, struct hws_pty **ret,
		struct hws_error *err)
{
	struct ptys *s = hws_container(base, struct ptys, base);
	int r = check(conf, err);

	if (r < 0)
		return r;
	if (s->open == HWS_PTYS_MAX)
		return hws_error_set(err, HWS_ERR_FULL, "there are %u terminals open already",
				HWS_PTYS_MAX);
	struct pty *t = hws_alloc(sizeof(*t));
	if (!t)
		return HWS_ERR_NOMEM;
	t->s = s;
	hws_buf_init(&t->in, 2 * BUFFER);
	hws_buf_init(&t->out, 2 * BUFFER);
	hws_buf_init(&t->errors, 2 * BUFFER);
	t->pipes = conf->pipes;
	t->base.pid = ++s->count;
	t->columns = conf->columns;
	t->rows = conf->rows;
	if (hws_str_copy(t->user, sizeof(t->user), conf->user ? conf->user : HWS_HEADLESS_USER) <
					0 ||
			hws_str_copy(t->term, sizeof(t->term),
					conf->term ? conf->term : "xterm-256color") < 0) {
		hws_free(t);
		return HWS_ERR_INVAL;
	}
	if (conf->argv && conf->argv[1]) {
		hws_buf_fmt(&t->in, "%.4000s\n", conf->argv[2]);
		t->once = true;
	}
	s->open++;
	later(t);
	*ret = &t->base;
	return HWS_OK;
}

static const struct hws_ptys_impl impl = {
	.open = hl_open,
	.read = hl_read,
	.write = hl_write,
	.read_errors = hl_read_errors,
	.end_input = hl_end_input,
	.resize = hl_resize,
	.interrupts = hl_interrupts,
	.signal = hl_signal,
	.kill = hl_kill,
	.close = hl_close,
};

int hl_ptys_new(struct hws_loop *loop, struct hws_ptys **ret)
{
	struct ptys *s = hws_alloc(sizeof(*s));

	if (!s)
		return HWS_ERR_NOMEM;
	s->base.impl = &impl;
	s->loop = loop;
	*ret = &s->base;
	return HWS_OK;
}

void hl_ptys_free(struct hws_ptys *base)
{
	if (base)
		hws_free(hws_container(base, struct ptys, base));
}
