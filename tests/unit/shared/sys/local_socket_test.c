/* Local sockets: who may connect, and descriptors that arrive, each exactly once, or are told to be
 * lost. */
#include "shared/sys/local_socket.h"

#include "shared/base/str.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct hws_bytes none;
static struct hws_local_fds fds;
static struct hws_error err;
static int pair[2];

static void set_up(void)
{
	ck_assert_int_eq(hws_local_pair(pair), HWS_OK);
}

static void tear_down(void)
{
	close(pair[0]);
	close(pair[1]);
}

static int open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

START_TEST(a_pair_does_not_wait_and_is_not_inherited)
{
	char c;

	for (int i = 0; i < 2; i++) {
		ck_assert(fcntl(pair[i], F_GETFD) & FD_CLOEXEC);
		ck_assert(fcntl(pair[i], F_GETFL) & O_NONBLOCK);
	}
	ck_assert_int_eq(hws_local_recv(pair[0], &c, 1, NULL, 0, &fds), HWS_ERR_AGAIN);
	ck_assert_uint_eq(fds.n, 0);
}
END_TEST

START_TEST(descriptors_arrive_with_their_bytes)
{
	int line[2], before;
	char head[3], rest[10], c;

	ck_assert_int_eq(pipe(line), 0);
	before = open_files();
	ck_assert_int_eq(
			hws_local_send(pair[0], hws_bytes("abc", 3), hws_bytes("defg", 4), line, 2),
			7);
	ck_assert_int_eq(hws_local_recv(pair[1], head, sizeof(head), rest, sizeof(rest), &fds), 7);
	ck_assert_mem_eq(head, "abc", 3);
	ck_assert_mem_eq(rest, "defg", 4);
	ck_assert_uint_eq(fds.n, 2);
	ck_assert(!fds.cut && (fcntl(fds.fd[0], F_GETFD) & FD_CLOEXEC));
	ck_assert_int_eq(write(fds.fd[1], "x", 1), 1);
	ck_assert_int_eq(read(line[0], &c, 1), 1);
	ck_assert_int_eq(c, 'x');
	hws_local_fds_close(&fds);
	ck_assert_uint_eq(fds.n, 0);
	ck_assert_int_eq(open_files(), before);
	close(line[0]);
	close(line[1]);
}
END_TEST

START_TEST(there_is_a_limit_and_it_can_be_reached)
{
	int many[HWS_LOCAL_FDS_MAX + 1];
	int before = open_files();
	char c;

	for (size_t i = 0; i < HWS_COUNT(many); i++)
		many[i] = pair[0];
	ck_assert_int_eq(hws_local_send(pair[0], hws_bytes("x", 1), none, many,
					 HWS_LOCAL_FDS_MAX + 1),
			HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_local_send(pair[0], hws_bytes("x", 1), none, many, HWS_LOCAL_FDS_MAX),
			1);
	ck_assert_int_eq(hws_local_recv(pair[1], &c, 1, NULL, 0, &fds), 1);
	ck_assert_uint_eq(fds.n, HWS_LOCAL_FDS_MAX);
	ck_assert(!fds.cut);
	hws_local_fds_close(&fds);
	ck_assert_int_eq(open_files(), before);
}
END_TEST

/* As a hostile peer would: more descriptors than any message of ours has. */
START_TEST(more_than_fit_are_told_and_not_leaked)
{
	enum { MANY = 200 };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(MANY * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t) "x", 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	int before = open_files();
	char c;

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(MANY * sizeof(int));
	for (size_t i = 0; i < MANY; i++)
		memcpy(CMSG_DATA(&control.align) + i * sizeof(int), &pair[0], sizeof(int));
	ck_assert_int_eq(sendmsg(pair[0], &msg, MSG_NOSIGNAL), 1);
	ck_assert_int_eq(hws_local_recv(pair[1], &c, 1, NULL, 0, &fds), 1);
	ck_assert(fds.cut);
	ck_assert_uint_le(fds.n, HWS_LOCAL_FDS_MAX);
	hws_local_fds_close(&fds);
	ck_assert_int_eq(open_files(), before);
}
END_TEST

