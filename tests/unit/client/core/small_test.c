/* Targets, retries, settings, known hosts, private files; main of the program. */
#include "client/core/known_peers.h"
#include "client/core/login.h"
#include "client/core/readable_text.h"
#include "client/core/retry.h"
#include "client/core/target.h"
#include "client/core/view_settings.h"
#include "shared/crypto/crypto.h"
#include "suites.h"
#include "tests/support/proc.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *text;
	bool good, direct;
	const char *name; /* id or host */
	uint16_t port;
	const char *server, *key, *username;
} targets[] = {
	{ "123456789", true, false, "123456789", 0, "", "", "123456789" },
	{ " 123 456 789 ", true, false, "123456789", 0, "", "", "123456789" },
	{ "office-pc", true, false, "office-pc", 0, "", "", "office-pc" },
	{ "123456789/r", true, false, "123456789", 0, "", "", "123456789" },
	{ "123456789@rdv.example.org", true, false, "123456789", 0, "rdv.example.org", "",
			"123456789" },
	{ "123456789@10.0.0.1:21116?key=abc=", true, false, "123456789", 0, "10.0.0.1:21116",
			"abc=", "123456789" },
	{ "192.0.2.1", true, true, "192.0.2.1", 21118, "", "", "192.0.2.1" },
	{ "192.0.2.1:5000", true, true, "192.0.2.1", 5000, "", "", "192.0.2.1:5000" },
	{ "[2001:db8::1]:5000", true, true, "2001:db8::1", 5000, "", "", "[2001:db8::1]:5000" },
	{ "2001:db8::1", true, true, "2001:db8::1", 21118, "", "", "2001:db8::1" },
	{ "host.example.org:5000", true, true, "host.example.org", 5000, "", "",
			"host.example.org:5000" },
	{ "host.example.org", true, true, "host.example.org", 21118, "", "", "" },
	{ "localhost:5000", true, true, "localhost", 5000, "", "", "" },
	{ "", false },
	{ "   ", false },
	{ "12345", false },
	{ "host:0", false },
	{ "host:99999", false },
	{ "[::1", false },
	{ "a b@", false },
	{ "123456789@", false },
	{ "123456789@host?token=x", false },
	{ "1234567890123456789012345678901234567890123456789012345678901234567890", false },
	{ "id with\nnewline", false },
	{ "-oProxyCommand=x:1", false },
};

START_TEST(targets_are_told_apart)
{
	struct hws_target t;
	struct hws_error err = { 0 };
	int r = hws_target_parse(targets[_i].text, &t, &err);

	if (!targets[_i].good) {
		ck_assert_msg(r < 0, "\"%s\" was taken", targets[_i].text);
		ck_assert_int_gt(strlen(err.text), 10);
		return;
	}
	ck_assert_msg(r == HWS_OK, "\"%s\": %s", targets[_i].text, err.text);
	ck_assert_int_eq(t.is_direct, targets[_i].direct);
	ck_assert_str_eq(t.is_direct ? t.host : t.id, targets[_i].name);
	ck_assert_str_eq(t.server, targets[_i].server);
	ck_assert_str_eq(t.key, targets[_i].key);
	ck_assert_str_eq(t.username, targets[_i].username);
	if (t.is_direct)
		ck_assert_uint_eq(t.port, targets[_i].port);
	ck_assert_int_eq(t.force_relay, strstr(targets[_i].text, "/r") != NULL);
}
END_TEST

START_TEST(a_lost_session_is_tried_again_with_growing_pauses)
{
	struct hws_retry r = { 0 };
	uint64_t delay = 0, now = 1000;

	hws_retry_ready(&r);
	ck_assert(hws_retry_next(&r, HWS_ERR_RESET, NULL, now, &delay));
	ck_assert_uint_eq(delay, 1000000);
	ck_assert(hws_retry_next(&r, HWS_ERR_REFUSED, NULL, now, &delay));
	ck_assert_uint_eq(delay, 2000000);
	for (int i = 0; i < 10; i++)
		ck_assert(hws_retry_next(&r, HWS_ERR_TIMEOUT, NULL, now, &delay));
	ck_assert_uint_eq(delay, HWS_RETRY_MOST_US);
	ck_assert(!hws_retry_next(&r, HWS_ERR_RESET, NULL, now + HWS_RETRY_GIVE_UP_US + 1, &delay));
	hws_retry_ready(&r);
	ck_assert(hws_retry_next(&r, HWS_ERR_RESET, NULL, now, &delay));
	ck_assert_uint_eq(delay, 1000000);
}
END_TEST

