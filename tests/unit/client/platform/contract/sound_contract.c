/* The contract of client/platform/sound.h. */
#include "contract.h"
#include "shared/base/clock.h"
#include <string.h>

static const struct contract_sound *b;
static struct hws_loop *loop;
static struct hws_sound *sound;
static struct hws_sound_stream *stream;
static unsigned chunks, rooms, losts, lists, wrong, silents;
static uint64_t expected; /* position of the next chunk */
static bool closes;

static void on_chunk(const struct hws_sound_chunk *chunk, void *arg)
{
	ck_assert_ptr_eq(arg, &chunks);
	chunks++;
	silents += chunk->silent;
	ck_assert_uint_eq(chunk->frames, stream->chunk_frames);
	/* Frames are counted, also those that a slow reader has lost. */
	ck_assert_uint_ge(chunk->position, expected);
	expected = chunk->position + chunk->frames;
	ck_assert_uint_le(chunk->time_us, hws_clock_us());
	if (b->is_right && !chunk->silent)
		wrong += !b->is_right(chunk, &stream->conf.spec);
	if (closes) {
		hws_sound_close(stream);
		stream = NULL;
	}
}

static void on_room(void *arg HWS_UNUSED)
{
	rooms++;
}

static void on_lost(const char *why, void *arg HWS_UNUSED)
{
	ck_assert_str_ne(why, "");
	losts++;
}

static void on_devices(void *arg HWS_UNUSED)
{
	lists++;
}

static void setup(void)
{
	chunks = rooms = losts = lists = wrong = silents = 0;
	expected = 0;
	closes = false;
	stream = NULL;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	sound = b->open(loop);
	sound->ev = (struct hws_sound_events){ on_devices, NULL };
}

static void teardown(void)
{
	hws_sound_close(stream);
	b->close(sound);
	hws_loop_free(loop);
}

static struct hws_sound_stream_conf capture(enum hws_sound_sample sample, unsigned channels)
{
	return (struct hws_sound_stream_conf){ .way = HWS_SOUND_CAPTURE,
		.spec = { sample, 48000, (uint8_t)channels },
		.chunk_us = 10000,
		.on_chunk = on_chunk,
		.on_lost = on_lost,
		.arg = &chunks };
}

static struct hws_sound_stream_conf microphone(void)
{
	return (struct hws_sound_stream_conf){ .way = HWS_SOUND_MICROPHONE,
		.spec = { HWS_SOUND_S16, 48000, 1 },
		.latency_us = 40000,
		.on_room = on_room,
		.on_lost = on_lost };
}

START_TEST(there_is_one_default_each_way)
{
	unsigned n, defaults[HWS_SOUND_WAYS] = { 0 };
	const struct hws_sound_device *d = hws_sound_devices(sound, &n);

	ck_assert_uint_gt(n, 0);
	ck_assert_uint_le(n, HWS_SOUND_DEVICES_MAX);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_str_ne(d[i].id, "");
		ck_assert_str_ne(d[i].name, "");
		defaults[d[i].way] += d[i].is_default;
	}
	ck_assert_uint_eq(defaults[HWS_SOUND_CAPTURE], 1);
	ck_assert_uint_le(defaults[HWS_SOUND_MICROPHONE], 1);
}
END_TEST

START_TEST(chunks_come_whole_in_order_and_as_asked_for)
{
	static const struct {
		enum hws_sound_sample sample;
		unsigned channels, rate;
	} specs[] = { { HWS_SOUND_F32, 2, 48000 }, { HWS_SOUND_S16, 1, 48000 },
		{ HWS_SOUND_S16, 2, 44100 }, { HWS_SOUND_F32, 1, 16000 } };
	struct hws_sound_stream_conf c = capture(specs[_i].sample, specs[_i].channels);

	c.spec.rate = specs[_i].rate;
	ck_assert_int_eq(hws_sound_open(sound, &c, &stream), HWS_OK);
	ck_assert_uint_eq(stream->chunk_frames, specs[_i].rate / 100);
	ck_assert_uint_eq(chunks, 0); /* not from inside */
	contract_until(loop, &chunks, 12);
	ck_assert_uint_eq(wrong, 0);
	ck_assert_uint_gt(hws_sound_latency_us(stream), 0);
}
END_TEST

START_TEST(silence_comes_and_says_so)
{
	struct hws_sound_stream_conf c = capture(HWS_SOUND_F32, 2);

	if (!b->silence)
		return;
	b->silence(sound, true);
	ck_assert_int_eq(hws_sound_open(sound, &c, &stream), HWS_OK);
	contract_until(loop, &chunks, 3);
	ck_assert_uint_eq(silents, chunks);
	b->silence(sound, false);
	/* what was on its way is still silent */
	for (unsigned i = 0; i < 500 && silents == chunks; i++)
		contract_until(loop, &chunks, chunks + 1);
	ck_assert_uint_lt(silents, chunks);
}
END_TEST

