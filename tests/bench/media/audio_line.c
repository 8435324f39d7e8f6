/* Sound over a line that stumbles, by real programs: two of a hundred packets are lost, which on
 * TCP means that all behind them come late, by a resending of the line. Ten minutes of a tone from
 * the host's sound server to the samples that libhawser gives out: how often is it not there for
 * 20 ms and more. */
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "tests/bench/common/report.h"
#include "tests/bench/media/parts.h"
#include "tests/support/pulse.h"
#include "tests/support/tcp_proxy.h"
#include "tests/support/xvfb.h"
#include <check.h>
#include <hawser/hawser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOT_US (10 * HWS_US_PER_MS)   /* the host sends a packet in each */
#define RESEND_US (40 * HWS_US_PER_MS) /* a line of 20 ms that notices by what follows */
#define SETTLE_US (3 * HWS_US_PER_S)   /* until the jitter buffer knows the line */
#define HOLE_US (20 * HWS_US_PER_MS)
#define HELD_US (int64_t)(25 * HWS_US_PER_MS)
#define LOUD 1600 /* a tenth of the tone */

static struct {
	struct test_pulse server;
	struct test_xvfb screen;
	struct test_proc host;
	struct test_proxy line;
	char dir[256], target[40], password[40];
	hawser_context *ctx;
	hawser_session *session;
	bool ready, closed, counts;
	uint64_t quiet_us, last_us; /* of samples that are none of the tone; when some came last */
	uint64_t heard_us;
	int64_t held_us; /* of a device that plays it */
	unsigned holes, gaps;
	uint32_t seed;
	char why[300];
} b;

static void on_sound(const struct hawser_event *ev)
{
	const unsigned channels = ev->u.sound.channels, rate = ev->u.sound.rate;
	uint64_t now = hws_clock_us();

	if (!b.counts)
		return;
	/* as a device that has been given HELD_US ahead, and is silent when that is used up */
	if (b.last_us)
		b.held_us -= (int64_t)(now - b.last_us);
	if (b.last_us && b.held_us < -(int64_t)HOLE_US)
		b.gaps++;
	if (!b.last_us || b.held_us < 0)
		b.held_us = HELD_US;
	b.held_us += (int64_t)(ev->u.sound.frames * HWS_US_PER_S / rate);
	b.held_us = HWS_MIN(b.held_us, 2 * HELD_US);
	b.last_us = now;
	b.heard_us += ev->u.sound.frames * HWS_US_PER_S / rate;
	for (unsigned i = 0; i < ev->u.sound.frames; i++) {
		bool loud = abs(ev->u.sound.samples[i * channels]) > LOUD;
		uint64_t was = b.quiet_us;

		b.quiet_us = loud ? 0 : b.quiet_us + HWS_US_PER_S / rate;
		b.holes += was < HOLE_US && b.quiet_us >= HOLE_US;
	}
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
	const char *said = test_proc_must_expect(&b.host, "direct.listening", TEST_PATIENCE_MS);
	test_proxy_start(&b.line, (uint16_t)test_line_number(said, "port="));
	snprintf(b.target, sizeof(b.target), "127.0.0.1:%u", b.line.port);
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

static void turn_until(uint64_t end)
{
	do {
		hawser_context_dispatch(b.ctx);
		ck_assert_msg(!b.closed, "%s", b.why);
		usleep(1000);
	} while (hws_clock_us() < end);
}

static bool is_lost(void)
{
	b.seed = b.seed * 1664525u + 1013904223u;
	return (b.seed >> 8) % 50 == 0;
}

void bench_media_audio_line(bool quick)
{
	uint64_t length = (quick ? 20 : 600) * HWS_US_PER_S, end;
	unsigned lost = 0;

	if (access("/usr/bin/pulseaudio", X_OK) != 0) {
		printf("# audio_line_dropouts is not measured: there is no pulseaudio\n");
		return;
	}
	memset(&b, 0, sizeof(b));
	b.seed = 7;
	test_pulse_start(&b.server, NULL);
	test_pulse_tone(&b.server, "speakers", 440);
	test_xvfb_start(&b.screen, 320, 200);
	test_dir(b.dir, sizeof(b.dir));
	start_host();
	open_viewer();
	while (!b.ready)
		turn_until(0);
	end = hws_clock_us() + SETTLE_US + length;
	for (uint64_t now; (now = hws_clock_us()) < end;) {
		b.counts = now > end - length;
		if (is_lost()) {
			lost++;
			test_proxy_set(&b.line, TEST_PROXY_HOLD);
			turn_until(now + RESEND_US);
			test_proxy_set(&b.line, TEST_PROXY_PASS);
		}
		turn_until(hws_clock_us() + SLOT_US);
	}
	note("seconds heard", (double)b.heard_us / 1e6, "");
	note("times that the line stood", lost, "");
	note("holes in what was given out", b.holes, "");
	note("times that a player ran dry", b.gaps, "");
	metric("audio_line_dropouts", b.holes + b.gaps);
	hawser_session_close(b.session);
	hawser_context_free(b.ctx);
	test_proxy_stop(&b.line);
	test_proc_stop(&b.host);
	test_xvfb_stop(&b.screen);
	test_pulse_stop(&b.server);
}
