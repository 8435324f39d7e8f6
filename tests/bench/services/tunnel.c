/* Tunnels: one stream beside the rate of a file in the same session's make, 200 at once, and one
 * that nobody reads beside another. */
#include "shared/base/clock.h"
#include "tests/bench/common/report.h"
#include "tests/bench/services/parts.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define STREAMS 200
#define MIB ((uint64_t)1 << 20)
#define WAIT_MS 60000
#define PIECE (256u << 10)

static uint8_t piece[PIECE];

/* --- the target: says nothing, counts what comes and answers with one byte at its end --------- */

static int listen_any(uint16_t *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(fd, 256), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void take_all(int fd)
{
	static uint8_t buf[PIECE];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (buf[0] == 's') /* this one is not read */
			pause();
	if (write(fd, "k", 1) < 0)
		_exit(1);
	close(fd);
}

static pid_t target_start(int listener)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pid = fd < 0 ? -1 : fork();
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			take_all(fd);
			_exit(0);
		}
		if (fd >= 0)
			close(fd);
	}
}

/* --- this end --------------------------------------------------------------------------------- */

static int connect_to(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void must_end(int fd)
{
	char last = 0;

	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	ck_assert_msg(read(fd, &last, 1) == 1 && last == 'k', "the target did not get all");
	close(fd);
}

static double send_one(uint16_t port, uint64_t bytes)
{
	uint64_t begin = hws_clock_us();
	int fd = connect_to(port);

	for (; bytes; bytes -= PIECE)
		for (size_t sent = 0; sent < PIECE;) {
			ssize_t n = write(fd, piece + sent, PIECE - sent);
			ck_assert_int_gt(n, 0);
			sent += (size_t)n;
		}
	must_end(fd);
	return (double)(hws_clock_us() - begin) / 1e6;
}

/* What each of them has sent when the whole is through: of equal streams the slowest beside the
 * mean. */
static double share(uint16_t port, uint64_t bytes, double *ret_seconds)
{
	static struct pollfd list[STREAMS];
	static uint64_t sent[STREAMS];
	uint64_t total = 0, begin = hws_clock_us(), least = UINT64_MAX;

	for (int i = 0; i < STREAMS; i++) {
		list[i] = (struct pollfd){ .fd = connect_to(port), .events = POLLOUT };
		sent[i] = 0;
	}
	while (total < bytes) {
		ck_assert_int_gt(poll(list, STREAMS, WAIT_MS), 0);
		for (int i = 0; i < STREAMS; i++) {
			if (!(list[i].revents & POLLOUT))
				continue;
			ssize_t n = send(list[i].fd, piece, 16384, MSG_DONTWAIT);
			ck_assert_msg(n > 0 || errno == EAGAIN, "a stream broke");
			sent[i] += n > 0 ? (uint64_t)n : 0;
			total += n > 0 ? (uint64_t)n : 0;
		}
	}
	*ret_seconds = (double)(hws_clock_us() - begin) / 1e6;
	for (int i = 0; i < STREAMS; i++) {
		least = sent[i] < least ? sent[i] : least;
		close(list[i].fd);
	}
	return (double)least / ((double)total / STREAMS);
}

static void stall(int fd)
{
	uint8_t first[PIECE] = "s";

	while (send(fd, first, sizeof(first), MSG_DONTWAIT) > 0)
		;
}

void bench_tunnel(struct bench *b)
{
	uint64_t bytes = (b->quick ? 256 : 1024) * MIB;
	char spec[80], text[40];
	const char *const words[] = { "-L", spec, NULL };
	const char *argv[BED_ARGS];
	double alone[3], beside[3], seconds;
	uint16_t target, port = test_free_ports(1);
	int listener = listen_any(&target), stalled[8];
	pid_t pid = target_start(listener);
	struct test_proc p;

	memset(piece, 'p', sizeof(piece));
	snprintf(spec, sizeof(spec), "127.0.0.1:%u:127.0.0.1:%u", port, target);
	snprintf(text, sizeof(text), "%u", port);
	bed_hawser(&b->bed, "forward", NULL, words, argv);
	test_proc_start(&p, argv, b->bed.envp);
	test_proc_must_expect(&p, text, WAIT_MS);
	send_one(port, MIB);
	for (int i = 0; i < 3; i++)
		alone[i] = send_one(port, bytes);
	for (int i = 0; i < 8; i++)
		stall(stalled[i] = connect_to(port));
	for (int i = 0; i < 3; i++)
		beside[i] = send_one(port, bytes);
	double rate = (double)bytes / quantile(alone, 3, 0.5);
	note("one stream", rate / 1e6, "MB/s");
	note("beside eight that nobody reads", (double)bytes / quantile(beside, 3, 0.5) / 1e6,
			"MB/s");
	metric("tunnel_stalled_ratio", quantile(alone, 3, 0.5) / quantile(beside, 3, 0.5));
	for (int i = 0; i < 8; i++)
		close(stalled[i]);
	metric("tunnel_share_slowest", share(port, bytes, &seconds));
	note("200 streams together", (double)bytes / seconds / 1e6, "MB/s");
	if (b->file_bytes_s > 0)
		metric("tunnel_ratio_bulk", rate / b->file_bytes_s);
	test_proc_stop(&p);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(listener);
}
