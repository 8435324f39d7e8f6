/* What GTK knows of the keyboard, as the session wants it: characters, lock lights, and the few
 * combinations that stay here. */
#include "client/gtk/keys.h"
#include <string.h>

unsigned gui_keys_locks(GdkDevice *device)
{
	unsigned locks = 0;

	if (!device || gdk_device_get_source(device) != GDK_SOURCE_KEYBOARD) {
		GdkSeat *seat = gdk_display_get_default_seat(gdk_display_get_default());

		device = seat ? gdk_seat_get_keyboard(seat) : NULL;
	}
	if (!device)
		return 0;
	if (gdk_device_get_caps_lock_state(device))
		locks |= HAWSER_LOCK_CAPS;
	if (gdk_device_get_num_lock_state(device))
		locks |= HAWSER_LOCK_NUM;
	if (gdk_device_get_scroll_lock_state(device))
		locks |= HAWSER_LOCK_SCROLL;
	return locks;
}

/* Characters alike, whichever keysym a layout names them by. */
static uint32_t symbol_of(guint keyval)
{
	uint32_t cp = gdk_keyval_to_unicode(keyval);

	if (cp)
		return cp < 0x100 ? cp : 0x1000000 | cp;
	return keyval == GDK_KEY_VoidSymbol ? 0 : keyval;
}

static void take_key(GdkDisplay *display, unsigned code, unsigned group, uint32_t *ret)
{
	GdkKeymapKey *at = NULL;
	guint *keyval = NULL;
	int n = 0, groups = 1;

	if (!gdk_display_map_keycode(display, code + 8, &at, &keyval, &n))
		return;
	for (int i = 0; i < n; i++)
		groups = MAX(groups, at[i].group + 1);
	/* A key with fewer groups than the keyboard wraps around. */
	for (int i = 0; i < n; i++)
		if (at[i].group == (int)(group % (unsigned)groups) && at[i].level >= 0 &&
				at[i].level < (int)HAWSER_LAYOUT_LEVELS)
			ret[at[i].level] = symbol_of(keyval[i]);
	g_free(at);
	g_free(keyval);
}

void gui_keys_layout(GdkDisplay *display, unsigned group,
		uint32_t ret[HAWSER_LAYOUT_KEYS * HAWSER_LAYOUT_LEVELS])
{
	memset(ret, 0, HAWSER_LAYOUT_KEYS * HAWSER_LAYOUT_LEVELS * sizeof(*ret));
	for (unsigned k = 0; k < HAWSER_LAYOUT_KEYS; k++)
		take_key(display, hawser_layout_key(k), group, ret + k * HAWSER_LAYOUT_LEVELS);
}

bool gui_keys_is_hotkey(guint keyval, GdkModifierType state)
{
	const GdkModifierType all =
			GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SHIFT_MASK | GDK_SUPER_MASK;

	if ((state & all) != (GDK_CONTROL_MASK | GDK_ALT_MASK))
		return false;
	keyval = gdk_keyval_to_lower(keyval);
	return keyval == GDK_KEY_Return || keyval == GDK_KEY_KP_Enter || keyval == GDK_KEY_g ||
			keyval == GDK_KEY_b || keyval == GDK_KEY_m;
}
