/* Packets go to the decoder process when they are due; what comes back is heard at once. The
 * microphone is opened for as long as a call that was accepted lasts, and not a moment before. */
#include "client/services/sound/sound_view.h"
#include "client/services/sound/inlet.h"
#include "client/services/sound/source.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include <stdio.h>

#define RING_US (75 * HWS_US_PER_S) /* a host of ours gives up before */

struct hws_sound_view {
	struct hws_service service;
	struct hws_sound_view_conf conf;
	struct hws_sound_inlet *inlet;
	struct hws_sound_source *microphone;
	bool anew; /* the decoder is another one */
	enum hws_call_state call;
	int64_t stamp; /* of our request */
	struct hws_timer limit;
	bool format_due;
};

/* --- what the host plays ---------------------------------------------------------------------- */

static void on_decoded(int r, const struct hws_confined_result *res, void *arg)
{
	struct hws_sound_view *sv = arg;
	unsigned channels = hws_sound_inlet_channels(sv->inlet);
	uint32_t rate = hws_sound_inlet_rate(sv->inlet);

	if (r == HWS_ERR_PROTO) {
		hws_sound_inlet_broken(sv->inlet);
		sv->anew = true;
	} else if (r < 0) {
		sv->anew = true;
	} else if (rate) { /* the format may be another by now, and a moment of noise is that */
		sv->conf.on_samples((const int16_t *)(const void *)res->bytes.ptr,
				(unsigned)(res->bytes.len / (channels * sizeof(int16_t))), rate,
				channels, sv->conf.arg);
	}
}

static void on_packet(struct hws_bytes packet, bool anew, void *arg)
{
	struct hws_sound_view *sv = arg;
	const struct hws_confined_sound s = { .rate = hws_sound_inlet_rate(sv->inlet),
		.channels = hws_sound_inlet_channels(sv->inlet),
		.reset = anew || sv->anew,
		.packets = &packet,
		.count = 1 };

	sv->anew = hws_confined_sound(sv->conf.decoder, &s, on_decoded, sv) < 0;
}

static void on_inlet_trouble(const char *text, void *arg)
{
	struct hws_sound_view *sv = arg;
	char sentence[240];

	snprintf(sentence, sizeof(sentence), "The host is not heard: %s.", text);
	sv->conf.on_trouble(sentence, sv->conf.arg);
}

/* --- the call --------------------------------------------------------------------------------- */

static void set_call(struct hws_sound_view *sv, enum hws_call_state state, const char *text)
{
	sv->call = state;
	hws_timer_stop(&sv->limit);
	if (state != HWS_CALL_ACTIVE)
		hws_sound_source_stop(sv->microphone);
	sv->conf.on_call(state, text, sv->conf.arg);
}

static int request(struct hws_sound_view *sv, bool connect)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__VoiceCallRequest q = SES__VOICE_CALL_REQUEST__INIT;

	q.req_timestamp = (int64_t)(hws_wall_us() / HWS_US_PER_MS);
	q.is_connect = connect;
	if (connect)
		sv->stamp = q.req_timestamp;
	m.union_case = SES__MESSAGE__UNION_VOICE_CALL_REQUEST;
	m.voice_call_request = &q;
	return hws_viewer_send(sv->service.viewer, &m);
}

static void on_limit(void *arg)
{
	struct hws_sound_view *sv = arg;

	if (request(sv, false) < 0)
		return; /* the link goes, and `close` tells */
	set_call(sv, HWS_CALL_NONE, "nobody answered the call");
}

static void on_voice(struct hws_bytes packet, uint64_t number, void *arg)
{
	struct hws_sound_view *sv = arg;
	struct hws_sound_message m;

	if (!hws_viewer_can_send(sv->service.viewer, &sv->service))
		return; /* late is worse than left out */
	if (sv->format_due) {
		hws_sound_message_format(&m);
		sv->format_due = hws_viewer_send(sv->service.viewer, &m.m) < 0;
	}
	hws_sound_message_frame(&m, packet, number);
	if (hws_viewer_send(sv->service.viewer, &m.m) < 0)
		sv->format_due = true;
}

static void on_microphone_trouble(const char *why, void *arg)
{
	struct hws_sound_view *sv = arg;
	char sentence[480];

	if (!why)
		return;
	snprintf(sentence, sizeof(sentence), "You are not heard in the call: %s.", why);
	sv->conf.on_trouble(sentence, sv->conf.arg);
}

static void on_response(struct hws_sound_view *sv, const Ses__VoiceCallResponse *a)
{
	if (sv->call != HWS_CALL_RINGS || a->req_timestamp != sv->stamp)
		return;
	if (!a->accepted) {
		set_call(sv, HWS_CALL_NONE, "the host declined the call, or nobody answered");
		return;
	}
	set_call(sv, HWS_CALL_ACTIVE, "in a voice call");
	sv->format_due = true;
	hws_sound_source_start(sv->microphone);
}

int hws_sound_view_call(struct hws_sound_view *sv)
{
	int r;

	if (!sv->service.viewer || !hws_viewer_may(sv->service.viewer, &sv->service))
		return HWS_ERR_DENIED;
	if (sv->call != HWS_CALL_NONE)
		return HWS_ERR_BUSY;
	r = request(sv, true);
	if (r < 0)
		return r;
	set_call(sv, HWS_CALL_RINGS, "calling");
	hws_timer_start(sv->conf.loop, &sv->limit, RING_US, on_limit, sv);
	return HWS_OK;
}

