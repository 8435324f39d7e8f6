#include "client/gtk/keys.h"
#include <hawser/hawser.h>

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

bool gui_keys_is_hotkey(guint keyval, GdkModifierType state)
{
	const GdkModifierType all =
			GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SHIFT_MASK | GDK_SUPER_MASK;

	if ((state & all) != (GDK_CONTROL_MASK | GDK_ALT_MASK))
		return false;
	keyval = gdk_keyval_to_lower(keyval);
	return keyval == GDK_KEY_Return || keyval == GDK_KEY_KP_Enter || keyval == GDK_KEY_g ||
			keyval == GDK_KEY_b;
}