/* Who was let in before is told of a desktop that is being started again, in whatever words. */
START_TEST(a_desktop_that_is_gone_for_a_while_is_waited_for)
{
	static const char *const texts[] = { "The host has no usable display at the moment",
		"The desktop session is not available, try again later",
		"The desktop did not answer in time", "The desktop could not be opened",
		"No displays", "The host has no usable display at the moment: opening it failed" };
	struct hws_retry r = { 0 };
	uint64_t delay;
	char text[400];
	int err;

	ck_assert_int_eq(hws_login_verdict(texts[_i], &err, text, sizeof(text)), HWS_LOGIN_END);
	ck_assert_int_eq(err, HWS_ERR_DISPLAY);
	ck_assert(!hws_retry_next(&r, err, texts[_i], 1, &delay));
	hws_retry_ready(&r);
	ck_assert(hws_retry_next(&r, err, texts[_i], 1, &delay));
}
END_TEST

START_TEST(what_will_not_change_is_not_tried_again)
{
	struct hws_retry r = { 0 };
	uint64_t delay;

	ck_assert(!hws_retry_next(&r, HWS_ERR_REFUSED, NULL, 1, &delay));
	ck_assert(!hws_retry_next(&r, HWS_ERR_OFFLINE, NULL, 1, &delay));
	hws_retry_ready(&r);
	ck_assert(!hws_retry_next(&r, HWS_ERR_DENIED, NULL, 1, &delay));
	ck_assert(!hws_retry_next(&r, HWS_ERR_CRYPTO, NULL, 1, &delay));
	ck_assert(!hws_retry_next(&r, HWS_ERR_EOF, "Closed MANUALLY by the peer", 1, &delay));
	ck_assert(hws_retry_next(&r, HWS_ERR_EOF, "Connection reset", 1, &delay));
}
END_TEST

START_TEST(settings_are_kept_private_and_checked)
{
	char dir[200], path[300], value[200];
	struct hws_view_settings *s = NULL;
	struct hws_error err = { 0 };
	struct stat st;

	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/new/hawser.conf", dir);
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_OK);
	ck_assert_int_eq(hws_view_settings_set(s, "server", "rdv.example.org:21116", &err), HWS_OK);
	ck_assert_int_eq(hws_view_settings_set(s, "key", "nonsense", &err), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_view_settings_set(s, "no-such", "1", &err), HWS_ERR_NOTFOUND);
	ck_assert_int_lt(hws_view_settings_set(s, "quality", "superb", &err), 0);
	ck_assert_int_lt(hws_view_settings_set(s, "name", "a\nserver = evil", &err), 0);
	ck_assert_int_eq(hws_view_settings_override(s, "name", "only now", &err), HWS_OK);
	ck_assert_int_eq(hws_view_settings_set(s, "proxy-password", "secret", &err), HWS_OK);
	ck_assert_int_eq(hws_view_settings_set(s, "force-relay", "yes", &err), HWS_OK);
	hws_view_settings_free(s);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_OK);
	ck_assert_int_eq(hws_view_settings_get(s, "server", value, sizeof(value)), HWS_OK);
	ck_assert_str_eq(value, "rdv.example.org:21116");
	ck_assert_int_eq(hws_view_settings_get(s, "name", value, sizeof(value)), HWS_OK);
	ck_assert_str_eq(value, "");
	ck_assert(hws_view_settings_config(s)->force_relay);
	ck_assert_str_eq(hws_view_settings_config(s)->proxy_password_secret, "secret");
	ck_assert_int_eq(hws_view_settings_get(s, "proxy-password", value, sizeof(value)), HWS_OK);
	ck_assert_str_eq(value, "(set)");
	hws_view_settings_free(s);
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_ERR_PERM);
	ck_assert_ptr_nonnull(strstr(err.text, "chmod"));
}
END_TEST

