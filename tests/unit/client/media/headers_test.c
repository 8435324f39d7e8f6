/* Headers of AV1 that ask for large pictures, or for what no viewer said that it can: refused before
 * a decoder sees them. */
#include "client/media/av1_sizes.h"
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

START_TEST(an_encoder_says_how_large_its_pictures_are)
{
	static const enum hws_codec codecs[] = { HWS_CODEC_VP8, HWS_CODEC_VP9, HWS_CODEC_AV1 };
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
	tcase_add_loop_test(t, an_encoder_says_how_large_its_pictures_are, 0, 3);
	suite_add_tcase(s, t);
	return s;
}
