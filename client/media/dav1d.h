/* media/dav1d: the decoder of AV1, seen by the codec table alone. */
#pragma once
#include "client/media/codec.h"

int hws_dav1d_decoder_new(
		enum hws_codec codec, unsigned threads, struct hws_decoder **ret) HWS_MUST_CHECK;
