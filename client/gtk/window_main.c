/* The first window: where to connect to, what was connected to, who we are, which server. All it
 * knows it asks of libhawser. */
#include "client/gtk/window_main.h"
#include "client/gtk/access.h"
#include "client/gtk/account_part.h"
#include "client/gtk/host_viewers.h"
#include "client/gtk/lan_list.h"
#include "client/gtk/screenshot.h"
#include "client/gtk/window_session.h"

struct main_window {
	struct gui_app *app;
	GtkWindow *window;
	GtkEditable *target, *server, *key;
	GtkCheckButton *require_v2;
	GtkListBox *recent;
	GtkWidget *account;
	GtkLabel *id, *own_server, *password, *fingerprint, *hint, *settings_hint;
	guint end_timer; /* --seconds */
};

static void connect_to(struct main_window *w, const char *target, bool camera)
{
	char *text = g_strstrip(g_strdup(target));
	struct gui_launch launch = { .clipboard = HAWSER_CLIPBOARD_BOTH, .camera = true };

	if (*text)
		gui_session_window_open(w->app, text, camera ? &launch : NULL);
	else
		gtk_widget_grab_focus(GTK_WIDGET(w->target));
	g_free(text);
}

static void on_connect(GtkWidget *widget, gpointer arg)
{
	struct main_window *w = arg;

	(void)widget;
	connect_to(w, gtk_editable_get_text(w->target), false);
}

static void on_cameras(GtkWidget *widget, gpointer arg)
{
	struct main_window *w = arg;

	(void)widget;
	connect_to(w, gtk_editable_get_text(w->target), true);
}

/* The proved key must be the one that is met. */
static void on_lan(const char *target, const char *accept_key, gpointer arg)
{
	struct main_window *w = arg;
	struct gui_launch launch = { .clipboard = HAWSER_CLIPBOARD_BOTH, .accept_key = accept_key };

	gui_session_window_open(w->app, target, &launch);
}

static void on_recent(GtkListBox *list, GtkListBoxRow *row, gpointer arg)
{
	(void)list;
	connect_to(arg, g_object_get_data(G_OBJECT(row), "target"), false);
}

/* What the entries below say is of another matter: where this window looks for others. */
static void show_own_server(struct main_window *w)
{
	char server[4000] = "", *text;
	int r = hawser_host_server(server, sizeof(server));

	text = r < 0              ? g_strdup("")
			: *server ? g_strdup_printf("at the server %s", server)
				  : g_strdup("no server: others reach it by its address");
	gtk_label_set_text(w->own_server, text);
	gtk_widget_set_visible(GTK_WIDGET(w->own_server), *text != 0);
	g_free(text);
}

static void show_host(struct main_window *w, bool renew)
{
	char id[64] = "", password[64] = "", fingerprint[HAWSER_FINGERPRINT_TEXT] = "–";
	char *grouped;

	if (hawser_host_id(id, sizeof(id)) < 0) {
		gtk_label_set_text(w->id, "–");
		gtk_widget_set_visible(GTK_WIDGET(w->own_server), FALSE);
		gtk_label_set_text(w->fingerprint, "–");
		gtk_label_set_text(w->password, "–");
		gtk_label_set_text(w->hint, hawser_last_error());
		return;
	}
	grouped = gui_group_id(id);
	gtk_label_set_text(w->id, grouped);
	g_free(grouped);
	show_own_server(w);
	hawser_host_fingerprint(fingerprint, sizeof(fingerprint));
	gtk_label_set_text(w->fingerprint, fingerprint);
	if (hawser_host_password(renew, password, sizeof(password)) < 0) {
		gtk_label_set_text(w->password, "–");
		gtk_label_set_text(w->hint, hawser_last_error());
		return;
	}
	gtk_label_set_text(w->password, password);
	gtk_label_set_text(w->hint, "Tell both to the person who shall help you.");
}

static void on_renew(GtkWidget *widget, gpointer arg)
{
	(void)widget;
	show_host(arg, true);
}

