/* A camera of a PipeWire server, for tests: four quarters in red, green, blue and white, and in the
 * middle a square that is black in every other picture. source NAME FORMAT WIDTH HEIGHT FPS; prints
 * "ready" when the server has it, "on" and "off" with its light. */
#include "shared/base/num.h"
#include <pipewire/pipewire.h>
#include <signal.h>
#include <spa/param/video/format-utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pw_main_loop *loop;
static struct pw_stream *stream;
static struct spa_source *timer;
static int width, height, fps;
static enum spa_video_format format;
static unsigned number;

/* B G R of a place. */
static void colour(int x, int y, uint8_t ret[3])
{
	static const uint8_t quarter[4][3] = { { 0, 0, 255 }, { 0, 255, 0 }, { 255, 0, 0 },
		{ 255, 255, 255 } };
	int left = width / 2 - width / 16, top = height / 2 - height / 16;
	int in = x >= left && x < left + width / 8 && y >= top && y < top + height / 8;

	memcpy(ret, quarter[(x >= width / 2) + 2 * (y >= height / 2)], 3);
	if (in && number % 2)
		memset(ret, 0, 3);
}

static uint8_t luma(const uint8_t c[3])
{
	return (uint8_t)(16 + (25 * c[0] + 129 * c[1] + 66 * c[2]) / 256);
}

static uint8_t blue(const uint8_t c[3])
{
	return (uint8_t)(128 + (112 * c[0] - 74 * c[1] - 38 * c[2]) / 256);
}

static uint8_t red(const uint8_t c[3])
{
	return (uint8_t)(128 + (-18 * c[0] - 94 * c[1] + 112 * c[2]) / 256);
}

static void draw(uint8_t *p, int stride)
{
	uint8_t c[3];

	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++) {
			uint8_t *at = p + (ptrdiff_t)y * stride;
			colour(x, y, c);
			if (format == SPA_VIDEO_FORMAT_BGRx) {
				memcpy(at + 4 * x, c, 3);
				at[4 * x + 3] = 0;
			} else if (format == SPA_VIDEO_FORMAT_YUY2) {
				at[2 * x] = luma(c);
				at[2 * x + 1] = x % 2 ? red(c) : blue(c);
			} else { /* NV12 */
				uint8_t *uv = p + (ptrdiff_t)(height + y / 2) * stride;
				at[x] = luma(c);
				uv[x / 2 * 2] = blue(c);
				uv[x / 2 * 2 + 1] = red(c);
			}
		}
}

static int stride_of(void)
{
	return width *
			(format == SPA_VIDEO_FORMAT_BGRx                                  ? 4
							: format == SPA_VIDEO_FORMAT_YUY2 ? 2
											  : 1);
}

static int size_of(void)
{
	return stride_of() * height * (format == SPA_VIDEO_FORMAT_NV12 ? 3 : 2) / 2;
}

static void on_process(void *arg)
{
	struct pw_buffer *b = pw_stream_dequeue_buffer(stream);
	struct spa_data *d;

	(void)arg;
	if (!b)
		return;
	d = &b->buffer->datas[0];
	if (d->data && d->maxsize >= (uint32_t)size_of()) {
		number++;
		draw(d->data, stride_of());
		d->chunk->offset = 0;
		d->chunk->size = (uint32_t)size_of();
		d->chunk->stride = stride_of();
	}
	pw_stream_queue_buffer(stream, b);
}

static void on_timer(void *arg, uint64_t expirations)
{
	(void)arg;
	(void)expirations;
	pw_stream_trigger_process(stream);
}

static void on_state(
		void *arg, enum pw_stream_state old, enum pw_stream_state state, const char *error)
{
	struct timespec begin = { 0, 1 }, pace = { 0, 1000000000L / fps };
	struct timespec never = { 0, 0 };
	int streams = state == PW_STREAM_STATE_STREAMING;

	(void)arg;
	if (state == PW_STREAM_STATE_ERROR) {
		fprintf(stderr, "error: %s\n", error ? error : "");
		pw_main_loop_quit(loop);
		return;
	}
	if (state == PW_STREAM_STATE_PAUSED && old == PW_STREAM_STATE_CONNECTING)
		printf("ready\n");
	if (streams || old == PW_STREAM_STATE_STREAMING)
		printf("%s\n", streams ? "on" : "off");
	pw_loop_update_timer(pw_main_loop_get_loop(loop), timer, streams ? &begin : &never,
			streams ? &pace : &never, false);
}

