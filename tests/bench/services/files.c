/* Files: one large one beside the bare loop and scp, many small ones beside scp -r, a long line,
 * and a transfer that is taken up again. What a command needs to connect and log in is measured
 * alone, by listing a folder, and taken off: a larger file would make it vanish. */
#include "shared/base/clock.h"
#include "tests/bench/common/report.h"
#include "tests/bench/services/floor.h"
#include "tests/bench/services/parts.h"
#include "tests/bench/services/wan.h"
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define ROUNDS_MAX 7
#define WAN_DELAY_US 25000u
#define WAN_BYTES_S 12500000u /* 100 Mbit/s */
#define WAIT_MS 120000

static char *at(const struct bench *b, const char *name, char *buf, size_t size)
{
	snprintf(buf, size, "%s/%s", b->bed.dir, name);
	return buf;
}

/* Connecting, logging in, and one question. */
static double hawser_idle(const struct bench *b, const char *target)
{
	const char *const words[] = { "ls", b->bed.dir, "--accept-insecure", NULL };

	return bed_run(&b->bed, "files", target, words);
}

static double hawser_put(
		const struct bench *b, const char *target, const char *from, const char *to)
{
	const char *const words[] = { "put", "--overwrite", "--accept-insecure", from, to, NULL };

	return bed_run(&b->bed, "files", target, words);
}

static double hawser_get(const struct bench *b, const char *from, const char *to)
{
	const char *const words[] = { "get", "--overwrite", from, to, NULL };

	return bed_run(&b->bed, "files", NULL, words);
}

static double ssh_idle(const struct bench *b)
{
	const char *const words[] = { "true", NULL };
	const char *argv[SSHD_ARGS];

	sshd_ssh(&b->ssh, false, words, argv);
	return bed_time(&b->bed, argv);
}

static double scp(const struct bench *b, const char *from, const char *to, bool tree)
{
	char there[400];
	const char *const words[] = { from, there, NULL },
			  *const all[] = { "-r", from, there, NULL };
	const char *argv[SSHD_ARGS];

	snprintf(there, sizeof(there), "%s:%s", b->ssh.at, to);
	sshd_scp(&b->ssh, tree ? all : words, argv);
	return bed_time(&b->bed, argv);
}

static void must_equal(const struct bench *b, const char *one, const char *other)
{
	const char *argv[] = { "/usr/bin/cmp", one, other, NULL };

	bed_time(&b->bed, argv);
}

/* Rounds take turns, so that other work on the machine meets all. */
void bench_files(struct bench *b)
{
	double put[ROUNDS_MAX], get[ROUNDS_MAX], bare[ROUNDS_MAX], ssh[ROUNDS_MAX],
			idle[ROUNDS_MAX], ssh_wait[ROUNDS_MAX];
	double cpu = 0, bare_cpu = 0, one;
	size_t rounds = b->quick ? 3 : 5;
	uint64_t bytes = b->quick ? 512 * MIB : 2 * GIB;
	char from[300], to[300];

	bed_make_file(at(b, "large", from, sizeof(from)), bytes, false);
	at(b, "copy", to, sizeof(to));
	hawser_idle(b, NULL);
	for (size_t i = 0; i < rounds; i++) {
		bare[i] = floor_copy(from, to, &one);
		bare_cpu += one;
		bed_remove(to);
		idle[i] = hawser_idle(b, NULL);
		one = bed_cpu(&b->bed);
		put[i] = hawser_put(b, NULL, from, to);
		cpu += bed_cpu(&b->bed) - one;
		if (i == 0)
			must_equal(b, from, to);
		bed_remove(to);
		get[i] = hawser_get(b, from, to);
		bed_remove(to);
		if (b->has_ssh) {
			ssh_wait[i] = ssh_idle(b);
			ssh[i] = scp(b, from, to, false);
			bed_remove(to);
		}
	}
	double size = (double)bytes, wait = quantile(idle, rounds, 0.5),
	       sent = quantile(put, rounds, 0.5) - wait,
	       fetched = quantile(get, rounds, 0.5) - wait, floor = quantile(bare, rounds, 0.5);
	b->file_bytes_s = size / sent;
	note("bare loop", size / floor / 1e6, "MB/s");
	note("put", size / sent / 1e6, "MB/s");
	note("get", size / fetched / 1e6, "MB/s");
	note("connecting and login", wait * 1e3, "ms");
	note("CPU of a GiB, both ends", cpu / (double)rounds / (size / (double)GIB), "s");
	note("CPU of a GiB, bare loop", bare_cpu / (double)rounds / (size / (double)GIB), "s");
	metric("file_ratio_floor", floor / sent);
	metric("file_get_ratio_floor", floor / fetched);
	if (b->has_ssh) {
		double secure = quantile(ssh, rounds, 0.5) - quantile(ssh_wait, rounds, 0.5);
		note("scp", size / secure / 1e6, "MB/s");
		metric("file_ratio_scp", secure / sent);
	}
	bed_remove(from);
}