/* Rows are not named after what is in them. */
static void name_row(GtkWidget *row, const char *target, const char *who)
{
	char *name = g_strdup_printf("%s %s", target, who);

	gui_set_name(row, g_strchomp(name));
	g_free(name);
}

static void show_recent(struct main_window *w);

/* Its key, too: the way on when a host was set up anew. */
static void on_forget(GtkButton *button, gpointer arg)
{
	struct main_window *w = arg;
	char *target = g_strdup(g_object_get_data(G_OBJECT(button), "target"));

	if (hawser_recent_forget(w->app->context, target) < 0)
		gtk_label_set_text(w->settings_hint, hawser_last_error());
	show_recent(w);
	g_free(target);
}

static GtkWidget *forget_button(struct main_window *w, const struct hawser_recent *r)
{
	GtkWidget *button = gtk_button_new_from_icon_name("user-trash-symbolic");

	gui_set_name(button, "Forget this computer");
	gtk_widget_set_tooltip_text(button, "Forget this computer, its key and its password");
	gtk_button_set_has_frame(GTK_BUTTON(button), FALSE);
	gtk_widget_set_hexpand(button, TRUE);
	gtk_widget_set_halign(button, GTK_ALIGN_END);
	g_object_set_data_full(G_OBJECT(button), "target", g_strdup(r->target), g_free);
	g_signal_connect(button, "clicked", G_CALLBACK(on_forget), w);
	return button;
}

static void add_recent(struct main_window *w, const struct hawser_recent *r)
{
	GtkWidget *row = gtk_list_box_row_new(), *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
	/* The key is for the server, not for people. */
	char *shown = g_strndup(r->target, strcspn(r->target, "?"));
	GtkWidget *id = gtk_label_new(shown), *name;
	char *text = g_strdup_printf("%s%s%s", r->username && *r->username ? r->username : "",
			r->username && *r->username ? "@" : "", r->hostname ? r->hostname : "");
	char *tip;

	name = gtk_label_new(text);
	gtk_widget_add_css_class(name, "hawser-hint");
	gtk_label_set_ellipsize(GTK_LABEL(id), PANGO_ELLIPSIZE_END);
	tip = g_strdup_printf("%s\n%s%s%s", shown,
			r->fingerprint && *r->fingerprint ? hawser_encryption_text(r->encryption)
							  : "no key is remembered",
			r->fingerprint && *r->fingerprint ? "\nkey: " : "",
			r->fingerprint ? r->fingerprint : "");
	gtk_widget_set_tooltip_text(id, tip);
	gtk_box_append(GTK_BOX(box), id);
	gtk_box_append(GTK_BOX(box), name);
	gtk_box_append(GTK_BOX(box), forget_button(w, r));
	gtk_widget_set_margin_start(box, 8);
	gtk_widget_set_margin_top(box, 6);
	gtk_widget_set_margin_bottom(box, 6);
	gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
	name_row(row, shown, text);
	g_object_set_data_full(G_OBJECT(row), "target", g_strdup(r->target), g_free);
	gtk_list_box_append(w->recent, row);
	g_free(shown);
	g_free(text);
	g_free(tip);
}

static void show_recent(struct main_window *w)
{
	struct hawser_recent *list = NULL;
	GtkListBoxRow *row;
	size_t count = 0;

	while ((row = gtk_list_box_get_row_at_index(w->recent, 0)))
		gtk_list_box_remove(w->recent, GTK_WIDGET(row));
	if (hawser_recent_list(w->app->context, &list, &count) < 0)
		return;
	for (size_t i = 0; i < count && i < 20; i++)
		add_recent(w, hawser_recent_at(list, i));
	hawser_recent_free(list);
}

static void on_active(GtkWindow *window, GParamSpec *param, gpointer arg)
{
	struct main_window *w = arg;

	(void)param;
	if (gtk_window_is_active(window)) {
		show_recent(w);
		show_host(w, false);
		gui_account_refresh(w->account);
	}
}

