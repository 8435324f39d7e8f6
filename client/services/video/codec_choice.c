/* Rules of deployed hosts: one codec for all, which each viewer decodes; the wish that most have
 * wins, and without any the codec that saves most. */
#include "client/services/video/codec_choice.h"
#include "client/core/codec_wire.h"
#include "client/media/codec_table.h"

struct hws_codec_wish hws_codec_wish_of(const Ses__SupportedDecoding *d)
{
	if (!d)
		return (struct hws_codec_wish){ HWS_CODEC_BIT(HWS_CODEC_VP9), HWS_CODEC_NONE };
	return (struct hws_codec_wish){ hws_codecs_of_decoding(d),
		hws_codec_by_wish((unsigned)d->prefer) };
}

enum hws_codec hws_codec_choose(
		const struct hws_codec_wish *wish, unsigned count, uint32_t can_encode)
{
	unsigned votes[HWS_CODEC_COUNT] = { 0 }, most = 0;
	uint32_t usable = can_encode;
	enum hws_codec winner = HWS_CODEC_NONE;

	for (unsigned i = 0; i < count; i++)
		usable &= wish[i].can;
	usable |= HWS_CODEC_BIT(HWS_CODEC_VP9); /* everybody has it */
	for (unsigned i = 0; i < count; i++) {
		enum hws_codec c = wish[i].prefer;
		if (c == HWS_CODEC_NONE || !(usable & HWS_CODEC_BIT(c)))
			continue;
		if (++votes[c] > most) {
			most = votes[c];
			winner = c;
		}
	}
	if (winner != HWS_CODEC_NONE)
		return winner;
	winner = HWS_CODEC_VP9;
	for (enum hws_codec c = HWS_CODEC_NONE; count && c < HWS_CODEC_COUNT; c++)
		if (usable & HWS_CODEC_BIT(c) &&
				hws_codec_row(c)->rank > hws_codec_row(winner)->rank)
			winner = c;
	return winner;
}
