/* No file remembers what was lent: the map itself says it. Each lent key bears actions of the kind
 * "none", whose data nobody looks at; they come and go with its symbols in one request, so that
 * there is no moment in which a crash would leave the one without the other. */
#include "client/platform/x11/sweep.h"
#include "client/platform/x11/block.h"
#include "shared/base/macros.h"
#include <stdlib.h>
#include <string.h>
#include <xcb/xinput.h>
#include <xcb/xkb.h>
#include <xcb/xtest.h>

#define OWNER_ATOM "_HAWSER_KEYS"
#define OWNERS_MAX 16

static const uint8_t MAGIC[3] = { 'H', 'W', 'K' };

xcb_window_t x11_sweep_owner_new(xcb_connection_t *conn, const xcb_screen_t *screen)
{
	xcb_window_t w = xcb_generate_id(conn);
	xcb_intern_atom_reply_t *mark = xcb_intern_atom_reply(
			conn, xcb_intern_atom(conn, 0, sizeof(OWNER_ATOM) - 1, OWNER_ATOM), NULL);

	if (!mark)
		return XCB_NONE;
	xcb_create_window(conn, 0, w, screen->root, -1, -1, 1, 1, 0, XCB_WINDOW_CLASS_INPUT_ONLY,
			XCB_COPY_FROM_PARENT, XCB_CW_OVERRIDE_REDIRECT, &(uint32_t){ 1 });
	xcb_change_property(conn, XCB_PROP_MODE_REPLACE, w, mark->atom, XCB_ATOM_WINDOW, 32, 1, &w);
	free(mark);
	return w;
}

void x11_sweep_mark(xcb_window_t owner, uint8_t action[8])
{
	action[0] = XCB_XKB_SA_TYPE_NO_ACTION;
	memcpy(action + 1, MAGIC, sizeof(MAGIC));
	memcpy(action + 4, &owner, 4);
}

bool x11_sweep_read_mark(const uint8_t action[8], xcb_window_t *ret_owner)
{
	if (action[0] != XCB_XKB_SA_TYPE_NO_ACTION || memcmp(action + 1, MAGIC, sizeof(MAGIC)) != 0)
		return false;
	memcpy(ret_owner, action + 4, 4);
	return true;
}

/* A window of that number may belong to another program by now: ours bears its own number. */
bool x11_sweep_owner_lives(xcb_connection_t *conn, xcb_window_t owner)
{
	xcb_intern_atom_reply_t *mark = xcb_intern_atom_reply(
			conn, xcb_intern_atom(conn, 0, sizeof(OWNER_ATOM) - 1, OWNER_ATOM), NULL);
	xcb_get_property_reply_t *r = mark
			? xcb_get_property_reply(conn,
					  xcb_get_property(conn, 0, owner, mark->atom,
							  XCB_ATOM_WINDOW, 0, 1),
					  NULL)
			: NULL;
	bool alive = r && r->format == 32 && xcb_get_property_value_length(r) == 4 &&
			memcmp(xcb_get_property_value(r), &owner, 4) == 0;

	free(mark);
	free(r);
	return alive;
}

struct verdicts { /* each owner is asked for once */
	struct {
		xcb_window_t owner;
		bool sweep;
	} of[OWNERS_MAX];
	unsigned count;
};

static bool is_due(
		xcb_connection_t *conn, struct verdicts *v, xcb_window_t owner, xcb_window_t self)
{
	unsigned k = 0;

	while (k < v->count && v->of[k].owner != owner)
		k++;
	if (k == OWNERS_MAX)
		return false; /* cannot be: so many died at once */
	if (k == v->count) {
		v->of[k].owner = owner;
		v->of[k].sweep = owner == self || !x11_sweep_owner_lives(conn, owner);
		v->count++;
	}
	return v->of[k].sweep;
}

static void blank(xcb_connection_t *conn, uint8_t min, uint8_t max, uint8_t code)
{
	struct {
		xcb_xkb_key_sym_map_t key;
		uint8_t actions, pad[3];
	} none = { .actions = 0 };

	/* the order of libxcb; the one key is the first of its list each time */
	/* NOLINTNEXTLINE(readability-suspicious-call-argument) */
	xcb_xkb_set_map(conn, XCB_XKB_ID_USE_CORE_KBD,
			XCB_XKB_MAP_PART_KEY_SYMS | XCB_XKB_MAP_PART_KEY_ACTIONS, 0, min, max, 0, 0,
			code, 1, 0, code, 1, 0, min, 0, 0, min, 0, 0, min, 0, 0, min, 0, 0, 0,
			&none);
}

