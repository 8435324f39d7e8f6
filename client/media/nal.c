/* Sequence parameter sets as far as their sizes (ITU-T H.264, 7.3.2.1; H.265, 7.3.2.2). Whatever
 * has another meaning in a later edition is no size of a picture of ours, and is refused. */
#include "client/media/nal.h"
#include "client/media/bits.h"
#include "shared/base/macros.h"
#include <string.h>

#define UNITS_MAX 4096u /* in one packet: a picture may be of many slices */
#define SET_MAX 4096u   /* bytes of a parameter set that are looked at */
#define CROP_MAX 64u    /* pixels: the largest block */

enum { AVC_SPS = 7, AVC_SUBSET_SPS = 15, AVC_LAYER_SLICE = 20, HEVC_SPS = 33 };

/* Where the next 0 0 1 begins; the end if there is none. */
static size_t start_code(struct hws_bytes in, size_t from)
{
	for (size_t i = from; i + 3 <= in.len; i++) {
		const uint8_t *p = memchr(in.ptr + i, 0, in.len - i - 2);
		if (!p)
			return in.len;
		i = (size_t)(p - in.ptr);
		if (p[1] == 0 && p[2] == 1)
			return i;
	}
	return in.len;
}

bool hws_nal_next(struct hws_bytes *in, struct hws_bytes *ret)
{
	size_t at = start_code(*in, 0);

	if (at + 3 >= in->len)
		return false;
	at += 3;
	size_t end = start_code(*in, at), n = end;
	while (n > at && in->ptr[n - 1] == 0)
		n--;
	*ret = hws_bytes(in->ptr + at, n - at);
	*in = hws_bytes(in->ptr + end, in->len - end);
	return true;
}

/* Without the bytes that keep start codes from appearing (7.4.1). */
static size_t unescape(struct hws_bytes in, uint8_t out[SET_MAX])
{
	unsigned zeros = 0;
	size_t n = 0;

	for (size_t i = 0; i < in.len && n < SET_MAX; i++) {
		if (zeros >= 2 && in.ptr[i] == 3) {
			zeros = 0;
			continue;
		}
		zeros = in.ptr[i] ? 0 : zeros + 1;
		out[n++] = in.ptr[i];
	}
	return n;
}

/* What is cropped: left, right, top, bottom, in samples of chroma. */
struct crop {
	uint64_t side[4];
};

static void take_crop(struct hws_bits *b, struct crop *ret)
{
	*ret = (struct crop){ 0 };
	if (hws_bits_take(b, 1))
		for (int i = 0; i < 4; i++)
			ret->side[i] = hws_bits_golomb(b);
}

/* The size as coded is what memory is taken for, and what is capped; what is cropped to whole
 * blocks is told as it is shown, or a picture of 1080 lines would be given room for 1088. */
static uint64_t shown(uint64_t coded, uint64_t before, uint64_t behind)
{
	uint64_t less = 2 * (before + behind);

	return less < CROP_MAX && less < coded ? coded - less : coded;
}

static int add(struct hws_packet_size *s, uint64_t width, uint64_t height, const struct crop *crop)
{
	struct hws_packet_size coded;

	if (width > HWS_PICTURE_SIDE_MAX || height > HWS_PICTURE_SIDE_MAX)
		return HWS_ERR_TOOBIG;
	if (!width || !height)
		return HWS_ERR_CORRUPT;
	coded = (struct hws_packet_size){ .width = (unsigned)width, .height = (unsigned)height };
	width = shown(width, crop->side[0], crop->side[1]);
	height = shown(height, crop->side[2], crop->side[3]);
	s->width = HWS_MAX(s->width, (unsigned)width);
	s->height = HWS_MAX(s->height, (unsigned)height);
	return hws_packet_size_check(&coded);
}

/* --- H.264 ------------------------------------------------------------------------------------ */

static int golomb_signed(struct hws_bits *b)
{
	uint32_t v = hws_bits_golomb(b);

	return v & 1 ? (int)(v / 2 + 1) : -(int)(v / 2);
}

static void skip_scaling(struct hws_bits *b)
{
	for (unsigned i = 0; i < 8; i++) {
		unsigned size = i < 6 ? 16 : 64;
		int last = 8, next = 8;
		if (!hws_bits_take(b, 1))
			continue;
		for (unsigned k = 0; k < size && next && !b->cut; k++) {
			next = (last + (golomb_signed(b) & 255)) & 255;
			last = next ? next : last;
		}
	}
}

/* With what the higher profiles have before the sizes. */
static bool avc_is_high(unsigned profile)
{
	static const uint8_t high[] = { 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134,
		135 };

	return memchr(high, (int)profile, sizeof(high)) != NULL;
}

static bool avc_take_high(struct hws_bits *b)
{
	bool fits = hws_bits_golomb(b) == 1; /* chroma halved both ways */

	fits = fits && hws_bits_golomb(b) == 0; /* 8 bits */
	fits = fits && hws_bits_golomb(b) == 0;
	hws_bits_skip(b, 1);
	if (fits && hws_bits_take(b, 1))
		skip_scaling(b);
	return fits;
}

