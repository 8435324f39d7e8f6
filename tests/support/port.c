/* tests/support/port: the range is divided into blocks, and whoever has bound a block's name (a
 * socket without a file, gone with its last owner) has its ports. Looking for a free port alone
 * would leave the time until a program binds it to others. */
#include "tests/support/port.h"
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST 10000u /* below the ephemeral range of any usual machine */
#define BLOCK 200u
#define BLOCKS 100u

static uint16_t block; /* first port of ours; 0 = none yet */
static unsigned next;  /* where the next search begins */

static bool take_block(unsigned i)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int n = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "hawser-test-ports-%u", i);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	if (bind(fd, (struct sockaddr *)&name,
			    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1) +
					    (socklen_t)n) == 0)
		return true; /* stays open: it is what says that the block is ours */
	ck_assert_int_eq(errno, EADDRINUSE);
	close(fd);
	return false;
}

static void find_block(void)
{
	unsigned start = (unsigned)getpid();

	for (unsigned i = 0; i < BLOCKS && !block; i++) {
		unsigned at = (start + i) % BLOCKS;

		if (take_block(at))
			block = (uint16_t)(FIRST + at * BLOCK);
	}
	ck_assert_msg(block != 0, "all %u blocks of ports are taken", BLOCKS);
	/* a process of a test is followed by others: not all on the same ports */
	next = start % BLOCK;
}

static bool is_free(uint16_t port, int type)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	bool ok;

	ck_assert_int_ge(fd, 0);
	ok = bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	close(fd);
	return ok;
}

uint16_t test_free_ports(unsigned count)
{
	ck_assert_uint_le(count, TEST_PORTS_MAX);
	if (!block)
		find_block();
	for (unsigned tries = 0; tries < BLOCK; tries++, next++) {
		unsigned at = next % BLOCK, i = 0;

		if (at + count > BLOCK)
			continue;
		while (i < count && is_free((uint16_t)(block + at + i), SOCK_STREAM) &&
				is_free((uint16_t)(block + at + i), SOCK_DGRAM))
			i++;
		if (i == count) {
			next += count;
			return (uint16_t)(block + at);
		}
	}
	ck_abort_msg("no %u free ports in a row", count);
	return 0;
}

uint16_t test_free_port(void)
{
	return test_free_ports(1);
}
