/* The boxes of ISO/IEC 14496-15 (avcC, hvcC), of the AV1 and VP codec bindings (av1C, vpcC). */
#include "client/services/recording/codec_private.h"
#include "client/media/bits.h"
#include "client/media/codec_table.h"
#include "client/media/nal.h"

#define SETS_MAX 8u /* of each kind: a stream has one */
#define PLAIN_MAX 256u

enum { H264_SPS = 7, H264_PPS = 8, H264_AUD = 9 };
enum { H265_VPS = 32, H265_SPS = 33, H265_PPS = 34, H265_AUD = 35 };

/* What the part says without the bytes that keep start codes out of it. */
static size_t plain_of(struct hws_bytes nal, uint8_t *out, size_t size)
{
	size_t n = 0;
	unsigned zeros = 0;

	for (size_t i = 0; i < nal.len && n < size; i++) {
		uint8_t c = nal.ptr[i];
		if (zeros >= 2 && c == 3) {
			zeros = 0;
			continue;
		}
		zeros = c == 0 ? zeros + 1 : 0;
		out[n++] = c;
	}
	return n;
}

struct sets {
	struct hws_bytes of[3][SETS_MAX]; /* VPS, SPS, PPS */
	unsigned n[3];
};

static unsigned nal_type(enum hws_codec codec, struct hws_bytes nal)
{
	return codec == HWS_CODEC_H264 ? nal.ptr[0] & 31u : nal.ptr[0] >> 1 & 63u;
}

/* 0, 1, 2 of VPS, SPS, PPS; -1: another part; -2: a part that files do not hold. */
static int set_kind(enum hws_codec codec, struct hws_bytes nal)
{
	unsigned t = nal_type(codec, nal);

	if (codec == HWS_CODEC_H264)
		return t == H264_SPS ? 1 : t == H264_PPS ? 2 : t == H264_AUD ? -2 : -1;
	return t >= H265_VPS && t <= H265_PPS ? (int)(t - H265_VPS) : t == H265_AUD ? -2 : -1;
}

static int collect(enum hws_codec codec, struct hws_bytes packet, struct sets *ret)
{
	struct hws_bytes nal;

	*ret = (struct sets){ 0 };
	while (hws_nal_next(&packet, &nal)) {
		int k = set_kind(codec, nal);
		if (k < 0)
			continue;
		if (nal.len < 4 || nal.len > 0xffff || ret->n[k] == SETS_MAX)
			return HWS_ERR_CORRUPT;
		ret->of[k][ret->n[k]++] = nal;
	}
	return ret->n[1] && ret->n[2] ? HWS_OK : HWS_ERR_CORRUPT;
}

static void put16(struct hws_buf *b, size_t v)
{
	hws_buf_put_u8(b, (uint8_t)(v >> 8));
	hws_buf_put_u8(b, (uint8_t)v);
}

static void put_sets(struct hws_buf *b, const struct sets *s, int kind)
{
	for (unsigned i = 0; i < s->n[kind]; i++) {
		put16(b, s->of[kind][i].len);
		hws_buf_put(b, s->of[kind][i].ptr, s->of[kind][i].len);
	}
}

/* --- H.264 --- */

static int avcc(struct hws_bytes packet, struct hws_buf *b)
{
	struct sets s;
	int r = collect(HWS_CODEC_H264, packet, &s);

	if (r < 0)
		return r;
	const uint8_t *sps = s.of[1][0].ptr;
	hws_buf_put_u8(b, 1);
	hws_buf_put(b, sps + 1, 3); /* profile, constraints, level */
	hws_buf_put_u8(b, 0xff);    /* lengths of four bytes */
	hws_buf_put_u8(b, (uint8_t)(0xe0 | s.n[1]));
	put_sets(b, &s, 1);
	hws_buf_put_u8(b, (uint8_t)s.n[2]);
	put_sets(b, &s, 2);
	if (sps[1] == 100 || sps[1] == 110 || sps[1] == 122 || sps[1] == 144) {
		uint8_t plain[PLAIN_MAX];
		struct hws_bits in = { .in = hws_bytes(plain,
						       plain_of(s.of[1][0], plain, PLAIN_MAX)) };
		in.at = 32;
		hws_bits_golomb(&in);
		uint32_t chroma = hws_bits_golomb(&in);
		if (chroma == 3)
			hws_bits_take(&in, 1);
		uint32_t luma_bits = hws_bits_golomb(&in), chroma_bits = hws_bits_golomb(&in);
		if (in.cut || chroma > 3 || luma_bits > 6 || chroma_bits > 6)
			return HWS_ERR_CORRUPT;
		hws_buf_put_u8(b, (uint8_t)(0xfc | chroma));
		hws_buf_put_u8(b, (uint8_t)(0xf8 | luma_bits));
		hws_buf_put_u8(b, (uint8_t)(0xf8 | chroma_bits));
		hws_buf_put_u8(b, 0);
	}
	return HWS_OK;
}

