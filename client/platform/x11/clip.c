/* The CLIPBOARD selection: who owns it is watched by XFixes; texts above one property travel by INCR. */
#include "client/platform/x11/desktop.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>

#define CHUNK (256u << 10)            /* of a transfer in pieces */
#define WAIT_US 3000000u              /* for an owner that does not answer */
#define TRANSFERS_MAX 8               /* pieces being handed out at once */
#define MARK "dyn.com.rustdesk.owner" /* what remote desktop programs put beside texts they set */

enum atom {
	CLIPBOARD,
	TARGETS,
	TIMESTAMP,
	UTF8_STRING,
	TEXT,
	INCR,
	PLAIN_UTF8,
	MARK_ATOM,
	OUR_PROPERTY,
	ATOM_COUNT
};

static const char *const atom_names[ATOM_COUNT] = { "CLIPBOARD", "TARGETS", "TIMESTAMP",
	"UTF8_STRING", "TEXT", "INCR", "text/plain;charset=utf-8", MARK, "HAWSER_CLIP" };

enum phase { IDLE, WAIT_TARGETS, WAIT_TEXT, WAIT_PIECES };

struct transfer {            /* somebody reads our text in pieces */
	xcb_window_t window; /* 0 = free */
	xcb_atom_t property, type;
	char *text;
	size_t len, at;
	uint64_t since_us;
};

struct x11_clip {
	struct hws_clip base;
	struct x11_desktop *d;
	xcb_window_t window;
	xcb_atom_t atom[ATOM_COUNT];
	bool watching, own, again;
	bool reading; /* an answer about our property is awaited */
	bool early;   /* and a new value has been told before it */
	char *text;   /* what we offer */
	size_t len;
	enum phase phase;
	struct hws_buf in;
	struct hws_timer deadline;
	struct transfer transfer[TRANSFERS_MAX];
};

static void begin_read(struct x11_clip *c);
static void read_property(struct x11_clip *c);

static void end_read(struct x11_clip *c)
{
	hws_timer_stop(&c->deadline);
	hws_buf_reset(&c->in);
	c->phase = IDLE;
	if (c->again) {
		c->again = false;
		begin_read(c);
	}
}

static void on_deadline(void *arg)
{
	end_read(arg);
}

static void convert(struct x11_clip *c, enum atom target, enum phase phase)
{
	c->phase = phase;
	xcb_delete_property(c->d->conn, c->window, c->atom[OUR_PROPERTY]);
	xcb_convert_selection(c->d->conn, c->window, c->atom[CLIPBOARD], c->atom[target],
			c->atom[OUR_PROPERTY], XCB_CURRENT_TIME);
	hws_timer_start(c->d->loop, &c->deadline, WAIT_US, on_deadline, c);
	x11_flush(c->d);
}

static void begin_read(struct x11_clip *c)
{
	if (c->phase != IDLE) {
		c->again = true; /* the newest owner counts: start over when this one is done */
		return;
	}
	if (c->watching && !c->own)
		convert(c, TARGETS, WAIT_TARGETS);
}

static void deliver(struct x11_clip *c)
{
	struct hws_bytes text = hws_buf_bytes(&c->in);

	while (text.len && text.ptr[text.len - 1] == 0)
		text.len--;
	if (hws_buf_err(&c->in) == HWS_OK && text.len && hws_utf8_valid(text) && c->watching &&
			!c->again && c->base.ev.on_text)
		c->base.ev.on_text(text, c->base.ev.arg);
	end_read(c);
}

static void take_targets(struct x11_clip *c, const xcb_get_property_reply_t *r)
{
	const xcb_atom_t *list = xcb_get_property_value(r);
	int n = r->format == 32 ? xcb_get_property_value_length(r) / 4 : 0;
	bool text = false;

	for (int i = 0; i < n; i++) {
		if (list[i] == c->atom[MARK_ATOM]) {
			end_read(c); /* set by a remote desktop program: it must not go round */
			return;
		}
		text = text || list[i] == c->atom[UTF8_STRING];
	}
	if (text)
		convert(c, UTF8_STRING, WAIT_TEXT);
	else
		end_read(c);
}

