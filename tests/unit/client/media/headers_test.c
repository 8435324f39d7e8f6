/* Headers of AV1, H.264 and H.265 that ask for large pictures, or for what no viewer said that it
 * can: refused before a decoder sees them. */
#include "client/media/av1_sizes.h"
#include "client/media/nal.h"
#include "client/media/video_codec.h"
#include "suites.h"
#include <string.h>

/* Headers are written bit by bit, as the specifications list them. */
struct bits {
	uint8_t data[256];
	size_t n;
};

static void put(struct bits *b, uint32_t value, unsigned count)
{
	while (count--) {
		b->data[b->n / 8] |= (uint8_t)((value >> count & 1) << (7 - b->n % 8));
		b->n++;
	}
}

static struct hws_bytes bytes_of(const struct bits *b)
{
	return hws_bytes(b->data, (b->n + 7) / 8);
}

static int refuses(enum hws_codec codec, struct hws_bytes packet)
{
	const struct hws_picture *p;
	struct hws_decoder *d;

	ck_assert_int_eq(hws_decoder_new(codec, 1, &d), HWS_OK);
	int r = hws_decoder_decode(d, packet, &p);
	hws_decoder_free(d);
	return r;
}

/* --- AV1 -------------------------------------------------------------------------------------- */

struct av1 {
	unsigned width, height, profile;
	bool timing, deep, grey;
};

/* A temporal delimiter and a sequence header (5.5). */
static struct bits av1_header(const struct av1 *a)
{
	struct bits b = { .data = { 0x12, 0x00, 0x0a, 100 }, .n = 32 };

	put(&b, a->profile, 3);
	put(&b, 0, 2);
	put(&b, a->timing, 1);
	if (a->timing) {
		put(&b, 1, 32);
		put(&b, 30, 32);
		put(&b, 1, 1);
		put(&b, 1, 1); /* golomb of 0 */
		put(&b, 1, 1); /* a model */
		put(&b, 9, 5);
		put(&b, 1, 32);
		put(&b, 9, 5);
		put(&b, 9, 5);
	}
	put(&b, a->timing, 1); /* delays */
	put(&b, 1, 5);         /* two points */
	for (int i = 0; i < 2; i++) {
		put(&b, 0, 12);
		put(&b, i ? 9 : 4, 5);
		put(&b, 0, i);
		if (a->timing) {
			put(&b, 1, 1);
			put(&b, 0, 21);
			put(&b, 1, 1);
			put(&b, 0, 4);
		}
	}
	put(&b, 15, 4);
	put(&b, 15, 4);
	put(&b, a->width - 1, 16);
	put(&b, a->height - 1, 16);
	put(&b, 0, 1 + 3 + 4); /* no numbers, no tools */
	put(&b, 0, 1);         /* no order */
	put(&b, 1, 1);
	put(&b, 1, 1);
	put(&b, 0, 3);
	put(&b, a->deep, 1);
	if (a->profile != 1)
		put(&b, a->grey, 1);
	put(&b, 0, 8);
	b.n = 8 * 104;
	return b;
}

static int av1_size(const struct bits *b, struct hws_packet_size *s)
{
	return hws_av1_packet_size(HWS_CODEC_AV1, bytes_of(b), s);
}

START_TEST(av1_states_its_largest_frame)
{
	struct hws_packet_size s;
	struct bits b;

	for (unsigned timing = 0; timing < 2; timing++)
		for (unsigned profile = 0; profile < 2; profile++) {
			b = av1_header(&(struct av1){ 1366, 768, profile, timing, false, false });
			ck_assert_int_eq(av1_size(&b, &s), HWS_OK);
			ck_assert_uint_eq(s.width, 1366);
			ck_assert_uint_eq(s.height, 768);
		}
	for (size_t n = 0; n < 104; n++)
		if (n != 2) /* a temporal delimiter alone is whole */
			ck_assert_int_eq(hws_av1_packet_size(
							 HWS_CODEC_AV1, hws_bytes(b.data, n), &s),
					HWS_ERR_CORRUPT);
	b.data[0] |= 0x80; /* forbidden */
	ck_assert_int_eq(av1_size(&b, &s), HWS_ERR_CORRUPT);
}
END_TEST

START_TEST(av1_is_capped_before_it_is_decoded)
{
	static const struct av1 large[] = { { .width = 16384, .height = 16384 },
		{ .width = 65536, .height = 1024 }, { .width = 65536, .height = 65536 } };
	static const struct av1 other[] = { { 64, 64, .deep = true }, { 64, 64, .grey = true },
		{ 64, 64, .profile = 2 }, { 64, 64, .profile = 1, .deep = true } };

	for (size_t i = 0; i < HWS_COUNT(large); i++) {
		struct bits b = av1_header(&large[i]);
		ck_assert_int_eq(refuses(HWS_CODEC_AV1, bytes_of(&b)), HWS_ERR_TOOBIG);
	}
	for (size_t i = 0; i < HWS_COUNT(other); i++) {
		struct bits b = av1_header(&other[i]);
		ck_assert_int_eq(refuses(HWS_CODEC_AV1, bytes_of(&b)), HWS_ERR_UNSUPPORTED);
	}
}
END_TEST

