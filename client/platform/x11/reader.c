/* When programs have read what was typed: RECORD shows their requests, and a map must not change
 * before. */
#include "client/platform/x11/reader.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include <stdlib.h>
#include <string.h>
#include <xcb/record.h>
#include <xcb/xcbext.h>

#define CLIENTS_MAX 32
/* Programs ask at the first press that they handle after a change. The others may still lie
 * unhandled with them, and are read by the map that they have then. That cannot be seen: they get
 * this long for it. */
#define QUIET_US (1000 * HWS_US_PER_MS)
#define BLIND_US (1500 * HWS_US_PER_MS) /* for a program to read, where that cannot be seen */
#define ALIVE_US (500 * HWS_US_PER_MS)
#define GET_KEYBOARD_MAPPING 101
#define XKB_GET_MAP 8
#define XKB_GET_KBD_BY_NAME 23
#define FROM_CLIENT 1
#define PING_BASE 0x48570000u /* no time that a window manager would use */
#define PARENTS_MAX 8
#define PROTOCOLS_MAX 32

struct client {
	uint32_t base;       /* of its resource ids; 0 = unused */
	xcb_window_t window; /* that had the keyboard */
	bool owing;          /* presses whose handling was not seen */
	uint64_t pressed_gen,
			asked_gen; /* changes before its last press, and before it asked last */
	uint64_t pressed_us, asked_us, alive_us;
	xcb_window_t ping_window; /* answers pings; NONE: it does not */
	uint32_t ping, pong;      /* the last that was sent and answered */
};

struct x11_reader {
	struct x11_desktop *d;
	xcb_connection_t *tap; /* NULL: no RECORD */
	xcb_record_context_t context;
	unsigned enable; /* sequence of the request whose answers are what was recorded */
	struct event readable;
	uint8_t xkb_major;
	uint64_t gen;    /* changes that were made */
	uint64_t marked; /* of these, those whose mark was seen among what programs ask */
	uint32_t ping;
	xcb_atom_t protocols, net_wm_ping;
	struct client client[CLIENTS_MAX];
};

/* --- what programs ask --- */

static struct client *client_of(struct x11_reader *r, uint32_t base, bool make)
{
	struct client *oldest = &r->client[0];

	for (unsigned k = 0; k < CLIENTS_MAX; k++) {
		struct client *c = &r->client[k];
		if (c->base == base)
			return c;
		bool older = oldest->owing || c->pressed_us < oldest->pressed_us;
		if (c->base == 0 || (oldest->base && !c->owing && older))
			oldest = c;
	}
	if (!make)
		return NULL;
	*oldest = (struct client){ .base = base };
	return oldest;
}

static void on_asked(struct x11_reader *r, uint32_t base)
{
	struct client *c = client_of(r, base, false);

	if (!c)
		return;
	c->asked_gen = r->marked;
	c->asked_us = hws_clock_us();
}

/* They come in the order in which the server served them, our own, too: those tell where a change
 * was made. */
static void on_requests(struct x11_reader *r, const xcb_record_enable_context_reply_t *e)
{
	bool own = e->xid_base == xcb_get_setup(r->d->conn)->resource_id_base;
	const uint8_t *p = xcb_record_enable_context_data(e);
	size_t n = (size_t)xcb_record_enable_context_data_length(e);

	while (n >= 4) {
		uint16_t words;
		memcpy(&words, p + 2, sizeof(words));
		if (e->client_swapped)
			words = (uint16_t)(words >> 8 | words << 8);
		size_t size = (size_t)words * 4;
		if (own)
			r->marked += p[0] == GET_KEYBOARD_MAPPING;
		else if (p[0] == GET_KEYBOARD_MAPPING ||
				(p[0] == r->xkb_major &&
						(p[1] == XKB_GET_MAP ||
								p[1] == XKB_GET_KBD_BY_NAME)))
			on_asked(r, e->xid_base);
		if (size < 4 || size > n)
			break;
		p += size;
		n -= size;
	}
}

static void close_tap(struct x11_reader *r)
{
	if (!r->tap)
		return;
	if (r->readable.ev_base)
		event_del(&r->readable);
	xcb_record_disable_context(r->d->conn, r->context);
	xcb_record_free_context(r->d->conn, r->context);
	x11_flush(r->d);
	xcb_disconnect(r->tap);
	r->tap = NULL;
}

