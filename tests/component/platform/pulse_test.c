/* Sound by a real server: the contract of the interface, and what only a server can do: vanish,
 * change its default, and give its programs a microphone. */
#include "client/platform/pulse/pulse.h"
#include "shared/base/clock.h"
#include "tests/support/pulse.h"
#include "tests/support/suite.h"
#include "tests/unit/client/platform/contract/contract.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct test_pulse server;
static unsigned tone;

void contract_until(struct hws_loop *loop, const unsigned *count, unsigned n)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (*count < n) {
		ck_assert_msg(test_now_ms() < end, "%u of %u", *count, n);
		hws_loop_once(loop, 20000);
	}
}

void contract_turns(struct hws_loop *loop, unsigned n)
{
	while (n--)
		hws_loop_once(loop, 2000);
}

/* --- the contract ----------------------------------------------------------------------------- */

static void until_listed(struct hws_loop *loop, struct hws_sound *s, unsigned least)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	unsigned n;

	for (;;) {
		hws_sound_devices(s, &n);
		if (n >= least)
			return;
		ck_assert_msg(test_now_ms() < end, "%u devices", n);
		hws_loop_once(loop, 20000);
	}
}

static struct hws_sound *open_sound(struct hws_loop *loop)
{
	struct hws_sound *s;

	test_pulse_start(&server, NULL);
	tone = test_pulse_tone(&server, "speakers", 1000);
	ck_assert_int_eq(hws_pulse_new(loop, &s), HWS_OK);
	until_listed(loop, s, 2);
	return s;
}

static void close_sound(struct hws_sound *s)
{
	hws_pulse_free(s);
	test_pulse_stop(&server);
}

static void silence(struct hws_sound *s HWS_UNUSED, bool silent)
{
	if (!silent)
		tone = test_pulse_tone(&server, "speakers", 1000);
	else if (tone)
		test_pulse_unload(&server, tone);
}

static void plug(struct hws_sound *s HWS_UNUSED, bool plugged)
{
	if (plugged) {
		test_pulse_say(&server,
				"load-module module-null-sink sink_name=speakers norewinds=1");
		tone = test_pulse_tone(&server, "speakers", 1000);
		return;
	}
	test_pulse_say(&server, "unload-module module-null-sink");
}

Suite *contract_suite(void);
Suite *contract_suite(void)
{
	static const struct contract_sound c = { "pulse", open_sound, close_sound, silence, plug,
		NULL };

	return contract_sound_suite(&c);
}

/* --- its own ---------------------------------------------------------------------------------- */

#define HEARD_MAX (48000u * 30)

static struct hws_loop *loop;
static struct hws_sound *sound;
static struct hws_sound_stream *stream;
static int16_t heard[HEARD_MAX];
static unsigned frames, losts;
static char why[400];

static void on_chunk(const struct hws_sound_chunk *c, void *arg HWS_UNUSED)
{
	if (frames + c->frames <= HEARD_MAX)
		memcpy(heard + frames, c->samples, c->frames * sizeof(*heard));
	frames += c->frames;
}

static void on_lost(const char *text, void *arg HWS_UNUSED)
{
	losts++;
	snprintf(why, sizeof(why), "%s", text);
}

static void setup(void)
{
	frames = losts = 0;
	stream = NULL;
	why[0] = 0;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	sound = open_sound(loop);
}

static void teardown(void)
{
	hws_sound_close(stream);
	close_sound(sound);
	hws_loop_free(loop);
}

static void begin(enum hws_sound_way way)
{
	struct hws_sound_stream_conf c = { .way = way,
		.spec = { HWS_SOUND_S16, 48000, 1 },
		.chunk_us = 10000,
		.latency_us = 40000,
		.on_chunk = on_chunk,
		.on_lost = on_lost };

	frames = 0;
	ck_assert_int_eq(hws_sound_open(sound, &c, &stream), HWS_OK);
}

static double share_of(double hz)
{
	return frames < 9600 ? 0 : test_tone_share(heard + frames - 9600, 9600, 1, 48000, hz);
}

/* Until so much of the last fifth of a second is this tone. */
static void until_tone(double hz, double share)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (share_of(hz) < share) {
		ck_assert_msg(test_now_ms() < end, "%.2f of %.0f Hz in %u; lost: %s", share_of(hz),
				hz, frames, why);
		hws_loop_once(loop, 20000);
		if (frames > HEARD_MAX)
			frames = 0;
	}
}

START_TEST(the_tone_is_heard_as_it_is_played)
{
	begin(HWS_SOUND_CAPTURE);
	until_tone(1000, 0.9);
	double level = test_tone_level(heard + frames - 9600, 9600, 1);
	ck_assert_msg(level > 0.2 && level < 0.8, "level %.3f", level);
}
END_TEST

