/* recording/ebml: the elements that WebM files are made of, as the writer puts them and the repair
 * reads them. */
#pragma once
#include "shared/base/buf.h"

/* Element numbers of Matroska, as they are written. */
enum hws_ebml_id {
	HWS_EL_EBML = 0x1a45dfa3,
	HWS_EL_EBML_VERSION = 0x4286,
	HWS_EL_EBML_READ_VERSION = 0x42f7,
	HWS_EL_DOC_TYPE = 0x4282,
	HWS_EL_DOC_TYPE_VERSION = 0x4287,
	HWS_EL_DOC_TYPE_READ_VERSION = 0x4285,
	HWS_EL_SEGMENT = 0x18538067,
	HWS_EL_INFO = 0x1549a966,
	HWS_EL_TIME_SCALE = 0x2ad7b1,
	HWS_EL_MUXING_APP = 0x4d80,
	HWS_EL_WRITING_APP = 0x5741,
	HWS_EL_DURATION = 0x4489,
	HWS_EL_TRACKS = 0x1654ae6b,
	HWS_EL_TRACK = 0xae,
	HWS_EL_TRACK_NUMBER = 0xd7,
	HWS_EL_TRACK_UID = 0x73c5,
	HWS_EL_TRACK_TYPE = 0x83,
	HWS_EL_CODEC_ID = 0x86,
	HWS_EL_CODEC_PRIVATE = 0x63a2,
	HWS_EL_CODEC_DELAY = 0x56aa,
	HWS_EL_SEEK_PREROLL = 0x56bb,
	HWS_EL_VIDEO = 0xe0,
	HWS_EL_WIDTH = 0xb0,
	HWS_EL_HEIGHT = 0xba,
	HWS_EL_AUDIO = 0xe1,
	HWS_EL_RATE = 0xb5,
	HWS_EL_CHANNELS = 0x9f,
	HWS_EL_CLUSTER = 0x1f43b675,
	HWS_EL_TIME = 0xe7,
	HWS_EL_SIMPLE_BLOCK = 0xa3,
	HWS_EL_VOID = 0xec,
	HWS_EL_SEEK_HEAD = 0x114d9b74,
	HWS_EL_SEEK = 0x4dbb,
	HWS_EL_SEEK_ID = 0x53ab,
	HWS_EL_SEEK_POSITION = 0x53ac,
	HWS_EL_CUES = 0x1c53bb6b,
	HWS_EL_CUE = 0xbb,
	HWS_EL_CUE_TIME = 0xb3,
	HWS_EL_CUE_PLACE = 0xb7,
	HWS_EL_CUE_TRACK = 0xf7,
	HWS_EL_CUE_CLUSTER = 0xf1,
};

#define HWS_EBML_UNKNOWN ((1ull << 56) - 1) /* a size that is filled in later */

void hws_ebml_id(struct hws_buf *b, uint32_t id);
/* Always eight bytes: simple, and can be filled in later. */
void hws_ebml_size(struct hws_buf *b, uint64_t n);
void hws_ebml_uint(struct hws_buf *b, uint32_t id, uint64_t v);
void hws_ebml_text(struct hws_buf *b, uint32_t id, const char *s);
void hws_ebml_bytes(struct hws_buf *b, uint32_t id, struct hws_bytes content);
void hws_ebml_double(struct hws_buf *b, double v); /* the eight bytes alone */
/* Where the list of key pictures is; always of the same length. */
void hws_ebml_seek_head(struct hws_buf *b, uint64_t cues_at);
#define HWS_EBML_SEEK_HEAD_LEN 54u

/* The list of key pictures, as it grows. */
struct hws_webm_cues {
	struct hws_webm_cue {
		uint64_t time_ms, at; /* a key picture, and its cluster in the segment */
	} * cue;
	size_t count;
};
/* Beyond a number, or without memory, they are left out: a file can be played without them. */
void hws_webm_cues_add(struct hws_webm_cues *c, uint64_t time_ms, uint64_t at);
int hws_webm_cues_put(const struct hws_webm_cues *c, struct hws_buf *out) HWS_MUST_CHECK;
void hws_webm_cues_done(struct hws_webm_cues *c);
