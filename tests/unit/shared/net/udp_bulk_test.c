/* Datagrams of all lengths through real sockets of loopback, in runs and one by one: as many, as
 * long and as they were. */
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/net/addr.h"
#include "shared/net/udp_bulk.h"
#include "shared/net/udp_rest.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define MANY 300

static int fd[2];
static struct sockaddr_storage at[2];
static struct hws_udp_bulk *bulk[2];

static void set_up(void)
{
	for (int i = 0; i < 2; i++) {
		struct sockaddr_in *in = (struct sockaddr_in *)&at[i];
		socklen_t len = sizeof(at[i]);
		const int size = 2 << 20;

		memset(in, 0, sizeof(at[i]));
		in->sin_family = AF_INET;
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		ck_assert_int_ge(fd[i], 0);
		ck_assert_int_eq(setsockopt(fd[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
		ck_assert_int_eq(bind(fd[i], (struct sockaddr *)in, sizeof(*in)), 0);
		ck_assert_int_eq(getsockname(fd[i], (struct sockaddr *)&at[i], &len), 0);
		ck_assert_int_eq(hws_udp_bulk_new(&bulk[i]), HWS_OK);
	}
}

static void tear_down(void)
{
	for (int i = 0; i < 2; i++) {
		hws_udp_bulk_free(bulk[i]);
		close(fd[i]);
	}
}

/* Mostly full ones, with short, empty and longer ones between. */
static size_t length(unsigned i)
{
	static const size_t other[] = { 0, 1, 12, 1500, 700 };

	return i % 13 == 12 ? other[i / 13 % HWS_COUNT(other)] : i < 150 ? 1224 : 1472;
}

static void put(unsigned i)
{
	uint8_t *room = hws_udp_bulk_room(bulk[0], fd[0], &at[1]);

	memset(room, (int)i, length(i));
	hws_udp_bulk_add(bulk[0], length(i));
}

static unsigned check_received(unsigned got)
{
	const struct sockaddr_storage *from;
	struct hws_bytes d;

	while (hws_udp_bulk_next(bulk[1], &d, &from)) {
		ck_assert_uint_eq(d.len, length(got));
		for (size_t k = 0; k < d.len; k++)
			if (d.ptr[k] != (uint8_t)got)
				ck_abort_msg("byte %zu of %u", k, got);
		ck_assert(hws_addr_equal(from, &at[0]));
		got++;
	}
	return got;
}

START_TEST(what_goes_in_comes_out)
{
	/* both, sender, receiver, neither; and a run that the kernel refuses to cut */
	const bool singly[2] = { _i & 1, _i & 2 };
	const int no_sums = _i == 4;
	struct pollfd p = { .fd = fd[1], .events = POLLIN };
	unsigned got = 0;

	for (int i = 0; i < 2; i++) {
		if (singly[i])
			hws_udp_bulk_singly(bulk[i]);
		hws_udp_bulk_prepare(bulk[i], fd[i]);
	}
	/* it makes none without sums */
	ck_assert_int_eq(setsockopt(fd[0], SOL_SOCKET, SO_NO_CHECK, &no_sums, sizeof(no_sums)), 0);
	ck_assert(!hws_udp_bulk_recv(bulk[1], fd[1]));
	ck_assert_uint_eq(check_received(0), 0);
	for (unsigned i = 0; i < MANY; i++) {
		put(i);
		if (i % 50 != 49)
			continue;
		hws_udp_bulk_flush(bulk[0], fd[0], &at[1]);
		while (got <= i) {
			ck_assert_int_eq(poll(&p, 1, 60000), 1);
			(void)hws_udp_bulk_recv(bulk[1], fd[1]);
			got = check_received(got);
		}
	}
	ck_assert_uint_eq(got, MANY);
}
END_TEST

START_TEST(what_nobody_takes_is_lost_and_no_more)
{
	uint8_t *room;

	hws_udp_bulk_prepare(bulk[0], fd[0]);
	close(fd[1]);
	for (unsigned i = 0; i < MANY; i++)
		put(i);
	hws_udp_bulk_flush(bulk[0], fd[0], &at[1]);
	hws_udp_bulk_flush(bulk[0], -1, &at[1]);
	room = hws_udp_bulk_room(bulk[0], fd[0], &at[1]);
	memset(room, 1, 100);
	hws_udp_bulk_add(bulk[0], 100);
	hws_udp_bulk_flush(bulk[0], -1, &at[1]); /* no such socket */
	ck_assert(!hws_udp_bulk_recv(bulk[0], -1));
	fd[1] = dup(fd[0]);
}
END_TEST

START_TEST(reading_rests_only_while_many_come)
{
	struct hws_udp_rest r = { 0 };
	uint64_t now = 1000000, rest = 0;

	for (int i = 0; i < 100; i++, now += 10 * HWS_US_PER_MS) /* 100 a second */
		ck_assert_uint_eq(hws_udp_rest(&r, 1, now), 0);
	for (int i = 0; i < 100; i++, now += 100) /* 10,000 */
		rest = hws_udp_rest(&r, 1, now);
	ck_assert_uint_ge(rest, 500);
	ck_assert_uint_le(rest, 1000);
	for (int i = 0; i < 1000; i++, now += 20) /* 50,000 */
		rest = hws_udp_rest(&r, 1, now);
	ck_assert_uint_ge(rest, 200);
	ck_assert_uint_le(rest * 50, 40000); /* a hundred fit into a socket; forty come */
	for (int i = 0; i < 20; i++, now += HWS_US_PER_MS)
		rest = hws_udp_rest(&r, 0, now);
	ck_assert_uint_eq(rest, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/udp_bulk");
	TCase *t = test_case(s, "bulk", 100,
			TESTS(what_nobody_takes_is_lost_and_no_more,
					reading_rests_only_while_many_come));

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, what_goes_in_comes_out, 0, 5);
	return test_suite_run(s);
}
