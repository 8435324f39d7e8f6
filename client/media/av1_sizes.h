/* media/av1_sizes: how large the pictures are that a packet of AV1 makes a decoder take memory for,
 * read before it is decoded. */
#pragma once
#include "client/media/codec.h"

/* What its sequence headers state as the largest frame; zeros where it has none: frames are of the
 * size that an earlier one stated. HWS_ERR_CORRUPT: cut short, or no AV1; HWS_ERR_UNSUPPORTED: more
 * than 8 bits, or a sampling of chroma that no host sends; HWS_ERR_TOOBIG: larger than pictures may
 * be. Any thread. */
int hws_av1_packet_size(enum hws_codec codec, struct hws_bytes packet,
		struct hws_packet_size *ret) HWS_MUST_CHECK;
