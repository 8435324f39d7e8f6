/* media/raw: a lossless test double of a codec: size, key mark and planes as they are. */
#pragma once
#include "client/media/codec.h"

int hws_raw_encoder_new(
		const struct hws_encoder_conf *conf, struct hws_encoder **ret) HWS_MUST_CHECK;
int hws_raw_decoder_new(
		enum hws_codec codec, unsigned threads, struct hws_decoder **ret) HWS_MUST_CHECK;
