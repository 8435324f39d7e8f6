/* Tests of the tests: whatever the machine and the account are configured with, no program under
 * test sees it, and nothing is written into it. */
#include "tests/support/places.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* Runs `script` with poison in what the account's environment can say. */
static int poisoned(const char *poison, const char *script, char **ret_out)
{
	char home[400], store[500], url[500], state[400], tmp[400];
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	const char *env[] = { home, store, url, state, tmp, "HAWSER_TEST_HOME=", "DISPLAY=:991",
		"HAWSER_RELAY_KEY=poison", "KEY=poison", "PORT=1",
		"XDG_CONFIG_HOME=", "DBUS_SESSION_BUS_ADDRESS=unix:path=/poison", NULL };

	snprintf(home, sizeof(home), "HOME=%s/home", poison);
	snprintf(store, sizeof(store), "HAWSER_RENDEZVOUS_STORE=sqlite:%s/poison.sqlite3", poison);
	snprintf(url, sizeof(url), "DB_URL=%s/poison.sqlite3", poison);
	snprintf(state, sizeof(state), "STATE_DIRECTORY=%s/state", poison);
	snprintf(tmp, sizeof(tmp), "TMPDIR=%s/tmp", poison);
	return test_run(argv, env, ret_out);
}

/* A folder of poison: settings in a home, and what /etc would look like with them. */
static void brew(char *dir, size_t size)
{
	char script[2000];
	const char *argv[] = { "/bin/sh", "-ec", script, NULL };
	char *out = NULL;

	test_dir(dir, size);
	snprintf(script, sizeof(script),
			"cd %s; mkdir -p home/.config/hawser state tmp; chmod 1777 tmp; chmod "
			"711 .; "
			"printf 'server = poison.example.com\\n' >home/.config/hawser/host.conf; "
			"printf 'server = poison.example.com\\n' >home/.config/hawser/hawser.conf; "
			"test $(id -u) != 0 || { cp -a /etc etc; mkdir -p etc/hawser; "
			"printf '[network]\\nbind = 127.9.9.9\\n[access]\\nenrolled-only = yes\\n"
			"[store]\\nstore = sqlite:%s/poison.sqlite3\\n' "
			">etc/hawser/rendezvous.conf; "
			"printf 'nonsense\\n' >etc/hawser/relay.conf; "
			"printf 'nonsense\\n' >etc/hawser/host.conf; }; "
			"find home state etc/hawser 2>/dev/null | sort >before",
			dir, dir);
	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s", out);
	free(out);
}

static void must_be_untouched(const char *dir)
{
	char script[1000], *out = NULL;
	const char *argv[] = { "/bin/sh", "-ec", script, NULL };

	snprintf(script, sizeof(script),
			"cd %s; test ! -e poison.sqlite3; "
			"find home state etc/hawser 2>/dev/null | sort >after; diff before "
			"after; ls -A tmp; "
			"test -z \"$(ls -A tmp)\"",
			dir);
	ck_assert_msg(test_run(argv, NULL, &out) == 0, "left behind: %s", out);
	free(out);
}

START_TEST(this_test_is_at_home_in_a_folder_of_its_own)
{
	static const char *const names[] = { "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME",
		"XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "TMPDIR" };
	const char *home = test_places_home();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		ck_assert_ptr_nonnull(value);
		ck_assert_msg(strncmp(value, home, strlen(home)) == 0, "%s=%s", names[i], value);
	}
	ck_assert_ptr_null(getenv("STATE_DIRECTORY"));
	ck_assert_ptr_null(getenv("DISPLAY"));
}
END_TEST

/* What a program started by a test sees when the account is full of settings. */
START_TEST(nothing_of_the_account_reaches_a_program)
{
	char dir[300], script[600], *out = NULL;

	brew(dir, sizeof(dir));
	snprintf(script, sizeof(script), "exec %s --show",
			test_bin("tests/component/places/component_places"));
	ck_assert_int_eq(poisoned(dir, script, &out), 0);
	ck_assert_ptr_nonnull(strstr(out, "HOME="));
	ck_assert_ptr_nonnull(strstr(out, "TMPDIR="));
	for (char *at, *line = strtok_r(out, "\n", &at); line; line = strtok_r(NULL, "\n", &at)) {
		ck_assert_msg(!strstr(line, "/home") && !strstr(line, "poison.") &&
						!strstr(line, "=poison") &&
						!strstr(line, "/poison") &&
						strncmp(line, "PORT=", 5) != 0 &&
						strncmp(line, "DISPLAY=", 8) != 0,
				"%s", line);
	}
	free(out);
	must_be_untouched(dir);
}
END_TEST

static void passes_in_poison(const char *test)
{
	char dir[300], script[1500], *out = NULL;
	const char *path = test_bin(test);
	int r;

	brew(dir, sizeof(dir));
	/* In a mount namespace of its own the machine's settings can be what we like. */
	if (geteuid() == 0)
		snprintf(script, sizeof(script),
				"exec unshare --mount sh -ec 'mount --bind %s/etc /etc; exec %s'",
				dir, path);
	else
		snprintf(script, sizeof(script), "exec %s", path);
	r = poisoned(dir, script, &out);
	ck_assert_msg(r == 0, "%s ended with %d:\n%s", test, r, out);
	free(out);
	must_be_untouched(dir);
}

START_TEST(tests_of_a_server_pass_beside_a_configured_one)
{
	passes_in_poison("tests/component/rendezvous/component_rendezvous_metrics");
	passes_in_poison("tests/component/rendezvous/component_rendezvous_restart");
}
END_TEST

static int show(void)
{
	for (char **e = environ; *e; e++)
		puts(*e);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--show") == 0)
		return show();
	return test_main("places", 200, NULL, NULL,
			TESTS(this_test_is_at_home_in_a_folder_of_its_own,
					nothing_of_the_account_reaches_a_program,
					tests_of_a_server_pass_beside_a_configured_one));
}
