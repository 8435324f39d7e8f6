/* core/codec_wire: codecs in the messages of a session: who says that it can encode or decode which
 * one. The field numbers come from the table of codecs. Pure. */
#pragma once
#include "client/media/codec.h"
#include "proto/session.pb-c.h"

/* What a viewer says that it can decode, and what a host can encode, as sets (HWS_CODEC_BIT). */
uint32_t hws_codecs_of_decoding(const Ses__SupportedDecoding *d);
void hws_codecs_to_decoding(uint32_t set, Ses__SupportedDecoding *to);
void hws_codecs_to_encoding(uint32_t set, Ses__SupportedEncoding *to);

/* Those of them with whole chroma. NULL: none. */
uint32_t hws_codecs_of_ability(const Ses__CodecAbility *a);
void hws_codecs_to_ability(uint32_t set, Ses__CodecAbility *to);

/* The packets of a video message and their codec; NULL for what is not encoded video. */
const Ses__EncodedVideoFrames *hws_video_frames(
		const Ses__VideoFrame *f, enum hws_codec *ret_codec);
