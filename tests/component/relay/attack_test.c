/* Attackers from many addresses who want that nobody else is served: they hold what waits, what has
 * not spoken yet, and the memory of messages. What counts is how many of the honest are served
 * while they go on as fast as they can. */
#include "shared/base/macros.h"
#include "tests/component/relay/stage.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTACKERS 16
#define HONEST 20
#define SLOTS_MAX 512
#define ATTACKER_NET 0x10000u /* 127.1.0.0 */

struct attack {
	pthread_t thread;
	unsigned slots;
	bool silent;     /* says nothing, instead of asking for a pair */
	bool stop;       /* atomic */
	uint64_t opened; /* atomic */
	bool whole;      /* atomic: each of its slots was tried once */
	uint64_t refused;
};

static int attacker_open(struct attack *a, unsigned slot)
{
	struct sockaddr_in own = { .sin_family = AF_INET }, to = { .sin_family = AF_INET };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint8_t frame[257];
	char uuid[40];
	size_t n;

	own.sin_addr.s_addr = htonl(0x7f000001u + ATTACKER_NET + slot % ATTACKERS);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(relay.port);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
			connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	snprintf(uuid, sizeof(uuid), "%08x-0000-4000-8000-%012llx", slot,
			(unsigned long long)a->opened);
	n = request_bytes(uuid, NULL, frame + 1);
	frame[0] = (uint8_t)(n << 2);
	if (!a->silent)
		(void)!send(fd, frame, n + 1, MSG_NOSIGNAL);
	__atomic_add_fetch(&a->opened, 1, __ATOMIC_RELAXED);
	return fd;
}

