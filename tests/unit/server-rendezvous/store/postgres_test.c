/* The PostgreSQL store: the contract of all stores on a real server, then a server that is
 * restarted, killed, silent or not ours, and what several nodes share. */
#include "shared/crypto/hash.h"
#include <libpq-fe.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/locations.h"
#include "server-rendezvous/store/nodes.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "tests/support/postgres.h"
#include "tests/unit/server-rendezvous/store/contract.h"

static struct test_pg pg;
static struct hws_loop *loop;
static struct hws_error err;

static struct rdv_store *open_postgres(struct hws_loop *l, bool fresh)
{
	struct rdv_store *s;
	int r;

	if (fresh)
		test_pg_sql(&pg, "DROP SCHEMA IF EXISTS hawser CASCADE");
	r = rdv_store_postgres_open(l, pg.url, 4, &s, &err);
	ck_assert_msg(r == HWS_OK, "%s", err.text);
	return s;
}

const struct contract_store contract_store = { .open = open_postgres, .keeps = true };

static void set_up(void)
{
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	test_pg_sql(&pg, "DROP SCHEMA IF EXISTS hawser CASCADE");
}

static void tear_down(void)
{
	hws_loop_free(loop);
}

/* One server for all tests of a case. */
static void start(void)
{
	memset(&pg, 0, sizeof(pg));
	test_pg_start(&pg);
}

static void stop(void)
{
	test_pg_stop(&pg);
}

/* A server that the test may stop and start. */
static void set_up_own(void)
{
	start();
	set_up();
}

static void tear_down_own(void)
{
	tear_down();
	stop();
}

static void fill(struct rdv_write *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		w[i] = contract_put("x", "U");
		ck_assert_int_eq(hws_fmt(w[i].row.id, sizeof(w[i].row.id), "%09zu", i), HWS_OK);
	}
}

static int write_until(struct rdv_store *s, struct rdv_write *w, size_t n, unsigned limit_ms)
{
	uint64_t end = test_now_ms() + limit_ms;
	int r;

	do
		r = contract_write(s, w, n);
	while (r == HWS_ERR_STORE && test_now_ms() < end &&
			hws_loop_once(s->loop, 20000) == HWS_OK);
	return r;
}

START_TEST(what_an_operator_must_correct_is_said_at_once)
{
	struct rdv_store *s;
	char url[200];
	bool password = false;

	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(hws_fmt(url, sizeof(url), "postgresql://%s@127.0.0.1:%u/%s",
						 i ? "nobody" : "postgres", pg.port,
						 i ? "hawser" : "none"),
				HWS_OK);
		ck_assert_int_eq(rdv_store_postgres_open(loop, url, 4, &s, &err), HWS_ERR_STORE);
		ck_assert_msg(strstr(err.text, "does not exist"), "%s", err.text);
	}
	ck_assert_int_eq(rdv_store_postgres_open(loop, "postgresql://[", 4, &s, &err),
			HWS_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "postgresql://USER@HOST"));
	ck_assert_int_eq(rdv_store_postgres_check("postgresql://u@h/d", &password, &err), HWS_OK);
	ck_assert(!password);
	ck_assert_int_eq(
			rdv_store_postgres_check("postgresql://u:se@h/d", &password, &err), HWS_OK);
	ck_assert(password);
	ck_assert_int_eq(rdv_store_postgres_check("postgresql://h/d?password=x", &password, &err),
			HWS_OK);
	ck_assert(password);
}
END_TEST

START_TEST(a_newer_schema_is_refused_and_left_alone)
{
	struct rdv_store *s = open_postgres(loop, true);

	rdv_store_free(s);
	test_pg_sql(&pg, "UPDATE hawser.version SET step = 99");
	ck_assert_int_eq(rdv_store_postgres_open(loop, pg.url, 4, &s, &err), HWS_ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.text, "newer"));
	ck_assert_str_eq(test_pg_sql(&pg, "SELECT step FROM hawser.version"), "99");
}
END_TEST

