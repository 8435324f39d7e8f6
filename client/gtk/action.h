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
	GUI_ACTION_PLUG,
	GUI_ACTION_WINDOW,
	GUI_ACTION_WINDOWS,
	GUI_ACTION_MAIN, /* the window with all buttons comes to the front */
	/* behind the button of gtk/session_menu */
	GUI_ACTION_SAVE,
	GUI_ACTION_COPY,
	GUI_ACTION_SAVE_HOSTS,
	GUI_ACTION_COPY_HOSTS,
	GUI_ACTION_VOLUME,
	GUI_ACTION_FPS,
	GUI_ACTION_CODEC,
	GUI_ACTION_CHROMA,
	GUI_ACTION_CLIPBOARD,
	GUI_ACTION_VIEW_ONLY,
	GUI_ACTION_LOCK_AFTER,
	GUI_ACTION_LOCK,
	GUI_ACTION_RESTART,
	GUI_ACTION_SIDES
};
#define GUI_DISPLAY_ALL (-1)
#define GUI_SIZE_FIT (-1) /* that of the window */

/* `value`: for what is switched whether it shall be on, for lists that are options of a session the
 * option's value, for DISPLAY an index or GUI_DISPLAY_ALL, for WINDOW index << 1 | whether it shall
 * be open, for SIZE width << 16 | height or GUI_SIZE_FIT, for PLUG whether one comes, for VOLUME
 * percent, else 0. */
typedef void (*gui_action_fn)(enum gui_action action, int value, gpointer arg);
