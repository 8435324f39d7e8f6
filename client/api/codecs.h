/* api/codecs: between the public numbers of codecs and ours. */
#pragma once
#include "client/media/codec.h"
#include <hawser/types.h>

/* Whether the public API knows this number; HAWSER_CODEC_AUTO is one. */
bool api_codec_is(int codec);
/* HAWSER_CODEC_AUTO for what the public API does not know. */
enum hawser_codec api_codec_public(enum hws_codec codec);
