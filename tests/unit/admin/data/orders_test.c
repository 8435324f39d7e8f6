/* Lists of devices in each order that the console offers: what comes first, and that an index gives
 * the order, so that a page costs the same among a hundred devices and among a hundred thousand. */
#include "admin/data/devices.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"

#include <string.h>

#define NOW 1790000000000LL

static char said[400];

static int say_device(const struct dat_device *d, void *arg)
{
	(void)arg;
	ck_ok(hws_fmt(said + strlen(said), sizeof(said) - strlen(said), "%s;", d->id));
	return HWS_OK;
}

static void add(const char *id, const char *hostname, const char *given, const char *os)
{
	const struct dat_sysinfo info = { .hostname = hostname, .os = os };
	char guid[DAT_GUID_TEXT];

	ck_ok(dat_device_register(test_conn, id, "u", false, NOW, guid));
	ck_ok(dat_device_sysinfo(test_conn, id, "u", &info, NOW));
	ck_ok(dat_device_change(
			test_conn, guid, &(struct dat_device_change){ .name = given }, NOW));
}

static void is(enum dat_device_order order, bool down, const char *want)
{
	const struct dat_device_filter f = { DAT_DEVICE_FILTER, .order = order };
	int64_t total = 0;

	said[0] = '\0';
	ck_ok(dat_device_list(
			test_conn, &f, (struct dat_page){ 0, 10, down }, say_device, NULL, &total));
	ck_assert_str_eq(said, want);
	ck_assert_int_eq(total, 4);
}

START_TEST(the_name_that_is_shown_decides)
{
	add("111", "till-9", "", "Linux");
	add("222", "till-8", "Front desk", "Windows");
	add("333", "till-1", "", "Android");
	add("444", "", "till-5", "Linux");
	is(DAT_DEVICES_BY_NAME, false, "222;333;444;111;");
	is(DAT_DEVICES_BY_NAME, true, "111;444;333;222;");
	is(DAT_DEVICES_BY_OS, false, "333;111;444;222;");
	is(DAT_DEVICES_BY_OS, true, "222;444;111;333;");
}
END_TEST

/* --- by which index --------------------------------------------------------------------------- */

static char plan[8000];

static int note_plan(const struct sql_row *row, void *arg)
{
	/* the words of a row stand last: SQLite has three numbers before */
	size_t n = strlen(plan);

	(void)arg;
	ck_ok(hws_fmt(plan + n, sizeof(plan) - n, "%s\n", sql_text(row, row->n - 1)));
	return HWS_OK;
}

static bool on_postgres(void)
{
	return strcmp(sql_engine_name(test_db), "postgres") == 0;
}

/* What the engine would do; PostgreSQL weighs by size, and has four rows here, so it is told not to
 * sort where it need not. */
static void asks_index(const char *text, const char *index)
{
	plan[0] = '\0';
	ck_ok(sql_begin(test_conn));
	if (on_postgres()) {
		ck_ok(sql_run(test_conn, "SET LOCAL enable_sort = off", SQL_NONE));
		ck_ok(sql_run(test_conn, "SET LOCAL enable_seqscan = off", SQL_NONE));
	}
	ck_ok(sql_query(test_conn, text, SQL_NONE, note_plan, NULL));
	ck_ok(sql_end(test_conn, HWS_OK));
	ck_assert_msg(strstr(plan, index), "%s is not used: %s", index, plan);
	ck_assert_msg(!strstr(plan, "TEMP B-TREE") && !strstr(plan, "Sort Key"), "sorts: %s", plan);
}

#define PLAN(order)                                                                                \
	(on_postgres() ? "EXPLAIN " DAT_DEVICE_COLUMNS order " LIMIT 2"                            \
		       : "EXPLAIN QUERY PLAN " DAT_DEVICE_COLUMNS order " LIMIT 2")

START_TEST(no_order_is_sorted)
{
	asks_index(PLAN("ORDER BY 10, d.id"), "device_by_name");
	asks_index(PLAN("ORDER BY 10 DESC, d.id DESC"), "device_by_name");
	asks_index(PLAN("ORDER BY d.os, d.id"), "device_by_os");
	asks_index(PLAN("ORDER BY d.status DESC, d.id DESC"), "device_by_status");
	asks_index(PLAN("ORDER BY d.last_online, d.id"), "device_by_online");
}
END_TEST

int main(void)
{
	return test_engines_main("admin/data/orders",
			TESTS(the_name_that_is_shown_decides, no_order_is_sorted));
}
