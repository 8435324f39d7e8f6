/* Each codec, each way, on each device: a process is started with the driver in it, pictures of
 * two sizes go there and back, and are looked at. What crashes, hangs, is late, says other sizes
 * than it has or shows something else is not used. The first device that is good for anything is
 * the one. */
#include "client/hwcodec/probe.h"
#include "client/hardware/devices.h"
#include "client/hardware/use.h"
#include "client/hwcodec/coder.h"
#include "client/media/hw_codec.h"
#include "client/media/trial.h"
#include "client/media/video_codec.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <limits.h>
#include <stdlib.h>

#define LIMIT_US (5 * HWS_US_PER_S) /* of a codec, one way */
#define PICTURES 5                  /* of each size, the first one whole */
#define DIFFERENCE 12.0             /* of samples, on the average: another picture differs more */
#define VENDOR_MS 5000
#define BYTES_MAX ((size_t)4 << 20)

static const struct {
	int width, height;
} sizes[2] = { { 640, 352 }, { 1920, 1080 } };

struct trial {
	enum hws_codec codec;
	enum hws_hw_way way;
	const char *backend, *device;
	uint64_t due_us;
	unsigned failures; /* of devices, before it */
	struct hws_encoder *encoder;
	struct hws_decoder *decoder;
	struct hws_picture *picture;
};

/* What is being tried, for links that the codecs open. */
static struct trial *now;

static int open_link(void *arg HWS_UNUSED, struct hws_hw_link **ret)
{
	int r = hws_hw_link_start(now->backend, now->device, ret);

	if (r == HWS_OK)
		(*ret)->due_us = now->due_us;
	return r;
}

static void forget(struct trial *t)
{
	hws_encoder_free(t->encoder);
	hws_decoder_free(t->decoder);
	hws_picture_drop(t->picture);
	t->encoder = NULL;
	t->decoder = NULL;
	t->picture = NULL;
}

static double difference(const struct hws_picture *a, const struct hws_picture *b)
{
	uint64_t sum = 0;

	for (int y = 0; y < a->height; y++)
		for (int x = 0; x < a->width; x++)
			sum += (unsigned)abs(a->plane[0][(ptrdiff_t)y * a->stride[0] + x] -
					b->plane[0][(ptrdiff_t)y * b->stride[0] + x]);
	return (double)sum / ((double)a->width * a->height);
}

static int same(const struct trial *t, const struct hws_picture *shown)
{
	return shown->format == HWS_PIXEL_I420 && shown->width == t->picture->width &&
					shown->height == t->picture->height &&
					difference(t->picture, shown) <= DIFFERENCE
			? HWS_OK
			: HWS_ERR_CORRUPT;
}

/* Encoders and decoders by the device or by the processor, whichever the table says. */
static int make(struct trial *t, int width, int height)
{
	const struct hws_encoder_conf conf = { .codec = t->codec,
		.width = width,
		.height = height,
		.quality = { .bitrate_kbit_s = 100000, .finest = 2500, .coarsest = 5000 } };
	int r = hws_encoder_new(&conf, &t->encoder);

	if (r == HWS_OK)
		r = hws_decoder_new(t->codec, 1, &t->decoder);
	return r == HWS_OK ? hws_picture_new(HWS_PIXEL_I420, width, height, &t->picture) : r;
}

/* The median of changed pictures; each goes there and back. */
static int run_size(struct trial *t, int width, int height, double *ret_us)
{
	double took[PICTURES - 1], us = 0;
	int r = make(t, width, height);

	for (unsigned n = 0; n < PICTURES && r == HWS_OK; n++) {
		const struct hws_picture *shown = NULL;
		struct hws_packet packet;
		hws_trial_draw(t->picture, 0, height, (int)n);
		uint64_t begun = hws_clock_us();
		r = hws_encoder_encode(t->encoder, t->picture, NULL, n == 0, n * 33, &packet);
		uint64_t coded = hws_clock_us();
		if (r == HWS_OK)
			r = packet.data.len <= BYTES_MAX
					? hws_decoder_decode(t->decoder, packet.data, &shown)
					: HWS_ERR_TOOBIG;
		uint64_t decoded = hws_clock_us();
		if (r == HWS_OK)
			r = same(t, shown);
		if (r == HWS_OK && decoded > t->due_us)
			r = HWS_ERR_TIMEOUT;
		if (hws_hardware_failures() != t->failures) /* the processor has gone on */
			r = HWS_ERR_UNSUPPORTED;
		us = (double)(t->way == HWS_HW_ENCODES ? coded - begun : decoded - coded);
		for (unsigned i = n; n && i-- > 0;) { /* sorted in */
			if (i > 0 && took[i - 1] > us) {
				took[i] = took[i - 1];
				continue;
			}
			took[i] = us;
			break;
		}
	}
	forget(t);
	if (r == HWS_OK)
		*ret_us = took[(PICTURES - 1) / 2];
	return r;
}

static int run_sizes(struct trial *t, struct hws_hw_took *ret)
{
	double us[2], pixels[2], million;

	for (unsigned i = 0; i < 2; i++) {
		int r = run_size(t, sizes[i].width, sizes[i].height, &us[i]);
		if (r < 0)
			return r;
		pixels[i] = (double)sizes[i].width * sizes[i].height;
	}
	million = HWS_MAX((us[1] - us[0]) / ((pixels[1] - pixels[0]) / 1e6), 0);
	ret->million_us = (uint32_t)million + 1;
	ret->fixed_us = (uint32_t)HWS_MAX(us[0] - million * pixels[0] / 1e6, 0);
	return HWS_OK;
}

