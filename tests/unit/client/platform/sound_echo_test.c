/* What loudspeakers say is taken out of what a microphone hears, whatever its way through the room;
 * who speaks before the microphone stays. Times are made up, so that nothing depends on a clock. */
#include "client/platform/sound_echo.h"
#include "shared/base/macros.h"
#include "tests/support/suite.h"
#include <math.h>
#include <string.h>

#define RATE 48000u
#define CHUNK 480u
#define SECONDS 8u

static struct hws_sound_said *said;
static struct hws_sound_ear *ear;
static int16_t voice[RATE * SECONDS];   /* of the far end */
static float before[RATE * SECONDS][2]; /* of the microphone */
static float after[RATE * SECONDS];

static const struct hws_sound_stream_conf conf = {
	.way = HWS_SOUND_RECORD, .spec = { HWS_SOUND_F32, RATE, 2 }, .chunk_us = 10000
};

static void setup(void)
{
	ck_assert_int_eq(hws_sound_said_new(&said), HWS_OK);
	ck_assert_int_eq(hws_sound_ear_new(&conf, &ear), HWS_OK);
	memset(voice, 0, sizeof(voice));
	memset(before, 0, sizeof(before));
}

static void teardown(void)
{
	hws_sound_ear_free(ear);
	hws_sound_said_free(said);
}

static uint32_t seed = 1;

static float noise(void)
{
	seed = seed * 1664525u + 1013904223u;
	return (float)(int32_t)seed / 2147483648.0f;
}

static void say_noise(void)
{
	float low = 0;

	for (unsigned i = 0; i < RATE * SECONDS; i++) {
		low += (noise() - low) * 0.2f; /* as a voice, more of what is low */
		voice[i] = (int16_t)(low * 20000);
	}
}

/* The room: what was said, later, weaker, and once more from a wall. */
static void echo(unsigned delay_ms)
{
	unsigned delay = delay_ms * RATE / 1000, wall = delay + RATE / 80;

	for (unsigned i = 0; i < RATE * SECONDS; i++) {
		float sum = i >= delay ? 0.5f * (float)voice[i - delay] / 32768.0f : 0;

		sum += i >= wall ? 0.2f * (float)voice[i - wall] / 32768.0f : 0;
		before[i][0] += sum;
		before[i][1] += sum;
	}
}

/* What is written is heard `ahead` later; times waver as those of devices do. */
static void run(const struct hws_sound_spec *spec, unsigned ahead_ms)
{
	uint64_t start_us = 5000000;
	unsigned step = CHUNK * spec->rate / RATE;
	int16_t part[CHUNK];

	for (unsigned at = 0, n = 0; at + CHUNK <= RATE * SECONDS; at += CHUNK, n++) {
		uint64_t now = start_us + n * 10000u, wavers = n * 7919 % 8000;
		unsigned to = at + ahead_ms * RATE / 1000;
		struct hws_sound_chunk c = {
			.samples = before[at], .frames = CHUNK, .time_us = now + wavers
		};

		if (to + CHUNK <= RATE * SECONDS) {
			for (unsigned i = 0; i < step; i++)
				part[i] = voice[to + i * (RATE / spec->rate)];
			hws_sound_said_add(said, spec, part, step,
					now + ahead_ms * 1000u + 8000 - wavers);
		}
		hws_sound_ear_hear(ear, said, &c);
		for (unsigned i = 0; i < CHUNK; i++)
			after[at + i] = ((const float *)c.samples)[2 * i];
	}
}

static double level_before(unsigned from, unsigned to)
{
	double sum = 0;

	for (unsigned i = from; i < to; i++)
		sum += (double)before[i][0] * (double)before[i][0];
	return sqrt(sum / (to - from));
}

static double level_after(unsigned from, unsigned to)
{
	double sum = 0;

	for (unsigned i = from; i < to; i++)
		sum += (double)after[i] * (double)after[i];
	return sqrt(sum / (to - from));
}

static double left_db(unsigned from_s)
{
	return 20 *
			log10(level_after(from_s * RATE, SECONDS * RATE) /
					level_before(from_s * RATE, SECONDS * RATE));
}

