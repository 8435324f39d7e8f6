/* Both ways run the same code on the same packets: the difference is the process and the socket.
 * They take turns, so that what else the machine does meets both. */
#include "tests/bench/session/decode.h"
#include "client/decoder/confined.h"
#include "client/decoder/display_decoder.h"
#include "client/decoder/protocol.h"
#include "client/media/video_codec.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/loop/work.h"
#include "tests/bench/common/floor.h"
#include "tests/bench/common/report.h"
#include "tests/bench/common/suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WIDTH 1920
#define HEIGHT 1080
#define PICTURES 60
#define PAUSE_US 8000 /* both threads sleep between pictures, as in a session */

enum way { BY_THREAD, BY_PROCESS, WAYS };

struct bench {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_confined *confined;
	struct hws_display_decoder decoder;
	struct hws_picture_pool *pool;
	struct hws_picture *shown[WAYS]; /* the newest, as somebody looks at it */
	struct hws_bytes packet;
	bool reset, done;
};

struct cost {
	double cpu_ms;
	double latency_ms[PICTURES];
};

static void must_be(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench decode: %s\n", what);
	exit(1);
}

/* --- the two ways ----------------------------------------------------------------------------- */

static int run(void *arg)
{
	struct bench *b = arg;
	const struct hws_picture *p = NULL;
	struct hws_picture *to = NULL;
	struct hws_rect damage;

	must_be(hws_display_decoder_packet(&b->decoder, HWS_CODEC_VP9, b->reset, b->packet, &p) ==
					HWS_OK,
			"decoding");
	must_be(hws_picture_pool_get(b->pool, HWS_PIXEL_BGRA, WIDTH, HEIGHT, &to) == HWS_OK,
			"no picture");
	must_be(hws_display_decoder_show(&b->decoder, p, false, to, &damage) == HWS_OK, "showing");
	hws_picture_unlock(b->shown[BY_THREAD]);
	b->shown[BY_THREAD] = to;
	return HWS_OK;
}

static void on_run(void *arg, int r HWS_UNUSED)
{
	((struct bench *)arg)->done = true;
}

static void on_confined(int r, const struct hws_confined_result *res, void *arg)
{
	struct bench *b = arg;

	must_be(r == HWS_OK, "the process");
	hws_picture_unlock(b->shown[BY_PROCESS]);
	b->shown[BY_PROCESS] = hws_picture_lock(res->picture);
	b->done = true;
}

static void on_broken(const char *text, void *arg HWS_UNUSED)
{
	must_be(false, text);
}

static void one(struct bench *b, enum way way, struct hws_bytes packet, bool key)
{
	struct hws_confined_video v = {
		.codec = HWS_CODEC_VP9, .reset = key, .packets = &packet, .count = 1
	};

	b->packet = packet;
	b->reset = key;
	b->done = false;
	if (way == BY_THREAD)
		must_be(hws_work_submit(b->work, b->loop, run, on_run, b) == HWS_OK, "thread");
	else
		must_be(hws_confined_video(b->confined, &v, on_confined, b) == HWS_OK, "request");
	while (!b->done)
		hws_loop_once(b->loop, 100000);
}

/* --- figures ---------------------------------------------------------------------------------- */

static double cpu_ms(const struct bench *b)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6 +
			suite_process_cpu(hws_confined_pid(b->confined)) * 1e3;
}

static void draw(struct hws_picture *p, int x, int y, int w, int h, unsigned seed)
{
	for (int j = y; j < y + h; j++)
		for (int i = x; i < x + w; i++) {
			unsigned cell = (unsigned)(i / 6) * 7u + (unsigned)(j / 9) * 13u + seed;
			bool ink = (cell * 2654435761u >> 13 & 7) < 2;
			p->plane[0][j * p->stride[0] + i] = ink ? 40 : 225;
		}
}

static void measure(struct bench *b, const struct hws_buf *packets, struct cost ret[WAYS])
{
	for (enum way way = 0; way < WAYS; way++)
		ret[way].cpu_ms = 0;
	for (int i = 0; i < PICTURES; i++)
		for (enum way k = 0; k < WAYS; k++) {
			enum way way = (k + (unsigned)i) % WAYS;
			usleep(PAUSE_US);
			double cpu = cpu_ms(b);
			uint64_t start = hws_clock_us();
			one(b, way, hws_buf_bytes(&packets[i]), i == 0);
			ret[way].latency_ms[i] = (double)(hws_clock_us() - start) / 1e3;
			if (i > 0)
				ret[way].cpu_ms += (cpu_ms(b) - cpu) / (PICTURES - 1);
		}
}

