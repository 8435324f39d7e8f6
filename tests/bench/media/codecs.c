/* bench media codecs: our settings of VP9 and AV1 against those of deployed peers, on the same
 * pictures, at the same PSNR: what they cost in time of the processor and in bytes. The peer
 * chooses its quantisers by its control of the rate; ours are fixed, at the two steps around what
 * the peer came to, between which is interpolated. All run in one thread and picture by picture
 * beside each other, so that a busy machine slows all alike. */
#include "client/media/coarseness.h"
#include "client/media/pixels.h"
#include "client/media/video_codec.h"
#include "tests/bench/common/report.h"
#include "tests/bench/media/clips.h"
#include "tests/bench/media/parts.h"
#include "tests/bench/media/peers.h"
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#define PICTURES 96
#define PICTURES_QUICK 32
#define TYPED 28
#define FINEST 4
#define COARSEST 63
#define STEP 6 /* quantisers of VP9 and AV1 in a halving */

struct subject { /* one encoder, and what it came to */
	enum hws_codec codec;
	struct peer *peer; /* or */
	struct hws_encoder *ours;
	struct hws_decoder *decoder;
	const struct hws_picture *shown;
	double cpu_ms, bytes, error; /* sums; error: mean of squares of luma */
	double cpu[PICTURES];
	int coded, pictures;
};

struct figures {
	double cpu_ms, bytes, psnr, cpu_median;
};

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double square_error(const struct hws_picture *a, const struct hws_picture *b)
{
	double sum = 0;

	for (int y = 0; y < a->height; y++) {
		const uint8_t *p = a->plane[0] + (ptrdiff_t)y * a->stride[0];
		const uint8_t *q = b->plane[0] + (ptrdiff_t)y * b->stride[0];
		long line = 0;
		for (int x = 0; x < a->width; x++)
			line += (long)(p[x] - q[x]) * (p[x] - q[x]);
		sum += (double)line;
	}
	return sum / a->width / a->height;
}

static void open_ours(struct subject *s, enum hws_codec codec, int quantiser)
{
	uint16_t coarse = (uint16_t)(quantiser * (int)HWS_COARSE_HALVING / STEP);
	struct hws_encoder_conf conf = { .codec = codec,
		.width = CLIP_W,
		.height = CLIP_H,
		/* a step's own coarseness is rounded: it lies between these */
		.quality = { 1388, (uint16_t)(coarse ? coarse - 1 : 0), (uint16_t)(coarse + 1) } };

	*s = (struct subject){ .codec = codec };
	ck_assert_int_eq(hws_encoder_new(&conf, &s->ours), HWS_OK);
	ck_assert_int_eq(hws_decoder_new(codec, 1, &s->decoder), HWS_OK);
}

static void open_peer(struct subject *s, enum hws_codec codec)
{
	*s = (struct subject){ .codec = codec };
	s->peer = peer_open(hws_codec_name(codec), CLIP_W, CLIP_H);
	ck_assert_int_eq(hws_decoder_new(codec, 1, &s->decoder), HWS_OK);
}

static void step(struct subject *s, const struct hws_picture *p, const struct hws_region *damage,
		int64_t pts)
{
	struct hws_packet k = { 0 };
	double begun = cpu_now(), took;

	if (s->peer)
		k.data = peer_encode(s->peer, p, pts);
	else
		ck_assert_int_eq(hws_encoder_encode(s->ours, p, damage, false, pts, &k), HWS_OK);
	took = cpu_now() - begun;
	s->cpu_ms += took;
	s->cpu[s->coded++] = took;
	s->bytes += (double)k.data.len;
	if (k.data.len)
		ck_assert_int_eq(hws_decoder_decode(s->decoder, k.data, &s->shown), HWS_OK);
}

static struct figures close_subject(struct subject *s)
{
	struct figures f = { .cpu_ms = s->cpu_ms / s->coded,
		.bytes = s->bytes / s->coded,
		.psnr = 10 * log10(255 * 255 / fmax(s->error / s->pictures, 0.01)) };

	f.cpu_median = quantile(s->cpu, (size_t)s->coded, 0.5);
	if (s->peer)
		peer_close(s->peer);
	hws_encoder_free(s->ours);
	hws_decoder_free(s->decoder);
	return f;
}

/* All subjects on the same clip. What does not change is not sent. */
static void run(const char *clip, int pictures, struct subject *s, size_t count)
{
	struct clip *c = clip_open(clip);
	struct hws_picture *p;

	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, CLIP_W, CLIP_H, &p), HWS_OK);
	for (int n = 0; n < pictures; n++) {
		struct hws_region damage;
		const struct hws_picture *screen = clip_next(c, &damage);
		if (damage.n)
			ck_assert_int_eq(hws_pixels_convert(screen, p), HWS_OK);
		for (size_t i = 0; i < count; i++) {
			struct subject *one = &s[(i + (size_t)n) % count];
			if (damage.n)
				step(one, p, n ? &damage : NULL, n * 33);
			ck_assert_ptr_nonnull(one->shown);
			one->error += square_error(p, one->shown);
			one->pictures++;
		}
		if (n == 0) /* the first picture is another matter */
			for (size_t i = 0; i < count; i++) {
				s[i].bytes = s[i].cpu_ms = 0;
				s[i].coded = 0;
			}
	}
	hws_picture_drop(p);
	clip_close(c);
}