/* --- H.265 --- */

struct h265_sps {
	uint8_t general[12]; /* as both have it: profile, compatibility, constraints, level */
	unsigned layers, nested;
	uint32_t chroma, luma_bits, chroma_bits;
};

static void skip_layers(struct hws_bits *in, unsigned layers)
{
	uint32_t flags = 0;

	for (unsigned i = 0; i < layers; i++)
		flags |= hws_bits_take(in, 2) << (2 * i);
	if (layers)
		hws_bits_take(in, 2 * (8 - layers));
	for (unsigned i = 0; i < layers; i++) {
		hws_bits_skip(in, flags >> (2 * i + 1) & 1 ? 88u : 0u);
		hws_bits_skip(in, flags >> (2 * i) & 1 ? 8u : 0u);
	}
}

static int h265_sps(struct hws_bytes nal, struct h265_sps *ret)
{
	uint8_t plain[PLAIN_MAX];
	struct hws_bits in = { .in = hws_bytes(plain, plain_of(nal, plain, PLAIN_MAX)),
		.at = 16 + 4 };

	ret->layers = hws_bits_take(&in, 3);
	ret->nested = hws_bits_take(&in, 1);
	for (size_t i = 0; i < sizeof(ret->general); i++)
		ret->general[i] = (uint8_t)hws_bits_take(&in, 8);
	if (ret->layers > 6)
		return HWS_ERR_CORRUPT;
	skip_layers(&in, ret->layers);
	hws_bits_golomb(&in);
	ret->chroma = hws_bits_golomb(&in);
	if (ret->chroma == 3)
		hws_bits_take(&in, 1);
	hws_bits_golomb(&in);
	hws_bits_golomb(&in);
	if (hws_bits_take(&in, 1))
		for (int i = 0; i < 4; i++)
			hws_bits_golomb(&in);
	ret->luma_bits = hws_bits_golomb(&in);
	ret->chroma_bits = hws_bits_golomb(&in);
	return in.cut || ret->chroma > 3 || ret->luma_bits > 8 || ret->chroma_bits > 8
			? HWS_ERR_CORRUPT
			: HWS_OK;
}

static int hvcc(struct hws_bytes packet, struct hws_buf *b)
{
	struct h265_sps sps;
	struct sets s;
	int r = collect(HWS_CODEC_H265, packet, &s);

	if (r == HWS_OK && !s.n[0])
		r = HWS_ERR_CORRUPT;
	if (r == HWS_OK)
		r = h265_sps(s.of[1][0], &sps);
	if (r < 0)
		return r;
	hws_buf_put_u8(b, 1);
	hws_buf_put(b, sps.general, sizeof(sps.general));
	put16(b, 0xf000); /* nothing is known of segments that can be decoded alone */
	hws_buf_put_u8(b, 0xfc);
	hws_buf_put_u8(b, (uint8_t)(0xfc | sps.chroma));
	hws_buf_put_u8(b, (uint8_t)(0xf8 | sps.luma_bits));
	hws_buf_put_u8(b, (uint8_t)(0xf8 | sps.chroma_bits));
	put16(b, 0);
	hws_buf_put_u8(b, (uint8_t)((sps.layers + 1) << 3 | sps.nested << 2 | 3));
	hws_buf_put_u8(b, 3);
	for (int k = 0; k < 3; k++) {
		hws_buf_put_u8(b, (uint8_t)(0x80 | (H265_VPS + k)));
		put16(b, s.n[k]);
		put_sets(b, &s, k);
	}
	return HWS_OK;
}

/* --- AV1 --- */

struct av1_head {
	uint32_t profile, level, tier, high, twelve, mono, sub_x, sub_y, place;
	uint32_t width, height;
};

static void av1_times(struct hws_bits *in, uint32_t *ret_model, uint32_t *ret_delay_bits)
{
	hws_bits_take(in, 32);
	hws_bits_take(in, 32);
	if (hws_bits_take(in, 1))
		hws_bits_golomb(in);
	*ret_model = hws_bits_take(in, 1);
	if (*ret_model) {
		*ret_delay_bits = hws_bits_take(in, 5) + 1;
		hws_bits_take(in, 32);
		hws_bits_take(in, 10);
	}
}

