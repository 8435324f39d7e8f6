/* Files of the other end as a folder of this machine: a real FUSE mount by the real program, read
 * by the programs of the system. */
#include "client/mount/program.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include "tests/unit/client/clipfiles/stage.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define FUSE_MAGIC 0x65735546

static struct hws_clip_folder *folder;
static char where[PATH_MAX], why[400];
static pid_t mounter;

static int start(int fd, struct hws_error *err, void *arg HWS_UNUSED)
{
	return hws_mount_start(fd, &mounter, err);
}

static void on_ready(const char *path, void *arg HWS_UNUSED)
{
	snprintf(where, sizeof(where), "%s", path);
}

static void on_end(const char *text, void *arg HWS_UNUSED)
{
	snprintf(why, sizeof(why), "%s", text);
}

static bool is_there(void)
{
	return *where || *why;
}

static bool has_ended(void)
{
	return *why;
}

/* False: this machine lets nobody mount. */
static bool show(void)
{
	struct hws_error err = { 0 };

	*where = *why = 0;
	ck_assert_msg(hws_clip_folder_new(
				      &(struct hws_clip_folder_conf){ .loop = stage.loop,
						      .paster = hws_clip_end_paster(stage.viewer),
						      .start = start,
						      .on_ready = on_ready,
						      .on_end = on_end },
				      &folder, &err) == HWS_OK,
			"%s", err.text);
	stage_until(is_there);
	if (*where)
		return true;
	if (access("/dev/fuse", R_OK | W_OK) == 0 && geteuid() == 0)
		ck_abort_msg("%s", why);
	test_skip("no FUSE here: %s", why);
	return false;
}

static void hide(void)
{
	hws_clip_folder_free(folder);
	folder = NULL;
	if (mounter)
		while (waitpid(mounter, NULL, 0) < 0 && errno == EINTR)
			;
	mounter = 0;
}

static void set_up(void)
{
	stage_begin(true);
	stage_folder("run");
	ck_assert_int_eq(chmod(stage_path("run"), 0700), 0);
	setenv("HAWSER_MOUNT", MOUNT_PROGRAM, 1);
	setenv("XDG_RUNTIME_DIR", stage_path("run"), 1);
}

static void tear_down(void)
{
	hide();
	stage_end();
}

static const char *shown(const char *name)
{
	static char buf[4][PATH_MAX + 300];
	static unsigned turn;
	char *p = buf[turn++ % 4];

	snprintf(p, sizeof(buf[0]), "%s/%s", where, name);
	return p;
}

/* Runs a program that reads here, while the ends go on; its exit status. */
static int run(const char *const argv[], char *out, size_t size)
{
	struct test_proc p = { 0 };
	int status;

	test_proc_start(&p, argv, NULL);
	do {
		for (unsigned i = 0; i < 50; i++)
			stage_turn();
		status = test_proc_wait(&p, 1);
	} while (!p.ended);
	if (out)
		snprintf(out, size, "%s", p.log ? p.log : "");
	else if (status)
		fprintf(stderr, "%s: %s\n", argv[0], p.log ? p.log : "");
	test_proc_stop(&p);
	return status;
}

static int copy_out(const char *name, const char *to)
{
	const char *const argv[] = { "/bin/cp", "-r", "--preserve=timestamps", shown(name),
		stage_path(to), NULL };

	return run(argv, NULL, 0);
}

static void make_tree(void)
{
	FILE *f;

	stage_folder("src");
	stage_write("src/a", "hello");
	stage_write("src/empty", "");
	stage_folder("src/sub");
	stage_folder("src/none");
	stage_write("src/sub/.h\xff", "secret");
	f = fopen(stage_path("src/sub/big"), "w");
	for (unsigned i = 0; i < 5000003; i++)
		fputc((int)(i * 7 + i / 256), f);
	fclose(f);
}

START_TEST(cp_gets_the_tree)
{
	struct stat st;
	struct statfs fs;

	make_tree();
	stage_copy("src");
	if (!show())
		return;
	ck_assert_int_eq(statfs(where, &fs), 0);
	ck_assert_int_eq(fs.f_type, FUSE_MAGIC);
	ck_assert_int_eq(stat(shown("src/sub/big"), &st), 0);
	ck_assert_int_eq(st.st_size, 5000003);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0444);
	ck_assert_uint_eq(st.st_uid, geteuid());
	ck_assert_uint_eq(stage.read, 0); /* lazily: nothing was read yet */
	stage_folder("dst");
	ck_assert_int_eq(copy_out("src", "dst"), 0);
	stage_equal(stage_path("src"), stage_path("dst/src"));
	ck_assert_int_eq(stat(shown("src/missing"), &st), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(nobody_can_write)
{
	make_tree();
	stage_copy("src");
	if (!show())
		return;
	ck_assert_int_lt(open(shown("src/a"), O_WRONLY), 0);
	ck_assert_int_eq(errno, EROFS);
	ck_assert_int_lt(open(shown("new"), O_WRONLY | O_CREAT, 0600), 0);
	ck_assert_int_eq(errno, EROFS);
	ck_assert_int_lt(unlink(shown("src/a")), 0);
	ck_assert_int_eq(errno, EROFS);
}
END_TEST

START_TEST(a_big_tree_comes_whole)
{
	char name[60];

	stage_folder("src");
	for (unsigned i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "src/%02u", i);
		stage_folder(name);
		for (unsigned k = 0; k < 100; k++) {
			char text[40];

			snprintf(name, sizeof(name), "src/%02u/%u", i, k);
			snprintf(text, sizeof(text), "this is %u of %u", k, i);
			stage_write(name, text);
		}
	}
	stage_copy("src");
	ck_assert_uint_eq(hws_clip_list_count(stage.list), 5051);
	if (!show())
		return;
	stage_folder("dst");
	ck_assert_int_eq(copy_out("src", "dst"), 0);
	stage_equal(stage_path("src"), stage_path("dst/src"));
}
END_TEST

