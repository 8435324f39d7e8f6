/* The table itself is data only; all knowledge of a codec beyond these columns is in its own
 * file. */
#include "client/media/codec_table.h"
#include "client/media/aom.h"
#include "client/media/av1_sizes.h"
#include "client/media/dav1d.h"
#include "client/media/de265.h"
#include "client/media/hardware.h"
#include "client/media/nal.h"
#include "client/media/openh264.h"
#include "client/media/raw.h"
#include "client/media/vpx.h"
#include "client/media/vpx_sizes.h"
#include "shared/base/str.h"

#define I420 HWS_PIXEL_BIT(HWS_PIXEL_I420)
#define PLANAR (I420 | HWS_PIXEL_BIT(HWS_PIXEL_I444))
#define YUV (PLANAR | HWS_PIXEL_BIT(HWS_PIXEL_NV12))

static const struct hws_codec_row table[HWS_CODEC_COUNT] = {
	[HWS_CODEC_NONE] = { .name = "none", .title = "–" },
	[HWS_CODEC_VP8] = { .name = "vp8",
			.title = "VP8",
			.wish = 4,
			.frames = 12,
			.ability = 5,
			.whole = 1,
			.encoding = 3,
			.webm_id = "V_VP8",
			.takes = I420,
			.gives = I420,
			.side_max = 16383,
			.new_encoder = hws_vpx_encoder_new,
			.new_decoder = hws_vpx_decoder_new,
			.packet_size = hws_vpx_packet_size },
	[HWS_CODEC_VP9] = { .name = "vp9",
			.title = "VP9",
			.wish = 1,
			.frames = 6,
			.ability = 1,
			.whole = 2,
			.webm_id = "V_VP9",
			.takes = PLANAR,
			.gives = PLANAR,
			.new_encoder = hws_vpx_encoder_new,
			.new_decoder = hws_vpx_decoder_new,
			.packet_size = hws_vpx_packet_size },
	[HWS_CODEC_AV1] = { .name = "av1",
			.title = "AV1",
			.wish = 5,
			.frames = 13,
			.ability = 6,
			.whole = 3,
			.encoding = 4,
			.webm_id = "V_AV1",
			.takes = PLANAR,
			.gives = PLANAR,
			.rank = 1,
			.new_encoder = hws_aom_encoder_new,
			.new_decoder = hws_dav1d_decoder_new,
			.packet_size = hws_av1_packet_size },
	[HWS_CODEC_H264] = { .name = "h264",
			.title = "H.264",
			.wish = 2,
			.frames = 10,
			.ability = 2,
			.whole = 4,
			.encoding = 1,
			.takes = I420,
			.gives = I420,
			.side_max = 16384,
			.blocks_max = 36864, /* level 5.2 */
			.even = true,
			.new_encoder = hws_openh264_encoder_new,
			.new_decoder = hws_openh264_decoder_new,
			.packet_size = hws_nal_packet_size },
	[HWS_CODEC_H265] = { .name = "h265",
			.title = "H.265",
			.wish = 3,
			.frames = 11,
			.ability = 3,
			.whole = 5,
			.encoding = 2,
			.takes = I420, /* by a device: there is no encoder of ours */
			.gives = I420,
			.even = true,
			.new_decoder = hws_de265_decoder_new,
			.packet_size = hws_nal_packet_size },
	[HWS_CODEC_RAW] = { .name = "raw",
			.title = "raw",
			.takes = YUV | HWS_PIXEL_BIT(HWS_PIXEL_DMABUF),
			.gives = YUV,
			.new_encoder = hws_raw_encoder_new,
			.new_decoder = hws_raw_decoder_new },
};

const struct hws_codec_row *hws_codec_row(enum hws_codec codec)
{
	return &table[(unsigned)codec < HWS_CODEC_COUNT ? codec : HWS_CODEC_NONE];
}

enum hws_codec hws_codec_by_name(const char *name)
{
	for (enum hws_codec c = HWS_CODEC_NONE + 1; c < HWS_CODEC_COUNT; c++)
		if (hws_str_equal(table[c].name, name))
			return c;
	return HWS_CODEC_NONE;
}

enum hws_codec hws_codec_by_wish(unsigned wish)
{
	for (enum hws_codec c = HWS_CODEC_NONE + 1; wish && c < HWS_CODEC_COUNT; c++)
		if (table[c].wish == wish)
			return c;
	return HWS_CODEC_NONE;
}

enum hws_codec hws_codec_by_frames(unsigned field)
{
	for (enum hws_codec c = HWS_CODEC_NONE + 1; field && c < HWS_CODEC_COUNT; c++)
		if (table[c].frames == field)
			return c;
	return HWS_CODEC_NONE;
}

const char *hws_codec_name(enum hws_codec codec)
{
	return hws_codec_row(codec)->name;
}

bool hws_codec_can_encode(enum hws_codec codec)
{
	return hws_codec_row(codec)->new_encoder != NULL || hws_hardware_has(HWS_HW_ENCODES, codec);
}

bool hws_codec_can_decode(enum hws_codec codec)
{
	return hws_codec_row(codec)->new_decoder != NULL;
}

uint32_t hws_codec_takes(enum hws_codec codec, bool whole_chroma)
{
	const uint32_t whole = HWS_PIXEL_BIT(HWS_PIXEL_I444);

	return hws_codec_row(codec)->takes & (whole_chroma ? whole : ~whole);
}

bool hws_codec_fits(enum hws_codec codec, int width, int height)
{
	const struct hws_codec_row *row = hws_codec_row(codec);

	if (!hws_picture_fits(width, height))
		return false;
	if (row->side_max && (width > row->side_max || height > row->side_max))
		return false;
	if (row->blocks_max && ((width + 15) / 16) * ((height + 15) / 16) > row->blocks_max)
		return false;
	return !row->even || (width % 2 == 0 && height % 2 == 0);
}

uint32_t hws_codecs_encodable(void)
{
	uint32_t set = 0;

	for (enum hws_codec c = HWS_CODEC_NONE + 1; c < HWS_CODEC_COUNT; c++)
		if (table[c].frames && hws_codec_can_encode(c))
			set |= HWS_CODEC_BIT(c);
	return set;
}

uint32_t hws_codecs_decodable(void)
{
	uint32_t set = 0;

	for (enum hws_codec c = HWS_CODEC_NONE + 1; c < HWS_CODEC_COUNT; c++)
		if (table[c].frames && table[c].new_decoder)
			set |= HWS_CODEC_BIT(c);
	return set;
}

uint32_t hws_codecs_whole_encodable(void)
{
	uint32_t set = hws_codecs_encodable();

	for (enum hws_codec c = HWS_CODEC_NONE; c < HWS_CODEC_COUNT; c++)
		if (!(table[c].takes & HWS_PIXEL_BIT(HWS_PIXEL_I444)))
			set &= ~HWS_CODEC_BIT(c);
	return set;
}

uint32_t hws_codecs_whole_decodable(void)
{
	uint32_t set = hws_codecs_decodable();

	for (enum hws_codec c = HWS_CODEC_NONE; c < HWS_CODEC_COUNT; c++)
		if (!(table[c].gives & HWS_PIXEL_BIT(HWS_PIXEL_I444)))
			set &= ~HWS_CODEC_BIT(c);
	return set;
}