/* Two nodes that start at the same moment on an empty database. */
START_TEST(migrations_of_two_nodes_do_not_collide)
{
	pid_t pid[4];
	int status;

	for (size_t i = 0; i < HWS_COUNT(pid); i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			struct rdv_store *s;

			if (hws_loop_new(&loop) < 0)
				_exit(2);
			_exit(rdv_store_postgres_open(loop, pg.url, 2, &s, &err) == HWS_OK ? 0 : 1);
		}
	}
	for (size_t i = 0; i < HWS_COUNT(pid); i++) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_str_eq(test_pg_sql(&pg, "SELECT count(*) FROM hawser.version"), "1");
}
END_TEST

START_TEST(bytes_that_are_no_text_fail_alone_and_not_the_batch)
{
	struct rdv_store *s = open_postgres(loop, true);
	struct rdv_write w[3];
	int r;

	fill(w, 3);
	memcpy(w[1].row.id, "\xff\xfe", 3);
	ck_assert_int_eq(contract_write(s, w, 3), HWS_OK);
	ck_assert_int_eq(w[0].result, HWS_OK);
	ck_assert_int_eq(w[1].result, HWS_ERR_INVAL);
	ck_assert_int_eq(w[2].result, HWS_OK);
	ck_assert_uint_eq(contract_load(s, &r), 2);
	rdv_store_free(s);
}
END_TEST

START_TEST(a_restart_of_the_database_is_survived_without_loss)
{
	struct rdv_store *s = open_postgres(loop, true);
	static struct rdv_write w[500];
	struct rdv_store_stats st;
	int r;

	fill(w, HWS_COUNT(w));
	ck_assert_int_eq(contract_write(s, w, 200), HWS_OK);
	test_pg_stop(&pg);
	ck_assert_int_eq(contract_write(s, w + 200, 100), HWS_ERR_STORE);
	s->ops->stats(s, &st);
	ck_assert(!st.healthy);
	ck_assert_uint_gt(st.failures, 0);
	test_pg_run(&pg);
	ck_assert_int_eq(write_until(s, w + 200, 100, 20000), HWS_OK);
	ck_assert_uint_eq(contract_load(s, &r), 300);
	/* killed and started again while nothing is under way: the next write notices and goes
	 * through */
	test_pg_kill(&pg);
	test_pg_run(&pg);
	ck_assert_int_eq(write_until(s, w + 300, 200, 20000), HWS_OK);
	ck_assert_uint_eq(contract_load(s, &r), 500);
	s->ops->stats(s, &st);
	ck_assert(st.healthy);
	ck_assert_uint_gt(st.reconnects, 0);
	rdv_store_free(s);
}
END_TEST

START_TEST(a_database_that_is_away_at_start_is_waited_for)
{
	struct rdv_store *s;
	struct rdv_write w[2];
	int r;

	test_pg_stop(&pg);
	r = rdv_store_postgres_open(loop, pg.url, 4, &s, &err);
	ck_assert_msg(r == HWS_OK, "%s", err.text);
	fill(w, 2);
	ck_assert_int_eq(contract_write(s, w, 2), HWS_ERR_STORE);
	test_pg_run(&pg);
	ck_assert_int_eq(write_until(s, w, 2, 20000), HWS_OK);
	ck_assert_uint_eq(contract_load(s, &r), 2);
	rdv_store_free(s);
}
END_TEST

static void on_any(int r, void *arg)
{
	*(int *)arg = r;
}

START_TEST(a_silent_database_bounds_the_queue_and_the_end)
{
	struct rdv_store *s = open_postgres(loop, true);
	struct rdv_write w = contract_put("1", "A");
	static int result[6000];
	size_t taken = 0, ended = 0;
	int r = HWS_OK;

	ck_assert_int_eq(contract_write(s, &w, 1), HWS_OK);
	test_pg_freeze(&pg, true);
	for (size_t i = 0; i < HWS_COUNT(result); i++)
		result[i] = 1;
	for (; taken < HWS_COUNT(result); taken++) {
		r = s->devices->write(s, &w, 1, on_any, &result[taken]);
		if (r < 0)
			break;
	}
	ck_assert_int_eq(r, HWS_ERR_FULL);
	rdv_store_free(s); /* returns while the database still says nothing */
	test_pg_freeze(&pg, false);
	for (size_t i = 0; i < taken; i++)
		ended += result[i] <= 0;
	ck_assert_uint_eq(ended, taken); /* each was answered */
}
END_TEST