void x11_sweep(xcb_connection_t *conn, xcb_window_t self)
{
	struct verdicts v = { .count = 0 };
	xcb_xkb_get_map_map_t map;

	xcb_grab_server(conn);
	xcb_xkb_get_map_reply_t *r = xcb_xkb_get_map_reply(conn,
			xcb_xkb_get_map(conn, XCB_XKB_ID_USE_CORE_KBD, XCB_XKB_MAP_PART_KEY_ACTIONS,
					0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
			NULL);
	if (r) {
		unsigned done = 0;
		xcb_xkb_get_map_map_unpack(xcb_xkb_get_map_map(r), r->nTypes, r->nKeySyms,
				r->nKeyActions, r->totalActions, r->totalKeyBehaviors,
				r->virtualMods, r->totalKeyExplicit, r->totalModMapKeys,
				r->totalVModMapKeys, r->present, &map);
		for (unsigned k = 0; k < r->nKeyActions; k++) {
			const uint8_t *action = (const uint8_t *)map.acts_rtrn_acts + 8u * done;
			xcb_window_t owner;
			done += map.acts_rtrn_count[k];
			if (map.acts_rtrn_count[k] && done <= r->totalActions &&
					x11_sweep_read_mark(action, &owner) &&
					is_due(conn, &v, owner, self))
				blank(conn, r->minKeyCode, r->maxKeyCode,
						(uint8_t)(r->firstKeyAction + k));
		}
		free(r);
	}
	xcb_ungrab_server(conn);
	xcb_flush(conn);
}

/* Of one class of a device: what is down goes up. */
static void let_go(xcb_connection_t *conn, uint8_t type, const uint8_t *bits, size_t size)
{
	for (unsigned code = 1; code < size * 8; code++)
		if (bits[code / 8] >> (code % 8) & 1)
			xcb_test_fake_input(conn, type, (uint8_t)code, XCB_CURRENT_TIME, XCB_NONE,
					0, 0, 0);
}

static void let_go_of(xcb_connection_t *conn, uint16_t device)
{
	xcb_input_query_device_state_reply_t *r = xcb_input_query_device_state_reply(
			conn, xcb_input_query_device_state(conn, (uint8_t)device), NULL);

	if (!r)
		return;
	xcb_input_input_state_iterator_t it = xcb_input_query_device_state_classes_iterator(r);
	for (; it.rem; xcb_input_input_state_next(&it)) {
		const xcb_input_key_state_t *k = (const void *)it.data;
		const xcb_input_button_state_t *b = (const void *)it.data;
		if (it.data->class_id == XCB_INPUT_INPUT_CLASS_KEY)
			let_go(conn, XCB_KEY_RELEASE, k->keys, sizeof(k->keys));
		else if (it.data->class_id == XCB_INPUT_INPUT_CLASS_BUTTON)
			let_go(conn, XCB_BUTTON_RELEASE, b->buttons, sizeof(b->buttons));
	}
	free(r);
}

/* The devices of XTEST hold nothing but what programs pressed; the keys of the person at the
 * desktop are down at others. */
void x11_sweep_held(xcb_connection_t *conn)
{
	const xcb_query_extension_reply_t *x = xcb_get_extension_data(conn, &xcb_input_id);

	if (!x || !x->present)
		return;
	free(xcb_input_xi_query_version_reply(conn, xcb_input_xi_query_version(conn, 2, 2), NULL));
	xcb_input_xi_query_device_reply_t *r = xcb_input_xi_query_device_reply(
			conn, xcb_input_xi_query_device(conn, XCB_INPUT_DEVICE_ALL), NULL);
	if (!r)
		return;
	xcb_atom_t atom = x11_xtest_atom(conn);
	xcb_input_xi_device_info_iterator_t it = xcb_input_xi_query_device_infos_iterator(r);
	for (; it.rem; xcb_input_xi_device_info_next(&it)) {
		uint16_t id = it.data->deviceid, type = it.data->type;
		bool slave = type == XCB_INPUT_DEVICE_TYPE_SLAVE_KEYBOARD ||
				type == XCB_INPUT_DEVICE_TYPE_SLAVE_POINTER;
		if (slave && atom && x11_is_xtest(conn, id, atom))
			let_go_of(conn, id);
	}
	free(r);
	xcb_flush(conn);
}
