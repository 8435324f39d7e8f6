/* Rules of deployed hosts: one codec for all, which each viewer decodes; the wish that most have
 * wins, and without any the codec that saves most. */
#include "client/services/video/codec_choice.h"
#include "client/core/codec_wire.h"
#include "client/media/codec_table.h"

struct hws_codec_wish hws_codec_wish_of(const Ses__SupportedDecoding *d)
{
	if (!d)
		return (struct hws_codec_wish){ .can = HWS_CODEC_BIT(HWS_CODEC_VP9) };
	uint32_t can = hws_codecs_of_decoding(d);

	return (struct hws_codec_wish){ .can = can,
		.prefer = hws_codec_by_wish((unsigned)d->prefer),
		.whole = can & hws_codecs_of_ability(d->i444),
		.prefers_whole = d->prefer_chroma == SES__CHROMA__I444 };
}

/* What most viewers ask for, the first of them that came where there are two. */
static enum hws_codec wished(const struct hws_codec_wish *wish, unsigned count, uint32_t usable)
{
	unsigned votes[HWS_CODEC_COUNT] = { 0 }, most = 0;
	enum hws_codec winner = HWS_CODEC_NONE;

	for (unsigned i = 0; i < count; i++) {
		enum hws_codec c = wish[i].prefer;
		if (c == HWS_CODEC_NONE || !(usable & HWS_CODEC_BIT(c)))
			continue;
		if (++votes[c] > most) {
			most = votes[c];
			winner = c;
		}
	}
	return winner;
}

struct hws_codec_choice hws_codec_choose(const struct hws_codec_wish *wish, unsigned count,
		const struct hws_codec_host *host)
{
	struct hws_codec_choice ret = { .codec = HWS_CODEC_VP9, .whole = count > 0 };
	uint32_t usable = host->can;

	for (unsigned i = 0; i < count; i++)
		usable &= wish[i].can;
	usable |= HWS_CODEC_BIT(HWS_CODEC_VP9); /* everybody has it */
	enum hws_codec winner = wished(wish, count, usable);
	for (enum hws_codec c = HWS_CODEC_NONE; count && c < HWS_CODEC_COUNT; c++)
		if (usable & host->ready & HWS_CODEC_BIT(c) &&
				hws_codec_row(c)->rank > hws_codec_row(ret.codec)->rank)
			ret.codec = c;
	if (winner != HWS_CODEC_NONE)
		ret.codec = winner;
	for (unsigned i = 0; i < count; i++)
		ret.whole = ret.whole && wish[i].prefers_whole &&
				wish[i].whole & HWS_CODEC_BIT(ret.codec);
	ret.whole = ret.whole && host->whole & HWS_CODEC_BIT(ret.codec);
	return ret;
}
