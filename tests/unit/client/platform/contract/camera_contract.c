/* The contract of client/platform/camera.h. */
#include "contract.h"
#include "shared/base/clock.h"

static const struct contract_camera *b;
static struct hws_loop *loop;
static struct hws_camera *camera;
static struct hws_camera_stream *stream;
static unsigned frames, losts, lists, wrong;
static uint64_t last, count;
static struct hws_picture *kept[HWS_CAMERA_PICTURES];
static unsigned keeps;
static bool closes;

static void on_frame(const struct hws_camera_frame *f, void *arg)
{
	ck_assert_ptr_eq(arg, &frames);
	ck_assert(hws_picture_valid(f->picture));
	ck_assert_int_eq(f->picture->format, stream->conf.mode.format);
	ck_assert_int_eq(f->picture->width, stream->conf.mode.width);
	ck_assert_int_eq(f->picture->height, stream->conf.mode.height);
	ck_assert(!count || f->number > last);
	ck_assert_uint_le(f->time_us, hws_clock_us());
	last = f->number;
	count++;
	frames++;
	if (b->is_right)
		wrong += !b->is_right(f);
	if (keeps < HWS_COUNT(kept) && !kept[keeps])
		kept[keeps++] = hws_picture_lock(f->picture);
	if (closes) {
		hws_camera_close(stream);
		stream = NULL;
	}
}

static void on_lost(const char *why, void *arg HWS_UNUSED)
{
	ck_assert_str_ne(why, "");
	losts++;
}

static void on_devices(void *arg HWS_UNUSED)
{
	lists++;
}

static void setup(void)
{
	frames = losts = lists = wrong = 0;
	last = count = 0;
	keeps = HWS_COUNT(kept);
	closes = false;
	stream = NULL;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	camera = b->open(loop);
	camera->ev = (struct hws_camera_events){ on_devices, NULL };
}

static void teardown(void)
{
	hws_camera_close(stream);
	b->close(camera);
	hws_loop_free(loop);
}

static int begin(const struct hws_camera_device *d, unsigned mode)
{
	struct hws_camera_stream_conf c = { .device = d->id,
		.mode = d->mode[mode],
		.on_frame = on_frame,
		.on_lost = on_lost,
		.arg = &frames };

	return hws_camera_open(camera, &c, &stream);
}

START_TEST(every_mode_of_every_camera_gives_its_pictures)
{
	unsigned n;
	const struct hws_camera_device *d = hws_camera_devices(camera, &n);

	ck_assert_uint_gt(n, 0);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_uint_ge(d[i].modes, 1);
		for (unsigned m = 0; m < d[i].modes; m++) {
			count = 0;
			ck_assert_int_eq(begin(&d[i], m), HWS_OK);
			contract_until(loop, &frames, frames + 3);
			hws_camera_close(stream);
			stream = NULL;
		}
	}
	ck_assert_uint_eq(wrong, 0);
}
END_TEST

START_TEST(locked_pictures_stay_and_newer_ones_are_dropped)
{
	unsigned n;
	const struct hws_camera_device *d = hws_camera_devices(camera, &n);

	keeps = 0;
	ck_assert_int_eq(begin(&d[0], 0), HWS_OK);
	contract_until(loop, &keeps, HWS_CAMERA_PICTURES);
	unsigned then = frames;
	uint64_t number = last, end = hws_clock_us() + 100 * HWS_US_PER_MS;
	while (hws_clock_us() < end)
		hws_loop_once(loop, 5000);
	ck_assert_uint_eq(frames, then); /* none is free */
	for (unsigned i = 0; i < HWS_CAMERA_PICTURES; i++) {
		for (unsigned k = 0; k < i; k++)
			ck_assert_ptr_ne(kept[i], kept[k]);
		hws_picture_unlock(kept[i]);
	}
	contract_until(loop, &frames, then + 1);
	ck_assert_uint_gt(last, number + 1); /* what was dropped is counted */
	ck_assert_uint_eq(wrong, 0);
}
END_TEST

START_TEST(a_camera_is_open_once_and_as_it_can)
{
	unsigned n;
	const struct hws_camera_device *d = hws_camera_devices(camera, &n);
	struct hws_camera_stream_conf c = {
		.mode = d[0].mode[0], .on_frame = on_frame, .arg = &frames
	};
	struct hws_camera_stream *second;

	c.device = "there is no such camera";
	ck_assert_int_eq(hws_camera_open(camera, &c, &second), HWS_ERR_NOTFOUND);
	c.device = NULL; /* the first one */
	c.mode.width++;
	ck_assert_int_eq(hws_camera_open(camera, &c, &second), HWS_ERR_UNSUPPORTED);
	c.mode = d[0].mode[0];
	c.mode.fps++;
	ck_assert_int_eq(hws_camera_open(camera, &c, &second), HWS_ERR_UNSUPPORTED);
	c.mode.fps = 0;
	ck_assert_int_eq(hws_camera_open(camera, &c, &second), HWS_ERR_UNSUPPORTED);
	c.mode.fps = 1; /* slower than it could */
	c.on_frame = NULL;
	ck_assert_int_eq(hws_camera_open(camera, &c, &second), HWS_ERR_INVAL);
	c.on_frame = on_frame;
	ck_assert_int_eq(hws_camera_open(camera, &c, &stream), HWS_OK);
	ck_assert_int_eq(hws_camera_open(camera, &c, &second), HWS_ERR_BUSY);
}
END_TEST

START_TEST(a_stream_may_be_closed_in_its_event)
{
	unsigned n;

	closes = true;
	ck_assert_int_eq(begin(hws_camera_devices(camera, &n), 0), HWS_OK);
	ck_assert_uint_eq(frames, 0); /* not from inside */
	contract_until(loop, &frames, 1);
	contract_turns(loop, 30);
	ck_assert_uint_eq(frames, 1);
}
END_TEST

START_TEST(a_camera_that_goes_is_told_of_once)
{
	unsigned n, before;
	const struct hws_camera_device *d = hws_camera_devices(camera, &before);

	if (!b->plug)
		return;
	ck_assert_int_eq(begin(&d[0], 0), HWS_OK);
	contract_until(loop, &frames, 1);
	b->plug(camera, false);
	contract_until(loop, &losts, 1);
	contract_until(loop, &lists, 1);
	unsigned then = frames;
	contract_turns(loop, 30);
	ck_assert_uint_eq(frames, then);
	hws_camera_devices(camera, &n);
	ck_assert_uint_eq(n, before - 1);
	hws_camera_close(stream);
	stream = NULL;
	b->plug(camera, true);
	contract_until(loop, &lists, 2);
	count = 0;
	ck_assert_int_eq(begin(hws_camera_devices(camera, &n), 0), HWS_OK);
	contract_until(loop, &frames, then + 1);
	ck_assert_uint_eq(losts, 1);
}
END_TEST

Suite *contract_camera_suite(const struct contract_camera *backend)
{
	Suite *s = suite_create("platform/camera");
	TCase *t = tcase_create(backend->name);

	b = backend;
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_mode_of_every_camera_gives_its_pictures);
	tcase_add_test(t, locked_pictures_stay_and_newer_ones_are_dropped);
	tcase_add_test(t, a_camera_is_open_once_and_as_it_can);
	tcase_add_test(t, a_stream_may_be_closed_in_its_event);
	tcase_add_test(t, a_camera_that_goes_is_told_of_once);
	suite_add_tcase(s, t);
	return s;
}
