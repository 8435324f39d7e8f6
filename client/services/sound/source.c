/* Captured chunks become packets as they come; silence is counted, and after a while not sent. */
#include "client/services/sound/source.h"
#include "client/media/opus.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include <string.h>

#define SILENT_MAX 800u /* packets of silence that are sent: about 8 s, as deployed hosts have it */
#define MIXED_FRAMES (HWS_SOUND_RATE / 100u)
#define AGAIN_MIN_US (1 * HWS_US_PER_S)
#define AGAIN_MAX_US (15 * HWS_US_PER_S)

struct hws_sound_source {
	struct hws_sound_source_conf conf;
	bool runs, troubled;
	struct hws_sound_stream *stream;
	struct hws_opus_encoder *opus;
	struct hws_timer again;
	uint64_t pause_us;
	uint64_t first;  /* the count of packets when the stream was opened */
	uint64_t number; /* of the last packet */
	unsigned silent; /* packets in a row */
	uint8_t packet[HWS_OPUS_PACKET_MAX];
	float mixed[MIXED_FRAMES * HWS_SOUND_CHANNELS];
};

static void open_device(void *arg);

static void tell(struct hws_sound_source *s, const char *why)
{
	bool troubled = why != NULL;

	if (s->troubled == troubled)
		return;
	s->troubled = troubled;
	s->conf.on_trouble(why, s->conf.arg);
}

static void try_later(struct hws_sound_source *s, const char *why)
{
	s->pause_us = s->pause_us ? HWS_MIN(s->pause_us * 2, AGAIN_MAX_US) : AGAIN_MIN_US;
	hws_timer_start(s->conf.loop, &s->again, s->pause_us, open_device, s);
	tell(s, why);
}

_Static_assert(HWS_SOUND_PACKET_US == 10000u, "a packet is a hundredth of a second");

/* What is to be coded of a chunk, and whether that is silent. */
static const float *content_of(
		struct hws_sound_source *s, const struct hws_sound_chunk *c, bool *ret_silent)
{
	*ret_silent = c->silent;
	if (!s->conf.mix || c->frames > MIXED_FRAMES)
		return c->samples;
	memcpy(s->mixed, c->samples, sizeof(float) * c->frames * HWS_SOUND_CHANNELS);
	if (s->conf.mix(c, s->mixed, s->conf.arg))
		*ret_silent = false;
	return s->mixed;
}

static void on_chunk(const struct hws_sound_chunk *c, void *arg)
{
	struct hws_sound_source *s = arg;
	bool silent;
	const float *samples = content_of(s, c, &silent);
	int n;

	s->pause_us = 0;
	s->number = s->first + c->position / c->frames + 1;
	if (s->troubled)
		tell(s, NULL);
	s->silent = silent ? s->silent + 1 : 0;
	if (s->silent > SILENT_MAX)
		return;
	n = hws_opus_encode(s->opus, samples, c->frames, s->packet, sizeof(s->packet));
	if (n > 0)
		s->conf.on_packet(hws_bytes(s->packet, (size_t)n), s->number, s->conf.arg);
}

static void on_lost(const char *why, void *arg)
{
	struct hws_sound_source *s = arg;

	hws_sound_close(s->stream);
	s->stream = NULL;
	try_later(s, why);
}

static void open_device(void *arg)
{
	struct hws_sound_source *s = arg;
	const struct hws_sound_stream_conf c = { .way = s->conf.way,
		.spec = { HWS_SOUND_F32, HWS_SOUND_RATE, HWS_SOUND_CHANNELS },
		.chunk_us = HWS_SOUND_PACKET_US,
		.on_chunk = on_chunk,
		.on_lost = on_lost,
		.arg = s };
	int r = hws_sound_open(s->conf.sound, &c, &s->stream);

	s->first = s->number;
	if (r == HWS_OK)
		return;
	s->stream = NULL;
	try_later(s,
			r == HWS_ERR_NOTFOUND ? s->conf.way == HWS_SOUND_RECORD
							? "there is no microphone"
							: "there is no loudspeaker"
					      : hws_err_text(r));
}

void hws_sound_source_start(struct hws_sound_source *s)
{
	if (s->runs)
		return;
	s->runs = true;
	s->silent = 0;
	s->pause_us = 0;
	open_device(s);
}

void hws_sound_source_stop(struct hws_sound_source *s)
{
	s->runs = s->troubled = false;
	hws_timer_stop(&s->again);
	hws_sound_close(s->stream);
	s->stream = NULL;
}

bool hws_sound_source_runs(const struct hws_sound_source *s)
{
	return s->runs;
}

int hws_sound_source_new(const struct hws_sound_source_conf *conf, struct hws_sound_source **ret)
{
	struct hws_sound_source *s = hws_alloc(sizeof(*s));
	int r;

	if (!s)
		return HWS_ERR_NOMEM;
	s->conf = *conf;
	r = hws_opus_encoder_new(HWS_SOUND_RATE, HWS_SOUND_CHANNELS, &s->opus);
	if (r < 0) {
		hws_free(s);
		return r;
	}
	*ret = s;
	return HWS_OK;
}

void hws_sound_source_free(struct hws_sound_source *s)
{
	if (!s)
		return;
	hws_sound_source_stop(s);
	hws_opus_encoder_free(s->opus);
	hws_free(s);
}

void hws_sound_message_format(struct hws_sound_message *m)
{
	ses__message__init(&m->m);
	ses__misc__init(&m->misc);
	ses__audio_format__init(&m->format);
	m->format.sample_rate = HWS_SOUND_RATE;
	m->format.channels = HWS_SOUND_CHANNELS;
	m->misc.union_case = SES__MISC__UNION_AUDIO_FORMAT;
	m->misc.audio_format = &m->format;
	m->m.union_case = SES__MESSAGE__UNION_MISC;
	m->m.misc = &m->misc;
}

void hws_sound_message_frame(struct hws_sound_message *m, struct hws_bytes packet, uint64_t number)
{
	ses__message__init(&m->m);
	ses__audio_frame__init(&m->frame);
	m->frame.data = (ProtobufCBinaryData){ packet.len, (uint8_t *)(uintptr_t)packet.ptr };
	m->frame.number = number;
	m->m.union_case = SES__MESSAGE__UNION_AUDIO_FRAME;
	m->m.audio_frame = &m->frame;
}
