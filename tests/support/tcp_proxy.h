/* tests/support/tcp_proxy: a TCP proxy between two programs that the test can cut, as a network is
 * cut. Runs as a child process. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

enum test_proxy_mode {
	TEST_PROXY_PASS = 'p',
	TEST_PROXY_HOLD = 'h', /* nothing passes and nobody is told: a cable is out */
	TEST_PROXY_CUT = 'c'   /* connections are reset, new ones too */
};

struct test_proxy {
	pid_t pid;
	int control;
	uint16_t port; /* connect here: 127.0.0.1 */
	enum test_proxy_mode mode;
	uint32_t limit;
};

/* Passes connections on to 127.0.0.1:`to`. */
void test_proxy_start(struct test_proxy *p, uint16_t to);
/* The same with the buffers of a small router (some 40 KiB a direction): what exceeds a limit soon
 * waits at the sender. */
void test_proxy_start_narrow(struct test_proxy *p, uint16_t to);
/* Bytes a second that pass in each direction of each connection; 0 = as many as come. */
void test_proxy_limit(struct test_proxy *p, uint32_t bytes_per_s);
void test_proxy_set(struct test_proxy *p, enum test_proxy_mode mode);
void test_proxy_stop(struct test_proxy *p);
