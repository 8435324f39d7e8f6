/* Notices on their way to a real mail server (with STARTTLS, TLS, log-in, refusals) and to a web
 * server, sent by the thread that hawser-api has. */
#include "admin/data/alarms.h"
#include "admin/data/smtp.h"
#include "admin/data/webhooks.h"
#include "admin/notify/message.h"
#include "admin/notify/sender.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "tests/component/reach/certificate.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "a secret of the test"

static struct test_proc catcher;
static char dir[256], cert[320], key[320];
static unsigned long smtp_port, web_port;
static struct sql_db *db;
static struct dat_keys *keys;
static struct ntf_conf conf;
static struct ntf_sender *sender;

static int64_t now(void)
{
	return (int64_t)(hws_wall_us() / 1000);
}

static struct sql_conn *take(void)
{
	struct sql_conn *c = NULL;

	ck_assert_int_eq(sql_take(db, &c), HWS_OK);
	return c;
}

static void set_up(void)
{
	struct hws_error err = { 0 };
	char path[300];

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	test_dir(dir, sizeof(dir));
	certificate_make(dir, "IP:127.0.0.1", cert, key);
	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/keys", dir), HWS_OK);
	ck_assert_int_eq(dat_keys_open(path, &keys, &err), HWS_OK);
	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/api.db", dir), HWS_OK);
	ck_assert_int_eq(sql_open(&(struct sql_place){ .path = path, .connections = 4 }, &db, &err),
			HWS_OK);
	conf = (struct ntf_conf){ .db = db,
		.keys = keys,
		.server_name = "test server",
		.ca_file = cert,
		.private_webhooks = true };
}

static void tear_down(void)
{
	ntf_sender_free(sender);
	sender = NULL;
	(void)test_proc_stop(&catcher);
	sql_close(db);
	dat_keys_free(keys);
}

static void catch_with(const char *needs, const char *answer)
{
	const char *const argv[] = { "/usr/bin/python3",
		SOURCE_DIR "/tests/component/notify/catcher.py", cert, key, needs, answer, NULL };
	const char *line;

	test_proc_start(&catcher, argv, NULL);
	line = test_proc_must_expect(&catcher, "ready ", 60000);
	smtp_port = test_line_number(line, "smtp=");
	web_port = test_line_number(line, "web=");
}

static void mail_by(enum dat_smtp_security security, const char *user, const char *password)
{
	struct dat_smtp s = { .enabled = true,
		.host = "127.0.0.1",
		.port = (uint16_t)smtp_port,
		.security = security,
		.from = "hawser@server.example",
		.to = { "ops@example.org" },
		.n_to = 1,
		.alarms = ~0u };
	struct sql_conn *c = take();

	ck_assert_int_eq(hws_str_copy(s.user, sizeof(s.user), user), HWS_OK);
	ck_assert_int_eq(dat_smtp_store(c, keys, &s, "me", now()), HWS_OK);
	ck_assert_int_eq(dat_smtp_set_password(c, keys, password, "me", now()), HWS_OK);
	sql_give(c);
}

static void start(void)
{
	struct hws_error err = { 0 };

	ck_assert_int_eq(ntf_sender_new(&conf, &sender, &err), HWS_OK);
}

/* What the next line of this kind has. */
static json_t *caught(const char *kind)
{
	const char *line = test_proc_must_expect(&catcher, kind, 60000);
	char copy[20000];
	size_t n;
	json_t *o;

	line += strlen(kind);
	/* the whole line has come when its end is there */
	while (!strchr(line, '\n'))
		line = test_proc_must_expect(&catcher, "\n", 60000);
	n = strcspn(line, "\n");
	ck_assert_uint_lt(n, sizeof(copy));
	memcpy(copy, line, n);
	copy[n] = '\0';
	o = json_loads(copy, 0, NULL);
	ck_assert_msg(o != NULL, "%s", copy);
	return o;
}

static const char *text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

