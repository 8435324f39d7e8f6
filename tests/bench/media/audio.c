/* Sound: how long a tone takes from the loudspeakers of a host to what the viewer gives its
 * embedder, by real programs on two sound servers; and what is heard of it over ten minutes when
 * two of a hundred packets are lost, in time that is made up, through the real jitter buffer and
 * decoder. */
#include "client/media/opus.h"
#include "client/platform/pulse/pulse.h"
#include "client/services/sound/jitter.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "tests/bench/common/report.h"
#include "tests/bench/media/parts.h"
#include "tests/support/pulse.h"
#include "tests/support/xvfb.h"
#include <check.h>
#include <hawser/hawser.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BURSTS 30u
#define RATE 48000u
#define LOUD 3000
#define TRIES_US (5 * HWS_US_PER_S)

/* --- latency ---------------------------------------------------------------------------------- */

static struct {
	struct test_pulse server;
	struct test_xvfb screen;
	struct test_proc host;
	char dir[256], target[40], password[40], config[300];
	struct hws_loop *loop;
	struct hws_sound *sound;
	struct hws_sound_stream *mouth, *ear;
	uint64_t captured_us; /* when the ear had it, at the host's own loudspeakers */
	hawser_context *ctx;
	hawser_session *session;
	bool ready, loud;
	uint64_t heard_us; /* when the first loud sample was given out; 0 = not yet */
	uint64_t quiet_us; /* so long it has been quiet */
	bool closed;
	char why[300];
} b;

static void on_sound(const struct hawser_event *ev)
{
	unsigned n = ev->u.sound.frames * ev->u.sound.channels;

	for (unsigned i = 0; i < n; i++)
		if (abs(ev->u.sound.samples[i]) > LOUD) {
			b.heard_us = b.heard_us ? b.heard_us : hws_clock_us();
			b.quiet_us = 0;
			return;
		}
	b.quiet_us += ev->u.sound.frames * HWS_US_PER_S / ev->u.sound.rate;
}

static void on_chunk(const struct hws_sound_chunk *c, void *arg HWS_UNUSED)
{
	const int16_t *s = c->samples;

	for (unsigned i = 0; i < c->frames; i++)
		if (abs(s[i]) > LOUD && !b.captured_us)
			b.captured_us = hws_clock_us();
}

static void on_event(
		hawser_session *s HWS_UNUSED, const struct hawser_event *ev, void *arg HWS_UNUSED)
{
	if (ev->type == HAWSER_EVENT_READY)
		b.ready = true;
	if (ev->type == HAWSER_EVENT_SOUND && ev->u.sound.frames)
		on_sound(ev);
	if (ev->type == HAWSER_EVENT_CLOSED) {
		b.closed = true;
		snprintf(b.why, sizeof(b.why), "%s", ev->u.closed.text);
	}
}

static void start_host(void)
{
	const char *argv[] = { test_bin("client/host/hawser-host"), "run", "--state-dir", b.dir,
		"--display", b.screen.display, "--direct-server", "yes", "--direct-bind",
		"127.0.0.1", "--direct-port", "0", "--no-notify", NULL };
	const char *ask[] = { argv[0], "password", "show", "--state-dir", b.dir, NULL };
	char *out = NULL;

	test_proc_start(&b.host, argv, NULL);
	const char *line = test_proc_must_expect(&b.host, "direct.listening", TEST_PATIENCE_MS);
	snprintf(b.target, sizeof(b.target), "127.0.0.1:%lu", test_line_number(line, "port="));
	test_proc_must_expect(&b.host, "desktop.ready", TEST_PATIENCE_MS);
	ck_assert_int_eq(test_run(ask, NULL, &out), 0);
	snprintf(b.password, sizeof(b.password), "%s", out);
	b.password[strcspn(b.password, "\n")] = 0;
	free(out);
}