static struct figures try_ours(const char *clip, int pictures, enum hws_codec codec, int quantiser)
{
	struct subject s;

	open_ours(&s, codec, quantiser);
	run(clip, pictures, &s, 1);
	return close_subject(&s);
}

/* The quantiser whose PSNR is just above that of the peer: a step coarser is below it. */
static int match(const char *clip, int pictures, enum hws_codec codec, double psnr)
{
	int fine = FINEST, coarse = COARSEST, q = 34; /* what is known to be above, and below */

	for (int tries = 0; coarse - fine > 1; tries++) {
		struct figures f = try_ours(clip, pictures, codec, q);
		if (f.psnr >= psnr)
			fine = q;
		else
			coarse = q;
		int by = (int)lround((f.psnr - psnr) / 0.4);
		q = tries < 3 ? q + (by ? by : f.psnr >= psnr ? 1 : -1) : (fine + coarse) / 2;
		q = q <= fine ? fine + 1 : q >= coarse ? coarse - 1 : q;
	}
	return fine;
}

struct ratio {
	double cpu, bytes;
};

static struct ratio compare(const char *clip, int pictures, enum hws_codec codec)
{
	struct subject s[3];
	struct figures f[3], peer;
	char what[80];

	open_peer(&s[0], codec);
	run(clip, pictures, s, 1);
	peer = close_subject(&s[0]);
	int q = match(clip, pictures, codec, peer.psnr);
	open_peer(&s[0], codec);
	open_ours(&s[1], codec, q);
	open_ours(&s[2], codec, q + 1);
	run(clip, pictures, s, 3);
	for (int i = 0; i < 3; i++)
		f[i] = close_subject(&s[i]);
	double span = f[1].psnr - f[2].psnr,
	       part = fabs(span) > 0.05 ? (f[1].psnr - f[0].psnr) / span : 0;
	part = fmin(fmax(part, 0), 1);
	double bytes = exp(log(f[1].bytes) * (1 - part) + log(f[2].bytes) * part);
	double cpu = f[1].cpu_ms * (1 - part) + f[2].cpu_ms * part;
	snprintf(what, sizeof(what), "%s, %s: peer", clip, hws_codec_name(codec));
	note(what, f[0].bytes * 8 * 30 / 1000, "kbit/s at 30 pictures a second");
	note("  PSNR", f[0].psnr, "dB");
	note("  processor", f[0].cpu_ms, "ms a picture");
	note("ours: quantiser", q + part, "");
	note("  the same PSNR: from", f[1].psnr, "dB");
	note("  to", f[2].psnr, "dB");
	note("  bitrate", bytes * 8 * 30 / 1000, "kbit/s");
	note("  processor", cpu, "ms a picture");
	return (struct ratio){ cpu / f[0].cpu_ms, bytes / f[0].bytes };
}

static const char *const clips[] = { "text", "drag", "video" };
#define CLIPS 3

static void against(enum hws_codec codec, const char *name, int pictures)
{
	struct ratio r[CLIPS];
	double cpu = 0, bytes = 0, geo = 0;
	char text[60];

	for (int i = 0; i < CLIPS; i++) {
		r[i] = compare(clips[i], pictures, codec);
		snprintf(text, sizeof(text), "cpu_ratio_peer_%s_%s", name, clips[i]);
		metric(text, r[i].cpu);
		snprintf(text, sizeof(text), "bytes_ratio_peer_%s_%s", name, clips[i]);
		metric(text, r[i].bytes);
		cpu = fmax(cpu, r[i].cpu);
		bytes = i < 2 ? fmax(bytes, r[i].bytes) : bytes;
		geo += log(r[i].bytes) / CLIPS;
	}
	/* Of VP9 the worst of text and dragging, a video beside it; of AV1 the mean. */
	snprintf(text, sizeof(text), "cpu_ratio_peer_%s", name);
	metric(text, cpu);
	snprintf(text, sizeof(text), "bytes_ratio_peer_%s", name);
	metric(text, codec == HWS_CODEC_VP9 ? bytes : exp(geo));
}

/* A typed letter, by ours at the quantiser of text, against the peer's VP9. */
static void type(enum hws_codec codec, const char *metric_cpu, const char *metric_bytes)
{
	struct subject s[2];
	struct figures f[2];

	open_peer(&s[0], HWS_CODEC_VP9);
	open_ours(&s[1], codec, 36);
	run("typing", TYPED + 1, s, 2);
	for (int i = 0; i < 2; i++)
		f[i] = close_subject(&s[i]);
	note("a letter by the peer's VP9", f[0].cpu_median, "ms");
	note("  bytes", f[0].bytes, "");
	note(hws_codec_name(codec), f[1].cpu_median, "ms");
	note("  bytes", f[1].bytes, "");
	metric(metric_cpu, f[1].cpu_median / f[0].cpu_median);
	metric(metric_bytes, f[1].bytes / f[0].bytes);
}

void bench_media_codecs(bool quick)
{
	int pictures = quick ? PICTURES_QUICK : PICTURES;

	type(HWS_CODEC_VP9, "typing_cpu_ratio_peer_vp9", "typing_bytes_ratio_peer_vp9");
	type(HWS_CODEC_AV1, "typing_av1_cpu_ratio_peer_vp9", "typing_av1_bytes_ratio_peer_vp9");
	against(HWS_CODEC_VP9, "vp9", pictures);
	against(HWS_CODEC_AV1, "av1", pictures);
}
