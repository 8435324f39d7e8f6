/* The desktop in memory keeps the contracts of sound, cameras, terminals and seats; and what it
 * plays, shows and says is exact. */
#include "client/platform/headless/doubles.h"
#include "contract/contract.h"
#include "shared/base/clock.h"
#include <string.h>

void contract_until(struct hws_loop *loop, const unsigned *count, unsigned n)
{
	uint64_t end = hws_clock_us() + 60 * HWS_US_PER_S;

	while (*count < n) {
		ck_assert_msg(hws_clock_us() < end, "%u instead of %u", *count, n);
		hws_loop_once(loop, 10000);
	}
}

void contract_turns(struct hws_loop *loop, unsigned n)
{
	while (n--)
		hws_loop_once(loop, 1000);
}

static struct hws_sound *open_sound(struct hws_loop *loop)
{
	struct hws_sound *s;

	ck_assert_int_eq(hl_sound_new(loop, &s), HWS_OK);
	return s;
}

static bool is_tone(const struct hws_sound_chunk *chunk, const struct hws_sound_spec *spec)
{
	const int16_t *s16 = chunk->samples;
	const float *f32 = chunk->samples;

	for (unsigned i = 0; i < chunk->frames; i++)
		for (unsigned c = 0; c < spec->channels; c++) {
			int16_t want = hws_headless_tone(chunk->position + i, c);
			unsigned at = i * spec->channels + c;
			if (spec->sample == HWS_SOUND_S16 ? s16[at] != want
							  : f32[at] * 32768.0f != (float)want)
				return false;
		}
	return true;
}

static const struct contract_sound sound = { "headless", open_sound, hl_sound_free,
	hws_headless_sound_silence, hws_headless_sound_plug, is_tone };

static struct hws_camera *open_camera(struct hws_loop *loop)
{
	struct hws_camera *c;

	ck_assert_int_eq(hl_camera_new(loop, &c), HWS_OK);
	return c;
}

static bool is_pattern(const struct hws_camera_frame *f)
{
	const struct hws_picture *p = f->picture;

	for (int y = 0; y < p->height; y++)
		for (int x = 0; x < p->width; x++)
			if (p->plane[0][y * p->stride[0] + x] !=
					hws_headless_camera_luma(x, y, f->number))
				return false;
	bool nv12 = p->format == HWS_PIXEL_NV12;
	uint8_t v = nv12 ? p->plane[1][1] : p->plane[2][0];
	return p->plane[1][0] == hws_headless_camera_chroma(0, f->number) &&
			v == hws_headless_camera_chroma(1, f->number);
}

static const struct contract_camera camera = { "headless", open_camera, hl_camera_free,
	hws_headless_camera_plug, is_pattern };

static struct hws_ptys *open_ptys(struct hws_loop *loop)
{
	struct hws_ptys *s;

	ck_assert_int_eq(hl_ptys_new(loop, &s), HWS_OK);
	return s;
}

static const char *const program[] = { "sh", "-c", "echo ready", NULL };

static const struct contract_pty pty = { "headless", open_ptys, hl_ptys_free, "echo ready\n",
	"size\n", "flood 100000\n", "deaf\n", "exit 7\n", program, "root" };

static struct hws_seat *open_seat(struct hws_loop *loop)
{
	struct hws_seat *s;

	ck_assert_int_eq(hl_seat_new(loop, &s), HWS_OK);
	return s;
}

static void come(struct hws_seat *s, const char *id)
{
	struct hws_seat_session one = { .user = "guest", .uid = 1001, .kind = HWS_SEAT_WAYLAND };

	memcpy(one.id, id, strlen(id) + 1);
	ck_assert_int_eq(hws_headless_seat_put(s, &one), HWS_OK);
}

static const struct contract_seat seat = { "headless", open_seat, hl_seat_free, come,
	hws_headless_seat_remove, hws_headless_seat_front, hws_headless_seat_refuse };

/* --- of the doubles alone --- */

START_TEST(what_is_said_into_the_microphone_is_kept)
{
	static const int16_t said[] = { 1, -2, 3, -4, 5, -6 };
	struct hws_loop *loop;
	struct hws_sound_stream *t;
	unsigned taken;

	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	struct hws_sound *s = open_sound(loop);
	struct hws_sound_stream_conf c = { .way = HWS_SOUND_MICROPHONE,
		.spec = { HWS_SOUND_S16, 48000, 2 },
		.latency_us = 50000 };
	ck_assert_int_eq(hws_sound_open(s, &c, &t), HWS_OK);
	ck_assert_int_eq(hws_sound_write(t, said, 3, &taken), HWS_OK);
	ck_assert_uint_eq(taken, 3);
	struct hws_bytes heard = hws_headless_sound_heard(s);
	ck_assert_uint_eq(heard.len, sizeof(said));
	ck_assert_mem_eq(heard.ptr, said, sizeof(said));
	hws_sound_close(t);
	hl_sound_free(s);
	hws_loop_free(loop);
}
END_TEST

START_TEST(the_tone_is_a_wave_around_zero)
{
	long sum = 0;
	int top = 0;

	for (unsigned i = 0; i < 128; i++) {
		sum += hws_headless_tone(i, 0);
		top = HWS_MAX(top, hws_headless_tone(i, 0));
		ck_assert_int_eq(hws_headless_tone(i + 128, 0), hws_headless_tone(i, 0));
		ck_assert_int_eq(hws_headless_tone(i, 1), hws_headless_tone(i + 32, 0));
	}
	ck_assert_int_eq(sum, 0);
	ck_assert_int_eq(top, 16384);
}
END_TEST

static unsigned lost;

static void on_seat_lost(const char *why HWS_UNUSED, void *arg HWS_UNUSED)
{
	lost++;
}

START_TEST(the_end_of_the_login_service_is_told_and_the_list_stays)
{
	struct hws_loop *loop;

	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	struct hws_seat *s = open_seat(loop);
	s->ev.on_lost = on_seat_lost;
	hws_headless_seat_lose(s);
	contract_turns(loop, 3);
	ck_assert_uint_eq(lost, 1);
	ck_assert_str_eq(hws_seat_front(s)->user, HWS_HEADLESS_USER);
	hl_seat_free(s);
	hws_loop_free(loop);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("platform/headless/doubles");
	TCase *t = tcase_create("all");

	tcase_add_test(t, what_is_said_into_the_microphone_is_kept);
	tcase_add_test(t, the_tone_is_a_wave_around_zero);
	tcase_add_test(t, the_end_of_the_login_service_is_told_and_the_list_stays);
	suite_add_tcase(s, t);
	SRunner *sr = srunner_create(s);
	srunner_add_suite(sr, contract_sound_suite(&sound));
	srunner_add_suite(sr, contract_camera_suite(&camera));
	srunner_add_suite(sr, contract_pty_suite(&pty));
	srunner_add_suite(sr, contract_seat_suite(&seat));
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
