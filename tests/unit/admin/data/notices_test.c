/* Notices: the queue that several nodes share, alarms and how often they are told, webhooks, the
 * mail server's settings. On both engines. */
#include "admin/data/alarms.h"
#include "admin/data/notices.h"
#include "admin/data/settings.h"
#include "admin/data/smtp.h"
#include "admin/data/webhooks.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW 1790000000000ll
#define MINUTE 60000ll

static struct dat_keys *keys;
static char folder[60], path[100];

static void begin(void)
{
	struct hws_error err = { 0 };

	ck_ok(hws_str_copy(folder, sizeof(folder), "/tmp/hawser-notices-XXXXXX"));
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_ok(hws_fmt(path, sizeof(path), "%s/keys", folder));
	ck_ok(dat_keys_open(path, &keys, &err));
}

static void end(void)
{
	dat_keys_free(keys);
	unlink(path);
	rmdir(folder);
}

static void mail_server(unsigned alarms)
{
	struct dat_smtp s = { .enabled = true,
		.host = "mail.example",
		.port = 25,
		.from = "hawser@example.org",
		.to = { "a@example.org", "b@example.org" },
		.n_to = 2,
		.alarms = alarms };

	ck_ok(dat_smtp_store(test_conn, keys, &s, "ann", NOW));
}

static int64_t number(const char *sql)
{
	int64_t n = -1;

	ck_ok(sql_number(test_conn, sql, SQL_NONE, &n));
	return n;
}

static bool raise(enum dat_alarm_kind kind, const char *about, int64_t now)
{
	const struct dat_alarm a = { .kind = kind, .about = about, .text = "text" };
	bool told = false;

	ck_ok(dat_alarm_raise(test_conn, keys, &a, now, &told));
	return told;
}

START_TEST(a_notice_is_taken_by_one)
{
	struct sql_conn *other = test_conn_take();
	struct dat_notice n, m;

	begin();
	ck_assert_int_eq(dat_notice_mail(test_conn, keys, "no address", "s", "b", NOW),
			HWS_ERR_INVAL);
	ck_assert_int_eq(dat_notice_mail(test_conn, keys, "a@b\r\nX: y", "s", "b", NOW),
			HWS_ERR_INVAL);
	ck_assert_int_eq(dat_notice_mail(test_conn, keys, "a@b", "s\nX: y", "b", NOW),
			HWS_ERR_INVAL);
	ck_ok(dat_notice_mail(test_conn, keys, "a@b", "Your code", "It is 123456\n", NOW));
	ck_assert_int_eq(dat_notice_take(test_conn, keys, NOW - 1, NOW, &n), HWS_ERR_NOTFOUND);
	ck_ok(dat_notice_take(test_conn, keys, NOW, NOW + MINUTE, &n));
	ck_assert_str_eq(n.body_secret, "It is 123456\n");
	ck_assert_str_eq(n.subject, "Your code");
	ck_assert_int_eq(n.tries, 1);
	/* what is in the database is sealed */
	ck_assert_int_eq(number("SELECT count(*) FROM notice WHERE body_enc LIKE '%123456%'"), 0);
	ck_assert_int_eq(dat_notice_take(other, keys, NOW, NOW + MINUTE, &m), HWS_ERR_NOTFOUND);
	/* who took it has ended: it comes again */
	ck_ok(dat_notice_take(other, keys, NOW + MINUTE, NOW + 2 * MINUTE, &m));
	ck_assert_str_eq(m.guid, n.guid);
	ck_ok(dat_notice_sent(other, m.guid, NOW));
	ck_assert_int_eq(dat_notice_take(test_conn, keys, NOW + DAT_DAY_MS, NOW, &n),
			HWS_ERR_NOTFOUND);
	ck_ok(dat_notice_sweep(test_conn, NOW + 1));
	ck_assert_int_eq(number("SELECT count(*) FROM notice"), 0);
	sql_give(other);
	end();
}
END_TEST

