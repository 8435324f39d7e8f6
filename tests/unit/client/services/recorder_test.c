/* Recordings that hold up no loop: what comes is written by a worker, in order, whatever ends
 * first. */
#include "shared/base/macros.h"
#include "shared/loop/work.h"
#include "tests/support/suite.h"
#include "tests/unit/client/services/recording_stage.h"
#include <stdio.h>
#include <stdlib.h>

struct told {
	unsigned files;
	bool ended;
	int err;
	char path[300];
};

static void on_file(const char *path, void *arg)
{
	struct told *t = arg;

	t->files++;
	snprintf(t->path, sizeof(t->path), "%s", path);
}

static void on_end(int err, const char *path, void *arg)
{
	struct told *t = arg;

	t->ended = true;
	t->err = err;
	snprintf(t->path, sizeof(t->path), "%s", path);
}

struct bench {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_recorder *recorder;
	struct told told;
};

static void bench_open(struct bench *b, const char *path, bool folder, int display)
{
	*b = (struct bench){ 0 };
	ck_assert_int_eq(hws_loop_new(&b->loop), HWS_OK);
	ck_assert_int_eq(hws_work_new(2, 16, &b->work), HWS_OK);
	struct hws_recorder_conf conf = { .loop = b->loop,
		.work = b->work,
		.path = path,
		.folder = folder,
		.prefix = "outgoing",
		.peer = "peer",
		.display = display,
		.repair = true,
		.on_file = on_file,
		.on_end = on_end,
		.arg = &b->told };
	ck_assert_int_eq(hws_recorder_new(&conf, &b->recorder), HWS_OK);
}

static void bench_put(struct bench *b, struct camera *c, unsigned display, bool key, uint64_t ms)
{
	struct hws_packet p = camera_take(c, key);

	hws_recorder_picture(b->recorder, display,
			&(struct hws_film_picture){
					c->codec, c->width, c->height, p.data, p.key, ms });
}

static void bench_end(struct bench *b)
{
	hws_recorder_stop(b->recorder, HWS_OK);
	for (int i = 0; i < 600 && !b->told.ended; i++)
		hws_loop_once(b->loop, 100);
	ck_assert(b->told.ended);
	hws_work_free(b->work);
	hws_loop_free(b->loop);
}

START_TEST(each_display_has_a_file_of_its_own)
{
	struct bench b;
	struct camera c[2];
	struct webm_file w;

	bench_open(&b, in_dir("d.webm"), false, -1);
	camera_open(&c[0], HWS_CODEC_VP9, 160, 120);
	camera_open(&c[1], HWS_CODEC_VP9, 320, 200);
	for (unsigned i = 0; i < 10; i++)
		for (unsigned d = 0; d < 2; d++)
			bench_put(&b, &c[d], d, i == 0, 100 + 10 * i);
	bench_end(&b);
	ck_assert_int_eq(b.told.err, HWS_OK);
	must_show_webm(in_dir("d.webm"), HWS_CODEC_VP9, 10, &w);
	must_show_webm(in_dir("d-display2.webm"), HWS_CODEC_VP9, 10, &w);
	ck_assert_uint_eq(w.width, 320);
	camera_close(&c[0]);
	camera_close(&c[1]);
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_ends_the_recording)
{
	struct bench b;
	struct camera c;

	write_file(in_dir("file"), (const uint8_t *)"x", 1);
	bench_open(&b, in_dir("file/folder"), true, 0);
	camera_open(&c, HWS_CODEC_VP9, 160, 120);
	bench_put(&b, &c, 0, true, 1);
	bench_end(&b);
	ck_assert_int_lt(b.told.err, 0);
	ck_assert_str_eq(b.told.path, in_dir("file/folder"));
	camera_close(&c);
}
END_TEST

/* The pool ends with the loop's owner: what came until then is a whole file. */
START_TEST(what_came_before_the_end_is_written)
{
	struct bench b;
	struct camera c;
	struct webm_file w;

	bench_open(&b, in_dir("e.webm"), false, 0);
	camera_open(&c, HWS_CODEC_VP9, 160, 120);
	for (unsigned i = 0; i < 10; i++)
		bench_put(&b, &c, 0, i == 0, 100 + 10 * i);
	hws_recorder_free(b.recorder);
	hws_work_free(b.work);
	hws_loop_free(b.loop);
	must_show_webm(in_dir("e.webm"), HWS_CODEC_VP9, 10, &w);
	ck_assert(!b.told.ended);
	camera_close(&c);
}
END_TEST

START_TEST(the_next_recording_repairs_what_lies_in_its_folder)
{
	struct bench b;
	struct camera c;
	uint8_t *all;
	size_t n = grown("outgoing_a.webm", 7, &all);

	write_file(in_dir("outgoing_old.webm"), all, n - 3);
	write_file(in_dir("other_old.webm"), all, n - 3);
	free(all);
	bench_open(&b, dir, true, 0);
	camera_open(&c, HWS_CODEC_VP9, 160, 120);
	bench_put(&b, &c, 0, true, 1);
	bench_end(&b);
	ck_assert_int_eq(b.told.err, HWS_OK);
	ck_assert_uint_ge(pictures_of(in_dir("outgoing_old.webm"), false), 6);
	ck_assert_uint_eq(content(in_dir("other_old.webm"), &all), n - 3);
	free(all);
	camera_close(&c);
}
END_TEST

int main(void)
{
	return test_main("services/recorder", 60, set_up, NULL,
			TESTS(each_display_has_a_file_of_its_own,
					a_folder_that_cannot_be_written_ends_the_recording,
					what_came_before_the_end_is_written,
					the_next_recording_repairs_what_lies_in_its_folder));
}
