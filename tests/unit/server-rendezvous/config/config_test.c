/* Settings: what operators of hbbs wrote is understood where it means the same, and said to be
 * ignored where it does not. */
#include "server-rendezvous/config/config.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include <check.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX 24

static struct rdv_config conf;
static struct hws_error err;
static char logged[4096];

/* As main does it: file, environment, command line, check. The log of it is in `logged`. */
static int settle(const char *text, int argc, const char *const *argv)
{
	int fd[2], rest = 0, r;
	ssize_t n;

	ck_assert_int_eq(pipe(fd), 0);
	hws_log_setup("test", HWS_LOG_TEXT, fd[1]);
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(hws_options_init(&rdv_options, &conf), HWS_OK);
	r = text ? hws_options_text(&rdv_options, &conf, "hbbs.ini", hws_bytes_str(text), &err)
		 : HWS_OK;
	if (r == HWS_OK)
		r = hws_options_env(&rdv_options, &conf, &err);
	if (r == HWS_OK)
		r = hws_options_args(
				&rdv_options, &conf, argc, (char **)(uintptr_t)argv, &rest, &err);
	if (r == HWS_OK)
		ck_assert_int_eq(rest, argc);
	if (r == HWS_OK)
		r = rdv_config_check(&conf, &err);
	hws_log_setup("test", HWS_LOG_TEXT, 2);
	close(fd[1]);
	n = read(fd[0], logged, sizeof(logged) - 1);
	logged[n > 0 ? n : 0] = 0;
	close(fd[0]);
	return r;
}

static void teardown(void)
{
	hws_options_done(&rdv_options, &conf);
}

START_TEST(the_command_line_of_hbbs_is_understood)
{
	static const char *const argv[] = { "hbbs", "-p", "31116", "-b", "127.0.0.1", "-k", "_",
		"-r", "a.example.com,b.example.com:31117", "-M", "65536", "-s", "3", "-R",
		"x.example.com", "-u", "http://example.com", "--mask", "192.168.0.0/16" };

	ck_assert_msg(settle(NULL, HWS_COUNT(argv), argv) == HWS_OK, "%s", err.text);
	ck_assert_uint_eq(conf.port, 31116);
	ck_assert_uint_eq(conf.nat_port, 31115);
	ck_assert_uint_eq(conf.ws_port, 31118);
	ck_assert_str_eq(conf.bind, "127.0.0.1");
	ck_assert_str_eq(conf.relay_servers, "a.example.com,b.example.com:31117");
	ck_assert_uint_eq(conf.rmem, 65536);
	ck_assert(!conf.open); /* "_" means the key file */
	for (size_t i = 0; i < 4; i++) {
		static const char *const ignored[] = { "serial", "rendezvous-servers",
			"software-url", "mask" };
		char line[60];

		snprintf(line, sizeof(line), "config.ignored option=%s ", ignored[i]);
		ck_assert_msg(strstr(logged, line) != NULL, "no '%s' in %s", line, logged);
	}
}
END_TEST

START_TEST(the_environment_of_hbbs_is_understood)
{
	static const char *const argv[] = { "hbbs" };
	static const char *const names[] = { "PORT", "RELAY_SERVERS", "ALWAYS_USE_RELAY", "DB_URL",
		"MAX_DATABASE_CONNECTIONS", "RMEM", "TEST_HBBS", "RUST_LOG" };

	setenv("PORT", "31116", 1);
	setenv("RELAY_SERVERS", "a.example.com", 1);
	setenv("ALWAYS_USE_RELAY", "Y", 1);
	setenv("DB_URL", "/srv/new.sqlite3", 1);
	setenv("MAX_DATABASE_CONNECTIONS", "3", 1);
	setenv("RMEM", "4096", 1);
	setenv("TEST_HBBS", "no", 1);
	setenv("RUST_LOG", "debug", 1);
	ck_assert_msg(settle(NULL, 1, argv) == HWS_OK, "%s", err.text);
	for (size_t i = 0; i < HWS_COUNT(names); i++)
		unsetenv(names[i]);
	ck_assert_uint_eq(conf.port, 31116);
	ck_assert_str_eq(conf.relay_servers, "a.example.com");
	ck_assert(conf.always_relay);
	ck_assert_str_eq(conf.store, "/srv/new.sqlite3");
	ck_assert_uint_eq(conf.store_pool, 3);
	ck_assert_uint_eq(conf.rmem, 4096);
	ck_assert_ptr_nonnull(strstr(logged, "option=test-hbbs"));
	ck_assert_ptr_nonnull(strstr(logged, "option=rust-log"));
}
END_TEST