/* The child writes and tells what was acknowledged until it is killed. */
static void write_until_killed(int fd)
{
	struct rdv_store *s;

	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	s = open_postgres(loop, false);
	for (uint32_t i = 0;; i++) {
		struct rdv_write w = contract_put("x", "U");

		if (hws_fmt(w.row.id, sizeof(w.row.id), "%u", i) < 0)
			_exit(1);
		if (write_until(s, &w, 1, 60000) == HWS_OK && write(fd, &i, sizeof(i)) != sizeof(i))
			_exit(1);
	}
}

START_TEST(nothing_acknowledged_is_lost_when_writer_and_database_are_killed)
{
	struct rdv_store *s;
	uint32_t last = 0;
	int fds[2], r;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0)
		write_until_killed(fds[1]);
	close(fds[1]);
	while (last < 100)
		ck_assert_int_eq(read(fds[0], &last, sizeof(last)), sizeof(last));
	test_pg_kill(&pg);
	test_pg_run(&pg);
	while (last < 300)
		ck_assert_int_eq(read(fds[0], &last, sizeof(last)), sizeof(last));
	kill(pid, SIGKILL);
	while (read(fds[0], &last, sizeof(last)) == sizeof(last))
		;
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	s = open_postgres(loop, false);
	ck_assert_uint_ge(contract_load(s, &r), last + 1);
	rdv_store_free(s);
}
END_TEST

/* --- several nodes ---------------------------------------------------------------------------- */

struct ear {
	unsigned messages, again;
	size_t last_len;
	uint8_t last[RDV_MESSAGE_MAX];
	bool heard;
};

static void on_message(struct hws_bytes payload, void *arg)
{
	struct ear *e = arg;

	if (payload.ptr) {
		e->messages++;
		e->last_len = payload.len;
		memcpy(e->last, payload.ptr, payload.len);
	} else {
		e->again++;
	}
	e->heard = true;
}

static int join(struct rdv_store *s, const char *node, struct ear *ear)
{
	static const uint8_t channels[HWS_HASH_KEY_LEN] = "0123456789abcde";
	const struct rdv_nodes_conf conf = { .node = node,
		.channels = channels,
		.dead_us = 2000000,
		.on_message = on_message,
		.arg = ear };

	return s->nodes->join(s, &conf);
}

struct found {
	bool ended;
	int r;
	char node[3][RDV_NODE_MAX + 1];
};

static void on_found(int r, const struct rdv_where *w, size_t n, void *arg)
{
	struct found *f = arg;

	f->r = r;
	for (size_t i = 0; i < n && i < 3; i++)
		memcpy(f->node[i], w[i].node, sizeof(f->node[i]));
	f->ended = true;
}

struct ended {
	bool ended;
	int r;
};

static void on_ended(int r, void *arg)
{
	struct ended *e = arg;

	e->r = r;
	e->ended = true;
}

static int put_at(struct rdv_store *s, const char *id)
{
	struct ended e = { 0 };

	ck_assert_int_eq(s->locations->put(s, &id, 1, on_ended, &e), HWS_OK);
	contract_turn(s, &e.ended);
	return e.r;
}

static struct found find3(struct rdv_store *s)
{
	static const char *const ids[] = { "one", "two", "none" };
	struct found f = { 0 };

	ck_assert_int_eq(s->locations->find(s, ids, 3, on_found, &f), HWS_OK);
	contract_turn(s, &f.ended);
	return f;
}

/* Until `id` "one" is found at this node. */
static void until_at(struct rdv_store *s, const char *node, unsigned limit_ms)
{
	uint64_t end = test_now_ms() + limit_ms;

	for (;;) {
		struct found f = find3(s);

		if (f.r == HWS_OK && strcmp(f.node[0], node) == 0)
			return;
		ck_assert_msg(test_now_ms() < end, "\"one\" is at \"%s\", not \"%s\"", f.node[0],
				node);
		ck_assert_int_eq(hws_loop_once(s->loop, 20000), HWS_OK);
	}
}