static void raise(const char *about)
{
	const struct dat_alarm a = { .kind = DAT_ALARM_BRUTE_FORCE,
		.about = about,
		.text = "Somebody guesses the password of \xc3\x84nn.",
		.account = "\xc3\x84nn",
		.ip = "203.0.113.9" };
	struct sql_conn *c = take();
	bool told = false;

	ck_assert_int_eq(dat_alarm_raise(c, keys, &a, now(), &told), HWS_OK);
	ck_assert(told);
	sql_give(c);
	if (sender)
		ntf_sender_wake(sender);
}

static bool counted(void *arg)
{
	const struct dat_notice_figures *want = arg;
	struct dat_notice_figures is = { -1, -1 };
	struct sql_conn *c = take();

	ck_assert_int_eq(dat_notice_count(c, &is), HWS_OK);
	sql_give(c);
	return is.waiting == want->waiting && is.given_up == want->given_up;
}

static void must_become(int64_t waiting, int64_t given_up)
{
	struct dat_notice_figures want = { waiting, given_up };

	ck_assert_msg(test_until(counted, &want, TEST_PATIENCE_MS), "waiting or given up");
}

START_TEST(a_mail_goes_out_by_starttls_with_a_login)
{
	json_t *m;

	catch_with("starttls", NULL);
	mail_by(DAT_SMTP_STARTTLS, "hawser", "let me in");
	start();
	raise("\xc3\x84nn");
	m = caught("mail ");
	ck_assert(json_is_true(json_object_get(m, "tls")));
	ck_assert_str_eq(text(m, "user"), "hawser");
	ck_assert_str_eq(text(m, "from"), "hawser@server.example");
	ck_assert_ptr_nonnull(strstr(text(m, "text"), "To: <ops@example.org>\r\n"));
	/* "Passwords are being guessed: Änn" */
	ck_assert_ptr_nonnull(strstr(text(m, "text"),
			"Subject: =?UTF-8?B?UGFzc3dvcmRzIGFyZSBiZWluZyBndWVzc2VkOiDDhG5u?=\r\n"));
	ck_assert_ptr_nonnull(strstr(text(m, "text"), "\r\n\r\nU29tZWJvZHkgZ3Vlc3Nlcy"));
	json_decref(m);
	must_become(0, 0);
}
END_TEST

START_TEST(a_mail_goes_out_by_tls)
{
	json_t *m;

	catch_with("tls", NULL);
	mail_by(DAT_SMTP_TLS, "", "");
	start();
	raise("x");
	m = caught("mail ");
	ck_assert(json_is_true(json_object_get(m, "tls")));
	json_decref(m);
	must_become(0, 0);
}
END_TEST

START_TEST(without_tls_nothing_is_sent_that_was_to_be_encrypted)
{
	struct hws_error err = { 0 };

	catch_with("none", NULL);
	mail_by(DAT_SMTP_STARTTLS, "", "");
	ck_assert_int_eq(ntf_test_mail(&conf, "a@example.org", &err), HWS_ERR_CRYPTO);
	mail_by(DAT_SMTP_PLAIN, "hawser", "let me in");
	ck_assert_int_eq(ntf_test_mail(&conf, "a@example.org", &err), HWS_ERR_INVAL);
	mail_by(DAT_SMTP_PLAIN, "", "");
	ck_assert_msg(ntf_test_mail(&conf, "a@example.org", &err) == HWS_OK, "%s", err.text);
	json_decref(caught("mail "));
}
END_TEST

START_TEST(a_certificate_of_somebody_else_and_a_wrong_password)
{
	struct hws_error err = { 0 };

	catch_with("starttls", NULL);
	mail_by(DAT_SMTP_STARTTLS, "hawser", "wrong");
	ck_assert_int_eq(ntf_test_mail(&conf, "a@example.org", &err), HWS_ERR_PASSWORD);
	ck_assert_msg(strstr(err.text, "535 5.7.8") != NULL, "%s", err.text);
	conf.ca_file = NULL;
	ck_assert_int_eq(ntf_test_mail(&conf, "a@example.org", &err), HWS_ERR_CRYPTO);
}
END_TEST

