/* The table of codecs as embedders see it: the public numbers are those of the wire, which the
 * table has, so that no list of them stands here. */
#include "client/api/codecs.h"
#include "client/media/codec_table.h"
#include "proto/session.pb-c.h"
#include <hawser/hawser.h>

/* The public numbers are ours; they may not drift apart. */
#define SAME(name, wire)                                                                           \
	_Static_assert((int)HAWSER_CODEC_##name ==                                                 \
					(int)SES__SUPPORTED_DECODING__PREFER_CODEC__##wire,        \
			"public codec")
SAME(AUTO, Auto);
SAME(VP8, VP8);
SAME(VP9, VP9);
SAME(AV1, AV1);
SAME(H264, H264);
SAME(H265, H265);

bool api_codec_is(int codec)
{
	return codec == HAWSER_CODEC_AUTO ||
			(codec > 0 && hws_codec_by_wish((unsigned)codec) != HWS_CODEC_NONE);
}

enum hawser_codec api_codec_public(enum hws_codec codec)
{
	return (enum hawser_codec)hws_codec_row(codec)->wish;
}

size_t hawser_codecs(enum hawser_codec *list, size_t max)
{
	size_t n = 0;
	uint32_t can = hws_codecs_decodable();

	if (n++ < max)
		list[0] = HAWSER_CODEC_AUTO;
	for (enum hws_codec c = HWS_CODEC_NONE + 1; c < HWS_CODEC_COUNT; c++)
		if (can & HWS_CODEC_BIT(c) && n++ < max)
			list[n - 1] = api_codec_public(c);
	return n;
}

const char *hawser_codec_name(enum hawser_codec codec)
{
	return codec == HAWSER_CODEC_AUTO ? "auto"
					  : hws_codec_name(hws_codec_by_wish((unsigned)codec));
}

const char *hawser_codec_title(enum hawser_codec codec)
{
	return hws_codec_row(hws_codec_by_wish((unsigned)codec))->title;
}
