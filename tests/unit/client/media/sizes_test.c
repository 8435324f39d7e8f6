/* Frames that ask for large pictures, in each way that VP8 and VP9 have: a decoder refuses them
 * before it takes any memory for them. */
#include "client/media/video_codec.h"
#include "client/media/vpx_sizes.h"
#include "suites.h"
#include <string.h>
#include <sys/resource.h>

/* Headers are written bit by bit, as the specification of VP9 (6.2) lists them. */
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

static void put_size(struct bits *b, unsigned w, unsigned h)
{
	put(b, w - 1, 16);
	put(b, h - 1, 16);
}

static void put_start(struct bits *b, unsigned profile, unsigned inter, bool show)
{
	put(b, 2, 2);
	put(b, profile & 1, 1);
	put(b, profile >> 1, 1);
	put(b, 0, 1); /* shows no older frame */
	put(b, inter, 1);
	put(b, show, 1);
	put(b, 0, 1); /* error resilience */
}

static struct bits key_frame(unsigned w, unsigned h)
{
	struct bits b = { 0 };

	put_start(&b, 0, 0, true);
	put(&b, 0x498342, 24);
	put(&b, 1, 3); /* colour space */
	put(&b, 0, 1);
	put_size(&b, w, h);
	b.n = 8 * 64; /* what follows is no matter of sizes */
	return b;
}

static struct bits intra_only(unsigned profile, unsigned w, unsigned h)
{
	struct bits b = { 0 };

	put_start(&b, profile, 1, false);
	put(&b, 1, 1); /* intra only */
	put(&b, 0, 2);
	put(&b, 0x498342, 24);
	if (profile) {
		put(&b, 1, 3);
		put(&b, 0, 1);
		put(&b, 0, 3);
	}
	put(&b, 0xff, 8); /* refreshes all */
	put_size(&b, w, h);
	put(&b, 0, 1);
	b.n = 8 * 64;
	return b;
}

/* The size of a reference (`of`: 0..2), or one of its own (3). */
static struct bits inter_frame(unsigned of, unsigned w, unsigned h)
{
	struct bits b = { 0 };

	put_start(&b, 0, 1, true);
	put(&b, 0, 2);
	put(&b, 1, 8);
	for (int i = 0; i < 3; i++)
		put(&b, 0, 4);
	for (unsigned i = 0; i < 3 && i <= of; i++)
		put(&b, i == of, 1);
	if (of == 3)
		put_size(&b, w, h);
	b.n = 8 * 64;
	return b;
}

static struct hws_bytes bytes_of(const struct bits *b)
{
	return hws_bytes(b->data, b->n / 8);
}

/* A superframe of two (RFC of the VP9 payload and annex B of its specification). */
static struct bits both(const struct bits *a, const struct bits *b)
{
	struct bits s = *a;
	size_t n = a->n / 8 + b->n / 8;
	const uint8_t index[] = { 0xc1, (uint8_t)(a->n / 8), (uint8_t)(b->n / 8), 0xc1 };

	memcpy(s.data + a->n / 8, b->data, b->n / 8);
	memcpy(s.data + n, index, sizeof(index));
	s.n = 8 * (n + sizeof(index));
	return s;
}

static int decode(enum hws_codec codec, struct hws_bytes data)
{
	const struct hws_picture *p;
	struct hws_decoder *d;

	ck_assert_int_eq(hws_decoder_new(codec, 1, &d), HWS_OK);
	int r = hws_decoder_decode(d, data, &p);
	hws_decoder_free(d);
	return r;
}

static void refused(enum hws_codec codec, struct hws_bytes data, int why)
{
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	ck_assert_int_eq(decode(codec, data), why);
	getrusage(RUSAGE_SELF, &after);
	/* KiB at the highest. */
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 64 << 10);
}

START_TEST(every_frame_of_vp9_that_states_a_size_is_capped)
{
	struct bits small = key_frame(64, 64), b;

	b = key_frame(16384, 16384);
	refused(HWS_CODEC_VP9, bytes_of(&b), HWS_ERR_TOOBIG);
	b = intra_only(0, 16384, 16384);
	refused(HWS_CODEC_VP9, bytes_of(&b), HWS_ERR_TOOBIG);
	b = intra_only(0, 65536, 1024);
	refused(HWS_CODEC_VP9, bytes_of(&b), HWS_ERR_TOOBIG);
	b = inter_frame(3, 16384, 16384);
	refused(HWS_CODEC_VP9, bytes_of(&b), HWS_ERR_TOOBIG);
	b = intra_only(0, 16384, 16384);
	b = both(&small, &b);
	refused(HWS_CODEC_VP9, bytes_of(&b), HWS_ERR_TOOBIG);
}
END_TEST

