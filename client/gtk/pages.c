/* Progress, questions and errors in the place of the picture. They are pages, not dialogs: a
 * window manager may hide a dialog behind others. */
#include "client/gtk/pages.h"
#include "client/gtk/access.h"

struct gui_pages {
	GtkWidget *stack;
	GtkWidget *log_in, *refuse, *again; /* what Enter does on its page */
	GtkLabel *progress;
	GtkLabel *secret_title, *secret_text;
	GtkEditable *secret_entry;
	GtkCheckButton *secret_keep;
	GtkLabel *insecure_title, *insecure_text;
	GtkButton *accept;
	GtkLabel *error_title, *error_text;
	bool two_factor;
	struct gui_pages_events events;
};

static GtkWidget *page_box(struct gui_pages *p, const char *name, const char *icon)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);

	gtk_widget_add_css_class(box, "hawser-page");
	gtk_widget_set_halign(box, GTK_ALIGN_CENTER);
	gtk_widget_set_valign(box, GTK_ALIGN_CENTER);
	if (icon) {
		GtkWidget *image = g_object_new(GTK_TYPE_IMAGE, "icon-name", icon,
				"accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);

		gtk_image_set_pixel_size(GTK_IMAGE(image), 64);
		gtk_box_append(GTK_BOX(box), image);
	}
	gtk_stack_add_named(GTK_STACK(p->stack), box, name);
	return box;
}

static GtkLabel *add_label(GtkWidget *box, const char *class)
{
	GtkWidget *label = gtk_label_new(NULL);

	if (class)
		gtk_widget_add_css_class(label, class);
	gtk_label_set_wrap(GTK_LABEL(label), TRUE);
	gtk_label_set_max_width_chars(GTK_LABEL(label), 60);
	gtk_label_set_justify(GTK_LABEL(label), GTK_JUSTIFY_CENTER);
	gtk_label_set_selectable(GTK_LABEL(label), TRUE);
	gtk_box_append(GTK_BOX(box), label);
	return GTK_LABEL(label);
}

static GtkWidget *add_buttons(GtkWidget *box, const char *first, GCallback on_first,
		const char *second, GCallback on_second, struct gui_pages *p)
{
	GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
	GtkWidget *main_button = gtk_button_new_with_label(first);
	GtkWidget *other = gtk_button_new_with_label(second);

	gtk_widget_set_halign(row, GTK_ALIGN_CENTER);
	gtk_widget_add_css_class(main_button, "suggested-action");
	g_signal_connect(main_button, "clicked", on_first, p);
	g_signal_connect(other, "clicked", on_second, p);
	gtk_box_append(GTK_BOX(row), other);
	gtk_box_append(GTK_BOX(row), main_button);
	gtk_box_append(GTK_BOX(box), row);
	return main_button;
}

static void on_secret(GtkWidget *widget, gpointer arg)
{
	struct gui_pages *p = arg;

	(void)widget;
	p->events.on_secret(gtk_editable_get_text(p->secret_entry),
			gtk_check_button_get_active(p->secret_keep), p->two_factor, p->events.arg);
	gtk_editable_set_text(p->secret_entry, "");
}

static void on_accept(GtkWidget *widget, gpointer arg)
{
	struct gui_pages *p = arg;

	(void)widget;
	p->events.on_accept_insecure(true, p->events.arg);
}

static void on_refuse(GtkWidget *widget, gpointer arg)
{
	struct gui_pages *p = arg;

	(void)widget;
	p->events.on_accept_insecure(false, p->events.arg);
}

static void on_retry(GtkWidget *widget, gpointer arg)
{
	struct gui_pages *p = arg;

	(void)widget;
	p->events.on_retry(p->events.arg);
}

static void on_close(GtkWidget *widget, gpointer arg)
{
	struct gui_pages *p = arg;

	(void)widget;
	p->events.on_close(p->events.arg);
}

/* Esc means no. Not on the progress page: there it may still have been meant for the host. */
static gboolean on_escape(GtkWidget *widget, GVariant *args, gpointer arg)
{
	struct gui_pages *p = arg;
	const char *name = gtk_stack_get_visible_child_name(GTK_STACK(p->stack));

	(void)args;
	if (g_strcmp0(name, "insecure") == 0)
		on_refuse(widget, p);
	else if (g_strcmp0(name, "secret") == 0 || g_strcmp0(name, "error") == 0)
		on_close(widget, p);
	else
		return FALSE;
	return TRUE;
}

