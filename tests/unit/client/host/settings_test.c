/* host/settings: every default parses, permissions follow the modes, the manual knows every
 * option. */
#include "client/host/settings.h"
#include "shared/wire/permission.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct hws_settings s;

static void setup(void)
{
	ck_assert_int_eq(hws_options_init(&hws_settings_options, &s), HWS_OK);
}

static void teardown(void)
{
	hws_settings_done(&s);
}

static void set(const char *name, const char *value)
{
	struct hws_error err = { 0 };

	ck_assert_msg(hws_options_set(&hws_settings_options, &s, name, value, &err) == HWS_OK, "%s",
			err.text);
}

START_TEST(the_defaults_make_sense)
{
	struct hws_vault_conf vc;

	ck_assert_int_eq(hws_settings_check(&s, NULL), HWS_OK);
	ck_assert(hws_settings_direct(&s));
	hws_settings_vault(&s, &vc);
	ck_assert_uint_eq(vc.temporary_length, 10); /* 50 bits */
	ck_assert_uint_eq(s.direct_port, 21118);
	set("server", "id.example.org");
	ck_assert(!hws_settings_direct(&s));
	s.direct_port = 4000; /* who names a port means it */
	ck_assert(hws_settings_direct(&s));
	s.direct_port = 21118;
	set("direct-server", "yes");
	ck_assert(hws_settings_direct(&s));
	set("temporary-password-length", "6");
	hws_settings_vault(&s, &vc);
	ck_assert_uint_eq(vc.temporary_length, 6);
}
END_TEST

