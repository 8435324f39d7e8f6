/* The remote picture and the user's hands on it: where a point of the widget lies in the picture,
 * and which event becomes which call. */
#include "client/gtk/canvas.h"
#include "client/gtk/access.h"
#include "client/gtk/keys.h"
#include "client/gtk/pictures.h"
#include <math.h>

struct _GuiCanvas {
	GtkWidget parent;
	hawser_session *session; /* borrowed */
	struct gui_pictures pictures;
	GdkTexture *pointer;
	int pointer_hot_x, pointer_hot_y;
	int pointer_x, pointer_y; /* on the host's desktop */
	bool pointer_foreign;     /* drawn by us, because somebody else moved it */
	enum gui_scale scale;
	bool inside;   /* the pointer is on the picture, not in the margin beside it */
	unsigned down; /* buttons that went down on it: bits of enum hawser_button */
	uint32_t layout[HAWSER_LAYOUT_KEYS * HAWSER_LAYOUT_LEVELS]; /* as told */
	bool layout_told;
	GtkIMContext *im;  /* dead keys, Compose, input methods: when keys are sent as characters */
	GString *composed; /* by the event that it looks at */
	bool composing;    /* it looks at one */
	GdkFrameClock *clock; /* only compared */
	bool painted;         /* since it is on the screen */
	gui_canvas_hotkey hotkey;
	gpointer hotkey_arg;
};

G_DEFINE_FINAL_TYPE(GuiCanvas, gui_canvas, GTK_TYPE_WIDGET)

/* Where the picture lies inside the widget, in logical pixels. */
static bool picture_place(GuiCanvas *c, graphene_rect_t *ret)
{
	double width = gtk_widget_get_width(GTK_WIDGET(c)),
	       height = gtk_widget_get_height(GTK_WIDGET(c));
	double fx, fy;
	int pw, ph;

	if (width < 1 || height < 1 || !gui_pictures_size(&c->pictures, &pw, &ph))
		return false;
	if (c->scale == GUI_SCALE_ACTUAL)
		fx = fy = 1.0 / gtk_widget_get_scale_factor(GTK_WIDGET(c));
	else
		fx = fy = MIN(width / pw, height / ph);
	if (c->scale == GUI_SCALE_STRETCH) {
		fx = width / pw;
		fy = height / ph;
	}
	/* Whole pixels: half of one would blur every edge. */
	*ret = GRAPHENE_RECT_INIT((float)floor(MAX(0, (width - pw * fx) / 2)),
			(float)floor(MAX(0, (height - ph * fy) / 2)), (float)(pw * fx),
			(float)(ph * fy));
	return true;
}

static void draw_pointer(GuiCanvas *c, GtkSnapshot *snapshot, const graphene_rect_t *place)
{
	int width, height, x, y;
	graphene_rect_t r;

	if (!gui_pictures_size(&c->pictures, &width, &height))
		return;
	double fx = place->size.width / (float)width, fy = place->size.height / (float)height;
	gui_pictures_place(&c->pictures, c->pointer_x, c->pointer_y, &x, &y);
	r = GRAPHENE_RECT_INIT((float)(place->origin.x + (x - c->pointer_hot_x) * fx),
			(float)(place->origin.y + (y - c->pointer_hot_y) * fy),
			(float)(gdk_texture_get_width(c->pointer) * fx),
			(float)(gdk_texture_get_height(c->pointer) * fy));
	gtk_snapshot_append_texture(snapshot, c->pointer, &r);
}

static void on_painted(GdkFrameClock *clock, GuiCanvas *c)
{
	bool mapped = gtk_widget_get_mapped(GTK_WIDGET(c));

	(void)clock;
	/* The first one waited for the window, not for its turn. */
	gui_pictures_shown(&c->pictures, mapped && c->painted ? c->session : NULL);
	c->painted = mapped;
}

