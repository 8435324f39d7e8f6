/* A decoder process that has been taken over: whatever it answers, the viewer lives, shows nothing
 * that was not checked, and says in the end why there are no pictures. */
#include "client/decoder/channel.h"
#include "stage.h"
#include "tests/support/suite.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct stage s;

/* What it does with a request; its descriptors of memory, if it was given some. */
struct taken {
	int fd;
	struct hws_decode_request q;
	struct hws_local_fds memory;
};

static void say(struct taken *t, struct hws_decode_answer a, const void *rest, size_t n)
{
	if (hws_decode_write(t->fd, hws_bytes(&a, sizeof(a)), hws_bytes(rest, n)) < 0)
		return; /* it has been cut off, as it should */
}

static struct hws_decode_answer done_of(const struct taken *t)
{
	return (struct hws_decode_answer){ .kind = HWS_DECODE_DONE,
		.id = t->q.id,
		.display = t->q.display,
		.width = 64,
		.height = 64 };
}

static bool get_room(struct taken *t, unsigned width, unsigned height)
{
	struct hws_decode_request room;

	say(t,
			(struct hws_decode_answer){ .kind = HWS_DECODE_NEED,
					.id = t->q.id,
					.display = t->q.display,
					.width = width,
					.height = height },
			NULL, 0);
	return hws_decode_read(t->fd, &room, sizeof(room), &t->memory) == HWS_OK &&
			room.kind == HWS_DECODE_ROOM && room.slots == HWS_DECODE_SLOTS;
}

/* --- its ways --------------------------------------------------------------------------------- */

static void wrong_id(struct taken *t)
{
	struct hws_decode_answer a = done_of(t);

	if (!get_room(t, 64, 64))
		return;
	a.id++;
	say(t, a, NULL, 0);
}

static void wrong_display(struct taken *t)
{
	struct hws_decode_answer a = done_of(t);

	if (!get_room(t, 64, 64))
		return;
	a.display = 31;
	say(t, a, NULL, 0);
}

static void no_room_at_all(struct taken *t)
{
	say(t, done_of(t), NULL, 0);
}

static void larger_than_its_room(struct taken *t)
{
	struct hws_decode_answer a = done_of(t);

	if (!get_room(t, 64, 64))
		return;
	a.width = 65;
	say(t, a, NULL, 0);
}

static void damage_outside(struct taken *t)
{
	struct hws_decode_answer a = done_of(t);

	if (!get_room(t, 64, 64))
		return;
	a.x = 60;
	a.w = 5;
	a.h = 1;
	say(t, a, NULL, 0);
}

static void damage_negative(struct taken *t)
{
	struct hws_decode_answer a = done_of(t);

	if (!get_room(t, 64, 64))
		return;
	a.y = -1;
	a.h = INT32_MAX;
	a.w = 1;
	say(t, a, NULL, 0);
}

static void bytes_with_a_picture(struct taken *t)
{
	struct hws_decode_answer a = done_of(t);
	static const char bytes[1000];

	if (!get_room(t, 64, 64))
		return;
	a.size = sizeof(bytes);
	say(t, a, bytes, sizeof(bytes));
}

static void huge_answer(struct taken *t)
{
	struct hws_decode_answer a = done_of(t);

	a.result = HWS_ERR_CORRUPT;
	a.size = UINT32_MAX;
	say(t, a, NULL, 0);
}

static void impossible_room(struct taken *t)
{
	get_room(t, 16384, 16384);
}

static void empty_room(struct taken *t)
{
	get_room(t, 0, 64);
}

static void room_of_another(struct taken *t)
{
	t->q.display++;
	get_room(t, 64, 64);
}

static void room_without_end(struct taken *t)
{
	for (unsigned i = 0; i < 1000; i++) {
		if (!get_room(t, 64 + i, 64))
			return;
		hws_local_fds_close(&t->memory);
	}
}

static void positive_result(struct taken *t)
{
	struct hws_decode_answer a = done_of(t);

	a.result = 7;
	say(t, a, NULL, 0);
}