START_TEST(nodes_find_each_others_devices_and_send_messages)
{
	struct rdv_store *a = open_postgres(loop, true), *b = open_postgres(loop, false);
	struct ear ear_a = { 0 }, ear_b = { 0 };
	static uint8_t big[RDV_MESSAGE_MAX];
	const char *one = "one", *no_text = "\xff";
	struct ended e = { 0 };
	struct found f;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7);
	ck_assert_int_eq(join(a, "a'b", &ear_a), HWS_OK);
	ck_assert_int_eq(join(b, "two words", &ear_b), HWS_OK);
	ck_assert_int_eq(put_at(a, "one"), HWS_OK);
	ck_assert_int_eq(put_at(b, "two"), HWS_OK);
	until_at(b, "a'b", 5000);
	while (strcmp(find3(a).node[1], "two words") != 0) /* b has said that it lives */
		ck_assert_int_eq(hws_loop_once(loop, 20000), HWS_OK);
	f = find3(a);
	ck_assert_int_eq(f.r, HWS_OK);
	ck_assert_str_eq(f.node[0], "a'b");
	ck_assert_str_eq(f.node[1], "two words");
	ck_assert_str_eq(f.node[2], "");
	/* it moves */
	ck_assert_int_eq(put_at(b, "one"), HWS_OK);
	ck_assert_str_eq(find3(a).node[0], "two words");
	ck_assert_int_eq(a->locations->remove(a, &one, 1, on_ended, &e), HWS_OK);
	contract_turn(a, &e.ended);
	ck_assert_str_eq(find3(a).node[0], "two words"); /* not a's to remove any more */
	ck_assert_int_eq(a->locations->find(a, &no_text, 1, on_found, &f), HWS_ERR_INVAL);
	ck_assert_int_eq(a->locations->find(a, &one, 0, on_found, &f), HWS_ERR_RANGE);
	ck_assert_int_eq(a->nodes->send(a, "two words", hws_bytes(big, sizeof(big)), on_ended, &e),
			HWS_OK);
	contract_turn(b, &ear_b.heard);
	ck_assert_uint_eq(ear_b.last_len, sizeof(big));
	ck_assert_mem_eq(ear_b.last, big, sizeof(big));
	ck_assert_uint_eq(ear_a.messages, 0);
	ck_assert_int_eq(a->nodes->send(a, "x", hws_bytes(big, sizeof(big) + 1), on_ended, &e),
			HWS_ERR_RANGE);
	rdv_store_free(a);
	rdv_store_free(b);
}
END_TEST

START_TEST(a_dead_node_is_nowhere_and_a_restarted_one_has_nothing)
{
	struct rdv_store *a = open_postgres(loop, true), *b = open_postgres(loop, false);
	struct ear ear = { 0 };
	struct ended e = { 0 };

	ck_assert_int_eq(join(a, "a", &ear), HWS_OK);
	ck_assert_int_eq(join(b, "b", &ear), HWS_OK);
	ck_assert_int_eq(put_at(b, "one"), HWS_OK);
	until_at(a, "b", 5000);
	rdv_store_free(b); /* without leaving: as if it had crashed */
	until_at(a, "", 5000);
	b = open_postgres(loop, false);
	ck_assert_int_eq(join(b, "b", &ear), HWS_OK);
	ck_assert_int_eq(put_at(b, "two"), HWS_OK);
	while (strcmp(find3(a).node[1], "b") != 0)
		ck_assert_int_eq(hws_loop_once(loop, 20000), HWS_OK);
	ck_assert_str_eq(find3(a).node[0], "");
	/* an orderly end counts at once */
	ck_assert_int_eq(b->nodes->leave(b, on_ended, &e), HWS_OK);
	contract_turn(b, &e.ended);
	ck_assert_int_eq(e.r, HWS_OK);
	ck_assert_str_eq(find3(a).node[1], "");
	rdv_store_free(a);
	rdv_store_free(b);
}
END_TEST