/* The widget has another clock when it has come to another window. */
static void watch_clock(GuiCanvas *c)
{
	GdkFrameClock *clock = gtk_widget_get_frame_clock(GTK_WIDGET(c));

	if (clock == c->clock)
		return;
	c->clock = clock;
	if (clock)
		g_signal_connect_object(clock, "after-paint", G_CALLBACK(on_painted), c, 0);
}

static void canvas_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
	GuiCanvas *c = GUI_CANVAS(widget);
	graphene_rect_t place;

	if (!picture_place(c, &place))
		return;
	gtk_snapshot_push_clip(snapshot,
			&GRAPHENE_RECT_INIT(0, 0, (float)gtk_widget_get_width(widget),
					(float)gtk_widget_get_height(widget)));
	gui_pictures_draw(&c->pictures, snapshot, &place);
	watch_clock(c);
	if (c->pointer && c->pointer_foreign)
		draw_pointer(c, snapshot, &place);
	gtk_snapshot_pop(snapshot);
}

static void canvas_measure(GtkWidget *widget, GtkOrientation orientation, int for_size,
		int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
	GuiCanvas *c = GUI_CANVAS(widget);
	int pixels = 0, w, h;

	(void)for_size;
	*minimum_baseline = *natural_baseline = -1;
	if (gui_pictures_size(&c->pictures, &w, &h))
		pixels = orientation == GTK_ORIENTATION_HORIZONTAL ? w : h;
	pixels /= gtk_widget_get_scale_factor(widget);
	*natural = MAX(pixels, 160);
	/* In actual size the scrolled window around us shows a part. */
	*minimum = c->scale == GUI_SCALE_ACTUAL ? *natural : 160;
}

static void canvas_dispose(GObject *object)
{
	GuiCanvas *c = GUI_CANVAS(object);

	gui_pictures_clear(&c->pictures);
	g_clear_object(&c->pointer);
	c->session = NULL;
	if (c->im)
		gtk_im_context_set_client_widget(c->im, NULL);
	g_clear_object(&c->im);
	if (c->composed)
		g_string_free(c->composed, TRUE);
	c->composed = NULL;
	G_OBJECT_CLASS(gui_canvas_parent_class)->dispose(object);
}

static void gui_canvas_class_init(GuiCanvasClass *class)
{
	GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);

	widget->snapshot = canvas_snapshot;
	widget->measure = canvas_measure;
	G_OBJECT_CLASS(class)->dispose = canvas_dispose;
	gtk_widget_class_set_accessible_role(widget, GTK_ACCESSIBLE_ROLE_IMG);
}

static void on_motion(GtkEventControllerMotion *controller, double x, double y, gpointer arg)
{
	GuiCanvas *c = arg;
	graphene_rect_t place;
	int width, height, px, py;
	size_t display;

	(void)controller;
	if (!c->session || !picture_place(c, &place) ||
			!gui_pictures_size(&c->pictures, &width, &height))
		return;
	/* In the margin the host's pointer goes along at the edge, where panels hide; clicks do
	 * not. */
	if (!gui_pictures_at(&c->pictures, (x - place.origin.x) * width / place.size.width,
			    (y - place.origin.y) * height / place.size.height, &display, &px, &py,
			    &c->inside))
		return;
	hawser_session_mouse_move(c->session, display, px, py);
	if (c->pointer_foreign) {
		c->pointer_foreign = false;
		gtk_widget_queue_draw(GTK_WIDGET(c));
	}
}

static bool button_of(guint gdk_button, enum hawser_button *ret)
{
	static const struct {
		guint gdk;
		enum hawser_button hawser;
	} table[] = { { 1, HAWSER_BUTTON_LEFT }, { 2, HAWSER_BUTTON_MIDDLE },
		{ 3, HAWSER_BUTTON_RIGHT }, { 8, HAWSER_BUTTON_BACK },
		{ 9, HAWSER_BUTTON_FORWARD } };

	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if (table[i].gdk == gdk_button) {
			*ret = table[i].hawser;
			return true;
		}
	}
	return false;
}