START_TEST(what_is_refused_for_good_is_given_up_else_it_waits)
{
	struct sql_conn *c;

	catch_with("none", "550 no such\x01 person");
	mail_by(DAT_SMTP_PLAIN, "", "");
	start();
	c = take();
	ck_assert_int_eq(dat_notice_mail(c, keys, "refuse@example.org", "s", "b", now()), HWS_OK);
	sql_give(c);
	must_become(0, 1);
	(void)test_proc_stop(&catcher);
	memset(&catcher, 0, sizeof(catcher));
	catch_with("none", "450 later");
	mail_by(DAT_SMTP_PLAIN, "", "");
	c = take();
	ck_assert_int_eq(dat_notice_mail(c, keys, "refuse@example.org", "s", "b", now()), HWS_OK);
	ck_assert_int_eq(dat_notice_mail(c, keys, "taken@example.org", "s", "b", now()), HWS_OK);
	sql_give(c);
	json_decref(caught("mail ")); /* one that waits holds up nobody */
	must_become(1, 1);
}
END_TEST

static void hook(const char *at, char guid[DAT_GUID_TEXT])
{
	char url[80];
	struct dat_webhook_change in = {
		.name = at, .url = url, .secret = SECRET, .enabled = 1, .alarms = ~0u & 0x1f
	};
	struct sql_conn *c = take();

	ck_assert_int_eq(hws_fmt(url, sizeof(url), "http://127.0.0.1:%lu%s", web_port, at), HWS_OK);
	ck_assert_int_eq(dat_webhook_add(c, keys, &in, now(), guid), HWS_OK);
	sql_give(c);
}

static struct dat_webhook look(const char *guid)
{
	struct sql_conn *c = take();
	struct dat_webhook w;

	ck_assert_int_eq(dat_webhook_get(c, guid, &w), HWS_OK);
	sql_give(c);
	return w;
}

START_TEST(a_webhook_is_called_with_a_signature)
{
	char good[DAT_GUID_TEXT], away[DAT_GUID_TEXT];
	struct hws_error err = { 0 };
	json_t *o, *body;

	catch_with("none", NULL);
	hook("/hook", good);
	start();
	raise("\xc3\x84nn");
	o = caught("call ");
	body = json_object_get(o, "body");
	ck_assert(json_is_true(json_object_get(o, "signed")));
	ck_assert_str_eq(text(body, "alarm"), "brute_force");
	ck_assert_str_eq(text(body, "account"), "\xc3\x84nn");
	ck_assert_str_eq(text(body, "server"), "test server");
	ck_assert_str_eq(text(body, "ip"), "203.0.113.9");
	json_decref(o);
	must_become(0, 0);
	ck_assert_str_eq(look(good).last_text, "taken");
	/* who is away, or points elsewhere, has not taken it */
	hook("/away", away);
	ck_assert_int_eq(ntf_test_webhook(&conf, away, &err), HWS_ERR_REFUSED);
	ck_assert_int_eq(look(away).failures, 1);
	ck_assert_str_eq(look(away).last_text, "it answers with status 503");
	hook("/elsewhere", away);
	ck_assert_int_eq(ntf_test_webhook(&conf, away, &err), HWS_ERR_REFUSED);
}
END_TEST

/* Names and numbers of this machine and of inner networks. */
static const char *const inner[] = { "http://127.0.0.1:%lu/", "http://localhost:%lu/",
	"http://[::1]:%lu/", "http://[::ffff:127.0.0.1]:%lu/", "http://0.0.0.0:%lu/",
	"http://2130706433:%lu/", "http://169.254.169.254:%lu/latest/", "http://10.0.0.1:%lu/",
	"http://192.168.1.1:%lu/", "http://[fe80::1]:%lu/", "http://[fd00::1]:%lu/" };

