/* What headers of packets say of sizes, of every codec. Input: a byte that chooses the codec, then
 * a packet. */
#include "client/media/nal.h"
#include "client/media/video_codec.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum hws_codec codecs[] = { HWS_CODEC_VP8, HWS_CODEC_VP9, HWS_CODEC_AV1,
		HWS_CODEC_H264, HWS_CODEC_H265 };
	struct hws_packet_size s;
	struct hws_bytes unit;

	if (size < 1)
		return 0;
	struct hws_bytes packet = hws_bytes(data + 1, size - 1);
	int r = hws_codec_packet_size(codecs[data[0] % HWS_COUNT(codecs)], packet, &s);
	if (r > 0 || (r == HWS_OK && hws_packet_size_check(&s) < 0))
		abort();
	/* Units lie within the packet, in order, and have no start code in them. */
	for (const uint8_t *at = packet.ptr; hws_nal_next(&packet, &unit);) {
		if (unit.ptr < at + 3 || unit.ptr + unit.len > data + size)
			abort();
		at = unit.ptr + unit.len;
		for (size_t i = 0; i + 3 <= unit.len; i++)
			if (unit.ptr[i] == 0 && unit.ptr[i + 1] == 0 && unit.ptr[i + 2] == 1)
				abort();
	}
	return 0;
}