static void until_sql(const char *sql, const char *want)
{
	uint64_t end = test_now_ms() + 20000;

	while (strcmp(test_pg_sql(&pg, sql), want) != 0) {
		ck_assert_msg(test_now_ms() < end, "%s", sql);
		usleep(20000);
	}
}

static void do_sql(PGconn *c, const char *sql)
{
	PGresult *res = PQexec(c, sql);

	ck_assert_msg(PQresultStatus(res) == PGRES_COMMAND_OK, "%s", PQerrorMessage(c));
	PQclear(res);
}

/* A restarted node puts its devices while it removes what its earlier run left behind. */
START_TEST(what_is_put_while_an_earlier_run_is_swept_stays)
{
	struct rdv_store *b = open_postgres(loop, true);
	PGconn *other = PQconnectdb(pg.url);
	struct ear ear = { 0 };

	ck_assert_int_eq(PQstatus(other), CONNECTION_OK);
	ck_assert_int_eq(join(b, "b", &ear), HWS_OK);
	ck_assert_int_eq(put_at(b, "one"), HWS_OK);
	ck_assert_int_eq(put_at(b, "two"), HWS_OK);
	until_sql("SELECT count(*) FROM hawser.node", "1");
	rdv_store_free(b);
	b = open_postgres(loop, false);
	do_sql(other, "BEGIN");
	do_sql(other, "UPDATE hawser.location SET boot = 1 WHERE id = 'one'");
	ck_assert_int_eq(join(b, "b", &ear), HWS_OK);
	until_sql("SELECT count(*) FROM pg_locks WHERE NOT granted", "1");
	do_sql(other, "COMMIT");
	until_sql("SELECT count(*) FROM hawser.location WHERE id = 'two'", "0");
	ck_assert_str_eq(
			test_pg_sql(&pg, "SELECT boot FROM hawser.location WHERE id = 'one'"), "1");
	PQfinish(other);
	rdv_store_free(b);
}
END_TEST

START_TEST(a_node_is_told_that_it_may_have_missed_messages)
{
	struct rdv_store *a = open_postgres(loop, true);
	struct ear ear = { 0 };

	ck_assert_int_eq(join(a, "a", &ear), HWS_OK);
	ck_assert_int_eq(put_at(a, "one"), HWS_OK);
	until_at(a, "a", 5000);
	test_pg_stop(&pg);
	test_pg_run(&pg);
	contract_turn(a, &ear.heard);
	ck_assert_uint_eq(ear.again, 1);
	until_at(a, "a", 5000);
	rdv_store_free(a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/store/postgres");
	TCase *t = tcase_create("server"), *own = tcase_create("faults");
	SRunner *r;
	int failed;

	tcase_add_unchecked_fixture(contract_add(s), start, stop);
	tcase_set_timeout(t, 120);
	tcase_add_unchecked_fixture(t, start, stop);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_an_operator_must_correct_is_said_at_once);
	tcase_add_test(t, a_newer_schema_is_refused_and_left_alone);
	tcase_add_test(t, migrations_of_two_nodes_do_not_collide);
	tcase_add_test(t, bytes_that_are_no_text_fail_alone_and_not_the_batch);
	tcase_add_test(t, nodes_find_each_others_devices_and_send_messages);
	tcase_add_test(t, a_dead_node_is_nowhere_and_a_restarted_one_has_nothing);
	tcase_add_test(t, what_is_put_while_an_earlier_run_is_swept_stays);
	suite_add_tcase(s, t);
	tcase_set_timeout(own, 120);
	tcase_add_checked_fixture(own, set_up_own, tear_down_own);
	tcase_add_test(own, a_restart_of_the_database_is_survived_without_loss);
	tcase_add_test(own, a_database_that_is_away_at_start_is_waited_for);
	tcase_add_test(own, a_silent_database_bounds_the_queue_and_the_end);
	tcase_add_test(own, nothing_acknowledged_is_lost_when_writer_and_database_are_killed);
	tcase_add_test(own, a_node_is_told_that_it_may_have_missed_messages);
	suite_add_tcase(s, own);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
