/* gtk/canvas: the widget that shows the remote picture and turns the user's input into session
 * calls. Belongs to one session; main thread only. */
#pragma once
#include <gtk/gtk.h>
#include <hawser/hawser.h>

#define GUI_TYPE_CANVAS (gui_canvas_get_type())
G_DECLARE_FINAL_TYPE(GuiCanvas, gui_canvas, GUI, CANVAS, GtkWidget)

GtkWidget *gui_canvas_new(void);
/* The session is borrowed; NULL detaches (input goes nowhere). */
void gui_canvas_set_session(GuiCanvas *canvas, hawser_session *session);
/* A link stands: tells the host's side which layout is in use here. */
void gui_canvas_tell_layout(GuiCanvas *canvas);
/* The host's displays: the current one is shown, or all of them as they lie there. */
void gui_canvas_set_displays(GuiCanvas *canvas, const struct hawser_peer *peer, bool all);
/* Takes over the newest picture of a display. */
void gui_canvas_update(GuiCanvas *canvas, size_t display);
/* What is shown, as it came; the caller's. NULL = nothing yet. */
GdkTexture *gui_canvas_picture(GuiCanvas *canvas);
/* Fitted to the widget with its shape kept; one picture pixel for each screen pixel; or as large as
 * the widget, whatever shape that has. */
enum gui_scale { GUI_SCALE_FIT, GUI_SCALE_ACTUAL, GUI_SCALE_STRETCH };
void gui_canvas_set_scale(GuiCanvas *canvas, enum gui_scale scale);
/* Shape of the host's pointer; rgba NULL = invisible. */
void gui_canvas_set_cursor(GuiCanvas *canvas, uint32_t width, uint32_t height, int hot_x, int hot_y,
		const uint8_t *rgba);
/* The host's pointer was moved there by somebody else; coordinates of the host's desktop. */
void gui_canvas_set_pointer(GuiCanvas *canvas, int x, int y);
/* While the canvas has the focus all keys of its window go to the host, before GTK takes F10, Tab,
 * mnemonics and others for itself. Once, when the canvas is inside of the window. */
void gui_canvas_take_keys(GuiCanvas *canvas, GtkWindow *window);
/* Key combinations that stay on this side wherever the focus is: gui_keys_is_hotkey. */
typedef void (*gui_canvas_hotkey)(guint keyval, gpointer arg);
void gui_canvas_set_hotkeys(GuiCanvas *canvas, gui_canvas_hotkey fn, gpointer arg);