static void open_viewer(void)
{
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;
	struct hawser_session_config sc = HAWSER_SESSION_CONFIG_INIT;

	cc.config_path = "";
	ck_assert_int_eq(hawser_context_new(&cc, &b.ctx), HAWSER_OK);
	sc.target = b.target;
	sc.password = b.password;
	sc.allow_insecure = true;
	sc.sound = HAWSER_SOUND_EVENTS;
	sc.on_event = on_event;
	ck_assert_int_eq(hawser_session_open(b.ctx, &sc, &b.session), HAWSER_OK);
}

/* Both loops of this process. */
static void turn(void)
{
	hws_loop_once(b.loop, 500);
	hawser_context_dispatch(b.ctx);
	ck_assert_msg(!b.closed, "%s", b.why);
}

static void write_all(const int16_t *samples, unsigned frames)
{
	unsigned taken;

	for (unsigned at = 0; at < frames;) {
		int r = hws_sound_write(b.mouth, samples + at, frames - at, &taken);
		ck_assert(r == HWS_OK || r == HWS_ERR_AGAIN);
		at += r == HWS_OK ? taken : 0;
		turn();
	}
}

/* Silence goes on being played, so that the loudspeakers' buffer is as full as ever. */
static void be_quiet(unsigned ms)
{
	static const int16_t silence[RATE / 100];
	uint64_t end = hws_clock_us() + ms * HWS_US_PER_MS;

	while (hws_clock_us() < end)
		write_all(silence, RATE / 100);
}

/* From the moment at which the burst leaves the loudspeakers, by the server's own account. */
static double burst_ms(double *ret_captured)
{
	static int16_t tone[RATE / 10];
	uint64_t left, end;

	for (unsigned i = 0; i < RATE / 10; i++)
		tone[i] = (int16_t)(12000 * sin(i * 2 * M_PI * 1000 / RATE));
	be_quiet(200 + (unsigned)(rand_r(&(unsigned){ (unsigned)hws_clock_us() }) % 40));
	b.heard_us = b.captured_us = 0;
	left = hws_clock_us() + hws_sound_latency_us(b.mouth);
	write_all(tone, RATE / 10);
	end = hws_clock_us() + TRIES_US;
	while (!b.heard_us) {
		be_quiet(10);
		ck_assert_msg(hws_clock_us() < end, "a burst is lost: %s", b.host.log);
	}
	*ret_captured = ((double)b.captured_us - (double)left) / 1e3;
	return ((double)b.heard_us - (double)left) / 1e3;
}

static void measure_latency(bool quick)
{
	const struct hws_sound_stream_conf c = {
		.way = HWS_SOUND_PLAY, .spec = { HWS_SOUND_S16, RATE, 1 }, .latency_us = 30000
	};
	const struct hws_sound_stream_conf ear = { .way = HWS_SOUND_CAPTURE,
		.spec = { HWS_SOUND_S16, RATE, 1 },
		.chunk_us = 10000,
		.on_chunk = on_chunk };
	unsigned n = quick ? 8 : BURSTS;
	double ms[BURSTS], captured[BURSTS];

	test_pulse_start(&b.server, NULL);
	test_xvfb_start(&b.screen, 640, 480);
	test_dir(b.dir, sizeof(b.dir));
	start_host();
	ck_assert_int_eq(hws_loop_new(&b.loop), HWS_OK);
	ck_assert_int_eq(hws_pulse_new(b.loop, &b.sound), HWS_OK);
	ck_assert_int_eq(hws_sound_open(b.sound, &c, &b.mouth), HWS_OK);
	ck_assert_int_eq(hws_sound_open(b.sound, &ear, &b.ear), HWS_OK);
	open_viewer();
	while (!b.ready)
		turn();
	be_quiet(2000); /* the jitter buffer knows the line by then */
	for (unsigned i = 0; i < n; i++)
		ms[i] = burst_ms(&captured[i]);
	note("of it, until a program at the host has it", quantile(captured, n, 0.5), "ms");
	note("the fastest", quantile(ms, n, 0), "ms");
	note("95 of 100", quantile(ms, n, 0.95), "ms");
	metric("audio_latency_ms", quantile(ms, n, 0.5));
	hawser_session_close(b.session);
	hawser_context_free(b.ctx);
	hws_sound_close(b.mouth);
	hws_sound_close(b.ear);
	hws_pulse_free(b.sound);
	hws_loop_free(b.loop);
	test_proc_stop(&b.host);
	test_xvfb_stop(&b.screen);
	test_pulse_stop(&b.server);
}

