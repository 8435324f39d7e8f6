/* What an operator does: look, limit, cut, reload, drain, restart without a gap. */
#include "tests/component/relay/actors.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MIB (1u << 20)

static struct relay relay, next;

static void start(const char *const extra[])
{
	memset(&relay, 0, sizeof(relay));
	relay_start(&relay, extra);
}

#define START(...) start((const char *const[]){ __VA_ARGS__, NULL })

/* hawser-admin relay ...; the output as JSON (decref it), *ret_status is the exit status. */
static json_t *admin(int *ret_status, const char *a1, const char *a2, const char *a3)
{
	const char *argv[] = { test_bin("admin/hawser-admin"), "--socket", relay.control, "--json",
		"relay", a1, a2, a3, NULL };
	char *out = NULL;
	json_t *j;

	*ret_status = test_run(argv, NULL, &out);
	j = json_loads(out, JSON_DISABLE_EOF_CHECK, NULL);
	if (!j && *ret_status == 0)
		ck_abort_msg("no JSON: %s", out);
	free(out);
	return j;
}

static void admin_ok(const char *a1, const char *a2, const char *a3)
{
	int status;

	json_decref(admin(&status, a1, a2, a3));
	ck_assert_msg(status == 0, "%s %s", a1, a2 ? a2 : "");
}

/* The id of the only pair. */
static void only_pair(char id[32])
{
	json_t *ans = relay_ask(&relay, "pairs", NULL, NULL, NULL, NULL);
	json_t *list = json_object_get(ans, "pairs");

	ck_assert_uint_eq(json_array_size(list), 1);
	snprintf(id, 32, "%s", json_string_value(json_object_get(json_array_get(list, 0), "id")));
	json_decref(ans);
}

START_TEST(pairs_and_usage_show_who_uses_what)
{
	struct leg quiet[2], busy[2];
	static char block[MIB];
	json_t *ans, *p;
	int status;

	START("--threads", "3");
	pair_open(&relay, busy, false, false);
	pair_open(&relay, quiet, true, false);
	for (int i = 0; i < 2; i++) {
		/* what fits into the buffers */
		leg_raw(&busy[0], block, 100000);
		ck_assert(leg_take(&busy[1], block, 100000, LIMIT_MS));
	}
	ans = admin(&status, "usage", NULL, NULL);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(json_integer_value(json_object_get(ans, "total")), 2);
	p = json_array_get(json_object_get(ans, "pairs"), 0);
	ck_assert_int_ge(json_integer_value(json_object_get(p, "bytes_a")) +
					json_integer_value(json_object_get(p, "bytes_b")),
			200000);
	ck_assert_str_eq(json_string_value(json_object_get(p, "a_kind")), "tcp");
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(p, "a")), "127.0.0."));
	json_decref(ans);
	ans = admin(&status, "usage", "1", NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(ans, "pairs")), 1);
	json_decref(ans);
	ans = admin(&status, "pairs", NULL, NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(ans, "pairs")), 2);
	json_decref(ans);
	ans = admin(&status, "stats", NULL, NULL);
	ck_assert_int_eq(json_integer_value(json_object_get(ans, "pairs")), 2);
	json_decref(ans);
	pair_close(busy);
	pair_close(quiet);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_pair_is_kicked)
{
	struct leg l[2];
	char id[32];
	int status;

	start(NULL);
	pair_open(&relay, l, false, true);
	only_pair(id);
	admin_ok("kick", id, NULL);
	ck_assert(leg_ends_hard(&l[0], LIMIT_MS));
	ck_assert(leg_ends(&l[1], LIMIT_MS));
	relay_await_exactly(&relay, "closed", "kick", 1);
	json_decref(admin(&status, "kick", id, NULL));
	ck_assert_int_eq(status, 1);
	json_decref(admin(&status, "kick", "nonsense", NULL));
	ck_assert_int_eq(status, 1);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

START_TEST(orders_for_another_server_are_refused)
{
	static const char *const verbs[] = { "drain", "stats", "config" };
	char dir[300], none[320], env[400], *out = NULL;
	const char *const envs[] = { env, NULL };
	const char *const plain[] = { test_bin("admin/hawser-admin"), "relay", "stats", NULL };

	start(NULL);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const char *argv[] = { test_bin("admin/hawser-admin"), "--socket", relay.control,
			verbs[i], NULL };

		ck_assert_int_eq(test_run(argv, NULL, &out), 1);
		ck_assert_msg(strstr(out, "this is hawser-relay") != NULL, "%s", out);
		free(out);
		out = NULL;
	}
	admin_ok("stats", NULL, NULL);
	/* it is found where the relay's settings say, and no folder is made where it is not */
	snprintf(env, sizeof(env), "HAWSER_RELAY_CONTROL=%s", relay.control);
	ck_assert_int_eq(test_run(plain, envs, &out), 0);
	free(out);
	out = NULL;
	test_dir(dir, sizeof(dir));
	snprintf(none, sizeof(none), "%s/none", dir);
	snprintf(env, sizeof(env), "HAWSER_RELAY_RUNTIME_DIR=%s", none);
	ck_assert_int_eq(test_run(plain, envs, &out), 3);
	ck_assert_msg(strstr(out, "--socket") && strstr(out, none), "%s", out);
	free(out);
	ck_assert_int_ne(access(none, F_OK), 0);
	relay_stop(&relay);
}
END_TEST

