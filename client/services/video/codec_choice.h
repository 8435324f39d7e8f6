/* video/codec_choice: the one codec that all viewers of this host get. Pure. */
#pragma once
#include "client/media/codec.h"
#include "proto/session.pb-c.h"

struct hws_codec_wish {
	uint32_t can;          /* HWS_CODEC_BIT */
	enum hws_codec prefer; /* HWS_CODEC_NONE = no preference */
};

/* What a viewer announced; NULL (it said nothing) means VP9 only. */
struct hws_codec_wish hws_codec_wish_of(const Ses__SupportedDecoding *d);
/* VP9 for no viewer at all. `can_encode`: set of codecs this host has. */
enum hws_codec hws_codec_choose(
		const struct hws_codec_wish *wish, unsigned count, uint32_t can_encode);