START_TEST(the_end_of_the_other_side_is_told)
{
	char c;

	close(pair[0]);
	ck_assert_int_eq(hws_local_recv(pair[1], &c, 1, NULL, 0, &fds), 0);
	ck_assert_int_eq(hws_local_send(pair[1], hws_bytes("x", 1), none, NULL, 0), HWS_ERR_EOF);
	pair[0] = dup(pair[1]);
}
END_TEST

START_TEST(a_stream_that_is_full_says_so)
{
	static uint8_t big[1 << 20];
	ssize_t n;

	do {
		n = hws_local_send(pair[0], hws_bytes(big, sizeof(big)), none, NULL, 0);
	} while (n > 0);
	ck_assert_int_eq(n, HWS_ERR_AGAIN);
}
END_TEST

START_TEST(a_message_longer_than_the_room_is_told)
{
	int seq[2];
	char head[2], rest[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, seq), 0);
	ck_assert_int_eq(hws_local_send(seq[0], hws_bytes("abcd", 4), none, NULL, 0), 4);
	ck_assert_int_eq(hws_local_recv(seq[1], head, 2, rest, 2, &fds), 4);
	ck_assert(!fds.cut);
	ck_assert_int_eq(hws_local_send(seq[0], hws_bytes("abcde", 5), none, NULL, 0), 5);
	ck_assert_int_eq(hws_local_recv(seq[1], head, 2, rest, 2, &fds), 4);
	ck_assert(fds.cut);
	close(seq[0]);
	close(seq[1]);
}
END_TEST

static int connect_to(const char *path, int type)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(hws_str_copy(addr.sun_path, sizeof(addr.sun_path), path), HWS_OK);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -1;
}

START_TEST(a_listener_is_for_our_account_and_root)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };
	char folder[] = "/tmp/hws-local-XXXXXX", path[64], far[200];
	int type = types[_i], listener, fd, other, status;
	mode_t before = umask(0);
	struct stat st;
	uid_t uid;
	pid_t pid;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0755), 0);
	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/socket", folder), HWS_OK);
	ck_assert_int_eq(hws_local_listen(path, type, 4, &listener, &err), HWS_OK);
	umask(before);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	fd = connect_to(path, type);
	ck_assert_int_ge(fd, 0);
	other = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(other, 0);
	ck_assert(hws_local_peer_is_ours(other, &uid));
	ck_assert_uint_eq(uid, geteuid());
	close(other);
	close(fd);
	if (geteuid() == 0) { /* a stranger, whom the mode of the file lets through by mistake */
		ck_assert_int_eq(chmod(path, 0666), 0);
		pid = fork();
		if (pid == 0)
			_exit(setuid(54321) < 0 || connect_to(path, type) < 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
		other = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		ck_assert_int_ge(other, 0);
		ck_assert(!hws_local_peer_is_ours(other, &uid));
		ck_assert_uint_eq(uid, 54321);
		close(other);
	}
	ck_assert_int_eq(hws_local_listen(path, type, 4, &fd, &err), HWS_ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	memset(far, 'x', sizeof(far) - 1);
	far[sizeof(far) - 1] = 0;
	ck_assert_int_eq(hws_local_listen(far, type, 4, &fd, &err), HWS_ERR_TOOBIG);
	close(listener);
	unlink(path);
	rmdir(folder);
}
END_TEST

START_TEST(what_is_no_socket_has_no_peer)
{
	uid_t uid = 5;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert(!hws_local_peer_is_ours(fd, &uid));
	ck_assert_uint_eq(uid, (uid_t)-1);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sys/local_socket");
	TCase *t = tcase_create("local_socket");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_pair_does_not_wait_and_is_not_inherited);
	tcase_add_test(t, descriptors_arrive_with_their_bytes);
	tcase_add_test(t, there_is_a_limit_and_it_can_be_reached);
	tcase_add_test(t, more_than_fit_are_told_and_not_leaked);
	tcase_add_test(t, the_end_of_the_other_side_is_told);
	tcase_add_test(t, a_stream_that_is_full_says_so);
	tcase_add_test(t, a_message_longer_than_the_room_is_told);
	tcase_add_loop_test(t, a_listener_is_for_our_account_and_root, 0, 2);
	tcase_add_test(t, what_is_no_socket_has_no_peer);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
