/* Reading what somebody else has copied: first what the owner offers, then each format that we
 * know, text in the best encoding, whole or in pieces; what has come is told when all has been
 * asked for. Each question names another property, so that an answer that comes late, from
 * an owner that has lost the selection meanwhile, is never taken for one of the present owner:
 * content without the mark would go where the mark of the present one forbids it. What grows too
 * large is left out; an owner that does not answer is asked no more. */
#include "client/platform/uri_list.h"
#include "client/platform/x11/clip_parts.h"
#include "client/platform/x11/clip_text.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define WAIT_US (3 * HWS_US_PER_S)   /* for an owner that does not answer, and for the next piece */
#define WHOLE_US (30 * HWS_US_PER_S) /* for all that an owner has */

/* Best encoding first. */
static const enum x11_clip_atom by_worth[] = { UTF8_STRING, PLAIN_UTF8, COMPOUND_TEXT, TEXT, STRING,
	PLAIN };

static void read_property(struct x11_clip *c);
static void ask_next(struct x11_clip *c);

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
	for (unsigned i = 0; i < HWS_CLIP_FORMATS; i++)
		hws_buf_done(&c->part[i]);
	c->phase = IDLE;
	next_question(c);
}

/* No more is asked of this owner. What it gave is told last, since that may set something. */
static void finish(struct x11_clip *c)
{
	const struct hws_clip_events *ev = &c->base.ev;
	void (*fn)(const struct hws_clip_content *, void *) =
			c->marked ? ev->on_marked : ev->on_content;
	struct hws_buf part[HWS_CLIP_FORMATS];
	struct hws_clip_content content;
	bool large = c->large && !c->marked;

	memcpy(part, c->part, sizeof(part));
	memset(c->part, 0, sizeof(c->part));
	x11_clip_take_stop(c);
	for (unsigned i = 0; i < HWS_CLIP_FORMATS; i++)
		content.part[i] = hws_buf_bytes(&part[i]);
	if (c->watching && fn && hws_clip_content_size(&content))
		fn(&content, ev->arg);
	if (c->watching && large && ev->on_large)
		ev->on_large(ev->arg);
	for (unsigned i = 0; i < HWS_CLIP_FORMATS; i++)
		hws_buf_done(&part[i]);
}

static void on_deadline(void *arg)
{
	hws_debug("x11.clip_slow");
	finish(arg);
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
	c->marked = c->large = false;
	memset(c->offered, 0, sizeof(c->offered));
	ask(c, TARGETS, WAIT_TARGETS);
}

/* --- what comes next --- */

/* The best encoding that was not tried. */
static bool ask_text(struct x11_clip *c)
{
	for (size_t i = 0; i < HWS_COUNT(by_worth) && !hws_buf_len(&c->part[HWS_CLIP_TEXT]); i++) {
		enum x11_clip_atom a = by_worth[i];
		if (!c->offered[a])
			continue;
		c->offered[a] = false;
		ask(c, a, WAIT_PART);
		return true;
	}
	return false;
}

/* A mark is looked for before anything: text is enough to know such a copy again. */
static bool ask_coded(struct x11_clip *c)
{
	if (c->marked && hws_buf_len(&c->part[HWS_CLIP_TEXT]))
		return false;
	for (size_t i = 0; i < HWS_COUNT(x11_clip_coded); i++) {
		enum x11_clip_atom a = x11_clip_coded[i].target;
		bool wanted = c->offered[a] && !hws_buf_len(&c->part[x11_clip_coded[i].format]);

		c->offered[a] = false;
		if (!wanted)
			continue;
		ask(c, a, WAIT_PART);
		return true;
	}
	return false;
}

/* Files first: a text that comes with them only names them, and nothing else of them is wanted. */
static void ask_next(struct x11_clip *c)
{
	hws_buf_reset(&c->in);
	if (hws_loop_now_us(c->d->loop) - c->since_us >= WHOLE_US) {
		finish(c);
		return;
	}
	if (c->watching_files && c->offered[URI_LIST] && !c->marked) {
		c->offered[URI_LIST] = false;
		for (size_t i = 0; i < HWS_COUNT(x11_clip_coded); i++)
			c->offered[x11_clip_coded[i].target] = false;
		ask(c, URI_LIST, WAIT_PART);
	} else if (!c->watching || (!ask_text(c) && !ask_coded(c))) {
		finish(c);
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
		for (size_t k = 0; k < HWS_COUNT(x11_clip_coded); k++)
			if (list[i] == c->atom[x11_clip_coded[k].target])
				c->offered[x11_clip_coded[k].target] = true;
	}
	ask_next(c);
}

/* --- what has come --- */