START_TEST(webhooks_do_not_reach_inside_unless_allowed)
{
	char url[100], guid[DAT_GUID_TEXT], name[16];
	struct hws_error err = { 0 };

	catch_with("none", NULL);
	conf.private_webhooks = false;
	for (size_t i = 0; i < HWS_COUNT(inner); i++) {
		struct dat_webhook_change in = {
			.name = name, .url = url, .alarms = 0, .enabled = 1
		};
		struct sql_conn *c = take();

		ck_assert_int_eq(hws_fmt(name, sizeof(name), "%zu", i), HWS_OK);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		ck_assert_int_eq(hws_fmt(url, sizeof(url), inner[i], web_port), HWS_OK);
#pragma GCC diagnostic pop
		ck_assert_int_eq(dat_webhook_add(c, keys, &in, now(), guid), HWS_OK);
		sql_give(c);
		ck_assert_msg(ntf_test_webhook(&conf, guid, &err) == HWS_ERR_DENIED, "%s: %s", url,
				err.text);
	}
	/* a call is said before it is answered */
	ck_assert_ptr_null(test_proc_expect(&catcher, "call ", 200));
}
END_TEST

START_TEST(headers_cannot_be_put_in)
{
	struct dat_notice n = { .kind = "mail",
		.subject = "a\r\nBcc: x@y",
		.rcpt = "a@b",
		.body_secret = ".\r\n.\r\nQUIT\r\n" };
	struct hws_buf out;
	const char *all;

	hws_buf_init(&out, NTF_MESSAGE_MAX);
	ck_assert_int_eq(ntf_message(&n, "h@s", "name", &out), HWS_OK);
	hws_buf_put_u8(&out, 0);
	all = (const char *)hws_buf_bytes(&out).ptr;
	ck_assert_ptr_null(strstr(all, "Bcc"));
	ck_assert_ptr_null(strstr(all, "QUIT"));
	for (const char *line = all; line; line = strstr(line + 1, "\r\n"))
		ck_assert_uint_le(strcspn(line + 2, "\r"), 100);
	hws_buf_reset(&out);
	ck_assert_int_eq(hws_str_copy(n.rcpt, sizeof(n.rcpt), "a@b>\r\nX: y"), HWS_OK);
	ck_assert_int_eq(ntf_message(&n, "h@s", "name", &out), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_str_copy(n.rcpt, sizeof(n.rcpt), "a@b"), HWS_OK);
	ck_assert_int_eq(hws_str_copy(n.kind, sizeof(n.kind), "relay_down"), HWS_OK);
	ck_assert_int_eq(ntf_message(&n, "h@s", "name", &out), HWS_ERR_CORRUPT);
	hws_buf_done(&out);
}
END_TEST

/* HMAC-SHA-256, as openssl has it. */
START_TEST(the_signature_is_what_others_compute)
{
	char is[NTF_SIGNATURE_TEXT];

	ck_assert_int_eq(
			ntf_signature("key", 1790000000,
					hws_bytes_str("The quick brown fox jumps over the lazy dog"),
					is, sizeof(is)),
			HWS_OK);
	/* openssl dgst -sha256 -hmac key, of "1790000000." and the text */
	ck_assert_str_eq(is,
			"sha256=7f93572e0537485da904ec245a19f0599308dac23ad695ee09a9d97d052d9599");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("notify");
	TCase *c = test_case(s, "notify", 60,
			TESTS(a_mail_goes_out_by_starttls_with_a_login, a_mail_goes_out_by_tls,
					without_tls_nothing_is_sent_that_was_to_be_encrypted,
					a_certificate_of_somebody_else_and_a_wrong_password,
					what_is_refused_for_good_is_given_up_else_it_waits,
					a_webhook_is_called_with_a_signature,
					webhooks_do_not_reach_inside_unless_allowed,
					headers_cannot_be_put_in,
					the_signature_is_what_others_compute));

	tcase_add_checked_fixture(c, set_up, tear_down);
	return test_suite_run(s);
}
