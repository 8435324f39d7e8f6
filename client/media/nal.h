/* media/nal: the units of a packet of H.264 or H.265 as they are on the wire (Annex B: each behind
 * 0 0 1), and how large the pictures are that they make a decoder take memory for. */
#pragma once
#include "client/media/codec.h"

/* The next unit in `*in` without its start code and the zeros behind it; *in goes on behind it.
 * False: none is left. What lies before the first start code is skipped. */
bool hws_nal_next(struct hws_bytes *in, struct hws_bytes *ret);
/* The size in the sequence parameter sets; zeros where there are none. HWS_ERR_CORRUPT;
 * HWS_ERR_UNSUPPORTED: more than 8 bits, another sampling of chroma than halves, layers, interlace;
 * HWS_ERR_TOOBIG. Any thread. */
int hws_nal_packet_size(enum hws_codec codec, struct hws_bytes packet,
		struct hws_packet_size *ret) HWS_MUST_CHECK;
