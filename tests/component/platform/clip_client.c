/* The client's half of ICCCM, by hand: right and wrong answers alike. */
#include "clip_client.h"
#include "shared/base/macros.h"
#include <stdlib.h>
#include <string.h>

struct desktop d;
xcb_atom_t clipboard, mine;

xcb_atom_t atom(const char *name)
{
	xcb_intern_atom_reply_t *r = xcb_intern_atom_reply(
			d.c, xcb_intern_atom(d.c, 0, (uint16_t)strlen(name), name), NULL);
	xcb_atom_t a;

	ck_assert_ptr_nonnull(r);
	a = r->atom;
	free(r);
	return a;
}

void clip_client_setup(void)
{
	uint32_t mask = XCB_EVENT_MASK_PROPERTY_CHANGE;

	desktop_setup(&d);
	clipboard = atom("CLIPBOARD");
	mine = atom("TEST_PROPERTY");
	xcb_change_window_attributes(d.c, d.window, XCB_CW_EVENT_MASK, &mask);
	desktop_sync(&d);
}

void clip_client_teardown(void)
{
	desktop_teardown(&d);
}

void read_property(xcb_atom_t property, struct got *g)
{
	xcb_get_property_reply_t *r = xcb_get_property_reply(d.c,
			xcb_get_property(d.c, 1, d.window, property, XCB_GET_PROPERTY_TYPE_ANY, 0,
					100),
			NULL);

	ck_assert_ptr_nonnull(r);
	g->type = r->type;
	g->format = r->format;
	g->len = (size_t)xcb_get_property_value_length(r);
	ck_assert_uint_le(g->len, sizeof(g->bytes));
	memcpy(g->bytes, xcb_get_property_value(r), g->len);
	free(r);
}

/* False: refused. */
bool convert(const char *target, xcb_timestamp_t time, struct got *g)
{
	xcb_convert_selection(d.c, d.window, clipboard, atom(target), mine, time);
	xcb_flush(d.c);
	xcb_generic_event_t *e = desktop_event(&d, XCB_SELECTION_NOTIFY);
	bool ok = ((xcb_selection_notify_event_t *)e)->property != XCB_NONE;

	free(e);
	if (ok)
		read_property(mine, g);
	return ok;
}

void set_text(const char *text)
{
	ck_assert_int_eq(hws_clip_set_text(d.p->clip, hws_bytes_str(text)), HWS_OK);
	for (uint64_t end = test_now_ms() + TEST_PATIENCE_MS;;) {
		xcb_get_selection_owner_reply_t *r = xcb_get_selection_owner_reply(
				d.c, xcb_get_selection_owner(d.c, clipboard), NULL);
		bool other = r->owner != XCB_NONE && r->owner != d.window;
		free(r);
		if (other)
			break;
		ck_assert_uint_lt(test_now_ms(), end);
		hws_loop_once(d.loop, 2000);
	}
	desktop_run(&d, 20);
}

bool has_atom(const struct got *g, const char *name)
{
	xcb_atom_t a = atom(name);

	for (size_t i = 0; i + 4 <= g->len; i += 4)
		if (memcmp(g->bytes + i, &a, 4) == 0)
			return true;
	return false;
}

void own(void)
{
	xcb_set_selection_owner(d.c, d.window, clipboard, XCB_CURRENT_TIME);
	desktop_sync(&d);
}

xcb_selection_request_event_t next_request(void)
{
	xcb_generic_event_t *e = desktop_event(&d, XCB_SELECTION_REQUEST);
	xcb_selection_request_event_t q = *(xcb_selection_request_event_t *)e;

	free(e);
	return q;
}

void notify(const xcb_selection_request_event_t *q, xcb_atom_t property)
{
	union {
		xcb_selection_notify_event_t e;
		char bytes[32];
	} out = { { 0 } };

	out.e.response_type = XCB_SELECTION_NOTIFY;
	out.e.time = q->time;
	out.e.requestor = q->requestor;
	out.e.selection = q->selection;
	out.e.target = q->target;
	out.e.property = property;
	xcb_send_event(d.c, 0, q->requestor, 0, out.bytes);
	desktop_sync(&d);
}

void give_targets(const xcb_selection_request_event_t *q, const char *const names[])
{
	xcb_atom_t list[16];
	uint32_t n = 0;

	for (; names[n]; n++)
		list[n] = atom(names[n]);
	ck_assert_uint_eq(q->target, atom("TARGETS"));
	xcb_change_property(d.c, XCB_PROP_MODE_REPLACE, q->requestor, q->property, XCB_ATOM_ATOM,
			32, n, list);
	notify(q, q->property);
}

void give(const xcb_selection_request_event_t *q, const char *type, const void *p, size_t len)
{
	xcb_change_property(d.c, XCB_PROP_MODE_REPLACE, q->requestor, q->property, atom(type), 8,
			(uint32_t)len, p);
	notify(q, q->property);
}

void watch(void)
{
	hws_clip_watch(d.p->clip, true);
	desktop_run(&d, 30);
}
