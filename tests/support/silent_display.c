/* X displays on TCP have the ports from 6000 on: the kernel chooses one of them. */
#include "tests/support/silent_display.h"
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int test_silent_display(char display[32])
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = -1, others[64];
	unsigned n = 0;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (;;) { /* the kernel's choice, but above the port of display 0 */
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		a.sin_port = 0;
		ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
		ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
		if (ntohs(a.sin_port) > 6000)
			break;
		ck_assert_uint_lt(n, 64);
		others[n++] = fd;
	}
	while (n > 0)
		close(others[--n]);
	ck_assert_int_eq(listen(fd, 4), 0);
	snprintf(display, 32, "127.0.0.1:%d", ntohs(a.sin_port) - 6000);
	return fd;
}
