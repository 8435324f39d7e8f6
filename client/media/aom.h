/* media/aom: the encoder of AV1, seen by the codec table alone. */
#pragma once
#include "client/media/codec.h"

int hws_aom_encoder_new(
		const struct hws_encoder_conf *conf, struct hws_encoder **ret) HWS_MUST_CHECK;
