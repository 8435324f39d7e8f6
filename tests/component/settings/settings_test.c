/* Which file of settings a program takes. A file that is there and cannot be read must never be
 * passed over: the program would serve with other rules than those its operator wrote. */
#include "shared/base/macros.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[200], file[240], *out;

static void set_up(void)
{
	test_dir(dir, sizeof(dir));
	snprintf(file, sizeof(file), "%s/settings.conf", dir);
	out = NULL;
}

static void tear_down(void)
{
	free(out);
}

static void write_file(const char *text, mode_t mode)
{
	FILE *f = fopen(file, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(file, mode), 0);
}

static void must_say(const char *text)
{
	ck_assert_msg(strstr(out, text) != NULL, "no \"%s\" in: %.900s", text, out);
}

/* `program verb` with one variable; its exit status, its output in `out`. */
static int run(const char *program, const char *verb, const char *more, const char *variable)
{
	const char *argv[] = { test_bin(program), verb, more, more ? "value" : NULL, NULL };
	char env[300];
	const char *envs[] = { env, NULL };

	if (more && strchr(more, '='))
		argv[3] = NULL;
	snprintf(env, sizeof(env), "%s=%s", variable, file);
	free(out);
	return test_run(argv, envs, &out);
}

START_TEST(the_environment_names_the_file_of_the_rendezvous_server)
{
	write_file("[network]\nidle = 77s\n", 0600);
	ck_assert_msg(run("server-rendezvous/hawser-rendezvous", "config", NULL,
				      "HAWSER_RENDEZVOUS_CONFIG") == 0,
			"%s", out);
	must_say("idle = 77s");
	/* the command line goes before the file that it does not name */
	ck_assert_int_eq(run("server-rendezvous/hawser-rendezvous", "config", "--idle=66s",
					 "HAWSER_RENDEZVOUS_CONFIG"),
			0);
	must_say("idle = 66s");
}
END_TEST

START_TEST(the_environment_names_the_file_of_the_relay)
{
	write_file("[access]\nopen = yes\n[network]\nidle-timeout = 77s\n", 0600);
	ck_assert_msg(run("server-relay/hawser-relay", "config", NULL, "HAWSER_RELAY_CONFIG") == 0,
			"%s", out);
	must_say("idle-timeout = 77s");
}
END_TEST

START_TEST(a_store_that_is_said_goes_before_a_secret_of_the_file)
{
	const char *program = "server-rendezvous/hawser-rendezvous";

	write_file("[store]\nstore = memory\nstore-secret = postgresql://u:p@127.0.0.1:1/x\n",
			0600);
	ck_assert_int_eq(run(program, "config", NULL, "HAWSER_RENDEZVOUS_CONFIG"), 0);
	must_say("store-secret = (set)"); /* beside it in the same place the secret goes first */
	ck_assert_int_eq(run(program, "config", "--store=sqlite", "HAWSER_RENDEZVOUS_CONFIG"), 0);
	must_say("store-secret = (not set)");
	ck_assert_ptr_null(strstr(out, "u:p"));
}
END_TEST

START_TEST(a_named_file_must_be_there)
{
	ck_assert_int_eq(run("server-rendezvous/hawser-rendezvous", "config", NULL,
					 "HAWSER_RENDEZVOUS_CONFIG"),
			2);
	must_say(file);
	ck_assert_int_eq(run("server-relay/hawser-relay", "config", "--open=yes",
					 "HAWSER_RELAY_CONFIG"),
			2);
	must_say(file);
}
END_TEST

/* As an account that may not read the file: hangs up the root that a test may be. */
static int run_as_other(const char *const argv[], const char *const env[])
{
	const char *path = "/usr/bin/setpriv";
	const char *as[24] = { path, "--reuid=65534", "--regid=65534", "--clear-groups" };
	size_t n = 4;

	if (geteuid() != 0)
		return test_run(argv, env, &out); /* mode 000 keeps its own owner out */
	for (size_t i = 0; argv[i]; i++)
		as[n++] = argv[i];
	return test_run(as, env, &out);
}

