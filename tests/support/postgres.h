/* tests/support/postgres: a PostgreSQL server of the test's own, in a temporary folder, on a free
 * port of 127.0.0.1. Runs as an account without rights when the test is root. Fails the test when
 * anything does not work. */
#pragma once
#include "tests/support/proc.h"

struct test_pg {
	char dir[200];
	uint16_t port;
	struct test_proc proc;
	char url[200]; /* postgresql://... of its database "hawser" */
	bool sync;     /* set before start: write to the disk for real (benchmarks) */
};

/* Makes the database and runs the server; in a test or a fixture (an unchecked one serves a whole
 * case). */
void test_pg_start(struct test_pg *pg);
/* Ends it (fast: clients are cut) and, to run it again with what was in it, starts it. */
void test_pg_stop(struct test_pg *pg);
void test_pg_run(struct test_pg *pg);
/* kill -9, as after a loss of power but for the disk. */
void test_pg_kill(struct test_pg *pg);
/* Stops or continues the server and all its processes: it is there and says nothing. */
void test_pg_freeze(struct test_pg *pg, bool on);
/* Runs SQL; returns the first column of the first row as text ("" = none), valid until the next
 * call. */
const char *test_pg_sql(struct test_pg *pg, const char *sql);
