/* video/codec_choice: the one codec that all viewers of this host get. Pure. */
#pragma once
#include "client/media/codec.h"
#include "proto/session.pb-c.h"

struct hws_codec_wish {        /* of one viewer */
	uint32_t can;          /* HWS_CODEC_BIT */
	enum hws_codec prefer; /* HWS_CODEC_NONE = no preference */
	uint32_t whole;        /* those of `can` with whole chroma */
	bool prefers_whole;
};

struct hws_codec_host {
	uint32_t can;   /* codecs that this host has, for displays of this size */
	uint32_t whole; /* those with whole chroma */
	/* Those that may be taken without anybody's wish, because they have been found fast
	 * enough, and of use on the lines that there are. */
	uint32_t ready;
};

struct hws_codec_choice {
	enum hws_codec codec;
	bool whole; /* chroma */
};

/* What a viewer announced; NULL (it said nothing) means VP9 only. */
struct hws_codec_wish hws_codec_wish_of(const Ses__SupportedDecoding *d);
/* VP9 for no viewer at all. */
struct hws_codec_choice hws_codec_choose(const struct hws_codec_wish *wish, unsigned count,
		const struct hws_codec_host *host);