START_TEST(what_single_values_cannot_tell_is_checked)
{
	struct hws_error err = { 0 };

	set("direct-server", "no");
	ck_assert_int_lt(hws_settings_check(&s, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "server"));
	set("direct-server", "auto");
	set("key", "l97IOz45wvLzoZXWHPjVVWCiBtoUYzRpRf5E7PpsSU=");
	ck_assert_int_lt(hws_settings_check(&s, &err), 0);
	set("key", "");
	set("server", " , ");
	ck_assert_int_lt(hws_settings_check(&s, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "names none"));
	set("server", "a.example,b.example?key=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	ck_assert_int_eq(hws_settings_check(&s, &err), HWS_OK);
	set("require-server-proof", "yes"); /* by which key should the first one? */
	ck_assert_int_lt(hws_settings_check(&s, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "a.example"));
	set("require-server-proof", "auto");
	set("relay", ":::");
	ck_assert_int_lt(hws_settings_check(&s, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "'relay'"));
	set("relay", "[2001:db8::1]:7");
	ck_assert_int_eq(hws_settings_check(&s, &err), HWS_OK);
	set("relay", "");
	set("key", "no key");
	ck_assert_int_lt(hws_settings_check(&s, &err), 0);
	set("key", "");
	set("server", "");
	set("whitelist", "10.0.0.0/33");
	ck_assert_int_lt(hws_settings_check(&s, &err), 0);
}
END_TEST

START_TEST(permissions_follow_mode_options_and_server)
{
	uint64_t map;

	ck_assert(hws_settings_permissions(&s, 0) & HWS_NEED(HWS_PERM_KEYBOARD));
	set("enable-keyboard", "no");
	ck_assert(!(hws_settings_permissions(&s, 0) & HWS_NEED(HWS_PERM_KEYBOARD)));
	set("access-mode", "full");
	ck_assert(hws_settings_permissions(&s, 0) & HWS_NEED(HWS_PERM_KEYBOARD));
	set("access-mode", "view");
	ck_assert_uint_eq(hws_settings_permissions(&s, 0), 0);
	set("access-mode", "full");
	map = hws_permission_set(0, HWS_PERM_FILE, HWS_PERM_DENY);
	ck_assert(!(hws_settings_permissions(&s, map) & HWS_NEED(HWS_PERM_FILE)));
}
END_TEST

/* Whatever a server, or who writes in its name, attaches: it takes away, for each permission and
 * each mode. */
START_TEST(a_server_can_only_take_permissions_away)
{
	static const char *const modes[] = { "full", "view", "custom" };
	static const enum hws_permission_state states[] = { HWS_PERM_UNSET, HWS_PERM_DENY,
		HWS_PERM_ALLOW };

	set("enable-clipboard", "no");
	for (unsigned mode = 0; mode < HWS_COUNT(modes); mode++) {
		set("access-mode", modes[mode]);
		uint32_t own = hws_settings_permissions(&s, 0);

		ck_assert_uint_eq(hws_settings_permissions(&s, UINT64_MAX), own);
		for (enum hws_permission p = 0; p < HWS_PERM_COUNT; p++)
			for (unsigned i = 0; i < HWS_COUNT(states); i++) {
				uint64_t map = hws_permission_set(0, p, states[i]);
				uint32_t left = states[i] == HWS_PERM_DENY ? own & ~HWS_NEED(p)
									   : own;

				ck_assert_uint_eq(hws_settings_permissions(&s, map), left);
			}
	}
}
END_TEST

/* All that deployed hosts can permit is there, and offered. */
START_TEST(every_permission_is_offered)
{
	static const char *const names[] = { "keyboard", "clipboard", "audio", "file-transfer",
		"camera", "terminal", "tunnel", "remote-restart", "record-session", "block-input",
		"privacy-mode", "remote-printer" };
	struct hws_buf help, shown;
	char name[40];

	hws_buf_init(&help, 1u << 20);
	hws_buf_init(&shown, 1u << 20);
	set("enable-camera", "no");
	hws_options_help(&hws_settings_options, &help);
	hws_options_show(&hws_settings_options, &s, &shown);
	hws_buf_put_u8(&help, 0);
	hws_buf_put_u8(&shown, 0);
	for (size_t i = 0; i < HWS_COUNT(names); i++) {
		snprintf(name, sizeof(name), "enable-%s", names[i]);
		ck_assert_msg(strstr((const char *)help.data, name) != NULL, "help lacks %s", name);
		ck_assert_msg(strstr((const char *)shown.data, name) != NULL, "settings lack %s",
				name);
	}
	ck_assert(!s.camera);
	ck_assert(s.file);
	hws_buf_done(&help);
	hws_buf_done(&shown);
}
END_TEST

/* What would go to agents in a form that they cannot use is refused where it is set. */
START_TEST(texts_for_services_are_checked)
{
	static const char *const good[] = { "", "~", "~/in:/srv/share", "/", " /a : /b " };
	static const char *const bad[] = { "home", "~anna", "/a:b", "C:\\" };
	static char many[4 * (HWS_ROOTS_MAX + 2)], much[HWS_SERVICE_TEXTS_MAX + 2];
	struct hws_error err = { 0 };

	for (size_t i = 0; i < HWS_COUNT(good); i++) {
		set("files-roots", good[i]);
		ck_assert_msg(hws_settings_check(&s, &err) == HWS_OK, "%s", err.text);
	}
	for (size_t i = 0; i < HWS_COUNT(bad); i++) {
		set("files-roots", bad[i]);
		ck_assert_int_eq(hws_settings_check(&s, &err), HWS_ERR_INVAL);
		ck_assert(strstr(err.text, "files-roots"));
	}
	for (unsigned i = 0; i <= HWS_ROOTS_MAX; i++)
		memcpy(many + 3 * (size_t)i, "/a:", 3);
	set("files-roots", many);
	ck_assert_int_eq(hws_settings_check(&s, &err), HWS_ERR_INVAL);
	set("files-roots", "");
	memset(much, 'a', sizeof(much) - 1);
	set("tunnel-targets", much);
	ck_assert_int_eq(hws_settings_check(&s, &err), HWS_ERR_TOOBIG);
	set("tunnel-targets", "localhost:3389, *.example.com:8000-8010 [2001:db8::/32]:*/udp");
	set("tunnel-listen", "localhost:8096");
	ck_assert_int_eq(hws_settings_check(&s, &err), HWS_OK);
	set("tunnel-targets", "db.example.com:postgres");
	ck_assert_int_eq(hws_settings_check(&s, &err), HWS_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "tunnel-targets"));
	ck_assert_ptr_nonnull(strstr(err.text, "db.example.com:postgres"));
	set("tunnel-targets", "");
	set("tunnel-listen", "localhost");
	ck_assert_int_eq(hws_settings_check(&s, &err), HWS_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "tunnel-listen"));
	set("tunnel-listen", "");
}
END_TEST

/* Whose files and terminals a host of root serves. */
START_TEST(services_have_an_account)
{
	ck_assert_str_eq(hws_settings_account(&s), "");
	set("desktop-user", "anna");
	ck_assert_str_eq(hws_settings_account(&s), "anna");
	set("service-user", "files");
	ck_assert_str_eq(hws_settings_account(&s), "files");
}
END_TEST

START_TEST(the_manual_knows_every_option)
{
	static char text[262144];
	char want[100];
	FILE *f = fopen(MANUAL, "re");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	for (size_t i = 0; i < hws_settings_options.count; i++) {
		const struct hws_option *o = &hws_settings_options.table[i];

		if (o->flags & HWS_OPT_HIDDEN)
			continue;
		snprintf(want, sizeof(want), "%s", o->name);
		ck_assert_msg(strstr(text, want) != NULL, "hawser-host.8 lacks --%s", o->name);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host/settings");
	TCase *t = tcase_create("settings");
	SRunner *r = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_defaults_make_sense);
	tcase_add_test(t, what_single_values_cannot_tell_is_checked);
	tcase_add_test(t, permissions_follow_mode_options_and_server);
	tcase_add_test(t, a_server_can_only_take_permissions_away);
	tcase_add_test(t, every_permission_is_offered);
	tcase_add_test(t, the_manual_knows_every_option);
	tcase_add_test(t, texts_for_services_are_checked);
	tcase_add_test(t, services_have_an_account);
	suite_add_tcase(suite, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
