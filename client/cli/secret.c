/* Where a password comes from: each source has its own dangers (echo, environment, file modes),
 * which are met here once for all commands. */
#include "client/cli/secret.h"
#include "client/cli/cli.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

int cli_secret_line(int fd, const char *what, char *ret_secret, size_t size, bool *ret_any)
{
	size_t n = 0;
	ssize_t got = 0;

	/* Byte by byte: what follows the line belongs to somebody else. */
	while (n < size) {
		got = read(fd, ret_secret + n, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return cli_fail(CLI_FILE, "the password could not be read from %s: %s",
					what, strerror(errno));
		if (got == 0 || ret_secret[n] == '\n')
			break;
		n++;
	}
	if (n == size)
		return cli_fail(CLI_USAGE, "the password from %s is too long", what);
	if (n > 0 && ret_secret[n - 1] == '\r')
		n--;
	ret_secret[n] = 0;
	*ret_any = n > 0 || got > 0;
	return CLI_OK;
}

int cli_secret_fd(int fd, const char *what, char *ret_secret, size_t size)
{
	bool any;
	int status = cli_secret_line(fd, what, ret_secret, size, &any);

	if (status == CLI_OK && !*ret_secret)
		status = cli_fail(CLI_USAGE, "the password from %s is empty", what);
	return status;
}

int cli_secret_file(const char *path, char *ret_secret, size_t size)
{
	struct hws_error err;
	int fd, status;

	if (hws_private_file_open(path, HWS_PRIVATE_SECRET_OF_ANYBODY, &fd, &err) < 0)
		return cli_fail(CLI_FILE, "the password file %s", err.text);
	status = cli_secret_fd(fd, path, ret_secret, size);
	close(fd);
	return status;
}

bool cli_secret_env(char *ret_secret, size_t size)
{
	char *env = getenv("HAWSER_PASSWORD");
	bool good;

	if (!env)
		return false;
	good = *env && hws_str_copy(ret_secret, size, env) == 0;
	/* Programs started from here need not see it. */
	explicit_bzero(env, strlen(env));
	unsetenv("HAWSER_PASSWORD");
	return good;
}

static bool say(int fd, const char *text)
{
	return write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* A host may have written it. */
static bool say_plain(int fd, const char *text)
{
	char shown[4096];

	return say(fd, hws_str_plain(shown, sizeof(shown), hws_bytes_str(text)));
}

/* The terminal has a line to read; false when `stop` is ready first. */
static bool line_comes(int fd, int stop)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = stop, .events = POLLIN } };
	int n;

	do
		n = poll(p, 2, -1);
	while (n < 0 && errno == EINTR);
	return n > 0 && !p[1].revents && p[0].revents & POLLIN;
}

/* `echo`: what is typed is shown. Whoever had the terminal in another mode gets that back. */
static bool ask_on(int fd, int stop, bool echo, const char *prompt, char *ret, size_t size)
{
	struct termios before, during;
	bool good = false;

	if (tcgetattr(fd, &before) < 0)
		return false;
	during = before;
	during.c_iflag |= ICRNL;
	during.c_lflag |= ICANON | ISIG;
	during.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	if (echo)
		during.c_lflag |= ECHO | ECHOE | ECHOK;
	if (say(fd, prompt) && tcsetattr(fd, TCSAFLUSH, &during) == 0) {
		good = line_comes(fd, stop) &&
				cli_secret_fd(fd, "the terminal", ret, size) == CLI_OK;
		tcsetattr(fd, TCSAFLUSH, &before);
		if ((!echo || !good) && !say(fd, "\n"))
			good = false;
	}
	return good;
}

bool cli_secret_ask_unless(int stop, const char *prompt, char *ret_secret, size_t size)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	bool good;

	if (fd < 0)
		return false;
	good = ask_on(fd, stop, false, prompt, ret_secret, size);
	close(fd);
	return good;
}

int cli_secret_given(
		bool from_stdin, const char *file, char *ret_secret, size_t size, bool *ret_have)
{
	int status = CLI_OK;

	*ret_have = true;
	if (from_stdin)
		status = cli_secret_fd(STDIN_FILENO, "standard input", ret_secret, size);
	else if (*file)
		status = cli_secret_file(file, ret_secret, size);
	else
		*ret_have = cli_secret_env(ret_secret, size);
	/* None, or none that a host could have: the same as a wrong one. */
	return status == CLI_USAGE ? CLI_PASSWORD : status;
}

bool cli_secret_ask(const char *prompt, char *ret_secret, size_t size)
{
	return cli_secret_ask_unless(-1, prompt, ret_secret, size);
}

bool cli_question(int stop, const char *title, const char *text, const char *prompt,
		char *ret_answer, size_t size)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	bool good;

	if (fd < 0)
		return false;
	good = say_plain(fd, title) && say(fd, ": ") && say_plain(fd, text) && say(fd, "\n") &&
			ask_on(fd, stop, true, prompt, ret_answer, size);
	close(fd);
	return good;
}
