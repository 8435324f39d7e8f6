/* Processes that die with the test, whatever happens to it, and whose output is kept for the
 * message of a failure. */
#include "tests/support/proc.h"
#include "tests/support/places.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOG_SHOWN 6000u
#define MAX_DIRS 64
#define LOG_MAX (16u << 20)

static char dirs[MAX_DIRS][256];
static unsigned dir_count;
static pid_t dir_owner;

uint64_t test_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

bool test_until(bool (*ready)(void *arg), void *arg, unsigned timeout_ms)
{
	uint64_t end = test_now_ms() + timeout_ms;

	while (!ready(arg)) {
		if (test_now_ms() >= end)
			return false;
		poll(NULL, 0, 5);
	}
	return true;
}

/* Check keeps what tests report in a file without a name, which a program would inherit: what one
 * wrote to a number that it took for its own has made a passed test unreadable. */
void test_proc_close_reports(void)
{
	struct stat st;

	for (int fd = 3; fd < 256; fd++)
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 0)
			close(fd);
}

static void run_child(int out, const char *const argv[], const char *const env[])
{
	sigset_t none;

	setpgid(0, 0);
	test_proc_close_reports();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(out, 1);
	dup2(out, 2);
	test_places_for(argv[0]);
	for (size_t i = 0; env && env[i]; i++)
		putenv(strdup(env[i]));
	execv(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(2, "cannot start %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

void test_proc_start(struct test_proc *p, const char *const argv[], const char *const env[])
{
	int fd[2];

	memset(p, 0, sizeof(*p));
	ck_assert_int_eq(pipe2(fd, O_CLOEXEC), 0);
	p->size = 4096;
	p->log = calloc(1, p->size);
	ck_assert_ptr_nonnull(p->log);
	p->pid = fork();
	ck_assert_int_ge(p->pid, 0);
	if (p->pid == 0)
		run_child(fd[1], argv, env);
	setpgid(p->pid, p->pid);
	close(fd[1]);
	p->out = fd[0];
	fcntl(p->out, F_SETFL, O_NONBLOCK);
}

/* Reads what there is; false at the end of output. */
static bool take_output(struct test_proc *p, int wait_ms)
{
	struct pollfd pfd = { p->out, POLLIN, 0 };

	if (p->out <= 0)
		return false;
	poll(&pfd, 1, wait_ms);
	for (;;) {
		ssize_t n;

		if (p->size - p->len < 2048 && p->size < LOG_MAX) {
			char *more = realloc(p->log, p->size * 2);

			ck_assert_ptr_nonnull(more);
			p->log = more;
			p->size *= 2;
		}
		if (p->size - p->len < 2) /* a process gone mad: keep the beginning */
			p->len = p->size / 2;
		n = read(p->out, p->log + p->len, p->size - p->len - 1);
		if (n > 0) {
			p->len += (size_t)n;
			p->log[p->len] = '\0';
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		close(p->out);
		p->out = -1;
		return false;
	}
}

const char *test_proc_expect(struct test_proc *p, const char *text, unsigned timeout_ms)
{
	uint64_t end = test_now_ms() + timeout_ms;

	for (bool looked = false;; looked = true) {
		char *at = p->log ? strstr(p->log + p->scanned, text) : NULL;
		/* The whole line must be there, so that values behind the match can be read. */
		char *eol = at ? strchr(at, '\n') : NULL;
		uint64_t now = test_now_ms();

		if (at && (eol || p->out <= 0)) {
			p->scanned = (size_t)(at - p->log) + strlen(text);
			return at;
		}
		if ((now >= end && looked) || p->out <= 0)
			return NULL;
		take_output(p, now < end ? (int)(end - now) : 0); /* what is there, in any case */
	}
}

const char *test_log_end(const char *log, size_t most)
{
	size_t n = log ? strlen(log) : 0;

	return n > most ? log + n - most : log ? log : "";
}

const char *test_proc_must_expect(struct test_proc *p, const char *text, unsigned timeout_ms)
{
	const char *at;

	if (timeout_ms < TEST_PATIENCE_MS)
		timeout_ms = TEST_PATIENCE_MS;
	at = test_proc_expect(p, text, timeout_ms);
	if (!at)
		ck_abort_msg("no \"%s\" within %u ms in the output of the process:\n%s", text,
				timeout_ms, test_log_end(p->log, LOG_SHOWN));
	return at;
}

unsigned long test_line_number(const char *at, const char *key)
{
	const char *eol = strchr(at, '\n');
	const char *k = strstr(at, key);

	if (!k || (eol && k > eol))
		return 0;
	return strtoul(k + strlen(key) + (k[strlen(key)] == '"'), NULL, 10);
}

int test_proc_wait(struct test_proc *p, unsigned timeout_ms)
{
	uint64_t end = test_now_ms() + timeout_ms;

	while (!p->ended) {
		pid_t r = waitpid(p->pid, &p->status, WNOHANG);

		if (r == p->pid || (r < 0 && errno != EINTR)) {
			p->ended = true;
			take_output(p, 0);
			break;
		}
		if (test_now_ms() >= end)
			return -1;
		if (!take_output(p, 5))
			poll(NULL, 0, 2);
	}
	return WIFEXITED(p->status) ? WEXITSTATUS(p->status) : 128 + WTERMSIG(p->status);
}

void test_proc_signal(struct test_proc *p, int sig)
{
	if (p->pid > 0 && !p->ended)
		kill(p->pid, sig);
}

int test_proc_stop(struct test_proc *p)
{
	int r;

	if (p->pid <= 0)
		return 0;
	test_proc_signal(p, SIGTERM);
	r = test_proc_wait(p, TEST_PATIENCE_MS / 3);
	if (r < 0) {
		test_proc_signal(p, SIGKILL);
		r = test_proc_wait(p, 5000);
	}
	kill(-p->pid, SIGKILL); /* what it left behind */
	if (p->out > 0)
		close(p->out);
	free(p->log);
	memset(p, 0, sizeof(*p));
	return r;
}

int test_run(const char *const argv[], const char *const env[], char **ret_out)
{
	struct test_proc p;
	int r;

	test_proc_start(&p, argv, env);
	r = test_proc_wait(&p, TEST_PATIENCE_MS);
	if (ret_out)
		*ret_out = strdup(p.log);
	test_proc_stop(&p);
	return r;
}

void test_first_line(const char *const argv[], char *buf, size_t size)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	char *out = NULL;

	while (test_run(argv, NULL, &out) != 0 || strcspn(out, "\r\n") == 0) {
		ck_assert_msg(test_now_ms() < end, "%s %s: %s", argv[0], argv[1],
				test_log_end(out, LOG_SHOWN));
		free(out);
	}
	snprintf(buf, size, "%.*s", (int)strcspn(out, "\r\n"), out);
	free(out);
}

const char *test_bin(const char *folder_and_name)
{
	static char path[8][1024];
	static unsigned next;
	const char *base = getenv("HAWSER_BIN");
	char *buf = path[next++ % 8];

	snprintf(buf, sizeof(path[0]), "%s/%s", base ? base : TEST_BUILD_DIR, folder_and_name);
	return buf;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_dirs(void)
{
	if (getpid() != dir_owner)
		return;
	for (unsigned i = 0; i < dir_count; i++)
		nftw(dirs[i], remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *test_dir(char *buf, size_t size)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(buf, size, "%s/hawser-test-XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(buf));
	if (dir_owner != getpid()) {
		dir_owner = getpid();
		dir_count = 0;
		atexit(remove_dirs);
	}
	ck_assert_uint_lt(dir_count, MAX_DIRS);
	snprintf(dirs[dir_count++], sizeof(dirs[0]), "%s", buf);
	return buf;
}

void test_write_file(const char *text, const char *path_format, ...)
{
	char path[1024];
	va_list ap;
	FILE *f;
	int n;

	va_start(ap, path_format);
	n = vsnprintf(path, sizeof(path), path_format, ap);
	va_end(ap);
	ck_assert(n > 0 && (size_t)n < sizeof(path));
	f = fopen(path, "we");
	ck_assert_msg(f != NULL, "%s", path);
	ck_assert(fputs(text, f) >= 0);
	ck_assert_int_eq(fclose(f), 0);
}