/* The pages that are not shown are hidden, too: screen readers would read all of them. */
static void hide_others(struct gui_pages *p, GtkWidget *shown)
{
	for (GtkWidget *w = gtk_widget_get_first_child(p->stack); w;
			w = gtk_widget_get_next_sibling(w))
		gtk_widget_set_visible(w, w == shown);
}

/* Enter presses the page's main button wherever the focus is, and it starts there. */
static void show_page(struct gui_pages *p, const char *name, GtkWidget *main_button)
{
	GtkWidget *page = gtk_stack_get_child_by_name(GTK_STACK(p->stack), name);
	GtkRoot *root = gtk_widget_get_root(p->stack);

	gtk_widget_set_visible(page, TRUE);
	gtk_stack_set_visible_child(GTK_STACK(p->stack), page);
	hide_others(p, page);
	if (GTK_IS_WINDOW(root))
		gtk_window_set_default_widget(GTK_WINDOW(root), main_button);
	if (main_button)
		gtk_widget_grab_focus(main_button);
}

static void build_progress(struct gui_pages *p)
{
	GtkWidget *box = page_box(p, "progress", NULL);
	GtkWidget *spinner = gtk_spinner_new();

	gtk_widget_set_size_request(spinner, 48, 48);
	gtk_spinner_start(GTK_SPINNER(spinner));
	gui_set_name(spinner, "Busy");
	gtk_box_append(GTK_BOX(box), spinner);
	p->progress = add_label(box, NULL);
	/* the page has nothing else for the focus to go to, and would have a text cursor */
	gtk_widget_set_focusable(GTK_WIDGET(p->progress), FALSE);
}

static void build_secret(struct gui_pages *p)
{
	GtkWidget *box = page_box(p, "secret", "dialog-password");
	GtkWidget *entry = gtk_password_entry_new();
	GtkWidget *keep = gtk_check_button_new_with_label("");

	p->secret_title = add_label(box, "hawser-title");
	p->secret_text = add_label(box, NULL);
	gtk_password_entry_set_show_peek_icon(GTK_PASSWORD_ENTRY(entry), TRUE);
	gui_set_name(entry, "Password or code");
	g_signal_connect(entry, "activate", G_CALLBACK(on_secret), p);
	gtk_box_append(GTK_BOX(box), entry);
	gtk_box_append(GTK_BOX(box), keep);
	p->secret_entry = GTK_EDITABLE(entry);
	p->secret_keep = GTK_CHECK_BUTTON(keep);
	p->log_in = add_buttons(
			box, "Log in", G_CALLBACK(on_secret), "Cancel", G_CALLBACK(on_close), p);
}

static void build_insecure(struct gui_pages *p)
{
	GtkWidget *box = page_box(p, "insecure", "security-low");

	p->insecure_title = add_label(box, "hawser-title");
	p->insecure_text = add_label(box, NULL);
	p->refuse = add_buttons(box, "Do not connect", G_CALLBACK(on_refuse),
			"Connect without encryption", G_CALLBACK(on_accept), p);
	p->accept = GTK_BUTTON(gtk_widget_get_prev_sibling(p->refuse));
}

static void build_error(struct gui_pages *p)
{
	GtkWidget *box = page_box(p, "error", "dialog-error");

	p->error_title = add_label(box, "hawser-title");
	p->error_text = add_label(box, NULL);
	p->again = add_buttons(box, "Connect again", G_CALLBACK(on_retry), "Close",
			G_CALLBACK(on_close), p);
}

struct gui_pages *gui_pages_new(const struct gui_pages_events *events)
{
	struct gui_pages *p = g_new0(struct gui_pages, 1);
	GtkEventController *keys = gtk_shortcut_controller_new();