/* What the owner says it is counts, not what it was asked for: for TEXT it chooses itself. */
static void decode_text(struct x11_clip *c, struct hws_bytes in, struct hws_buf *out)
{
	if (c->type == c->atom[COMPOUND_TEXT]) {
		if (x11_compound_take(out, in) < 0)
			hws_buf_done(out);
	} else if (c->type == c->atom[STRING] || !hws_utf8_valid(in)) {
		if (c->type != c->atom[UTF8_STRING] && c->type != c->atom[PLAIN_UTF8])
			x11_latin1_take(out, in);
	} else {
		hws_buf_put(out, in.ptr, in.len);
	}
}

/* A text may come beside them; telling is last, since it may set something. */
static void take_files(struct x11_clip *c)
{
	const struct hws_clip_file_events *ev = &c->base.files;
	char **paths;
	size_t n;
	int r = hws_uri_list_take(hws_buf_bytes(&c->in), &paths, &n);

	ask_next(c);
	if (r < 0)
		hws_debug("x11.clip_files", HWS_ERR("why", r));
	else if (n && c->watching_files && ev->on_files)
		ev->on_files((const char *const *)paths, n, ev->arg);
	hws_free(paths);
}

static enum hws_clip_format format_of(const struct x11_clip *c, xcb_atom_t target)
{
	for (size_t i = 0; i < HWS_COUNT(x11_clip_coded); i++)
		if (target == c->atom[x11_clip_coded[i].target])
			return x11_clip_coded[i].format;
	return HWS_CLIP_TEXT;
}

/* One format is there, whole. What is not what it should be is as good as not offered. */
static void take_whole(struct x11_clip *c)
{
	enum hws_clip_format f = format_of(c, c->asked);
	struct hws_bytes in = hws_buf_bytes(&c->in);
	struct hws_buf *out = &c->part[f];

	if (c->asked == c->atom[URI_LIST]) {
		take_files(c);
		return;
	}
	hws_buf_init(out, HWS_CLIP_PART_MAX);
	if (f == HWS_CLIP_PNG) {
		hws_buf_put(out, in.ptr, in.len);
	} else if (f == HWS_CLIP_TEXT) {
		decode_text(c, in, out);
		x11_drop_end(out);
	} else if (x11_markup_take(out, in) < 0) {
		hws_buf_done(out);
	}
	if (hws_buf_err(out) < 0)
		c->large = true;
	if (hws_buf_err(out) < 0 || !hws_buf_len(out)) /* the next encoding begins anew */
		hws_buf_done(out);
	ask_next(c);
}

static size_t size_so_far(const struct x11_clip *c)
{
	size_t n = hws_buf_len(&c->in);

	for (unsigned i = 0; i < HWS_CLIP_FORMATS; i++)
		n += hws_buf_len(&c->part[i]);
	return n;
}

/* False when it is more than anybody takes: then another format is tried. */
static bool add(struct x11_clip *c, const xcb_get_property_reply_t *r)
{
	bool fits;

	hws_buf_put(&c->in, xcb_get_property_value(r), (size_t)xcb_get_property_value_length(r));
	fits = hws_buf_err(&c->in) == HWS_OK && r->bytes_after == 0 &&
			size_so_far(c) <= HWS_CLIP_ALL_MAX;
	c->large = c->large || !fits;
	if (fits && hws_loop_now_us(c->d->loop) - c->since_us < WHOLE_US)
		return true;
	ask_next(c);
	return false;
}

static void take_part(struct x11_clip *c, const xcb_get_property_reply_t *r, bool early)
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
		ask_next(c);
		return;
	}
	c->type = r->type;
	if (add(c, r))
		take_whole(c);
}

static void take_piece(struct x11_clip *c, const xcb_get_property_reply_t *r)
{
	if (r->type == XCB_NONE)
		return; /* not there yet; the end is a value of no length */
	if (xcb_get_property_value_length(r) == 0) {
		take_whole(c);
		return;
	}
	if (r->format != 8) {
		ask_next(c);
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
	else if (c->phase == WAIT_PART)
		take_part(c, reply, early);
	else if (c->phase == WAIT_PIECES)
		take_piece(c, reply);
}

static void read_property(struct x11_clip *c)
{
	if (x11_await(c->d,
			    xcb_get_property(c->d->conn, 1, c->window, present(c),
					    XCB_GET_PROPERTY_TYPE_ANY, 0, HWS_CLIP_PART_MAX / 4)
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
	bool waits = c->phase == WAIT_TARGETS || c->phase == WAIT_PART;

	if (e->property == XCB_NONE) {
		if (!waits || is_reading(c) || e->target != c->asked ||
				(e->time && e->time != c->asked_time))
			return;
		if (c->phase == WAIT_TARGETS) /* which every owner should answer */
			c->offered[UTF8_STRING] = c->offered[STRING] = true;
		ask_next(c);
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
		else if (c->phase == WAIT_PART && is_reading(c))
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