/* Raw button events: gestures would swallow a second button that goes down during a drag. */
static gboolean on_event(GtkEventControllerLegacy *controller, GdkEvent *event, gpointer arg)
{
	GuiCanvas *c = arg;
	GdkEventType type = gdk_event_get_event_type(event);
	enum hawser_button button;

	(void)controller;
	if (type != GDK_BUTTON_PRESS && type != GDK_BUTTON_RELEASE)
		return GDK_EVENT_PROPAGATE;
	if (!c->session || !button_of(gdk_button_event_get_button(event), &button))
		return GDK_EVENT_PROPAGATE;
	if (type == GDK_BUTTON_PRESS)
		gtk_widget_grab_focus(GTK_WIDGET(c));
	/* A press in the margin is meant for nothing at the host; a release ends what began on the
	 * picture. */
	if (type == GDK_BUTTON_PRESS && !c->inside)
		return GDK_EVENT_STOP;
	if (type == GDK_BUTTON_RELEASE && !(c->down & (unsigned)button))
		return GDK_EVENT_STOP;
	c->down = type == GDK_BUTTON_PRESS ? c->down | (unsigned)button
					   : c->down & ~(unsigned)button;
	hawser_session_mouse_button(c->session, button, type == GDK_BUTTON_PRESS);
	return GDK_EVENT_STOP;
}

static gboolean on_scroll(GtkEventControllerScroll *controller, double dx, double dy, gpointer arg)
{
	GuiCanvas *c = arg;
	double unit = 120;

	if (!c->session || !c->inside)
		return GDK_EVENT_PROPAGATE;
	if (gtk_event_controller_scroll_get_unit(controller) == GDK_SCROLL_UNIT_SURFACE)
		unit = 120.0 / 50; /* about 50 pixels make one notch of a wheel */
	hawser_session_mouse_wheel(
			c->session, (int32_t)lround(dx * unit), (int32_t)lround(-dy * unit));
	return GDK_EVENT_STOP;
}

/* Whenever a key moves: that is cheap, and no toolkit tells of all changes. */
static void tell_layout(GuiCanvas *c, unsigned group)
{
	uint32_t now[HAWSER_LAYOUT_KEYS * HAWSER_LAYOUT_LEVELS];

	gui_keys_layout(gtk_widget_get_display(GTK_WIDGET(c)), group, now);
	if (!c->session || (c->layout_told && memcmp(now, c->layout, sizeof(now)) == 0))
		return;
	memcpy(c->layout, now, sizeof(now));
	c->layout_told = hawser_session_set_layout(c->session, now) == HAWSER_OK;
}

void gui_canvas_tell_layout(GuiCanvas *c)
{
	if (!c->layout_told)
		tell_layout(c, 0);
}

static void on_commit(GtkIMContext *im, const char *text, gpointer arg)
{
	GuiCanvas *c = arg;

	(void)im;
	if (c->composing)
		g_string_append(c->composed, text);
	else if (c->session) /* an input method that takes its time */
		hawser_session_type_text(c->session, text);
}

/* Where keys are sent as characters, several may make one: dead keys, Compose, input methods. True
 * when the event went into that. A key that makes its character alone stays a key, so that it can
 * be held and be part of a shortcut. */
static bool compose(GuiCanvas *c, GdkEvent *event, guint keyval, GdkModifierType state, bool down)
{
	bool taken, itself;

	if (!c->session || !event ||
			hawser_session_keyboard(c->session) != HAWSER_KEYBOARD_TRANSLATE)
		return false;
	if (down && state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SUPER_MASK | GDK_META_MASK))
		return false;
	g_string_truncate(c->composed, 0);
	c->composing = true;
	taken = gtk_im_context_filter_keypress(c->im, event);
	c->composing = false;
	if (!taken)
		return false;
	itself = g_utf8_strlen(c->composed->str, -1) == 1 &&
			g_utf8_get_char(c->composed->str) == gdk_keyval_to_unicode(keyval);
	if (itself && down)
		return false;
	if (c->composed->len)
		hawser_session_type_text(c->session, c->composed->str);
	return down; /* whether a press was sent is known where its release goes */
}