/* --- H.264 and H.265 -------------------------------------------------------------------------- */

static void golomb(struct bits *b, uint32_t value)
{
	unsigned n = 0;

	while ((value + 1) >> (n + 1))
		n++;
	put(b, 0, n);
	put(b, value + 1, n + 1);
}

struct nal {
	unsigned width, height;           /* in pixels; of H.264 whole blocks */
	unsigned crop_right, crop_bottom; /* in twos */
	unsigned profile, chroma, deep;
	bool fields;
};

static void put_crop(struct bits *b, const struct nal *a)
{
	put(b, a->crop_right || a->crop_bottom, 1);
	if (!a->crop_right && !a->crop_bottom)
		return;
	golomb(b, 0);
	golomb(b, a->crop_right);
	golomb(b, 0);
	golomb(b, a->crop_bottom);
}

/* Bytes that look like a start code get a 3 before them. */
static struct bits escaped(const struct bits *in)
{
	struct bits out = { .data = { 0, 0, 0, 1 } };
	size_t n = 4, zeros = 0;

	for (size_t i = 0; i < (in->n + 7) / 8; i++) {
		if (zeros == 2 && in->data[i] < 4) {
			out.data[n++] = 3;
			zeros = 0;
		}
		zeros = in->data[i] ? 0 : zeros + 1;
		out.data[n++] = in->data[i];
	}
	out.n = 8 * n;
	return out;
}

static struct bits avc_header(const struct nal *a)
{
	struct bits b = { 0 };

	put(&b, 0x67, 8);
	put(&b, a->profile, 8);
	put(&b, 0, 8);
	put(&b, 52, 8);
	golomb(&b, 0);
	if (a->profile == 100) {
		golomb(&b, a->chroma);
		golomb(&b, a->deep);
		golomb(&b, 0);
		put(&b, 0, 1);
		put(&b, 1, 1); /* matrices: the second of flat deltas, the last of one that ends */
		for (int i = 0; i < 8; i++) {
			put(&b, i == 1 || i == 7, 1);
			for (int k = 0; i == 1 && k < 16; k++)
				golomb(&b, k % 2 ? 1 : 2);
			if (i == 7)
				golomb(&b, 16); /* -8: no more follow */
		}
	}
	golomb(&b, 3);
	golomb(&b, 1); /* order of the second type, with offsets */
	put(&b, 0, 1);
	golomb(&b, 5);
	golomb(&b, 5);
	golomb(&b, 2);
	golomb(&b, 700);
	golomb(&b, 70000);
	golomb(&b, 1);
	put(&b, 0, 1);
	golomb(&b, a->width / 16 - 1);
	golomb(&b, a->height / 16 - 1);
	put(&b, !a->fields, 1);
	put(&b, 0, a->fields);
	put(&b, 1, 1);
	put_crop(&b, a);
	put(&b, 1, 2); /* and the stop bit */
	return escaped(&b);
}

static struct bits hevc_header(const struct nal *a)
{
	struct bits b = { 0 };

	put(&b, 0x4201, 16);
	put(&b, 0, 4);
	put(&b, 2, 3); /* two layers in time, of which the first has a profile and a level */
	put(&b, 1, 1);
	for (int i = 0; i < 12; i++)
		put(&b, 0, 8);
	put(&b, 0xc, 4);
	put(&b, 0, 12);
	for (int i = 0; i < 12; i++)
		put(&b, 0, 8);
	golomb(&b, 0);
	golomb(&b, a->chroma);
	golomb(&b, a->width);
	golomb(&b, a->height);
	put_crop(&b, a);
	golomb(&b, a->deep);
	golomb(&b, 0);
	put(&b, 1, 1);
	return escaped(&b);
}

static void states(enum hws_codec codec, const struct bits *b, unsigned width, unsigned height)
{
	struct hws_packet_size s;

	ck_assert_int_eq(hws_nal_packet_size(codec, bytes_of(b), &s), HWS_OK);
	ck_assert_uint_eq(s.width, width);
	ck_assert_uint_eq(s.height, height);
	/* Cut in the middle it is no size, and no other one. */
	for (size_t n = 6; n + 2 < b->n / 8; n++)
		if (hws_nal_packet_size(codec, hws_bytes(b->data, n), &s) == HWS_OK)
			ck_assert_msg(s.width == width && s.height == height, "%zu: %u x %u", n,
					s.width, s.height);
}

START_TEST(h264_states_its_size)
{
	struct bits b;

	for (int high = 0; high < 2; high++) {
		b = avc_header(&(struct nal){ 1920, 1088, 0, 4, high ? 100 : 77, 1 });
		states(HWS_CODEC_H264, &b, 1920, 1080);
	}
	/* What is cropped beyond a block is not believed. */
	b = avc_header(&(struct nal){ 4096, 2048, 2000, 0, 66, 1 });
	states(HWS_CODEC_H264, &b, 4096, 2048);
}
END_TEST

