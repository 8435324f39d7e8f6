/* Private files: whom they must belong to, and that a write is whole or not at all. */
#include "shared/sys/private_file.h"

#include "shared/base/str.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOMEBODY 54321

static char folder[] = "/tmp/hws-private-XXXXXX";
static char path[64], other[64];
static struct hws_buf buf;
static struct hws_error err;

static void set_up(void)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/file", folder), HWS_OK);
	ck_assert_int_eq(hws_fmt(other, sizeof(other), "%s/other", folder), HWS_OK);
	hws_buf_init(&buf, 10);
	memset(&err, 0, sizeof(err));
}

static void tear_down(void)
{
	hws_buf_done(&buf);
	unlink(path);
	unlink(other);
	ck_assert_int_eq(rmdir(folder), 0); /* nothing temporary was left behind */
}

static int write_text(const char *text, unsigned flags)
{
	return hws_private_file_write(path, hws_bytes_str(text), flags, &err);
}

static int read_as(const char *name, enum hws_private_trust trust)
{
	hws_buf_reset(&buf);
	err.text[0] = 0;
	return hws_private_file_read(name, trust, &buf, &err);
}

static bool holds(const char *text)
{
	struct hws_bytes b = hws_buf_bytes(&buf);

	return b.len == strlen(text) && (!b.len || !memcmp(b.ptr, text, b.len));
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(name, &st), 0);
	return st.st_mode & 07777;
}

static void must_say(const char *part)
{
	ck_assert_msg(strstr(err.text, part), "'%s' is not in: %s", part, err.text);
}

START_TEST(what_is_written_is_private_and_read_again)
{
	mode_t before = umask(0777);

	ck_assert_int_eq(write_text("0123456789", 0), HWS_OK);
	umask(before);
	ck_assert_uint_eq(mode_of(path), 0600);
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_SECRET), HWS_OK);
	ck_assert(holds("0123456789"));
	ck_assert_int_eq(write_text("", HWS_PRIVATE_SHOWN), HWS_OK);
	ck_assert_uint_eq(mode_of(path), 0644);
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_OWN), HWS_OK);
	ck_assert(holds(""));
}
END_TEST

START_TEST(more_than_fits_is_refused)
{
	ck_assert_int_eq(write_text("0123456789a", 0), HWS_OK);
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_SECRET), HWS_ERR_TOOBIG);
	must_say(path);
	/* What is in the buffer already counts. */
	ck_assert_int_eq(write_text("0123456789", 0), HWS_OK);
	hws_buf_reset(&buf);
	hws_buf_put_u8(&buf, '-');
	ck_assert_int_eq(hws_private_file_read(path, HWS_PRIVATE_OWN, &buf, NULL), HWS_ERR_TOOBIG);
}
END_TEST

static const struct {
	mode_t mode;
	int own, secret;
} modes[] = {
	{ 0600, HWS_OK, HWS_OK },
	{ 0400, HWS_OK, HWS_OK },
	{ 0640, HWS_OK, HWS_ERR_PERM },
	{ 0604, HWS_OK, HWS_ERR_PERM },
	{ 0644, HWS_OK, HWS_ERR_PERM },
	{ 0620, HWS_ERR_PERM, HWS_ERR_PERM },
	{ 0602, HWS_ERR_PERM, HWS_ERR_PERM },
	{ 0666, HWS_ERR_PERM, HWS_ERR_PERM },
};

START_TEST(what_others_may_change_or_see_is_refused_with_the_remedy)
{
	ck_assert_int_eq(write_text("x", 0), HWS_OK);
	ck_assert_int_eq(chmod(path, modes[_i].mode), 0);
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_ANY), HWS_OK);
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_OWN), modes[_i].own);
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_SECRET_OF_ANYBODY), modes[_i].secret);
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_SECRET), modes[_i].secret);
	if (modes[_i].secret < 0)
		must_say("chmod 600");
	ck_assert_uint_eq(hws_buf_len(&buf), modes[_i].secret < 0 ? 0 : 1);
}
END_TEST

START_TEST(a_foreign_file_is_refused_but_for_root_on_request)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(write_text("x", 0), HWS_OK);
	ck_assert_int_eq(chown(path, SOMEBODY, SOMEBODY), 0);
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_OWN), HWS_ERR_PERM);
	must_say("uid 54321");
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_SECRET), HWS_ERR_PERM);
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_SECRET_OF_ANYBODY), HWS_OK);
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_ANY), HWS_OK);
}
END_TEST