static void *attack_run(void *arg)
{
	struct attack *a = arg;
	int fd[SLOTS_MAX];
	char c;

	for (unsigned i = 0; i < a->slots; i++)
		fd[i] = -1;
	while (!__atomic_load_n(&a->stop, __ATOMIC_RELAXED)) {
		for (unsigned i = 0; i < a->slots; i++) {
			if (fd[i] >= 0 && recv(fd[i], &c, 1, MSG_DONTWAIT) == 0) {
				close(fd[i]);
				fd[i] = -1;
				a->refused++;
			}
			if (fd[i] < 0)
				fd[i] = attacker_open(a, i);
		}
		__atomic_store_n(&a->whole, true, __ATOMIC_RELEASE);
		usleep(1000);
	}
	for (unsigned i = 0; i < a->slots; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	return NULL;
}

static void attack_start(struct attack *a, unsigned slots, bool silent)
{
	uint64_t end = test_now_ms() + LIMIT_MS;

	memset(a, 0, sizeof(*a));
	a->slots = slots;
	a->silent = silent;
	ck_assert_int_eq(pthread_create(&a->thread, NULL, attack_run, a), 0);
	while (!__atomic_load_n(&a->whole, __ATOMIC_ACQUIRE)) {
		ck_assert(test_now_ms() < end);
		usleep(1000);
	}
}

static void attack_stop(struct attack *a)
{
	__atomic_store_n(&a->stop, true, __ATOMIC_RELAXED);
	pthread_join(a->thread, NULL);
}

/* Pairs whose first end waits for some time, all at addresses of their own. */
static unsigned served(unsigned n)
{
	unsigned ok = 0;

	for (unsigned i = 0; i < n; i++) {
		const char *uuid = new_uuid();
		struct leg l[2];
		char text[5];

		leg_open(&l[0], &relay, false, 100 + i);
		leg_request(&l[0], uuid, NULL);
		if (!leg_ends(&l[0], 50)) { /* meanwhile the attackers go on */
			leg_open(&l[1], &relay, false, 200 + i);
			leg_request(&l[1], uuid, NULL);
			leg_send(&l[0], "hello", 5);
			ok += leg_recv(&l[1], text, sizeof(text), NULL, LIMIT_MS) == 5;
			leg_close(&l[1]);
		}
		leg_close(&l[0]);
	}
	return ok;
}

START_TEST(sixteen_addresses_do_not_hold_all_that_waits)
{
	struct attack a;

	START("--max-waiting", "256", "--max-waiting-per-address", "16");
	attack_start(&a, 256, false);
	ck_assert_uint_eq(served(HONEST), HONEST);
	attack_stop(&a);
	ck_assert_int_ge(relay_stat(&relay, NULL, "pairs_total"), HONEST);
	relay_stop(&relay);
}
END_TEST

START_TEST(those_who_say_nothing_do_not_hold_all_connections)
{
	struct attack a;

	START("--max-pairs", "40", "--max-waiting", "80", "--first-frame-timeout", "60s");
	attack_start(&a, 320, true);
	ck_assert_uint_eq(served(HONEST), HONEST);
	attack_stop(&a);
	relay_stop(&relay);
}
END_TEST

/* Pairs that run give way to nobody: one address must not have them all. */
START_TEST(pairs_of_one_address_do_not_hold_all_connections)
{
	const char *uuid = "";
	struct leg l[20];
	unsigned n = 0;
	bool full = false;

	START("--max-pairs", "4", "--max-waiting", "8", "--threads", "1");
	while (n < HWS_COUNT(l) && !full) {
		uuid = n % 2 ? uuid : new_uuid();
		leg_open(&l[n], &relay, false, 50);
		leg_request(&l[n], uuid, NULL);
		full = leg_ends(&l[n++], 200);
	}
	ck_assert(full);
	ck_assert_uint_eq(served(1), 1);
	while (n)
		leg_close(&l[--n]);
	relay_stop(&relay);
}
END_TEST

/* Where each address waits once only there is nobody who holds most: the oldest goes, but not at
 * once, so that who came just now is met. */
START_TEST(one_that_waits_long_makes_room)
{
	struct leg l[5];

	START("--max-waiting", "4", "--threads", "1");
	for (unsigned i = 0; i < 4; i++) {
		leg_open(&l[i], &relay, false, i + 1);
		leg_request(&l[i], new_uuid(), NULL);
		relay_await_exactly(&relay, NULL, "waiting", i + 1);
	}
	leg_open(&l[4], &relay, false, 9);
	leg_request(&l[4], new_uuid(), NULL);
	ck_assert(leg_ends(&l[4], LIMIT_MS));
	leg_close(&l[4]);
	poll(NULL, 0, 6000); /* older than who is spared */
	leg_open(&l[4], &relay, false, 9);
	leg_request(&l[4], new_uuid(), NULL);
	ck_assert(leg_ends(&l[0], LIMIT_MS));
	relay_await_exactly(&relay, "refused", "evicted", 1);
	relay_await_exactly(&relay, NULL, "waiting", 4);
	for (unsigned i = 0; i < 5; i++)
		leg_close(&l[i]);
	relay_stop(&relay);
}
END_TEST

/* The beginning of a message in parts, which the relay must collect for a TCP partner. Whether it
 * took it all. */
static bool part_send(struct leg *l, size_t len, bool fin)
{
	static uint8_t zeros[1 << 16];
	uint8_t head[14] = { (uint8_t)(fin ? 0x82 : 0x02), 0x80 | 127 }; /* the mask is 0 */
	size_t n = 0;

	for (unsigned i = 0; i < 8; i++)
		head[2 + i] = (uint8_t)((uint64_t)len >> 8 * (7 - i));
	if (fin)
		head[0] = 0x80;
	if (send(l->fd, head, sizeof(head), MSG_NOSIGNAL) != sizeof(head))
		return false;
	while (n < len) {
		ssize_t w = send(l->fd, zeros, HWS_MIN(len - n, sizeof(zeros)), MSG_NOSIGNAL);

		if (w <= 0)
			return false;
		n += (size_t)w;
	}
	return true;
}

/* A pair of a WebSocket at 127.0.0.<host> and a TCP end. */
static void mixed_open(struct leg l[2], unsigned host)
{
	const char *uuid = new_uuid();

	leg_open(&l[0], &relay, true, host);
	leg_request(&l[0], uuid, NULL);
	leg_open(&l[1], &relay, false, host);
	leg_request(&l[1], uuid, NULL);
	pair_check(l);
}

START_TEST(one_address_does_not_use_up_the_memory_of_messages)
{
	struct leg bad[5][2], good[2];
	uint8_t buf[1 << 16], head[4];
	size_t left = 32u << 20;

	start(NULL);
	for (unsigned i = 0; i < 5; i++)
		mixed_open(bad[i], ATTACKER_NET);
	mixed_open(good, 1);
	for (unsigned i = 0; i < 5; i++)
		(void)part_send(&bad[i][0], 49u << 20, false);
	ck_assert(part_send(&good[0], left - 1, false));
	ck_assert(part_send(&good[0], 1, true));
	ck_assert(leg_take(&good[1], head, 4, LIMIT_MS)); /* the length before it */
	while (left) {
		size_t n = HWS_MIN(left, sizeof(buf));

		ck_assert(leg_take(&good[1], buf, n, LIMIT_MS));
		left -= n;
	}
	for (unsigned i = 0; i < 5; i++)
		pair_close(bad[i]);
	pair_close(good);
	relay_stop(&relay);
}
END_TEST

/* A pipe in place of a list that nobody writes: the start says so and ends. */
START_TEST(a_pipe_is_no_list)
{
	char dir[300], path[340];
	const char *argv[] = { test_bin("server-relay/hawser-relay"), "--open", "--port", "0",
		"--runtime-dir", dir, "--block-file", path, NULL };
	char *out = NULL;

	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/list", dir);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_ne(test_run(argv, NULL, &out), 0);
	ck_assert_msg(strstr(out, path) && strstr(out, "not a regular file"), "%s", out);
	free(out);
}
END_TEST

int main(void)
{
	return test_main("relay/attack", 120, NULL, cleanup,
			TESTS(sixteen_addresses_do_not_hold_all_that_waits,
					those_who_say_nothing_do_not_hold_all_connections,
					pairs_of_one_address_do_not_hold_all_connections,
					one_that_waits_long_makes_room,
					one_address_does_not_use_up_the_memory_of_messages,
					a_pipe_is_no_list));
}
