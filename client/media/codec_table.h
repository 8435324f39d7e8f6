/* media/codec_table: one row for each codec: its numbers on the wire, its names, what it can and
 * who makes its encoders and decoders. Whatever lists codecs (negotiation, messages, recordings,
 * the public API, the words of --codec) reads this table. A new codec is a row here and a file of
 * its own. */
#pragma once
#include "client/media/codec.h"

struct hws_codec_row {
	const char *name;  /* in settings, on command lines, in logs: "vp9" */
	const char *title; /* for people: "VP9" */
	/* Numbers of session.proto; 0 = is not on the wire. */
	unsigned wish;       /* in PreferCodec; also in enum hawser_codec of the public API */
	unsigned frames;     /* field of VideoFrame that holds its packets */
	unsigned ability;    /* field of SupportedDecoding */
	unsigned encoding;   /* field of SupportedEncoding; 0: every host is taken to have it */
	unsigned whole;      /* field of CodecAbility: with whole chroma */
	const char *webm_id; /* CodecID of a WebM track; NULL = is not recorded */
	uint32_t takes;      /* HWS_PIXEL_BIT of the pictures that its encoder takes */
	uint32_t gives;      /* and of those that its decoder gives */
	/* Of pictures that its bitstream can hold; 0 = any. */
	int side_max;
	int blocks_max; /* of 16 by 16 pixels */
	bool even;      /* no odd sides */
	unsigned rank;  /* without anybody's wish the highest one is taken; 0 = never */
	/* By the processor; NULL: not in this build. */
	int (*new_encoder)(const struct hws_encoder_conf *conf, struct hws_encoder **ret);
	int (*new_decoder)(enum hws_codec codec, unsigned threads, struct hws_decoder **ret);
	/* The sizes that the headers of a packet state, before it is decoded; NULL: they say
	 * nothing that could be looked at. */
	int (*packet_size)(
			enum hws_codec codec, struct hws_bytes packet, struct hws_packet_size *ret);
};

/* Never NULL: of HWS_CODEC_NONE, and for what is none. */
const struct hws_codec_row *hws_codec_row(enum hws_codec codec);

/* By name, by number of PreferCodec, by field of VideoFrame; HWS_CODEC_NONE: nobody has it. */
enum hws_codec hws_codec_by_name(const char *name);
enum hws_codec hws_codec_by_wish(unsigned wish);
enum hws_codec hws_codec_by_frames(unsigned field);

/* "vp9"; never NULL. */
const char *hws_codec_name(enum hws_codec codec);
/* By this build or by a device (hardware.h), which may come and fail. */
bool hws_codec_can_encode(enum hws_codec codec);
bool hws_codec_can_decode(enum hws_codec codec);
/* The pictures to give to its encoder, as HWS_PIXEL_BIT: with whole chroma, or without; 0: none.
 * What a codec takes and nobody asked for is not sent. */
uint32_t hws_codec_takes(enum hws_codec codec, bool whole_chroma);
/* Whether its bitstream can hold pictures of this size (VP8: 14 bits a side, RFC 6386, 9.1; H.264
 * and H.265 crop in steps of two with halved chroma). */
bool hws_codec_fits(enum hws_codec codec, int width, int height);

/* Sets (HWS_CODEC_BIT) of what is on the wire and in this build. */
uint32_t hws_codecs_encodable(void);
uint32_t hws_codecs_decodable(void);
/* Of those, the ones that can do so with whole chroma (I444). */
uint32_t hws_codecs_whole_encodable(void);
uint32_t hws_codecs_whole_decodable(void);
