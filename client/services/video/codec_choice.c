#include "client/services/video/codec_choice.h"

#define BIT(c) (1u << (c))

struct hws_codec_wish hws_codec_wish_of(const Ses__SupportedDecoding *d)
{
	struct hws_codec_wish w = { BIT(HWS_CODEC_VP9), HWS_CODEC_NONE };

	if (!d)
		return w;
	w.can = (d->ability_vp9 > 0 ? BIT(HWS_CODEC_VP9) : 0) |
			(d->ability_vp8 > 0 ? BIT(HWS_CODEC_VP8) : 0) |
			(d->ability_av1 > 0 ? BIT(HWS_CODEC_AV1) : 0) |
			(d->ability_h264 > 0 ? BIT(HWS_CODEC_H264) : 0) |
			(d->ability_h265 > 0 ? BIT(HWS_CODEC_H265) : 0);
	switch ((int)d->prefer) {
	case SES__SUPPORTED_DECODING__PREFER_CODEC__VP9:
		w.prefer = HWS_CODEC_VP9;
		break;
	case SES__SUPPORTED_DECODING__PREFER_CODEC__H264:
		w.prefer = HWS_CODEC_H264;
		break;
	case SES__SUPPORTED_DECODING__PREFER_CODEC__H265:
		w.prefer = HWS_CODEC_H265;
		break;
	case SES__SUPPORTED_DECODING__PREFER_CODEC__VP8:
		w.prefer = HWS_CODEC_VP8;
		break;
	case SES__SUPPORTED_DECODING__PREFER_CODEC__AV1:
		w.prefer = HWS_CODEC_AV1;
		break;
	default:
		break;
	}
	return w;
}

enum hws_codec hws_codec_choose(
		const struct hws_codec_wish *wish, unsigned count, uint32_t can_encode)
{
	static const enum hws_codec best_first[] = { HWS_CODEC_H265, HWS_CODEC_H264,
		HWS_CODEC_AV1 };
	unsigned votes[HWS_CODEC_COUNT] = { 0 }, most = 0;
	uint32_t usable = can_encode;
	enum hws_codec winner = HWS_CODEC_NONE;

	for (unsigned i = 0; i < count; i++)
		usable &= wish[i].can;
	usable |= BIT(HWS_CODEC_VP9); /* everybody has it */
	for (unsigned i = 0; i < count; i++) {
		enum hws_codec c = wish[i].prefer;
		if (c == HWS_CODEC_NONE || !(usable & BIT(c)))
			continue;
		if (++votes[c] > most) {
			most = votes[c];
			winner = c;
		}
	}
	if (winner != HWS_CODEC_NONE)
		return winner;
	for (unsigned i = 0; count && i < HWS_COUNT(best_first); i++)
		if (usable & BIT(best_first[i]))
			return best_first[i];
	return HWS_CODEC_VP9;
}

uint32_t hws_codecs_encodable(void)
{
	uint32_t set = 0;

	for (enum hws_codec c = HWS_CODEC_VP8; c < HWS_CODEC_RAW; c++)
		if (hws_codec_can_encode(c))
			set |= BIT(c);
	return set;
}
