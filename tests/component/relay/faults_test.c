/* Peers that stall, reset, half-close or trickle, and a relay that runs short of what it needs. */
#include "tests/component/relay/stage.h"
#include "tests/support/suite.h"
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1u << 20)

/* Writes until nothing more is taken for SILENCE_MS; bytes taken. */
static size_t stuff(struct leg *l)
{
	static char block[65536];
	size_t sum = 0;

	for (;;) {
		struct pollfd p = { .fd = l->fd, .events = POLLOUT };
		ssize_t n;

		if (poll(&p, 1, SILENCE_MS) <= 0)
			return sum;
		n = send(l->fd, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			return sum;
		sum += (size_t)n;
		ck_assert_uint_lt(sum, 256 * MIB);
	}
}

START_TEST(a_pair_without_traffic_ends)
{
	for (int kinds = 0; kinds < 4; kinds++) {
		struct leg l[2];

		START("--idle-timeout", "1s");
		pair_open(&relay, l, kinds & 1, kinds & 2);
		ck_assert(!leg_ends(&l[0], SILENCE_MS));
		ck_assert(leg_ends(&l[0], LIMIT_MS));
		ck_assert(leg_ends(&l[1], LIMIT_MS));
		relay_await_exactly(&relay, "closed", "idle", 1);
		ck_assert(strstr(relay.proc.log, "why=idle") ||
				test_proc_expect(&relay.proc, "why=idle", LIMIT_MS));
		pair_close(l);
		relay_stop(&relay);
	}
}
END_TEST

START_TEST(one_byte_now_and_then_keeps_a_pair_alive)
{
	struct leg l[2];
	uint64_t end;
	char c = 'x';

	START("--idle-timeout", "2s");
	pair_open(&relay, l, false, false);
	end = test_now_ms() + 5000;
	while (test_now_ms() < end) {
		leg_raw(&l[0], &c, 1);
		ck_assert(leg_take(&l[1], &c, 1, LIMIT_MS));
		ck_assert(!leg_ends(&l[0], 400));
	}
	ck_assert(leg_ends(&l[0], LIMIT_MS));
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

/* The receiver takes nothing: the sender is held back, memory does not grow, and the idle limit
 * counts although bytes wait to be written. */
START_TEST(a_stalled_receiver_ends_the_pair_in_time)
{
	for (int kinds = 0; kinds < 4; kinds++) {
		struct leg l[2];
		int small = 4096;

		START("--idle-timeout", "2s");
		pair_open(&relay, l, kinds & 1, kinds & 2);
		setsockopt(l[1].fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
		if (l[0].ws) {
			/* one large message whose payload is what we stuff */
			uint8_t head[14] = { 0x82, 0xff, 0, 0, 0, 0, 3 };

			leg_raw(&l[0], head, sizeof(head));
		} else if (l[1].ws) {
			uint8_t head[4] = { 0x03, 0, 0, 12 }; /* 48 MiB */

			leg_raw(&l[0], head, sizeof(head));
		}
		ck_assert_uint_lt(stuff(&l[0]), 40 * MIB);
		ck_assert(leg_ends_hard(&l[0], LIMIT_MS));
		relay_await_exactly(&relay, "closed", "stalled", 1);
		relay_await_exactly(&relay, NULL, "connections", 0);
		pair_close(l);
		relay_stop(&relay);
	}
}
END_TEST

START_TEST(a_reset_is_passed_on_as_one)
{
	for (int kinds = 0; kinds < 4; kinds++) {
		struct leg l[2];

		if (!kinds)
			start(NULL);
		pair_open(&relay, l, kinds & 1, kinds & 2);
		leg_reset(&l[0]);
		ck_assert(leg_ends_hard(&l[1], LIMIT_MS));
		leg_close(&l[1]);
		relay_await_exactly(&relay, "closed", "reset", kinds + 1);
	}
	relay_stop(&relay);
}
END_TEST

/* With bytes in the pipe and the sockets. */
/* Each byte is a message, and grows threefold by its head: more than the relay gathers at once. It
 * is held while both things happen, so that it learns of the end by writing. */
START_TEST(a_receiver_that_ends_under_many_messages_harms_nobody_else)
{
	static uint8_t frames[200000];
	struct leg l[2], other[2];
	siginfo_t stopped;

	START("--threads", "1");
	pair_open(&relay, other, false, false);
	pair_open(&relay, l, false, true);
	for (size_t i = 0; i < sizeof(frames); i++)
		frames[i] = i & 1 ? 'x' : 1 << 2;
	test_proc_signal(&relay.proc, SIGSTOP);
	ck_assert_int_eq(waitid(P_PID, (id_t)relay.proc.pid, &stopped, WSTOPPED), 0);
	leg_raw(&l[0], frames, sizeof(frames));
	leg_reset(&l[1]);
	test_proc_signal(&relay.proc, SIGCONT);
	ck_assert(leg_ends(&l[0], LIMIT_MS));
	leg_close(&l[0]);
	pair_check(other);
	pair_close(other);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_reset_in_the_middle_of_a_splice_loses_nothing_else)
{
	struct leg l[2], other[2];

	START("--idle-timeout", "300s");
	pair_open(&relay, other, false, false);
	for (int i = 0; i < 20; i++) {
		pair_open(&relay, l, false, false);
		ck_assert_uint_gt(stuff(&l[0]), MIB);
		leg_reset(&l[i & 1]);
		ck_assert(leg_ends(&l[!(i & 1)], LIMIT_MS));
		leg_close(&l[!(i & 1)]);
	}
	relay_await_exactly(&relay, NULL, "pairs", 1);
	ck_assert_int_gt(relay_stat(&relay, NULL, "bytes_spliced"), 0);
	pair_check(other);
	pair_close(other);
	relay_await_exactly(&relay, NULL, "connections", 0);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_half_close_is_passed_on_and_the_other_way_stays_open)
{
	struct leg l[2];
	char c;

	start(NULL);
	pair_open(&relay, l, false, false);
	leg_raw(&l[0], "last words", 10);
	shutdown(l[0].fd, SHUT_WR);
	char text[10];

	ck_assert(leg_take(&l[1], text, 10, LIMIT_MS));
	ck_assert(!leg_take(&l[1], &c, 1, LIMIT_MS) && l[1].closed && !l[1].reset);
	for (int i = 0; i < 3; i++) {
		leg_raw(&l[1], "still here", 10);
		ck_assert(leg_take(&l[0], text, 10, LIMIT_MS));
		ck_assert_mem_eq(text, "still here", 10);
	}
	shutdown(l[1].fd, SHUT_WR);
	ck_assert(!leg_take(&l[0], &c, 1, LIMIT_MS) && l[0].closed && !l[0].reset);
	relay_await_exactly(&relay, "closed", "peer closed", 1);
	relay_await_exactly(&relay, NULL, "connections", 0);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

static void *sender(void *arg)
{
	struct leg *l = arg;
	static char block[65536];

	for (size_t sum = 0; sum < 64 * MIB; sum += sizeof(block))
		leg_raw(l, block, sizeof(block));
	shutdown(l->fd, SHUT_WR);
	return NULL;
}

/* Everything that was sent before the end arrives, though the end was seen long before the receiver
 * reads. */
START_TEST(an_end_behind_much_data_does_not_cut_it)
{
	struct leg l[2];
	pthread_t thread;
	size_t sum = 0;
	char *sink = malloc(MIB);

	ck_assert_ptr_nonnull(sink);
	start(NULL);
	pair_open(&relay, l, false, false);
	ck_assert_int_eq(pthread_create(&thread, NULL, sender, &l[0]), 0);
	for (;;) {
		ssize_t n = recv(l[1].fd, sink, MIB, 0);

		ck_assert_int_ge(n, 0);
		if (!n)
			break;
		sum += (size_t)n;
	}
	ck_assert_uint_eq(sum, 64 * MIB);
	pthread_join(thread, NULL);
	free(sink);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

/* --- shortages -------------------------------------------------------------------------------- */

static void limit_descriptors(rlim_t soft)
{
	struct rlimit old, l;

	ck_assert_int_eq(prlimit(relay.proc.pid, RLIMIT_NOFILE, NULL, &old), 0);
	l = (struct rlimit){ soft ? soft : old.rlim_max, old.rlim_max };
	ck_assert_int_eq(prlimit(relay.proc.pid, RLIMIT_NOFILE, &l, NULL), 0);
}

START_TEST(accepting_resumes_after_descriptors_ran_out)
{
	struct leg l[2], more[2];
	const char *uuid = new_uuid();

	start(NULL);
	pair_open(&relay, l, false, false);
	limit_descriptors(8); /* below what is open: no new one at all */
	for (int i = 0; i < 2; i++) {
		leg_open(&more[i], &relay, false, 1); /* by the kernel's queue */
		leg_request(&more[i], uuid, NULL);
	}
	pair_check(l); /* running pairs do not notice */
	ck_assert(!leg_ends(&more[0], SILENCE_MS));
	limit_descriptors(0);
	pair_check(more);
	pair_close(more);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

/* Bulk traffic without pipes goes through memory instead. */
START_TEST(without_pipes_bulk_is_copied)
{
	struct leg l[2];
	pthread_t thread;
	size_t sum = 0;
	char *sink = malloc(MIB);

	ck_assert_ptr_nonnull(sink);
	START("--pipes", "0");
	pair_open(&relay, l, false, false);
	ck_assert_int_eq(pthread_create(&thread, NULL, sender, &l[0]), 0);
	while (sum < 64 * MIB) {
		ssize_t n = recv(l[1].fd, sink, MIB, 0);

		ck_assert_int_gt(n, 0);
		sum += (size_t)n;
	}
	pthread_join(thread, NULL);
	ck_assert_int_eq(relay_stat(&relay, NULL, "bytes_spliced"), 0);
	free(sink);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

START_TEST(too_few_descriptors_are_refused_at_start)
{
	char dir[300];
	const char *const argv[] = { "/bin/sh", "-c",
		"ulimit -n 200; exec \"$0\" --open --port 0 --runtime-dir \"$1\"",
		test_bin("server-relay/hawser-relay"), dir, NULL };
	const char *const pairs[] = { test_bin("server-relay/hawser-relay"), "--open", "--port",
		"0", "--max-pairs", "9000000", "--runtime-dir", dir, NULL };
	char *out = NULL;

	test_dir(dir, sizeof(dir));
	ck_assert_int_eq(test_run(argv, NULL, &out), 2);
	ck_assert_msg(strstr(out, "LimitNOFILE") && strstr(out, "200"), "%s", out);
	free(out);
	ck_assert_int_eq(test_run(pairs, NULL, &out), 2);
	ck_assert_msg(strstr(out, "LimitNOFILE") && strstr(out, "--max-pairs"), "%s", out);
	free(out);
}
END_TEST

START_TEST(more_connections_than_allowed_are_refused_clearly)
{
	struct leg l[2], more[4];

	START("--max-pairs", "1", "--max-waiting", "1");
	pair_open(&relay, l, false, false);
	for (int i = 0; i < 4; i++)
		leg_open(&more[i], &relay, false, 1);
	relay_await(&relay, "refused", "full", 2);
	pair_check(l);
	for (int i = 0; i < 4; i++)
		leg_close(&more[i]);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

struct flood {
	struct leg l[2];
	pthread_t thread[2];
	int stop; /* atomic */
};

static void *flood_send(void *arg)
{
	struct flood *f = arg;
	static char block[131072];

	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED))
		if (send(f->l[0].fd, block, sizeof(block), MSG_NOSIGNAL) < 0)
			break;
	return NULL;
}

static void *flood_take(void *arg)
{
	struct flood *f = arg;

	while (recv(f->l[1].fd, NULL, MIB, MSG_TRUNC) > 0)
		;
	return NULL;
}

/* The only thread has all it can do: small pairs and the operator are served all the same. */
START_TEST(a_busy_thread_serves_everybody)
{
	enum { N = 6 };
	static struct flood f[N];
	struct leg l[2];
	uint64_t worst = 0;

	START("--threads", "1");
	pair_open(&relay, l, false, false);
	for (int i = 0; i < N; i++) {
		pair_open(&relay, f[i].l, false, false);
		pthread_create(&f[i].thread[0], NULL, flood_send, &f[i]);
		pthread_create(&f[i].thread[1], NULL, flood_take, &f[i]);
	}
	for (int i = 0; i < 100; i++) {
		uint64_t t = test_now_ms();

		pair_check(l);
		t = test_now_ms() - t;
		worst = t > worst ? t : worst;
	}
	ck_assert_uint_lt(worst, LIMIT_MS); /* not starved; how long it takes the bench tells */
	ck_assert_int_eq(relay_stat(&relay, NULL, "pairs"), N + 1);
	for (int i = 0; i < N; i++) {
		__atomic_store_n(&f[i].stop, 1, __ATOMIC_RELAXED);
		shutdown(f[i].l[0].fd, SHUT_RDWR);
		pthread_join(f[i].thread[0], NULL);
		pthread_join(f[i].thread[1], NULL);
		pair_close(f[i].l);
	}
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

START_TEST(after_kill_9_it_starts_again_on_the_same_port)
{
	char port[8], ws[8];
	struct leg l[2];

	start(NULL);
	snprintf(port, sizeof(port), "%u", relay.port);
	snprintf(ws, sizeof(ws), "%u", relay.ws);
	pair_open(&relay, l, false, true);
	relay_kill(&relay);
	ck_assert(leg_ends(&l[0], LIMIT_MS));
	ck_assert(leg_ends(&l[1], LIMIT_MS));
	pair_close(l);
	relay_start(&relay, (const char *const[]){ "--port", port, "--ws-port", ws, NULL });
	pair_open(&relay, l, false, true);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_port_in_use_is_named)
{
	char port[8], dir[300], *out = NULL;

	start(NULL);
	test_dir(dir, sizeof(dir));
	snprintf(port, sizeof(port), "%u", relay.port);
	const char *const argv[] = { test_bin("server-relay/hawser-relay"), "--open", "--port",
		port, "--runtime-dir", dir, NULL };

	ck_assert_int_eq(test_run(argv, NULL, &out), 1);
	ck_assert_msg(strstr(out, port) && strstr(out, "in use"), "%s", out);
	free(out);
	relay_stop(&relay);
}
END_TEST

int main(void)
{
	return test_main("relay/faults", 90, NULL, cleanup,
			TESTS(a_pair_without_traffic_ends, one_byte_now_and_then_keeps_a_pair_alive,
					a_stalled_receiver_ends_the_pair_in_time,
					a_reset_is_passed_on_as_one,
					a_receiver_that_ends_under_many_messages_harms_nobody_else,
					a_reset_in_the_middle_of_a_splice_loses_nothing_else,
					a_half_close_is_passed_on_and_the_other_way_stays_open,
					an_end_behind_much_data_does_not_cut_it,
					accepting_resumes_after_descriptors_ran_out,
					without_pipes_bulk_is_copied,
					too_few_descriptors_are_refused_at_start,
					more_connections_than_allowed_are_refused_clearly,
					a_busy_thread_serves_everybody,
					after_kill_9_it_starts_again_on_the_same_port,
					a_port_in_use_is_named));
}
