/* media/vpx_sizes: how large the pictures are that a packet of VP8 or VP9 makes a decoder take
 * memory for, read before it is decoded: not key frames alone state a size. */
#pragma once
#include "client/media/codec.h"

/* HWS_ERR_CORRUPT: cut short, or not of this codec; HWS_ERR_UNSUPPORTED: of VP9, more
 * than 8 bits, or a sampling of chroma that no host sends; HWS_ERR_TOOBIG: larger than
 * pictures may be. Any thread. */
int hws_vpx_packet_size(enum hws_codec codec, struct hws_bytes packet,
		struct hws_packet_size *ret) HWS_MUST_CHECK;
