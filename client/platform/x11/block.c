/* A device that somebody has grabbed by itself moves no pointer and gives no keys to anybody else
 * meanwhile; the ones of XTEST are devices of their own. */
#include "client/platform/x11/block.h"
#include <stdlib.h>
#include <string.h>
#include <xcb/xinput.h>

xcb_atom_t x11_xtest_atom(xcb_connection_t *conn)
{
	static const char name[] = "XTEST Device";
	xcb_intern_atom_reply_t *a = xcb_intern_atom_reply(
			conn, xcb_intern_atom(conn, 0, sizeof(name) - 1, name), NULL);
	xcb_atom_t atom = a ? a->atom : XCB_NONE;

	free(a);
	return atom;
}

bool x11_is_xtest(xcb_connection_t *conn, uint16_t device, xcb_atom_t atom)
{
	xcb_input_xi_get_property_reply_t *p = xcb_input_xi_get_property_reply(conn,
			xcb_input_xi_get_property(conn, device, 0, atom, XCB_ATOM_ANY, 0, 1), NULL);
	bool has = p && p->num_items > 0;

	free(p);
	return has;
}

static bool is_held(const struct x11_block *b, uint16_t device)
{
	for (unsigned i = 0; i < b->count; i++)
		if (b->device[i] == device)
			return true;
	return false;
}

static bool grab(xcb_connection_t *conn, xcb_window_t root, uint16_t device)
{
	const uint32_t nothing = 0;
	xcb_input_xi_grab_device_reply_t *r = xcb_input_xi_grab_device_reply(conn,
			xcb_input_xi_grab_device(conn, root, XCB_CURRENT_TIME, XCB_NONE, device,
					XCB_INPUT_GRAB_MODE_22_ASYNC, XCB_INPUT_GRAB_MODE_22_ASYNC,
					XCB_INPUT_GRAB_OWNER_NO_OWNER, 1, &nothing),
			NULL);
	bool ok = r && r->status == XCB_GRAB_STATUS_SUCCESS;

	free(r);
	return ok;
}

static void watch_hierarchy(xcb_connection_t *conn, xcb_window_t root, bool on)
{
	const struct {
		xcb_input_event_mask_t head;
		uint32_t mask;
	} m = { { XCB_INPUT_DEVICE_ALL, 1 }, on ? XCB_INPUT_XI_EVENT_MASK_HIERARCHY : 0u };

	xcb_input_xi_select_events(conn, root, 1, &m.head);
}

static int hold_all(xcb_connection_t *conn, xcb_window_t root, struct x11_block *b,
		const xcb_input_xi_query_device_reply_t *r)
{
	xcb_atom_t xtest = x11_xtest_atom(conn);
	xcb_input_xi_device_info_iterator_t it = xcb_input_xi_query_device_infos_iterator(r);

	for (; it.rem; xcb_input_xi_device_info_next(&it)) {
		uint16_t id = it.data->deviceid;
		bool slave = it.data->type == XCB_INPUT_DEVICE_TYPE_SLAVE_POINTER ||
				it.data->type == XCB_INPUT_DEVICE_TYPE_SLAVE_KEYBOARD;
		if (!slave || !it.data->enabled || x11_is_xtest(conn, id, xtest))
			continue;
		/* it may have the number of one that we held, and that has gone */
		bool listed = is_held(b, id);
		if (!listed && b->count == X11_BLOCK_DEVICES_MAX)
			return HWS_ERR_FULL;
		if (!grab(conn, root, id))
			return HWS_ERR_BUSY;
		if (!listed)
			b->device[b->count++] = id;
	}
	return HWS_OK;
}

int x11_block_again(xcb_connection_t *conn, xcb_window_t root, struct x11_block *b,
		struct hws_error *err)
{
	xcb_input_xi_query_device_reply_t *r = xcb_input_xi_query_device_reply(
			conn, xcb_input_xi_query_device(conn, XCB_INPUT_DEVICE_ALL), NULL);
	int code = r ? hold_all(conn, root, b, r) : HWS_ERR_DISPLAY;

	free(r);
	if (code < 0) {
		x11_block_off(conn, root, b);
		hws_error_set(err, code, "mouse and keyboard of this host cannot be blocked: %s",
				code == HWS_ERR_BUSY ? "a program there holds one of them"
						     : hws_err_text(code));
	}
	return code;
}

int x11_block_on(xcb_connection_t *conn, xcb_window_t root, struct x11_block *b,
		struct hws_error *err)
{
	const xcb_query_extension_reply_t *x = xcb_get_extension_data(conn, &xcb_input_id);

	if (b->on)
		return HWS_OK;
	xcb_input_xi_query_version_reply_t *v = x && x->present
			? xcb_input_xi_query_version_reply(
					  conn, xcb_input_xi_query_version(conn, 2, 2), NULL)
			: NULL;
	bool known = v && v->major_version >= 2;
	free(v);
	if (!known)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"the X server of this host knows no input devices (XInput 2)");
	b->opcode = x->major_opcode;
	b->on = true;
	watch_hierarchy(conn, root, true);
	return x11_block_again(conn, root, b, err);
}

void x11_block_off(xcb_connection_t *conn, xcb_window_t root, struct x11_block *b)
{
	for (unsigned i = 0; i < b->count; i++)
		xcb_input_xi_ungrab_device(conn, XCB_CURRENT_TIME, b->device[i]);
	if (b->on)
		watch_hierarchy(conn, root, false);
	xcb_flush(conn);
	b->count = 0;
	b->on = false;
}

bool x11_block_is_change(const struct x11_block *b, const xcb_generic_event_t *e)
{
	const xcb_ge_generic_event_t *g = (const xcb_ge_generic_event_t *)e;

	return b->on && (e->response_type & 0x7f) == XCB_GE_GENERIC && g->extension == b->opcode &&
			g->event_type == XCB_INPUT_HIERARCHY;
}
