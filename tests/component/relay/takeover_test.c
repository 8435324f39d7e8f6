/* How a relay ends and another follows it: drained, stopped, or taken over without a gap; sockets
 * of a service manager; the sandbox, in which all of this must still work. */
#include "tests/component/relay/stage.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

START_TEST(a_drain_finishes_what_runs_and_waits)
{
	const char *uuid = new_uuid();
	struct leg l[2], wait[2], more;

	start(NULL);
	pair_open(&relay, l, false, true);
	leg_open(&wait[0], &relay, false, 1);
	leg_request(&wait[0], uuid, NULL);
	relay_await_exactly(&relay, NULL, "waiting", 1);
	admin_ok("drain", NULL, NULL);
	leg_open(&more, &relay, false, 3);
	leg_request(&more, new_uuid(), NULL);
	ck_assert(leg_ends(&more, LIMIT_MS));
	leg_close(&more);
	relay_await_exactly(&relay, "refused", "drain", 1);
	leg_open(&wait[1], &relay, false, 2);
	leg_request(&wait[1], uuid, NULL);
	pair_check(wait);
	pair_check(l);
	pair_close(l);
	pair_check(wait);
	ck_assert(!relay.proc.ended);
	pair_close(wait);
	ck_assert_int_eq(test_proc_wait(&relay.proc, LIMIT_MS), 0);
	ck_assert_ptr_nonnull(strstr(relay.proc.log, "drained"));
	relay_stop(&relay);
}
END_TEST

