/* kill -9 of a server under load, on SQLite and on a PostgreSQL that is killed too: every
 * registration whose answer was given is in the database, and the device known after the
 * restart. */
#include "shared/crypto/crypto.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/postgres.h"
#include "tests/support/suite.h"
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define R(x) RDV__REGISTER_PK_RESPONSE__RESULT__##x
#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x
#define DEVICES 800
#define ROUNDS 3

static struct test_pg pg;
static struct server srv;
static struct device all[DEVICES];
static bool acknowledged[DEVICES];

/* Takes what has come; counts answers that say the registration is kept. */
static unsigned take(unsigned upto)
{
	unsigned n = 0;

	for (unsigned i = 0; i < upto; i++) {
		message *m;

		while (!acknowledged[i] && (m = udp_recv(all[i].udp, 0))) {
			acknowledged[i] = m->union_case == M(REGISTER_PK_RESPONSE) &&
					m->register_pk_response->result == R(OK);
			n += acknowledged[i];
			hws_rdv_free(m);
		}
	}
	return n;
}

/* The first contact, kept in memory only; the second one is answered when it is in the database. */
static void first_contacts(unsigned round)
{
	char id[20];

	for (unsigned i = 0; i < DEVICES; i++) {
		message *m;

		snprintf(id, sizeof(id), "%u%08u", round + 1, i);
		device_init(&all[i], &srv, 1 + i % 200, id);
		device_send_pk(&all[i]);
		m = udp_recv(all[i].udp, WAIT_MS);
		ck_assert_ptr_nonnull(m);
		hws_rdv_free(m);
	}
	memset(acknowledged, 0, sizeof(acknowledged));
}

/* Registrations one behind the other until so many are acknowledged; then the power goes. */
static unsigned kill_under_load(unsigned after)
{
	unsigned sent = 0, acks = 0;
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (acks < after) {
		ck_assert_uint_lt(test_now_ms(), end);
		if (sent < DEVICES)
			device_send_pk(&all[sent++]);
		acks += take(sent);
		poll(NULL, 0, 1);
	}
	if (pg.proc.pid > 0)
		test_proc_signal(&pg.proc, SIGKILL);
	server_kill(&srv);
	return acks + take(sent);
}

static bool in_sqlite(const struct device *d)
{
	char path[400];
	sqlite3 *db;
	sqlite3_stmt *st;
	bool is;

	snprintf(path, sizeof(path), "%s/rendezvous.sqlite3", srv.dir);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db,
					 "SELECT 1 FROM peer WHERE id = ?1 AND uuid = ?2 AND pk "
					 "= ?3",
					 -1, &st, NULL),
			SQLITE_OK);
	sqlite3_bind_text(st, 1, d->id, -1, SQLITE_STATIC);
	sqlite3_bind_blob(st, 2, d->uuid, (int)d->uuid_len, SQLITE_STATIC);
	sqlite3_bind_blob(st, 3, d->pk, sizeof(d->pk), SQLITE_STATIC);
	is = sqlite3_step(st) == SQLITE_ROW;
	sqlite3_finalize(st);
	sqlite3_close(db);
	return is;
}

/* One look for all of them: psql is a process. */
static unsigned count_in_postgres(void)
{
	static char sql[DEVICES * 16 + 100];
	size_t n = (size_t)snprintf(sql, sizeof(sql),
			"SELECT count(*) FROM hawser.peer WHERE "
			"length(pk) = 32 AND id IN (''");

	for (unsigned i = 0; i < DEVICES; i++) {
		if (acknowledged[i])
			n += (size_t)snprintf(sql + n, sizeof(sql) - n, ",'%s'", all[i].id);
	}
	snprintf(sql + n, sizeof(sql) - n, ")");
	return (unsigned)strtoul(test_pg_sql(&pg, sql), NULL, 10);
}

static void rounds(const char *const args[])
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned acks, asked = 0;

		server_start(&srv, args);
		first_contacts(round);
		acks = kill_under_load(100 + round * 150);
		if (pg.proc.pid > 0) {
			test_pg_kill(&pg);
			test_pg_run(&pg);
			ck_assert_uint_eq(count_in_postgres(), acks);
		}
		for (unsigned i = 0; i < DEVICES && pg.proc.pid <= 0; i++)
			ck_assert(!acknowledged[i] || in_sqlite(&all[i]));
		server_start(&srv, args);
		for (unsigned i = 0; i < DEVICES; i++) {
			all[i].server = &srv;
			if (acknowledged[i]) {
				take(0);
				asked += !device_keep_alive(&all[i]);
			}
		}
		ck_assert_uint_eq(asked, 0); /* none has to register again */
		fprintf(stderr, "%u acknowledged, all there\n", acks);
		for (unsigned i = 0; i < DEVICES; i++)
			device_done(&all[i]);
		server_stop(&srv);
	}
}

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&srv, 0, sizeof(srv));
	memset(&pg, 0, sizeof(pg));
}

START_TEST(nothing_acknowledged_is_lost_on_sqlite)
{
	static const char *const args[] = { "--store", "sqlite", NULL };

	rounds(args);
}
END_TEST

START_TEST(nothing_acknowledged_is_lost_on_postgres)
{
	const char *args[] = { "--store", pg.url, NULL };

	test_pg_start(&pg);
	rounds(args);
	test_pg_stop(&pg);
}
END_TEST

int main(void)
{
	return test_main("rendezvous/kill", 120, set_up, NULL,
			TESTS(nothing_acknowledged_is_lost_on_sqlite,
					nothing_acknowledged_is_lost_on_postgres));
}