/* What the account SOMEBODY gets of root's files, in a child. */
static int as_somebody(int mode)
{
	int status;
	pid_t pid;

	ck_assert_int_eq(chmod(folder, 0755), 0);
	ck_assert_int_eq(chmod(path, (mode_t)mode), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (setgid(SOMEBODY) < 0 || setuid(SOMEBODY) < 0)
			_exit(99);
		int r = read_as(path, HWS_PRIVATE_SECRET_OF_ANYBODY);

		_exit(r == HWS_ERR_PERM && strstr(err.text, path) ? 1 : r == HWS_OK ? 0 : 98);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

START_TEST(nobody_but_root_takes_a_secret_of_another_account)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(write_text("x", 0), HWS_OK);
	ck_assert_int_eq(as_somebody(0600), 1);
	ck_assert_int_eq(as_somebody(0644), 1); /* root's, but open */
	ck_assert_int_eq(chown(path, SOMEBODY + 1, SOMEBODY), 0);
	ck_assert_int_eq(as_somebody(0640), 1);
	ck_assert_int_eq(chown(path, SOMEBODY, SOMEBODY), 0);
	ck_assert_int_eq(as_somebody(0600), 0);
}
END_TEST

/* What an account is advised that may not read root's secret in a folder of its own. */
static void advised(uid_t uid, bool contained, const char *part)
{
	int status;
	pid_t pid;

	ck_assert_int_eq(chown(folder, uid, uid), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (contained)
			setenv("HAWSER_CONTAINER", "1", 1);
		else
			unsetenv("HAWSER_CONTAINER");
		if (setgid(uid) < 0 || setuid(uid) < 0)
			_exit(99);
		if (read_as(path, HWS_PRIVATE_SECRET) != HWS_ERR_PERM || !strstr(err.text, part)) {
			fprintf(stderr, "%s\n", err.text);
			_exit(1);
		}
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: %d", part, status);
}

START_TEST(an_account_without_a_lasting_name_is_advised_what_works_without_it)
{
	char want[160];

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(write_text("x", 0), HWS_OK);
	ck_assert_int_eq(hws_fmt(want, sizeof(want), "chown --reference=%s %s && chmod 600 %s",
					 folder, path, path),
			HWS_OK);
	advised(61999, false, want); /* systemd's, of a service that is down */
	advised(54321, false, want);
	ck_assert_int_eq(hws_fmt(want, sizeof(want), "chown 54321:54321 %s && chmod 600", path),
			HWS_OK);
	advised(54321, true, want);
	ck_assert_int_eq(hws_fmt(want, sizeof(want), "chown nobody %s", path), HWS_OK);
	advised(65534, false, want);
}
END_TEST

START_TEST(links_folders_and_pipes_are_neither_read_nor_replaced)
{
	struct stat st;

	ck_assert_int_eq(hws_private_file_write(other, hws_bytes_str("first"), 0, &err), HWS_OK);
	ck_assert_int_eq(symlink(other, path), 0);
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_ANY), HWS_ERR_PERM);
	must_say("symbolic link");
	ck_assert_int_eq(write_text("second", 0), HWS_ERR_INVAL);
	must_say("link");
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_ANY), HWS_ERR_PERM); /* and at once */
	ck_assert_int_eq(write_text("second", 0), HWS_ERR_INVAL);
	ck_assert_int_eq(write_text("second", HWS_PRIVATE_OVER_ANY), HWS_OK);
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_SECRET), HWS_OK);
	ck_assert_int_eq(read_as(folder, HWS_PRIVATE_ANY), HWS_ERR_PERM);
	ck_assert_int_eq(
			hws_private_file_write(folder, hws_bytes_str("x"), 0, &err), HWS_ERR_INVAL);
	ck_assert_int_eq(read_as(other, HWS_PRIVATE_SECRET), HWS_OK);
	ck_assert(holds("first"));
}
END_TEST

START_TEST(what_is_not_there_is_told)
{
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_OWN), HWS_ERR_NOTFOUND);
	must_say("does not exist");
	ck_assert_int_eq(hws_private_file_write("/nonexistent/x", hws_bytes_str("x"), 0, &err),
			HWS_ERR_DISK);
	must_say("/nonexistent/x");
	ck_assert_int_eq(hws_private_file_remove(path, &err), HWS_OK);
}
END_TEST

