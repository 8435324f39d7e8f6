/* Devices as a process remembers them: which heartbeats need no database, what is written of them,
 * what changes of others do; figures over time. */
#include "admin/api/presence.h"
#include "admin/api/series.h"
#include "admin/data/conn_log.h"
#include "admin/data/strategies.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"
#include <math.h>
#include <string.h>

#define NOW 1790000000000ll

static struct adi_presence *p;
static char dev[DAT_GUID_TEXT];

static void fresh(size_t max)
{
	adi_presence_free(p);
	p = NULL;
	ck_ok(adi_presence_new(max, &p));
}

static struct adi_beat beat(const char *id)
{
	return (struct adi_beat){ .id = id, .uuid = "uuid", .ip = "198.51.100.7" };
}

static void learn(const struct adi_beat *b, int64_t due, bool settled, int64_t now)
{
	struct adi_known k = { .due = due, .settled = settled };

	memcpy(k.guid, dev, sizeof(dev));
	adi_presence_learn(p, b, &k, adi_presence_mark(p), now);
}

START_TEST(only_what_is_known_is_quick)
{
	struct adi_beat b = beat("111"), other = beat("111");

	fresh(10);
	ck_assert(!adi_presence_quick(p, &b, NOW));
	learn(&b, 0, true, NOW);
	ck_assert(adi_presence_quick(p, &b, NOW));
	other.uuid = "another";
	ck_assert(!adi_presence_quick(p, &other, NOW));
	other = b;
	other.has = 41;
	ck_assert(!adi_presence_quick(p, &other, NOW));
	learn(&b, 0, false, NOW);
	ck_assert(!adi_presence_quick(p, &b, NOW));
	/* even without a word of change it is asked for now and then */
	learn(&b, 0, true, NOW);
	ck_assert(!adi_presence_quick(p, &b, NOW + 3600000));
	ck_assert_int_eq(adi_presence_at(p, "111"), NOW);
	ck_assert_int_eq(adi_presence_at(p, "112"), 0);
	ck_assert_uint_eq(adi_presence_online(p, NOW + 59999), 1);
	ck_assert_uint_eq(adi_presence_online(p, NOW + 60000), 0);
}
END_TEST

START_TEST(what_changed_while_it_was_read_is_read_again)
{
	struct adi_beat b = beat("111");
	struct adi_known k = { .settled = true };
	uint64_t mark;

	fresh(10);
	mark = adi_presence_mark(p);
	adi_presence_forget(p, "");
	adi_presence_learn(p, &b, &k, mark, NOW);
	ck_assert(!adi_presence_quick(p, &b, NOW));
}
END_TEST

START_TEST(the_one_that_was_silent_longest_makes_room)
{
	struct adi_beat a = beat("1"), b = beat("2"), c = beat("3");
	struct adi_presence_stats s;

	fresh(2);
	learn(&a, 0, true, NOW);
	learn(&b, 0, true, NOW + 1);
	ck_assert(adi_presence_quick(p, &a, NOW + 2));
	learn(&c, 0, true, NOW + 3);
	ck_assert(adi_presence_quick(p, &a, NOW + 4));
	ck_assert(!adi_presence_quick(p, &b, NOW + 4));
	adi_presence_stats(p, &s);
	ck_assert_uint_eq(s.devices, 2);
	ck_assert_uint_eq(s.lost, 1);
}
END_TEST

START_TEST(who_is_unknown_may_come_within_a_minute)
{
	fresh(2);
	ck_assert(adi_presence_may_come(p, "1", NOW));
	ck_assert(adi_presence_may_come(p, "1", NOW + 59999));
	ck_assert(!adi_presence_may_come(p, "1", NOW + 60000));
	ck_assert(!adi_presence_may_come(p, "1", NOW + 599999));
	ck_assert(adi_presence_may_come(p, "1", NOW + 600001));
}
END_TEST

START_TEST(others_changes_are_noticed)
{
	struct adi_beat b = beat("111"), c = beat("222");
	char other[DAT_GUID_TEXT], strategy[DAT_GUID_TEXT];
	struct adi_known k = { .settled = true };

	fresh(10);
	ck_ok(dat_device_register(test_conn, "111", "uuid", false, NOW, dev));
	ck_ok(dat_device_register(test_conn, "222", "uuid", false, NOW, other));
	ck_ok(adi_presence_poll(p, test_conn));
	learn(&b, 0, true, NOW);
	memcpy(k.guid, other, sizeof(other));
	adi_presence_learn(p, &c, &k, adi_presence_mark(p), NOW);
	ck_ok(adi_presence_poll(p, test_conn));
	ck_assert(adi_presence_quick(p, &b, NOW) && adi_presence_quick(p, &c, NOW));
	ck_ok(dat_end_ask(test_conn, dev, 7, "ann", NOW));
	ck_ok(adi_presence_poll(p, test_conn));
	ck_assert(!adi_presence_quick(p, &b, NOW) && adi_presence_quick(p, &c, NOW));
	ck_ok(dat_strategy_add(test_conn, "s", "", 1, strategy));
	ck_ok(dat_strategy_assign(test_conn, strategy, DAT_TARGET_DEVICE, dev, NOW));
	ck_ok(adi_presence_poll(p, test_conn));
	ck_assert(!adi_presence_quick(p, &c, NOW));
}
END_TEST