START_TEST(admin_blocks_and_unblocks)
{
	struct leg l[2];
	int status;

	start(NULL);
	pair_open(&relay, l, false, false);
	admin_ok("block", "127.0.0.0/8", NULL);
	ck_assert(leg_ends_hard(&l[0], LIMIT_MS));
	pair_close(l);
	admin_ok("unblock", "127.0.0.0/8", NULL);
	json_decref(admin(&status, "unblock", "127.0.0.0/8", NULL));
	ck_assert_int_eq(status, 1);
	pair_open(&relay, l, false, false);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

/* --- limits ------------------------------------------------------------------------------------------ */

struct flow {
	struct leg l[2];
	pthread_t thread;
	uint64_t got; /* atomic */
	bool stop;    /* atomic */
};

static void *flow_send(void *arg)
{
	struct flow *f = arg;
	static char block[65536];

	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED))
		if (send(f->l[0].fd, block, sizeof(block), MSG_NOSIGNAL) < 0 && errno != EAGAIN)
			break;
	return NULL;
}

static void flow_start(struct flow *f, unsigned host)
{
	const char *uuid = new_uuid();
	struct timeval t = { 0, 200000 };

	memset(f, 0, sizeof(*f));
	for (int i = 0; i < 2; i++) {
		leg_open(&f->l[i], &relay, false, host);
		leg_request(&f->l[i], uuid, NULL);
	}
	pair_check(f->l);
	setsockopt(f->l[0].fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	ck_assert_int_eq(pthread_create(&f->thread, NULL, flow_send, f), 0);
}

static void flow_stop(struct flow *f)
{
	__atomic_store_n(&f->stop, true, __ATOMIC_RELAXED);
	shutdown(f->l[0].fd, SHUT_RDWR);
	pthread_join(f->thread, NULL);
	pair_close(f->l);
}

/* Bytes per second over `ms`, by reading. */
static double rate_of(struct flow *f, unsigned n, unsigned ms)
{
	uint64_t began = test_now_ms(), sum = 0;
	struct pollfd p[8];

	for (unsigned i = 0; i < n; i++)
		p[i] = (struct pollfd){ .fd = f[i].l[1].fd, .events = POLLIN };
	while (test_now_ms() - began < ms) {
		if (poll(p, n, 50) <= 0)
			continue;
		for (unsigned i = 0; i < n; i++) {
			ssize_t got = p[i].revents ? recv(p[i].fd, NULL, MIB, MSG_TRUNC) : 0;

			if (got > 0) {
				sum += (uint64_t)got;
				f[i].got += (uint64_t)got;
			}
		}
	}
	return (double)sum * 1000 / (double)(test_now_ms() - began);
}

/* Not more than the limit, and not nothing. How close a busy machine comes to it is for the benchmark. */
static bool about(double rate, double want)
{
	return rate > want * 0.02 && rate < want * 1.2;
}

START_TEST(a_pair_keeps_its_limit_and_it_can_change)
{
	struct flow f;
	char id[32];
	double rate;

	START("--limit-pair", "2M");
	flow_start(&f, 1);
	rate_of(&f, 1, 500); /* what the buffers hold */
	rate = rate_of(&f, 1, 1500);
	ck_assert_msg(about(rate, 2 * MIB), "%.0f", rate);
	admin_ok("limit", "pair", "6M");
	rate_of(&f, 1, 300);
	rate = rate_of(&f, 1, 1500);
	ck_assert_msg(about(rate, 6 * MIB), "%.0f", rate);
	only_pair(id);
	admin_ok("limit", id, "1M");
	rate_of(&f, 1, 500);
	rate = rate_of(&f, 1, 1500);
	ck_assert_msg(about(rate, MIB), "%.0f", rate);
	admin_ok("limit", id, "0");
	admin_ok("limit", "pair", "0");
	rate_of(&f, 1, 300);
	rate = rate_of(&f, 1, 700);
	ck_assert_msg(rate > 2 * MIB, "%.0f", rate);
	flow_stop(&f);
	relay_stop(&relay);
}
END_TEST

START_TEST(an_address_keeps_its_limit_over_all_its_pairs)
{
	static struct flow f[3];
	double rate;

	START("--limit-address", "3M");
	for (unsigned i = 0; i < 3; i++)
		flow_start(&f[i], i < 2 ? 1 : 2);
	rate_of(f, 3, 500);
	rate = rate_of(f, 2, 2000);
	ck_assert_msg(about(rate, 3 * MIB), "%.0f", rate);
	rate_of(f + 2, 1, 500);         /* what has gathered meanwhile */
	rate = rate_of(f + 2, 1, 1500); /* another address has its own */
	ck_assert_msg(about(rate, 3 * MIB), "%.0f", rate);
	for (unsigned i = 0; i < 3; i++)
		flow_stop(&f[i]);
	relay_stop(&relay);
}
END_TEST

START_TEST(the_total_limit_is_shared_fairly_over_all_threads)
{
	enum { N = 5 };
	static struct flow f[N];
	double rate;

	START("--limit-total", "8M", "--threads", "2");
	for (unsigned i = 0; i < N; i++)
		flow_start(&f[i], i + 1);
	rate_of(f, N, 1500);
	for (unsigned i = 0; i < N; i++)
		f[i].got = 0;
	rate = rate_of(f, N, 3000);
	ck_assert_msg(about(rate, 8 * MIB), "%.0f", rate);
	for (unsigned i = 0; i < N; i++)
		ck_assert_msg(f[i].got > (uint64_t)(rate * 3 / N * 0.6) &&
						f[i].got < (uint64_t)(rate * 3 / N * 1.5),
				"pair %u got %llu of %.0f", i, (unsigned long long)f[i].got,
				rate * 3);
	ck_assert_int_gt(relay_stat(&relay, NULL, "bytes"), 0);
	for (unsigned i = 0; i < N; i++)
		flow_stop(&f[i]);
	relay_stop(&relay);
}
END_TEST

START_TEST(slow_networks_are_slow)
{
	struct flow f;
	double rate;

	START("--slow", "127.0.0.9", "--limit-slow", "1M");
	flow_start(&f, 9);
	rate_of(&f, 1, 700);
	rate = rate_of(&f, 1, 1500);
	ck_assert_msg(about(rate, MIB), "%.0f", rate);
	flow_stop(&f);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_pair_ends_at_its_volume_or_time)
{
	struct leg l[2];
	static char block[40000];

	START("--pair-volume", "100K", "--pair-time", "2s");
	pair_open(&relay, l, false, false);
	for (int i = 0; i < 3; i++) {
		leg_raw(&l[0], block, sizeof(block));
		ck_assert(leg_take(&l[1], block, sizeof(block), LIMIT_MS) || i == 2);
	}
	ck_assert(leg_ends(&l[0], LIMIT_MS));
	pair_close(l);
	relay_await_exactly(&relay, "closed", "limit", 1);
	pair_open(&relay, l, false, false);
	while (!l[0].closed) {
		(void)!send(l[0].fd, "x", 1, MSG_NOSIGNAL); /* not idle */
		leg_ends(&l[0], 100);
		ck_assert_uint_lt(l[0].in_len, MIB);
	}
	pair_close(l);
	relay_await_exactly(&relay, "closed", "limit", 2);
	relay_stop(&relay);
}
END_TEST

/* --- settings ---------------------------------------------------------------------------------------- */

START_TEST(a_reload_takes_effect_on_running_pairs)
{
	char conf[400], dir[300];
	struct leg l[2];
	struct flow f;
	double rate;
	FILE *file;

	test_dir(dir, sizeof(dir));
	snprintf(conf, sizeof(conf), "%s/relay.conf", dir);
	file = fopen(conf, "we");
	ck_assert_ptr_nonnull(file);
	fputs("[limits]\nlimit-pair = 0\n", file);
	fclose(file);
	START("--config", conf);
	pair_open(&relay, l, false, false);
	flow_start(&f, 5);
	file = fopen(conf, "we");
	fputs("[limits]\nlimit-pair = 2M\n[access]\nblock = 127.0.0.2\n", file);
	fclose(file);
	test_proc_signal(&relay.proc, SIGHUP);
	ck_assert(test_proc_expect(&relay.proc, "reloaded", LIMIT_MS));
	ck_assert(leg_ends_hard(&l[1], LIMIT_MS));
	rate_of(&f, 1, 700);
	rate = rate_of(&f, 1, 1500);
	ck_assert_msg(about(rate, 2 * MIB), "%.0f", rate);
	/* what is wrong changes nothing */
	file = fopen(conf, "we");
	fputs("[limits]\nlimit-pair = much\n", file);
	fclose(file);
	test_proc_signal(&relay.proc, SIGHUP);
	ck_assert(test_proc_expect(&relay.proc, "reload.failed", LIMIT_MS));
	pair_close(l);
	ck_assert_int_eq(relay_stat(&relay, NULL, "pairs"), 1);
	flow_stop(&f);
	relay_stop(&relay);
}
END_TEST

static void config_is(const char *name, const char *want)
{
	json_t *ans = relay_ask(&relay, "config", NULL, NULL, NULL, NULL);
	const char *v = json_string_value(json_object_get(json_object_get(ans, "config"), name));

	ck_assert_msg(v && strcmp(v, want) == 0, "%s is %s, not %s", name, v ? v : "(none)", want);
	json_decref(ans);
}

START_TEST(names_of_the_deployed_relay_are_understood)
{
	char port[40], relay_port[8];
	uint16_t free_port = test_free_ports(2);
	const char *env[] = { port, "SINGLE_BANDWIDTH=16", "TOTAL-BANDWIDTH=100", "limit_speed=2",
		"DOWNGRADE_THRESHOLD=0.5", "DOWNGRADE_START_CHECK=60",
		"KEY=a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U=", NULL };
	const char *args[] = { "--ws-port", "0", "-k", "_", NULL };
	struct leg l;

	memset(&relay, 0, sizeof(relay));
	snprintf(port, sizeof(port), "PORT=%u", free_port);
	snprintf(relay_port, sizeof(relay_port), "%u", free_port + 1);
	args[2] = NULL;
	relay_start_with(&relay, args, env);
	ck_assert_uint_eq(relay.port, free_port + 1); /* PORT is the rendezvous server's */
	config_is("limit-pair", "2M");
	config_is("limit-total", "12800K");
	config_is("limit-slow", "256K");
	config_is("downgrade-percent", "50");
	config_is("downgrade-after", "1m");
	relay_stop(&relay);
	/* without --open the key of the environment is in force */
	const char *argv[] = { test_bin("server-relay/hawser-relay"), "-p", relay_port, "--ws-port",
		"0", "--runtime-dir", relay.dir, NULL };

	test_proc_start(&relay.proc, argv, env);
	relay_started(&relay);
	ck_assert_uint_eq(relay.port, free_port + 1); /* a flag is taken as it is */
	leg_open(&l, &relay, false, 1);
	leg_request(&l, new_uuid(), "wrong");
	ck_assert(leg_ends(&l, LIMIT_MS));
	leg_close(&l);
	relay_await_exactly(&relay, "refused", "key", 1);
	relay_stop(&relay);
}
END_TEST

START_TEST(settings_that_cannot_work_are_explained)
{
	static const struct {
		const char *arg[3], *say;
	} t[] = {
		{ { "--port", "0", NULL }, "--open" },
		{ { "--open", "--port", "65534" }, "--ws-port" },
		{ { "--open", "--tls-cert", "x.pem" }, "--tls-key" },
		{ { "--open", "--announced", "required" }, "--announcers" },
		{ { "--open", "--block", "10.0.0.0/99" }, "10.0.0.0/99" },
		{ { "--open", "--nonsense", NULL }, "nonsense" },
		{ { "frob", NULL, NULL }, "frob" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char dir[300], *out = NULL;
		const char *argv[] = { test_bin("server-relay/hawser-relay"), "--runtime-dir",
			test_dir(dir, sizeof(dir)), t[i].arg[0], t[i].arg[1], t[i].arg[2], NULL };

		ck_assert_int_ne(test_run(argv, NULL, &out), 0);
		ck_assert_msg(strstr(out, t[i].say), "%zu: %s", i, out);
		free(out);
	}
}
END_TEST

/* --- metrics ----------------------------------------------------------------------------------------- */

static void scrape(char *buf, size_t size)
{
	struct relay at = relay;
	struct leg l;

	at.port = relay.metrics;
	leg_open(&l, &at, false, 1);
	leg_raw(&l, "GET /metrics HTTP/1.0\r\n\r\n", 25);
	size_t n = 0;

	for (;;) {
		ssize_t got = recv(l.fd, buf + n, size - 1 - n, 0);

		if (got <= 0)
			break;
		n += (size_t)got;
	}
	buf[n] = 0;
	leg_close(&l);
}

static double metric(const char *page, const char *name)
{
	const char *at = page;
	size_t len = strlen(name);

	while ((at = strstr(at, name))) {
		if (at[len] == ' ' && at > page && at[-1] == '\n')
			return strtod(at + len, NULL);
		at += len;
	}
	ck_abort_msg("no metric %s in\n%s", name, page);
	return 0;
}

START_TEST(metrics_tell_what_happens)
{
	static char page[200000], block[200000];
	struct leg l[2], bad;

	START("--threads", "2");
	pair_open(&relay, l, false, false);
	for (int i = 0; i < 10; i++) {
		leg_raw(&l[0], block, sizeof(block));
		ck_assert(leg_take(&l[1], block, sizeof(block), LIMIT_MS));
	}
	leg_open(&bad, &relay, false, 1);
	leg_raw(&bad, "\0", 1);
	ck_assert(leg_ends(&bad, LIMIT_MS));
	leg_close(&bad);
	relay_await(&relay, "refused", "junk", 1);
	scrape(page, sizeof(page));
	ck_assert_int_eq((int)metric(page, "hawser_relay_pairs"), 1);
	ck_assert_int_eq((int)metric(page, "hawser_relay_pairs_total"), 1);
	ck_assert(metric(page, "hawser_relay_bytes_total") >= 2000000);
	ck_assert_int_eq((int)metric(page, "hawser_relay_refused_total{reason=\"junk\"}"), 1);
	ck_assert(metric(page, "hawser_relay_shard_cpu_seconds_total{shard=\"0\"}") +
					metric(page, "hawser_relay_shard_cpu_seconds_total{shard=\"1\"}") >
			0);
	ck_assert(metric(page, "hawser_relay_connections_max") > 100);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

/* --- drain and restart ------------------------------------------------------------------------------- */

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
	/* one that waits, with bytes behind its request; one WebSocket that waits; one that has said half of it */
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

	ck_assert_int_eq(test_run(fewer, NULL, &out), 1);
	ck_assert_msg(strstr(out, "--threads"), "%s", out);
	free(out);
	ck_assert_int_eq(test_run(late, NULL, &out), 1);
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

/* As systemd does it: sockets 3 and 4, a connection that came before the program is served as well. */
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
			"exec 8<&%d 9<&%d; exec 3<&8 4<&9 8<&- 9<&-; LISTEN_PID=$$ exec \"$0\" --open "
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

static void cleanup(void)
{
	struct relay *all[] = { &relay, &next };

	for (size_t i = 0; i < 2; i++)
		if (all[i]->proc.pid && !all[i]->proc.ended)
			kill(all[i]->proc.pid, SIGKILL);
}

int main(void)
{
	const TTest *const tests[] = { pairs_and_usage_show_who_uses_what, a_pair_is_kicked,
		orders_for_another_server_are_refused, admin_blocks_and_unblocks,
		a_pair_keeps_its_limit_and_it_can_change,
		an_address_keeps_its_limit_over_all_its_pairs,
		the_total_limit_is_shared_fairly_over_all_threads, slow_networks_are_slow,
		a_pair_ends_at_its_volume_or_time, a_reload_takes_effect_on_running_pairs,
		names_of_the_deployed_relay_are_understood, settings_that_cannot_work_are_explained,
		metrics_tell_what_happens, a_drain_finishes_what_runs_and_waits,
		a_stop_cuts_what_lasts_too_long, a_takeover_leaves_no_gap,
		newcomers_do_not_notice_a_row_of_takeovers, a_successor_that_fails_changes_nothing,
		a_takeover_from_nobody_is_a_start, sockets_of_the_service_manager_are_taken,
		everything_works_in_the_sandbox };
	Suite *s = suite_create("relay/operate");
	TCase *t = tcase_create("operate");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 90);
	tcase_add_checked_fixture(t, NULL, cleanup);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(t, tests[i]);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
