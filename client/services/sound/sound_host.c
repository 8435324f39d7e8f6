/* One capture and one encoder for all who listen, and none of it while nobody does. The caller of a
 * voice call hears the microphone instead of the desktop, whose sound has the caller's own voice in
 * it: an echo can only be one of the room's. */
#include "client/services/sound/sound_host.h"
#include "client/services/sound/host_parts.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#define LATE_MAX_US (500 * HWS_US_PER_MS)
/* Deployed viewers close the session with the box unless the type has "custom" in it. */
#define BOX_TYPE "custom-nook-nocancel-hasclose"

static struct sound_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct sound_host, service);
}

void sound_host_box(struct sound_viewer *w, const char *title, const char *text)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__MessageBox box = SES__MESSAGE_BOX__INIT;

	box.msgtype = (char *)BOX_TYPE;
	box.title = (char *)(uintptr_t)title;
	box.text = (char *)(uintptr_t)text;
	box.link = (char *)"";
	m.union_case = SES__MESSAGE__UNION_MESSAGE_BOX;
	m.message_box = &box;
	hws_host_viewer_tell(w->v, &m);
}

/* --- who hears what --------------------------------------------------------------------------- */

/* The caller hears the microphone, unless its voice is one itself: then it takes part in what the
 * desktop's programs talk about. */
static bool hears_microphone(const struct sound_host *h, const struct sound_viewer *w)
{
	return h->caller == w && !h->into_programs;
}

static bool hears_desktop(const struct sound_host *h, const struct sound_viewer *w)
{
	return w->v && sound_viewer_may(w) && !hears_microphone(h, w) &&
			(w->v->kind == HWS_KIND_REMOTE || h->caller == w);
}

static void begin_to_hear(struct sound_viewer *w)
{
	struct hws_sound_message m;

	hws_sound_message_format(&m);
	w->late_us = 0;
	w->hears = hws_host_viewer_send(w->v, &m.m) == HWS_OK;
}

/* A sign in the viewer's window; deployed viewers pass over it. */
static void tell_missing(struct sound_host *h)
{
	Ses__Misc misc = SES__MISC__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	misc.union_case = SES__MISC__UNION_NO_SOUND;
	misc.no_sound = h->missing;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct sound_viewer *w = &h->viewer[i];
		if (w->v && w->misses != h->missing && hears_desktop(h, w)) {
			w->misses = h->missing;
			hws_host_viewer_tell(w->v, &m);
		}
	}
}

void sound_host_turn(struct sound_host *h)
{
	bool desktop = false, microphone = false;

	tell_missing(h);
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX && h->sound; i++) {
		struct sound_viewer *w = &h->viewer[i];
		bool hears = hears_desktop(h, w);
		desktop |= hears;
		hears |= hears_microphone(h, w);
		microphone |= hears_microphone(h, w);
		if (hears && !w->hears)
			begin_to_hear(w);
		else if (!hears)
			w->hears = false;
	}
	if (desktop)
		hws_sound_source_start(h->desktop);
	else
		hws_sound_source_stop(h->desktop);
	if (microphone)
		hws_sound_source_start(h->microphone);
	else
		hws_sound_source_stop(h->microphone);
}

/* Late sound is worse than none: the other end knows by the count what it has missed. */
static bool takes(struct sound_viewer *w, uint64_t now)
{
	if (!w->v->congested || !w->v->congested(w->v, HWS_SEND_VIDEO)) {
		w->late_us = 0;
		return true;
	}
	if (!w->late_us)
		w->late_us = now;
	return now - w->late_us < LATE_MAX_US;
}

static void send_to(
		struct sound_host *h, bool of_microphone, struct hws_bytes packet, uint64_t number)
{
	struct hws_sound_message m;
	uint64_t now = hws_clock_us();

	hws_sound_message_frame(&m, packet, number);
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct sound_viewer *w = &h->viewer[i];
		bool hears = of_microphone ? hears_microphone(h, w) : hears_desktop(h, w);
		if (hears && !w->hears)
			begin_to_hear(w);
		if (hears && w->hears && takes(w, now)) {
			hws_host_viewer_tell(w->v, &m.m);
			w->heard = true;
		}
	}
}

static void on_desktop(struct hws_bytes packet, uint64_t number, void *arg)
{
	send_to(arg, false, packet, number);
}

static void on_microphone(struct hws_bytes packet, uint64_t number, void *arg)
{
	send_to(arg, true, packet, number);
}

/* Who listens is told in words of what went away under its ears; that a desktop never had any is no
 * more than a sign. */
static void on_desktop_trouble(const char *why, void *arg)
{
	struct sound_host *h = arg;

	if (why)
		hws_warn_limited("sound.missing", HWS_STR("why", why));
	else
		hws_info_limited("sound.ready");
	h->missing = why != NULL;
	tell_missing(h);
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct sound_viewer *w = &h->viewer[i];
		if (why && w->v && w->heard && hears_desktop(h, w)) {
			w->heard = false;
			sound_host_box(w, "Sound",
					"The sound of this host has gone: its sound server or "
					"loudspeaker is not there any more. It is heard again when "
					"they are back.");
		}
	}
}

