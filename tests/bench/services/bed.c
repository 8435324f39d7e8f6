/* Starts the programs as an operator would, with everything in a folder of its own. */
#include "tests/bench/services/bed.h"
#include "shared/base/clock.h"
#include "shared/base/num.h"
#include "shared/base/rand.h"
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define START_MS 20000
#define PASSWORD "bench-password"

static void first_line(const char *const argv[], struct bed *b, char *buf, size_t size)
{
	uint64_t end = test_now_ms() + START_MS;
	char *out = NULL;

	while (test_run(argv, b->envp, &out) != 0 || strcspn(out, "\r\n") == 0) {
		ck_assert_msg(test_now_ms() < end, "%s %s: %s", argv[0], argv[1], out);
		free(out);
	}
	snprintf(buf, size, "%.*s", (int)strcspn(out, "\r\n"), out);
	free(out);
}

static void start_server(struct bed *b, uint16_t port)
{
	char number[8], state[280], control[300];
	const char *run[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--bind",
		"127.0.0.1", "--port", number, "--state-dir", state, "--control", control, NULL };
	const char *key[] = { run[0], "key", "--state-dir", state, NULL };

	snprintf(number, sizeof(number), "%u", port);
	snprintf(state, sizeof(state), "%s/rendezvous", b->dir);
	snprintf(control, sizeof(control), "%s/control.sock", state);
	snprintf(b->server, sizeof(b->server), "127.0.0.1:%u", port);
	test_proc_start(&b->rendezvous, run, b->envp);
	test_proc_must_expect(&b->rendezvous, "listening", START_MS);
	first_line(key, b, b->key, sizeof(b->key));
}

static const char *account(void)
{
	const struct passwd *pw = getpwuid(getuid());

	ck_assert(pw != NULL);
	return pw->pw_name;
}

static void start_host(struct bed *b, const char *targets)
{
	char state[280], number[8];
	const char *host = test_bin("client/host/hawser-host");
	const char *run[] = { host, "run", "--state-dir", state, "--server", b->server, "--key",
		b->key, "--direct-port", number, "--direct-server", "yes", "--files-roots", "/",
		"--tunnel-targets", targets, "--service-user", account(), NULL };
	const char *id[] = { host, "id", "--state-dir", state, NULL };
	const char *password[] = { "/bin/sh", "-c",
		"echo " PASSWORD " | \"$0\" password --set-from-stdin --state-dir \"$1\"", host,
		state, NULL };

	snprintf(state, sizeof(state), "%s/host", b->dir);
	snprintf(number, sizeof(number), "%u", b->direct_port);
	test_proc_start(&b->host, run, b->envp);
	test_proc_must_expect(&b->host, "registered", START_MS);
	first_line(id, b, b->id, sizeof(b->id));
	ck_assert_int_eq(test_run(password, b->envp, NULL), 0);
}

void bed_start(struct bed *b, const char *targets)
{
	uint16_t port;

	memset(b, 0, sizeof(*b));
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	test_dir(b->dir, sizeof(b->dir));
	snprintf(b->env[0], sizeof(b->env[0]), "XDG_CONFIG_HOME=%s", b->dir);
	snprintf(b->env[1], sizeof(b->env[1]), "XDG_RUNTIME_DIR=%s", b->dir);
	snprintf(b->env[2], sizeof(b->env[2]), "HAWSER_PASSWORD=" PASSWORD);
	for (int i = 0; i < 3; i++)
		b->envp[i] = b->env[i];
	port = (uint16_t)(test_free_ports(8) + 1);
	b->direct_port = (uint16_t)(port + 4);
	start_server(b, port);
	start_host(b, targets);
}

void bed_stop(struct bed *b)
{
	test_proc_stop(&b->host);
	test_proc_stop(&b->rendezvous);
	bed_remove(b->dir);
}

void bed_tell(struct bed *b)
{
	if (b->host.pid <= 0)
		return;
	test_proc_expect(&b->host, "\001", 10); /* never comes, but reads what is there */
	fprintf(stderr, "--- hawser-host said:\n%s", b->host.log);
}

