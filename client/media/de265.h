/* media/de265: the decoder of H.265, seen by the codec table alone. */
#pragma once
#include "client/media/codec.h"

int hws_de265_decoder_new(
		enum hws_codec codec, unsigned threads, struct hws_decoder **ret) HWS_MUST_CHECK;
