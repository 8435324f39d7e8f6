/* A session into files: the packets as they came from the host, so that recording costs no
 * encoding. Writing is a worker's (recording/recorder.h): a slow disk does not slow the session. */
#include "client/api/session_loop.h"
#include "client/services/recording/repair.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void tell_host(struct api_session_loop *e, bool on)
{
	Ses__Misc misc = SES__MISC__INIT;

	misc.union_case = SES__MISC__UNION_CLIENT_RECORD_STATUS;
	misc.client_record_status = on;
	if (hws_viewer_send_misc(e->viewer, &misc) < 0)
		return; /* no link: the next host will not know of a recording that has ended */
}

/* What the embedder began goes on with the next link, in a further file. */
static void forget_wish(struct api_session_loop *e)
{
	hws_free(e->record_wish.path);
	e->record_wish = (struct api_record_wish){ 0 };
}

static void on_file(const char *path, void *arg)
{
	api_report_recording(arg, true, HWS_OK, path, false);
}

static void on_end(int err, const char *path, void *arg)
{
	struct api_session_loop *e = arg;
	bool again = e->record_again;

	if (!e->record_ending) { /* by itself: the disk is full, say */
		tell_host(e, false);
		forget_wish(e);
	}
	e->recorder = NULL;
	e->record_ending = e->record_again = false;
	api_report_recording(e, false, err, path, e->record_wish.path != NULL);
	if (again && hws_viewer_state(e->viewer) == HWS_VIEWER_READY)
		api_record_go_on(e);
}

void api_record_cut(struct api_session_loop *e, int err)
{
	e->record_again = false;
	if (!e->recorder || e->record_ending)
		return;
	e->record_ending = true;
	tell_host(e, false);
	hws_recorder_stop(e->recorder, err);
}

void api_record_end(struct api_session_loop *e, int err)
{
	forget_wish(e);
	api_record_cut(e, err);
}

void api_record_forget(struct api_session_loop *e)
{
	hws_recorder_free(e->recorder);
	e->recorder = NULL;
	forget_wish(e);
}

static int begin(struct api_session_loop *e, const char *path, bool folder, int display,
		bool further)
{
	struct hws_recorder_conf conf = { .loop = e->ctx->loop,
		.work = e->ctx->work,
		.path = path,
		.folder = folder,
		.further = further,
		.prefix = "outgoing",
		.peer = e->s->target,
		.display = display,
		.repair = true,
		.on_file = on_file,
		.on_end = on_end,
		.arg = e };
	int r;

	if (e->recorder)
		return HWS_ERR_BUSY;
	if (hws_viewer_state(e->viewer) != HWS_VIEWER_READY ||
			!hws_viewer_permitted(
					e->viewer, SES__PERMISSION_INFO__PERMISSION__Recording))
		return HWS_ERR_DENIED;
	r = hws_recorder_new(&conf, &e->recorder);
	e->record_heard = false;
	if (r < 0)
		return r;
	tell_host(e, true);
	/* Files begin with a complete picture. */
	r = hws_viewer_refresh(e->viewer, display);
	if (r < 0) {
		e->record_ending = true;
		hws_recorder_stop(e->recorder, HWS_ERR_CLOSED);
	}
	return HWS_OK;
}

void api_record_start(struct api_session_loop *e, const struct api_command *c)
{
	int r = begin(e, c->data, c->b, (int)c->a, false);

	if (r < 0) {
		api_report_recording(e, e->recorder && !e->record_ending, r, c->data, false);
		return;
	}
	forget_wish(e);
	/* without memory it ends with the link */
	e->record_wish = (struct api_record_wish){ hws_strdup(c->data), c->b, (int)c->a };
}

void api_record_stop(struct api_session_loop *e, const struct api_command *c HWS_UNUSED)
{
	api_record_end(e, HWS_OK);
}

/* Where recordings without a name go; the settings' lock is held. */
static int usual_folder(hawser_context *ctx, char *buf, size_t size)
{
	const struct hws_viewer_config *v = hws_view_settings_config(ctx->settings);
	const char *home = getenv("HOME");

	if (*v->recording_folder)
		return hws_str_copy(buf, size, v->recording_folder);
	if (!home || *home != '/')
		return HWS_ERR_NOTFOUND;
	return hws_fmt(buf, size, "%s/Videos/hawser", home);
}

