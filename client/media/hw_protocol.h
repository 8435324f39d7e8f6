/* media/hw_protocol: what is said to the process that has a codec of the graphics card (or of
 * another device), over a socketpair: structs of this machine, one request at a time. Pictures and
 * packets lie in memory that both have, in two places of fixed size. The process runs the driver's
 * code: nothing that it answers is believed, and what it is asked is checked there, too, as who
 * asks may decode a stranger's bytes. */
#pragma once
#include "client/media/codec.h"

#define HWS_HW_VERSION 1u
/* Larger pictures are coded by the processor. */
#define HWS_HW_PIXELS_MAX (16u << 20)
#define HWS_HW_PICTURE_BYTES ((size_t)HWS_HW_PIXELS_MAX * 3 / 2)
#define HWS_HW_PACKET_BYTES ((size_t)8 << 20)
#define HWS_HW_MEMORY (HWS_HW_PICTURE_BYTES + HWS_HW_PACKET_BYTES)
#define HWS_HW_INSTANCES 8u
#define HWS_HW_DRIVER_MAX 100u /* its name, in place of a first packet */

enum hws_hw_kind {
	HWS_HW_OPEN_ENCODER, /* an instance anew: codec, width, height, fps, coarse */
	/* The picture (I420, its planes without gaps) is answered with a packet. */
	HWS_HW_ENCODE,       /* key, coarse */
	HWS_HW_OPEN_DECODER, /* codec */
	/* The packet is answered with a picture; HWS_ERR_AGAIN: none yet. */
	HWS_HW_DECODE, /* bytes */
	HWS_HW_CLOSE,
	HWS_HW_KINDS
};

struct hws_hw_request {
	uint32_t kind, id, instance;
	uint32_t codec; /* enum hws_codec */
	uint32_t width, height, fps;
	uint32_t coarse; /* on the scale of coarseness.h */
	uint32_t key;
	uint32_t bytes;
};

struct hws_hw_answer {
	uint32_t version, id; /* id 0: the greeting, before any request */
	int32_t result;
	uint32_t width, height;      /* DECODE */
	uint32_t bytes, key, coarse; /* ENCODE */
};

/* Whether there can be such a request: HWS_OK or HWS_ERR_PROTO. */
int hws_hw_request_check(const struct hws_hw_request *q) HWS_MUST_CHECK;
/* Whether there can be such an answer to it. */
int hws_hw_answer_check(
		const struct hws_hw_request *q, const struct hws_hw_answer *a) HWS_MUST_CHECK;

static inline bool hws_hw_fits(int width, int height)
{
	return hws_picture_fits(width, height) && (long)width * height <= (long)HWS_HW_PIXELS_MAX &&
			width % 2 == 0 && height % 2 == 0;
}