START_TEST(another_default_is_followed)
{
	begin(HWS_SOUND_CAPTURE);
	until_tone(1000, 0.9);
	test_pulse_say(&server, "load-module module-null-sink sink_name=headphones norewinds=1");
	test_pulse_tone(&server, "headphones", 700);
	test_pulse_say(&server, "set-default-sink headphones");
	/* the other tone may have been moved there, too */
	until_tone(700, 0.4);
	ck_assert_uint_eq(losts, 0);
}
END_TEST

START_TEST(a_server_that_vanishes_is_told_and_found_again)
{
	begin(HWS_SOUND_CAPTURE);
	until_tone(1000, 0.9);
	test_pulse_kill(&server);
	contract_until(loop, &losts, 1);
	ck_assert_ptr_nonnull(strstr(why, "sound server"));
	hws_sound_close(stream);
	/* while it is not there, that is told of each attempt */
	begin(HWS_SOUND_CAPTURE);
	contract_until(loop, &losts, 2);
	hws_sound_close(stream);
	stream = NULL;
	test_pulse_again(&server, NULL);
	test_pulse_tone(&server, "speakers", 500);
	begin(HWS_SOUND_CAPTURE);
	until_tone(500, 0.9);
	ck_assert_uint_eq(losts, 2);
}
END_TEST

static bool is_default_source(const char *name)
{
	char line[200];

	snprintf(line, sizeof(line), "Default Source: %s\n", name);
	return strstr(test_pulse_say(&server, "info"), line) != NULL;
}

static void until_default_source(const char *name)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (!is_default_source(name)) {
		ck_assert_msg(test_now_ms() < end, "no %s", name);
		hws_loop_once(loop, 20000);
	}
}

/* What is said goes into the source that is the default one as long as it is said. */
START_TEST(programs_hear_what_is_said_into_the_microphone)
{
	static int16_t wave[48000];
	struct hws_sound_stream *ear, *mouth;
	char name[60];
	unsigned at = 0, taken;
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	for (unsigned i = 0; i < 48000; i++) /* 400 Hz */
		wave[i] = (int16_t)((i % 120 < 60 ? 1 : -1) * 8000);
	begin(HWS_SOUND_MICROPHONE);
	mouth = stream;
	snprintf(name, sizeof(name), "hawser_microphone_%ld_source", (long)getpid());
	until_default_source(name);
	begin(HWS_SOUND_RECORD);
	ear = stream;
	for (;;) {
		if (hws_sound_write(mouth, wave + at, 48000 - at, &taken) == HWS_OK)
			at = (at + taken) % 48000;
		hws_loop_once(loop, 5000);
		if (share_of(400) > 0.7)
			break;
		ck_assert_msg(test_now_ms() < end && frames < HEARD_MAX, "not heard: %s", why);
	}
	hws_sound_close(ear);
	hws_sound_close(mouth);
	stream = NULL;
	until_default_source("speakers.monitor");
	ck_assert_ptr_null(strstr(test_pulse_say(&server, "list short sinks"), "hawser"));
}
END_TEST

static void leave_behind(long pid)
{
	char line[120];

	snprintf(line, sizeof(line), "load-module module-null-sink sink_name=hawser_microphone_%ld",
			pid);
	test_pulse_say(&server, line);
}

static bool is_there(void)
{
	return strstr(test_pulse_say(&server, "list short sinks"), "hawser_microphone") != NULL;
}

START_TEST(a_microphone_of_another_process_is_left_alone)
{
	leave_behind((long)getppid());
	begin(HWS_SOUND_CAPTURE);
	until_tone(1000, 0.9);
	test_pulse_say(&server, "load-module module-null-sink sink_name=headphones norewinds=1");
	contract_turns(loop, 100);
	ck_assert(is_there());
}
END_TEST

/* The number of a process that there is not. */
START_TEST(a_microphone_that_was_left_behind_is_removed)
{
	leave_behind(2147483647);
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	while (is_there()) {
		ck_assert(test_now_ms() < end);
		hws_loop_once(loop, 20000);
	}
}
END_TEST

int main(void)
{
	Suite *s = contract_suite();

	if (access("/usr/bin/pulseaudio", X_OK) != 0)
		test_skip("there is no pulseaudio");
	TCase *t = test_case(s, "server", 120,
			TESTS(the_tone_is_heard_as_it_is_played, another_default_is_followed,
					a_server_that_vanishes_is_told_and_found_again,
					programs_hear_what_is_said_into_the_microphone,
					a_microphone_of_another_process_is_left_alone,
					a_microphone_that_was_left_behind_is_removed));
	tcase_add_checked_fixture(t, setup, teardown);
	return test_suite_run(s);
}
