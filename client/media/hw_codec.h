/* media/hw_codec: encoders and decoders that use a device where it is the faster one, and go on
 * with the row's own, by a whole picture, as soon as it fails. For video_codec.c. */
#pragma once
#include "client/media/codec.h"

int hws_hw_encoder_new(
		const struct hws_encoder_conf *conf, struct hws_encoder **ret) HWS_MUST_CHECK;
int hws_hw_decoder_new(
		enum hws_codec codec, unsigned threads, struct hws_decoder **ret) HWS_MUST_CHECK;
