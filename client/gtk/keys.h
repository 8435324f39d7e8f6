/* gtk/keys: lock lights, the layout and the combinations that are not sent to the host. */
#pragma once
#include <gtk/gtk.h>
#include <hawser/hawser.h>
#include <stdbool.h>

/* Set of HAWSER_LOCK_*; device may be NULL. */
unsigned gui_keys_locks(GdkDevice *device);
/* What the keys give in this group, as hawser_session_set_layout takes it. */
void gui_keys_layout(GdkDisplay *display, unsigned group,
		uint32_t ret[HAWSER_LAYOUT_KEYS * HAWSER_LAYOUT_LEVELS]);
/* Ctrl+Alt+Return (full screen), Ctrl+Alt+G (keyboard grab), Ctrl+Alt+M (messages), Ctrl+Alt+B
 * (focus to the buttons). */
bool gui_keys_is_hotkey(guint keyval, GdkModifierType state);
