/* media/vpx: VP8 and VP9 by libvpx, set for real-time screen content. */
#pragma once
#include "client/media/codec.h"

int hws_vpx_encoder_new(
		const struct hws_encoder_conf *conf, struct hws_encoder **ret) HWS_MUST_CHECK;
int hws_vpx_decoder_new(
		enum hws_codec codec, unsigned threads, struct hws_decoder **ret) HWS_MUST_CHECK;
