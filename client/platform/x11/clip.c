/* The CLIPBOARD selection: who owns it is watched by XFixes, and it is taken at the time of the
 * server, so that of two that take it at once everybody agrees who was last. Reading is in
 * clip_take, handing out in clip_give. */
#include "client/platform/uri_list.h"
#include "client/platform/x11/clip_parts.h"
#include "shared/base/mem.h"
#include <stdlib.h>
#include <string.h>

#define CHUNK_MAX (256u << 10)

static const char *const atom_names[X11_CLIP_ATOMS] = { "CLIPBOARD", "TARGETS", "TIMESTAMP",
	"MULTIPLE", "ATOM_PAIR", "INCR", "UTF8_STRING", "text/plain;charset=utf-8", "text/plain",
	"COMPOUND_TEXT", "TEXT", "STRING", "text/html", "text/html;charset=utf-8", "text/rtf",
	"text/richtext", "application/rtf", "image/png", "image/svg+xml", "XML Spreadsheet",
	"text/uri-list", "x-special/gnome-copied-files", X11_CLIP_MARK, "HAWSER_TIME" };

/* --- owning --- */

static void on_confirmed(void *reply, const xcb_generic_error_t *error, void *arg)
{
	struct x11_clip *c = arg;
	const xcb_get_selection_owner_reply_t *r = reply;

	(void)error;
	if (r && r->owner != c->window)
		c->own = false; /* somebody was quicker */
}

/* The answer to the change of a property: the server's time. */
static void claim(struct x11_clip *c, xcb_timestamp_t time)
{
	if (!c->claiming)
		return;
	c->claiming = false;
	hws_clip_copy_done(&c->now);
	c->now = c->next;
	c->files = c->next_files;
	c->next = (struct hws_clip_copy){ 0 };
	c->own = true;
	c->own_time = time;
	x11_clip_take_stop(c); /* whatever was being read is no longer there */
	xcb_set_selection_owner(c->d->conn, c->window, c->atom[CLIPBOARD], time);
	if (x11_await(c->d, xcb_get_selection_owner(c->d->conn, c->atom[CLIPBOARD]).sequence,
			    on_confirmed, c) < 0)
		x11_flush(c->d);
}

static int set_content(struct x11_clip *c, const struct hws_clip_content *content, bool files)
{
	struct hws_clip_copy copy;
	int r;

	if (c->own && !c->claiming && c->files == files &&
			hws_clip_content_equal(content, &c->now.c))
		return HWS_OK; /* nothing changes, so nobody need hear of it */
	r = hws_clip_copy_make(content, &copy);
	if (r < 0)
		return r;
	hws_clip_copy_done(&c->next);
	c->next = copy;
	c->next_files = files;
	c->claiming = true;
	xcb_change_property(c->d->conn, XCB_PROP_MODE_APPEND, c->window, c->atom[OUR_TIME],
			XCB_ATOM_INTEGER, 32, 0, NULL);
	x11_flush(c->d);
	return HWS_OK;
}

static int x11_set(struct hws_clip *base, const struct hws_clip_content *content)
{
	return set_content(hws_container(base, struct x11_clip, base), content, false);
}

static int x11_set_files(struct hws_clip *base, const char *const *paths, size_t n)
{
	struct x11_clip *c = hws_container(base, struct x11_clip, base);
	struct hws_buf list;
	int r;

	hws_buf_init(&list, HWS_URI_LIST_BYTES_MAX);
	hws_uri_list_put(&list, paths, n, "\r\n");
	r = hws_buf_err(&list);
	if (r == HWS_OK) {
		const struct hws_clip_content content = hws_clip_content_text(hws_buf_bytes(&list));
		r = set_content(c, &content, true);
	}
	hws_buf_done(&list);
	return r;
}

static void x11_clear_files(struct hws_clip *base)
{
	struct x11_clip *c = hws_container(base, struct x11_clip, base);

	if (c->claiming && c->next_files)
		c->claiming = false;
	if (!c->own || !c->files)
		return;
	c->own = false;
	xcb_set_selection_owner(c->d->conn, XCB_NONE, c->atom[CLIPBOARD], c->own_time);
	x11_flush(c->d);
}

/* --- events --- */