/* --- two of a hundred lost -------------------------------------------------------------------- */

#define PACKET_US 10000u
#define GAP_FRAMES 960u /* so long below a tenth of the tone is heard as a hole: 20 ms */

static uint32_t seed = 11;

static uint32_t chance(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static struct {
	struct hws_opus_encoder *encoder;
	struct hws_opus_decoder *decoder;
	struct hws_jitter jitter;
	int16_t samples[HWS_OPUS_FRAMES_MAX * HWS_OPUS_CHANNELS_MAX];
	bool begun;
	unsigned silent; /* frames in a row */
	unsigned holes, lost;
} l;

static void send_packet(uint64_t number, uint64_t arrives)
{
	uint8_t packet[HWS_OPUS_PACKET_MAX];
	float wave[960];

	for (unsigned i = 0; i < 480; i++)
		wave[2 * i] = wave[2 * i + 1] = 0.4f *
				(float)sin((double)(number * 480 + i) * 2 * M_PI * 440 / RATE);
	int n = hws_opus_encode(l.encoder, wave, 480, packet, sizeof(packet));
	ck_assert_int_gt(n, 0);
	if (chance(50) == 0)
		l.lost++;
	else
		ck_assert_int_eq(hws_jitter_push(&l.jitter, arrives, number,
						 hws_bytes(packet, (size_t)n)),
				HWS_OK);
}

static void hear(const int16_t *samples, unsigned frames)
{
	for (unsigned i = 0; i < frames; i++) {
		if (samples && abs(samples[2 * i]) > 1300) {
			l.silent = 0;
			l.begun = true;
			continue;
		}
		if (l.begun && ++l.silent == GAP_FRAMES)
			l.holes++;
	}
}

static void play_packet(uint64_t now)
{
	uint8_t *packet;
	size_t len;

	if (hws_jitter_pull(&l.jitter, now, &packet, &len) == HWS_JITTER_NOTHING) {
		hear(NULL, 480);
		return;
	}
	int n = hws_opus_decode(l.decoder, hws_bytes(packet, len), l.samples);
	ck_assert_int_gt(n, 0);
	hear(l.samples, (unsigned)n);
	hws_free(packet);
}

/* A line with 20 ms of jitter; what is lost is never sent again, as on a line that is none of
 * TCP's. */
static void measure_dropouts(bool quick)
{
	unsigned packets = quick ? 6000 : 60000;
	uint64_t begun = 1000000, arrives = begun;

	hws_jitter_init(&l.jitter);
	ck_assert_int_eq(hws_opus_encoder_new(RATE, 2, &l.encoder), HWS_OK);
	ck_assert_int_eq(hws_opus_decoder_new(RATE, 2, &l.decoder), HWS_OK);
	uint64_t play = begun + PACKET_US;
	for (uint64_t i = 1; i <= packets; i++) {
		uint64_t at = begun + i * PACKET_US + 20000 + chance(20000);
		arrives = at > arrives ? at : arrives;
		for (; play < arrives; play += PACKET_US)
			play_packet(play);
		send_packet(i, arrives);
	}
	note("seconds", packets / 100.0, "");
	note("packets lost", l.lost, "");
	note("made up for", (double)l.jitter.figures.concealed, "");
	metric("audio_dropouts", l.holes + (double)l.jitter.figures.dropouts);
	hws_jitter_done(&l.jitter);
	hws_opus_encoder_free(l.encoder);
	hws_opus_decoder_free(l.decoder);
}

void bench_media_audio(bool quick)
{
	if (access("/usr/bin/pulseaudio", X_OK) == 0)
		measure_latency(quick);
	else
		printf("# audio_latency_ms is not measured: there is no pulseaudio\n");
	measure_dropouts(quick);
}
