/* One recording for all viewers, as there is one encoder for them: it begins with the first one and
 * ends with the last. Nobody is recorded unknowingly: who is looked at hears of it by a
 * notification, who looks by a message, and the owner finds both in the audit log. */
#include "client/services/recording/record_host.h"
#include "client/services/recording/record_sound.h"
#include "client/services/recording/recorder.h"
#include "client/services/video/tap.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>

#define PART_MS (60 * 60 * 1000u) /* a file for each hour, so that old ones can be removed */
#define RETRY_US (60 * HWS_US_PER_S)
/* Deployed viewers close the session with the box unless the type has "custom" in it. */
#define BOX_TYPE "custom-nook-nocancel-hasclose"
#define OWN_PLACE (HWS_NOTIFY_RECORDING + HWS_HOST_VIEWERS_MAX)

_Static_assert(OWN_PLACE < HWS_NOTIFY_PLACES, "a place for each viewer, and one of our own");

struct hws_record_host {
	struct hws_host_env env;
	struct hws_host_viewer *viewer[HWS_HOST_VIEWERS_MAX];
	unsigned viewers;
	uint32_t records; /* slots of viewers that record */
	struct hws_recorder *recorder;
	struct hws_record_sound *sound; /* NULL: it ends, or the desktop has none */
	bool ending;                    /* it writes what is left */
	struct hws_video_host *video;
	struct hws_video_tap tap; /* while there is a recorder that does not end */
	char folder[PATH_MAX];    /* of the recorder */
	struct hws_timer retry;
};

static void audit(const struct hws_record_host *h, const struct hws_host_viewer *v,
		const char *what, const char *path, int result)
{
	hws_host_audit(&h->env, v,
			&(struct hws_audit_event){ .what = what,
					.path = hws_bytes_str(path),
					.result = result });
}

static void notify(const struct hws_record_host *h, unsigned place, const char *summary,
		const char *body, bool stays)
{
	if (h->env.notifier &&
			hws_notifier_show(h->env.notifier, place, summary, body,
					stays ? HWS_NOTIFY_STAYS : 0) < 0)
		hws_debug("recording.not_shown");
}

/* Hawser viewers show it as long as it lasts; others pass the first message over. */
static void tell_viewer(struct hws_host_viewer *v, bool on)
{
	Ses__Misc misc = SES__MISC__INIT;
	Ses__Message m = SES__MESSAGE__INIT, boxed = SES__MESSAGE__INIT;
	Ses__MessageBox box = SES__MESSAGE_BOX__INIT;

	misc.union_case = SES__MISC__UNION_HOST_RECORDS;
	misc.host_records = on;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	hws_host_viewer_tell(v, &m);
	if (!on || v->level >= HWS_LEVEL_V2)
		return;
	box.msgtype = (char *)BOX_TYPE;
	box.title = (char *)"Recording";
	box.text = (char *)"This session is recorded at the host.";
	box.link = (char *)"";
	boxed.union_case = SES__MESSAGE__UNION_MESSAGE_BOX;
	boxed.message_box = &box;
	hws_host_viewer_tell(v, &boxed);
}

static void tell_viewers(const struct hws_record_host *h, bool on)
{
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (h->viewer[i])
			tell_viewer(h->viewer[i], on);
}

/* --- our own recording --- */

/* A recording has nothing that no viewer is given. */
static bool may_be_heard(const struct hws_record_host *h)
{
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (h->viewer[i] && hws_host_viewer_may(h->viewer[i], HWS_PERM_AUDIO))
			return true;
	return false;
}

static void on_sound(struct hws_bytes packet, uint64_t time_ms, void *arg)
{
	struct hws_record_host *h = arg;

	if (may_be_heard(h))
		hws_recorder_sound(h->recorder, HWS_RECORD_SOUND_CHANNELS, packet, time_ms);
}

/* From now on nothing comes to the recorder any more. */
static void untap(struct hws_record_host *h)
{
	hws_video_tap_remove(&h->tap);
	hws_record_sound_free(h->sound);
	h->sound = NULL;
}

static void start(struct hws_record_host *h);

static void on_retry(void *arg)
{
	start(arg);
}

static void on_file(const char *path, void *arg)
{
	struct hws_record_host *h = arg;

	audit(h, NULL, "record.file", path, HWS_OK);
}

static void on_end(int err, const char *path, void *arg)
{
	struct hws_record_host *h = arg;
	bool asked = h->ending;

	h->recorder = NULL;
	h->ending = false;
	untap(h);
	audit(h, NULL, "record.end", path, err);
	if (!asked)
		tell_viewers(h, false);
	if (err < 0) {
		hws_warn_limited("recording.failed", HWS_STR("file", path), HWS_ERR("why", err));
		notify(h, OWN_PLACE, "This desktop is not being recorded: writing failed",
				hws_err_text(err), true);
		hws_timer_start(h->env.loop, &h->retry, RETRY_US, on_retry, h);
		return;
	}
	notify(h, OWN_PLACE, "This desktop is not being recorded any more", "", false);
	start(h); /* somebody may have come meanwhile */
}

