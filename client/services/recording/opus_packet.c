/* What a file has to say of Opus packets, read from the packets without decoding them. */
#include "client/services/recording/muxer.h"

#define PRE_SKIP 312u /* of libopus at 48 kHz */
#define DURATION_MAX 5760u

static uint8_t *put16(uint8_t *p, unsigned v, bool little)
{
	p[little ? 1 : 0] = (uint8_t)(v >> 8);
	p[little ? 0 : 1] = (uint8_t)v;
	return p + 2;
}

size_t hws_opus_head(bool webm, unsigned channels, uint8_t out[static HWS_OPUS_HEAD_MAX])
{
	uint8_t *p = out;

	if (webm)
		for (const char *s = "OpusHead"; *s; s++)
			*p++ = (uint8_t)*s;
	*p++ = webm ? 1 : 0;
	*p++ = (uint8_t)channels;
	p = put16(p, PRE_SKIP, webm);
	p = put16(p, webm ? HWS_SOUND_RATE & 0xffff : HWS_SOUND_RATE >> 16, webm);
	p = put16(p, webm ? HWS_SOUND_RATE >> 16 : HWS_SOUND_RATE & 0xffff, webm);
	p = put16(p, 0, webm); /* gain */
	*p++ = 0;              /* one stream of one or two channels */
	return (size_t)(p - out);
}

unsigned hws_opus_duration(struct hws_bytes packet)
{
	static const unsigned silk[] = { 480, 960, 1920, 2880 }, celt[] = { 120, 240, 480, 960 };

	if (packet.len < 1)
		return 0;
	unsigned config = packet.ptr[0] >> 3, code = packet.ptr[0] & 3, frames = code ? 2 : 1;
	unsigned one = config < 12    ? silk[config & 3]
			: config < 16 ? (config & 1 ? 960 : 480)
				      : celt[config & 3];
	if (code == 3)
		frames = packet.len > 1 ? packet.ptr[1] & 63u : 0;
	return one * frames <= DURATION_MAX ? one * frames : 0;
}