START_TEST(a_stop_cuts_what_lasts_too_long)
{
	struct leg l[2];

	START("--drain-timeout", "1s");
	pair_open(&relay, l, false, false);
	test_proc_signal(&relay.proc, SIGTERM);
	pair_check(l);
	ck_assert_int_eq(test_proc_wait(&relay.proc, LIMIT_MS), 0);
	ck_assert(leg_ends_hard(&l[0], LIMIT_MS));
	ck_assert_ptr_nonnull(strstr(relay.proc.log, "why=drain"));
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

static void take_over(const char *const extra[])
{
	memset(&next, 0, sizeof(next));
	memcpy(next.dir, relay.dir, sizeof(next.dir));
	relay_start(&next, extra);
}

START_TEST(a_takeover_leaves_no_gap)
{
	static const char *const extra[] = { "--takeover", "--threads", "2", NULL };
	struct leg old[2], wait[2], early, fresh[2], late[2];
	char uuid[3][40];
	uint8_t req[512];
	size_t n;

	for (int i = 0; i < 3; i++)
		snprintf(uuid[i], sizeof(uuid[i]), "%s", new_uuid());
	START("--threads", "2");
	pair_open(&relay, old, false, true);
	/* one that waits, with bytes behind its request; one WebSocket that waits; one that has
	 * said half of it */
	leg_open(&wait[0], &relay, true, 1);
	leg_request(&wait[0], uuid[0], NULL);
	leg_open(&early, &relay, false, 1);
	n = request_bytes(uuid[1], NULL, req + 1);
	req[0] = (uint8_t)(n << 2);
	memcpy(req + 1 + n, "early", 5);
	leg_raw(&early, req, n + 6);
	relay_await_exactly(&relay, NULL, "waiting", 2);
	leg_open(&late[0], &relay, false, 1);
	n = request_bytes(uuid[2], NULL, req + 1);
	leg_raw(&late[0], req, 10);
	relay_await_exactly(&relay, NULL, "connections", 5);
	take_over(extra);
	ck_assert_uint_eq(next.port, relay.port);
	ck_assert_uint_eq(next.ws, relay.ws);
	ck_assert(test_proc_expect(&relay.proc, "handover.done", LIMIT_MS));
	relay_await_exactly(&next, NULL, "waiting", 2); /* the control socket is the new one's */
	pair_check(old);
	pair_open(&next, fresh, false, true);
	leg_open(&wait[1], &next, false, 2);
	leg_request(&wait[1], uuid[0], NULL);
	pair_check(wait);
	struct leg second;
	char text[5];

	leg_open(&second, &next, false, 2);
	leg_request(&second, uuid[1], NULL);
	ck_assert(leg_take(&second, text, 5, LIMIT_MS));
	ck_assert_mem_eq(text, "early", 5);
	leg_raw(&late[0], req + 10, n + 1 - 10);
	leg_open(&late[1], &next, false, 2);
	leg_request(&late[1], uuid[2], NULL);
	pair_check(late);
	/* the old process ends with its last pair */
	ck_assert(!relay.proc.ended);
	pair_check(old);
	pair_close(old);
	ck_assert_int_eq(test_proc_wait(&relay.proc, LIMIT_MS), 0);
	pair_check(fresh);
	pair_check(wait);
	relay_stop(&relay);
	pair_close(fresh);
	pair_close(wait);
	pair_close(late);
	leg_close(&early);
	leg_close(&second);
	relay_await_exactly(&next, NULL, "connections", 0);
	relay_stop(&next);
}
END_TEST

/* Connects all the time while one relay follows the other: nobody is turned away. */
START_TEST(newcomers_do_not_notice_a_row_of_takeovers)
{
	static const char *const extra[] = { "--takeover", NULL };
	struct leg l[2];

	start(NULL);
	for (int round = 0; round < 3; round++) {
		const char *argv[] = { test_bin("server-relay/hawser-relay"), "--open",
			"--takeover", "--runtime-dir", relay.dir, NULL };

		(void)extra;
		memset(&next, 0, sizeof(next));
		memcpy(next.dir, relay.dir, sizeof(next.dir));
		memcpy(next.control, relay.control, sizeof(next.control));
		test_proc_start(&next.proc, argv, NULL);
		do {
			pair_open(&relay, l, false, round & 1);
			pair_close(l);
		} while (!test_proc_expect(&relay.proc, "handover.done", 1));
		relay_started(&next);
		ck_assert_int_eq(test_proc_wait(&relay.proc, LIMIT_MS), 0);
		relay_stop(&relay);
		relay = next;
	}
	memset(&next, 0, sizeof(next));
	pair_open(&relay, l, false, false);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_successor_that_fails_changes_nothing)
{
	char log[400], *out = NULL;
	struct leg l[2];

	START("--threads", "2");
	pair_open(&relay, l, false, false);
	snprintf(log, sizeof(log), "%s", relay.dir);
	/* fewer threads than sockets */
	const char *const fewer[] = { test_bin("server-relay/hawser-relay"), "--open", "--takeover",
		"--threads", "1", "--runtime-dir", log, NULL };
	/* fails when everything but its announcers is ready */
	const char *const late[] = { test_bin("server-relay/hawser-relay"), "--takeover",
		"--runtime-dir", log, "--key", "nonsense", "--announcers", "127.0.0.1:1", NULL };

	ck_assert_int_eq(test_run(fewer, NULL, &out), 2);
	ck_assert_msg(strstr(out, "--threads"), "%s", out);
	free(out);
	ck_assert_int_eq(test_run(late, NULL, &out), 2);
	ck_assert_msg(strstr(out, "--announcers"), "%s", out);
	free(out);
	pair_check(l);
	pair_close(l);
	pair_open(&relay, l, true, false);
	ck_assert_int_eq(relay_stat(&relay, NULL, "pairs"), 1); /* by its control socket */
	static char page[200000];

	scrape(page, sizeof(page));
	ck_assert_int_eq((int)metric(page, "hawser_relay_draining"), 0);
	pair_close(l);
	/* and a good one still can */
	take_over((const char *const[]){ "--takeover", "--threads", "2", NULL });
	ck_assert_int_eq(test_proc_wait(&relay.proc, LIMIT_MS), 0);
	relay_stop(&relay);
	pair_open(&next, l, false, false);
	pair_close(l);
	relay_stop(&next);
}
END_TEST

static int listen_here(uint16_t *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0); /* to be inherited */

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, len), 0);
	ck_assert_int_eq(listen(fd, 16), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

/* As systemd does it: sockets 3 and 4, a connection that came before the program is served as
 * well. */
static void start_with_sockets(const char *names)
{
	const char *uuid = new_uuid();
	char line[200], entry[120];
	struct leg l[2];
	uint16_t port, ws;
	int a = listen_here(&port), b = listen_here(&ws);

	memset(&relay, 0, sizeof(relay));
	test_dir(relay.dir, sizeof(relay.dir));
	snprintf(relay.control, sizeof(relay.control), "%s/control.sock", relay.dir);
	snprintf(entry, sizeof(entry), "LISTEN_FDNAMES=%s", names);
	snprintf(line, sizeof(line),
			"exec 8<&%d 9<&%d; exec 3<&8 4<&9 8<&- 9<&-; LISTEN_PID=$$ exec \"$0\" "
			"--open "
			"--runtime-dir \"$1\"",
			a, b);
	const char *const argv[] = { "/bin/sh", "-c", line, test_bin("server-relay/hawser-relay"),
		relay.dir, NULL };
	const char *const env[] = { "LISTEN_FDS=2", entry, NULL };

	relay.port = port;
	relay.ws = ws;
	leg_open(&l[0], &relay, false, 1);
	leg_request(&l[0], uuid, NULL);
	test_proc_start(&relay.proc, argv, env);
	relay_started(&relay);
	ck_assert_uint_eq(relay.port, port);
	ck_assert_uint_eq(relay.ws, ws);
	leg_open(&l[1], &relay, true, 2);
	leg_request(&l[1], uuid, NULL);
	pair_check(l);
	pair_close(l);
	relay_stop(&relay);
	close(a);
	close(b);
}

START_TEST(sockets_of_the_service_manager_are_taken)
{
	start_with_sockets("relay-tcp:relay-ws");
	start_with_sockets("hawser-relay.socket:hawser-relay.socket"); /* its default */
}
END_TEST

START_TEST(a_takeover_from_nobody_is_a_start)
{
	struct leg l[2];

	START("--takeover");
	ck_assert_ptr_nonnull(strstr(relay.proc.log, "takeover.nobody"));
	pair_open(&relay, l, false, false);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

START_TEST(everything_works_in_the_sandbox)
{
	struct leg l[2], wait;
	struct flow f;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return; /* their run time needs more calls */
#endif
	START("--sandbox", "--announced", "off");
	pair_open(&relay, l, true, false);
	flow_start(&f, 3);
	ck_assert(rate_of(&f, 1, 500) > MIB);
	ck_assert_int_gt(relay_stat(&relay, NULL, "bytes_spliced"), 0);
	leg_open(&wait, &relay, false, 1);
	leg_request(&wait, new_uuid(), NULL);
	relay_await_exactly(&relay, NULL, "waiting", 1);
	test_proc_signal(&relay.proc, SIGHUP);
	ck_assert(test_proc_expect(&relay.proc, "reloaded", LIMIT_MS));
	admin_ok("pairs", NULL, NULL);
	take_over((const char *const[]){ "--takeover", "--sandbox", NULL });
	relay_await_exactly(&next, NULL, "waiting", 1);
	pair_check(l);
	flow_stop(&f);
	pair_close(l);
	ck_assert_int_eq(test_proc_wait(&relay.proc, LIMIT_MS), 0);
	relay_stop(&relay);
	leg_close(&wait);
	relay_stop(&next);
}
END_TEST

int main(void)
{
	return test_main("relay/takeover", 90, NULL, cleanup,
			TESTS(a_drain_finishes_what_runs_and_waits, a_stop_cuts_what_lasts_too_long,
					a_takeover_leaves_no_gap,
					newcomers_do_not_notice_a_row_of_takeovers,
					a_successor_that_fails_changes_nothing,
					a_takeover_from_nobody_is_a_start,
					sockets_of_the_service_manager_are_taken,
					everything_works_in_the_sandbox));
}