static void avc_skip_order(struct hws_bits *b)
{
	uint32_t type = hws_bits_golomb(b);

	if (type == 0) {
		hws_bits_golomb(b);
	} else if (type == 1) {
		hws_bits_skip(b, 1);
		hws_bits_golomb(b);
		hws_bits_golomb(b);
		for (uint32_t n = HWS_MIN(hws_bits_golomb(b), 255u); n && !b->cut; n--)
			hws_bits_golomb(b);
	}
}

static int avc_sps(struct hws_bytes set, struct hws_packet_size *ret)
{
	struct hws_bits b = hws_bits(set);

	hws_bits_skip(&b, 8);
	unsigned profile = hws_bits_take(&b, 8);
	hws_bits_skip(&b, 16);
	hws_bits_golomb(&b);
	if (avc_is_high(profile) && !avc_take_high(&b))
		return b.cut ? HWS_ERR_CORRUPT : HWS_ERR_UNSUPPORTED;
	hws_bits_golomb(&b); /* numbers of frames */
	avc_skip_order(&b);
	hws_bits_golomb(&b); /* references */
	hws_bits_skip(&b, 1);
	uint64_t cols = (uint64_t)hws_bits_golomb(&b) + 1, rows = (uint64_t)hws_bits_golomb(&b) + 1;
	bool frames = hws_bits_take(&b, 1);
	struct crop crop;
	if (!b.cut && !frames)
		return HWS_ERR_UNSUPPORTED;
	hws_bits_skip(&b, 1);
	take_crop(&b, &crop);
	return b.cut ? HWS_ERR_CORRUPT : add(ret, cols * 16, rows * 16, &crop);
}

static int avc_unit(struct hws_bytes unit, struct hws_packet_size *ret)
{
	uint8_t set[SET_MAX];

	if (!unit.len || unit.ptr[0] & 0x80)
		return HWS_ERR_CORRUPT;
	switch (unit.ptr[0] & 31) {
	case AVC_SPS:
		return avc_sps(hws_bytes(set, unescape(unit, set)), ret);
	case AVC_SUBSET_SPS: /* of layers */
	case AVC_LAYER_SLICE:
		return HWS_ERR_UNSUPPORTED;
	default:
		return HWS_OK;
	}
}

/* --- H.265 ------------------------------------------------------------------------------------ */

static void hevc_skip_profile(struct hws_bits *b, unsigned layers)
{
	bool profile[8] = { 0 }, level[8] = { 0 };

	hws_bits_skip(b, 88 + 8);
	for (unsigned i = 0; i < layers; i++) {
		profile[i] = hws_bits_take(b, 1);
		level[i] = hws_bits_take(b, 1);
	}
	if (layers)
		hws_bits_skip(b, 2 * (8 - layers));
	for (unsigned i = 0; i < layers; i++)
		hws_bits_skip(b, (profile[i] ? 88u : 0u) + (level[i] ? 8u : 0u));
}

static int hevc_sps(struct hws_bytes set, struct hws_packet_size *ret)
{
	struct hws_bits b = hws_bits(set);

	hws_bits_skip(&b, 16 + 4);
	unsigned layers = hws_bits_take(&b, 3);
	hws_bits_skip(&b, 1);
	if (layers > 6)
		return HWS_ERR_CORRUPT;
	hevc_skip_profile(&b, layers);
	hws_bits_golomb(&b);
	uint32_t chroma = hws_bits_golomb(&b);
	uint64_t width = hws_bits_golomb(&b), height = hws_bits_golomb(&b);
	struct crop crop;
	take_crop(&b, &crop);
	uint32_t luma_bits = hws_bits_golomb(&b), chroma_bits = hws_bits_golomb(&b);
	if (b.cut)
		return HWS_ERR_CORRUPT;
	if (chroma != 1 || luma_bits || chroma_bits)
		return HWS_ERR_UNSUPPORTED;
	return add(ret, width, height, &crop);
}

static int hevc_unit(struct hws_bytes unit, struct hws_packet_size *ret)
{
	uint8_t set[SET_MAX];

	if (unit.len < 2 || unit.ptr[0] & 0x80)
		return HWS_ERR_CORRUPT;
	if (unit.ptr[0] & 1 || unit.ptr[1] >> 3) /* not of the first layer */
		return HWS_ERR_UNSUPPORTED;
	if (unit.ptr[0] >> 1 != HEVC_SPS)
		return HWS_OK;
	return hevc_sps(hws_bytes(set, unescape(unit, set)), ret);
}

int hws_nal_packet_size(enum hws_codec codec, struct hws_bytes packet, struct hws_packet_size *ret)
{
	struct hws_bytes unit;
	unsigned units = 0;
	int r = HWS_OK;

	*ret = (struct hws_packet_size){ 0 };
	while (r == HWS_OK && hws_nal_next(&packet, &unit)) {
		r = ++units > UNITS_MAX                   ? HWS_ERR_CORRUPT
				: codec == HWS_CODEC_H264 ? avc_unit(unit, ret)
							  : hevc_unit(unit, ret);
	}
	return units ? r : HWS_ERR_CORRUPT;
}