START_TEST(files_beyond_4_gib_are_read_at_any_place)
{
	int fd = open(stage_path("big"), O_CREAT | O_WRONLY, 0644);
	static const off_t places[] = { (1ll << 31) + 7, (3ll << 30) + 1, (4ll << 30) - 3,
		(6ll << 30) + 9, (9ll << 30) - 12 };
	char out[100];

	ck_assert_int_eq(ftruncate(fd, 9ll << 30), 0);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(pwrite(fd, "here it is!!", 12, places[i]), 12);
	close(fd);
	stage_copy("big");
	if (!show())
		return;
	for (unsigned i = 0; i < 5; i++) {
		char skip[40], from[PATH_MAX + 10];
		const char *const argv[] = { "/bin/dd", from, "bs=12", "count=1",
			"iflag=skip_bytes", skip, "status=none", NULL };

		snprintf(from, sizeof(from), "if=%s", shown("big"));
		snprintf(skip, sizeof(skip), "skip=%lld", (long long)places[i]);
		ck_assert_int_eq(run(argv, out, sizeof(out)), 0);
		ck_assert_str_eq(out, "here it is!!");
	}
}
END_TEST

/* The peer goes silent in the middle: errors, not hanging. */
START_TEST(a_silent_peer_is_an_error)
{
	struct test_proc p = { 0 };
	const char *argv[] = { "/bin/cat", NULL, NULL };

	make_tree();
	stage_copy("src");
	if (!show())
		return;
	stage.cut = true;
	argv[1] = shown("src/sub/big");
	test_proc_start(&p, argv, NULL);
	do {
		stage_turn();
		stage.clock_us += 100 * HWS_US_PER_MS; /* faster than the wall's */
		test_proc_wait(&p, 1);
	} while (!p.ended);
	ck_assert_int_eq(p.status, 1 << 8);
	ck_assert_ptr_nonnull(strstr(p.log, "Input/output error"));
	test_proc_stop(&p);
}
END_TEST

START_TEST(the_end_of_the_link_ends_readers_and_unmounts)
{
	struct test_proc p = { 0 };
	const char *argv[] = { "/bin/cat", NULL, NULL };
	struct stat st;

	make_tree();
	stage_copy("src");
	if (!show())
		return;
	stage.cut = true;
	argv[1] = shown("src/sub/big");
	test_proc_start(&p, argv, NULL);
	while (stage.sent_viewer < 2) /* it reads */
		stage_turn();
	hws_clip_paster_drop(hws_clip_end_paster(stage.viewer)); /* as its service does */
	hide();
	ck_assert_int_eq(test_proc_wait(&p, TEST_PATIENCE_MS), 1);
	test_proc_stop(&p);
	ck_assert_int_lt(stat(where, &st), 0);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(who_reads_can_be_ended)
{
	struct test_proc p = { 0 };
	const char *argv[] = { "/bin/cat", NULL, NULL };

	make_tree();
	stage_copy("src");
	if (!show())
		return;
	stage.cut = true;
	argv[1] = shown("src/sub/big");
	test_proc_start(&p, argv, NULL);
	while (stage.sent_viewer < 2)
		stage_turn();
	test_proc_signal(&p, SIGINT);
	do {
		stage_turn();
		test_proc_wait(&p, 1);
	} while (!p.ended);
	test_proc_stop(&p);
}
END_TEST

START_TEST(a_mount_left_by_a_crash_is_cleared_away)
{
	char before[PATH_MAX];
	struct stat st;

	make_tree();
	stage_copy("src");
	if (!show())
		return;
	snprintf(before, sizeof(before), "%s", where);
	ck_assert_int_eq(kill(mounter, SIGKILL), 0);
	stage_until(has_ended);
	hide();
	ck_assert_int_lt(stat(before, &st), 0);
	ck_assert_int_eq(errno, ENOTCONN);
	ck_assert(show());
	ck_assert_int_lt(stat(before, &st), 0);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(stat(where, &st), 0);
	ck_assert_str_ne(before, where);
}
END_TEST

/* Its owner ends without a word: the socket closes, and that is enough. */
START_TEST(a_signal_ends_it_cleanly)
{
	struct stat st;

	make_tree();
	stage_copy("src");
	if (!show())
		return;
	ck_assert_int_eq(kill(mounter, SIGTERM), 0);
	stage_until(has_ended);
	hide();
	ck_assert_int_lt(stat(where, &st), 0);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

int main(void)
{
	return test_main("clip_mount", 300, set_up, tear_down,
			TESTS(cp_gets_the_tree, nobody_can_write, a_big_tree_comes_whole,
					files_beyond_4_gib_are_read_at_any_place,
					a_silent_peer_is_an_error,
					the_end_of_the_link_ends_readers_and_unmounts,
					who_reads_can_be_ended,
					a_mount_left_by_a_crash_is_cleared_away,
					a_signal_ends_it_cleanly));
}
