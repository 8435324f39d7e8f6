/* The way of the output: program, ring, viewer. What is read is sent before more is read, so a
 * program that says too much waits in its own write. The screen is drawn when nothing else is to be
 * done; of what comes too fast for it only escape sequences are taken, and then the last of it. */
#include "client/services/terminal/reply.h"
#include "client/services/terminal/shell.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"

#define CHUNK (32u << 10) /* of one message */
#define TURN (256u << 10) /* then others have their turn */
#define ALONE (64u << 10) /* so much in each ALONE_US while nobody sees it */
#define ALONE_US (20 * HWS_US_PER_MS)
#define IDLE_US (40 * HWS_US_PER_MS)
#define DRAW (64u << 10)       /* of the screen, in one turn */
#define DRAWN_MAX (128u << 10) /* of what came too fast: the last of it */
#define UNDRAWN_MAX (256u << 10)
#define SLICE (256u << 10)            /* of it the pace is known */
#define SLOW_US (100 * HWS_US_PER_MS) /* for one: the line is the narrow place */

/* --- the screen --- */

static void draw_to(struct hws_shell *s, uint64_t end, bool skip)
{
	while (s->fed < end) {
		bool errors;
		struct hws_bytes b =
				hws_history_at(&s->said, s->fed, (size_t)(end - s->fed), &errors);

		if (!b.len)
			break;
		if (skip)
			hws_screen_skip(s->screen, b);
		else
			hws_screen_feed(s->screen, b);
		s->fed += b.len;
	}
	s->fed = end;
}

void hws_shell_catch_up(struct hws_shell *s)
{
	if (!s->screen)
		return;
	s->fed = HWS_MAX(s->fed, hws_history_begin(&s->said));
	draw_to(s, s->said.end, false);
}

static void on_idle(void *arg)
{
	struct hws_shell *s = arg;

	if (!s->screen)
		return;
	if (hws_loop_now_us(s->loop) - s->active_us < IDLE_US) { /* it still speaks */
		hws_timer_start(s->loop, &s->idle, IDLE_US, on_idle, s);
		return;
	}
	draw_to(s, HWS_MIN(s->said.end, s->fed + DRAW), false);
	if (s->fed < s->said.end)
		hws_timer_start(s->loop, &s->idle, 0, on_idle, s);
}

/* Something new was said. */
static void note(struct hws_shell *s)
{
	s->active_us = hws_loop_now_us(s->loop);
	if (!s->screen)
		return;
	if (s->said.end - s->fed > UNDRAWN_MAX)
		draw_to(s, s->said.end - DRAWN_MAX, true);
	if (!hws_timer_active(&s->idle))
		hws_timer_start(s->loop, &s->idle, IDLE_US, on_idle, s);
}

/* --- to the viewer --- */

static bool may_send(struct hws_shell *s)
{
	if (s->viewer->congested(s->viewer, hws_channel_class(HWS_CHANNEL_TERMINAL))) {
		s->choked = true;
		return false;
	}
	return !s->window || s->sent < s->acked + s->window + s->credit;
}

/* A character that has begun waits for its end; deployed viewers know each message by itself. Not
 * for ever: it may be no character at all. */
static size_t whole(const struct hws_shell *s, struct hws_bytes b)
{
	bool last = s->sent + b.len == s->said.end;

	if (hws_reply_extended(s->viewer) || (last && s->silent))
		return b.len;
	return hws_utf8_whole(b);
}

/* Packing pays on a slow line; on a fast one it is work for both ends. */
static void note_pace(struct hws_shell *s, size_t len)
{
	uint64_t now = hws_loop_now_us(s->loop);

	if (s->sent / SLICE == (s->sent - len) / SLICE)
		return;
	s->tight = s->choked && (s->tight || now - s->slice_us > SLOW_US);
	s->choked = false;
	s->slice_us = now;
}

/* False: nothing more can go now. */
static bool send_some(struct hws_shell *s)
{
	struct hws_reply_data d = { .id = s->id, .skipped = s->skipped };
	size_t max = CHUNK;

	if (!may_send(s))
		return false;
	if (s->window)
		max = (size_t)HWS_MIN((uint64_t)max, s->acked + s->window + s->credit - s->sent);
	d.data = hws_history_at(&s->said, s->sent, max, &d.errors);
	d.data.len = whole(s, d.data);
	d.pack = !hws_reply_extended(s->viewer) || s->tight;
	if (!d.data.len || hws_reply_data(s->viewer, &d) < 0)
		return false;
	s->skipped = 0;
	s->sent += d.data.len;
	if (!s->window) {
		s->acked = s->sent;
		hws_history_release(&s->said, s->acked);
	}
	note_pace(s, d.data.len);
	return true;
}

