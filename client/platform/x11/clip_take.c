/* Reading what somebody else has copied: first what the owner offers, then the best of it as text,
 * whole or in pieces. Each question names another property, so that an answer that comes late, from
 * an owner that has lost the selection meanwhile, is never taken for one of the present owner: text
 * without the mark would go where the mark of the present one forbids it. What takes too long or
 * grows too large is left. */
#include "client/platform/uri_list.h"
#include "client/platform/x11/clip_parts.h"
#include "client/platform/x11/clip_text.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define WAIT_US (3 * HWS_US_PER_S)   /* for an owner that does not answer, and for the next piece */
#define WHOLE_US (30 * HWS_US_PER_S) /* for all pieces of a text */

/* Best encoding first. */
static const enum x11_clip_atom by_worth[] = { UTF8_STRING, PLAIN_UTF8, COMPOUND_TEXT, TEXT, STRING,
	PLAIN };

static void read_property(struct x11_clip *c);

static xcb_atom_t present(const struct x11_clip *c)
{
	return c->property[c->turn % X11_CLIP_PROPERTIES];
}

static bool is_reading(const struct x11_clip *c)
{
	return c->awaited > c->stale;
}

/* What is still on its way is of the past from now on. */
static void next_question(struct x11_clip *c)
{
	c->turn++;
	c->stale = c->awaited;
	c->early = false;
}

void x11_clip_take_stop(struct x11_clip *c)
{
	hws_timer_stop(&c->deadline);
	hws_buf_reset(&c->in);
	c->phase = IDLE;
	next_question(c);
}

static void on_deadline(void *arg)
{
	hws_debug("x11.clip_slow");
	x11_clip_take_stop(arg);
}

static void wait(struct x11_clip *c)
{
	hws_timer_start(c->d->loop, &c->deadline, WAIT_US, on_deadline, c);
}

static void ask(struct x11_clip *c, enum x11_clip_atom target, enum x11_clip_phase phase)
{
	next_question(c);
	c->phase = phase;
	c->asked = c->atom[target];
	xcb_delete_property(c->d->conn, c->window, present(c));
	xcb_convert_selection(c->d->conn, c->window, c->atom[CLIPBOARD], c->asked, present(c),
			c->asked_time);
	wait(c);
	x11_flush(c->d);
}

void x11_clip_take(struct x11_clip *c, xcb_timestamp_t time)
{
	x11_clip_take_stop(c);
	c->asked_time = time;
	c->since_us = hws_loop_now_us(c->d->loop);
	c->marked = false;
	memset(c->offered, 0, sizeof(c->offered));
	ask(c, TARGETS, WAIT_TARGETS);
}

/* The next best encoding that was not tried. */
static void ask_text(struct x11_clip *c)
{
	for (size_t i = 0; c->watching && i < HWS_COUNT(by_worth); i++) {
		enum x11_clip_atom a = by_worth[i];
		if (!c->offered[a])
			continue;
		c->offered[a] = false;
		hws_buf_reset(&c->in);
		ask(c, a, WAIT_TEXT);
		return;
	}
	x11_clip_take_stop(c);
}

/* Files first: a text that comes with them only names them. */
static void ask_content(struct x11_clip *c)
{
	if (c->watching_files && c->offered[URI_LIST] && !c->marked) {
		c->offered[URI_LIST] = false;
		hws_buf_reset(&c->in);
		ask(c, URI_LIST, WAIT_TEXT);
	} else {
		ask_text(c);
	}
}

static void take_targets(struct x11_clip *c, const xcb_get_property_reply_t *r)
{
	const xcb_atom_t *list = xcb_get_property_value(r);
	int n = r->format == 32 ? xcb_get_property_value_length(r) / 4 : 0;

	for (int i = 0; i < n; i++) {
		c->marked = c->marked || list[i] == c->atom[MARK];
		c->offered[URI_LIST] = c->offered[URI_LIST] || list[i] == c->atom[URI_LIST];
		for (size_t k = 0; k < HWS_COUNT(by_worth); k++)
			if (list[i] == c->atom[by_worth[k]])
				c->offered[by_worth[k]] = true;
	}
	ask_content(c);
}

/* --- the text --- */

static void tell(struct x11_clip *c, struct hws_bytes text)
{
	const struct hws_clip_events *ev = &c->base.ev;
	void (*fn)(struct hws_bytes text, void *arg) = c->marked ? ev->on_marked : ev->on_text;

	while (text.len && text.ptr[text.len - 1] == 0)
		text.len--;
	if (text.len && c->watching && fn)
		fn(text, ev->arg);
}

/* What the owner says it is counts, not what it was asked for: for TEXT it chooses itself. */
static bool decode(struct x11_clip *c, struct hws_bytes in, struct hws_buf *out)
{
	if (c->type == c->atom[COMPOUND_TEXT])
		return x11_compound_take(out, in) == HWS_OK;
	if (c->type == c->atom[STRING] || !hws_utf8_valid(in)) {
		if (c->type == c->atom[UTF8_STRING] || c->type == c->atom[PLAIN_UTF8])
			return false;
		x11_latin1_take(out, in);
		return true;
	}
	hws_buf_put(out, in.ptr, in.len);
	return true;
}

