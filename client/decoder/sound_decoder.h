/* decoder/sound_decoder: the sound of a host, in the decoder's process: packets in, samples out. */
#pragma once
#include "client/decoder/protocol.h"
#include "client/media/opus.h"
#include "shared/base/buf.h"

struct hws_sound_decoder {
	struct hws_opus_decoder *opus;
	uint32_t rate, channels;
	int16_t samples[HWS_OPUS_FRAMES_MAX * HWS_OPUS_CHANNELS_MAX];
};

/* Gives all memory back; as zeroed. */
void hws_sound_decoder_forget(struct hws_sound_decoder *d);
/* The packets that follow a SOUND request; the samples of all are put into `out`. HWS_ERR_CLOSED:
 * they are not such; HWS_ERR_PROTO: one is no Opus; HWS_ERR_NOMEM. */
int hws_sound_decoder_decode(struct hws_sound_decoder *d, const struct hws_decode_request *q,
		struct hws_bytes packets, struct hws_buf *out) HWS_MUST_CHECK;
