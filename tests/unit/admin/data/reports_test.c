/* What devices report: heartbeats and connections to end, connections and what becomes of them,
 * files, alarms, reports that come twice; changes for other processes, leases, relays. On both
 * engines. */
#include "admin/data/accounts.h"
#include "admin/data/beats.h"
#include "admin/data/changes.h"
#include "admin/data/conn_log.h"
#include "admin/data/device_facts.h"
#include "admin/data/leases.h"
#include "admin/data/relays.h"
#include "admin/data/reports.h"
#include "admin/data/strategies.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"

#include <string.h>

#define NOW 1790000000000ll
#define MIN 60000ll

static char dev[DAT_GUID_TEXT];

static void device(const char *id)
{
	ck_ok(dat_device_register(test_conn, id, "uuid", false, NOW, dev));
}

START_TEST(a_heartbeat_finds_its_device)
{
	struct dat_beat b;

	device("111");
	ck_ok(dat_beat_get(test_conn, "111", "uuid", &b));
	ck_assert_str_eq(b.guid, dev);
	ck_assert(b.sysinfo_wanted && !b.ends && b.status == DAT_DEVICE_ON);
	ck_assert_int_eq(dat_beat_get(test_conn, "111", "other", &b), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(dat_beat_get(test_conn, "112", "uuid", &b), HWS_ERR_NOTFOUND);
	ck_ok(dat_device_sysinfo(test_conn, "111", "uuid", &(struct dat_sysinfo){ 0 }, NOW));
	ck_ok(dat_beat_get(test_conn, "111", "uuid", &b));
	ck_assert(!b.sysinfo_wanted);
}
END_TEST

static size_t due(const int32_t *conn, size_t n, int64_t now, int32_t *ret)
{
	size_t got = 99;

	ck_ok(dat_end_due(test_conn, dev, conn, n, now, ret, &got));
	return got;
}

START_TEST(a_connection_is_ended_until_it_is_gone)
{
	int32_t has[] = { 3, 7 }, end[4];
	struct dat_beat b;

	device("111");
	ck_ok(dat_end_ask(test_conn, dev, 7, "ann", NOW));
	ck_ok(dat_beat_get(test_conn, "111", "uuid", &b));
	ck_assert(b.ends);
	ck_assert_uint_eq(due(has, 2, NOW, end), 1);
	ck_assert_int_eq(end[0], 7);
	/* it did not hear, or was not yet done with it */
	ck_assert_uint_eq(due(has, 2, NOW + 3000, end), 1);
	ck_assert_uint_eq(due(has, 1, NOW + 6000, end), 0);
	ck_ok(dat_beat_get(test_conn, "111", "uuid", &b));
	ck_assert(!b.ends);
	/* one that never shows is forgotten */
	ck_ok(dat_end_ask(test_conn, dev, 9, "ann", NOW));
	ck_assert_uint_eq(due(has, 2, NOW + MIN, end), 0);
	ck_ok(dat_beat_get(test_conn, "111", "uuid", &b));
	ck_assert(b.ends);
	ck_assert_uint_eq(due(has, 2, NOW + MIN + 1, end), 0);
	ck_ok(dat_beat_get(test_conn, "111", "uuid", &b));
	ck_assert(!b.ends);
}
END_TEST

START_TEST(all_are_ended_but_not_those_that_come_later)
{
	int32_t has[] = { 3, 7, 8 }, end[4];

	device("111");
	ck_ok(dat_end_ask(test_conn, dev, DAT_CONN_ALL, "ann", NOW));
	ck_assert_uint_eq(due(has, 2, NOW, end), 2);
	ck_assert_uint_eq(due(has, 3, NOW + 3000, end), 2);
	ck_assert(end[0] != 8 && end[1] != 8);
	ck_assert_uint_eq(due(has + 2, 1, NOW + 6000, end), 0);
	ck_assert_uint_eq(due(has, 2, NOW + 9000, end), 0);
}
END_TEST

static int64_t conns(void)
{
	int64_t n = -1;

	ck_ok(dat_conns_count(test_conn, dev, &n));
	return n;
}

static void put(int64_t at, const int32_t *conn, size_t n)
{
	ck_ok(dat_conns_put(test_conn, &(struct dat_conns){ dev, at, conn, n }, 1));
}

START_TEST(the_latest_word_on_connections_holds)
{
	int32_t has[] = { 3, 7 };

	device("111");
	put(NOW, has, 2);
	ck_assert_int_eq(conns(), 2);
	put(NOW + 10, has, 1);
	ck_assert_int_eq(conns(), 1);
	/* another process writes later what it heard before */
	put(NOW + 5, NULL, 0);
	ck_assert_int_eq(conns(), 1);
	put(NOW + 20, NULL, 0);
	ck_assert_int_eq(conns(), 0);
	ck_ok(dat_device_remove(test_conn, dev));
	put(NOW + 30, has, 2);
	ck_assert_int_eq(conns(), 0);
}
END_TEST

static struct dat_conn of(int64_t conn_id)
{
	struct dat_conn l = { .conn_id = conn_id, .type = DAT_CONN_FILE, .primary_auth = 3 };

	ck_ok(hws_str_copy(l.device_id, sizeof(l.device_id), "111"));
	ck_ok(hws_str_copy(l.device_uuid, sizeof(l.device_uuid), "uuid"));
	ck_ok(hws_str_copy(l.session_id, sizeof(l.session_id), "17446744073709551615"));
	ck_ok(hws_str_copy(l.peer_id, sizeof(l.peer_id), "987654321"));
	ck_ok(hws_str_copy(l.ip, sizeof(l.ip), "203.0.113.9"));
	return l;
}

START_TEST(a_connection_from_its_beginning_to_its_end)
{
	struct dat_conn l = of(3), got;
	char guid[DAT_GUID_TEXT], again[DAT_GUID_TEXT];

	device("111");
	ck_ok(dat_conn_new(test_conn, &l, NOW, guid));
	ck_assert_int_eq(dat_conn_active(test_conn, "111", l.session_id, -1, &got),
			HWS_ERR_NOTFOUND);
	ck_ok(dat_conn_authorised(test_conn, &l, NOW + 1, again));
	ck_assert_str_eq(guid, again);
	ck_ok(dat_conn_active(test_conn, "111", l.session_id, DAT_CONN_FILE, &got));
	ck_assert_str_eq(got.session_id, "17446744073709551615");
	ck_assert_str_eq(got.peer_id, "987654321");
	ck_assert_int_eq(got.primary_auth, 3);
	ck_assert_int_eq(dat_conn_active(test_conn, "111", l.session_id, DAT_CONN_REMOTE, &got),
			HWS_ERR_NOTFOUND);
	ck_assert_int_eq(dat_conn_active(test_conn, "112", l.session_id, -1, &got),
			HWS_ERR_NOTFOUND);
	ck_ok(dat_conn_note(test_conn, "111", l.session_id, "cable", NOW + 2, again));
	/* once */
	ck_assert_int_eq(dat_conn_note(test_conn, "111", l.session_id, "other", NOW + 2, again),
			HWS_ERR_NOTFOUND);
	ck_assert_int_eq(dat_conn_note(test_conn, "111", "0", "other", NOW + 2, again),
			HWS_ERR_NOTFOUND);
	ck_ok(dat_conn_close(test_conn, &l, "closed", NOW + 3, again));
	ck_assert_int_eq(dat_conn_close(test_conn, &l, "closed", NOW + 4, again), HWS_ERR_NOTFOUND);
	ck_ok(dat_conn_get(test_conn, guid, &got));
	ck_assert_int_eq(got.end_at, NOW + 3);
	ck_assert_str_eq(got.note, "cable");
	/* reported by no beginning */
	ck_ok(dat_conn_authorised(test_conn, &l, NOW + 5, again));
	ck_assert_str_ne(guid, again);
	/* the device has started anew and counts from the beginning */
	ck_ok(dat_conn_new(test_conn, &l, NOW + 6, guid));
	ck_ok(dat_conn_get(test_conn, again, &got));
	ck_assert_str_eq(got.end_reason, "lost");
}
END_TEST

START_TEST(what_nobody_closes_is_lost)
{
	struct dat_conn a = of(3), b = of(4), got;
	char guid_a[DAT_GUID_TEXT], guid_b[DAT_GUID_TEXT];
	int32_t has[] = { 4 };
	int64_t n = -1;

	device("111");
	ck_ok(dat_conn_new(test_conn, &a, NOW, guid_a));
	ck_ok(dat_conn_new(test_conn, &b, NOW, guid_b));
	/* too young to have been in a report that was written */
	ck_ok(dat_conn_lost(test_conn, NOW + MIN, &n));
	ck_assert_int_eq(n, 0);
	ck_ok(dat_device_seen(test_conn, &(struct dat_seen){ "111", "", NOW + 2 * MIN }, 1));
	put(NOW + 2 * MIN, has, 1);
	ck_ok(dat_conn_lost(test_conn, NOW + 2 * MIN, &n));
	ck_assert_int_eq(n, 1);
	ck_ok(dat_conn_get(test_conn, guid_a, &got));
	ck_assert_str_eq(got.end_reason, "lost");
	/* and all when the device is gone */
	ck_ok(dat_conn_lost(test_conn, NOW + 3 * MIN, &n));
	ck_assert_int_eq(n, 0);
	ck_ok(dat_conn_lost(test_conn, NOW + 4 * MIN, &n));
	ck_assert_int_eq(n, 1);
	ck_ok(dat_conn_open_count(test_conn, &n));
	ck_assert_int_eq(n, 0);
}
END_TEST

static int count_one(const struct dat_conn *l, void *arg)
{
	(void)l;
	++*(unsigned *)arg;
	return HWS_OK;
}

START_TEST(open_ones_are_listed_in_pages)
{
	char guid[DAT_GUID_TEXT];
	unsigned n = 0;
	int64_t total = 0;

	for (int i = 0; i < 5; i++) {
		struct dat_conn l = of(i);

		ck_ok(dat_conn_authorised(test_conn, &l, NOW + i, guid));
	}
	ck_ok(dat_conn_list_open(
			test_conn, "111", "", (struct dat_page){ 2, 10 }, count_one, &n, &total));
	ck_assert_uint_eq(n, 3);
	ck_assert_int_eq(total, 5);
	ck_ok(dat_conn_list_open(
			test_conn, "112", "", (struct dat_page){ 0, 10 }, count_one, &n, &total));
	ck_assert_int_eq(total, 0);
}
END_TEST

START_TEST(an_account_is_found_by_its_reference)
{
	struct dat_conn l = { .guid = "" };
	char ann[DAT_GUID_TEXT];

	ck_ok(dat_account_add(test_conn,
			&(struct dat_account_new){ .name = "ann", .status = DAT_ENABLED }, NOW,
			ann));
	ck_ok(sql_run(test_conn,
			"INSERT INTO audit_ref (ref, account_guid, session_guid, device_id, "
			"expires_at) VALUES ($1, $2, $3, $4, $5)",
			SQL_P(SQL_T("ar_77"), SQL_T(ann), SQL_T("s"), SQL_T("111"),
					SQL_I(NOW + 10))));
	ck_ok(dat_conn_account(test_conn, "ar_77", "111", NOW, &l));
	ck_assert_str_eq(l.account_guid, ann);
	ck_assert_str_eq(l.account_name, "ann");
	ck_assert_int_eq(dat_conn_account(test_conn, "ar_77", "112", NOW, &l), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(dat_conn_account(test_conn, "ar_77", "111", NOW + 10, &l),
			HWS_ERR_NOTFOUND);
}
END_TEST

START_TEST(files_and_alarms_are_kept)
{
	struct dat_conn l = of(3);
	char guid[DAT_GUID_TEXT], conn[DAT_GUID_TEXT];
	int64_t n = 0;

	ck_ok(dat_conn_authorised(test_conn, &l, NOW, conn));
	ck_ok(dat_file_add(test_conn,
			&(struct dat_file_report){ .device_id = "111",
					.peer_id = "987654321",
					.path = "/tmp/x",
					.files = "[]",
					.num = 3 },
			NOW, guid));
	ck_ok(sql_number(test_conn, "SELECT count(*) FROM audit_file WHERE conn_guid = $1",
			SQL_P(SQL_T(conn)), &n));
	ck_assert_int_eq(n, 1);
	ck_ok(dat_alarm_add(test_conn,
			&(struct dat_alarm_report){ .typ = 1, .device_id = "111", .info = "{}" },
			NOW, guid));
	ck_ok(dat_alarms_since(test_conn, NOW, &n));
	ck_assert_int_eq(n, 1);
	ck_ok(dat_alarms_since(test_conn, NOW + 1, &n));
	ck_assert_int_eq(n, 0);
}
END_TEST

START_TEST(a_report_that_comes_twice_is_known)
{
	ck_ok(dat_nonce_take(test_conn, "n1", NOW));
	ck_assert_int_eq(dat_nonce_take(test_conn, "n1", NOW + MIN), HWS_ERR_EXISTS);
	ck_ok(dat_nonce_take(test_conn, "", NOW));
	ck_ok(dat_nonce_take(test_conn, "", NOW));
	/* one that was not stored is not remembered either */
	ck_ok(sql_begin(test_conn));
	ck_ok(dat_nonce_take(test_conn, "n2", NOW));
	ck_assert_int_eq(sql_end(test_conn, HWS_ERR_STORE), HWS_ERR_STORE);
	ck_ok(dat_nonce_take(test_conn, "n2", NOW));
	ck_ok(dat_nonce_trim(test_conn, NOW + 61 * MIN));
	ck_ok(dat_nonce_take(test_conn, "n1", NOW + 61 * MIN));
}
END_TEST

struct heard {
	char text[400];
};

static void hear(enum dat_changed kind, const char *ref, void *arg)
{
	struct heard *h = arg;
	size_t n = strlen(h->text);

	ck_ok(hws_fmt(h->text + n, sizeof(h->text) - n, "%d:%s;", kind, ref));
}

START_TEST(changes_are_heard_once_and_in_order)
{
	char strategy[DAT_GUID_TEXT], want[200];
	struct heard h = { "" };
	int64_t seq = 0;

	ck_ok(dat_changes_last(test_conn, &seq));
	device("111");
	ck_ok(dat_changes_since(test_conn, &seq, hear, &h));
	/* nobody remembers a device that is new */
	ck_assert_str_eq(h.text, "");
	ck_ok(dat_device_set_status(test_conn, dev, DAT_DEVICE_OFF, NOW));
	ck_ok(dat_strategy_add(test_conn, "s", "", 1, strategy));
	ck_ok(dat_strategy_assign(test_conn, strategy, DAT_TARGET_DEVICE, dev, NOW));
	ck_ok(hws_fmt(want, sizeof(want), "0:%s;1:;", dev));
	ck_ok(dat_changes_since(test_conn, &seq, hear, &h));
	ck_assert_str_eq(h.text, want);
	ck_ok(dat_changes_since(test_conn, &seq, hear, &h));
	ck_assert_str_eq(h.text, want);
	/* what is not kept any more is noticed */
	ck_ok(sql_run(test_conn, "UPDATE counter SET value = value + 20000 WHERE name = 'change'",
			SQL_NONE));
	ck_ok(dat_changes_trim(test_conn));
	ck_ok(dat_changed(test_conn, DAT_CHANGED_STRATEGY, ""));
	ck_assert_int_eq(dat_changes_since(test_conn, &seq, hear, &h), HWS_ERR_RANGE);
	ck_ok(dat_changes_since(test_conn, &seq, hear, &h));
}
END_TEST

START_TEST(one_holds_a_lease)
{
	ck_ok(dat_lease_take(test_conn, "x", "a", NOW, 1000));
	ck_ok(dat_lease_take(test_conn, "x", "a", NOW + 500, 1000));
	ck_assert_int_eq(dat_lease_take(test_conn, "x", "b", NOW + 1400, 1000), HWS_ERR_BUSY);
	ck_ok(dat_lease_take(test_conn, "y", "b", NOW, 1000));
	ck_ok(dat_lease_take(test_conn, "x", "b", NOW + 1501, 1000));
	ck_assert_int_eq(dat_lease_take(test_conn, "x", "a", NOW + 1502, 1000), HWS_ERR_BUSY);
	ck_ok(dat_lease_end(test_conn, "x", "a"));
	ck_assert_int_eq(dat_lease_take(test_conn, "x", "a", NOW + 1502, 1000), HWS_ERR_BUSY);
	ck_ok(dat_lease_end(test_conn, "x", "b"));
	ck_ok(dat_lease_take(test_conn, "x", "a", NOW + 1502, 1000));
}
END_TEST

static int count_tag(const char *tag, int64_t n, void *arg)
{
	(void)tag;
	*(int64_t *)arg = n;
	return HWS_OK;
}

START_TEST(what_is_shown_beside_a_device)
{
	static struct dat_device_facts f;
	static char picked[2][DAT_GUID_TEXT];
	const char *const tags[] = { "red", "blue" };
	struct dat_device_filter all = { DAT_DEVICE_FILTER };
	struct dat_device_counts counts;
	char strategy[DAT_GUID_TEXT];
	struct dat_conn l = of(3);
	struct dat_device d;
	size_t n = 0;
	int64_t count = 0, total = 0;

	device("222");
	device("333");
	device("111");
	ck_ok(dat_device_set_tags(test_conn, dev, tags, 2, NOW));
	ck_ok(dat_conn_authorised(test_conn, &l, NOW, strategy));
	ck_ok(dat_strategy_add(test_conn, "base", "", NOW, strategy));
	ck_ok(dat_strategy_change(test_conn, strategy, NULL, NULL, -1, -1, 1, NOW));
	ck_ok(dat_device_get(test_conn, dev, &d));
	ck_ok(dat_device_facts(test_conn, &d, &f));
	ck_assert_int_eq(f.sessions, 1);
	ck_assert_uint_eq(f.tags, 2);
	ck_assert_str_eq(f.tag[0], "blue");
	ck_assert_str_eq(f.strategy_name, "base");
	ck_ok(dat_device_set_tags(test_conn, dev, tags, 1, NOW));
	ck_ok(dat_device_tag_list(
			test_conn, "RE", (struct dat_page){ 0, 10 }, count_tag, &count, &total));
	ck_assert_int_eq(count, 1);
	ck_assert_int_eq(total, 1);
	ck_ok(dat_device_pick(test_conn, &all, picked, 2, &n));
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(picked[0], dev);
	ck_ok(dat_device_counts(test_conn, NOW, &counts));
	ck_assert_int_eq(counts.devices, 3);
	ck_assert_int_eq(counts.online, 0);
	ck_assert_int_eq(counts.sessions, 1);
	ck_ok(dat_device_seen(test_conn, &(struct dat_seen){ "111", "", NOW + 5 }, 1));
	ck_ok(dat_device_forget(test_conn, NOW + 3, 10, &count));
	ck_assert_int_eq(count, 2);
	ck_ok(dat_device_get(test_conn, dev, &d));
}
END_TEST

static int last_relay(const struct dat_relay *y, void *arg)
{
	*(struct dat_relay *)arg = *y;
	return HWS_OK;
}

START_TEST(relays_are_kept)
{
	struct dat_relay y = {
		.name = "Relay 1", .host = "relay-1.example", .port = 21117, .weight = 100
	};
	struct dat_relay other = {
		.name = "Another", .host = "relay-2.example", .port = 21117, .weight = 100
	};
	struct dat_relay got;
	int64_t total = 0;

	ck_ok(dat_relay_add(test_conn, &y, NOW, y.guid));
	ck_ok(hws_str_copy(y.name, sizeof(y.name), "relay 1"));
	ck_assert_int_eq(dat_relay_add(test_conn, &y, NOW, got.guid), HWS_ERR_EXISTS);
	y.state = DAT_RELAY_DRAIN;
	ck_ok(dat_relay_change(test_conn, &y, NOW + 1));
	ck_ok(dat_relay_list(
			test_conn, "LAY", (struct dat_page){ 0, 10 }, last_relay, &got, &total));
	ck_assert_int_eq(total, 1);
	ck_assert_int_eq(got.state, DAT_RELAY_DRAIN);
	ck_assert_int_eq(got.updated_at, NOW + 1);
	ck_ok(dat_relay_add(test_conn, &other, NOW, other.guid));
	ck_ok(dat_relay_list(test_conn, "", (struct dat_page){ 0, 10 }, last_relay, &got, &total));
	ck_assert_str_eq(got.guid, y.guid);
	ck_ok(dat_relay_list(test_conn, "", (struct dat_page){ .limit = 10, .down = true },
			last_relay, &got, &total));
	ck_assert_str_eq(got.guid, other.guid);
	y.port = 0;
	ck_assert_int_eq(dat_relay_change(test_conn, &y, NOW), HWS_ERR_INVAL);
	ck_ok(dat_relay_remove(test_conn, y.guid));
	ck_assert_int_eq(dat_relay_get(test_conn, y.guid, &got), HWS_ERR_NOTFOUND);
}
END_TEST

int main(void)
{
	return test_engines_main("admin_reports",
			TESTS(a_heartbeat_finds_its_device, a_connection_is_ended_until_it_is_gone,
					all_are_ended_but_not_those_that_come_later,
					the_latest_word_on_connections_holds,
					a_connection_from_its_beginning_to_its_end,
					what_nobody_closes_is_lost, open_ones_are_listed_in_pages,
					an_account_is_found_by_its_reference,
					files_and_alarms_are_kept,
					a_report_that_comes_twice_is_known,
					changes_are_heard_once_and_in_order, one_holds_a_lease,
					what_is_shown_beside_a_device, relays_are_kept));
}