START_TEST(known_hosts_survive_and_are_bounded)
{
	char dir[200], path[300], peers[300];
	struct hws_view_settings *s = NULL;
	struct hws_error err = { 0 };
	struct hws_known_peer p = { .has_h1 = true, .has_pk = true, .salt = "abc" };
	struct stat st;
	FILE *f;

	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/hawser.conf", dir);
	snprintf(peers, sizeof(peers), "%s/peers.json", dir);
	memset(p.h1_secret, 7, sizeof(p.h1_secret));
	memset(p.pk, 9, sizeof(p.pk));
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_OK);
	for (unsigned i = 0; i < HWS_PEERS_MAX + 5; i++) {
		snprintf(p.target, sizeof(p.target), "10000%04u", i);
		p.last_time = 1700000000 + i;
		ck_assert_int_eq(hws_view_settings_keep(s, &p, false), HWS_OK);
	}
	ck_assert_uint_eq(hws_view_settings_peer_count(s), HWS_PEERS_MAX);
	hws_view_settings_free(s);
	ck_assert_int_eq(stat(peers, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_OK);
	ck_assert_str_eq(hws_view_settings_peer_at(s, 0)->target, p.target); /* the newest */
	ck_assert_ptr_null(hws_view_settings_peer(s, "100000000", ""));
	const struct hws_known_peer *k = hws_view_settings_peer(s, "100000050", "");
	ck_assert_ptr_nonnull(k);
	ck_assert(k->has_h1 && k->has_pk && !k->trusted);
	ck_assert_mem_eq(k->h1_secret, p.h1_secret, 32);
	ck_assert_mem_eq(k->pk, p.pk, 32);
	ck_assert_str_eq(k->salt, "abc");
	ck_assert_int_eq(hws_view_settings_forget(s, "100000050"), HWS_OK);
	ck_assert_int_eq(hws_view_settings_forget(s, "100000050"), HWS_ERR_NOTFOUND);
	hws_view_settings_free(s);
	/* A damaged list is not written over. */
	f = fopen(peers, "w");
	ck_assert_ptr_nonnull(f);
	fputs("{\"peers\": [", f);
	fclose(f);
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, "peers.json"));
}
END_TEST

void golden_compare(const char *path, struct hws_bytes text)
{
	FILE *f;
	char *have;
	size_t n;

	if (getenv("HAWSER_UPDATE_GOLDEN")) {
		f = fopen(path, "w");
		ck_assert_msg(f != NULL, "cannot write %s", path);
		ck_assert_uint_eq(fwrite(text.ptr, 1, text.len, f), text.len);
		fclose(f);
		return;
	}
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s is missing; run the test once with HAWSER_UPDATE_GOLDEN=1",
			path);
	have = calloc(1, text.len + 2);
	n = fread(have, 1, text.len + 1, f);
	fclose(f);
	ck_assert_msg(n == text.len && memcmp(have, text.ptr, n) == 0,
			"the bytes on the wire have changed; if that is meant, run the test "
			"once with "
			"HAWSER_UPDATE_GOLDEN=1. Now:\n%.*s",
			(int)text.len, text.ptr);
	free(have);
}

/* --- texts for people --- */

static const struct {
	const char *in, *out;
} shown[] = {
	{ "the display \"\\x22:7999\\x22\"", "the display \"\":7999\"\"" },
	{ "die Kasse \"1\"", "die Kasse \"1\"" },
	{ "a\x1b[31mred\n", "a\\x1b[31mred\\x0a" },
	{ "\\x2", "\\x5cx2" },
	{ "bad \xff\\x1b", "bad \\xff\\x1b" },
	{ "", "" },
};

START_TEST(quotes_are_shown_as_quotes_and_nothing_else_is_let_through)
{
	char buf[64], little[6];

	ck_assert_str_eq(hws_readable_text(buf, sizeof(buf), hws_bytes_str(shown[_i].in)),
			shown[_i].out);
	hws_readable_text(little, sizeof(little), hws_bytes_str(shown[_i].in));
	ck_assert_uint_lt(strlen(little), sizeof(little));
}
END_TEST

Suite *small_suite(void)
{
	Suite *s = suite_create("core/small");
	TCase *t = tcase_create("small");

	tcase_add_loop_test(t, targets_are_told_apart, 0, (int)HWS_COUNT(targets));
	tcase_add_test(t, a_lost_session_is_tried_again_with_growing_pauses);
	tcase_add_test(t, what_will_not_change_is_not_tried_again);
	tcase_add_loop_test(t, a_desktop_that_is_gone_for_a_while_is_waited_for, 0, 6);
	tcase_add_test(t, settings_are_kept_private_and_checked);
	tcase_set_timeout(t, 60); /* many files are written */
	tcase_add_test(t, known_hosts_survive_and_are_bounded);
	tcase_add_loop_test(t, quotes_are_shown_as_quotes_and_nothing_else_is_let_through, 0,
			(int)HWS_COUNT(shown));
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *runner;
	int failed;

	if (hws_crypto_init() < 0)
		return 1;
	runner = srunner_create(viewer_suite());
	srunner_add_suite(runner, v2_suite());
	srunner_add_suite(runner, trust_suite());
	srunner_add_suite(runner, peers_suite());
	srunner_add_suite(runner, service_suite());
	srunner_add_suite(runner, small_suite());
	srunner_add_suite(runner, codec_wire_suite());
	srunner_add_suite(runner, settings_suite());
	srunner_add_suite(runner, input_suite());
	srunner_add_suite(runner, picture_suite());
	srunner_add_suite(runner, rows_suite());
	srunner_add_suite(runner, wish_suite());
	srunner_add_suite(runner, layout_suite());
	srunner_add_suite(runner, kind_suite());
	srunner_add_suite(runner, displays_suite());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
