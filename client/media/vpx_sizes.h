/* media/vpx_sizes: how large the pictures are that a packet of VP8 or VP9 makes a decoder take
 * memory for, read before it is decoded: not key frames alone state a size. */
#pragma once
#include "client/media/codec.h"

/* HWS_ERR_CORRUPT: cut short, or not of this codec; HWS_ERR_UNSUPPORTED: of VP9, a profile other
 * than 0 (more bits or whole chroma, which no viewer asks for); HWS_ERR_TOOBIG: larger than
 * pictures may be. Any thread. */
int hws_vpx_packet_size(enum hws_codec codec, struct hws_bytes packet,
		struct hws_packet_size *ret) HWS_MUST_CHECK;
