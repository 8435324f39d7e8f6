/* Terminals: from a key to its echo beside a pseudo terminal of this machine, a large file shown
 * beside ssh, and how soon Ctrl+C ends a flood. All through `hawser terminal` in a terminal. */
#include "shared/base/clock.h"
#include "tests/bench/common/report.h"
#include "tests/bench/services/parts.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES_MAX 1000
#define WAIT_MS 60000
#define MIB (1u << 20)
#define FLOOD (4u * MIB)

struct tty { /* a program in a terminal of ours */
	pid_t pid;
	int fd;
};

static struct tty tty_start(const struct bench *b, const char *const argv[])
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	struct tty t;

	t.pid = forkpty(&t.fd, NULL, NULL, &size);
	ck_assert_int_ge(t.pid, 0);
	if (t.pid == 0) {
		for (int i = 0; b->bed.envp[i]; i++)
			putenv((char *)(uintptr_t)b->bed.envp[i]);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return t;
}

/* What there is within `ms`; 0: nothing, -1: the end. */
static ssize_t tty_read(struct tty *t, char *buf, size_t size, int ms)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };

	if (poll(&p, 1, ms) <= 0)
		return 0;
	ssize_t n = read(t->fd, buf, size);
	return n > 0 ? n : -1;
}

static void tty_write(struct tty *t, const char *text)
{
	ck_assert_int_eq(write(t->fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void tty_expect(struct tty *t, const char *text)
{
	uint64_t end = test_now_ms() + WAIT_MS;
	char all[16384];
	size_t len = 0;

	while (test_now_ms() < end && len < sizeof(all) - 1) {
		ssize_t n = tty_read(t, all + len, sizeof(all) - 1 - len, 1000);
		if (n < 0)
			break;
		len += (size_t)n;
		all[len] = 0;
		if (len && strstr(all, text))
			return;
	}
	all[len] = 0;
	ck_abort_msg("'%s' did not come: %s", text, all);
}

static void tty_stop(struct tty *t)
{
	kill(t->pid, SIGTERM);
	close(t->fd);
	waitpid(t->pid, NULL, 0);
}

/* A raw terminal whose program gives back each byte: what is measured is the way there and back. */
#define ECHO_BACK "stty raw -echo; printf 'ready>'; exec cat"

static void echo_ms(struct tty *t, double *ms, size_t n)
{
	char buf[64];

	tty_expect(t, "ready>");
	for (size_t i = 0; i < n; i++) {
		struct timespec pause = { 0, 4000000 + (long)(i % 7) * 1000000 };
		nanosleep(&pause, NULL);
		uint64_t begin = hws_clock_us();
		tty_write(t, "x");
		ck_assert_int_eq(tty_read(t, buf, sizeof(buf), WAIT_MS), 1);
		ms[i] = (double)(hws_clock_us() - begin) / 1e3;
	}
}

void bench_echo(struct bench *b)
{
	static double there[SAMPLES_MAX], here[SAMPLES_MAX], ssh[SAMPLES_MAX];
	size_t n = b->quick ? 300 : SAMPLES_MAX;
	const char *local[] = { "sh", "-c", ECHO_BACK, NULL };
	const char *const words[] = { "-t", "--", "sh", "-c", ECHO_BACK, NULL };
	const char *const one[] = { ECHO_BACK, NULL };
	const char *argv[BED_ARGS];
	struct tty t = tty_start(b, local);

	echo_ms(&t, here, n);
	tty_stop(&t);
	bed_hawser(&b->bed, "terminal", NULL, words, argv);
	t = tty_start(b, argv);
	echo_ms(&t, there, n);
	tty_stop(&t);
	if (b->has_ssh) {
		sshd_ssh(&b->ssh, true, one, argv);
		t = tty_start(b, argv);
		echo_ms(&t, ssh, n);
		tty_stop(&t);
		note("ssh, key to echo: 99 %", quantile(ssh, n, 0.99), "ms");
	}
	note("pty, key to echo: 99 %", quantile(here, n, 0.99), "ms");
	note("hawser, key to echo: median", quantile(there, n, 0.5), "ms");
	note("hawser, key to echo: 99 %", quantile(there, n, 0.99), "ms");
	metric("echo_p99_ms_over_pty", quantile(there, n, 0.99) - quantile(here, n, 0.99));
}

/* Seconds from the first byte of the file to the last. */
static double show(const struct bench *b, const char *const argv[])
{
	struct tty t = tty_start(b, argv);
	static char buf[1u << 16];
	uint64_t begin = 0, got = 0;
	ssize_t n;

	while ((n = tty_read(&t, buf, sizeof(buf), WAIT_MS)) > 0) {
		if (!begin)
			begin = hws_clock_us();
		got += (uint64_t)n;
	}
	begin = hws_clock_us() - begin;
	close(t.fd);
	waitpid(t.pid, NULL, 0);
	ck_assert_msg(got > (b->quick ? 20u : 100u) * MIB, "only %lu bytes came",
			(unsigned long)got);
	return (double)begin / 1e6;
}

void bench_cat(struct bench *b)
{
	double ours[3], ssh[3];
	uint64_t bytes = (b->quick ? 20ull : 100ull) * MIB;
	char path[300], command[340];
	const char *const words[] = { "-t", "--", "cat", path, NULL };
	const char *const one[] = { command, NULL };
	const char *argv[BED_ARGS];

	snprintf(path, sizeof(path), "%s/text", b->bed.dir);
	snprintf(command, sizeof(command), "cat %s", path);
	bed_make_file(path, bytes, true);
	for (int i = 0; i < 3; i++) {
		bed_hawser(&b->bed, "terminal", NULL, words, argv);
		ours[i] = show(b, argv);
		if (b->has_ssh) {
			sshd_ssh(&b->ssh, true, one, argv);
			ssh[i] = show(b, argv);
		}
	}
	note("cat by hawser", (double)bytes / quantile(ours, 3, 0.5) / 1e6, "MB/s");
	if (b->has_ssh) {
		note("cat by ssh", (double)bytes / quantile(ssh, 3, 0.5) / 1e6, "MB/s");
		metric("cat_ratio_ssh", quantile(ssh, 3, 0.5) / quantile(ours, 3, 0.5));
	}
	bed_remove(path);
}

/* Whether `text` has come; *seen is how much of it the bytes so far ended with. */
static bool comes(const char *text, size_t *seen, const char *buf, size_t n)
{
	for (size_t i = 0; i < n && text[*seen]; i++)
		*seen = buf[i] == text[*seen] ? *seen + 1 : buf[i] == text[0];
	return !text[*seen];
}

/* From Ctrl+C in the midst of the flood to what the shell says after it; what is on its way comes
 * first and counts. */
static double interrupt_ms(const struct bench *b, const char *const argv[])
{
	static char buf[1u << 16];
	struct tty t = tty_start(b, argv);
	uint64_t got = 0, begin = 0;
	size_t seen = 0;
	bool over = false;

	while (!over) {
		ssize_t n = tty_read(&t, buf, sizeof(buf), WAIT_MS);
		ck_assert_int_gt(n, 0);
		got += (uint64_t)n;
		if (!begin && got > FLOOD) {
			begin = hws_clock_us();
			tty_write(&t, "\003");
		}
		over = comes("over>", &seen, buf, (size_t)n);
	}
	begin = hws_clock_us() - begin;
	tty_stop(&t);
	return (double)begin / 1e3;
}

void bench_ctrl_c(struct bench *b)
{
	static const char flood[] = "trap 'echo over\\>; exit 0' INT; yes";
	const char *const words[] = { "-t", "--", "sh", "-c", flood, NULL };
	const char *const one[] = { flood, NULL };
	const char *argv[BED_ARGS];
	double ours[SAMPLES_MAX], ssh[SAMPLES_MAX];
	size_t n = b->quick ? 3 : 11;

	for (size_t i = 0; i < n; i++) {
		bed_hawser(&b->bed, "terminal", NULL, words, argv);
		ours[i] = interrupt_ms(b, argv);
		if (b->has_ssh) {
			sshd_ssh(&b->ssh, true, one, argv);
			ssh[i] = interrupt_ms(b, argv);
		}
	}
	if (b->has_ssh)
		note("ssh, Ctrl+C in a flood", quantile(ssh, n, 0.5), "ms");
	note("hawser, Ctrl+C in a flood: the worst", quantile(ours, n, 1), "ms");
	metric("ctrl_c_ms", quantile(ours, n, 0.5));
}
