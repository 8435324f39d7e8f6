/* The decoder process as an embedder's program has it: one for each session, found in the build
 * tree, killed at any moment, missing. */
#include "shared/crypto/crypto.h"
#include "tests/component/viewer/told.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIDS_MAX 16

/* 0: it is no decoder of ours, or has ended. */
static pid_t decoder_of(const char *entry)
{
	char path[300], line[400] = "", *end;
	int parent = 0;
	char state = 'Z';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", entry);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	end = strrchr(line, ')');
	if (!end || !strstr(line, "(hawser-decoder)"))
		return 0;
	state = end[2];
	parent = (int)strtoul(end + 4, NULL, 10);
	return parent == getpid() && state != 'Z' ? (pid_t)strtoul(entry, NULL, 10) : 0;
}

static size_t decoders(pid_t ret[PIDS_MAX])
{
	DIR *d = opendir("/proc");
	const struct dirent *e;
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) && n < PIDS_MAX) {
		pid_t pid = e->d_name[0] >= '1' && e->d_name[0] <= '9' ? decoder_of(e->d_name) : 0;
		if (pid > 1)
			ret[n++] = pid;
	}
	closedir(d);
	return n;
}

/* Dispatches until there are so many. */
static void until_decoders(struct told *t, size_t count, pid_t ret[PIDS_MAX])
{
	uint64_t due = test_now_ms() + TEST_PATIENCE_MS;

	while (decoders(ret) != count) {
		ck_assert_uint_lt(test_now_ms(), due);
		hawser_context_wait(t->ctx, 20);
	}
}

static void until_another_frame(struct told *t)
{
	until(t, HAWSER_EVENT_FRAME, t->count[HAWSER_EVENT_FRAME] + 1);
}

START_TEST(a_killed_decoder_costs_a_few_pictures)
{
	struct fake_host h;
	struct told t;
	pid_t pid[PIDS_MAX], killed;

	fake_host_start(&h, &(struct fake_conf){ .width = 101, .height = 67, .frames = 3 });
	open_context(&t);
	open_session(&h, &t, "x");
	while (t.frame_number < 3)
		until_another_frame(&t);
	for (int i = 0; i < 2; i++) {
		until_decoders(&t, 1, pid);
		killed = pid[0];
		ck_assert_int_eq(kill(killed, SIGKILL), 0);
		/* A user's wish, or the next change of the screen, brings a picture. */
		do {
			hawser_session_refresh(t.session, 0);
			hawser_context_wait(t.ctx, 300);
			until_decoders(&t, 1, pid);
			/* a picture may have been ready before it died */
		} while (t.frame_number <= 3u + 3u * (unsigned)i || pid[0] == killed);
	}
	ck_assert_int_eq(t.count[HAWSER_EVENT_CLOSED], 0);
	ck_assert_uint_eq(fake_host_connections(&h), 1);
	close_all(&h, &t);
	ck_assert_uint_eq(decoders(pid), 0);
}
END_TEST

START_TEST(one_that_dies_all_the_time_ends_the_session)
{
	struct fake_host h;
	struct told t;
	pid_t pid[PIDS_MAX];

	fake_host_start(&h, &(struct fake_conf){ .frames = 1 });
	open_context(&t);
	open_session(&h, &t, "x");
	until_another_frame(&t);
	uint64_t due = test_now_ms() + TEST_PATIENCE_MS;
	while (!t.count[HAWSER_EVENT_CLOSED]) {
		ck_assert_uint_lt(test_now_ms(), due);
		for (size_t i = decoders(pid); i > 0; i--)
			kill(pid[i - 1], SIGKILL);
		hawser_context_wait(t.ctx, 50);
	}
	ck_assert_msg(strstr(t.closed_text, "decoder") != NULL, "%s", t.closed_text);
	ck_assert_int_eq(t.count[HAWSER_EVENT_CLOSED], 1);
	/* And can be begun again. */
	ck_assert_int_eq(hawser_session_reconnect(t.session), 0);
	until_another_frame(&t);
	close_all(&h, &t);
}
END_TEST

START_TEST(each_session_has_its_own)
{
	struct fake_host a, b;
	struct told t, u;
	pid_t pid[PIDS_MAX];

	fake_host_start(&a, &(struct fake_conf){ .frames = 1 });
	fake_host_start(&b, &(struct fake_conf){ .frames = 1 });
	open_context(&t);
	open_session(&a, &t, "x");
	until_another_frame(&t);
	until_decoders(&t, 1, pid);
	open_context(&u);
	open_session(&b, &u, "x");
	until_another_frame(&u);
	until_decoders(&u, 2, pid);
	close_all(&b, &u);
	until_decoders(&t, 1, pid);
	hawser_session_disconnect(t.session);
	until(&t, HAWSER_EVENT_CLOSED, 1);
	until_decoders(&t, 0, pid); /* none is kept for a session that has ended */
	close_all(&a, &t);
}
END_TEST

START_TEST(a_missing_program_is_named)
{
	struct fake_host h;
	struct told t;

	ck_assert_int_eq(setenv("HAWSER_DECODER", "/nonexistent/hawser-decoder", 1), 0);
	fake_host_start(&h, &(struct fake_conf){ .frames = 1 });
	open_context(&t);
	open_session(&h, &t, "x");
	until(&t, HAWSER_EVENT_CLOSED, 1);
	ck_assert_ptr_nonnull(strstr(t.closed_text, "/nonexistent/hawser-decoder"));
	ck_assert_int_eq(t.count[HAWSER_EVENT_FRAME], 0);
	close_all(&h, &t);
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("viewer/decoder", 60, NULL, NULL,
			TESTS(a_killed_decoder_costs_a_few_pictures,
					one_that_dies_all_the_time_ends_the_session,
					each_session_has_its_own, a_missing_program_is_named));
}