START_TEST(a_stream_may_be_closed_in_its_event)
{
	struct hws_sound_stream_conf c = capture(HWS_SOUND_S16, 1);

	closes = true;
	ck_assert_int_eq(hws_sound_open(sound, &c, &stream), HWS_OK);
	contract_until(loop, &chunks, 1);
	contract_turns(loop, 30);
	ck_assert_uint_eq(chunks, 1);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	struct hws_sound_stream_conf good = capture(HWS_SOUND_F32, 2), c = good;
	unsigned taken;

	c.spec.rate = 7999;
	ck_assert_int_eq(hws_sound_open(sound, &c, &stream), HWS_ERR_INVAL);
	c = good;
	c.spec.channels = 0;
	ck_assert_int_eq(hws_sound_open(sound, &c, &stream), HWS_ERR_INVAL);
	c.spec.channels = HWS_SOUND_CHANNELS_MAX + 1;
	ck_assert_int_eq(hws_sound_open(sound, &c, &stream), HWS_ERR_INVAL);
	c = good;
	c.chunk_us = HWS_SOUND_CHUNK_US_MAX + 1;
	ck_assert_int_eq(hws_sound_open(sound, &c, &stream), HWS_ERR_INVAL);
	c = good;
	c.on_chunk = NULL;
	ck_assert_int_eq(hws_sound_open(sound, &c, &stream), HWS_ERR_INVAL);
	c = microphone();
	c.latency_us = 0;
	ck_assert_int_eq(hws_sound_open(sound, &c, &stream), HWS_ERR_INVAL);
	c = good;
	c.device = "there is no such device";
	ck_assert_int_eq(hws_sound_open(sound, &c, &stream), HWS_ERR_NOTFOUND);
	stream = NULL;
	ck_assert_int_eq(hws_sound_open(sound, &good, &stream), HWS_OK);
	ck_assert_int_eq(hws_sound_write(stream, "1234", 1, &taken), HWS_ERR_INVAL);
}
END_TEST

START_TEST(a_microphone_takes_what_fits_and_tells_of_room)
{
	static int16_t samples[48000];
	struct hws_sound_stream_conf c = microphone();
	unsigned taken, sum = 0;
	int r;

	ck_assert_int_eq(hws_sound_open(sound, &c, &stream), HWS_OK);
	while ((r = hws_sound_write(stream, samples, 48000 - sum, &taken)) == HWS_OK) {
		ck_assert_uint_gt(taken, 0);
		sum += taken;
		ck_assert_uint_lt(sum, 48000);
	}
	ck_assert_int_eq(r, HWS_ERR_AGAIN);
	ck_assert_uint_ge(sum, 1920); /* 40 ms */
	ck_assert_uint_le(hws_sound_latency_us(stream), 40000);
	ck_assert_uint_eq(rooms, 0);
	contract_until(loop, &rooms, 1);
	ck_assert_int_eq(hws_sound_write(stream, samples, 48000, &taken), HWS_OK);
	ck_assert_uint_gt(taken, 0);
}
END_TEST

START_TEST(a_device_that_goes_is_told_of_once)
{
	struct hws_sound_stream_conf c = capture(HWS_SOUND_S16, 2);
	unsigned n, before;

	if (!b->plug)
		return;
	hws_sound_devices(sound, &before);
	ck_assert_int_eq(hws_sound_open(sound, &c, &stream), HWS_OK);
	contract_until(loop, &chunks, 1);
	b->plug(sound, false);
	contract_until(loop, &losts, 1);
	contract_until(loop, &lists, 1);
	unsigned heard = chunks;
	contract_turns(loop, 30);
	ck_assert_uint_eq(chunks, heard);
	ck_assert_uint_eq(losts, 1);
	hws_sound_devices(sound, &n);
	ck_assert_uint_lt(n, before);
	hws_sound_close(stream);
	stream = NULL;
	b->plug(sound, true);
	contract_until(loop, &lists, 2);
	expected = 0;
	ck_assert_int_eq(hws_sound_open(sound, &c, &stream), HWS_OK);
	contract_until(loop, &chunks, heard + 1);
}
END_TEST

Suite *contract_sound_suite(const struct contract_sound *backend)
{
	Suite *s = suite_create("platform/sound");
	TCase *t = tcase_create(backend->name);

	b = backend;
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, there_is_one_default_each_way);
	tcase_add_loop_test(t, chunks_come_whole_in_order_and_as_asked_for, 0, 4);
	tcase_add_test(t, silence_comes_and_says_so);
	tcase_add_test(t, a_stream_may_be_closed_in_its_event);
	tcase_add_test(t, what_cannot_be_is_refused);
	tcase_add_test(t, a_microphone_takes_what_fits_and_tells_of_room);
	tcase_add_test(t, a_device_that_goes_is_told_of_once);
	suite_add_tcase(s, t);
	return s;
}