/* A text may come beside them; telling is last, since it may set something. */
static void finish_files(struct x11_clip *c)
{
	const struct hws_clip_file_events *ev = &c->base.files;
	char **paths;
	size_t n;
	int r = hws_uri_list_take(hws_buf_bytes(&c->in), &paths, &n);

	ask_text(c);
	if (r < 0)
		hws_debug("x11.clip_files", HWS_ERR("why", r));
	else if (n && c->watching_files && ev->on_files)
		ev->on_files((const char *const *)paths, n, ev->arg);
	hws_free(paths);
}

static void finish_text(struct x11_clip *c)
{
	struct hws_buf text;

	if (c->asked == c->atom[URI_LIST]) {
		finish_files(c);
		return;
	}
	hws_buf_init(&text, HWS_CLIP_TEXT_MAX);
	if (!decode(c, hws_buf_bytes(&c->in), &text)) {
		ask_text(c);
	} else {
		int r = hws_buf_err(&text);
		if (r < 0)
			hws_debug("x11.clip_too_large");
		x11_clip_take_stop(c); /* telling may set a text */
		if (r == HWS_OK)
			tell(c, hws_buf_bytes(&text));
	}
	hws_buf_done(&text);
}

/* False when it is more than anybody takes. */
static bool add(struct x11_clip *c, const xcb_get_property_reply_t *r)
{
	hws_buf_put(&c->in, xcb_get_property_value(r), (size_t)xcb_get_property_value_length(r));
	if (hws_buf_err(&c->in) == HWS_OK && r->bytes_after == 0 &&
			hws_loop_now_us(c->d->loop) - c->since_us < WHOLE_US)
		return true;
	hws_debug("x11.clip_too_large");
	x11_clip_take_stop(c);
	return false;
}

static void take_text(struct x11_clip *c, const xcb_get_property_reply_t *r, bool early)
{
	if (r->type == c->atom[INCR]) {
		/* The property was deleted by reading it, which asks for the first piece. */
		c->phase = WAIT_PIECES;
		c->type = XCB_NONE;
		wait(c);
		/* Events may be looked at before answers that came first: that piece is here
		 * already. */
		if (early)
			read_property(c);
		return;
	}
	if (r->type == XCB_NONE || r->format != 8) {
		ask_text(c);
		return;
	}
	c->type = r->type;
	if (add(c, r))
		finish_text(c);
}

static void take_piece(struct x11_clip *c, const xcb_get_property_reply_t *r)
{
	if (r->type == XCB_NONE)
		return; /* not there yet; the end is a value of no length */
	if (xcb_get_property_value_length(r) == 0) {
		finish_text(c);
		return;
	}
	if (r->format != 8) {
		ask_text(c);
		return;
	}
	c->type = r->type;
	if (add(c, r))
		wait(c);
}

static void on_property(void *reply, const xcb_generic_error_t *error, void *arg)
{
	struct x11_clip *c = arg;
	bool early = c->early;

	(void)error;
	c->awaited--;
	if (c->stale) {
		c->stale--;
		return;
	}
	c->early = false;
	if (!reply)
		x11_clip_take_stop(c);
	else if (c->phase == WAIT_TARGETS)
		take_targets(c, reply);
	else if (c->phase == WAIT_TEXT)
		take_text(c, reply, early);
	else if (c->phase == WAIT_PIECES)
		take_piece(c, reply);
}

static void read_property(struct x11_clip *c)
{
	if (x11_await(c->d,
			    xcb_get_property(c->d->conn, 1, c->window, present(c),
					    XCB_GET_PROPERTY_TYPE_ANY, 0, HWS_CLIP_TEXT_MAX / 4)
					    .sequence,
			    on_property, c) < 0) {
		x11_clip_take_stop(c);
		return;
	}
	c->awaited++;
	c->early = false;
}

/* --- events --- */

void x11_clip_take_notify(struct x11_clip *c, const xcb_selection_notify_event_t *e)
{
	bool waits = c->phase == WAIT_TARGETS || c->phase == WAIT_TEXT;

	if (e->property == XCB_NONE) {
		if (!waits || is_reading(c) || e->target != c->asked ||
				(e->time && e->time != c->asked_time))
			return;
		if (c->phase == WAIT_TARGETS) /* which every owner should answer */
			c->offered[UTF8_STRING] = c->offered[STRING] = true;
		ask_text(c);
	} else if (waits && !is_reading(c) && e->property == present(c)) {
		read_property(c);
	} else if (e->property != present(c)) {
		x11_clip_take_property(c, e->property);
	}
}

void x11_clip_take_property(struct x11_clip *c, xcb_atom_t property)
{
	if (property == present(c)) {
		if (c->phase == WAIT_PIECES)
			read_property(c);
		else if (c->phase == WAIT_TEXT && is_reading(c))
			c->early = true;
		return;
	}
	/* A late answer: deleted unread, which also lets an owner come to the end of its pieces. */
	for (size_t i = 0; i < X11_CLIP_PROPERTIES; i++)
		if (c->property[i] == property) {
			xcb_delete_property(c->d->conn, c->window, property);
			x11_flush(c->d);
		}
}