static void on_owner(struct x11_clip *c, const xcb_xfixes_selection_notify_event_t *e)
{
	if (e->selection != c->atom[CLIPBOARD])
		return;
	if (e->owner == XCB_NONE || e->owner == c->window)
		x11_clip_take_stop(c);
	else
		x11_clip_take(c, e->timestamp);
}

static void on_clear(struct x11_clip *c, const xcb_selection_clear_event_t *e)
{
	/* One that was on its way when we took it again is about what we had before. */
	if (e->selection == c->atom[CLIPBOARD] && (int32_t)(e->time - c->own_time) >= 0)
		c->own = false;
}

static void on_property(struct x11_clip *c, const xcb_property_notify_event_t *p)
{
	if (p->window != c->window) {
		if (p->state == XCB_PROPERTY_DELETE)
			x11_clip_give_next(c, p->window, p->atom);
	} else if (p->state == XCB_PROPERTY_NEW_VALUE) {
		if (p->atom == c->atom[OUR_TIME])
			claim(c, p->time);
		else
			x11_clip_take_property(c, p->atom);
	}
}

bool x11_clip_on_event(struct x11_clip *c, const xcb_generic_event_t *e)
{
	uint8_t type = e->response_type & 0x7f;

	if (type == c->d->xfixes_event + XCB_XFIXES_SELECTION_NOTIFY)
		on_owner(c, (const xcb_xfixes_selection_notify_event_t *)e);
	else if (type == XCB_SELECTION_REQUEST)
		x11_clip_give(c, (const xcb_selection_request_event_t *)e);
	else if (type == XCB_SELECTION_CLEAR)
		on_clear(c, (const xcb_selection_clear_event_t *)e);
	else if (type == XCB_SELECTION_NOTIFY)
		x11_clip_take_notify(c, (const xcb_selection_notify_event_t *)e);
	else if (type == XCB_PROPERTY_NOTIFY)
		on_property(c, (const xcb_property_notify_event_t *)e);
	else if (type == XCB_DESTROY_NOTIFY)
		x11_clip_give_stop(c, ((const xcb_destroy_notify_event_t *)e)->window);
	else
		return false;
	return true;
}

static void set_watching(struct x11_clip *c, bool content, bool files)
{
	bool before = c->watching || c->watching_files, now = content || files;

	c->watching = content;
	c->watching_files = files;
	if (before == now)
		return;
	if (!now)
		x11_clip_take_stop(c);
	/* The present content is not reported, only what is copied from now on. */
	xcb_xfixes_select_selection_input(c->d->conn, c->window, c->atom[CLIPBOARD],
			now ? XCB_XFIXES_SELECTION_EVENT_MASK_SET_SELECTION_OWNER : 0);
	x11_flush(c->d);
}

static void x11_watch(struct hws_clip *base, bool on)
{
	struct x11_clip *c = hws_container(base, struct x11_clip, base);

	set_watching(c, on, c->watching_files);
}

static void x11_watch_files(struct hws_clip *base, bool on)
{
	struct x11_clip *c = hws_container(base, struct x11_clip, base);

	set_watching(c, c->watching, on);
}

static const struct hws_clip_impl impl = { x11_watch, x11_set, x11_watch_files, x11_set_files,
	x11_clear_files };

int x11_clip_new(struct x11_desktop *d)
{
	struct x11_clip *c = calloc(1, sizeof(*c));
	uint32_t mask = XCB_EVENT_MASK_PROPERTY_CHANGE;

	if (!c)
		return HWS_ERR_NOMEM;
	c->base.impl = &impl;
	c->d = d;
	hws_buf_init(&c->in, HWS_CLIP_PART_MAX);
	/* One request holds so many bytes; the head of it takes a few. */
	c->chunk = HWS_MIN((size_t)CHUNK_MAX,
			(size_t)xcb_get_maximum_request_length(d->conn) * 4 - 64);
	for (unsigned i = 0; i < X11_CLIP_ATOMS; i++)
		c->atom[i] = x11_atom(d, atom_names[i]);
	for (unsigned i = 0; i < X11_CLIP_PROPERTIES; i++) {
		char name[] = "HAWSER_CLIP_0";
		name[sizeof(name) - 2] = (char)('0' + i);
		c->property[i] = x11_atom(d, name);
	}
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
	x11_clip_give_stop(c, 0);
	x11_clip_take_stop(c);
	hws_buf_done(&c->in);
	hws_clip_copy_done(&c->now);
	hws_clip_copy_done(&c->next);
	free(c);
}
