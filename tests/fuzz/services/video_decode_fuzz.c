/* Packets of a hostile host into the decoders. Input: a byte that chooses the codec, then packets,
 * each behind its length as two bytes, little endian. */
#include "client/media/pixels.h"
#include "client/media/video_codec.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum hws_codec codecs[] = { HWS_CODEC_VP8, HWS_CODEC_VP9, HWS_CODEC_RAW,
		HWS_CODEC_AV1, HWS_CODEC_H264, HWS_CODEC_H265 };
	struct hws_decoder *d;

	if (size < 1 || hws_decoder_new(codecs[data[0] % HWS_COUNT(codecs)], 1, &d) < 0)
		return 0;
	data++;
	size--;
	while (size >= 2) {
		const struct hws_picture *p;
		size_t n = data[0] | (size_t)data[1] << 8;
		data += 2;
		size -= 2;
		n = n > size ? size : n;
		if (hws_decoder_decode(d, hws_bytes(data, n), &p) == HWS_OK && p->width <= 512 &&
				p->height <= 512) {
			uint8_t *bgra = calloc(4, (size_t)p->width * (size_t)p->height);
			struct hws_rect all = { 0, 0, p->width, p->height };
			if (bgra && hws_pixels_to_packed(p, all, false, bgra, p->width * 4) < 0)
				abort(); /* each format that is decoded can be shown */
			free(bgra);
		}
		data += n;
		size -= n;
	}
	hws_decoder_free(d);
	return 0;
}