static void av1_points(struct hws_bits *in, struct av1_head *h)
{
	uint32_t model = 0, delay_bits = 0;

	if (hws_bits_take(in, 1))
		av1_times(in, &model, &delay_bits);
	uint32_t display_delay = hws_bits_take(in, 1), points = hws_bits_take(in, 5) + 1;
	for (uint32_t i = 0; i < points && !in->cut; i++) {
		hws_bits_take(in, 12);
		uint32_t level = hws_bits_take(in, 5);
		uint32_t tier = level > 7 ? hws_bits_take(in, 1) : 0;
		if (i == 0) {
			h->level = level;
			h->tier = tier;
		}
		if (model && hws_bits_take(in, 1)) {
			hws_bits_take(in, delay_bits);
			hws_bits_take(in, delay_bits);
			hws_bits_take(in, 1);
		}
		if (display_delay && hws_bits_take(in, 1))
			hws_bits_take(in, 4);
	}
}

static void av1_tools(struct hws_bits *in)
{
	hws_bits_take(in, 4);
	uint32_t order = hws_bits_take(in, 1);
	if (order)
		hws_bits_take(in, 2);
	uint32_t screen = hws_bits_take(in, 1) ? 2 : hws_bits_take(in, 1);
	if (screen > 0 && !hws_bits_take(in, 1))
		hws_bits_take(in, 1);
	if (order)
		hws_bits_take(in, 3);
}

static void av1_colours(struct hws_bits *in, struct av1_head *h)
{
	h->high = hws_bits_take(in, 1);
	h->twelve = h->profile == 2 && h->high ? hws_bits_take(in, 1) : 0;
	h->mono = h->profile != 1 ? hws_bits_take(in, 1) : 0;
	uint32_t primaries = 2, transfer = 2, matrix = 2;
	if (hws_bits_take(in, 1)) {
		primaries = hws_bits_take(in, 8);
		transfer = hws_bits_take(in, 8);
		matrix = hws_bits_take(in, 8);
	}
	h->sub_x = h->sub_y = h->profile != 1;
	if (h->mono || (primaries == 1 && transfer == 13 && matrix == 0)) {
		h->sub_x = h->sub_y = h->mono;
		return;
	}
	hws_bits_take(in, 1);
	if (h->profile == 2) {
		h->sub_x = h->twelve ? hws_bits_take(in, 1) : 1;
		h->sub_y = h->twelve && h->sub_x ? hws_bits_take(in, 1) : 0;
	}
	if (h->sub_x && h->sub_y)
		h->place = hws_bits_take(in, 2);
}

static int av1_sequence(struct hws_bytes content, struct av1_head *ret)
{
	struct hws_bits in = { .in = content };

	*ret = (struct av1_head){ .profile = hws_bits_take(&in, 3) };
	hws_bits_take(&in, 1);
	uint32_t reduced = hws_bits_take(&in, 1);
	if (reduced)
		ret->level = hws_bits_take(&in, 5);
	else
		av1_points(&in, ret);
	uint32_t w_bits = hws_bits_take(&in, 4) + 1, h_bits = hws_bits_take(&in, 4) + 1;
	ret->width = hws_bits_take(&in, w_bits) + 1;
	ret->height = hws_bits_take(&in, h_bits) + 1;
	if (!reduced && hws_bits_take(&in, 1))
		hws_bits_take(&in, 7);
	hws_bits_take(&in, 3);
	if (!reduced)
		av1_tools(&in);
	hws_bits_take(&in, 3);
	av1_colours(&in, ret);
	return in.cut || ret->profile > 2 ? HWS_ERR_CORRUPT : HWS_OK;
}

/* The next OBU of the packet: whole, and its content. */
static bool obu_next(struct hws_bytes *in, struct hws_bytes *ret_whole, struct hws_bytes *ret)
{
	size_t at = 1, size = 0;

	if (in->len < 2)
		return false;
	bool extended = in->ptr[0] & 4, sized = in->ptr[0] & 2;
	at += extended;
	if (!sized || at >= in->len)
		return false;
	for (unsigned i = 0; i < 4; i++) {
		if (at >= in->len)
			return false;
		uint8_t c = in->ptr[at++];
		size |= (size_t)(c & 127u) << (7 * i);
		if (!(c & 128))
			break;
		if (i == 3)
			return false;
	}
	if (size > in->len - at)
		return false;
	*ret_whole = hws_bytes(in->ptr, at + size);
	*ret = hws_bytes(in->ptr + at, size);
	*in = hws_bytes(in->ptr + at + size, in->len - at - size);
	return true;
}