START_TEST(a_change_for_all_does_not_stop_the_database)
{
	static char id[5000][12];
	unsigned asked = 0;

	fresh(10000);
	for (unsigned i = 0; i < 5000; i++) {
		struct adi_beat b;

		ck_ok(hws_fmt(id[i], sizeof(id[i]), "%u", i));
		b = beat(id[i]);
		learn(&b, 0, true, NOW);
	}
	adi_presence_forget(p, "");
	for (unsigned i = 0; i < 5000; i++) {
		struct adi_beat b = beat(id[i]);

		asked += !adi_presence_quick(p, &b, NOW);
	}
	ck_assert_uint_eq(asked, ADI_PRESENCE_AGAIN);
	/* the next second others are, and who is alone to be asked for is at once */
	for (unsigned i = 0; i < 5000; i++) {
		struct adi_beat b = beat(id[i]);

		asked += !adi_presence_quick(p, &b, NOW + 1000);
	}
	ck_assert_uint_eq(asked, 2 * ADI_PRESENCE_AGAIN);
}
END_TEST

START_TEST(what_heartbeats_bring_is_written)
{
	struct adi_beat b = beat("111");
	struct dat_device d;
	int64_t n = 0;
	bool more = true;

	fresh(10);
	ck_ok(dat_device_register(test_conn, "111", "uuid", false, NOW, dev));
	b.conn[0] = 3;
	b.conns = 1;
	learn(&b, 0, true, NOW);
	ck_ok(adi_presence_write(p, test_conn, &more));
	ck_assert(!more);
	ck_ok(dat_device_get(test_conn, dev, &d));
	ck_assert_int_eq(d.last_online, NOW);
	ck_assert_str_eq(d.last_ip, "198.51.100.7");
	ck_ok(dat_conns_count(test_conn, dev, &n));
	ck_assert_int_eq(n, 1);
	b.conns = 0;
	ck_assert(adi_presence_quick(p, &b, NOW + 5));
	ck_ok(adi_presence_write(p, test_conn, &more));
	ck_ok(dat_conns_count(test_conn, dev, &n));
	ck_assert_int_eq(n, 0);
	ck_ok(dat_device_get(test_conn, dev, &d));
	ck_assert_int_eq(d.last_online, NOW + 5);
}
END_TEST

START_TEST(what_could_not_be_written_is_kept)
{
	struct adi_beat b = beat("111");
	struct dat_device d;
	bool more;

	fresh(10);
	ck_ok(dat_device_register(test_conn, "111", "uuid", false, NOW, dev));
	learn(&b, 0, true, NOW);
	ck_ok(sql_run(test_conn, "ALTER TABLE device RENAME TO away", SQL_NONE));
	ck_assert_int_lt(adi_presence_write(p, test_conn, &more), 0);
	ck_ok(sql_run(test_conn, "ALTER TABLE away RENAME TO device", SQL_NONE));
	ck_ok(adi_presence_write(p, test_conn, &more));
	ck_ok(dat_device_get(test_conn, dev, &d));
	ck_assert_int_eq(d.last_online, NOW);
}
END_TEST

START_TEST(figures_over_time)
{
	static struct adi_series_part part;
	double v[ADI_METRICS] = { 10, 1, 2, 3, (double)NAN };
	struct adi_series *s;
	int64_t at = NOW / 600000 * 600000;

	ck_ok(adi_series_new(&s));
	adi_series_add(s, at, v);
	v[ADI_ONLINE] = 20;
	adi_series_add(s, at + 5000, v);
	v[ADI_ONLINE] = 40;
	adi_series_add(s, at + 120000, v);
	adi_series_get(s, ADI_ONLINE, ADI_HOUR, at + 120000, &part);
	ck_assert_uint_eq(part.step_s, 60);
	ck_assert_uint_eq(part.n, 60);
	ck_assert_int_eq(part.start_at, at + 120000 - 59 * 60000);
	ck_assert_double_eq(part.value[57], 15);
	ck_assert(isnan(part.value[58]));
	ck_assert_double_eq(part.value[59], 40);
	adi_series_get(s, ADI_DIRECT_SHARE, ADI_HOUR, at, &part);
	ck_assert(isnan(part.value[59]));
	adi_series_get(s, ADI_ONLINE, ADI_WEEK, at, &part);
	ck_assert_uint_eq(part.n, 1008);
	ck_assert_double_eq_tol(part.value[1007], 70.0 / 3, 1e-9);
	/* a day later its place belongs to another minute */
	adi_series_get(s, ADI_ONLINE, ADI_DAY, at + DAT_DAY_MS, &part);
	ck_assert(isnan(part.value[1439]));
	adi_series_free(s);
}
END_TEST

int main(void)
{
	int r = test_engines_main("admin_presence",
			TESTS(only_what_is_known_is_quick,
					what_changed_while_it_was_read_is_read_again,
					the_one_that_was_silent_longest_makes_room,
					who_is_unknown_may_come_within_a_minute,
					others_changes_are_noticed,
					a_change_for_all_does_not_stop_the_database,
					what_heartbeats_bring_is_written,
					what_could_not_be_written_is_kept, figures_over_time));

	adi_presence_free(p);
	return r;
}
