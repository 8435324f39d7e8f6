/* media/vpx_sizes: how large the pictures are that a packet of VP8 or VP9 makes a decoder take
 * memory for, read before it is decoded: not key frames alone state a size. */
#pragma once
#include "client/media/codec.h"
#include <stdbool.h>

struct hws_vpx_sizes {
	/* The largest of each side over all frames of the packet; 0: none states one, so it has the
	 * size of a frame that came before. */
	unsigned width, height;
	bool indexed; /* VP9: the packet ends with an index of its frames */
};

/* HWS_ERR_CORRUPT: cut short, or not of this codec; HWS_ERR_UNSUPPORTED: of VP9, a profile other
 * than 0 (more bits or whole chroma, which no viewer asks for). Any thread. */
int hws_vpx_sizes(enum hws_codec codec, struct hws_bytes packet,
		struct hws_vpx_sizes *ret) HWS_MUST_CHECK;
