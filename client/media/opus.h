/* media/opus: sound as the protocol has it: Opus packets of one stream, mono or stereo. Whatever
 * libopus can is behind these few calls. One thread for each. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* Frames (one sample of each channel) of the longest packet there can be: 120 ms at 48 kHz. */
#define HWS_OPUS_FRAMES_MAX 5760u
#define HWS_OPUS_CHANNELS_MAX 2u
/* What no packet of 120 ms is larger than, six frames of 1275 bytes with their headers. */
#define HWS_OPUS_PACKET_MAX 7680u

/* 8, 12, 16, 24 or 48 kHz; one channel or two. */
bool hws_opus_can(uint32_t rate, uint32_t channels);

struct hws_opus_encoder;
/* Low delay, as the protocol has it. HWS_ERR_UNSUPPORTED, HWS_ERR_NOMEM. */
int hws_opus_encoder_new(
		uint32_t rate, unsigned channels, struct hws_opus_encoder **ret) HWS_MUST_CHECK;
void hws_opus_encoder_free(struct hws_opus_encoder *e); /* takes NULL */
/* `frames` of 2.5, 5, 10, 20 ms ... into buf; returns the bytes of the packet, or HWS_ERR_INVAL. */
int hws_opus_encode(struct hws_opus_encoder *e, const float *samples, unsigned frames, uint8_t *buf,
		size_t size) HWS_MUST_CHECK;

struct hws_opus_decoder;
int hws_opus_decoder_new(
		uint32_t rate, unsigned channels, struct hws_opus_decoder **ret) HWS_MUST_CHECK;
void hws_opus_decoder_free(struct hws_opus_decoder *d); /* takes NULL */
/* One packet; an empty one is one that was lost, in whose place something like what was before is
 * heard. `out` has room for HWS_OPUS_FRAMES_MAX frames. Returns how many there are, or
 * HWS_ERR_PROTO. */
int hws_opus_decode(
		struct hws_opus_decoder *d, struct hws_bytes packet, int16_t *out) HWS_MUST_CHECK;