static void drain_tap(struct x11_reader *r)
{
	void *reply = NULL;
	xcb_generic_error_t *error = NULL;

	while (r->tap && xcb_poll_for_reply(r->tap, r->enable, &reply, &error)) {
		const xcb_record_enable_context_reply_t *e = reply;
		if (!e) {
			free(error);
			close_tap(r);
			return;
		}
		if (e->category == FROM_CLIENT)
			on_requests(r, e);
		free(reply);
	}
	if (r->tap && xcb_connection_has_error(r->tap))
		close_tap(r);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	drain_tap(arg);
}

/* All programs, those to come, too; nothing but their requests for the map. */
static bool open_tap(struct x11_reader *r)
{
	xcb_connection_t *c = r->d->conn;
	const xcb_query_extension_reply_t *x = xcb_get_extension_data(c, &xcb_record_id);
	xcb_record_client_spec_t all = XCB_RECORD_CS_ALL_CLIENTS;
	xcb_record_range_t range[2];

	if (!x || !x->present)
		return false;
	r->xkb_major = xcb_get_extension_data(c, &xcb_xkb_id)->major_opcode;
	memset(range, 0, sizeof(range));
	range[0].core_requests.first = range[0].core_requests.last = GET_KEYBOARD_MAPPING;
	range[1].ext_requests.major.first = range[1].ext_requests.major.last = r->xkb_major;
	range[1].ext_requests.minor.first = XKB_GET_MAP;
	range[1].ext_requests.minor.last = XKB_GET_KBD_BY_NAME;
	free(xcb_record_query_version_reply(c, xcb_record_query_version(c, 1, 13), NULL));
	r->context = xcb_generate_id(c);
	xcb_generic_error_t *error = xcb_request_check(
			c, xcb_record_create_context_checked(c, r->context, 0, 1, 2, &all, range));
	if (error) {
		free(error);
		return false;
	}
	r->tap = xcb_connect(r->d->display, NULL);
	if (xcb_connection_has_error(r->tap)) {
		close_tap(r);
		return false;
	}
	r->enable = xcb_record_enable_context(r->tap, r->context).sequence;
	/* The first answer says that it has begun. */
	xcb_record_enable_context_cookie_t cookie = { r->enable };
	xcb_record_enable_context_reply_t *begun =
			xcb_record_enable_context_reply(r->tap, cookie, NULL);
	bool ok = begun &&
			event_assign(&r->readable, hws_loop_base(r->d->loop),
					xcb_get_file_descriptor(r->tap), EV_READ | EV_PERSIST,
					on_readable, r) == 0 &&
			event_add(&r->readable, NULL) == 0;
	free(begun);
	if (!ok)
		close_tap(r);
	return ok;
}

/* --- who has the keyboard --- */

static xcb_window_t keyboard_window(struct x11_desktop *d)
{
	xcb_get_input_focus_reply_t *f =
			xcb_get_input_focus_reply(d->conn, xcb_get_input_focus(d->conn), NULL);
	xcb_window_t w = f ? f->focus : XCB_NONE;

	free(f);
	if (w == XCB_INPUT_FOCUS_POINTER_ROOT) { /* then the window under the pointer has it */
		xcb_query_pointer_reply_t *p = xcb_query_pointer_reply(
				d->conn, xcb_query_pointer(d->conn, d->screen->root), NULL);
		w = p ? p->child : XCB_NONE;
		free(p);
	}
	x11_flush(d); /* the waits may have read events */
	return w == d->screen->root ? XCB_NONE : w;
}

static bool exists(struct x11_desktop *d, xcb_window_t w)
{
	xcb_get_window_attributes_reply_t *a = xcb_get_window_attributes_reply(
			d->conn, xcb_get_window_attributes(d->conn, w), NULL);
	bool there = a != NULL;

	free(a);
	x11_flush(d);
	return there;
}

/* --- pings --- */

static bool answers_pings(struct x11_reader *r, xcb_window_t w)
{
	xcb_get_property_reply_t *p = xcb_get_property_reply(r->d->conn,
			xcb_get_property(r->d->conn, 0, w, r->protocols, XCB_ATOM_ATOM, 0,
					PROTOCOLS_MAX),
			NULL);
	bool found = false;

	if (p && p->format == 32) {
		const xcb_atom_t *atom = xcb_get_property_value(p);
		for (int k = 0; k < xcb_get_property_value_length(p) / 4; k++)
			found = found || atom[k] == r->net_wm_ping;
	}
	free(p);
	return found;
}

/* The window itself or one around it: toolkits give the keyboard to a child. */
static xcb_window_t ping_window_of(struct x11_reader *r, xcb_window_t w)
{
	for (unsigned k = 0; k < PARENTS_MAX && w != XCB_NONE && w != r->d->screen->root; k++) {
		if (answers_pings(r, w))
			return w;
		xcb_query_tree_reply_t *t = xcb_query_tree_reply(
				r->d->conn, xcb_query_tree(r->d->conn, w), NULL);
		w = t ? t->parent : XCB_NONE;
		free(t);
	}
	return XCB_NONE;
}