	p->events = *events;
	p->stack = gtk_stack_new();
	build_progress(p);
	build_secret(p);
	build_insecure(p);
	build_error(p);
	gtk_shortcut_controller_add_shortcut(GTK_SHORTCUT_CONTROLLER(keys),
			gtk_shortcut_new(gtk_keyval_trigger_new(GDK_KEY_Escape, 0),
					gtk_callback_action_new(on_escape, p, NULL)));
	gtk_widget_add_controller(p->stack, keys);
	g_object_set_data_full(G_OBJECT(p->stack), "pages", p, g_free);
	return p;
}

GtkWidget *gui_pages_widget(struct gui_pages *p)
{
	return p->stack;
}

void gui_pages_set_picture(struct gui_pages *p, GtkWidget *picture)
{
	gtk_stack_add_named(GTK_STACK(p->stack), picture, "picture");
}

void gui_pages_show_picture(struct gui_pages *p)
{
	show_page(p, "picture", NULL);
}

bool gui_pages_has_picture(struct gui_pages *p)
{
	return g_strcmp0(gtk_stack_get_visible_child_name(GTK_STACK(p->stack)), "picture") == 0;
}

void gui_pages_show_progress(struct gui_pages *p, const char *text)
{
	gtk_label_set_text(p->progress, text);
	show_page(p, "progress", NULL);
}

/* keep_label NULL = no check box. */
static void ask_secret(struct gui_pages *p, const char *title, const char *text,
		const char *keep_label, bool two_factor)
{
	p->two_factor = two_factor;
	gtk_label_set_text(p->secret_title, title);
	gtk_label_set_text(p->secret_text, text);
	gtk_editable_set_text(p->secret_entry, "");
	gtk_widget_set_visible(GTK_WIDGET(p->secret_keep), keep_label != NULL);
	gtk_check_button_set_label(p->secret_keep, keep_label ? keep_label : "");
	gtk_check_button_set_active(p->secret_keep, FALSE);
	show_page(p, "secret", p->log_in);
	gtk_widget_grab_focus(GTK_WIDGET(p->secret_entry));
}

static void ask_password(struct gui_pages *p, const char *title, const char *text)
{
	char *both = g_strdup_printf(
			"%s\nWhat is shown there under \"One-time password\" changes after "
			"each session.",
			text);

	ask_secret(p, title, both, "Remember for this host", false);
	g_free(both);
}

void gui_pages_ask_password(struct gui_pages *p, const struct hawser_event *e)
{
	const char *text = e->u.password.text;

	switch (e->u.password.reason) {
	case HAWSER_PASSWORD_NEEDED:
		ask_password(p, "Password", text);
		break;
	case HAWSER_PASSWORD_WRONG:
		ask_password(p, "Wrong password", text);
		break;
	case HAWSER_PASSWORD_2FA:
	case HAWSER_PASSWORD_2FA_WRONG:
		ask_secret(p,
				e->u.password.reason == HAWSER_PASSWORD_2FA ? "Two-factor code"
									    : "Wrong code",
				text,
				e->u.password.can_trust_device ? "Trust this computer for 90 days"
							       : NULL,
				true);
		break;
	case HAWSER_PASSWORD_WAIT_ACCEPT:
		gui_pages_show_progress(p, text);
		break;
	case HAWSER_PASSWORD_NOT_NEEDED:
		gui_pages_end_question(p);
		break;
	}
}

void gui_pages_ask_insecure(
		struct gui_pages *p, const char *kind, const char *title, const char *text)
{
	gtk_button_set_label(p->accept,
			g_strcmp0(kind, "key") == 0 ? "This is its key: connect"
						    : "Connect without encryption");
	gtk_label_set_text(p->insecure_title, title);
	gtk_label_set_text(p->insecure_text, text);
	show_page(p, "insecure", p->refuse);
}

void gui_pages_show_error(struct gui_pages *p, const char *title, const char *text)
{
	gtk_label_set_text(p->error_title, title);
	gtk_label_set_text(p->error_text, text);
	show_page(p, "error", p->again);
}

void gui_pages_end_question(struct gui_pages *p)
{
	const char *name = gtk_stack_get_visible_child_name(GTK_STACK(p->stack));

	if (g_strcmp0(name, "secret") == 0 || g_strcmp0(name, "insecure") == 0)
		gui_pages_show_progress(p, "Accepted by the person at the host");
}