START_TEST(an_unreadable_file_stops_the_start_and_says_what_to_run)
{
	static const struct {
		const char *program, *verb, *env;
	} all[] = {
		{ "server-rendezvous/hawser-rendezvous", "config", "HAWSER_RENDEZVOUS_CONFIG" },
		{ "server-relay/hawser-relay", "config", "HAWSER_RELAY_CONFIG" },
		{ "client/host/hawser-host", "config", "HAWSER_HOST_CONFIG" },
	};

	ck_assert_int_eq(chmod(dir, 0755), 0);
	write_file("", 0000);
	for (size_t i = 0; i < HWS_COUNT(all); i++) {
		const char *argv[] = { test_bin(all[i].program), all[i].verb,
			strcmp(all[i].env, "HAWSER_HOST_CONFIG") == 0 ? "show" : NULL, NULL };
		char env[300], home[240];
		const char *envs[] = { env, home, NULL };

		snprintf(env, sizeof(env), "%s=%s", all[i].env, file);
		snprintf(home, sizeof(home), "HOME=%s", dir);
		free(out);
		ck_assert_msg(run_as_other(argv, envs) != 0, "%s: %s", all[i].program, out);
		must_say(file);
		must_say("chmod");
		must_say("cannot be read");
	}
}
END_TEST

START_TEST(a_key_file_that_cannot_be_read_says_what_to_run)
{
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "key",
		"--state-dir", dir, NULL };

	ck_assert_int_eq(chmod(dir, 0755), 0);
	ck_assert_int_eq(test_run(argv, NULL, &out), 0);
	snprintf(file, sizeof(file), "%s/id_ed25519", dir);
	ck_assert_int_eq(chmod(file, geteuid() == 0 ? 0600 : 0), 0);
	free(out);
	ck_assert_int_ne(run_as_other(argv, NULL), 0);
	must_say(file);
	must_say("chmod");
}
END_TEST

START_TEST(the_viewer_says_so_too)
{
	const char *argv[] = { test_bin("client/cli/hawser"), "config", "show", NULL };
	char xdg[240];
	const char *envs[] = { xdg, NULL };

	ck_assert_int_eq(chmod(dir, 0755), 0);
	snprintf(xdg, sizeof(xdg), "XDG_CONFIG_HOME=%s", dir);
	snprintf(file, sizeof(file), "%s/hawser", dir);
	ck_assert_int_eq(mkdir(file, 0755), 0);
	snprintf(file, sizeof(file), "%s/hawser/hawser.conf", dir);
	write_file("", 0000);
	ck_assert_int_ne(run_as_other(argv, envs), 0);
	must_say(file);
	must_say("chmod");
}
END_TEST

/* The usual file, which all three take as root and as a service, in a world of our own. */
static int with_usual(const char *program, const char *name, const char *text)
{
	char script[900];
	const char *argv[] = { "/usr/bin/unshare", "--mount", "--map-root-user", "/bin/sh", "-c",
		script, NULL };

	ck_assert_int_lt(
			snprintf(script, sizeof(script),
					"mount -t tmpfs none /etc && mkdir /etc/hawser || exit 77\n"
					"printf '%s' >/etc/hawser/%s\nexec %s config",
					text, name, test_bin(program)),
			(int)sizeof(script));
	free(out);
	return test_run(argv, NULL, &out);
}

START_TEST(each_server_takes_the_file_of_the_service)
{
	int status = with_usual("server-rendezvous/hawser-rendezvous", "rendezvous.conf",
			"[network]\\nidle = 78s\\n");

	if (status == 77 || (status == 1 && strstr(out, "unshare")))
		return; /* no namespaces here */
	ck_assert_msg(status == 0, "%s", out);
	must_say("idle = 78s");
	ck_assert_int_eq(with_usual("server-relay/hawser-relay", "relay.conf",
					 "[access]\\nopen = yes\\nannounced = off\\n[network]\\n"
					 "idle-timeout = 78s\\n"),
			0);
	must_say("idle-timeout = 78s");
	ck_assert_int_eq(with_usual("admin/api/hawser-api", "api.conf",
					 "[network]\\nport = 7778\\n"),
			0);
	must_say("port = 7778");
}
END_TEST

int main(void)
{
	return test_main("settings", 60, set_up, tear_down,
			TESTS(the_environment_names_the_file_of_the_rendezvous_server,
					the_environment_names_the_file_of_the_relay,
					a_store_that_is_said_goes_before_a_secret_of_the_file,
					a_named_file_must_be_there,
					each_server_takes_the_file_of_the_service,
					an_unreadable_file_stops_the_start_and_says_what_to_run,
					a_key_file_that_cannot_be_read_says_what_to_run,
					the_viewer_says_so_too));
}
