/* media/openh264: the encoder and the decoder of H.264, seen by the codec table alone. */
#pragma once
#include "client/media/codec.h"

int hws_openh264_encoder_new(
		const struct hws_encoder_conf *conf, struct hws_encoder **ret) HWS_MUST_CHECK;
int hws_openh264_decoder_new(
		enum hws_codec codec, unsigned threads, struct hws_decoder **ret) HWS_MUST_CHECK;