void bench_small_files(struct bench *b)
{
	double put[ROUNDS_MAX], ssh[ROUNDS_MAX];
	size_t rounds = b->quick ? 1 : 3;
	unsigned count = b->quick ? 2000 : 10000;
	char from[300], to[300];

	bed_make_tree(at(b, "tree", from, sizeof(from)), count, 1024);
	for (size_t i = 0; i < rounds; i++) {
		const char *const words[] = { "put", "-r", from, at(b, "there", to, sizeof(to)),
			NULL };
		put[i] = bed_run(&b->bed, "files", NULL, words);
		const char *const same[] = { "/usr/bin/diff", "-r", from, to, NULL };
		if (i == 0)
			bed_time(&b->bed, same);
		bed_remove(to);
		ssh[i] = b->has_ssh ? scp(b, from, to, true) : 0;
		bed_remove(to);
	}
	note("put -r, files a second", count / quantile(put, rounds, 0.5), "");
	if (b->has_ssh) {
		note("scp -r, files a second", count / quantile(ssh, rounds, 0.5), "");
		metric("small_files_ratio_scp",
				quantile(ssh, rounds, 0.5) / quantile(put, rounds, 0.5));
	}
	bed_remove(from);
}

void bench_wan(struct bench *b)
{
	uint64_t bytes = (b->quick ? 32 : 128) * MIB;
	char from[300], to[300], target[40];
	struct wan line;
	double idle[3], put[3];

	bed_make_file(at(b, "wan", from, sizeof(from)), bytes, false);
	at(b, "copy", to, sizeof(to));
	wan_start(&line, b->bed.direct_port, WAN_DELAY_US, WAN_BYTES_S);
	snprintf(target, sizeof(target), "127.0.0.1:%u", line.port);
	hawser_idle(b, target);
	for (int i = 0; i < 3; i++) {
		idle[i] = hawser_idle(b, target);
		put[i] = hawser_put(b, target, from, to);
		bed_remove(to);
	}
	wan_stop(&line);
	double wait = quantile(idle, 3, 0.5), sent = quantile(put, 3, 0.5) - wait;
	note("50 ms, 100 Mbit/s: put", (double)bytes * 8 / sent / 1e6, "Mbit/s");
	note("50 ms: connecting and login", wait * 1e3, "ms");
	metric("file_wan_ratio_link", (double)bytes / sent / WAN_BYTES_S);
	bed_remove(from);
}

/* --- taken up again --------------------------------------------------------------------------- */

/* What there is of it, under whatever names the host keeps it until it is whole. */
static uint64_t arrived(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	struct stat st;
	uint64_t sum = 0;

	while (dir && (e = readdir(dir)))
		if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
				S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_blocks * 512;
	if (dir)
		closedir(dir);
	return sum;
}

static void wait_for(const char *folder, uint64_t bytes, struct test_proc *p)
{
	uint64_t end = test_now_ms() + WAIT_MS;

	while (arrived(folder) < bytes) {
		ck_assert_msg(test_now_ms() < end, "the file does not come: %s", p->log);
		ck_assert_msg(test_proc_wait(p, 5) == -1, "it ended too soon: %s", p->log);
	}
}

/* From the start of the second command, with its login, until new bytes are on the host's disk. */
void bench_resume(struct bench *b)
{
	uint64_t bytes = b->quick ? GIB : 4 * GIB, before;
	char from[300], folder[300], to[320];
	const char *argv[BED_ARGS], *const first[] = { "put", from, to, NULL },
					   *const again[] = { "put", "--resume", from, to, NULL };
	struct test_proc p;
	uint64_t begin;

	bed_make_file(at(b, "resumed", from, sizeof(from)), bytes, false);
	at(b, "partial", folder, sizeof(folder));
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	snprintf(to, sizeof(to), "%s/copy", folder);
	bed_hawser(&b->bed, "files", NULL, first, argv);
	test_proc_start(&p, argv, b->bed.envp);
	wait_for(folder, bytes / 2, &p);
	test_proc_signal(&p, SIGKILL);
	test_proc_stop(&p);
	do { /* what was on its way */
		before = arrived(folder);
		struct timespec pause = { 0, 300000000 };
		nanosleep(&pause, NULL);
	} while (arrived(folder) != before);
	bed_hawser(&b->bed, "files", NULL, again, argv);
	begin = hws_clock_us();
	test_proc_start(&p, argv, b->bed.envp);
	wait_for(folder, before + MIB, &p);
	metric("resume_s", (double)(hws_clock_us() - begin) / 1e6);
	ck_assert_msg(test_proc_wait(&p, WAIT_MS) == 0, "%s", p.log);
	test_proc_stop(&p);
	must_equal(b, from, to);
	bed_remove(folder);
	bed_remove(from);
}