START_TEST(h265_states_its_size)
{
	struct bits b = hevc_header(&(struct nal){ 1920, 1088, 0, 4, .chroma = 1 });

	states(HWS_CODEC_H265, &b, 1920, 1080);
	b = hevc_header(&(struct nal){ 256, 4096, 1, 0, .chroma = 1 });
	states(HWS_CODEC_H265, &b, 254, 4096);
}
END_TEST

START_TEST(h264_and_h265_are_capped_before_they_are_decoded)
{
	static const struct nal other[] = { { 64, 64, 0, 0, 100, 3, 0, false },
		{ 64, 64, 0, 0, 100, 1, 2, false }, { 64, 64, 0, 0, 100, 2, 0, false } };
	static const struct nal large[] = { { 16384, 16384, 0, 0, 66, 1 },
		{ 32768, 16, 0, 0, 66, 1 }, { 16384, 16384, 8000, 8000, 66, 1 } };
	static const uint8_t layers[] = { 0, 0, 1, 0x6f, 0x53, 0, 30 };
	static const uint8_t second[] = { 0, 0, 1, 0x42, 0x09, 1, 1, 0x60 };
	struct bits b;

	for (size_t i = 0; i < HWS_COUNT(large); i++) {
		b = avc_header(&large[i]);
		ck_assert_int_eq(refuses(HWS_CODEC_H264, bytes_of(&b)), HWS_ERR_TOOBIG);
		b = hevc_header(&large[i]);
		ck_assert_int_eq(refuses(HWS_CODEC_H265, bytes_of(&b)), HWS_ERR_TOOBIG);
	}
	for (size_t i = 0; i < HWS_COUNT(other); i++) {
		b = avc_header(&other[i]);
		ck_assert_int_eq(refuses(HWS_CODEC_H264, bytes_of(&b)), HWS_ERR_UNSUPPORTED);
		b = hevc_header(&other[i]);
		ck_assert_int_eq(refuses(HWS_CODEC_H265, bytes_of(&b)), HWS_ERR_UNSUPPORTED);
	}
	b = avc_header(&(struct nal){ 64, 64, .profile = 77, .chroma = 1, .fields = true });
	ck_assert_int_eq(refuses(HWS_CODEC_H264, bytes_of(&b)), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(refuses(HWS_CODEC_H264, hws_bytes(layers, sizeof(layers))),
			HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(refuses(HWS_CODEC_H265, hws_bytes(second, sizeof(second))),
			HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(refuses(HWS_CODEC_H264, hws_bytes("no start code", 13)), HWS_ERR_CORRUPT);
}
END_TEST

START_TEST(an_encoder_says_how_large_its_pictures_are)
{
	static const enum hws_codec codecs[] = { HWS_CODEC_VP8, HWS_CODEC_VP9, HWS_CODEC_AV1,
		HWS_CODEC_H264 };
	struct hws_encoder_conf conf = { .codec = codecs[_i],
		.width = 322,
		.height = 180,
		.quality = { .bitrate_kbit_s = 500, .finest = 1333, .coarsest = 6667 } };
	struct hws_encoder *e;
	struct hws_picture *p;
	struct hws_packet pkt;
	struct hws_packet_size s;

	ck_assert_int_eq(hws_encoder_new(&conf, &e), HWS_OK);
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, 322, 180, &p), HWS_OK);
	ck_assert_int_eq(hws_encoder_encode(e, p, NULL, true, 0, &pkt), HWS_OK);
	ck_assert_int_eq(hws_codec_packet_size(conf.codec, pkt.data, &s), HWS_OK);
	ck_assert_uint_eq(s.width, 322);
	ck_assert_uint_eq(s.height, 180);
	ck_assert_int_eq(hws_encoder_encode(e, p, NULL, false, 40, &pkt), HWS_OK);
	ck_assert_int_eq(hws_codec_packet_size(conf.codec, pkt.data, &s), HWS_OK);
	ck_assert_uint_eq(s.width, 0); /* as large as the one before */
	hws_picture_drop(p);
	hws_encoder_free(e);
}
END_TEST

Suite *headers_suite(void)
{
	Suite *s = suite_create("media/headers");
	TCase *t = tcase_create("headers");

	tcase_add_test(t, av1_states_its_largest_frame);
	tcase_add_test(t, av1_is_capped_before_it_is_decoded);
	tcase_add_test(t, h264_states_its_size);
	tcase_add_test(t, h265_states_its_size);
	tcase_add_test(t, h264_and_h265_are_capped_before_they_are_decoded);
	tcase_add_loop_test(t, an_encoder_says_how_large_its_pictures_are, 0, 4);
	suite_add_tcase(s, t);
	return s;
}
