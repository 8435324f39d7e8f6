/* The player is one of this library's own, so that every embedder has sound by asking for it; who
 * wants the samples takes them as events, of which those that nobody fetched in time are left
 * out. */
#include "client/api/sound.h"
#include "client/platform/pulse/pulse.h"
#include "client/services/sound/player.h"
#include "client/services/sound/sound_view.h"
#include "shared/base/mem.h"
#include <stdio.h>

struct api_sound {
	struct hws_sound *device;
	struct hws_sound_player *player;
	enum hawser_sound mode;
};

/* --- what is heard ---------------------------------------------------------------------------- */

static void tell_samples(struct api_session_loop *e, const int16_t *samples, unsigned frames,
		uint32_t rate, unsigned channels)
{
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_SOUND);

	if (!ev)
		return;
	ev->ev.u.sound.rate = rate;
	ev->ev.u.sound.channels = channels;
	ev->ev.u.sound.frames = frames;
	ev->ev.u.sound.text = "";
	ev->ev.u.sound.samples =
			api_event_bytes(ev, samples, (size_t)frames * channels * sizeof(*samples));
	if (!ev->ev.u.sound.samples) {
		api_event_free(ev);
		return;
	}
	api_report_push(e, ev);
}

static void on_samples(const int16_t *samples, unsigned frames, uint32_t rate, unsigned channels,
		void *arg)
{
	struct api_session_loop *e = arg;

	if (e->sound->mode == HAWSER_SOUND_PLAY)
		hws_sound_player_play(e->sound->player, samples, frames, rate, channels);
	else if (e->sound->mode == HAWSER_SOUND_EVENTS)
		tell_samples(e, samples, frames, rate, channels);
}

/* For a recording. */
static void on_packet(struct hws_bytes opus, unsigned rate HWS_UNUSED, unsigned channels, void *arg)
{
	api_record_sound(arg, channels, opus);
}

static void on_trouble(const char *text, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_SOUND);

	if (!ev)
		return;
	ev->ev.u.sound.text = api_event_text(ev, text);
	api_report_push(e, ev);
}

static void on_host_sound(bool none, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_HOST_SOUND);

	if (!ev)
		return;
	ev->ev.u.host_sound.none = none;
	api_report_push(e, ev);
}

static void on_player_trouble(const char *why, void *arg)
{
	char text[480];

	if (!why)
		return;
	snprintf(text, sizeof(text), "The host cannot be heard here: %s.", why);
	on_trouble(text, arg);
}

/* --- the call --------------------------------------------------------------------------------- */

static void on_call(enum hws_call_state state, const char *text, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_CALL);

	if (!ev)
		return;
	ev->ev.u.call.state = (enum hawser_call)state;
	ev->ev.u.call.text = api_event_text(ev, text);
	api_report_push(e, ev);
}

/* Who calls wants to hear. */
static void hear(struct api_session_loop *e)
{
	struct hws_view_options o = *hws_viewer_options(e->viewer);

	if (e->sound->mode != HAWSER_SOUND_OFF)
		return;
	e->sound->mode = HAWSER_SOUND_PLAY;
	pthread_mutex_lock(&e->s->lock);
	e->s->option[HAWSER_OPTION_SOUND] = HAWSER_SOUND_PLAY;
	pthread_mutex_unlock(&e->s->lock);
	o.sound = true;
	hws_viewer_set_options(e->viewer, &o);
}

static void do_call(struct api_session_loop *e, const struct api_command *c)
{
	struct hws_sound_view *sv = hws_sound_view_of(e->service[HWS_SERVICE_SOUND]);
	int r;

	if (!c->a) {
		hws_sound_view_hang_up(sv);
		return;
	}
	hear(e);
	r = hws_sound_view_call(sv);
	if (r == HWS_ERR_DENIED)
		on_call(HWS_CALL_NONE, "the host permits no sound, and no calls", e);
	else if (r < 0 && r != HWS_ERR_BUSY)
		on_call(HWS_CALL_NONE, "the call could not be made", e);
}

static int need_ready(hawser_session *s)
{
	int r = s->kind == HWS_KIND_CAMERA ? HAWSER_OK : api_need_kind(s, HWS_KIND_REMOTE);

	if (r < 0)
		return r;
	return hawser_session_state(s) == HAWSER_STATE_READY
			? HAWSER_OK
			: api_fail(HAWSER_ERR_DENIED, "the session is not connected");
}

int hawser_session_call(hawser_session *s)
{
	int r = need_ready(s);

	return r < 0 ? r : api_post(s, &(struct api_command){ .fn = do_call, .a = true });
}

int hawser_session_hang_up(hawser_session *s)
{
	int r = need_ready(s);

	return r < 0 ? r : api_post(s, &(struct api_command){ .fn = do_call });
}

/* --- life ------------------------------------------------------------------------------------- */

void api_sound_set_mode(struct api_session_loop *e, enum hawser_sound mode)
{
	if (!e->sound)
		return;
	e->sound->mode = mode;
	if (mode != HAWSER_SOUND_PLAY)
		hws_sound_player_stop(e->sound->player);
	if (mode == HAWSER_SOUND_OFF) /* nobody talks without hearing */
		hws_sound_view_hang_up(hws_sound_view_of(e->service[HWS_SERVICE_SOUND]));
}

void api_sound_set_volume(struct api_session_loop *e, unsigned percent)
{
	if (e->sound)
		hws_sound_player_volume(e->sound->player, percent);
}

int api_sound_new(struct api_session_loop *e, const struct api_session_loop_conf *conf,
		struct hws_service **ret)
{
	struct hws_sound_view *sv;
	struct api_sound *a = hws_alloc(sizeof(*a));
	int r;

	if (!a)
		return HWS_ERR_NOMEM;
	e->sound = a;
	a->mode = conf->sound;
	r = hws_pulse_new(e->ctx->loop, &a->device);
	if (r == HWS_OK)
		r = hws_sound_player_new(&(struct hws_sound_player_conf){ .loop = e->ctx->loop,
							 .sound = a->device,
							 .way = HWS_SOUND_PLAY,
							 .on_trouble = on_player_trouble,
							 .arg = e },
				&a->player);
	if (r == HWS_OK)
		r = hws_sound_view_new(&(struct hws_sound_view_conf){ .loop = e->ctx->loop,
						       .decoder = e->decoder,
						       .sound = a->device,
						       .on_samples = on_samples,
						       .on_packet = on_packet,
						       .on_trouble = on_trouble,
						       .on_host_sound = on_host_sound,
						       .on_call = on_call,
						       .arg = e },
				&sv);
	if (r < 0)
		return r; /* what is there is freed with the session */
	hws_sound_player_volume(a->player, conf->volume);
	*ret = hws_sound_view_service(sv);
	return HWS_OK;
}

void api_sound_free(struct api_session_loop *e)
{
	if (!e->sound)
		return;
	hws_sound_player_free(e->sound->player);
	hws_pulse_free(e->sound->device);
	hws_free(e->sound);
	e->sound = NULL;
}
