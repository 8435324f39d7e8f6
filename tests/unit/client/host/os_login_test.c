/* The process that knows the passwords of accounts, on a machine with accounts of this test: its
 * lists, and the PAM service as it is installed. Needs root, and a mount namespace. */
#include "client/host/os_login.h"
#include "shared/base/str.h"
#include "shared/sys/local_socket.h"
#include "tests/support/accounts.h"
#include "tests/support/suite.h"
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define RIGHT TEST_ACCOUNT_RIGHT

static char answer[400];
static const char *account; /* that the process is started for */
static int ended_with;

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
		_exit(hws_os_login_main(fd[1], account));
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
	ended_with = WEXITSTATUS(status);
	ck_assert_int_eq(ended_with == HWS_OS_LOGIN_PASSED, answer[0] == '1');
}

static void ask(const char *user, const char *password)
{
	uint8_t b[1200];
	size_t n = put_text(b, user, strlen(user));

	account = user;

	n += put_text(b + n, password, strlen(password));
	ask_bytes(b, n);
}

START_TEST(the_right_password_of_an_account_and_nothing_else)
{
	if (!test_accounts_make(PAM_FOLDER)) {
		test_skip("needs root and a mount namespace, and no sanitizer");
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
	/* hostd asks for one and means another */
	uint8_t b[400];
	size_t n = put_text(b, "ann", 3);
	n += put_text(b + n, RIGHT, strlen(RIGHT));
	account = "bob";
	ask_bytes(b, n);
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

	account = "ann";

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