START_TEST(a_fresh_file_is_never_put_over_another)
{
	ck_assert_int_eq(write_text("first", HWS_PRIVATE_FRESH), HWS_OK);
	ck_assert_int_eq(write_text("second", HWS_PRIVATE_FRESH), HWS_ERR_EXISTS);
	must_say("exists already");
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_SECRET), HWS_OK);
	ck_assert(holds("first"));
	ck_assert_int_eq(hws_private_file_remove(path, &err), HWS_OK);
	ck_assert_int_eq(symlink(other, path), 0);
	ck_assert_int_eq(write_text("second", HWS_PRIVATE_FRESH), HWS_ERR_EXISTS);
	ck_assert_int_eq(access(other, F_OK), -1);
}
END_TEST

START_TEST(a_reader_sees_the_old_or_the_new_but_never_half)
{
	int fd;
	char half[8];

	ck_assert_int_eq(write_text("first", 0), HWS_OK);
	ck_assert_int_eq(hws_private_file_open(path, HWS_PRIVATE_SECRET, &fd, &err), HWS_OK);
	ck_assert_int_eq(write_text("second", 0), HWS_OK);
	ck_assert_int_eq(read(fd, half, sizeof(half)), 5);
	close(fd);
	ck_assert_int_eq(read_as(path, HWS_PRIVATE_SECRET), HWS_OK);
	ck_assert(holds("second"));
}
END_TEST

START_TEST(a_file_that_grows_is_made_private_and_new)
{
	char c;
	int fd;

	ck_assert_int_eq(hws_private_file_create(path, &fd, &err), HWS_OK);
	ck_assert_uint_eq(mode_of(path), 0600);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_int_eq(pread(fd, &c, 1, 0), 1);
	close(fd);
	ck_assert_int_eq(hws_private_file_create(path, &fd, &err), HWS_ERR_EXISTS);
	must_say(path);
	ck_assert_int_eq(hws_private_file_remove(path, &err), HWS_OK);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

START_TEST(missing_folders_are_made_private)
{
	char deep[100], above[100];

	ck_assert_int_eq(hws_fmt(above, sizeof(above), "%s/a", folder), HWS_OK);
	ck_assert_int_eq(hws_fmt(deep, sizeof(deep), "%s/b/file", above), HWS_OK);
	ck_assert_int_eq(hws_private_file_write(deep, hws_bytes_str("x"), 0, &err), HWS_ERR_DISK);
	ck_assert_int_eq(
			hws_private_file_write(deep, hws_bytes_str("x"), HWS_PRIVATE_FOLDERS, &err),
			HWS_OK);
	ck_assert_int_eq(read_as(deep, HWS_PRIVATE_SECRET), HWS_OK);
	ck_assert_uint_eq(mode_of(above), 0700);
	ck_assert_int_eq(hws_private_file_remove(deep, &err), HWS_OK);
	*strrchr(deep, '/') = 0;
	ck_assert_uint_eq(mode_of(deep), 0700);
	ck_assert_int_eq(hws_private_folder_make(deep, &err), HWS_OK);
	ck_assert_int_eq(rmdir(deep), 0);
	ck_assert_int_eq(rmdir(above), 0);
	ck_assert_int_eq(write_text("x", 0), HWS_OK);
	ck_assert_int_eq(hws_fmt(deep, sizeof(deep), "%s/in/a/file", path), HWS_OK);
	ck_assert_int_lt(hws_private_folder_make(deep, &err), 0);
	must_say("folder");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("private_file");
	TCase *t = tcase_create("private_file");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_is_written_is_private_and_read_again);
	tcase_add_test(t, more_than_fits_is_refused);
	tcase_add_loop_test(t, what_others_may_change_or_see_is_refused_with_the_remedy, 0,
			sizeof(modes) / sizeof(modes[0]));
	tcase_add_test(t, a_foreign_file_is_refused_but_for_root_on_request);
	tcase_add_test(t, nobody_but_root_takes_a_secret_of_another_account);
	tcase_add_test(t, an_account_without_a_lasting_name_is_advised_what_works_without_it);
	tcase_add_test(t, links_folders_and_pipes_are_neither_read_nor_replaced);
	tcase_add_test(t, what_is_not_there_is_told);
	tcase_add_test(t, a_fresh_file_is_never_put_over_another);
	tcase_add_test(t, a_reader_sees_the_old_or_the_new_but_never_half);
	tcase_add_test(t, a_file_that_grows_is_made_private_and_new);
	tcase_add_test(t, missing_folders_are_made_private);
	suite_add_tcase(s, t);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
