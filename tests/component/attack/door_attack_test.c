/* Few addresses that open connections as fast as they can: a person who is looking for a password
 * keeps the connection, others get in after a few tries, and hostd does not start a process for
 * each that knocks. What comes about is counted, not timed. */
#include "shared/crypto/crypto.h"
#include "tests/component/host/host.h"
#include "tests/component/host/viewer.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HELD 512
#define ATTACK_MS 6000u
/* Between two knocks, and the tries of an honest viewer until it must be in. Each is decided by
 * chance, and the sooner a gate has begun the better: with a sanitizer in it that takes many times
 * as long. */
#ifdef __SANITIZE_ADDRESS__
#define KNOCK_US 10000
#define TRIES 40
#else
#define KNOCK_US 2000
#define TRIES 5
#endif

static struct test_host host;
static struct test_viewer person, late;
static int held[HELD];
static unsigned knocks;

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&person, 0, sizeof(person));
	memset(&late, 0, sizeof(late));
	for (int i = 0; i < HELD; i++)
		held[i] = -1;
	knocks = 0;
	host_start(&host, NULL);
	test_proc_must_expect(&host.proc, "desktop.ready", 10000);
	host_password(&host);
}

static void teardown(void)
{
	for (int i = 0; i < HELD; i++)
		if (held[i] >= 0)
			close(held[i]);
	viewer_close(&person);
	viewer_close(&late);
	host_stop(&host);
}

/* One connection of the attacker, from 127.0.6.n: silent, and held for a while. */
static void knock_from(unsigned n)
{
	struct sockaddr_in from = { .sin_family = AF_INET }, to = from;
	int *place = &held[knocks++ % HELD];

	if (*place >= 0)
		close(*place);
	from.sin_addr.s_addr = htonl(0x7f000600u + n);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)host.port);
	*place = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(*place, 0);
	ck_assert_int_eq(bind(*place, (struct sockaddr *)&from, sizeof(from)), 0);
	(void)!connect(*place, (struct sockaddr *)&to, sizeof(to));
}

static void attack(unsigned addresses, unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	for (unsigned i = 0; test_now_ms() < end; i++) {
		knock_from(1 + i % addresses);
		usleep(KNOCK_US);
		if (i % 16 == 0) /* what it tells must not make it wait for us */
			(void)test_proc_expect(&host.proc, "nothing of the kind", 0);
	}
}

static long started(void)
{
	json_t *s = host_status(&host);
	long n = (long)json_integer_value(json_object_get(s, "accepted"));

	json_decref(s);
	return n;
}

/* Three addresses cut it off after 2.1 s. */
START_TEST(who_looks_for_a_password_keeps_the_connection)
{
	const char *answer;

	viewer_connect(&person, host.port);
	viewer_hash(&person);
	viewer_login(&person, NULL); /* asks for the dialog */
	/* before that it is one of many that have said nothing */
	test_proc_must_expect(&host.proc, " login conn=", 10000);
	attack(_i ? 40 : 3, ATTACK_MS);
	viewer_login(&person, host.password);
	answer = viewer_answer(&person);
	ck_assert_msg(!strcmp(answer, ""), "%s; %s", answer,
			host.proc.log + (host.proc.len > 3000 ? host.proc.len - 3000 : 0));
}
END_TEST

/* Answer to a connection of ours while the attack goes on: true when it got in. */
static bool gets_in(struct test_viewer *v, unsigned addresses)
{
	char byte;
	ssize_t n;
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	ck_assert_msg(viewer_connect_begin(v, host.port), "connect: %s", strerror(errno));
	while (!viewer_connect_end(v, 0)) {
		attack(addresses, 50);
		ck_assert_msg(test_now_ms() < end, "the door does not open at all");
	}
	end = test_now_ms() + 10000;
	do {
		attack(addresses, 50);
		n = recv(v->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	} while (n < 0 && errno == EAGAIN && test_now_ms() < end);
	if (n <= 0)
		return false;
	viewer_hash(v);
	viewer_login(v, host.password);
	return !strcmp(viewer_answer(v), "");
}

START_TEST(others_get_in_after_a_few_tries)
{
	unsigned tries = 1;

	attack(_i ? 40 : 3, 3000);
	while (!gets_in(&late, _i ? 40 : 3)) {
		ck_assert_msg(++tries <= TRIES, "not in after %d tries:\n%s", TRIES,
				host.proc.log + (host.proc.len > 2000 ? host.proc.len - 2000 : 0));
		viewer_close(&late);
	}
}
END_TEST

/* 264 a second, and a session then took 14.6 s. */
START_TEST(a_flood_of_knocks_starts_no_flood_of_processes)
{
	uint64_t from = test_now_ms();
	unsigned seconds;
	long n;

	attack(200, 8000);
	n = started();
	seconds = (unsigned)((test_now_ms() - from) / 1000) + 1;
	ck_assert_int_gt(n, 0);
	ck_assert_msg(n <= (long)(130 + seconds * 30), "%ld gates in %u s, of %u knocks", n,
			seconds, knocks);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("door_attack");
	TCase *t = test_case(s, "door", 300, TESTS(a_flood_of_knocks_starts_no_flood_of_processes));

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, who_looks_for_a_password_keeps_the_connection, 0, 2);
	tcase_add_loop_test(t, others_get_in_after_a_few_tries, 0, 2);
	return test_suite_run(s);
}