static void strange_kind(struct taken *t)
{
	struct hws_decode_answer a = done_of(t);

	a.kind = HWS_DECODE_ROOM;
	say(t, a, NULL, 0);
}

static void hello_again(struct taken *t)
{
	struct hws_decode_answer a = { .kind = HWS_DECODE_HELLO, .version = HWS_DECODE_VERSION };

	say(t, a, NULL, 0);
}

static void flood(struct taken *t)
{
	struct hws_decode_answer a = done_of(t);

	a.result = HWS_ERR_AGAIN;
	for (int i = 0; i < 100000; i++)
		if (hws_decode_write(t->fd, hws_bytes(&a, sizeof(a)), (struct hws_bytes){ 0 }) < 0)
			return;
}

static void noise(struct taken *t)
{
	unsigned seed = 1;
	uint8_t bytes[4096];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
	if (hws_decode_write(t->fd, hws_bytes(bytes, sizeof(bytes)), (struct hws_bytes){ 0 }) < 0)
		return;
}

static void descriptors(struct taken *t)
{
	struct hws_decode_answer a = done_of(t);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (hws_local_send(t->fd, hws_bytes(&a, sizeof(a)), (struct hws_bytes){ 0 }, &null, 1) < 0)
		abort();
	close(null);
}

static void half_an_answer(struct taken *t)
{
	struct hws_decode_answer a = done_of(t);

	if (hws_decode_write(t->fd, hws_bytes(&a, sizeof(a) / 2), (struct hws_bytes){ 0 }) < 0)
		return;
}

static void silence(struct taken *t)
{
	char c;

	while (hws_decode_read(t->fd, &c, 1, NULL) == HWS_OK)
		;
}

static void end(struct taken *t HWS_UNUSED)
{
}

static void (*way)(struct taken *t);

static void *run(void *arg)
{
	struct taken t = { .fd = (int)(intptr_t)arg };
	const struct hws_decode_answer hello = { .kind = HWS_DECODE_HELLO,
		.version = HWS_DECODE_VERSION,
		.confined = HWS_CONFINED_ALL };
	char c;

	say(&t, hello, NULL, 0);
	if (hws_decode_read(t.fd, &t.q, sizeof(t.q), NULL) == HWS_OK) {
		for (uint32_t i = 0; i < t.q.size; i++)
			if (hws_decode_read(t.fd, &c, 1, NULL) < 0)
				break;
		way(&t);
		/* It does not end by itself, or that would be what is seen. */
		if (way != end)
			silence(&t);
	}
	hws_local_fds_close(&t.memory);
	close(t.fd);
	return NULL;
}

static int start_taken(int fd, void *arg HWS_UNUSED)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, (void *)(intptr_t)fd) != 0)
		return HWS_ERR_SYS;
	pthread_detach(thread);
	return HWS_OK;
}

static void (*const ways[])(struct taken *) = { wrong_id, wrong_display, no_room_at_all,
	larger_than_its_room, damage_outside, damage_negative, bytes_with_a_picture, huge_answer,
	impossible_room, empty_room, room_of_another, room_without_end, positive_result,
	strange_kind, hello_again, flood, noise, descriptors, half_an_answer, silence, end };

START_TEST(a_taken_decoder_gains_nothing)
{
	bool slow = ways[_i] == silence || ways[_i] == half_an_answer;

	way = ways[_i];
	stage_open(&s, start_taken, slow ? 200000 : 0);
	for (unsigned i = 0; !s.breaks; i++) {
		if (stage_video(&s, 0, hws_bytes_str("not looked at"), true) < 0) {
			stage_wait_broken(&s);
			break;
		}
		stage_wait(&s, i + 1);
		/* A flood begins with an answer that is one. */
		if (way != flood)
			ck_assert_int_eq(s.result,
					s.breaks               ? HWS_ERR_CLOSED
							: slow ? HWS_ERR_TIMEOUT
							       : HWS_ERR_RESET);
		ck_assert_ptr_null(s.picture);
		ck_assert_uint_lt(i, 50);
	}
	ck_assert_uint_eq(s.breaks, 1);
	ck_assert_uint_eq(s.losses, HWS_CONFINED_DEATHS_MAX - 1);
	ck_assert_ptr_nonnull(strstr(s.why, "choose another"));
	ck_assert_int_eq(stage_video(&s, 0, hws_bytes_str("x"), true), HWS_ERR_CLOSED);
}
END_TEST

