/* Two ends of a cable in a namespace: the one network kind that loopback is not is one with
 * broadcasts. */
#include "tests/support/wire.h"
#include "tests/support/proc.h"
#include <check.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static bool run(const char *command)
{
	const char *argv[] = { "/bin/sh", "-c", command, NULL };
	char *out = NULL;
	int r = test_run(argv, NULL, &out);

	free(out);
	return r == 0;
}

bool test_wire_set_address(const char *more)
{
	char command[200];

	snprintf(command, sizeof(command),
			"ip -4 addr flush dev wire0 && ip addr add " TEST_WIRE_ADDRESS
			"%s dev wire0",
			more);
	return run(command);
}

bool test_wire_enter(void)
{
	if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) < 0 ||
			!run("ip link set lo up && ip link add wire0 address " TEST_WIRE_MAC
			     " type veth peer name wire1 && ip addr add " TEST_WIRE_ADDRESS
			     "/24 brd + dev wire0 && ip link set wire0 up && ip link set wire1 up"))
		return false;
	run("ip -6 addr add fd07::1/64 dev wire0 nodad"); /* what needs it looks whether it is there */
	return true;
}

int test_wire_listen(uint16_t port)
{
	const struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	const struct timeval limit = { TEST_PATIENCE_MS / 1000, 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	return fd;
}
