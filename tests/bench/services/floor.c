/* The bare loop beside which file transfers are held. */
#include "tests/bench/services/floor.h"
#include "shared/base/clock.h"
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK (128u << 10)
#define SEALED (BLOCK + crypto_secretbox_MACBYTES)

static const uint8_t key[crypto_secretbox_KEYBYTES] = { 1 };

static ssize_t read_full(int fd, uint8_t *buf, size_t size)
{
	size_t have = 0;
	ssize_t n;

	while (have < size && (n = read(fd, buf + have, size - have)) > 0)
		have += (size_t)n;
	return (ssize_t)have;
}

static int write_full(int fd, const uint8_t *buf, size_t size)
{
	ssize_t n;

	for (; size; buf += n, size -= (size_t)n)
		if ((n = write(fd, buf, size)) <= 0)
			return -1;
	return 0;
}

static void next_nonce(uint8_t nonce[crypto_secretbox_NONCEBYTES])
{
	sodium_increment(nonce, crypto_secretbox_NONCEBYTES);
}

/* Each block behind its length, as frames have it. */
static int seal_file(int file, int line)
{
	static uint8_t plain[BLOCK], frame[4 + SEALED];
	uint8_t nonce[crypto_secretbox_NONCEBYTES] = { 0 };
	ssize_t n;

	while ((n = read_full(file, plain, BLOCK)) > 0) {
		uint32_t len = (uint32_t)n + crypto_secretbox_MACBYTES;
		next_nonce(nonce);
		memcpy(frame, &len, 4);
		crypto_secretbox_easy(frame + 4, plain, (size_t)n, nonce, key);
		if (write_full(line, frame, 4 + len) < 0)
			return 1;
	}
	return 0;
}

static int open_file(int line, int file)
{
	static uint8_t plain[BLOCK], frame[SEALED];
	uint8_t nonce[crypto_secretbox_NONCEBYTES] = { 0 };
	uint32_t len;

	while (read_full(line, (uint8_t *)&len, 4) == 4) {
		next_nonce(nonce);
		if (len > SEALED || read_full(line, frame, len) != (ssize_t)len ||
				crypto_secretbox_open_easy(plain, frame, len, nonce, key) < 0 ||
				write_full(file, plain, len - crypto_secretbox_MACBYTES) < 0)
			return 1;
	}
	return 0;
}

static void connected_pair(int fds[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fds[0], (struct sockaddr *)&a, sizeof(a)), 0);
	fds[1] = accept(listener, NULL, NULL);
	ck_assert_int_ge(fds[1], 0);
	close(listener);
}

static double children_cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
			(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static pid_t start(int (*run)(int a, int b), int a, int b, int other)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(other);
		_exit(run(a, b));
	}
	return pid;
}

double floor_copy(const char *from, const char *to, double *ret_cpu)
{
	int line[2], status, in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	double cpu = children_cpu();
	uint64_t begin;
	pid_t pid[2];

	ck_assert_int_ge(in, 0);
	ck_assert_int_ge(out, 0);
	ck_assert_int_ge(sodium_init(), 0);
	connected_pair(line);
	begin = hws_clock_us();
	pid[0] = start(open_file, line[1], out, line[0]);
	pid[1] = start(seal_file, in, line[0], line[1]);
	close(line[0]);
	close(line[1]);
	for (int i = 1; i >= 0; i--) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
				"the bare loop failed");
	}
	begin = hws_clock_us() - begin;
	close(in);
	close(out);
	if (ret_cpu)
		*ret_cpu = children_cpu() - cpu;
	return (double)begin / 1e6;
}