static void on_microphone_trouble(const char *why, void *arg)
{
	struct sound_host *h = arg;

	if (!why)
		return;
	hws_warn_limited("call.no_microphone", HWS_STR("why", why));
	if (h->caller)
		sound_host_box(h->caller, "Voice call",
				"This host has no microphone that can be used: you are heard, and "
				"hear nothing.");
}

/* --- viewers ---------------------------------------------------------------------------------- */

static void on_join(struct hws_host_service *s, struct hws_host_viewer *v)
{
	struct sound_host *h = of(s);
	struct sound_viewer *w = &h->viewer[v->slot];

	*w = (struct sound_viewer){ .v = v, .h = h };
	hws_bucket_init(&w->pace, 1, 3, hws_loop_now_us(h->env.loop));
}

static void on_leave(struct hws_host_service *s, struct hws_host_viewer *v)
{
	struct sound_host *h = of(s);
	struct sound_viewer *w = &h->viewer[v->slot];

	sound_call_leave(h, w);
	w->v = NULL;
	w->hears = false;
	sound_host_turn(h);
}

static void on_update(struct hws_host_service *s, struct hws_host_viewer *v)
{
	struct sound_host *h = of(s);
	struct sound_viewer *w = &h->viewer[v->slot];

	if (!sound_viewer_may(w))
		sound_call_leave(h, w);
	sound_host_turn(h);
}

/* Comes at once after it has joined, with what it wishes: only now is known whether it listens. */
static void on_option(struct hws_host_service *s, struct hws_host_viewer *v,
		const Ses__OptionMessage *o HWS_UNUSED)
{
	on_update(s, v);
}

static bool on_message(struct hws_host_service *s, struct hws_host_viewer *v, const Ses__Message *m)
{
	struct sound_host *h = of(s);
	struct sound_viewer *w = &h->viewer[v->slot];

	switch (m->union_case) {
	case SES__MESSAGE__UNION_AUDIO_FRAME:
		if (h->caller == w)
			hws_voice_in_frame(h->voice, m->audio_frame);
		return true; /* what nobody has agreed to hear is heard by nobody */
	case SES__MESSAGE__UNION_MISC:
		if (m->misc->union_case != SES__MISC__UNION_AUDIO_FORMAT)
			return false;
		if (h->caller == w)
			hws_voice_in_format(h->voice, m->misc->audio_format);
		return true;
	default:
		return sound_call_message(h, w, m);
	}
}

static int on_command(struct hws_host_service *s, struct hws_host_viewer *v, const char *text,
		struct hws_error *err)
{
	struct sound_host *h = of(s);

	return sound_call_command(h, &h->viewer[v->slot], text, err);
}

/* --- life ------------------------------------------------------------------------------------- */

static void sound_free(struct hws_host_service *s)
{
	struct sound_host *h = of(s);

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		hws_timer_stop(&h->viewer[i].limit);
	hws_voice_in_free(h->voice);
	hws_sound_source_free(h->desktop);
	hws_sound_source_free(h->microphone);
	hws_free(h);
}

static int new_source(struct sound_host *h, enum hws_sound_way way,
		void (*on_packet)(struct hws_bytes packet, uint64_t number, void *arg),
		void (*on_trouble)(const char *why, void *arg), struct hws_sound_source **ret)
{
	return hws_sound_source_new(&(struct hws_sound_source_conf){ .loop = h->env.loop,
						    .sound = h->sound,
						    .way = way,
						    .on_packet = on_packet,
						    .on_trouble = on_trouble,
						    .arg = h },
			ret);
}

static int sound_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	struct sound_host *h = hws_alloc(sizeof(*h));
	int r;

	if (!h)
		return HWS_ERR_NOMEM;
	h->service.impl = &hws_sound_host_service;
	h->env = *env;
	h->sound = env->platform ? env->platform->sound : NULL;
	h->missing = !h->sound;
	r = new_source(h, HWS_SOUND_CAPTURE, on_desktop, on_desktop_trouble, &h->desktop);
	if (r == HWS_OK)
		r = new_source(h, HWS_SOUND_RECORD, on_microphone, on_microphone_trouble,
				&h->microphone);
	if (r < 0) {
		sound_free(&h->service);
		return r;
	}
	*ret = &h->service;
	return HWS_OK;
}

const struct hws_host_service_impl hws_sound_host_service = {
	.id = HWS_SERVICE_SOUND,
	.name = "sound",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE) | HWS_KIND_BIT(HWS_KIND_CAMERA),
	.new = sound_new,
	.free = sound_free,
	.join = on_join,
	.leave = on_leave,
	.update = on_update,
	.option = on_option,
	.message = on_message,
	.command = on_command,
};
