/* Files get names of their own: a name that has to be thought of is a picture too late. */
#include "client/gtk/shots.h"
#include "client/gtk/notice.h"
#include "client/gtk/screenshot.h"
#include "shared/base/output.h"
#include "shared/sys/private_file.h"
#include <string.h>
#include <unistd.h>

#define SAME_SECOND_MAX 100u

struct gui_shots {
	GtkWidget *notice;
	struct gui_clipboard *clipboard;
	hawser_session *session; /* borrowed; NULL: none */
	GCancellable *cancel;
	bool copy; /* what was asked for is for the clipboard */
};

static void say(struct gui_shots *s, const char *title, const char *text)
{
	gui_notice_show(s->notice, title, text, strlen(text));
}

/* The host's name is the host's word: of it what can stand in any file name. */
static char *host_word(struct gui_shots *s)
{
	struct hawser_peer peer = HAWSER_PEER_INIT;
	char *word = NULL;

	if (s->session && hawser_session_peer(s->session, &peer) == HAWSER_OK && *peer.hostname)
		word = g_strndup(peer.hostname, 40);
	if (!word)
		return g_strdup("host");
	for (char *c = word; *c; c++)
		if (!g_ascii_isalnum(*c))
			*c = '-';
	return word;
}

static const char *folder(void)
{
	const char *pictures = g_get_user_special_dir(G_USER_DIRECTORY_PICTURES);

	return pictures ? pictures : g_get_home_dir();
}

/* On its way into a file, by a thread: to pack a large picture takes a while. */
struct job {
	GdkTexture *picture; /* or else */
	GBytes *png;
	char *host, *path;
	struct hws_error err;
};

/* The name is taken by making the file, empty: nobody else gets it. */
static int take_name(struct job *j)
{
	GDateTime *now = g_date_time_new_now_local();
	char *when = g_date_time_format(now, "%Y%m%d-%H%M%S");
	int r = hws_private_folder_make(folder(), &j->err), fd = -1;

	for (unsigned n = 1; r == HWS_OK && fd < 0 && n < SAME_SECOND_MAX; n++) {
		char *name = n == 1 ? g_strdup_printf("hawser-%s-%s.png", j->host, when)
				    : g_strdup_printf("hawser-%s-%s-%u.png", j->host, when, n);

		g_free(j->path);
		j->path = g_build_filename(folder(), name, NULL);
		g_free(name);
		r = hws_private_file_create(j->path, &fd, &j->err);
		if (r == HWS_ERR_EXISTS && n + 1 < SAME_SECOND_MAX)
			r = HWS_OK;
	}
	if (fd >= 0)
		close(fd);
	g_date_time_unref(now);
	g_free(when);
	return r;
}

static void job_free(gpointer data)
{
	struct job *j = data;

	g_clear_object(&j->picture);
	if (j->png)
		g_bytes_unref(j->png);
	g_free(j->host);
	g_free(j->path);
	g_free(j);
}

static int write_bytes(struct job *j)
{
	struct hws_out_file file;
	gsize length = 0;
	const void *bytes = g_bytes_get_data(j->png, &length);
	int r = hws_out_file_begin(&file, j->path, &j->err);

	if (r == HWS_OK)
		r = hws_out_file_end(&file, hws_out_file_write(&file, hws_bytes(bytes, length)),
				j->path, &j->err);
	return r;
}

static void run(GTask *task, gpointer source, gpointer data, GCancellable *cancel)
{
	struct job *j = data;
	int r = take_name(j);

	(void)source;
	(void)cancel;
	if (r == HWS_OK) {
		r = j->picture ? gui_screenshot_save(j->picture, j->path, &j->err) : write_bytes(j);
		if (r < 0)
			unlink(j->path);
	}
	g_task_return_int(task, r);
}

static void on_saved(GObject *source, GAsyncResult *result, gpointer arg)
{
	struct job *j = g_task_get_task_data(G_TASK(result));
	struct gui_shots *s = arg;
	GError *gone = NULL;
	gssize r = g_task_propagate_int(G_TASK(result), &gone);

	(void)source;
	if (!gone) /* else there is nobody to tell */
		say(s, r < 0 ? "Not saved" : "Saved", r < 0 ? j->err.text : j->path);
	g_clear_error(&gone);
}

/* `picture`, or else a file; a reference of its own. */
static void save(struct gui_shots *s, GdkTexture *picture, GBytes *png)
{
	struct job *j = g_new0(struct job, 1);
	GTask *task;

	j->host = host_word(s);
	j->picture = picture ? g_object_ref(picture) : NULL;
	j->png = png ? g_bytes_ref(png) : NULL;
	task = g_task_new(NULL, s->cancel, on_saved, s);
	g_task_set_task_data(task, j, job_free);
	g_task_run_in_thread(task, run);
	g_object_unref(task);
}

void gui_shots_take(struct gui_shots *s, GdkTexture *picture, bool copy)
{
	if (!picture) {
		say(s, "There is no picture", "");
	} else if (copy) {
		gui_clipboard_copy_picture(s->clipboard,
				gdk_content_provider_new_typed(GDK_TYPE_TEXTURE, picture));
		say(s, "Copied", "the picture can be pasted here");
	} else {
		save(s, picture, NULL);
	}
}

void gui_shots_ask(struct gui_shots *s, size_t display, bool copy)
{
	s->copy = copy;
	if (hawser_session_host_screenshot(s->session, display) < 0)
		say(s, "No picture of the host", hawser_last_error());
}

void gui_shots_event(struct gui_shots *s, const struct hawser_event *e)
{
	GBytes *bytes;

	if (!e->u.screenshot.png) {
		say(s, "No picture of the host", e->u.screenshot.text);
		return;
	}
	bytes = g_bytes_new(e->u.screenshot.png, e->u.screenshot.length);
	if (s->copy) {
		gui_clipboard_copy_picture(s->clipboard,
				gdk_content_provider_new_for_bytes("image/png", bytes));
		say(s, "Copied", "the host's picture can be pasted here");
	} else {
		save(s, NULL, bytes);
	}
	g_bytes_unref(bytes);
}

void gui_shots_set_session(struct gui_shots *s, hawser_session *session)
{
	s->session = session;
}

struct gui_shots *gui_shots_new(GtkWidget *notice, struct gui_clipboard *clipboard)
{
	struct gui_shots *s = g_new0(struct gui_shots, 1);

	s->notice = notice;
	s->clipboard = clipboard;
	s->cancel = g_cancellable_new();
	return s;
}

void gui_shots_free(struct gui_shots *s)
{
	if (!s)
		return;
	g_cancellable_cancel(s->cancel);
	g_object_unref(s->cancel);
	g_free(s);
}