static void on_property(void *reply, const xcb_generic_error_t *error, void *arg)
{
	struct x11_clip *c = arg;
	const xcb_get_property_reply_t *r = reply;

	bool early = c->early;

	(void)error;
	c->reading = c->early = false;
	if (c->phase == IDLE)
		return;
	if (c->phase == WAIT_PIECES && r && r->type == XCB_NONE)
		return; /* not there yet; the end is a value of no length */
	if (!r) {
		end_read(c);
		return;
	}
	size_t n = (size_t)xcb_get_property_value_length(r);
	if (c->phase == WAIT_TARGETS) {
		take_targets(c, r);
	} else if (c->phase == WAIT_TEXT && r->type == c->atom[INCR]) {
		/* The property was deleted by reading it, which asks for the first piece. */
		c->phase = WAIT_PIECES;
		hws_timer_start(c->d->loop, &c->deadline, WAIT_US, on_deadline, c);
		/* Events may be looked at before answers that came first: that piece is here already. */
		if (early)
			read_property(c);
	} else {
		hws_buf_put(&c->in, xcb_get_property_value(r), n);
		if (c->phase == WAIT_TEXT || n == 0)
			deliver(c);
		else
			hws_timer_start(c->d->loop, &c->deadline, WAIT_US, on_deadline, c);
	}
}

static void read_property(struct x11_clip *c)
{
	c->reading = true;
	c->early = false;
	if (x11_await(c->d,
			    xcb_get_property(c->d->conn, 1, c->window, c->atom[OUR_PROPERTY],
					    XCB_GET_PROPERTY_TYPE_ANY, 0, HWS_CLIP_TEXT_MAX / 4)
					    .sequence,
			    on_property, c) < 0)
		end_read(c);
}

/* --- handing out --- */

static void transfer_end(struct transfer *t)
{
	hws_free(t->text);
	*t = (struct transfer){ 0 };
}

static struct transfer *transfer_new(struct x11_clip *c)
{
	struct transfer *oldest = &c->transfer[0];

	for (unsigned i = 0; i < TRANSFERS_MAX; i++) {
		if (!c->transfer[i].window)
			return &c->transfer[i];
		if (c->transfer[i].since_us < oldest->since_us)
			oldest = &c->transfer[i];
	}
	transfer_end(oldest);
	return oldest;
}

static bool offer_pieces(
		struct x11_clip *c, const xcb_selection_request_event_t *q, xcb_atom_t property)
{
	struct transfer *t = transfer_new(c);
	uint32_t size = (uint32_t)c->len, mask = XCB_EVENT_MASK_PROPERTY_CHANGE;
	char *copy = hws_memdup(c->text, c->len);

	if (!copy)
		return false;
	*t = (struct transfer){ q->requestor, property, q->target, copy, c->len, 0,
		hws_loop_now_us(c->d->loop) };
	xcb_change_window_attributes(c->d->conn, q->requestor, XCB_CW_EVENT_MASK, &mask);
	xcb_change_property(c->d->conn, XCB_PROP_MODE_REPLACE, q->requestor, property,
			c->atom[INCR], 32, 1, &size);
	return true;
}

static void next_piece(struct x11_clip *c, xcb_window_t window, xcb_atom_t property)
{
	for (unsigned i = 0; i < TRANSFERS_MAX; i++) {
		struct transfer *t = &c->transfer[i];
		if (t->window != window || t->property != property || !window)
			continue;
		size_t n = HWS_MIN(t->len - t->at, (size_t)CHUNK);
		xcb_change_property(c->d->conn, XCB_PROP_MODE_REPLACE, window, property, t->type, 8,
				(uint32_t)n, t->text + t->at);
		t->at += n;
		if (n == 0) /* the empty piece was the end */
			transfer_end(t);
		x11_flush(c->d);
		return;
	}
}

static bool answer(struct x11_clip *c, const xcb_selection_request_event_t *q, xcb_atom_t property)
{
	xcb_connection_t *conn = c->d->conn;
	const xcb_atom_t *a = c->atom;

	if (!c->own || q->selection != a[CLIPBOARD])
		return false;
	if (q->target == a[TARGETS]) {
		xcb_atom_t list[] = { a[TARGETS], a[UTF8_STRING], a[PLAIN_UTF8], a[TEXT],
			XCB_ATOM_STRING, a[MARK_ATOM] };
		xcb_change_property(conn, XCB_PROP_MODE_REPLACE, q->requestor, property,
				XCB_ATOM_ATOM, 32, HWS_COUNT(list), list);
		return true;
	}
	if (q->target == a[MARK_ATOM]) {
		uint8_t by_host = 1;
		xcb_change_property(conn, XCB_PROP_MODE_REPLACE, q->requestor, property,
				a[MARK_ATOM], 8, 1, &by_host);
		return true;
	}
	if (q->target != a[UTF8_STRING] && q->target != a[PLAIN_UTF8] && q->target != a[TEXT] &&
			q->target != XCB_ATOM_STRING)
		return false;
	if (c->len > CHUNK)
		return offer_pieces(c, q, property);
	xcb_change_property(conn, XCB_PROP_MODE_REPLACE, q->requestor, property,
			q->target == a[TEXT] ? a[UTF8_STRING] : q->target, 8, (uint32_t)c->len,
			c->text);
	return true;
}

