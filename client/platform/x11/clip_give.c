/* Handing out what we own, in every format and encoding that programs ask for. What is
 * larger than one request of the protocol goes in pieces, to several programs at once; who does
 * not fetch its pieces is forgotten. */
#include "client/platform/x11/clip_parts.h"
#include "client/platform/x11/clip_text.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include <string.h>

#define PAIRS_MAX 64                 /* of a request for several targets */
#define PIECE_US (10 * HWS_US_PER_S) /* to fetch a piece */
#define TRANSFERS_BYTES_MAX (3u * HWS_CLIP_ALL_MAX)

/* --- in pieces --- */

static void transfer_end(struct x11_clip *c, struct x11_clip_transfer *t)
{
	xcb_window_t window = t->window;
	uint32_t none = 0;
	bool more = false;

	hws_free(t->content);
	*t = (struct x11_clip_transfer){ 0 };
	for (unsigned i = 0; i < X11_CLIP_TRANSFERS; i++)
		more = more || c->transfer[i].window == window;
	if (!more && !c->d->lost) {
		xcb_change_window_attributes(c->d->conn, window, XCB_CW_EVENT_MASK, &none);
		x11_flush(c->d);
	}
}

static void on_sweep(void *arg)
{
	struct x11_clip *c = arg;
	uint64_t now = hws_loop_now_us(c->d->loop);
	bool any = false;

	for (unsigned i = 0; i < X11_CLIP_TRANSFERS; i++) {
		struct x11_clip_transfer *t = &c->transfer[i];
		if (t->window && now - t->since_us > PIECE_US) {
			hws_debug("x11.clip_not_fetched");
			transfer_end(c, t);
		}
		any = any || t->window;
	}
	if (!any)
		hws_timer_stop(&c->sweep);
}

static struct x11_clip_transfer *transfer_new(
		struct x11_clip *c, xcb_window_t window, xcb_atom_t property)
{
	struct x11_clip_transfer *use = NULL;

	for (unsigned i = 0; i < X11_CLIP_TRANSFERS; i++) {
		struct x11_clip_transfer *t = &c->transfer[i];
		if (t->window == window && t->property == property) {
			use = t; /* it asks anew, so it has given up what it asked before */
			break;
		}
		/* a free place before the oldest one */
		if (!t->window && (!use || use->window))
			/* NOLINTNEXTLINE(bugprone-branch-clone): two ranks */
			use = t;
		else if (!use || (use->window && t->since_us < use->since_us))
			use = t;
	}
	if (use->window)
		transfer_end(c, use);
	return use;
}

/* Each has a copy, which outlives what we own. */
static size_t in_transfer(const struct x11_clip *c)
{
	size_t n = 0;

	for (unsigned i = 0; i < X11_CLIP_TRANSFERS; i++)
		n += c->transfer[i].len;
	return n;
}

static bool give_pieces(struct x11_clip *c, xcb_window_t window, xcb_atom_t property,
		xcb_atom_t type, struct hws_bytes content)
{
	struct x11_clip_transfer *t = transfer_new(c, window, property);
	char *copy = in_transfer(c) + content.len <= TRANSFERS_BYTES_MAX
			? hws_memdup(content.ptr, content.len)
			: NULL;
	uint32_t size = (uint32_t)content.len,
		 mask = XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY;

	if (!copy)
		return false;
	*t = (struct x11_clip_transfer){ window, property, type, copy, content.len, 0,
		hws_loop_now_us(c->d->loop) };
	if (!hws_timer_active(&c->sweep))
		hws_timer_every(c->d->loop, &c->sweep, HWS_US_PER_S, on_sweep, c);
	xcb_change_window_attributes(c->d->conn, window, XCB_CW_EVENT_MASK, &mask);
	xcb_change_property(c->d->conn, XCB_PROP_MODE_REPLACE, window, property, c->atom[INCR], 32,
			1, &size);
	return true;
}

void x11_clip_give_next(struct x11_clip *c, xcb_window_t window, xcb_atom_t property)
{
	for (unsigned i = 0; i < X11_CLIP_TRANSFERS; i++) {
		struct x11_clip_transfer *t = &c->transfer[i];
		if (!window || t->window != window || t->property != property)
			continue;
		size_t n = HWS_MIN(t->len - t->at, c->chunk);
		xcb_change_property(c->d->conn, XCB_PROP_MODE_REPLACE, window, property, t->type, 8,
				(uint32_t)n, t->content + t->at);
		t->at += n;
		t->since_us = hws_loop_now_us(c->d->loop);
		if (n == 0) /* the empty piece was the end */
			transfer_end(c, t);
		x11_flush(c->d);
		return;
	}
}

void x11_clip_give_stop(struct x11_clip *c, xcb_window_t window)
{
	for (unsigned i = 0; i < X11_CLIP_TRANSFERS; i++)
		if (c->transfer[i].window && (!window || c->transfer[i].window == window))
			transfer_end(c, &c->transfer[i]);
	if (!window)
		hws_timer_stop(&c->sweep);
}