START_TEST(a_frame_hidden_behind_another_is_not_reached)
{
	/* Without an index libvpx goes on behind the frame: it must not. */
	struct bits big = intra_only(0, 16384, 16384);
	uint8_t packet[4096];
	struct hws_encoder_conf conf = { .codec = HWS_CODEC_VP9,
		.width = 64,
		.height = 64,
		.quality = { .bitrate_kbit_s = 500, .finest = 1333, .coarsest = 6667 } };
	struct hws_encoder *e;
	struct hws_picture *p;
	struct hws_packet pkt;

	ck_assert_int_eq(hws_encoder_new(&conf, &e), HWS_OK);
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, 64, 64, &p), HWS_OK);
	ck_assert_int_eq(hws_encoder_encode(e, p, NULL, true, 0, &pkt), HWS_OK);
	ck_assert_uint_lt(pkt.data.len + big.n / 8, sizeof(packet));
	memcpy(packet, pkt.data.ptr, pkt.data.len);
	memcpy(packet + pkt.data.len, big.data, big.n / 8);
	refused(HWS_CODEC_VP9, hws_bytes(packet, pkt.data.len + big.n / 8), HWS_OK);
	hws_picture_drop(p);
	hws_encoder_free(e);
}
END_TEST

START_TEST(what_no_viewer_asked_for_is_refused_unread)
{
	struct bits b = intra_only(1, 64, 64);
	struct hws_packet_size s;

	ck_assert_int_eq(hws_vpx_packet_size(HWS_CODEC_VP9, bytes_of(&b), &s), HWS_OK);
	ck_assert(s.width == 64 && s.height == 64);
	for (unsigned sampling = 1; sampling < 4; sampling++) {
		b = intra_only(1, 64, 64);
		b.data[4] |= (uint8_t)(sampling >> 1);
		b.data[5] |= (uint8_t)(sampling << 7);
		refused(HWS_CODEC_VP9, bytes_of(&b), HWS_ERR_UNSUPPORTED);
	}
	b = intra_only(2, 64, 64); /* more bits */
	refused(HWS_CODEC_VP9, bytes_of(&b), HWS_ERR_UNSUPPORTED);
	b = intra_only(1, 16384, 16384);
	refused(HWS_CODEC_VP9, bytes_of(&b), HWS_ERR_TOOBIG);
}
END_TEST

START_TEST(sizes_are_read_from_each_frame)
{
	struct bits a = key_frame(640, 480), b = intra_only(0, 800, 200), c;
	struct hws_packet_size s;

	ck_assert_int_eq(hws_vpx_packet_size(HWS_CODEC_VP9, bytes_of(&a), &s), HWS_OK);
	ck_assert(s.width == 640 && s.height == 480 && !s.indexed);
	c = both(&a, &b);
	ck_assert_int_eq(hws_vpx_packet_size(HWS_CODEC_VP9, bytes_of(&c), &s), HWS_OK);
	ck_assert(s.width == 800 && s.height == 480 && s.indexed);
	b = inter_frame(1, 0, 0); /* as large as a reference: that was looked at when it came */
	ck_assert_int_eq(hws_vpx_packet_size(HWS_CODEC_VP9, bytes_of(&b), &s), HWS_OK);
	ck_assert(s.width == 0 && s.height == 0);
	b = (struct bits){ .data = { 0x88 }, .n = 8 }; /* shows an older frame */
	ck_assert_int_eq(hws_vpx_packet_size(HWS_CODEC_VP9, bytes_of(&b), &s), HWS_OK);
	ck_assert(s.width == 0);
	for (size_t n = 0; n < 9; n++)
		ck_assert_int_eq(hws_vpx_packet_size(HWS_CODEC_VP9, hws_bytes(a.data, n), &s),
				HWS_ERR_CORRUPT);
	c.data[c.n / 8 - 2] = 0xff; /* the index lies */
	ck_assert_int_eq(hws_vpx_packet_size(HWS_CODEC_VP9, bytes_of(&c), &s), HWS_ERR_CORRUPT);
}
END_TEST

START_TEST(a_key_frame_of_vp8_is_capped)
{
	const uint8_t big[16] = { 0x10, 0, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f };
	const uint8_t small[16] = { 0x10, 0, 0, 0x9d, 1, 0x2a, 0x40, 0x41, 0x30, 0x80 };
	struct hws_packet_size s;

	refused(HWS_CODEC_VP8, hws_bytes(big, sizeof(big)), HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_vpx_packet_size(HWS_CODEC_VP8, hws_bytes(small, sizeof(small)), &s),
			HWS_OK);
	ck_assert(s.width == 0x140 && s.height == 0x30);
}
END_TEST

Suite *sizes_suite(void)
{
	Suite *s = suite_create("media/sizes");
	TCase *t = tcase_create("sizes");

	tcase_add_test(t, every_frame_of_vp9_that_states_a_size_is_capped);
	tcase_add_test(t, a_frame_hidden_behind_another_is_not_reached);
	tcase_add_test(t, what_no_viewer_asked_for_is_refused_unread);
	tcase_add_test(t, sizes_are_read_from_each_frame);
	tcase_add_test(t, a_key_frame_of_vp8_is_capped);
	suite_add_tcase(s, t);
	return s;
}
