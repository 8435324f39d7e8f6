/* Files and standard output as users name them: files, links, pipes, devices, full ones. */
#include "shared/base/macros.h"
#include "shared/base/output.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[200];

static void setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/hawser-output-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
}

static void teardown(void)
{
	static const char *const names[] = { "new", "old", "link", "dangling", "pipe", "socket",
		"folder" };

	for (size_t i = 0; i < HWS_COUNT(names); i++)
		if (unlink(names[i]) < 0)
			rmdir(names[i]);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_msg(rmdir(dir) == 0, "something was left in %s", dir);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static const char *content(const char *path)
{
	static char buf[100];
	FILE *f = fopen(path, "r");

	if (!f)
		return "(none)";
	buf[fread(buf, 1, sizeof(buf) - 1, f)] = 0;
	fclose(f);
	return buf;
}

static int write_text(const char *path, const char *text, struct hws_error *err)
{
	struct hws_out_file f;
	int r = hws_out_file_begin(&f, path, err);

	return r < 0 ? r
		     : hws_out_file_end(&f, hws_out_file_write(&f, hws_bytes_str(text)), path, err);
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(lstat(path, &st), 0);
	return st.st_mode;
}

START_TEST(files_are_replaced_as_a_whole_and_keep_their_mode)
{
	struct hws_out_file f;
	struct hws_error err;

	umask(022);
	ck_assert_int_eq(write_text("new", "a", &err), 0);
	ck_assert_str_eq(content("new"), "a");
	ck_assert_uint_eq(mode_of("new"), S_IFREG | 0600);
	put("old", "before");
	ck_assert_int_eq(chmod("old", 0604), 0);
	ck_assert_int_eq(hws_out_file_begin(&f, "old", &err), 0);
	ck_assert_int_eq(hws_out_file_write(&f, hws_bytes_str("aft")), 0);
	ck_assert_str_eq(content("old"), "before");
	ck_assert_int_eq(hws_out_file_write(&f, hws_bytes_str("er")), 0);
	ck_assert_int_eq(hws_out_file_end(&f, HWS_OK, "old", &err), 0);
	ck_assert_str_eq(content("old"), "after");
	ck_assert_uint_eq(mode_of("old"), S_IFREG | 0604);
	ck_assert_int_eq(hws_out_file_begin(&f, "old", &err), 0);
	ck_assert_int_eq(hws_out_file_end(&f, HWS_ERR_NOMEM, "old", &err), HWS_ERR_NOMEM);
	ck_assert_str_eq(content("old"), "after");
}
END_TEST

START_TEST(a_link_stays_and_its_file_is_replaced)
{
	struct hws_error err = { 0 };

	put("old", "before");
	ck_assert_int_eq(symlink("old", "link"), 0);
	ck_assert_int_eq(write_text("link", "after", &err), 0);
	ck_assert(S_ISLNK(mode_of("link")));
	ck_assert_str_eq(content("old"), "after");
	ck_assert_int_eq(symlink("nothing", "dangling"), 0);
	ck_assert_int_eq(write_text("dangling", "x", &err), HWS_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "dangling"));
	ck_assert(S_ISLNK(mode_of("dangling")));
	ck_assert_str_eq(content("nothing"), "(none)");
}
END_TEST

START_TEST(a_pipe_is_written_to_and_stays)
{
	struct hws_error err = { 0 };
	struct hws_out_file f;
	char got[8] = "";
	int reader;

	ck_assert_int_eq(mkfifo("pipe", 0600), 0);
	ck_assert_int_eq(write_text("pipe", "x", &err), HWS_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "nobody reads"));
	reader = open("pipe", O_RDONLY | O_NONBLOCK);
	ck_assert_int_eq(write_text("pipe", "through", &err), 0);
	ck_assert_int_eq(read(reader, got, sizeof(got)), 7);
	ck_assert_mem_eq(got, "through", 7);
	ck_assert(S_ISFIFO(mode_of("pipe")));
	/* the reader goes away in the middle */
	ck_assert_int_eq(hws_out_file_begin(&f, "pipe", &err), 0);
	close(reader);
	int r = hws_out_file_write(&f, hws_bytes_str("x"));
	ck_assert_int_lt(r, 0);
	ck_assert_int_eq(hws_out_file_end(&f, r, "pipe", &err), r);
	ck_assert_ptr_nonnull(strstr(err.text, "pipe"));
}
END_TEST

START_TEST(devices_are_written_to_and_full_ones_tell)
{
	struct hws_error err = { 0 };

	ck_assert_int_eq(write_text("/dev/null", "x", &err), 0);
	ck_assert(S_ISCHR(mode_of("/dev/null")));
	ck_assert_int_eq(write_text("/dev/full", "x", &err), HWS_ERR_DISK);
	ck_assert_msg(strstr(err.text, "/dev/full") && strstr(err.text, "No space"), "%s",
			err.text);
	ck_assert(S_ISCHR(mode_of("/dev/full")));
}
END_TEST

START_TEST(what_is_no_output_is_refused_by_name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "socket" };
	struct hws_error err = { 0 };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(mkdir("folder", 0700), 0);
	ck_assert_int_eq(write_text("", "x", &err), HWS_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "empty"));
	ck_assert_int_eq(write_text("folder", "x", &err), HWS_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "folder"));
	ck_assert_int_eq(write_text("socket", "x", &err), HWS_ERR_INVAL);
	ck_assert(S_ISSOCK(mode_of("socket")));
	ck_assert_int_eq(write_text("nowhere/file", "x", &err), HWS_ERR_DISK);
	ck_assert_ptr_nonnull(strstr(err.text, "nowhere/file"));
	close(fd);
}
END_TEST

/* Status of a child that writes to standard output, which is `path`. */
static int print_to(const char *path, bool early, int status)
{
	int ended;
	pid_t pid = fork();

	if (pid == 0) {
		if (!freopen(path, "w", stdout))
			_exit(99);
		printf("text\n");
		if (early)
			fflush(stdout);
		_exit(hws_output_end("program", status, 7));
	}
	ck_assert_int_eq(waitpid(pid, &ended, 0), pid);
	ck_assert(WIFEXITED(ended));
	return WEXITSTATUS(ended);
}

START_TEST(lost_standard_output_is_no_success)
{
	ck_assert_int_eq(print_to("/dev/null", false, 0), 0);
	ck_assert_int_eq(print_to("/dev/null", false, 3), 3);
	ck_assert_int_eq(print_to("/dev/full", false, 0), 7);
	ck_assert_int_eq(print_to("/dev/full", true, 0), 7);
	ck_assert_int_eq(print_to("/dev/full", true, 3), 3);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/output");
	TCase *t = tcase_create("output");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, files_are_replaced_as_a_whole_and_keep_their_mode);
	tcase_add_test(t, a_link_stays_and_its_file_is_replaced);
	tcase_add_test(t, a_pipe_is_written_to_and_stays);
	tcase_add_test(t, devices_are_written_to_and_full_ones_tell);
	tcase_add_test(t, what_is_no_output_is_refused_by_name);
	tcase_add_test(t, lost_standard_output_is_no_success);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
