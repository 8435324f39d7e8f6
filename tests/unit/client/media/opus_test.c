/* Sound as packets: there and back, what is lost, what is no sound. */
#include "client/media/opus.h"
#include "tests/support/suite.h"
#include <math.h>
#include <string.h>

static struct hws_opus_encoder *e;
static struct hws_opus_decoder *d;
static int16_t out[HWS_OPUS_FRAMES_MAX * HWS_OPUS_CHANNELS_MAX];
static uint8_t packet[HWS_OPUS_PACKET_MAX];

static void teardown(void)
{
	hws_opus_encoder_free(e);
	hws_opus_decoder_free(d);
	e = NULL;
	d = NULL;
}

/* 10 ms of a tone of 1 kHz at half of full scale. */
static int tone(uint32_t rate, unsigned channels, unsigned at)
{
	float wave[480 * 2];
	unsigned frames = rate / 100;

	for (unsigned i = 0; i < frames; i++)
		for (unsigned c = 0; c < channels; c++)
			wave[i * channels + c] = 0.5f *
					sinf((float)(at * frames + i) * 6.2831853f * 1000 /
							(float)rate);
	return hws_opus_encode(e, wave, frames, packet, sizeof(packet));
}

static double level(unsigned samples)
{
	double sum = 0;

	for (unsigned i = 0; i < samples; i++)
		sum += (double)out[i] * out[i];
	return sqrt(sum / samples) / 32768;
}

START_TEST(a_tone_comes_back_in_every_rate)
{
	static const uint32_t rates[] = { 8000, 12000, 16000, 24000, 48000 };

	for (unsigned k = 0; k < 10; k++) {
		uint32_t rate = rates[k / 2];
		unsigned channels = 1 + k % 2;

		ck_assert_int_eq(hws_opus_encoder_new(rate, channels, &e), HWS_OK);
		ck_assert_int_eq(hws_opus_decoder_new(rate, channels, &d), HWS_OK);
		for (unsigned i = 0; i < 20; i++) {
			int n = tone(rate, channels, i);
			ck_assert_int_gt(n, 0);
			ck_assert_int_eq(hws_opus_decode(d, hws_bytes(packet, (size_t)n), out),
					(int)rate / 100);
		}
		double l = level(rate / 100 * channels);
		ck_assert_msg(l > 0.2 && l < 0.6, "%u Hz: %.3f", rate, l);
		teardown();
	}
}
END_TEST

START_TEST(what_is_lost_is_made_up_and_fades)
{
	ck_assert_int_eq(hws_opus_encoder_new(48000, 2, &e), HWS_OK);
	ck_assert_int_eq(hws_opus_decoder_new(48000, 2, &d), HWS_OK);
	for (unsigned i = 0; i < 20; i++) {
		int n = tone(48000, 2, i);
		ck_assert_int_eq(hws_opus_decode(d, hws_bytes(packet, (size_t)n), out), 480);
	}
	ck_assert_int_eq(hws_opus_decode(d, hws_bytes(NULL, 0), out), 480);
	ck_assert(level(960) > 0.15);
	for (unsigned i = 0; i < 30; i++)
		ck_assert_int_eq(hws_opus_decode(d, hws_bytes(NULL, 0), out), 480);
	ck_assert(level(960) < 0.1);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	static uint8_t junk[HWS_OPUS_PACKET_MAX + 1];

	ck_assert_int_eq(hws_opus_encoder_new(44100, 2, &e), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(hws_opus_encoder_new(48000, 3, &e), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(hws_opus_decoder_new(0, 0, &d), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(hws_opus_decoder_new(48000, 1, &d), HWS_OK);
	ck_assert_int_eq(hws_opus_decode(d, hws_bytes(junk, sizeof(junk)), out), HWS_ERR_PROTO);
	junk[0] = 0xff;
	junk[1] = 0x3f; /* 63 frames of 20 ms */
	ck_assert_int_eq(hws_opus_decode(d, hws_bytes(junk, 2), out), HWS_ERR_PROTO);
	/* the longest there is, six frames of 20 ms, is as long as said */
	junk[0] = 0xfb;
	junk[1] = 6;
	ck_assert_int_eq(hws_opus_decode(d, hws_bytes(junk, 8), out), (int)HWS_OPUS_FRAMES_MAX);
}
END_TEST

int main(void)
{
	return test_main("media/opus", 60, NULL, teardown,
			TESTS(a_tone_comes_back_in_every_rate, what_is_lost_is_made_up_and_fades,
					what_cannot_be_is_refused));
}