/* It comes behind the presses in the program's events, and is answered when its turn has come. */
static void send_ping(struct x11_reader *r, struct client *c)
{
	xcb_client_message_event_t e = { .response_type = XCB_CLIENT_MESSAGE,
		.format = 32,
		.window = c->ping_window,
		.type = r->protocols };

	c->ping = PING_BASE | (++r->ping & 0xffff);
	e.data.data32[0] = r->net_wm_ping;
	e.data.data32[1] = c->ping;
	e.data.data32[2] = c->ping_window;
	xcb_send_event(r->d->conn, 0, c->ping_window, 0, (const char *)&e);
	x11_flush(r->d);
}

bool x11_reader_on_message(struct x11_reader *r, const xcb_client_message_event_t *e)
{
	if (e->type != r->protocols || e->data.data32[0] != r->net_wm_ping)
		return false;
	for (unsigned k = 0; k < CLIENTS_MAX; k++)
		if (r->client[k].base && r->client[k].ping_window == e->data.data32[2])
			r->client[k].pong = e->data.data32[1];
	return true;
}

/* Answers to pings go to the root window. */
static void listen_at_root(struct x11_reader *r, bool on)
{
	x11_root_events(r->d, XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY, on);
}

/* --- the interface --- */

void x11_reader_mark(xcb_connection_t *conn, uint8_t code)
{
	xcb_discard_reply(conn, xcb_get_keyboard_mapping(conn, code, 1).sequence);
}

void x11_reader_changed(struct x11_reader *r)
{
	r->gen++;
}

void x11_reader_pressed(struct x11_reader *r)
{
	xcb_window_t w = keyboard_window(r->d);

	if (w == XCB_NONE)
		return; /* nobody gets them */
	struct client *c = client_of(r, w & ~xcb_get_setup(r->d->conn)->resource_id_mask, true);
	if (c->window != w) {
		c->window = w;
		c->ping_window = ping_window_of(r, w);
	}
	c->pressed_us = c->alive_us = hws_clock_us();
	if (c->pressed_gen != r->gen) { /* otherwise it has this map, or is waited for */
		c->owing = true;
		c->pressed_gen = r->gen;
	}
	if (c->owing && c->ping_window)
		send_ping(r, c);
}

static bool has_read(struct x11_reader *r, const struct client *c, uint64_t now)
{
	if (c->ping_window && c->pong == c->ping)
		return true;
	if (!r->tap && !c->ping_window)
		return now - c->pressed_us > BLIND_US;
	/* Asking once is enough for several changes. Some programs (of Qt) leave their answer to a
	 * ping unsent. */
	return c->asked_gen >= c->pressed_gen &&
			now - HWS_MAX(c->asked_us, c->pressed_us) > QUIET_US;
}

static bool client_settled(struct x11_reader *r, struct client *c)
{
	uint64_t now = hws_clock_us();

	if (!c->owing || has_read(r, c, now))
		return true;
	if (now - c->alive_us < ALIVE_US)
		return false;
	c->alive_us = now;
	return !exists(r->d, c->window);
}

bool x11_reader_settled(struct x11_reader *r)
{
	bool all = true;

	drain_tap(r);
	for (unsigned k = 0; k < CLIENTS_MAX; k++) {
		struct client *c = &r->client[k];
		if (!c->base)
			continue;
		if (client_settled(r, c))
			c->owing = false;
		else
			all = false;
	}
	return all;
}

void x11_reader_forget(struct x11_reader *r)
{
	memset(r->client, 0, sizeof(r->client));
}

int x11_reader_new(struct x11_desktop *d, struct x11_reader **ret)
{
	struct x11_reader *r = hws_alloc(sizeof(*r));

	if (!r)
		return HWS_ERR_NOMEM;
	r->d = d;
	r->protocols = x11_atom(d, "WM_PROTOCOLS");
	r->net_wm_ping = x11_atom(d, "_NET_WM_PING");
	listen_at_root(r, true);
	if (!open_tap(r))
		hws_info("x11.no_record"); /* programs get a fixed time to read */
	x11_flush(d);
	*ret = r;
	return HWS_OK;
}

void x11_reader_free(struct x11_reader *r)
{
	if (!r)
		return;
	close_tap(r);
	if (!r->d->lost)
		listen_at_root(r, false);
	hws_free(r);
}