static void on_request(struct x11_clip *c, const xcb_selection_request_event_t *q)
{
	xcb_atom_t property = q->property ? q->property : q->target;
	union {
		xcb_selection_notify_event_t e;
		char bytes[32]; /* xcb_send_event always reads so many */
	} out = { { 0 } };

	out.e.response_type = XCB_SELECTION_NOTIFY;
	out.e.time = q->time;
	out.e.requestor = q->requestor;
	out.e.selection = q->selection;
	out.e.target = q->target;
	out.e.property = answer(c, q, property) ? property : XCB_NONE;
	xcb_send_event(c->d->conn, 0, q->requestor, 0, out.bytes);
	x11_flush(c->d);
}

static void on_owner(struct x11_clip *c, const xcb_xfixes_selection_notify_event_t *e)
{
	if (e->selection != c->atom[CLIPBOARD])
		return;
	c->own = e->owner == c->window;
	if (e->owner != XCB_NONE)
		begin_read(c);
}

bool x11_clip_on_event(struct x11_clip *c, const xcb_generic_event_t *e)
{
	uint8_t type = e->response_type & 0x7f;
	const xcb_property_notify_event_t *p = (const xcb_property_notify_event_t *)e;

	if (type == c->d->xfixes_event + XCB_XFIXES_SELECTION_NOTIFY) {
		on_owner(c, (const xcb_xfixes_selection_notify_event_t *)e);
	} else if (type == XCB_SELECTION_REQUEST) {
		on_request(c, (const xcb_selection_request_event_t *)e);
	} else if (type == XCB_SELECTION_CLEAR) {
		c->own = false;
	} else if (type == XCB_SELECTION_NOTIFY) {
		if (c->phase != WAIT_TARGETS && c->phase != WAIT_TEXT)
			return true;
		if (((const xcb_selection_notify_event_t *)e)->property == XCB_NONE)
			end_read(c);
		else
			read_property(c);
	} else if (type == XCB_PROPERTY_NOTIFY) {
		if (p->window == c->window) {
			if (p->state != XCB_PROPERTY_NEW_VALUE)
				return true;
			if (c->phase == WAIT_PIECES)
				read_property(c);
			else if (c->phase == WAIT_TEXT && c->reading)
				c->early = true;
		} else if (p->state == XCB_PROPERTY_DELETE) {
			next_piece(c, p->window, p->atom);
		}
	} else {
		return false;
	}
	return true;
}

static void x11_watch(struct hws_clip *base, bool on)
{
	struct x11_clip *c = hws_container(base, struct x11_clip, base);

	if (c->watching == on)
		return;
	c->watching = on;
	/* The present content is not reported, only what is copied from now on. */
	xcb_xfixes_select_selection_input(c->d->conn, c->window, c->atom[CLIPBOARD],
			on ? XCB_XFIXES_SELECTION_EVENT_MASK_SET_SELECTION_OWNER : 0);
	x11_flush(c->d);
}

static int x11_set_text(struct hws_clip *base, struct hws_bytes text)
{
	struct x11_clip *c = hws_container(base, struct x11_clip, base);

	if (text.len > HWS_CLIP_TEXT_MAX)
		return HWS_ERR_TOOBIG;
	char *copy = hws_memdup(text.ptr, text.len);
	if (!copy)
		return HWS_ERR_NOMEM;
	hws_free(c->text);
	c->text = copy;
	c->len = text.len;
	c->own = true;
	xcb_set_selection_owner(c->d->conn, c->window, c->atom[CLIPBOARD], XCB_CURRENT_TIME);
	x11_flush(c->d);
	return HWS_OK;
}

static const struct hws_clip_impl impl = { x11_watch, x11_set_text };

int x11_clip_new(struct x11_desktop *d)
{
	struct x11_clip *c = calloc(1, sizeof(*c));
	uint32_t mask = XCB_EVENT_MASK_PROPERTY_CHANGE;

	if (!c)
		return HWS_ERR_NOMEM;
	c->base.impl = &impl;
	c->d = d;
	hws_buf_init(&c->in, HWS_CLIP_TEXT_MAX);
	for (unsigned i = 0; i < ATOM_COUNT; i++)
		c->atom[i] = x11_atom(d, atom_names[i]);
	c->window = xcb_generate_id(d->conn);
	xcb_create_window(d->conn, 0, c->window, d->screen->root, -10, -10, 1, 1, 0,
			XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK,
			&mask);
	d->clip = c;
	d->base.clip = &c->base;
	return HWS_OK;
}

void x11_clip_free(struct x11_clip *c)
{
	if (!c)
		return;
	hws_timer_stop(&c->deadline);
	for (unsigned i = 0; i < TRANSFERS_MAX; i++)
		transfer_end(&c->transfer[i]);
	hws_buf_done(&c->in);
	hws_free(c->text);
	free(c);
}