/* --- one target --- */

static bool give_bytes(struct x11_clip *c, xcb_window_t window, xcb_atom_t property,
		xcb_atom_t type, struct hws_bytes content)
{
	if (content.len > c->chunk)
		return give_pieces(c, window, property, type, content);
	xcb_change_property(c->d->conn, XCB_PROP_MODE_REPLACE, window, property, type, 8,
			(uint32_t)content.len, content.ptr);
	return true;
}

/* For TEXT the owner chooses: what the oldest programs understand, if nothing gets lost by it. */
static bool give_text(
		struct x11_clip *c, xcb_window_t window, xcb_atom_t target, xcb_atom_t property)
{
	const xcb_atom_t *a = c->atom;
	struct hws_bytes text = c->now.c.part[HWS_CLIP_TEXT];
	xcb_atom_t type = target;
	struct hws_buf coded;
	bool ok;

	/* each character that Latin-1 lacks costs some bytes around it, at most */
	hws_buf_init(&coded, text.len * 4 + 64);
	if (target == a[STRING]) {
		x11_latin1_put(&coded, text);
		text = hws_buf_bytes(&coded);
	} else if (target == a[COMPOUND_TEXT]) {
		x11_compound_put(&coded, text);
		text = hws_buf_bytes(&coded);
	} else if (target == a[TEXT]) {
		type = a[UTF8_STRING];
		if (x11_latin1_put(&coded, text)) {
			type = a[STRING];
			text = hws_buf_bytes(&coded);
		}
	}
	ok = hws_buf_err(&coded) == HWS_OK && give_bytes(c, window, property, type, text);
	hws_buf_done(&coded);
	return ok;
}

static void give_targets(struct x11_clip *c, xcb_window_t window, xcb_atom_t property)
{
	static const enum x11_clip_atom always[] = { TARGETS, TIMESTAMP, MULTIPLE, MARK };
	static const enum x11_clip_atom of_text[] = { UTF8_STRING, PLAIN_UTF8, TEXT, STRING,
		COMPOUND_TEXT, PLAIN };
	static const enum x11_clip_atom of_files[] = { URI_LIST, GNOME_FILES };
	xcb_atom_t list[X11_CLIP_ATOMS];
	uint32_t n = 0;

	for (size_t i = 0; i < HWS_COUNT(always); i++)
		list[n++] = c->atom[always[i]];
	for (size_t i = 0; c->files && i < HWS_COUNT(of_files); i++)
		list[n++] = c->atom[of_files[i]];
	for (size_t i = 0; !c->files && i < HWS_COUNT(of_text); i++)
		if (c->now.c.part[HWS_CLIP_TEXT].len)
			list[n++] = c->atom[of_text[i]];
	for (size_t i = 0; i < HWS_COUNT(x11_clip_coded); i++)
		if (c->now.c.part[x11_clip_coded[i].format].len)
			list[n++] = c->atom[x11_clip_coded[i].target];
	xcb_change_property(c->d->conn, XCB_PROP_MODE_REPLACE, window, property, XCB_ATOM_ATOM, 32,
			n, list);
}

/* Files: as they are, or as file managers of GNOME want them: what is to be done, then an URI a
 * line without an end behind the last. */
static bool give_files(
		struct x11_clip *c, xcb_window_t window, xcb_atom_t target, xcb_atom_t property)
{
	struct hws_bytes list = c->now.c.part[HWS_CLIP_TEXT];
	struct hws_buf out;
	bool ok;

	if (target == c->atom[URI_LIST])
		return give_bytes(c, window, property, target, list);
	if (target != c->atom[GNOME_FILES])
		return false;
	hws_buf_init(&out, list.len + 16);
	hws_buf_put_str(&out, "copy");
	for (size_t i = 0; i < list.len; i++)
		if (list.ptr[i] == '\r' || list.ptr[i] == '\n')
			continue;
		else if (i == 0 || list.ptr[i - 1] == '\n')
			hws_buf_fmt(&out, "\n%c", list.ptr[i]);
		else
			hws_buf_put_u8(&out, list.ptr[i]);
	ok = hws_buf_err(&out) == HWS_OK &&
			give_bytes(c, window, property, target, hws_buf_bytes(&out));
	hws_buf_done(&out);
	return ok;
}

static bool give_target(
		struct x11_clip *c, xcb_window_t window, xcb_atom_t target, xcb_atom_t property)
{
	static const enum x11_clip_atom texts[] = { UTF8_STRING, PLAIN_UTF8, TEXT, STRING,
		COMPOUND_TEXT, PLAIN };
	const xcb_atom_t *a = c->atom;
	uint8_t by_host = 1;