/* --- what it does to the memory ----------------------------------------------------------- */

static int tried[4];

static void cut_short(struct taken *t)
{
	struct hws_decode_answer a = done_of(t);

	if (!get_room(t, 64, 64))
		return;
	tried[0] = ftruncate(t->memory.fd[0], 0);
	tried[1] = ftruncate(t->memory.fd[0], 1 << 30);
	tried[2] = fcntl(t->memory.fd[0], F_ADD_SEALS, F_SEAL_WRITE);
	tried[3] = fallocate(t->memory.fd[0], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096);
	say(t, a, NULL, 0);
}

START_TEST(memory_of_pictures_cannot_be_cut_short)
{
	unsigned sum = 0;

	way = cut_short;
	stage_open(&s, start_taken, 0);
	ck_assert_int_eq(stage_video(&s, 0, hws_bytes_str("not looked at"), true), HWS_OK);
	stage_wait(&s, 1);
	ck_assert_int_eq(s.result, HWS_OK);
	ck_assert(tried[0] < 0 && tried[1] < 0 && tried[2] < 0);
	for (size_t i = 0; i < s.picture->size[0]; i++)
		sum += s.picture->plane[0][i];
	ck_assert_uint_eq(sum, 0);
}
END_TEST

/* --- what all displays take together --------------------------------------------------------- */

static unsigned rooms; /* atomic */

static void much_room(struct taken *t)
{
	struct hws_decode_answer a;
	uint8_t rest[8];

	do {
		if (get_room(t, HWS_PICTURE_SIDE_MAX,
				    HWS_PICTURE_PIXELS_MAX / HWS_PICTURE_SIDE_MAX))
			__atomic_add_fetch(&rooms, 1, __ATOMIC_SEQ_CST);
		hws_local_fds_close(&t->memory);
		a = done_of(t);
		a.result = HWS_ERR_CORRUPT;
		say(t, a, NULL, 0);
	} while (hws_decode_read(t->fd, &t->q, sizeof(t->q), NULL) == HWS_OK &&
			hws_decode_read(t->fd, rest, sizeof(rest), NULL) == HWS_OK);
}

START_TEST(all_displays_together_have_an_end)
{
	way = much_room;
	stage_open(&s, start_taken, 0);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(stage_video(&s, i, hws_bytes_str("none"), true), HWS_OK);
		stage_wait(&s, i + 1);
		ck_assert_int_eq(s.result, HWS_ERR_CORRUPT);
	}
	ck_assert_uint_eq(__atomic_load_n(&rooms, __ATOMIC_SEQ_CST), 2);
	ck_assert_uint_eq(s.losses, 0);
}
END_TEST

static int start_old(int fd, void *arg HWS_UNUSED)
{
	const struct hws_decode_answer hello = { .kind = HWS_DECODE_HELLO,
		.version = HWS_DECODE_VERSION + 1 };
	int r = hws_decode_write(fd, hws_bytes(&hello, sizeof(hello)), (struct hws_bytes){ 0 });

	close(fd);
	return r;
}

START_TEST(another_version_is_told)
{
	stage_open(&s, start_old, 0);
	hws_confined_start(s.c);
	stage_wait_broken(&s);
	ck_assert_ptr_nonnull(strstr(s.why, "another version"));
}
END_TEST

static void close_stage(void)
{
	stage_close(&s);
}

void hostile_cases(Suite *suite)
{
	TCase *t = test_case(suite, "hostile", 60,
			TESTS(memory_of_pictures_cannot_be_cut_short,
					all_displays_together_have_an_end,
					another_version_is_told));

	tcase_add_checked_fixture(t, NULL, close_stage);
	tcase_add_loop_test(t, a_taken_decoder_gains_nothing, 0, (int)HWS_COUNT(ways));
}
