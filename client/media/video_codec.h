/* media/video_codec: one interface to all video encoders and decoders.
 * An encoder or decoder is used by one thread at a time (it may move between threads). */
#pragma once
#include "client/media/picture.h"
#include "shared/base/bytes.h"

enum hws_codec {
	HWS_CODEC_NONE,
	HWS_CODEC_VP8,
	HWS_CODEC_VP9,
	HWS_CODEC_AV1,
	HWS_CODEC_H264,
	HWS_CODEC_H265,
	HWS_CODEC_RAW, /* test double: lossless, huge */
	HWS_CODEC_COUNT
};

/* "vp9"; never NULL. */
const char *hws_codec_name(enum hws_codec codec);
bool hws_codec_can_encode(enum hws_codec codec);
bool hws_codec_can_decode(enum hws_codec codec);
/* Whether its bitstream can hold pictures of this size (VP8: 14 bits a side, RFC 6386, 9.1). */
bool hws_codec_fits(enum hws_codec codec, int width, int height);

struct hws_quality {
	uint32_t bitrate_kbit_s; /* what constant-bitrate control aims at; > 0 */
	uint8_t q_min, q_max;    /* 0 (best) .. 63, q_min <= q_max */
};

struct hws_packet {
	struct hws_bytes data; /* borrows from the encoder until its next call */
	bool key;
	uint8_t q; /* quantiser it was coded with, 0..63 */
};

struct hws_encoder_conf {
	enum hws_codec codec;
	int width, height;
	struct hws_quality quality;
	unsigned fps;     /* expected highest rate, for rate control; 0 = 30 */
	unsigned threads; /* 0 = 1 */
};

struct hws_encoder;
struct hws_decoder;

/* Behind the interface; implemented by vpx.c, raw.c. */
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

/* HWS_ERR_UNSUPPORTED: no such codec here; HWS_ERR_INVAL; HWS_ERR_NOMEM. */
int hws_encoder_new(const struct hws_encoder_conf *conf, struct hws_encoder **ret) HWS_MUST_CHECK;
void hws_encoder_free(struct hws_encoder *e); /* takes NULL */
/* Encodes an I420 picture. `damage`: what differs from the picture before (NULL = anything may); pixels
 * outside it must be unchanged. The first picture, `key`, and a picture of another size than the one
 * before give a key frame. pts_ms must grow. HWS_ERR_AGAIN: the rate control dropped the picture. */
int hws_encoder_encode(struct hws_encoder *e, const struct hws_picture *p,
		const struct hws_region *damage, bool key, int64_t pts_ms,
		struct hws_packet *ret) HWS_MUST_CHECK;
/* From the next picture on. */
int hws_encoder_set_quality(
		struct hws_encoder *e, const struct hws_quality *quality) HWS_MUST_CHECK;

int hws_decoder_new(
		enum hws_codec codec, unsigned threads, struct hws_decoder **ret) HWS_MUST_CHECK;
void hws_decoder_free(struct hws_decoder *d); /* takes NULL */
/* Decodes one packet of a peer. On HWS_OK `*ret` is the I420 picture, which belongs to the decoder and stays
 * as it is until its next call (copy or convert it; it cannot be locked). HWS_ERR_AGAIN: nothing to show.
 * HWS_ERR_CORRUPT, HWS_ERR_TOOBIG (picture above the limits), HWS_ERR_UNSUPPORTED (not 8-bit 4:2:0):
 * the decoder stays usable, but only a key frame gives good pictures again. */
int hws_decoder_decode(struct hws_decoder *d, struct hws_bytes data,
		const struct hws_picture **ret) HWS_MUST_CHECK;
