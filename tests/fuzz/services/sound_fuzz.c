/* A far end's sound, from its packets over the jitter buffer to the decoder. Input: steps of three
 * bytes (what and how many bytes, how much time passes, how far the count goes on), each followed
 * by the bytes of a packet. */
#include "client/media/opus.h"
#include "client/services/sound/jitter.h"
#include "shared/base/mem.h"
#include <stdlib.h>

#define STEPS_MAX 2000u

static struct hws_jitter j;
static int16_t samples[HWS_OPUS_FRAMES_MAX * HWS_OPUS_CHANNELS_MAX];

static void pull(struct hws_opus_decoder *d, uint64_t now)
{
	uint8_t *packet;
	size_t len;
	enum hws_jitter_gives g = hws_jitter_pull(&j, now, &packet, &len);

	if ((g == HWS_JITTER_PACKET) != (packet != NULL) || (packet && !len))
		abort();
	if (g != HWS_JITTER_NOTHING) {
		int n = hws_opus_decode(d, hws_bytes(packet, len), samples);
		if (n > (int)HWS_OPUS_FRAMES_MAX || n == 0)
			abort();
	}
	hws_free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t rates[] = { 8000, 12000, 16000, 24000, 48000 };
	uint64_t now = 1000000, number = 1;
	struct hws_opus_decoder *d;

	if (size < 1 || hws_opus_decoder_new(rates[data[0] % 5], 1 + data[0] / 5 % 2, &d) < 0)
		return 0;
	hws_jitter_init(&j);
	size_t at = 1;
	for (unsigned i = 0; i < STEPS_MAX && at + 3 <= size; i++) {
		uint8_t what = data[at], time = data[at + 1], ahead = data[at + 2];
		size_t n = (size_t)(what & 0x3f) * (what & 0x40 ? 130 : 1);

		at += 3;
		n = n < size - at ? n : size - at;
		now += time * 500u;
		number += ahead < 200 ? ahead : (uint64_t)1 << (ahead - 200);
		if (what & 0x80)
			pull(d, now);
		else if (hws_jitter_push(&j, now, ahead == 255 ? 0 : number,
					 hws_bytes(data + at, n)) == HWS_OK &&
				j.bytes > HWS_JITTER_BYTES_MAX)
			abort();
		at += what & 0x80 ? 0 : n;
	}
	hws_jitter_done(&j);
	if (j.bytes)
		abort();
	hws_opus_decoder_free(d);
	return 0;
}