void api_record_go_on(struct api_session_loop *e)
{
	char folder[PATH_MAX];
	int r = HWS_OK;

	if (e->recorder) {
		e->record_again = e->record_ending;
		return;
	}
	if (e->record_wish.path) {
		r = begin(e, e->record_wish.path, e->record_wish.folder, e->record_wish.display,
				true);
		if (r < 0) {
			api_report_recording(e, false, r, e->record_wish.path, false);
			forget_wish(e);
		}
		return;
	}
	if (e->s->kind != HWS_KIND_REMOTE)
		return;
	pthread_mutex_lock(&e->ctx->lock);
	bool always = hws_view_settings_config(e->ctx->settings)->record == HWS_RECORD_ALWAYS;
	if (always)
		r = usual_folder(e->ctx, folder, sizeof(folder));
	pthread_mutex_unlock(&e->ctx->lock);
	if (!always)
		return;
	if (r == HWS_OK)
		r = begin(e, folder, true, -1, false);
	if (r < 0)
		api_report_recording(e, false, r, r == HWS_ERR_NOTFOUND ? "" : folder, false);
}

void api_record_packet(struct api_session_loop *e, size_t display, enum hws_codec codec,
		struct hws_bytes data, bool key, int64_t pts_ms HWS_UNUSED)
{
	const struct hws_peer *peer = hws_viewer_peer(e->viewer);

	if (!e->recorder || display >= peer->display_count)
		return;
	struct hws_film_picture p = { .codec = codec,
		.width = peer->display[display].width,
		.height = peer->display[display].height,
		.data = data,
		.key = key,
		.time_ms = hws_clock_us() / 1000 }; /* pts starts anew with each encoder */
	hws_recorder_picture(e->recorder, (unsigned)display, &p);
}

void api_record_sound(struct api_session_loop *e, unsigned channels, struct hws_bytes opus)
{
	if (!e->recorder)
		return;
	/* A file that began without sound has no room for it: the next one begins with the next
	 * complete picture. */
	bool first = !e->record_heard;
	e->record_heard = true;
	hws_recorder_sound(e->recorder, channels, opus, hws_clock_us() / 1000);
	if (first && hws_viewer_refresh(e->viewer, -1) < 0)
		return; /* the link is ending */
}

/* --- the embedder's thread --- */

static bool is_folder(const char *path)
{
	struct stat st;

	return path[strlen(path) - 1] == '/' || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

int hawser_session_record_start(hawser_session *s, size_t display, const char *path)
{
	char usual[PATH_MAX];
	int r = HWS_OK;

	if ((path && !*path) || (path && strlen(path) > 4000))
		return api_fail(HAWSER_ERR_INVAL,
				"a recording needs the path of a new file or of a folder");
	if (display != HAWSER_ALL_DISPLAYS && display >= HWS_PEER_DISPLAYS_MAX)
		return api_fail(HAWSER_ERR_RANGE, "there is no such display");
	pthread_mutex_lock(&s->ctx->lock);
	bool never = hws_view_settings_config(s->ctx->settings)->record == HWS_RECORD_NEVER;
	if (!path)
		r = usual_folder(s->ctx, usual, sizeof(usual));
	pthread_mutex_unlock(&s->ctx->lock);
	if (never)
		return api_fail(HAWSER_ERR_DENIED,
				"recording is switched off by the setting \"record\"");
	if (r < 0)
		return api_fail(HAWSER_ERR_NOTFOUND,
				"there is no folder for recordings: set \"recording-folder\"");
	const char *to = path ? path : usual;
	return api_post_ready(s,
			&(struct api_command){ .fn = api_record_start,
					.a = display == HAWSER_ALL_DISPLAYS ? -1 : (int64_t)display,
					.b = !path || is_folder(to),
					.size = strlen(to),
					.data = (char *)to });
}

void hawser_session_record_stop(hawser_session *s)
{
	if (api_post(s, &(struct api_command){ .fn = api_record_stop }) < 0)
		api_fail(HAWSER_ERR_NOMEM, "out of memory");
}

int hawser_recording_repair(const char *path, bool *ret_changed)
{
	enum hws_recording_was was;
	struct hws_error err = { 0 };
	int r = hws_recording_repair(path, &was, &err);

	*ret_changed = r == HWS_OK && was == HWS_RECORDING_REPAIRED;
	if (r < 0)
		return api_fail_err(&err);
	if (was == HWS_RECORDING_EMPTY)
		return api_fail(HAWSER_ERR_NOTFOUND, "%s: there is no whole picture in it", path);
	return HAWSER_OK;
}
