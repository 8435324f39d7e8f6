/* The generated structs have a member for each codec; protobuf-c's descriptors say where the member
 * of a field number lies, so that the numbers of the codec table are all that is needed. */
#include "client/core/codec_wire.h"
#include "client/media/codec_table.h"

static void *member(const ProtobufCMessageDescriptor *d, const void *m, unsigned field)
{
	const ProtobufCFieldDescriptor *f =
			field ? protobuf_c_message_descriptor_get_field(d, field) : NULL;

	return f ? (char *)m + f->offset : NULL;
}

uint32_t hws_codecs_of_decoding(const Ses__SupportedDecoding *d)
{
	uint32_t set = 0;

	for (enum hws_codec c = HWS_CODEC_NONE + 1; c < HWS_CODEC_COUNT; c++) {
		const int32_t *can = member(
				&ses__supported_decoding__descriptor, d, hws_codec_row(c)->ability);
		if (can && *can > 0)
			set |= HWS_CODEC_BIT(c);
	}
	return set;
}

void hws_codecs_to_decoding(uint32_t set, Ses__SupportedDecoding *to)
{
	for (enum hws_codec c = HWS_CODEC_NONE + 1; c < HWS_CODEC_COUNT; c++) {
		int32_t *can = member(&ses__supported_decoding__descriptor, to,
				hws_codec_row(c)->ability);
		if (can)
			*can = set & HWS_CODEC_BIT(c) ? 1 : 0;
	}
}

void hws_codecs_to_encoding(uint32_t set, Ses__SupportedEncoding *to)
{
	for (enum hws_codec c = HWS_CODEC_NONE + 1; c < HWS_CODEC_COUNT; c++) {
		protobuf_c_boolean *can = member(&ses__supported_encoding__descriptor, to,
				hws_codec_row(c)->encoding);
		if (can)
			*can = (set & HWS_CODEC_BIT(c)) != 0;
	}
}

uint32_t hws_codecs_of_ability(const Ses__CodecAbility *a)
{
	uint32_t set = 0;

	for (enum hws_codec c = HWS_CODEC_NONE + 1; a && c < HWS_CODEC_COUNT; c++) {
		const protobuf_c_boolean *can =
				member(&ses__codec_ability__descriptor, a, hws_codec_row(c)->whole);
		if (can && *can)
			set |= HWS_CODEC_BIT(c);
	}
	return set;
}

void hws_codecs_to_ability(uint32_t set, Ses__CodecAbility *to)
{
	for (enum hws_codec c = HWS_CODEC_NONE + 1; c < HWS_CODEC_COUNT; c++) {
		protobuf_c_boolean *can = member(
				&ses__codec_ability__descriptor, to, hws_codec_row(c)->whole);
		if (can)
			*can = (set & HWS_CODEC_BIT(c)) != 0;
	}
}

const Ses__EncodedVideoFrames *hws_video_frames(const Ses__VideoFrame *f, enum hws_codec *ret_codec)
{
	enum hws_codec codec = hws_codec_by_frames((unsigned)f->union_case);
	Ses__EncodedVideoFrames *const *frames =
			member(&ses__video_frame__descriptor, f, hws_codec_row(codec)->frames);

	if (!frames)
		return NULL;
	*ret_codec = codec;
	return *frames;
}
