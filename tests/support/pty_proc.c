/* The leader starts the program as the group in front and waits: a program without such a parent in
 * its session would not stop. It stays in front while it is stopped, so that the test can wake it
 * without asking the leader for the terminal first. */
#include "tests/support/pty_proc.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

extern char **environ;

static const char **merged(const char *const env[])
{
	size_t n = 0, more = 0;

	while (environ[n])
		n++;
	while (env && env[more])
		more++;
	const char **all = calloc(n + more + 1, sizeof(*all));
	/* Those of the test come first: getenv finds them. */
	for (size_t i = 0; i < more; i++)
		all[i] = env[i];
	for (size_t i = 0; i < n; i++)
		all[more + i] = environ[i];
	return all;
}

static void lead(const char *const argv[], const char **env, int told)
{
	pid_t pid;
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTTOU, SIG_IGN);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		tcsetpgrp(STDIN_FILENO, getpid());
		signal(SIGTTOU, SIG_DFL);
		close(told);
		execve(argv[0], (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
		_exit(126);
	}
	if (write(told, &pid, sizeof(pid)) != sizeof(pid))
		_exit(125);
	if (waitpid(pid, &status, 0) != pid)
		_exit(125);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

void pty_proc_start(struct pty_proc *p, const char *const argv[], const char *const env[],
		unsigned rows, unsigned cols)
{
	struct winsize w = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };
	const char **all = merged(env);
	int told[2];

	memset(p, 0, sizeof(*p));
	ck_assert_int_eq(openpty(&p->master, &p->slave, NULL, NULL, &w), 0);
	ck_assert_int_eq(pipe(told), 0);
	p->leader = fork();
	ck_assert_int_ge(p->leader, 0);
	if (p->leader == 0) {
		close(p->master);
		close(told[0]);
		test_proc_close_reports();
		if (login_tty(p->slave) < 0)
			_exit(125);
		lead(argv, all, told[1]);
	}
	close(told[1]);
	p->size = 1 << 16;
	p->seen = calloc(1, p->size);
	free(all);
	/* Kept for pty_proc_program; the pipe holds it. */
	pid_t pid = 0;
	ck_assert_int_eq(read(told[0], &pid, sizeof(pid)), sizeof(pid));
	close(told[0]);
	p->status = (int)pid;
	fcntl(p->master, F_SETFL, O_NONBLOCK);
}

pid_t pty_proc_program(struct pty_proc *p)
{
	ck_assert(!p->ended);
	return (pid_t)p->status;
}

/* False: nothing came in that time. */
static bool take(struct pty_proc *p, int wait_ms)
{
	struct pollfd f = { .fd = p->master, .events = POLLIN };
	ssize_t n;

	if (poll(&f, 1, wait_ms) <= 0)
		return false;
	if (p->size - p->len < 8192) {
		p->size *= 2;
		p->seen = realloc(p->seen, p->size);
		ck_assert_ptr_nonnull(p->seen);
	}
	n = read(p->master, p->seen + p->len, 8000);
	if (n <= 0)
		return false;
	for (ssize_t i = 0; i < n; i++)
		if (!p->seen[p->len + (size_t)i])
			p->seen[p->len + (size_t)i] = '.';
	p->len += (size_t)n;
	p->seen[p->len] = 0;
	return true;
}

static bool has_ended(struct pty_proc *p)
{
	int status;

	if (!p->ended && waitpid(p->leader, &status, WNOHANG) == p->leader) {
		p->ended = true;
		p->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return p->ended;
}

void pty_proc_must_show(struct pty_proc *p, const char *text)
{
	uint64_t due = test_now_ms() + TEST_PATIENCE_MS;

	for (;;) {
		char *at = strstr(p->seen + p->scanned, text);
		if (at) {
			p->scanned = (size_t)(at - p->seen) + strlen(text);
			return;
		}
		if (!take(p, 50) && (has_ended(p) || test_now_ms() > due) && !take(p, 0))
			break;
	}
	ck_abort_msg("\"%s\" was not shown (%s), but:\n%s", text, p->ended ? "ended" : "runs",
			p->seen + (p->len > 4000 ? p->len - 4000 : 0));
}

void pty_proc_type(struct pty_proc *p, const char *keys)
{
	size_t n = strlen(keys);

	while (n) {
		ssize_t w = write(p->master, keys, n);
		if (w < 0) {
			ck_assert_int_eq(errno, EAGAIN);
			take(p, 20);
			continue;
		}
		keys += w;
		n -= (size_t)w;
	}
}

void pty_proc_resize(struct pty_proc *p, unsigned rows, unsigned cols)
{
	struct winsize w = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };

	ck_assert_int_eq(ioctl(p->master, TIOCSWINSZ, &w), 0);
}

bool pty_proc_is_raw(struct pty_proc *p)
{
	struct termios t;

	ck_assert_int_eq(tcgetattr(p->slave, &t), 0);
	return !(t.c_lflag & (ICANON | ECHO | ISIG)) && !(t.c_oflag & OPOST);
}

void pty_proc_must_be_raw(struct pty_proc *p, bool raw)
{
	uint64_t due = test_now_ms() + TEST_PATIENCE_MS;

	while (pty_proc_is_raw(p) != raw) {
		ck_assert_msg(test_now_ms() < due, "the terminal is %s", raw ? "not raw" : "raw");
		take(p, 10);
	}
}

/* The state stands behind the name, which ends with the last parenthesis. */
static bool is_stopped(struct pty_proc *p)
{
	char path[64], text[300] = "";
	FILE *f;
	char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pty_proc_program(p));
	f = fopen(path, "r");
	if (!f)
		return false;
	if (!fgets(text, sizeof(text), f))
		text[0] = 0;
	fclose(f);
	at = strrchr(text, ')');
	return at && at[1] == ' ' && at[2] == 'T';
}

void pty_proc_must_be_stopped(struct pty_proc *p)
{
	uint64_t due = test_now_ms() + TEST_PATIENCE_MS;

	while (!is_stopped(p)) {
		ck_assert_msg(test_now_ms() < due, "the program is not stopped");
		take(p, 10);
	}
}

int pty_proc_wait(struct pty_proc *p)
{
	uint64_t due = test_now_ms() + TEST_PATIENCE_MS;

	while (!has_ended(p)) {
		ck_assert_msg(test_now_ms() < due, "does not end; shown:\n%s",
				p->seen + (p->len > 4000 ? p->len - 4000 : 0));
		take(p, 20);
	}
	while (take(p, 0))
		continue;
	return p->status;
}

void pty_proc_stop(struct pty_proc *p)
{
	if (!p->ended) {
		kill((pid_t)p->status, SIGKILL);
		kill(p->leader, SIGKILL);
		waitpid(p->leader, NULL, 0);
	}
	close(p->master);
	close(p->slave);
	free(p->seen);
	memset(p, 0, sizeof(*p));
}
