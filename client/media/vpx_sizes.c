/* The headers of frames as far as their sizes (RFC 6386, 9.1; VP9 bitstream specification, 6.2 and
 * annex B). libvpx itself takes memory by what the header says, whatever kind of frame it is. */
#include "client/media/vpx_sizes.h"
#include "client/media/bits.h"
#include "shared/base/macros.h"

#define VP9_SYNC 0x498342u

static void take_size(struct hws_bits *b, struct hws_packet_size *ret)
{
	unsigned w = hws_bits_take(b, 16) + 1, h = hws_bits_take(b, 16) + 1;

	ret->width = HWS_MAX(ret->width, w);
	ret->height = HWS_MAX(ret->height, h);
}

static void take_size_by_refs(struct hws_bits *b, struct hws_packet_size *ret)
{
	for (int i = 0; i < 3; i++)
		if (hws_bits_take(b, 1))
			return;
	take_size(b, ret);
}

/* The colours of profile 1 are of any sampling but halved both ways; ours are whole. */
static int take_colours(struct hws_bits *b, unsigned profile)
{
	enum { SRGB = 7 };

	if (hws_bits_take(b, 3) == SRGB)
		return profile ? HWS_ERR_UNSUPPORTED : HWS_ERR_CORRUPT;
	hws_bits_take(b, 1);
	if (profile == 0)
		return HWS_OK;
	return hws_bits_take(b, 3) == 0 ? HWS_OK : HWS_ERR_UNSUPPORTED;
}

static int take_start(struct hws_bits *b, unsigned profile, bool colours)
{
	if (hws_bits_take(b, 24) != VP9_SYNC)
		return HWS_ERR_CORRUPT;
	return colours || profile > 0 ? take_colours(b, profile) : HWS_OK;
}

/* Behind the first bits of a frame that has pictures before it. */
static int inter_frame(
		struct hws_bits *b, unsigned profile, bool intra_only, struct hws_packet_size *ret)
{
	int r = HWS_OK;

	if (intra_only) {
		r = take_start(b, profile, false);
		hws_bits_skip(b, 8); /* what it replaces */
		take_size(b, ret);
	} else {
		hws_bits_skip(b, 8 + 3 * 4); /* and its references */
		take_size_by_refs(b, ret);
	}
	return r;
}

static int vp9_frame(struct hws_bytes frame, struct hws_packet_size *ret)
{
	struct hws_bits b = hws_bits(frame);
	unsigned marker = hws_bits_take(&b, 2), profile = hws_bits_take(&b, 1);
	int r = HWS_OK;

	profile |= hws_bits_take(&b, 1) << 1;
	if (b.cut || marker != 2)
		return HWS_ERR_CORRUPT;
	if (profile > 1)
		return HWS_ERR_UNSUPPORTED;
	if (hws_bits_take(&b, 1)) /* shows a frame that is there already */
		return HWS_OK;
	bool inter = hws_bits_take(&b, 1), show = hws_bits_take(&b, 1);
	bool resilient = hws_bits_take(&b, 1);

	if (inter) {
		bool intra_only = !show && hws_bits_take(&b, 1);
		if (!resilient)
			hws_bits_skip(&b, 2); /* which contexts start anew */
		r = inter_frame(&b, profile, intra_only, ret);
	} else {
		r = take_start(&b, profile, true);
		take_size(&b, ret);
	}
	return b.cut ? HWS_ERR_CORRUPT : r;
}

/* The index behind the frames of a packet, if there is one. */
static int vp9_packet(struct hws_bytes p, struct hws_packet_size *ret)
{
	uint8_t marker = p.ptr[p.len - 1];
	size_t count = (marker & 7u) + 1, wide = (marker >> 3 & 3u) + 1, index = 2 + wide * count;
	size_t at = 0;

	if ((marker & 0xe0) != 0xc0)
		return vp9_frame(p, ret);
	if (p.len < index || p.ptr[p.len - index] != marker)
		return HWS_ERR_CORRUPT;
	ret->indexed = true;
	const uint8_t *entry = p.ptr + p.len - index + 1;
	for (size_t i = 0; i < count; i++) {
		size_t n = 0;
		for (size_t k = 0; k < wide; k++)
			n |= (size_t)*entry++ << (8 * k);
		if (n > p.len - index - at)
			return HWS_ERR_CORRUPT;
		int r = n ? vp9_frame(hws_bytes(p.ptr + at, n), ret) : HWS_ERR_CORRUPT;
		if (r < 0)
			return r;
		at += n;
	}
	return HWS_OK;
}

static int vp8_packet(struct hws_bytes p, struct hws_packet_size *ret)
{
	if (p.len < 3)
		return HWS_ERR_CORRUPT;
	if (p.ptr[0] & 1) /* not a key frame */
		return HWS_OK;
	if (p.len < 10 || p.ptr[3] != 0x9d || p.ptr[4] != 0x01 || p.ptr[5] != 0x2a)
		return HWS_ERR_CORRUPT;
	ret->width = (p.ptr[7] & 0x3fu) << 8 | p.ptr[6];
	ret->height = (p.ptr[9] & 0x3fu) << 8 | p.ptr[8];
	return HWS_OK;
}

int hws_vpx_packet_size(enum hws_codec codec, struct hws_bytes packet, struct hws_packet_size *ret)
{
	*ret = (struct hws_packet_size){ 0 };
	if (packet.len == 0)
		return HWS_ERR_CORRUPT;
	int r = codec == HWS_CODEC_VP8 ? vp8_packet(packet, ret) : vp9_packet(packet, ret);

	return r < 0 ? r : hws_packet_size_check(ret);
}