static void send_key(GuiCanvas *c, GtkEventControllerKey *controller, guint keyval, guint keycode,
		GdkModifierType state, bool down)
{
	GdkDevice *device = gtk_event_controller_get_current_event_device(
			GTK_EVENT_CONTROLLER(controller));
	GdkEvent *event = gtk_event_controller_get_current_event(GTK_EVENT_CONTROLLER(controller));

	tell_layout(c, event ? gdk_key_event_get_layout(event) : 0);
	if (compose(c, event, keyval, state, down))
		return;
	if (keycode < 8 || !c->session)
		return;
	hawser_session_key(c->session, keycode - 8, down, gui_keys_locks(device),
			gdk_keyval_to_unicode(keyval));
}

/* Keys belong to the host while the picture has the focus. */
static bool has_keys(GuiCanvas *c)
{
	GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(c));

	return root && gtk_root_get_focus(root) == GTK_WIDGET(c);
}

static gboolean on_key_pressed(GtkEventControllerKey *controller, guint keyval, guint keycode,
		GdkModifierType state, gpointer arg)
{
	GuiCanvas *c = arg;

	if (c->hotkey && gui_keys_is_hotkey(keyval, state)) {
		c->hotkey(keyval, c->hotkey_arg);
		return GDK_EVENT_STOP;
	}
	if (!has_keys(c))
		return GDK_EVENT_PROPAGATE;
	send_key(c, controller, keyval, keycode, state, true);
	return GDK_EVENT_STOP;
}

static void on_key_released(GtkEventControllerKey *controller, guint keyval, guint keycode,
		GdkModifierType state, gpointer arg)
{
	if (has_keys(arg))
		send_key(arg, controller, keyval, keycode, state, false);
}

void gui_canvas_take_keys(GuiCanvas *c, GtkWindow *window)
{
	GtkEventController *key = gtk_event_controller_key_new();

	gtk_event_controller_set_propagation_phase(key, GTK_PHASE_CAPTURE);
	g_signal_connect_object(key, "key-pressed", G_CALLBACK(on_key_pressed), c, 0);
	g_signal_connect_object(key, "key-released", G_CALLBACK(on_key_released), c, 0);
	gtk_widget_add_controller(GTK_WIDGET(window), key);
}

/* A key whose release we never see must not stay down at the host. */
static void on_focus_leave(GtkEventControllerFocus *controller, gpointer arg)
{
	GuiCanvas *c = arg;

	(void)controller;
	if (c->im) {
		gtk_im_context_reset(c->im);
		gtk_im_context_focus_out(c->im);
	}
	if (c->session)
		hawser_session_release_keys(c->session);
}

static void on_focus_enter(GtkEventControllerFocus *controller, gpointer arg)
{
	GuiCanvas *c = arg;

	(void)controller;
	gtk_im_context_focus_in(c->im);
}

static void gui_canvas_init(GuiCanvas *c)
{
	GtkWidget *widget = GTK_WIDGET(c);
	GtkEventController *motion = gtk_event_controller_motion_new();
	GtkEventController *legacy = gtk_event_controller_legacy_new();
	GtkEventController *scroll =
			gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);
	GtkEventController *focus = gtk_event_controller_focus_new();

	gtk_widget_set_focusable(widget, TRUE);
	gtk_widget_set_hexpand(widget, TRUE);
	gtk_widget_set_vexpand(widget, TRUE);
	gtk_widget_add_css_class(widget, "hawser-canvas");
	g_signal_connect(motion, "enter", G_CALLBACK(on_motion), c);
	g_signal_connect(motion, "motion", G_CALLBACK(on_motion), c);
	g_signal_connect(legacy, "event", G_CALLBACK(on_event), c);
	g_signal_connect(scroll, "scroll", G_CALLBACK(on_scroll), c);
	g_signal_connect(focus, "enter", G_CALLBACK(on_focus_enter), c);
	g_signal_connect(focus, "leave", G_CALLBACK(on_focus_leave), c);
	c->composed = g_string_new(NULL);
	c->im = gtk_im_multicontext_new();
	gtk_im_context_set_use_preedit(
			c->im, FALSE); /* there is no text field here to show it in */
	gtk_im_context_set_client_widget(c->im, widget);
	g_signal_connect_object(c->im, "commit", G_CALLBACK(on_commit), c, 0);
	gtk_widget_add_controller(widget, motion);
	gtk_widget_add_controller(widget, legacy);
	gtk_widget_add_controller(widget, scroll);
	gtk_widget_add_controller(widget, focus);
	gui_set_name(widget, "Remote desktop");
}