/* A change of this size in each picture. */
static void encode(struct hws_buf *packets, int w, int h)
{
	struct hws_encoder_conf conf = { .codec = HWS_CODEC_VP9,
		.width = WIDTH,
		.height = HEIGHT,
		.threads = 2,
		.quality = { .bitrate_kbit_s = 8000, .finest = 1333, .coarsest = 6667 } };
	struct hws_encoder *e;
	struct hws_picture *p;

	must_be(hws_encoder_new(&conf, &e) == HWS_OK, "encoder");
	must_be(hws_picture_new(HWS_PIXEL_I420, WIDTH, HEIGHT, &p) == HWS_OK, "picture");
	draw(p, 0, 0, WIDTH, HEIGHT, 0);
	for (int i = 0; i < PICTURES; i++) {
		struct hws_region damage = { 1, { { 200, 100, w, h } } };
		struct hws_packet packet;
		if (i > 0)
			draw(p, 200, 100, w, h, (unsigned)i);
		must_be(hws_encoder_encode(e, p, &damage, i == 0, i * 33, &packet) == HWS_OK,
				"encoding");
		hws_buf_init(&packets[i], 16u << 20);
		hws_buf_put(&packets[i], packet.data.ptr, packet.data.len);
	}
	hws_picture_drop(p);
	hws_encoder_free(e);
}

static void scene(struct bench *b, const char *name, int w, int h, unsigned rounds)
{
	struct hws_buf packets[PICTURES];
	double ratio[9], p50[WAYS][9], p95[WAYS][9], cpu[WAYS][9];
	char text[80];

	encode(packets, w, h);
	for (unsigned r = 0; r < rounds; r++) {
		struct cost c[WAYS];
		measure(b, packets, c);
		ratio[r] = c[BY_PROCESS].cpu_ms / c[BY_THREAD].cpu_ms;
		for (enum way k = 0; k < WAYS; k++) {
			cpu[k][r] = c[k].cpu_ms;
			p50[k][r] = quantile(c[k].latency_ms + 1, PICTURES - 1, 0.5);
			p95[k][r] = quantile(c[k].latency_ms + 1, PICTURES - 1, 0.95);
		}
	}
	for (enum way k = 0; k < WAYS; k++) {
		const char *way = k == BY_THREAD ? "thread" : "process";
		snprintf(text, sizeof(text), "%s, %s: CPU of a picture", name, way);
		note(text, quantile(cpu[k], rounds, 0.5), "ms");
		snprintf(text, sizeof(text), "%s, %s: latency, median", name, way);
		note(text, quantile(p50[k], rounds, 0.5), "ms");
		snprintf(text, sizeof(text), "%s, %s: latency, 95 %%", name, way);
		note(text, quantile(p95[k], rounds, 0.5), "ms");
	}
	snprintf(text, sizeof(text), "decode_cpu_ratio_%s", name);
	metric(text, quantile(ratio, rounds, 0.5));
	for (int i = 0; i < PICTURES; i++)
		hws_buf_done(&packets[i]);
}

void bench_decode(bool quick)
{
	struct bench b = { 0 };
	unsigned rounds = quick ? 3 : 9;

	must_be(hws_loop_new(&b.loop) == HWS_OK && hws_work_new(2, 16, &b.work) == HWS_OK &&
					hws_picture_pool_new(HWS_DECODE_SLOTS, &b.pool) == HWS_OK &&
					hws_confined_new(
							&(struct hws_confined_conf){ .loop = b.loop,
									.program = DECODER,
									.on_broken = on_broken },
							&b.confined) == HWS_OK,
			"no memory");
	scene(&b, "typing", 200, 20, rounds);
	scene(&b, "window", 800, 600, rounds);
	scene(&b, "all", WIDTH - 200, HEIGHT - 100, rounds);
	hws_work_free(b.work);
	for (enum way k = 0; k < WAYS; k++)
		hws_picture_unlock(b.shown[k]);
	hws_confined_free(b.confined);
	hws_display_decoder_forget(&b.decoder);
	hws_picture_pool_free(b.pool);
	hws_loop_free(b.loop);
}
