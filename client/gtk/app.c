/* The desktop program as one object, and how GLib's loop waits for the context's events. */
#include "client/gtk/app.h"
#include "client/gtk/style.h"
#include "client/gtk/window_main.h"
#include "client/gtk/window_session.h"
#include "shared/base/mem.h"
#include <glib-unix.h>

void gui_launch_fill(const struct gui_launch *launch, struct hawser_session_config *conf)
{
	conf->password = launch->password;
	conf->force_relay = launch->relay;
	conf->view_only = launch->view_only;
	conf->camera = launch->camera;
	conf->no_clipboard = launch->clipboard == HAWSER_CLIPBOARD_OFF;
	conf->no_clipboard_to_host = launch->clipboard == HAWSER_CLIPBOARD_RECEIVE;
	conf->no_clipboard_from_host = launch->clipboard == HAWSER_CLIPBOARD_SEND;
	conf->no_exact = launch->no_exact;
	conf->no_hardware = launch->no_hardware;
	conf->allow_insecure = launch->accept_insecure;
	conf->require_v2 = launch->require_v2;
	conf->quality = launch->quality;
	conf->codec = launch->codec;
	conf->chroma = launch->chroma;
	conf->keyboard_mode = launch->keyboard;
	conf->fps = (int)launch->fps;
	conf->remember = launch->remember;
	conf->own_id = launch->own_id;
	conf->accept_key = launch->accept_key;
	conf->switch_number = launch->has_switch ? launch->switch_number : NULL;
}

void gui_free_password(char *password)
{
	if (password)
		hws_free_wiped(password, strlen(password));
}

static gboolean on_events(gint fd, GIOCondition condition, gpointer arg)
{
	struct gui_app *app = arg;

	(void)fd;
	(void)condition;
	hawser_context_dispatch(app->context);
	return G_SOURCE_CONTINUE;
}

static void load_style(void)
{
	GtkCssProvider *css = gtk_css_provider_new();

	gtk_css_provider_load_from_data(css, gui_style, -1);
	gtk_style_context_add_provider_for_display(gdk_display_get_default(),
			GTK_STYLE_PROVIDER(css), GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
	g_object_unref(css);
}

static void on_activate(GtkApplication *gtk, gpointer arg)
{
	struct gui_app *app = arg;

	(void)gtk;
	load_style();
	/* Texts can be copied, but shall not look chosen when a window opens. */
	g_object_set(gtk_settings_get_default(), "gtk-label-select-on-focus", FALSE, NULL);
	if (app->launch.target)
		gui_session_window_open(app, app->launch.target, &app->launch);
	else
		gui_main_window_open(app);
}

int gui_app_run(struct gui_launch *launch)
{
	struct gui_app app = { .launch = *launch };
	struct hawser_context_config conf = HAWSER_CONTEXT_CONFIG_INIT;
	int status;

	launch->password = NULL;
	conf.config_path = launch->config_path;
	conf.server = launch->server;
	conf.key = launch->key;
	if (hawser_context_new(&conf, &app.context) < 0) {
		g_printerr("hawser: %s\n", hawser_last_error());
		gui_free_password(app.launch.password);
		return 1;
	}
	app.source = g_unix_fd_add(hawser_context_fd(app.context), G_IO_IN, on_events, &app);
	app.gtk = gtk_application_new("net.hawser.Hawser", G_APPLICATION_NON_UNIQUE);
	g_signal_connect(app.gtk, "activate", G_CALLBACK(on_activate), &app);
	status = g_application_run(G_APPLICATION(app.gtk), 0, NULL);
	g_object_unref(app.gtk);
	g_source_remove(app.source);
	hawser_context_free(app.context);
	gui_free_password(app.launch.password);
	return status ? status : app.exit_status;
}
