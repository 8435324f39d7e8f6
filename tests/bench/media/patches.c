/* bench media patches: exact patches against the bare VP9 encoder (speed 9, screen content, active
 * map: media/vpx.c) on the same changes of an editor at 200 %: what a typed letter and a page
 * scrolled by three lines cost in time of the processor, and in bytes. Finding out what changed,
 * coding, and bringing the viewer's picture up to date at the host are all in the patch's time; of
 * VP9 it is the encoder alone. Both run change by change beside each other, so that a busy machine
 * slows both. Every patch is applied and compared. */
#include "client/media/patch.h"
#include "client/media/pixels.h"
#include "client/media/video_codec.h"
#include "client/services/video/video_msg.h"
#include "shared/wire/compress.h"
#include "tests/bench/common/report.h"
#include "tests/bench/media/parts.h"
#include "tests/support/screen_text.h"
#include <check.h>
#include <string.h>
#include <time.h>

#define WIDTH 1920
#define HEIGHT 1080
#define FONT 28 /* pixels: of 14 at 200 % */
#define LINE 35
#define CELL 17
#define GROUND 0x1e1e1e
#define CHANGES_MAX 256

static const char typed[] =
		"static int send_all(struct queue *q, size_t count) { for (size_t i = 0; "
		"i < count; i++) if (!push(q, &q->item[i])) return -1; return 0; }";

struct stage {
	struct hws_picture *screen, *yuv, *shown;
	struct hws_patcher *patcher;
	struct hws_encoder *encoder;
	struct hws_buf out;
	int64_t pts_ms;
	double patch_ms[CHANGES_MAX], vp9_ms[CHANGES_MAX], bytes[CHANGES_MAX],
			vp9_bytes[CHANGES_MAX];
	size_t changes;
	double zstd_bytes[CHANGES_MAX];
};

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void apply(struct stage *s)
{
	struct hws_region touched;

	ck_assert_int_eq(hws_patch_apply(hws_buf_bytes(&s->out), s->shown, &touched), HWS_OK);
}

static void must_be_same(const struct stage *s)
{
	for (int y = 0; y < HEIGHT; y++) {
		const uint8_t *a = s->screen->plane[0] + (ptrdiff_t)y * s->screen->stride[0];
		const uint8_t *b = s->shown->plane[0] + (ptrdiff_t)y * s->shown->stride[0];

		for (int x = 0; x < WIDTH; x++)
			ck_assert(memcmp(a + 4L * x, b + 4L * x, 3) == 0);
	}
}

static void open_stage(struct stage *s)
{
	struct hws_encoder_conf conf = { .codec = HWS_CODEC_VP9,
		.width = WIDTH,
		.height = HEIGHT,
		.quality = { 4000, 0, 6667 } };
	struct hws_packet packet;

	*s = (struct stage){ 0 };
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_BGRA, WIDTH, HEIGHT, &s->screen), HWS_OK);
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_BGRA, WIDTH, HEIGHT, &s->shown), HWS_OK);
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, WIDTH, HEIGHT, &s->yuv), HWS_OK);
	ck_assert_int_eq(hws_patcher_new(WIDTH, HEIGHT, &s->patcher), HWS_OK);
	ck_assert_int_eq(hws_encoder_new(&conf, &s->encoder), HWS_OK);
	hws_buf_init(&s->out, HWS_PATCH_BYTES_MAX);
	/* A title, a list of files, the page, a line of state. */
	screen_text_fill(s->screen, (struct hws_rect){ 0, 0, WIDTH, HEIGHT }, 0x333333);
	screen_text_page(s->screen, (struct hws_rect){ 8, 60, 360, 960 }, FONT, 4000);
	screen_text_page(s->screen, (struct hws_rect){ 400, 60, 1480, 945 }, FONT, 100);
	screen_text_fill(
			s->screen, (struct hws_rect){ 1000, 60 + LINE * 8, 880, LINE * 8 }, GROUND);
	screen_text_draw(s->screen, 20, 1060, FONT, 0xffffff, "main.c  line 127, column 41  UTF-8");
	while (!hws_patcher_is_exact(s->patcher)) {
		hws_buf_reset(&s->out);
		ck_assert_int_eq(hws_patcher_complete(
						 s->patcher, s->screen, 1, true, 1u << 20, &s->out),
				HWS_OK);
		apply(s);
	}
	must_be_same(s);
	ck_assert_int_eq(hws_pixels_convert(s->screen, s->yuv), HWS_OK);
	ck_assert_int_eq(hws_encoder_encode(s->encoder, s->yuv, NULL, true, 0, &packet), HWS_OK);
}

static void close_stage(struct stage *s)
{
	hws_picture_drop(s->screen);
	hws_picture_drop(s->shown);
	hws_picture_drop(s->yuv);
	hws_patcher_free(s->patcher);
	hws_encoder_free(s->encoder);
	hws_buf_done(&s->out);
}