START_TEST(what_fails_is_tried_again_and_given_up)
{
	struct dat_notice_figures f;
	struct dat_notice n;
	int64_t now = NOW, wait = 0;

	begin();
	ck_ok(dat_notice_mail(test_conn, keys, "a@b", "s", "b", NOW));
	for (int i = 1; i <= DAT_NOTICE_TRIES; i++) {
		ck_ok(dat_notice_take(test_conn, keys, now, now + MINUTE, &n));
		ck_assert_int_eq(n.tries, i);
		ck_ok(dat_notice_failed(test_conn, n.guid, "away\r\nEvil: 1", false, now));
		wait = number("SELECT next_at FROM notice") - now;
		ck_assert_int_eq(wait, HWS_MIN(30000ll << (i - 1), 3600000ll));
		ck_assert_int_eq(dat_notice_take(test_conn, keys, now + wait - 1, now, &n),
				HWS_ERR_NOTFOUND);
		now += wait;
	}
	ck_assert_int_eq(dat_notice_take(test_conn, keys, now + DAT_DAY_MS, now, &n),
			HWS_ERR_NOTFOUND);
	ck_ok(dat_notice_count(test_conn, &f));
	ck_assert_int_eq(f.given_up, 1);
	/* refused for good: at once; and one that was only put off loses no try */
	ck_ok(dat_notice_mail(test_conn, keys, "a@b", "s", "b", now));
	ck_ok(dat_notice_take(test_conn, keys, now, now + MINUTE, &n));
	ck_ok(dat_notice_put_off(test_conn, n.guid, now + 5));
	ck_ok(dat_notice_take(test_conn, keys, now + 5, now + MINUTE, &n));
	ck_assert_int_eq(n.tries, 1);
	ck_ok(dat_notice_failed(test_conn, n.guid, "no", true, now));
	ck_ok(dat_notice_count(test_conn, &f));
	ck_assert_int_eq(f.given_up, 2);
	ck_assert_int_eq(f.waiting, 0);
	end();
}
END_TEST

START_TEST(an_alarm_is_told_once_in_a_while)
{
	struct dat_notice n;

	begin();
	ck_assert(!raise(DAT_ALARM_RELAY_DOWN, "relay-1", NOW)); /* nobody wants it */
	mail_server(1u << DAT_ALARM_RELAY_DOWN);
	ck_assert(!raise(DAT_ALARM_NEW_DEVICE, "1", NOW));
	ck_assert(raise(DAT_ALARM_RELAY_DOWN, "relay-1", NOW)); /* now somebody does */
	ck_assert(raise(DAT_ALARM_RELAY_DOWN, "relay-2", NOW));
	ck_assert_int_eq(number("SELECT count(*) FROM notice"), 4); /* to both */
	for (int i = 0; i < 5; i++)
		ck_assert(!raise(DAT_ALARM_RELAY_DOWN, "relay-2", NOW + i));
	ck_assert(raise(DAT_ALARM_RELAY_DOWN, "other", NOW + 1));
	ck_assert(raise(DAT_ALARM_RELAY_DOWN, "relay-2", NOW + DAT_ALARM_QUIET_MS));
	ck_assert_int_eq(number("SELECT count(*) FROM notice"), 8);
	ck_ok(sql_run(test_conn, "DELETE FROM notice WHERE created_at < $1",
			SQL_P(SQL_I(NOW + DAT_ALARM_QUIET_MS))));
	ck_ok(dat_notice_take(test_conn, keys, NOW + DAT_DAY_MS, NOW + DAT_DAY_MS + 1, &n));
	ck_assert_str_eq(n.subject, "A relay does not answer: relay-2");
	/* when, how often meanwhile, what */
	ck_assert_ptr_nonnull(strstr(n.body_secret, "\n5\nrelay-2\n"));
	ck_ok(dat_alarm_sweep(test_conn, NOW + DAT_DAY_MS));
	ck_assert_int_eq(number("SELECT count(*) FROM alarm_said"), 0);
	end();
}
END_TEST

START_TEST(codes_go_before_alarms)
{
	struct dat_notice n;

	begin();
	mail_server(~0u);
	ck_assert(raise(DAT_ALARM_NEW_DEVICE, "1", NOW));
	ck_ok(dat_notice_mail(test_conn, keys, "a@b", "code", "1", NOW + 5));
	ck_ok(dat_notice_take(test_conn, keys, NOW + 9, NOW + MINUTE, &n));
	ck_assert_str_eq(n.subject, "code");
	/* given up: nobody needs what was in it */
	ck_ok(dat_notice_failed(test_conn, n.guid, "no", true, NOW));
	ck_assert_int_eq(number("SELECT count(*) FROM notice WHERE state = 2 AND body_enc <> ''"),
			0);
	end();
}
END_TEST

