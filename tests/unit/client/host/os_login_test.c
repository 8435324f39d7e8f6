/* The process that knows the passwords of accounts, on a machine with accounts of this test: its
 * lists, and the PAM service as it is installed. Needs root, and a mount namespace. */
#include "client/host/os_login.h"
#include "shared/base/str.h"
#include "shared/sys/local_socket.h"
#include "tests/support/suite.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RIGHT "right horse"
#define RIGHT_HASH                                                                                 \
	"$6$hawser$GPZOQJOeGyCHWkKgMYyZ6DF2eiZLvTD91dO6oSRbqmJb6XufRJe5o/rnV9SPO/uYaExqgRzjGeXO4AwPbfk171"

static char answer[400];

static void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/* Others of this machine see nothing of it. */
static bool make_machine(void)
{
	char shadow[1000];

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	char dir[] = "/tmp/hawser-os-login-XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(dir));
	if (mount("tmpfs", dir, "tmpfs", 0, "mode=755") < 0)
		return false;
	ck_assert_int_eq(chdir(dir), 0);
	put_file("passwd",
			"root:x:0:0::/root:/bin/sh\n"
			"ann:x:1200:1200::/tmp:/bin/sh\n"
			"bob:x:1201:1201::/tmp:/bin/sh\n"
			"old:x:1202:1202::/tmp:/bin/sh\n");
	ck_assert_int_eq(hws_fmt(shadow, sizeof(shadow),
					 "root:%s:19000::::::\nann:%s:19000::::::\n"
					 "bob:!:19000::::::\nold:%s:19000:::::1:\n",
					 RIGHT_HASH, RIGHT_HASH, RIGHT_HASH),
			HWS_OK);
	put_file("shadow", shadow);
	ck_assert_int_eq(chmod("shadow", 0600), 0);
	ck_assert_int_eq(mkdir("pam.d", 0755), 0);
	return mount("passwd", "/etc/passwd", NULL, MS_BIND, NULL) == 0 &&
			mount("shadow", "/etc/shadow", NULL, MS_BIND, NULL) == 0 &&
			mount(PAM_FOLDER, "/etc/pam.d", NULL, MS_BIND, NULL) == 0;
}

static size_t put_text(uint8_t *to, const char *text, size_t claimed)
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(claimed >> 8 * i);
	memcpy(to + 4, text, strlen(text));
	return 4 + strlen(text);
}

static void ask_bytes(const uint8_t *question, size_t n)
{
	int fd[2], status;
	size_t len = 0;
	ssize_t got;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(fd[0]);
		_exit(hws_os_login_main(fd[1]));
	}
	close(fd[1]);
	ck_assert_int_eq(write(fd[0], question, n), (ssize_t)n);
	ck_assert_int_eq(shutdown(fd[0], SHUT_WR), 0);
	while ((got = read(fd[0], answer + len, sizeof(answer) - 1 - len)) > 0)
		len += (size_t)got;
	answer[len] = 0;
	close(fd[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
}

static void ask(const char *user, const char *password)
{
	uint8_t b[1200];
	size_t n = put_text(b, user, strlen(user));

	n += put_text(b + n, password, strlen(password));
	ask_bytes(b, n);
}

START_TEST(the_right_password_of_an_account_and_nothing_else)
{
#ifdef __SANITIZE_ADDRESS__
	test_skip("PAM's modules do not find libcrypt behind the sanitizer's own");
	return;
#endif
	if (!make_machine()) {
		test_skip("needs root and a mount namespace");
		return;
	}
	ask("ann", RIGHT);
	ck_assert_str_eq(answer, "1");
	ask("ann", "wrong");
	ck_assert_str_eq(answer, "0Incorrect username or password.");
	ask("ann", "");
	ck_assert_str_eq(answer, "0Incorrect username or password.");
	ask("nobody-of-that-name", RIGHT);
	ck_assert_str_eq(answer, "0Incorrect username or password.");
	ask("bob", RIGHT); /* locked */
	ck_assert_str_eq(answer, "0Incorrect username or password.");
	ask("old", RIGHT);
	ck_assert_ptr_nonnull(strstr(answer, "expired"));
	ask("root", RIGHT); /* as the installed service says */
	ck_assert_str_eq(answer, "0Incorrect username or password.");
	ask("", RIGHT);
	ck_assert_int_eq(answer[0], '0');
	ask("-ann", RIGHT);
	ck_assert_int_eq(answer[0], '0');
}
END_TEST

START_TEST(what_is_no_question_is_answered_with_no)
{
	uint8_t b[1200];
	size_t n = put_text(b, "ann", 4000000000u);

	ask_bytes(b, n);
	ck_assert_int_eq(answer[0], '0');
	ask_bytes(b, 0);
	ck_assert_int_eq(answer[0], '0');
	n = put_text(b, "ann", 3);
	ask_bytes(b, n); /* and no password */
	ck_assert_int_eq(answer[0], '0');
	n = put_text(b, "an", 3);
	b[n++] = 0; /* a name that ends early */
	n += put_text(b + n, RIGHT, strlen(RIGHT));
	ask_bytes(b, n);
	ck_assert_int_eq(answer[0], '0');
}
END_TEST

int main(void)
{
	return test_main("host/os_login", 60, NULL, NULL,
			TESTS(the_right_password_of_an_account_and_nothing_else,
					what_is_no_question_is_answered_with_no));
}