void hws_sound_view_hang_up(struct hws_sound_view *sv)
{
	if (sv->call == HWS_CALL_NONE)
		return;
	if (request(sv, false) < 0)
		sv->stamp = 0; /* the link has gone: the host knows by that */
	set_call(sv, HWS_CALL_NONE, "the call is over");
}

/* --- the service ------------------------------------------------------------------------------ */

static bool is_wanted(const struct hws_view_options *o)
{
	return o->sound;
}

static void keep_packet(struct hws_sound_view *sv, const Ses__AudioFrame *f)
{
	if (sv->conf.on_packet && hws_sound_inlet_rate(sv->inlet))
		sv->conf.on_packet(hws_bytes(f->data.data, f->data.len),
				hws_sound_inlet_rate(sv->inlet),
				hws_sound_inlet_channels(sv->inlet), sv->conf.arg);
}

static bool on_message(struct hws_service *s, Ses__Message *m)
{
	struct hws_sound_view *sv = hws_sound_view_of(s);

	switch (m->union_case) {
	case SES__MESSAGE__UNION_AUDIO_FRAME:
		keep_packet(sv, m->audio_frame);
		hws_sound_inlet_frame(sv->inlet, m->audio_frame);
		break;
	case SES__MESSAGE__UNION_MISC:
		if (m->misc->union_case == SES__MISC__UNION_AUDIO_FORMAT)
			hws_sound_inlet_format(sv->inlet, m->misc->audio_format);
		else if (m->misc->union_case == SES__MISC__UNION_NO_SOUND && sv->conf.on_host_sound)
			sv->conf.on_host_sound(m->misc->no_sound, sv->conf.arg);
		break;
	case SES__MESSAGE__UNION_VOICE_CALL_RESPONSE:
		on_response(sv, m->voice_call_response);
		break;
	case SES__MESSAGE__UNION_VOICE_CALL_REQUEST:
		/* a host never rings */
		if (!m->voice_call_request->is_connect && sv->call != HWS_CALL_NONE)
			set_call(sv, HWS_CALL_NONE, "the host ended the call");
		break;
	default:
		break;
	}
	return false;
}

static void on_open(struct hws_service *s)
{
	struct hws_sound_view *sv = hws_sound_view_of(s);

	sv->anew = true;
	hws_sound_inlet_reset(sv->inlet);
}

static void on_close(struct hws_service *s)
{
	struct hws_sound_view *sv = hws_sound_view_of(s);

	hws_confined_cancel(sv->conf.decoder, sv);
	hws_sound_inlet_reset(sv->inlet);
	if (sv->call != HWS_CALL_NONE)
		set_call(sv, HWS_CALL_NONE, "the call was lost with the connection");
}

static void on_free(struct hws_service *s)
{
	hws_sound_view_free(hws_sound_view_of(s));
}

static const struct hws_service_impl impl = {
	.id = HWS_SERVICE_SOUND,
	.name = "sound",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE) | HWS_KIND_BIT(HWS_KIND_CAMERA),
	.permissions = HWS_SERVICE_NEEDS(Audio),
	.wanted = is_wanted,
	.open = on_open,
	.on_message = on_message,
	.close = on_close,
	.free = on_free,
};

int hws_sound_view_new(const struct hws_sound_view_conf *conf, struct hws_sound_view **ret)
{
	struct hws_sound_view *sv = hws_alloc(sizeof(*sv));
	int r;

	if (!sv)
		return HWS_ERR_NOMEM;
	sv->service.impl = &impl;
	sv->conf = *conf;
	r = hws_sound_inlet_new(&(struct hws_sound_inlet_conf){ .loop = conf->loop,
						.on_packet = on_packet,
						.on_trouble = on_inlet_trouble,
						.arg = sv },
			&sv->inlet);
	if (r == HWS_OK)
		r = hws_sound_source_new(&(struct hws_sound_source_conf){ .loop = conf->loop,
							 .sound = conf->sound,
							 .way = HWS_SOUND_RECORD,
							 .on_packet = on_voice,
							 .on_trouble = on_microphone_trouble,
							 .arg = sv },
				&sv->microphone);
	if (r < 0) {
		hws_sound_view_free(sv);
		return r;
	}
	*ret = sv;
	return HWS_OK;
}

void hws_sound_view_free(struct hws_sound_view *sv)
{
	if (!sv)
		return;
	hws_timer_stop(&sv->limit);
	hws_confined_cancel(sv->conf.decoder, sv);
	hws_sound_source_free(sv->microphone);
	hws_sound_inlet_free(sv->inlet);
	hws_free(sv);
}

struct hws_service *hws_sound_view_service(struct hws_sound_view *sv)
{
	return &sv->service;
}

struct hws_sound_view *hws_sound_view_of(struct hws_service *s)
{
	return hws_container(s, struct hws_sound_view, service);
}

const struct hws_jitter_figures *hws_sound_view_figures(const struct hws_sound_view *sv)
{
	return &hws_sound_inlet_jitter(sv->inlet)->figures;
}
