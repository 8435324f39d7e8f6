/* Asks the X server itself what formats the clipboard has: GDK leaves out the mark by which
 * remote desktop programs know each other, and without it two of them would copy to and fro
 * without end. */
#include "client/gtk/x11_targets.h"
#include <X11/Xatom.h>
#include <X11/Xlib.h>
#include <gdk/x11/gdkx.h>

#define QUESTIONS 8 /* that are told apart: each names another property */
#define TARGETS_MAX 4096

struct gui_x11_targets {
	GdkDisplay *display;
	Display *x;
	Window window;
	Atom clipboard, targets, mark, property[QUESTIONS];
	unsigned turn;
	bool waiting;
	gulong handler;
	void (*fn)(bool marked, gpointer arg);
	gpointer arg;
};

static bool has_mark(struct gui_x11_targets *t, Atom property)
{
	Atom type = None, *list;
	unsigned char *data = NULL;
	unsigned long n = 0, left = 0;
	bool found = false;
	int format = 0;

	if (XGetWindowProperty(t->x, t->window, property, 0, TARGETS_MAX, True, AnyPropertyType,
			    &type, &format, &n, &left, &data) != Success)
		return false;
	list = (Atom *)(void *)data; /* of format 32 are longs */
	for (unsigned long i = 0; format == 32 && i < n; i++)
		found = found || list[i] == t->mark;
	if (data)
		XFree(data);
	return found;
}

static gboolean on_xevent(GdkDisplay *display, gpointer event, gpointer arg)
{
	struct gui_x11_targets *t = arg;
	const XSelectionEvent *e = event;
	bool marked;

	(void)display;
	if (e->type != SelectionNotify || e->requestor != t->window)
		return FALSE;
	/* A late answer is one of an owner that has lost the clipboard meanwhile. */
	if (e->property != None && e->property != t->property[t->turn % QUESTIONS]) {
		XDeleteProperty(t->x, t->window, e->property);
		return TRUE;
	}
	if (!t->waiting)
		return TRUE;
	t->waiting = false;
	/* Who does not tell its formats sets no mark either. */
	marked = e->property != None && has_mark(t, e->property);
	t->fn(marked, t->arg);
	return TRUE;
}

struct gui_x11_targets *gui_x11_targets_new(
		GdkDisplay *display, void (*fn)(bool marked, gpointer arg), gpointer arg)
{
	struct gui_x11_targets *t;

	if (!GDK_IS_X11_DISPLAY(display))
		return NULL;
	t = g_new0(struct gui_x11_targets, 1);
	t->display = display;
	t->x = gdk_x11_display_get_xdisplay(display);
	t->fn = fn;
	t->arg = arg;
	t->clipboard = XInternAtom(t->x, "CLIPBOARD", False);
	t->targets = XInternAtom(t->x, "TARGETS", False);
	t->mark = XInternAtom(t->x, GUI_CLIPBOARD_MARK, False);
	for (unsigned i = 0; i < QUESTIONS; i++) {
		char name[32];

		g_snprintf(name, sizeof(name), "HAWSER_TARGETS_%u", i);
		t->property[i] = XInternAtom(t->x, name, False);
	}
	t->window = XCreateSimpleWindow(t->x, DefaultRootWindow(t->x), -10, -10, 1, 1, 0, 0, 0);
	t->handler = g_signal_connect(display, "xevent", G_CALLBACK(on_xevent), t);
	return t;
}

void gui_x11_targets_free(struct gui_x11_targets *t)
{
	if (!t)
		return;
	g_signal_handler_disconnect(t->display, t->handler);
	XDestroyWindow(t->x, t->window);
	g_free(t);
}

void gui_x11_targets_ask(struct gui_x11_targets *t)
{
	t->turn++;
	t->waiting = true;
	XDeleteProperty(t->x, t->window, t->property[t->turn % QUESTIONS]);
	XConvertSelection(t->x, t->clipboard, t->targets, t->property[t->turn % QUESTIONS],
			t->window, CurrentTime);
	XFlush(t->x);
}

bool gui_x11_targets_are_ours(struct gui_x11_targets *t)
{
	return XGetSelectionOwner(t->x, t->clipboard) ==
			gdk_x11_surface_get_xid(gdk_x11_display_get_default_group(t->display));
}
