/* What hawser-api notices: servers that have stopped to answer, once each; not those that never
 * did, nor those that answer again. */
#include "admin/api/alarms.h"
#include "admin/api/fleet.h"
#include "admin/api/recordings.h"
#include "admin/data/notices.h"
#include "admin/data/smtp.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct adi_app *app;
static struct adi_fleet_state *before, *now;
static char folder[60], path[100];

static void begin(void)
{
	static struct dat_smtp s = { .enabled = true,
		.host = "mail.example",
		.port = 25,
		.from = "h@example.org",
		.to = { "ops@example.org" },
		.n_to = 1,
		.alarms = ~0u };
	struct hws_error err = { 0 };

	app = calloc(1, sizeof(*app));
	before = calloc(1, sizeof(*before));
	now = calloc(1, sizeof(*now));
	ck_ok(hws_str_copy(folder, sizeof(folder), "/tmp/hawser-alarms-XXXXXX"));
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_ok(hws_fmt(path, sizeof(path), "%s/keys", folder));
	ck_ok(dat_keys_open(path, &app->keys, &err));
	app->db = test_db;
	ck_ok(hws_str_copy(app->server_name, sizeof(app->server_name), "here"));
	ck_ok(dat_smtp_store(test_conn, app->keys, &s, "me", adi_now()));
}

static void end(void)
{
	dat_keys_free(app->keys);
	free(app);
	free(before);
	free(now);
	unlink(path);
	rmdir(folder);
}

static int64_t told(const char *kind)
{
	int64_t n = -1;

	ck_ok(sql_number(test_conn, "SELECT count(*) FROM notice WHERE kind = $1",
			SQL_P(SQL_T(kind)), &n));
	return n;
}

static void relay(struct adi_fleet_state *st, const char *address, bool alive)
{
	struct adi_relay_state *y = &st->relay[st->relays++];

	ck_ok(hws_str_copy(y->address, sizeof(y->address), address));
	y->alive = alive;
}

START_TEST(who_stops_to_answer_is_told_of_once)
{
	begin();
	now->rendezvous_set = true;
	relay(now, "r1:21117", false);
	adi_alarm_fleet(app, before, now); /* never seen alive */
	ck_assert_int_eq(told("node_down"), 0);
	ck_assert_int_eq(told("relay_down"), 0);
	before->rendezvous_alive = true;
	relay(before, "r0:21117", true);
	relay(before, "r1:21117", true);
	relay(now, "r0:21117", true);
	adi_alarm_fleet(app, before, now);
	adi_alarm_fleet(app, before, now); /* it flaps */
	ck_assert_int_eq(told("node_down"), 1);
	ck_assert_int_eq(told("relay_down"), 1);
	end();
}
END_TEST

START_TEST(a_certificate_is_told_of_once_a_day)
{
	int64_t at = adi_now();

	begin();
	adi_alarm_certificate(app, test_conn, 0, at);
	adi_alarm_certificate(app, test_conn, at + 20 * DAT_DAY_MS, at);
	ck_assert_int_eq(told("certificate"), 0);
	adi_alarm_certificate(app, test_conn, at + 3 * DAT_DAY_MS, at);
	adi_alarm_certificate(app, test_conn, at - DAT_DAY_MS, at);
	ck_assert_int_eq(told("certificate"), 1);
	end();
}
END_TEST

/* What is there, and what may be: of the whole a tenth is left, or not quite. */
START_TEST(room_that_ends_is_told_of_once_an_hour)
{
	struct adi_recordings rs = { .max = 1000, .on = true };
	struct dat_recording rec = { .stored = 890, .parts = 1 };
	int64_t n = 0;

	begin();
	ck_ok(hws_str_copy(rs.place.folder, sizeof(rs.place.folder), "/tmp"));
	app->recordings = &rs;
	ck_ok(hws_str_copy(rec.device_id, sizeof(rec.device_id), "123456789"));
	ck_ok(hws_str_copy(rec.file, sizeof(rec.file), "a.webm"));
	ck_ok(dat_recording_begin(test_conn, &rec, adi_now(), rec.guid));
	ck_ok(sql_change(test_conn, "UPDATE recording SET stored = 890", SQL_NONE, &n));
	ck_ok(adi_alarm_recordings(app, test_conn));
	ck_assert_int_eq(told("recordings"), 0);
	ck_ok(sql_change(test_conn, "UPDATE recording SET stored = 900", SQL_NONE, &n));
	ck_ok(adi_alarm_recordings(app, test_conn));
	ck_ok(adi_alarm_recordings(app, test_conn));
	ck_assert_int_eq(told("recordings"), 1);
	/* fuller than full, as after a lower limit, and then nothing is kept any more */
	rs.max = 500;
	ck_ok(sql_change(test_conn, "UPDATE alarm_said SET said_at = said_at - 3600001", SQL_NONE,
			&n));
	ck_ok(adi_alarm_recordings(app, test_conn));
	ck_assert_int_eq(told("recordings"), 2);
	rs.on = false;
	ck_ok(sql_change(test_conn, "UPDATE alarm_said SET said_at = said_at - 3600001", SQL_NONE,
			&n));
	ck_ok(adi_alarm_recordings(app, test_conn));
	ck_assert_int_eq(told("recordings"), 2);
	end();
}
END_TEST

START_TEST(a_device_is_new_once)
{
	char guid[DAT_GUID_TEXT];

	begin();
	ck_ok(adi_device_register(app, test_conn, "1", "u", true, "203.0.113.1", guid));
	ck_ok(adi_device_register(app, test_conn, "1", "u", true, "203.0.113.1", guid));
	ck_assert_int_eq(adi_device_register(app, test_conn, "1", "other", true, "", guid),
			HWS_ERR_DENIED);
	ck_assert_int_eq(told("new_device"), 1);
	adi_alarm_reported(app, test_conn, 0, "1", "2", ""); /* of no kind that is told */
	ck_assert_int_eq(told("brute_force"), 0);
	adi_alarm_reported(app, test_conn, 2, "1", "x\r\n\x01", "203.0.113.2");
	ck_assert_int_eq(told("brute_force"), 1);
	end();
}
END_TEST

int main(void)
{
	return test_engines_main("api alarms",
			TESTS(who_stops_to_answer_is_told_of_once,
					a_certificate_is_told_of_once_a_day,
					room_that_ends_is_told_of_once_an_hour,
					a_device_is_new_once));
}