static void start(struct hws_record_host *h)
{
	const struct hws_service_conf *c = h->env.conf;
	const struct hws_host_viewer *first = NULL;
	struct hws_sound *sound = h->env.platform ? h->env.platform->sound : NULL;
	int r;

	if (h->recorder || !h->viewers || !c || !c->record_incoming || !c->recording_folder ||
			!*c->recording_folder)
		return;
	hws_timer_stop(&h->retry);
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX && !first; i++)
		first = h->viewer[i];
	struct hws_recorder_conf conf = { .loop = h->env.loop,
		.work = h->env.work,
		.path = c->recording_folder,
		.folder = true,
		.prefix = "incoming",
		.peer = first ? first->who : "",
		.display = -1,
		.channels = sound ? HWS_RECORD_SOUND_CHANNELS : 0,
		.repair = true,
		.part_ms = PART_MS,
		.keep_s = c->recording_keep_us / HWS_US_PER_S,
		.bytes_max = c->recording_max_bytes,
		.on_file = on_file,
		.on_end = on_end,
		.arg = h };
	r = hws_str_copy(h->folder, sizeof(h->folder), c->recording_folder);
	if (r == HWS_OK)
		r = hws_recorder_new(&conf, &h->recorder);
	if (r < 0) {
		hws_warn_limited("recording.failed", HWS_ERR("why", r));
		return;
	}
	hws_video_tap_add(h->video, &h->tap);
	if (sound &&
			hws_record_sound_new(&(struct hws_record_sound_conf){ .loop = h->env.loop,
							     .sound = sound,
							     .on_packet = on_sound,
							     .arg = h },
					&h->sound) < 0)
		h->sound = NULL; /* a film without it */
	audit(h, first, "record.begin", h->folder, HWS_OK);
	notify(h, OWN_PLACE, "This desktop is being recorded",
			"What viewers see is kept in files, as the owner of this host has set.",
			true);
	tell_viewers(h, true);
}

static void stop(struct hws_record_host *h)
{
	hws_timer_stop(&h->retry);
	if (!h->recorder || h->ending)
		return;
	h->ending = true;
	untap(h);
	tell_viewers(h, false);
	hws_recorder_stop(h->recorder, HWS_OK);
}

void hws_record_host_configure(struct hws_record_host *h)
{
	const struct hws_service_conf *c = h ? h->env.conf : NULL;

	if (!c)
		return;
	if (!c->record_incoming || (h->recorder && !hws_str_equal(h->folder, c->recording_folder)))
		stop(h);
	start(h);
}

/* --- viewers --- */

void hws_record_host_join(struct hws_record_host *h, struct hws_host_viewer *v)
{
	if (!h)
		return;
	h->viewer[v->slot] = v;
	h->viewers++;
	if (h->recorder && !h->ending)
		tell_viewer(v, true);
	else
		start(h);
}

static void show_viewer(const struct hws_record_host *h, const struct hws_host_viewer *v, bool on)
{
	char summary[HWS_NOTIFY_SUMMARY];

	if (hws_fmt(summary, sizeof(summary),
			    on ? "%s records this session" : "%s records no longer", v->who) < 0)
		return;
	notify(h, HWS_NOTIFY_RECORDING + v->slot, summary,
			on ? "What is seen of this desktop is kept in a file at the viewer." : "",
			on);
}

void hws_record_host_viewer(struct hws_record_host *h, struct hws_host_viewer *v, bool records)
{
	uint32_t bit = 1u << v->slot;

	if (!h || ((h->records & bit) != 0) == records)
		return;
	h->records ^= bit;
	audit(h, v, records ? "viewer.record" : "viewer.record_end", "", HWS_OK);
	show_viewer(h, v, records);
}

void hws_record_host_leave(struct hws_record_host *h, struct hws_host_viewer *v)
{
	if (!h || h->viewer[v->slot] != v)
		return;
	hws_record_host_viewer(h, v, false);
	h->viewer[v->slot] = NULL;
	if (--h->viewers == 0)
		stop(h);
}

static void on_packet(struct hws_video_tap *t, const struct hws_tapped_packet *p)
{
	struct hws_record_host *h = hws_container(t, struct hws_record_host, tap);

	hws_recorder_picture(h->recorder, p->display,
			&(struct hws_film_picture){ p->codec, p->width, p->height, p->data, p->key,
					hws_loop_now_us(h->env.loop) / HWS_US_PER_MS });
}

/* The last picture stays; the next one will be whole. */
static void on_stopped(struct hws_video_tap *t HWS_UNUSED, unsigned display HWS_UNUSED)
{
}

int hws_record_host_new(const struct hws_host_env *env, struct hws_video_host *video,
		struct hws_record_host **ret)
{
	struct hws_record_host *h = hws_alloc(sizeof(*h));

	if (!h)
		return HWS_ERR_NOMEM;
	h->env = *env;
	h->video = video;
	h->tap = (struct hws_video_tap){ .packet = on_packet, .stopped = on_stopped };
	*ret = h;
	return HWS_OK;
}

void hws_record_host_free(struct hws_record_host *h)
{
	if (!h)
		return;
	hws_timer_stop(&h->retry);
	untap(h);
	hws_recorder_free(h->recorder);
	hws_free(h);
}
