/* gtk/keys: lock lights and the combinations that are not sent to the host. */
#pragma once
#include <gtk/gtk.h>
#include <stdbool.h>

/* Set of HAWSER_LOCK_*; device may be NULL. */
unsigned gui_keys_locks(GdkDevice *device);
/* Ctrl+Alt+Return (full screen), Ctrl+Alt+G (keyboard grab) and Ctrl+Alt+B (focus to the buttons). */
bool gui_keys_is_hotkey(guint keyval, GdkModifierType state);