	if (target == a[TARGETS]) {
		give_targets(c, window, property);
		return true;
	}
	if (target == a[TIMESTAMP]) {
		xcb_change_property(c->d->conn, XCB_PROP_MODE_REPLACE, window, property,
				XCB_ATOM_INTEGER, 32, 1, &c->own_time);
		return true;
	}
	if (target == a[MARK]) {
		xcb_change_property(c->d->conn, XCB_PROP_MODE_REPLACE, window, property, a[MARK], 8,
				1, &by_host);
		return true;
	}
	if (c->files)
		return give_files(c, window, target, property);
	for (size_t i = 0; i < HWS_COUNT(texts); i++)
		if (target == a[texts[i]])
			return c->now.c.part[HWS_CLIP_TEXT].len &&
					give_text(c, window, target, property);
	for (size_t i = 0; i < HWS_COUNT(x11_clip_coded); i++) {
		struct hws_bytes part = c->now.c.part[x11_clip_coded[i].format];
		if (target == a[x11_clip_coded[i].target])
			return part.len && give_bytes(c, window, property, target, part);
	}
	return false;
}

/* --- requests --- */

static void answer(struct x11_clip *c, const xcb_selection_request_event_t *q, xcb_atom_t property)
{
	union {
		xcb_selection_notify_event_t e;
		char bytes[32]; /* xcb_send_event always reads so many */
	} out = { { 0 } };

	out.e.response_type = XCB_SELECTION_NOTIFY;
	out.e.time = q->time;
	out.e.requestor = q->requestor;
	out.e.selection = q->selection;
	out.e.target = q->target;
	out.e.property = property;
	xcb_send_event(c->d->conn, 0, q->requestor, 0, out.bytes);
	x11_flush(c->d);
}

/* The pairs (target, property) of a MULTIPLE request: those that cannot be had are struck out. */
static void on_pairs(void *reply, const xcb_generic_error_t *error, void *arg)
{
	struct x11_clip_multiple *m = arg;
	struct x11_clip *c = m->c;
	const xcb_selection_request_event_t *q = &m->request;
	const xcb_get_property_reply_t *r = reply;
	xcb_atom_t pair[PAIRS_MAX][2];
	bool all = true;
	size_t n;

	(void)error;
	m->used = false;
	if (!r || c->d->lost)
		return;
	n = (size_t)xcb_get_property_value_length(r) / sizeof(pair[0]);
	if (!c->own || r->format != 32 || n == 0 || n > PAIRS_MAX || r->bytes_after) {
		answer(c, q, XCB_NONE);
		return;
	}
	memcpy(pair, xcb_get_property_value(r), n * sizeof(pair[0]));
	for (size_t i = 0; i < n; i++) {
		if (pair[i][1] && pair[i][0] != c->atom[MULTIPLE] &&
				give_target(c, q->requestor, pair[i][0], pair[i][1]))
			continue;
		/* The manual strikes out the target, toolkits look at the property. */
		pair[i][0] = pair[i][1] = XCB_NONE;
		all = false;
	}
	if (!all)
		xcb_change_property(c->d->conn, XCB_PROP_MODE_REPLACE, q->requestor, q->property,
				c->atom[ATOM_PAIR], 32, (uint32_t)(n * 2), pair);
	answer(c, q, q->property);
}

static bool give_multiple(struct x11_clip *c, const xcb_selection_request_event_t *q)
{
	struct x11_clip_multiple *m = NULL;

	for (unsigned i = 0; i < X11_CLIP_MULTIPLES; i++)
		if (!c->multiple[i].used)
			m = &c->multiple[i];
	if (!m || !q->property)
		return false;
	*m = (struct x11_clip_multiple){ c, true, *q };
	if (x11_await(c->d,
			    xcb_get_property(c->d->conn, 0, q->requestor, q->property,
					    XCB_GET_PROPERTY_TYPE_ANY, 0, PAIRS_MAX * 2)
					    .sequence,
			    on_pairs, m) == HWS_OK)
		return true;
	m->used = false;
	return false;
}

/* Serial numbers of a clock that wraps around. */
static bool is_before(xcb_timestamp_t a, xcb_timestamp_t b)
{
	return (int32_t)(a - b) < 0;
}

/* Windows whose events we need: handing out in pieces asks for others, and for none at its end. */
static bool is_needed(const struct x11_clip *c, xcb_window_t w)
{
	return w == c->window || w == c->d->screen->root;
}

void x11_clip_give(struct x11_clip *c, const xcb_selection_request_event_t *q)
{
	/* Programs from before ICCCM leave the property to us. */
	xcb_atom_t property = q->property ? q->property : q->target;

	if (!c->own || q->selection != c->atom[CLIPBOARD] || is_needed(c, q->requestor) ||
			(q->time != XCB_CURRENT_TIME && is_before(q->time, c->own_time)))
		answer(c, q, XCB_NONE);
	else if (q->target == c->atom[MULTIPLE]) {
		if (!give_multiple(c, q))
			answer(c, q, XCB_NONE);
	} else {
		answer(c, q,
				give_target(c, q->requestor, q->target, property) ? property
										  : XCB_NONE);
	}
}