GtkWidget *gui_canvas_new(void)
{
	return g_object_new(GUI_TYPE_CANVAS, NULL);
}

void gui_canvas_set_session(GuiCanvas *c, hawser_session *session)
{
	c->session = session;
	c->layout_told = false;
	c->down = 0;
}

void gui_canvas_set_displays(GuiCanvas *c, const struct hawser_peer *peer, bool all)
{
	int before_w = 0, before_h = 0, now_w = 0, now_h = 0;

	gui_pictures_size(&c->pictures, &before_w, &before_h);
	gui_pictures_set(&c->pictures, peer, all);
	gui_pictures_size(&c->pictures, &now_w, &now_h);
	c->pointer_foreign = false;
	if (before_w != now_w || before_h != now_h)
		gtk_widget_queue_resize(GTK_WIDGET(c));
	gtk_widget_queue_draw(GTK_WIDGET(c));
}

void gui_canvas_update(GuiCanvas *c, size_t display)
{
	if (!c->session)
		return;
	if (gui_pictures_update(&c->pictures, c->session, display))
		gtk_widget_queue_resize(GTK_WIDGET(c));
	gtk_widget_queue_draw(GTK_WIDGET(c));
}

GdkTexture *gui_canvas_picture(GuiCanvas *c)
{
	return gui_pictures_whole(&c->pictures);
}

void gui_canvas_set_scale(GuiCanvas *c, enum gui_scale scale)
{
	c->scale = scale;
	gtk_widget_queue_resize(GTK_WIDGET(c));
}

void gui_canvas_set_cursor(GuiCanvas *c, uint32_t width, uint32_t height, int hot_x, int hot_y,
		const uint8_t *rgba)
{
	GdkCursor *cursor, *fallback;
	GBytes *bytes;

	g_clear_object(&c->pointer);
	if (!rgba || !width || !height) {
		gtk_widget_set_cursor_from_name(GTK_WIDGET(c), "none");
		return;
	}
	bytes = g_bytes_new(rgba, (gsize)width * height * 4);
	c->pointer = gdk_memory_texture_new(
			(int)width, (int)height, GDK_MEMORY_R8G8B8A8, bytes, (gsize)width * 4);
	g_bytes_unref(bytes);
	c->pointer_hot_x = hot_x;
	c->pointer_hot_y = hot_y;
	fallback = gdk_cursor_new_from_name("default", NULL);
	cursor = gdk_cursor_new_from_texture(c->pointer, hot_x, hot_y, fallback);
	gtk_widget_set_cursor(GTK_WIDGET(c), cursor);
	g_object_unref(cursor);
	g_clear_object(&fallback);
}

void gui_canvas_set_pointer(GuiCanvas *c, int x, int y)
{
	c->pointer_x = x;
	c->pointer_y = y;
	c->pointer_foreign = true;
	gtk_widget_queue_draw(GTK_WIDGET(c));
}

void gui_canvas_set_hotkeys(GuiCanvas *c, gui_canvas_hotkey fn, gpointer arg)
{
	c->hotkey = fn;
	c->hotkey_arg = arg;
}
