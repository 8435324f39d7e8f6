/* media/codec: what a video codec is to the rest: its number, the quality it is asked for, and the
 * functions behind an encoder and a decoder. Each codec implements this (vpx.c, raw.c);
 * codec_table.h lists them, video_codec.h is how they are used. */
#pragma once
#include "client/media/picture.h"
#include "client/media/region.h"
#include "shared/base/bytes.h"

enum hws_codec {
	HWS_CODEC_NONE,
	HWS_CODEC_VP8,
	HWS_CODEC_VP9,
	HWS_CODEC_AV1,
	HWS_CODEC_H264,
	HWS_CODEC_H265,
	HWS_CODEC_RAW, /* test double: lossless, huge; never on the wire */
	HWS_CODEC_COUNT
};

/* Sets of codecs and of abilities. */
#define HWS_CODEC_BIT(codec) (1u << (codec))

struct hws_quality {
	uint32_t bitrate_kbit_s; /* what constant-bitrate control aims at; > 0 */
	/* Coarseness that the codec may choose from, on the scale of coarseness.h:
	 * 0 (best) .. HWS_COARSE_MAX, finest <= coarsest. */
	uint16_t finest, coarsest;
};

struct hws_packet {
	struct hws_bytes data; /* borrows from the encoder until its next call */
	bool key;
	uint16_t coarse; /* how coarse the picture was coded, on the same scale */
};

/* What a packet makes a decoder take memory for, as its headers say. */
struct hws_packet_size {
	/* The largest of each side over all frames of the packet; 0: none states one, so it has the
	 * size of a frame that came before. */
	unsigned width, height;
	bool indexed; /* VP9: the packet ends with an index of its frames */
};

/* HWS_ERR_TOOBIG: pictures may not be so large. Sizes of 0 are none. */
static inline int hws_packet_size_check(const struct hws_packet_size *s)
{
	return (!s->width && !s->height) ||
					(s->width <= HWS_PICTURE_SIDE_MAX &&
							s->height <= HWS_PICTURE_SIDE_MAX &&
							hws_picture_fits((int)s->width,
									(int)s->height))
			? HWS_OK
			: HWS_ERR_TOOBIG;
}

struct hws_encoder_conf {
	enum hws_codec codec;
	int width, height;
	struct hws_quality quality;
	unsigned fps;     /* expected highest rate, for rate control; 0 = 30 */
	unsigned threads; /* 0 = 1 */
};

struct hws_encoder;
struct hws_decoder;

struct hws_encoder_impl {
	int (*encode)(struct hws_encoder *e, const struct hws_picture *p,
			const struct hws_region *damage, bool key, int64_t pts_ms,
			struct hws_packet *ret);
	int (*set_quality)(struct hws_encoder *e, const struct hws_quality *q);
	void (*free)(struct hws_encoder *e);
};
struct hws_encoder {
	const struct hws_encoder_impl *impl;
	struct hws_encoder_conf conf;
};
struct hws_decoder_impl {
	int (*decode)(struct hws_decoder *d, struct hws_bytes data, const struct hws_picture **ret);
	void (*free)(struct hws_decoder *d);
};
struct hws_decoder {
	const struct hws_decoder_impl *impl;
	enum hws_codec codec;
};