START_TEST(an_echo_goes)
{
	static const unsigned delay[] = { 5, 40, 120 };
	const struct hws_sound_spec spec = { HWS_SOUND_S16, RATE, 1 };

	say_noise();
	echo(delay[_i]);
	run(&spec, 60);
	ck_assert_msg(left_db(5) < -30, "%.1f dB are left", left_db(5));
}
END_TEST

START_TEST(also_of_a_voice_of_less_width)
{
	const struct hws_sound_spec spec = { HWS_SOUND_S16, 16000, 1 };
	float low = 0;

	say_noise(); /* nothing above what 16 kHz can hold */
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < RATE * SECONDS; i++) {
			low += ((float)voice[i] - low) * 0.4f;
			voice[i] = (int16_t)low;
		}
	echo(40);
	run(&spec, 60);
	ck_assert_msg(left_db(5) < -25, "%.1f dB are left", left_db(5));
}
END_TEST

START_TEST(who_speaks_before_it_stays)
{
	const struct hws_sound_spec spec = { HWS_SOUND_S16, RATE, 1 };

	say_noise();
	memset(voice + 3 * RATE, 0, 3 * RATE * sizeof(voice[0])); /* the far end listens */
	echo(40);
	for (unsigned i = 4 * RATE; i < SECONDS * RATE; i++) {
		float own = 0.3f * sinf((float)i * 0.06f) * (i / 9600 % 2 ? 1.0f : 0.2f);

		before[i][0] += own;
		before[i][1] += own;
	}
	run(&spec, 60);
	ck_assert_msg(fabs(left_db(4)) < 2, "%.1f dB", left_db(4));
}
END_TEST

START_TEST(without_a_voice_nothing_is_touched)
{
	const struct hws_sound_spec spec = { HWS_SOUND_S16, RATE, 1 };
	struct hws_sound_chunk c = { .samples = before[0], .frames = CHUNK, .time_us = 77 };

	/* it waits, and comes as it was but for rounding */
	for (unsigned i = 0; i < CHUNK; i++)
		before[i][0] = before[i][1] = (float)i / 1000.0f;
	for (unsigned i = 0; i < 5; i++) {
		c.samples = before[0];
		c.time_us = 77 + i * 10000u;
		hws_sound_ear_hear(ear, said, &c);
	}
	for (unsigned i = 0; i < CHUNK; i++)
		ck_assert(fabsf(((const float *)c.samples)[2 * i] - before[i][0]) < 0.0002f);
	hws_sound_said_add(said, &spec, voice, 0, 5);
	hws_sound_said_add(NULL, &spec, voice, 1, 5);
	c.samples = before[0];
	hws_sound_ear_hear(NULL, said, &c);
	ck_assert_ptr_eq(c.samples, before[0]);
	/* and times that no clock has */
	hws_sound_said_add(said, &spec, voice, CHUNK, UINT64_MAX / 1000);
	hws_sound_said_add(said, &spec, voice, CHUNK, 3);
	c.time_us = UINT64_MAX / 1000;
	hws_sound_ear_hear(ear, said, &c);
}
END_TEST

START_TEST(others_are_heard_as_they_are)
{
	struct hws_sound_stream_conf other = conf;
	struct hws_sound_ear *none;

	other.spec.rate = 44100;
	ck_assert_int_eq(hws_sound_ear_new(&other, &none), HWS_ERR_UNSUPPORTED);
	other = conf;
	other.chunk_us = 20000;
	ck_assert_int_eq(hws_sound_ear_new(&other, &none), HWS_ERR_UNSUPPORTED);
	other = conf;
	other.spec.sample = HWS_SOUND_S16;
	ck_assert_int_eq(hws_sound_ear_new(&other, &none), HWS_ERR_UNSUPPORTED);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("platform/sound_echo");
	TCase *t = test_case(s, "all", 120,
			TESTS(also_of_a_voice_of_less_width, who_speaks_before_it_stays,
					without_a_voice_nothing_is_touched,
					others_are_heard_as_they_are));

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, an_echo_goes, 0, 3);
	return test_suite_run(s);
}