START_TEST(a_flood_of_alarms_is_told_together)
{
	const int more = 63;
	struct dat_notice n;
	char about[40];
	bool told;

	begin();
	mail_server(~0u);
	for (int i = 0; i < DAT_ALARM_DEVICES + more; i++) {
		ck_ok(hws_fmt(about, sizeof(about), "device %d", i));
		ck_assert(raise(DAT_ALARM_NEW_DEVICE, about, NOW + i) == (i < DAT_ALARM_DEVICES));
	}
	/* alarms count, not who gets them */
	ck_assert_int_eq(number("SELECT count(*) FROM notice"), DAT_ALARM_DEVICES * 2);
	/* nothing of it stands in the way of another kind */
	ck_assert(raise(DAT_ALARM_BRUTE_FORCE, "ann", NOW + more));
	ck_ok(sql_run(test_conn, "DELETE FROM notice", SQL_NONE));
	ck_ok(dat_alarm_tell_gathered(test_conn, keys, NOW + MINUTE / 2, &told));
	ck_assert(!told);
	ck_ok(dat_alarm_tell_gathered(test_conn, keys, NOW + 2 * MINUTE, &told));
	ck_assert(told);
	ck_assert_int_eq(number("SELECT count(*) FROM notice"), 2);
	ck_ok(dat_notice_take(test_conn, keys, NOW + 2 * MINUTE, NOW + DAT_DAY_MS, &n));
	ck_assert_str_eq(n.subject, "A new device: 63 new devices");
	ck_assert_ptr_nonnull(strstr(n.body_secret, "\n0\n63 new devices\n"));
	/* once, and the next after a while */
	ck_ok(dat_alarm_tell_gathered(test_conn, keys, NOW + 40 * MINUTE, &told));
	ck_assert(!told);
	ck_assert(!raise(DAT_ALARM_NEW_DEVICE, "one more", NOW + 41 * MINUTE));
	ck_ok(dat_alarm_tell_gathered(test_conn, keys, NOW + 42 * MINUTE, &told));
	ck_assert(told);
	ck_assert(raise(DAT_ALARM_NEW_DEVICE, "later", NOW + 61 * MINUTE));
	end();
}
END_TEST