void bed_hawser(const struct bed *b, const char *verb, const char *target,
		const char *const words[], const char *argv[])
{
	const char *const by_id[] = { "--server", b->server, "--key", b->key };
	size_t n = 0;

	argv[n++] = test_bin("client/cli/hawser");
	argv[n++] = verb;
	for (size_t i = 0; !target && i < 4; i++)
		argv[n++] = by_id[i];
	argv[n++] = target ? target : b->id;
	for (size_t i = 0; words[i]; i++)
		argv[n++] = words[i];
	ck_assert_uint_lt(n, BED_ARGS);
	argv[n] = NULL;
}

double bed_time(const struct bed *b, const char *const argv[])
{
	uint64_t begin = hws_clock_us();
	char *out = NULL;
	int status = test_run(argv, b->envp, &out);

	begin = hws_clock_us() - begin;
	ck_assert_msg(status == 0, "%s %s %s: %d: %s", argv[0], argv[1], argv[2], status, out);
	free(out);
	return (double)begin / 1e6;
}

double bed_run(const struct bed *b, const char *verb, const char *target, const char *const words[])
{
	const char *argv[BED_ARGS];

	bed_hawser(b, verb, target, words, argv);
	return bed_time(b, argv);
}

/* --- CPU time --------------------------------------------------------------------------------- */

static double process_cpu(pid_t pid)
{
	char path[600];
	uint64_t ns = 0, one;
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid, e->d_name);
		FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (f && fscanf(f, "%" SCNu64, &one) == 1)
			ns += one;
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
	return (double)ns / 1e9;
}

static bool descends(pid_t pid, pid_t from)
{
	for (int depth = 0; pid > 1 && depth < 8; depth++) {
		char path[64];
		int parent = 0;
		FILE *f;
		if (pid == from)
			return true;
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		f = fopen(path, "re");
		if (!f || fscanf(f, "%*d (%*[^)]) %*c %d", &parent) != 1)
			parent = 0;
		if (f)
			fclose(f);
		pid = parent;
	}
	return false;
}

double bed_cpu(const struct bed *b)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	struct rusage u;
	double sum = 0;

	while (dir && (e = readdir(dir))) {
		uint32_t pid;
		if (hws_parse_u32(e->d_name, &pid) == 0 && descends((pid_t)pid, b->host.pid))
			sum += process_cpu((pid_t)pid);
	}
	if (dir)
		closedir(dir);
	getrusage(RUSAGE_CHILDREN, &u);
	return sum + (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
			(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* --- what is copied --------------------------------------------------------------------------- */

void bed_make_file(const char *path, uint64_t bytes, bool text)
{
	static const char words[] = "the quick brown fox jumps over the lazy dog 0123456789\n";
	static uint8_t block[1u << 20];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	while (bytes) {
		size_t n = bytes < sizeof(block) ? (size_t)bytes : sizeof(block);
		hws_rand_bytes(block, n);
		for (size_t i = 0; text && i < n; i++)
			block[i] = (uint8_t)words[(i + i / 997) % (sizeof(words) - 1)];
		ck_assert_int_eq(write(fd, block, n), (ssize_t)n);
		bytes -= n;
	}
	close(fd);
}

void bed_make_tree(const char *path, unsigned count, unsigned bytes)
{
	char name[600];

	ck_assert_int_eq(mkdir(path, 0700), 0);
	for (unsigned i = 0; i < count; i++) {
		if (i % 100 == 0) {
			snprintf(name, sizeof(name), "%s/d%u", path, i / 100);
			ck_assert_int_eq(mkdir(name, 0700), 0);
		}
		snprintf(name, sizeof(name), "%s/d%u/f%u", path, i / 100, i);
		bed_make_file(name, bytes, false);
	}
}

void bed_remove(const char *path)
{
	const char *argv[] = { "/bin/rm", "-rf", path, NULL };

	test_run(argv, NULL, NULL);
}