static int av1c(struct hws_bytes packet, struct hws_buf *b, struct hws_codec_private *ret)
{
	struct hws_bytes whole, content;
	struct av1_head h;

	while (obu_next(&packet, &whole, &content)) {
		if ((whole.ptr[0] >> 3 & 15) != 1)
			continue;
		int r = av1_sequence(content, &h);
		if (r < 0)
			return r;
		hws_buf_put_u8(b, 0x81);
		hws_buf_put_u8(b, (uint8_t)(h.profile << 5 | h.level));
		hws_buf_put_u8(b,
				(uint8_t)(h.tier << 7 | h.high << 6 | h.twelve << 5 | h.mono << 4 |
						h.sub_x << 3 | h.sub_y << 2 | h.place));
		hws_buf_put_u8(b, 0);
		hws_buf_put(b, whole.ptr, whole.len);
		ret->width = h.width;
		ret->height = h.height;
		return HWS_OK;
	}
	return HWS_ERR_CORRUPT;
}

/* --- VP8, VP9 --- */

/* Full box of the VP codec binding. */
static int vpcc(enum hws_codec codec, struct hws_bytes packet, struct hws_buf *b)
{
	unsigned profile = 0;

	if (codec == HWS_CODEC_VP9 && packet.len > 0)
		profile = (packet.ptr[0] >> 5 & 1u) | (packet.ptr[0] >> 3 & 2u);
	const uint8_t box[] = { 1, 0, 0, 0, (uint8_t)profile, 0,
		(uint8_t)(8 << 4 | (profile & 1 ? 3 : 1) << 1), 1, 1, 1, 0, 0 };
	hws_buf_put(b, box, sizeof(box));
	return HWS_OK;
}

int hws_codec_private_of(
		enum hws_codec codec, struct hws_bytes packet, struct hws_codec_private *ret)
{
	const struct hws_codec_row *row = hws_codec_row(codec);
	struct hws_packet_size size;
	struct hws_buf b;
	int r;

	ret->len = ret->width = ret->height = 0;
	hws_buf_init(&b, HWS_CODEC_PRIVATE_MAX);
	r = codec == HWS_CODEC_H264                                        ? avcc(packet, &b)
			: codec == HWS_CODEC_H265                          ? hvcc(packet, &b)
			: codec == HWS_CODEC_AV1                           ? av1c(packet, &b, ret)
			: codec == HWS_CODEC_VP8 || codec == HWS_CODEC_VP9 ? vpcc(codec, packet, &b)
									   : HWS_ERR_UNSUPPORTED;
	if (r == HWS_OK)
		r = hws_buf_err(&b);
	if (r == HWS_OK) {
		ret->len = hws_buf_len(&b);
		memcpy(ret->data, hws_buf_bytes(&b).ptr, ret->len);
	}
	hws_buf_done(&b);
	if (r == HWS_OK && !ret->width && row->packet_size &&
			row->packet_size(codec, packet, &size) == HWS_OK) {
		ret->width = size.width;
		ret->height = size.height;
	}
	return r;
}

bool hws_codec_private_equal(const struct hws_codec_private *a, const struct hws_codec_private *b)
{
	return a->width == b->width && a->height == b->height &&
			hws_bytes_equal(hws_bytes(a->data, a->len), hws_bytes(b->data, b->len));
}

int hws_codec_in_file(enum hws_codec codec, struct hws_bytes packet, struct hws_buf *out,
		struct hws_bytes *ret)
{
	struct hws_bytes nal;

	*ret = packet;
	/* Files mark where a picture begins themselves. */
	if (codec == HWS_CODEC_AV1 && packet.len > 2 && packet.ptr[0] == 0x12 && !packet.ptr[1])
		*ret = hws_bytes(packet.ptr + 2, packet.len - 2);
	if (codec != HWS_CODEC_H264 && codec != HWS_CODEC_H265)
		return HWS_OK;
	hws_buf_reset(out);
	while (hws_nal_next(&packet, &nal)) {
		if (set_kind(codec, nal) != -1)
			continue;
		put16(out, nal.len >> 16);
		put16(out, nal.len & 0xffff);
		hws_buf_put(out, nal.ptr, nal.len);
	}
	*ret = hws_buf_bytes(out);
	return hws_buf_err(out) ? hws_buf_err(out) : ret->len ? HWS_OK : HWS_ERR_CORRUPT;
}