START_TEST(odd_texts_do_not_lose_an_alarm)
{
	char longer[5000];
	const struct dat_alarm a = { .kind = DAT_ALARM_BRUTE_FORCE,
		.about = "x\r\nBcc: everybody\x01\xff",
		.text = longer,
		.device_id = "\n\n\n",
		.ip = longer };
	struct dat_notice n;
	unsigned lines = 1;
	bool told;

	begin();
	mail_server(~0u);
	memset(longer, 0xc3, sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_ok(dat_alarm_raise(test_conn, keys, &a, NOW, &told));
	ck_assert(told);
	ck_ok(dat_notice_take(test_conn, keys, NOW, NOW + 1, &n));
	ck_assert_ptr_null(strpbrk(n.subject, "\r\n"));
	for (const char *p = n.body_secret; *p; p++)
		lines += *p == '\n';
	ck_assert_uint_eq(lines, 7);
	end();
}
END_TEST

static int count_hook(const struct dat_webhook *w, void *arg)
{
	(void)w;
	++*(int *)arg;
	return HWS_OK;
}

static void move_hook(const char *guid, const char *url, const char *given,
		char secret[DAT_HOOK_SECRET_TEXT])
{
	struct dat_webhook_change ch = { .url = url, .secret = given, .enabled = -1, .alarms = -1 };

	ck_ok(dat_webhook_change(test_conn, keys, guid, &ch, NOW + 5));
	ck_ok(dat_webhook_secret(test_conn, keys, guid, secret));
}

START_TEST(webhooks_from_making_to_removal)
{
	const unsigned relay = 1u << DAT_ALARM_RELAY_DOWN;
	char guid[DAT_GUID_TEXT], secret[DAT_HOOK_SECRET_TEXT];
	struct dat_webhook_change in = {
		.name = "Chat", .url = "https://chat.example/hook", .enabled = 1, .alarms = relay
	};
	struct dat_webhook w;
	struct dat_notice n;
	int64_t total;
	int seen = 0;

	begin();
	ck_ok(dat_webhook_add(test_conn, keys, &in, NOW, guid));
	ck_ok(dat_webhook_secret(test_conn, keys, guid, secret));
	ck_assert_uint_eq(strlen(secret), 64);
	ck_assert_int_eq(dat_webhook_add(test_conn, keys, &in, NOW, guid), HWS_ERR_EXISTS);
	in.name = "Two";
	in.url = "file:///etc/passwd";
	ck_assert_int_eq(dat_webhook_add(test_conn, keys, &in, NOW, guid), HWS_ERR_INVAL);
	in.url = "https://";
	ck_assert_int_eq(dat_webhook_add(test_conn, keys, &in, NOW, guid), HWS_ERR_INVAL);
	in.url = "https://x.example/ y";
	ck_assert_int_eq(dat_webhook_add(test_conn, keys, &in, NOW, guid), HWS_ERR_INVAL);
	in.url = "https://x.example/";
	in.secret = "too short";
	ck_assert_int_eq(dat_webhook_add(test_conn, keys, &in, NOW, guid), HWS_ERR_RANGE);
	ck_ok(dat_webhook_list(
			test_conn, "cha", (struct dat_page){ 0, 10 }, count_hook, &seen, &total));
	ck_assert_int_eq(seen, 1);
	ck_assert_int_eq(total, 1);
	/* it is called for what it wants */
	ck_assert(!raise(DAT_ALARM_NEW_DEVICE, "1", NOW));
	ck_assert(raise(DAT_ALARM_RELAY_DOWN, "r", NOW));
	ck_ok(dat_notice_take(test_conn, keys, NOW, NOW + 1, &n));
	ck_assert_int_eq(n.way, DAT_BY_WEBHOOK);
	ck_ok(dat_webhook_get(test_conn, n.rcpt, &w));
	ck_assert_uint_eq(w.alarms, relay);
	ck_ok(dat_webhook_called(test_conn, w.guid, false, "refused\r\n", NOW + 1));
	ck_ok(dat_webhook_called(test_conn, w.guid, false, "refused", NOW + 2));
	ck_ok(dat_webhook_get(test_conn, w.guid, &w));
	ck_assert_int_eq(w.failures, 2);
	ck_ok(dat_webhook_called(test_conn, w.guid, true, "taken", NOW + 3));
	ck_ok(dat_webhook_change(test_conn, keys, w.guid,
			&(struct dat_webhook_change){ .name = "Talk",
					.enabled = 0,
					.alarms = 3,
					.secret = "a secret of my own" },
			NOW + 4));
	ck_ok(dat_webhook_get(test_conn, w.guid, &w));
	ck_assert_str_eq(w.name, "Talk");
	ck_assert_str_eq(w.url, "https://chat.example/hook");
	ck_assert(!w.enabled && w.alarms == 3 && w.failures == 0);
	ck_ok(dat_webhook_secret(test_conn, keys, w.guid, secret));
	ck_assert_str_eq(secret, "a secret of my own");
	/* which another address does not get */
	move_hook(w.guid, "https://chat.example/hook", NULL, secret);
	ck_assert_str_eq(secret, "a secret of my own");
	move_hook(w.guid, "https://else.example/hook", NULL, secret);
	ck_assert_str_ne(secret, "a secret of my own");
	ck_assert_uint_eq(strlen(secret), 64);
	move_hook(w.guid, "https://third.example/hook", "a secret of the third", secret);
	ck_assert_str_eq(secret, "a secret of the third");
	ck_assert(!raise(DAT_ALARM_BRUTE_FORCE, "b", NOW)); /* off */
	ck_ok(dat_webhook_remove(test_conn, w.guid));
	ck_assert_int_eq(dat_webhook_remove(test_conn, w.guid), HWS_ERR_NOTFOUND);
	end();
}
END_TEST

START_TEST(the_mail_server_is_kept)
{
	char password[DAT_SMTP_PASSWORD_TEXT];
	struct dat_smtp s, wrong;

	begin();
	ck_ok(dat_smtp_load(test_conn, keys, &s));
	ck_assert(!s.enabled && s.port == 587 && s.security == DAT_SMTP_STARTTLS && !s.n_to);
	mail_server(5);
	ck_ok(dat_smtp_set_password(test_conn, keys, "pa ss", "ann", NOW));
	ck_ok(dat_smtp_load(test_conn, keys, &s));
	ck_assert(s.enabled && s.has_password && s.alarms == 5);
	ck_assert_uint_eq(s.n_to, 2);
	ck_assert_str_eq(s.to[1], "b@example.org");
	ck_ok(dat_smtp_password(test_conn, keys, password));
	ck_assert_str_eq(password, "pa ss");
	ck_assert_int_eq(number("SELECT count(*) FROM setting WHERE sval LIKE '%pa ss%'"), 0);
	wrong = s;
	ck_ok(hws_str_copy(wrong.host, sizeof(wrong.host), "host/../x"));
	ck_assert_int_eq(dat_smtp_store(test_conn, keys, &wrong, "ann", NOW), HWS_ERR_INVAL);
	wrong = s;
	ck_ok(hws_str_copy(wrong.to[0], sizeof(wrong.to[0]), "a@b\nc@d"));
	ck_assert_int_eq(dat_smtp_store(test_conn, keys, &wrong, "ann", NOW), HWS_ERR_INVAL);
	wrong = s;
	wrong.from[0] = '\0';
	ck_assert_int_eq(dat_smtp_store(test_conn, keys, &wrong, "ann", NOW), HWS_ERR_INVAL);
	ck_ok(dat_smtp_set_password(test_conn, keys, "", "ann", NOW));
	ck_ok(dat_smtp_load(test_conn, keys, &s));
	ck_assert(!s.has_password);
	end();
}
END_TEST

int main(void)
{
	return test_engines_main("notices",
			TESTS(a_notice_is_taken_by_one, what_fails_is_tried_again_and_given_up,
					an_alarm_is_told_once_in_a_while, codes_go_before_alarms,
					a_flood_of_alarms_is_told_together,
					odd_texts_do_not_lose_an_alarm,
					webhooks_from_making_to_removal, the_mail_server_is_kept));
}