static void on_save(GtkWidget *widget, gpointer arg)
{
	struct main_window *w = arg;

	(void)widget;
	if (hawser_config_set(w->app->context, "server", gtk_editable_get_text(w->server)) < 0 ||
			hawser_config_set(w->app->context, "key", gtk_editable_get_text(w->key)) <
					0 ||
			hawser_config_set(w->app->context, "require-v2",
					gtk_check_button_get_active(w->require_v2) ? "yes" : "no") <
					0)
		gtk_label_set_text(w->settings_hint, hawser_last_error());
	else
		gtk_label_set_text(w->settings_hint, "Saved.");
	gui_account_refresh(w->account);
}

static GtkLabel *add_label(GtkWidget *box, const char *text, const char *class)
{
	GtkWidget *label = gtk_label_new(text);

	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_label_set_wrap(GTK_LABEL(label), TRUE);
	gtk_label_set_max_width_chars(GTK_LABEL(label), 40);
	if (class)
		gtk_widget_add_css_class(label, class);
	gtk_box_append(GTK_BOX(box), label);
	return GTK_LABEL(label);
}

static GtkEditable *add_entry(GtkWidget *box, const char *name, const char *placeholder)
{
	GtkWidget *entry = gtk_entry_new();

	gui_set_name(entry, name);
	gtk_entry_set_placeholder_text(GTK_ENTRY(entry), placeholder);
	gtk_box_append(GTK_BOX(box), entry);
	return GTK_EDITABLE(entry);
}

static void add_button(GtkWidget *box, const char *label, GCallback fn, struct main_window *w,
		bool main_action)
{
	GtkWidget *button = gtk_button_new_with_label(label);

	if (main_action)
		gtk_widget_add_css_class(button, "suggested-action");
	gtk_widget_set_halign(button, GTK_ALIGN_START);
	g_signal_connect(button, "clicked", fn, w);
	gtk_box_append(GTK_BOX(box), button);
}

static GtkWidget *build_left(struct main_window *w)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8);
	char text[4096]; /* servers and keys may be lists */

	gtk_widget_add_css_class(box, "hawser-page");
	add_label(box, "This computer", "hawser-title");
	add_label(box, "ID", "hawser-hint");
	w->id = add_label(box, "–", "hawser-id");
	gtk_label_set_selectable(w->id, TRUE);
	w->own_server = add_label(box, "", "hawser-hint");
	gtk_widget_set_visible(GTK_WIDGET(w->own_server), FALSE);
	add_label(box, "One-time password", "hawser-hint");
	w->password = add_label(box, "–", "hawser-id");
	gtk_label_set_selectable(w->password, TRUE);
	add_button(box, "New password", G_CALLBACK(on_renew), w, false);
	w->hint = add_label(box, "", "hawser-hint");
	add_label(box, "Key of this computer, to compare at the first contact", "hawser-hint");
	w->fingerprint = add_label(box, "–", NULL);
	gtk_label_set_selectable(w->fingerprint, TRUE);
	add_label(box, "Server for connecting to others", "hawser-title");
	w->server = add_entry(box, "Rendezvous server",
			"rendezvous server: host or host:port; several with commas between");
	w->key = add_entry(box, "Public key of the server",
			"its public key; of several servers one for each, or the one of all");
	if (hawser_config_get(w->app->context, "server", text, sizeof(text)) == 0)
		gtk_editable_set_text(w->server, text);
	if (hawser_config_get(w->app->context, "key", text, sizeof(text)) == 0)
		gtk_editable_set_text(w->key, text);
	w->require_v2 = GTK_CHECK_BUTTON(
			gtk_check_button_new_with_label("Only end-to-end encryption (hawser v2)"));
	gtk_widget_set_tooltip_text(GTK_WIDGET(w->require_v2),
			"Refuse hosts that speak no more than the RustDesk 1.x scheme");
	if (hawser_config_get(w->app->context, "require-v2", text, sizeof(text)) == 0)
		gtk_check_button_set_active(w->require_v2, g_strcmp0(text, "yes") == 0);
	gtk_box_append(GTK_BOX(box), GTK_WIDGET(w->require_v2));
	add_button(box, "Save", G_CALLBACK(on_save), w, false);
	w->settings_hint = add_label(box, "Needed to reach computers by ID.", "hawser-hint");
	w->account = gui_account_new(w->app->context);
	gtk_box_append(GTK_BOX(box), w->account);
	return box;
}

