/* recording/muxer: what a recording asks of a kind of file: webm.c and mp4.c. Times begin at 0 and
 * do not go back; pictures begin with a key picture. A worker's: blocking. */
#pragma once
#include "client/media/codec.h"
#include "client/services/recording/codec_private.h"
#include "shared/base/err.h"

#define HWS_SOUND_RATE 48000u /* of the times of sound, as Opus counts */

struct hws_muxer;

struct hws_muxer_conf {
	enum hws_codec codec;
	int width, height;
	const struct hws_codec_private *codec_private; /* borrowed until the muxer is closed */
	unsigned sound_channels;                       /* 0 = no sound */
};

struct hws_muxer_impl {
	/* Errors end the recording; what was written before stays whole. */
	int (*picture)(struct hws_muxer *m, struct hws_bytes data, bool key, uint64_t time_ms);
	/* An Opus packet; times of HWS_SOUND_RATE. */
	int (*sound)(struct hws_muxer *m, struct hws_bytes data, uint64_t time, unsigned duration);
	/* Writes the index and the duration (the last picture stays until `time_ms`), frees. */
	int (*close)(struct hws_muxer *m, uint64_t time_ms);
};
struct hws_muxer {
	const struct hws_muxer_impl *impl;
};

/* `fd` is a new, empty file and is taken, also on failure. HWS_ERR_UNSUPPORTED: such a file does
 * not hold this codec. */
int hws_webm_new(int fd, const struct hws_muxer_conf *conf, struct hws_muxer **ret) HWS_MUST_CHECK;
int hws_mp4_new(int fd, const struct hws_muxer_conf *conf, struct hws_muxer **ret) HWS_MUST_CHECK;

#define HWS_OPUS_HEAD_MAX 19u
/* OpusHead (`webm`, RFC 7845) or the content of dOps (MP4), of a stream of one or two channels. */
size_t hws_opus_head(bool webm, unsigned channels, uint8_t out[static HWS_OPUS_HEAD_MAX]);
/* The samples of one Opus packet by its first byte (RFC 6716, 3.1); 0: it is none. */
unsigned hws_opus_duration(struct hws_bytes packet);