static uint64_t unsent(const struct hws_shell *s)
{
	return s->said.end - s->sent;
}

/* Between pipes each stream ends by itself. */
static void send_eofs(struct hws_shell *s)
{
	struct hws_reply_data d = { .id = s->id, .eof = true };

	if (!s->pipes || !hws_reply_extended(s->viewer) || unsent(s))
		return;
	if (s->silent && !s->eof_sent)
		s->eof_sent = hws_reply_data(s->viewer, &d) == HWS_OK;
	d.errors = true;
	if (s->errors_silent && !s->errors_eof_sent)
		s->errors_eof_sent = hws_reply_data(s->viewer, &d) == HWS_OK;
}

/* --- from the program --- */

/* Fills one message, if there is so much. */
static size_t read_stream(struct hws_shell *s, bool errors)
{
	bool *silent = errors ? &s->errors_silent : &s->silent;
	size_t sum = 0, n = 0, room;
	int r = HWS_OK;

	while (!*silent && sum < CHUNK && hws_history_has_room(&s->said)) {
		uint8_t *at = hws_history_reserve(&s->said, CHUNK - sum, &room);
		r = errors ? hws_pty_read_errors(s->pty, at, room, &n)
			   : hws_pty_read(s->pty, at, room, &n);
		if (r < 0)
			break;
		hws_history_commit(&s->said, n, errors);
		sum += n;
	}
	if (r < 0 && r != HWS_ERR_AGAIN)
		*silent = true;
	else if (r == HWS_OK && !*silent)
		s->more = true; /* it was left before it said that there is nothing */
	return sum;
}

/* What nobody has seen yet must not be overwritten. */
static bool may_read(const struct hws_shell *s)
{
	if (!s->pty || !s->more)
		return false;
	if (s->viewer || s->pipes)
		return s->said.end - s->acked < HWS_HISTORY_BYTES - 2 * CHUNK &&
				hws_history_has_room(&s->said);
	return true;
}

static size_t read_some(struct hws_shell *s)
{
	size_t n;

	s->more = false;
	n = read_stream(s, false);
	if (s->pipes)
		n += read_stream(s, true);
	if (n)
		note(s);
	return n;
}

/* --- both --- */

static void on_pump(void *arg)
{
	hws_shell_pump(arg);
}

static void finish(struct hws_shell *s)
{
	bool heard = s->silent && s->errors_silent;

	if (!s->ended || !heard || (s->viewer && unsent(s)))
		return;
	hws_timer_stop(&s->pump);
	s->on_end(s); /* may free it */
}

static void pump_alone(struct hws_shell *s)
{
	size_t sum = 0;

	while (sum < ALONE && may_read(s)) {
		size_t n = read_some(s);
		if (!n)
			break;
		sum += n;
	}
	if (!s->pipes) { /* lost for whoever comes back, but for what the ring holds */
		s->sent = HWS_MAX(s->sent, hws_history_begin(&s->said));
		s->acked = HWS_MAX(s->acked, hws_history_begin(&s->said));
	}
	if (may_read(s))
		hws_timer_start(s->loop, &s->pump, ALONE_US, on_pump, s);
}

void hws_shell_pump(struct hws_shell *s)
{
	size_t sum = 0;

	if (!s->viewer) {
		pump_alone(s);
		finish(s);
		return;
	}
	while (sum < TURN) {
		if (unsent(s) && send_some(s))
			continue;
		if (unsent(s) > 3 || !may_read(s))
			break; /* it cannot go: later; a begun character: more of it may come */
		size_t n = read_some(s);
		if (!n && !unsent(s))
			break;
		if (!n && !send_some(s))
			break;
		sum += n;
	}
	send_eofs(s);
	if (sum >= TURN || (may_read(s) && !unsent(s)))
		hws_timer_start(s->loop, &s->pump, 0, on_pump, s);
	finish(s);
}