/* By the processor, for comparison: zeros where there is none of ours, or it takes too long. */
static struct hws_hw_took processor_took(struct trial *t)
{
	struct hws_hw_took took = { 0 };

	hws_hardware_set(NULL, NULL, NULL);
	t->failures = hws_hardware_failures();
	t->due_us = hws_clock_us() + LIMIT_US;
	if (!hws_codec_row(t->codec)->new_encoder || run_sizes(t, &took) < 0)
		took = (struct hws_hw_took){ 0 };
	return took;
}

/* Whether the device has done it, and not the processor in its place. */
static int device_took(struct trial *t, struct hws_hw_table *also, struct hws_hw_took *ret)
{
	struct hws_hw_table only = { 0 };
	uint64_t pictures = hws_hardware_pictures(t->way);

	only.row[t->way][t->codec].device.fixed_us = 1;
	/* Where there is no encoder of ours its own gives the packets. */
	if (!hws_codec_row(t->codec)->new_encoder)
		only.row[HWS_HW_ENCODES][t->codec].device =
				also->row[HWS_HW_ENCODES][t->codec].device;
	if (t->way == HWS_HW_ENCODES)
		only.row[HWS_HW_ENCODES][t->codec].device.fixed_us = 1;
	now = t;
	t->failures = hws_hardware_failures();
	t->due_us = hws_clock_us() + LIMIT_US;
	hws_hardware_set(&only, open_link, NULL);
	int r = run_sizes(t, ret);
	hws_hardware_set(NULL, NULL, NULL);
	if (r == HWS_OK && hws_hardware_pictures(t->way) < pictures + 2 * PICTURES)
		r = HWS_ERR_UNSUPPORTED;
	return r;
}

static bool try_device(const char *backend, const char *device, struct hws_hw_report *report)
{
	const struct hwc_backend *b = hwc_backend_by_name(backend);
	bool any = false;

	for (enum hws_hw_way way = 0; way < HWS_HW_WAYS; way++)
		for (enum hws_codec c = HWS_CODEC_NONE + 1; c < HWS_CODEC_RAW; c++) {
			struct hws_hw_row *row = &report->table.row[way][c];
			struct trial t = {
				.codec = c, .way = way, .backend = backend, .device = device
			};
			const char *name = way == HWS_HW_ENCODES ? b->encoder[c] : b->decoder[c];
			if (!name ||
					!(way == HWS_HW_ENCODES ? avcodec_find_encoder_by_name(name)
								: avcodec_find_decoder_by_name(
										  name)))
				continue;
			int r = device_took(&t, &report->table, &row->device);
			hws_info("hwcodec.tried", HWS_STR("device", device),
					HWS_STR("way", way == HWS_HW_ENCODES ? "encode" : "decode"),
					HWS_STR("codec", hws_codec_name(c)), HWS_ERR("result", r),
					HWS_U64("million_us", row->device.million_us));
			if (r < 0) {
				*row = (struct hws_hw_row){ 0 };
				continue;
			}
			row->processor = processor_took(&t);
			any = true;
		}
	return any;
}

static int ask_vendor(struct hws_hw_report *report)
{
	struct hws_hw_link *l = NULL;
	int r = hws_hw_link_start(report->backend, report->device, &l);

	if (r == HWS_OK)
		r = hws_hw_driver(l, VENDOR_MS, report->vendor, sizeof(report->vendor));
	hws_hw_link_free(l);
	return r;
}

static int keep(const struct hws_hw_report *report, const char *path)
{
	struct hws_buf out;
	int r;

	hws_buf_init(&out, HWS_HW_REPORT_MAX);
	hws_hw_report_write(report, &out);
	r = hws_buf_err(&out);
	if (r == HWS_OK)
		r = hws_private_file_write(path, hws_buf_bytes(&out), HWS_PRIVATE_OVER_ANY, NULL);
	hws_buf_done(&out);
	return r;
}

int hwc_probe(const char *word)
{
	struct hws_hw_report *report = hws_alloc(sizeof(*report));
	char path[PATH_MAX], program[PATH_MAX];
	struct hws_hw_devices d;
	int r = report ? hws_hw_report_path(path, sizeof(path)) : HWS_ERR_NOMEM;

	if (r == HWS_OK)
		r = hws_hw_program(program, sizeof(program));
	if (r == HWS_OK) {
		hws_hw_devices_find(word, &d);
		hws_hw_devices_key(&d, program, report->key);
		for (unsigned i = 0; i < d.count; i++) {
			if (!try_device(d.device[i].backend, d.device[i].path, report))
				continue;
			r = hws_str_copy(report->backend, sizeof(report->backend),
					d.device[i].backend);
			if (r == HWS_OK)
				r = hws_str_copy(report->device, sizeof(report->device),
						d.device[i].path);
			if (r == HWS_OK && ask_vendor(report) < 0)
				report->vendor[0] = 0;
			break;
		}
	}
	if (r == HWS_OK)
		r = keep(report, path);
	hws_free(report);
	return r < 0 ? 1 : 0;
}