/* One change both ways. */
static void change(struct stage *s, struct hws_rect r)
{
	struct hws_region damage = { 1, { hws_rect_align2(r, WIDTH, HEIGHT) } };
	struct hws_patch_wish wish = { s->screen, &damage, 64u << 10, 1u << 20, 2 };
	uint8_t head[HWS_VIDEO_HEAD_MAX];
	struct hws_packet packet;
	size_t n = s->changes++;
	double begin = cpu_ms();

	ck_assert_uint_lt(n, CHANGES_MAX);
	hws_buf_reset(&s->out);
	ck_assert_int_eq(hws_patcher_change(s->patcher, &wish, &s->out), HWS_OK);
	s->patch_ms[n] = cpu_ms() - begin;
	s->bytes[n] = (double)(hws_buf_len(&s->out) +
			hws_video_patch_head(0, 1, hws_buf_len(&s->out), head));
	apply(s);
	ck_assert_int_eq(hws_pixels_convert(s->screen, s->yuv), HWS_OK);
	s->pts_ms += 100;
	begin = cpu_ms();
	ck_assert_int_eq(hws_encoder_encode(s->encoder, s->yuv, &damage, false, s->pts_ms, &packet),
			HWS_OK);
	s->vp9_ms[n] = cpu_ms() - begin;
	s->vp9_bytes[n] = (double)packet.data.len;
}

/* The pixels of the rectangle in a frame of zstd, for comparison. */
static double by_zstd(const struct stage *s, struct hws_rect r)
{
	struct hws_buf raw, packed;

	hws_buf_init(&raw, 16u << 20);
	hws_buf_init(&packed, 16u << 20);
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++)
			hws_buf_put(&raw,
					s->screen->plane[0] + (ptrdiff_t)y * s->screen->stride[0] +
							(ptrdiff_t)x * 4,
					3);
	ck_assert_int_eq(hws_compress(hws_buf_bytes(&raw), HWS_COMPRESS_LEVEL, &packed), HWS_OK);
	double n = (double)hws_buf_len(&packed);
	hws_buf_done(&raw);
	hws_buf_done(&packed);
	return n;
}

static double mean(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum / (double)n;
}

static void type(bool quick)
{
	struct stage s;
	size_t n = quick ? 40 : sizeof(typed) - 1;

	open_stage(&s);
	for (size_t i = 0; i < n; i++) {
		char text[2] = { typed[i] };
		int x = 1000 + (int)(i % 45) * CELL, y = 60 + LINE * (8 + (int)(i / 45));
		screen_text_fill(s.screen, (struct hws_rect){ x, y, CELL, LINE }, GROUND);
		screen_text_draw(s.screen, x, y + LINE - LINE / 5, FONT, 0xd4d4d4, text);
		screen_text_fill(s.screen, (struct hws_rect){ x + CELL, y, 2, LINE }, 0xaeafad);
		change(&s, (struct hws_rect){ x, y, CELL + 2, LINE });
		s.zstd_bytes[i] = by_zstd(&s, (struct hws_rect){ x, y, CELL + 2, LINE });
	}
	must_be_same(&s);
	metric("patch_typing_cpu_ratio_vp9", mean(s.patch_ms, n) / mean(s.vp9_ms, n));
	metric("patch_typing_bytes", mean(s.bytes, n));
	note("a typed letter by patch: mean", mean(s.patch_ms, n), "ms");
	note("by VP9: mean", mean(s.vp9_ms, n), "ms");
	note("VP9, not exact: mean", mean(s.vp9_bytes, n), "bytes");
	note("the same pixels by zstd: mean", mean(s.zstd_bytes, n), "bytes");
	metric("patch_typing_bytes_p95", quantile(s.bytes, n, 0.95));
	metric("patch_typing_cpu_ratio_vp9_median",
			quantile(s.patch_ms, n, 0.5) / quantile(s.vp9_ms, n, 0.5));
	close_stage(&s);
}

static void scroll(bool quick)
{
	struct stage s;
	const struct hws_rect page = { 400, 60, 1480, 945 };
	size_t n = quick ? 8 : 30;

	open_stage(&s);
	for (size_t i = 0; i < n; i++) {
		screen_text_page(s.screen, page, FONT, 103 + (int)i * 3);
		change(&s, page);
	}
	must_be_same(&s);
	metric("patch_scroll_cpu_ratio_vp9", mean(s.patch_ms, n) / mean(s.vp9_ms, n));
	metric("patch_scroll_bytes", mean(s.bytes, n));
	note("a page scrolled by three lines, by patch: mean", mean(s.patch_ms, n), "ms");
	note("by VP9: mean", mean(s.vp9_ms, n), "ms");
	note("VP9, not exact: mean", mean(s.vp9_bytes, n), "bytes");
	close_stage(&s);
}

void bench_media_patches(bool quick)
{
	type(quick);
	scroll(quick);
}