static GtkWidget *build_right(struct main_window *w)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8),
		  *scroller = gtk_scrolled_window_new();
	GtkWidget *list = gtk_list_box_new(), *buttons;

	gtk_widget_add_css_class(box, "hawser-page");
	gtk_widget_set_hexpand(box, TRUE);
	add_label(box, "Control another computer", "hawser-title");
	w->target = add_entry(box, "Computer to connect to", "its ID, or an address");
	g_signal_connect(w->target, "activate", G_CALLBACK(on_connect), w);
	buttons = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
	add_button(buttons, "Connect", G_CALLBACK(on_connect), w, true);
	add_button(buttons, "See its cameras", G_CALLBACK(on_cameras), w, false);
	gtk_box_append(GTK_BOX(box), buttons);
	add_label(box, "Recent", "hawser-hint");
	gui_set_name(list, "Recent computers");
	w->recent = GTK_LIST_BOX(list);
	gtk_list_box_set_placeholder(
			w->recent, gtk_label_new("Computers you connect to appear here."));
	g_signal_connect(list, "row-activated", G_CALLBACK(on_recent), w);
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), list);
	gtk_widget_set_vexpand(scroller, TRUE);
	gtk_box_append(GTK_BOX(box), scroller);
	gtk_box_append(GTK_BOX(box),
			gui_lan_list_new(w->app->context,
					&(struct gui_lan_list_events){ on_lan, w }));
	gtk_box_append(GTK_BOX(box), gui_host_viewers_new());
	return box;
}

static gboolean on_end(gpointer arg)
{
	struct main_window *w = arg;
	const struct gui_launch *launch = &w->app->launch;
	struct hws_error err = { 0 };

	w->end_timer = 0;
	if (launch->screenshot &&
			gui_screenshot_save_window(
					GTK_WIDGET(w->window), launch->screenshot, &err) < 0) {
		g_printerr("hawser-desktop: %s\n", err.text);
		w->app->exit_status = 1;
	}
	gtk_window_destroy(w->window);
	return G_SOURCE_REMOVE;
}

static void on_destroy(GtkWidget *widget, gpointer arg)
{
	struct main_window *w = arg;

	(void)widget;
	if (w->end_timer)
		g_source_remove(w->end_timer);
	g_free(w);
}

void gui_main_window_open(struct gui_app *app)
{
	struct main_window *w = g_new0(struct main_window, 1);
	GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);

	w->app = app;
	w->window = GTK_WINDOW(gtk_application_window_new(app->gtk));
	gtk_window_set_title(w->window, "Hawser");
	gtk_window_set_default_size(w->window, 860, 560);
	gtk_box_append(GTK_BOX(row), build_left(w));
	gtk_box_append(GTK_BOX(row), gtk_separator_new(GTK_ORIENTATION_VERTICAL));
	gtk_box_append(GTK_BOX(row), build_right(w));
	gtk_window_set_child(w->window, row);
	g_signal_connect(w->window, "notify::is-active", G_CALLBACK(on_active), w);
	g_signal_connect(w->window, "destroy", G_CALLBACK(on_destroy), w);
	show_recent(w);
	show_host(w, false);
	if (app->launch.seconds)
		w->end_timer = g_timeout_add_seconds(app->launch.seconds, on_end, w);
	gtk_window_present(w->window);
	gtk_widget_grab_focus(GTK_WIDGET(w->target));
}
