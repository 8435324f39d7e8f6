/* recording/codec_private: what files say of a codec beside its packets: av1C, avcC, hvcC, vpcC,
 * made from the first key packet; and the packets as files hold them (H.264 and H.265: parts with a
 * length before each, without the parameters, which are in the file's head). Packets are a
 * stranger's. */
#pragma once
#include "client/media/codec.h"
#include "shared/base/buf.h"

#define HWS_CODEC_PRIVATE_MAX 4096u

struct hws_codec_private {
	uint8_t data[HWS_CODEC_PRIVATE_MAX]; /* content of the box; of WebM's CodecPrivate, too */
	size_t len;                          /* 0 = nothing */
	unsigned width, height;              /* as the packet says; 0 = it does not */
};

/* From a key packet, at the stream's begin. HWS_ERR_CORRUPT: it is none, or lacks its parameters;
 * HWS_ERR_TOOBIG. */
int hws_codec_private_of(enum hws_codec codec, struct hws_bytes packet,
		struct hws_codec_private *ret) HWS_MUST_CHECK;
bool hws_codec_private_equal(const struct hws_codec_private *a, const struct hws_codec_private *b);
/* The packet as files hold it, in `out` (reset first) where it differs, else itself: borrowed. */
int hws_codec_in_file(enum hws_codec codec, struct hws_bytes packet, struct hws_buf *out,
		struct hws_bytes *ret) HWS_MUST_CHECK;
