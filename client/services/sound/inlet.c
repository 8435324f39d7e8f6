/* The clock: a timer that runs while something is heard or waits to be. Each turn asks for as much
 * as the time that has passed holds, so that a loop that was late does not fall behind. */
#include "client/services/sound/inlet.h"
#include "client/media/opus.h"
#include "shared/base/bucket.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include <stdio.h>

#define PER_S 400u /* packets of 2.5 ms; twice what is usual would be ten times too much */
#define BURST 800u /* what a line that stood still for a while has held back */
#define LATE_US (200 * HWS_US_PER_MS)
#define BROKEN_MAX 20u

struct hws_sound_inlet {
	struct hws_sound_inlet_conf conf;
	struct hws_jitter jitter;
	struct hws_bucket pace;
	uint32_t rate;
	unsigned channels;
	bool anew, told;
	unsigned broken;
	struct hws_timer timer;
	uint64_t due_us; /* of the next packet; 0: the clock stands still */
};

static void trouble(struct hws_sound_inlet *in, const char *text)
{
	if (!in->told)
		in->conf.on_trouble(text, in->conf.arg);
	in->told = true;
}

static void on_due(void *arg);

static void wait_for_next(struct hws_sound_inlet *in, uint64_t now)
{
	hws_timer_start(in->conf.loop, &in->timer, in->due_us > now ? in->due_us - now : 0, on_due,
			in);
}

static void give(struct hws_sound_inlet *in, struct hws_bytes packet)
{
	bool anew = in->anew;

	in->anew = false;
	in->conf.on_packet(packet, anew, in->conf.arg);
}

static void on_due(void *arg)
{
	struct hws_sound_inlet *in = arg;
	uint64_t now = hws_clock_us();

	if (now > in->due_us + LATE_US)
		in->due_us = now;
	while (in->due_us <= now) {
		uint8_t *packet;
		size_t len;
		enum hws_jitter_gives g = hws_jitter_pull(&in->jitter, now, &packet, &len);

		in->due_us += in->jitter.period_us;
		if (g != HWS_JITTER_NOTHING)
			give(in, hws_bytes(packet, len));
		hws_free(packet);
		if (!in->due_us) /* reset inside of it */
			return;
	}
	if (hws_jitter_idle(&in->jitter))
		in->due_us = 0;
	else
		wait_for_next(in, now);
}

void hws_sound_inlet_format(struct hws_sound_inlet *in, const Ses__AudioFormat *f)
{
	char text[160];

	hws_sound_inlet_reset(in);
	in->told = false;
	in->broken = 0;
	if (!hws_opus_can(f->sample_rate, f->channels)) {
		snprintf(text, sizeof(text),
				"its sound has %u Hz and %u channels, which Opus does not have",
				(unsigned)f->sample_rate, (unsigned)f->channels);
		trouble(in, text);
		return;
	}
	in->rate = f->sample_rate;
	in->channels = f->channels;
	in->anew = true;
}

void hws_sound_inlet_frame(struct hws_sound_inlet *in, const Ses__AudioFrame *f)
{
	uint64_t now = hws_clock_us();

	if (!in->rate || !hws_bucket_take(&in->pace, 1, now))
		return;
	if (hws_jitter_push(&in->jitter, now, f->number, hws_bytes(f->data.data, f->data.len)) ==
			HWS_ERR_PROTO)
		hws_sound_inlet_broken(in);
	if (in->due_us || hws_jitter_idle(&in->jitter))
		return;
	in->due_us = now + in->jitter.period_us;
	wait_for_next(in, now);
}

void hws_sound_inlet_broken(struct hws_sound_inlet *in)
{
	if (++in->broken < BROKEN_MAX)
		return;
	trouble(in, "its sound is no Opus: it is left out until the other end begins anew");
	hws_sound_inlet_reset(in);
}

void hws_sound_inlet_reset(struct hws_sound_inlet *in)
{
	hws_timer_stop(&in->timer);
	in->due_us = 0;
	in->rate = 0;
	hws_jitter_done(&in->jitter);
}

uint32_t hws_sound_inlet_rate(const struct hws_sound_inlet *in)
{
	return in->rate;
}

unsigned hws_sound_inlet_channels(const struct hws_sound_inlet *in)
{
	return in->channels;
}

const struct hws_jitter *hws_sound_inlet_jitter(const struct hws_sound_inlet *in)
{
	return &in->jitter;
}

int hws_sound_inlet_new(const struct hws_sound_inlet_conf *conf, struct hws_sound_inlet **ret)
{
	struct hws_sound_inlet *in = hws_alloc(sizeof(*in));

	if (!in)
		return HWS_ERR_NOMEM;
	in->conf = *conf;
	hws_jitter_init(&in->jitter);
	hws_bucket_init(&in->pace, PER_S, BURST, hws_clock_us());
	*ret = in;
	return HWS_OK;
}

void hws_sound_inlet_free(struct hws_sound_inlet *in)
{
	if (!in)
		return;
	hws_sound_inlet_reset(in);
	hws_free(in);
}
