/* tests/unit/admin/engines: what tests of the API's data are run on: a file of SQLite and a real
 * PostgreSQL, each test with empty tables. */
#pragma once
#include "admin/sql/sql.h"
#include "tests/support/suite.h"

/* Of the test that runs; opened by the fixture. */
extern struct sql_db *test_db;
extern struct sql_conn *test_conn;

/* Runs the tests once on each engine; main()'s status. */
int test_engines_main(const char *name, const TTest *const tests[]);
/* A second connection, as another thread or node has it; given back by the test. */
struct sql_conn *test_conn_take(void);
/* Ends the test, with where it is, unless r is HWS_OK. */
#define ck_ok(r) ck_assert_int_eq((r), HWS_OK)