static void on_param(void *arg, uint32_t id, const struct spa_pod *param)
{
	uint8_t room[1024];
	struct spa_pod_builder b = SPA_POD_BUILDER_INIT(room, sizeof(room));
	const struct spa_pod *params[1];

	(void)arg;
	if (id != SPA_PARAM_Format || !param)
		return;
	params[0] = spa_pod_builder_add_object(&b, SPA_TYPE_OBJECT_ParamBuffers, SPA_PARAM_Buffers,
			SPA_PARAM_BUFFERS_buffers, SPA_POD_CHOICE_RANGE_Int(4, 2, 8),
			SPA_PARAM_BUFFERS_blocks, SPA_POD_Int(1), SPA_PARAM_BUFFERS_size,
			SPA_POD_Int(size_of()), SPA_PARAM_BUFFERS_stride, SPA_POD_Int(stride_of()));
	pw_stream_update_params(stream, params, 1);
}

static const struct pw_stream_events events = { PW_VERSION_STREAM_EVENTS, .state_changed = on_state,
	.param_changed = on_param, .process = on_process };

static void on_signal(void *arg, int sig)
{
	(void)arg;
	(void)sig;
	pw_main_loop_quit(loop);
}

static int offer(void)
{
	uint8_t room[1024];
	struct spa_pod_builder b = SPA_POD_BUILDER_INIT(room, sizeof(room));
	struct spa_rectangle size = SPA_RECTANGLE((uint32_t)width, (uint32_t)height);
	struct spa_fraction rate = SPA_FRACTION((uint32_t)fps, 1);
	const struct spa_pod *params[1];

	params[0] = spa_pod_builder_add_object(&b, SPA_TYPE_OBJECT_Format, SPA_PARAM_EnumFormat,
			SPA_FORMAT_mediaType, SPA_POD_Id(SPA_MEDIA_TYPE_video),
			SPA_FORMAT_mediaSubtype, SPA_POD_Id(SPA_MEDIA_SUBTYPE_raw),
			SPA_FORMAT_VIDEO_format, SPA_POD_Id(format), SPA_FORMAT_VIDEO_size,
			SPA_POD_Rectangle(&size), SPA_FORMAT_VIDEO_framerate,
			SPA_POD_Fraction(&rate));
	return pw_stream_connect(stream, PW_DIRECTION_OUTPUT, PW_ID_ANY,
			PW_STREAM_FLAG_DRIVER | PW_STREAM_FLAG_MAP_BUFFERS, params, 1);
}

static int number_of(const char *text)
{
	uint32_t n;

	return hws_parse_u32(text, &n) == HWS_OK && n <= 4096 ? (int)n : 0;
}

int main(int argc, char **argv)
{
	if (argc != 6)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	format = strcmp(argv[2], "BGRx") == 0          ? SPA_VIDEO_FORMAT_BGRx
			: strcmp(argv[2], "YUY2") == 0 ? SPA_VIDEO_FORMAT_YUY2
						       : SPA_VIDEO_FORMAT_NV12;
	width = number_of(argv[3]);
	height = number_of(argv[4]);
	fps = number_of(argv[5]);
	if (!width || !height || !fps)
		return 2;
	pw_init(&argc, &argv);
	loop = pw_main_loop_new(NULL);
	pw_loop_add_signal(pw_main_loop_get_loop(loop), SIGTERM, on_signal, NULL);
	timer = pw_loop_add_timer(pw_main_loop_get_loop(loop), on_timer, NULL);
	stream = pw_stream_new_simple(pw_main_loop_get_loop(loop), argv[1],
			pw_properties_new(PW_KEY_MEDIA_CLASS, "Video/Source", PW_KEY_NODE_NAME,
					argv[1], PW_KEY_NODE_DESCRIPTION, argv[1], NULL),
			&events, NULL);
	if (!stream || offer() < 0)
		return 1;
	pw_main_loop_run(loop);
	pw_stream_destroy(stream);
	pw_main_loop_destroy(loop);
	pw_deinit();
	return 0;
}
