/* gtk/action: what the user does to a session by buttons, lists and menus. */
#pragma once
#include <gtk/gtk.h>

enum gui_action {
	GUI_ACTION_FULLSCREEN,
	GUI_ACTION_CTRL_ALT_DEL,
	GUI_ACTION_REFRESH,
	GUI_ACTION_SCALE,
	GUI_ACTION_GRAB,
	GUI_ACTION_DISCONNECT,
	GUI_ACTION_QUALITY,
	GUI_ACTION_DISPLAY,
	GUI_ACTION_KEYBOARD,
	GUI_ACTION_SOUND,
	GUI_ACTION_CALL,
	GUI_ACTION_RECORD,
	GUI_ACTION_CHAT,
	/* behind the button of gtk/display_menu */
	GUI_ACTION_STRETCH,
	GUI_ACTION_FOLLOW_POINTER,
	GUI_ACTION_FOLLOW_WINDOW,
	GUI_ACTION_BLOCK,
	GUI_ACTION_DARK,
	GUI_ACTION_SIZE,
	GUI_ACTION_PLUG
};
#define GUI_DISPLAY_ALL (-1)
#define GUI_SIZE_FIT (-1) /* that of the window */

/* `value`: for what is switched whether it shall be on, for QUALITY an enum hawser_quality, for
 * DISPLAY an index or GUI_DISPLAY_ALL, for SIZE width << 16 | height or GUI_SIZE_FIT, for PLUG
 * whether one comes, else 0. */
typedef void (*gui_action_fn)(enum gui_action action, int value, gpointer arg);