START_TEST(the_file_of_hbbs_is_understood)
{
	static const char *const argv[] = { "hbbs" };

	ck_assert_msg(settle("port=31116\nrelay-servers=a.example.com\nkey=_\nalways-use-relay=y\n",
				      1, argv) == HWS_OK,
			"%s", err.text);
	ck_assert_uint_eq(conf.port, 31116);
	ck_assert_str_eq(conf.relay_servers, "a.example.com");
	ck_assert(conf.always_relay);
}
END_TEST

START_TEST(our_own_keys_have_a_section)
{
	static const char *const argv[] = { "hbbs" };

	ck_assert_int_lt(settle("punch-rate=1\n", 1, argv), 0);
	ck_assert_msg(strstr(err.text, "belongs in [limits]"), "%s", err.text);
}
END_TEST

START_TEST(an_empty_key_opens_the_server_and_says_so)
{
	static const char *const argv[] = { "hbbs", "-k", "" };

	ck_assert_int_eq(settle(NULL, 3, argv), HWS_OK);
	ck_assert(conf.open);
	ck_assert_ptr_nonnull(strstr(logged, "config.open"));
}
END_TEST

START_TEST(a_secret_key_as_flag_works_and_is_not_shown)
{
	struct hws_identity id;
	char text[HWS_SECRET_TEXT], shown[200];
	const char *argv[] = { "hbbs", "-k", text };

	hws_identity_generate(false, &id);
	sodium_bin2base64(text, sizeof(text), id.sk_secret, sizeof(id.sk_secret),
			sodium_base64_VARIANT_ORIGINAL);
	ck_assert_msg(settle(NULL, 3, argv) == HWS_OK, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(logged, "visible to others"));
	ck_assert_ptr_null(strstr(logged, text));
	ck_assert_int_eq(hws_options_get(&rdv_options, &conf, "key", shown, sizeof(shown)), HWS_OK);
	ck_assert_str_eq(shown, "-");
	ck_assert_int_eq(hws_options_get(&rdv_options, &conf, "secret-key", shown, sizeof(shown)),
			HWS_OK);
	ck_assert_str_eq(shown, "(set)");
}
END_TEST

static const struct {
	const char *arg[4], *says;
} refused[] = {
	{ { "-p", "2" }, "--port must be" },
	{ { "-p", "31116", "--nat-port", "31116" }, "must differ" },
	{ { "--tls-cert", "/x" }, "belong together" },
	{ { "-k", "not a key at all" }, "not a secret key" },
	{ { "--secret-key", "x" }, "" }, /* never on the command line */
};

START_TEST(what_cannot_be_is_refused)
{
	const char *argv[5] = { "hbbs" };
	int n = 1;

	for (; n < 5 && refused[_i].arg[n - 1]; n++)
		argv[n] = refused[_i].arg[n - 1];
	ck_assert_int_lt(settle(NULL, n, argv), 0);
	ck_assert_msg(strstr(err.text, refused[_i].says), "%s", err.text);
}
END_TEST

START_TEST(the_manual_has_every_option_as_it_is)
{
	static char text[200000];
	struct hws_buf want;
	FILE *f = fopen(MANUAL, "re");

	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	fclose(f);
	ck_assert_int_eq(hws_options_init(&rdv_options, &conf), HWS_OK); /* for teardown */
	hws_buf_init(&want, 1u << 20);
	hws_options_man(&rdv_options, &want);
	ck_assert_msg(memmem(text, strlen(text), hws_buf_bytes(&want).ptr, hws_buf_len(&want)),
			"the list of options in hawser-rendezvous.8 is not up to date:\n%.*s",
			(int)hws_buf_len(&want), (const char *)hws_buf_bytes(&want).ptr);
	hws_buf_done(&want);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/config");
	TCase *c = tcase_create("config");
	SRunner *r;
	int failed;

	if (hws_crypto_init() < 0)
		return 1;
	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_test(c, the_command_line_of_hbbs_is_understood);
	tcase_add_test(c, the_environment_of_hbbs_is_understood);
	tcase_add_test(c, the_file_of_hbbs_is_understood);
	tcase_add_test(c, our_own_keys_have_a_section);
	tcase_add_test(c, an_empty_key_opens_the_server_and_says_so);
	tcase_add_test(c, a_secret_key_as_flag_works_and_is_not_shown);
	tcase_add_loop_test(c, what_cannot_be_is_refused, 0, HWS_COUNT(refused));
	tcase_add_test(c, the_manual_has_every_option_as_it_is);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
