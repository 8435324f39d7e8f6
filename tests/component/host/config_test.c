/* hawser-host as a command line: `config` changes one line of a file and tells what is in force,
 * options may stand anywhere, and the exit status tells whose fault it was. */
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/daemon/control.h"
#include "tests/component/host/host.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct test_host host;
static char dir[256], file[300], out[8192];

static void set_up(void)
{
	memset(&host, 0, sizeof(host));
	test_dir(dir, sizeof(dir));
	snprintf(file, sizeof(file), "%s/host.conf", dir);
}

static void tear_down(void)
{
	host_stop(&host);
}

/* `hawser-host WORDS`, its state in the folder of the test unless a host of its own runs; more
 * environment in `env`. */
static int run(const char *env, const char *const words[])
{
	const char *argv[16] = { HOST_PROGRAM };
	char state[300];
	const char *envs[] = { state, env, NULL };
	char *text = NULL;
	int status;

	for (size_t i = 0; words[i]; i++)
		argv[i + 1] = words[i];
	snprintf(state, sizeof(state), "HAWSER_HOST_STATE_DIR=%s", host.dir[0] ? host.dir : dir);
	status = test_run(argv, envs, &text);
	snprintf(out, sizeof(out), "%s", text ? text : "");
	free(text);
	return status;
}

#define RUN(env, ...) run(env, (const char *const[]){ __VA_ARGS__, NULL })

static void write_file(const char *text)
{
	FILE *f = fopen(file, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(file, 0600), 0);
}

static void file_must_be(const char *text)
{
	char have[4096];
	FILE *f = fopen(file, "re");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(have, 1, sizeof(have) - 1, f);
	have[n] = 0;
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_str_eq(have, text);
}

START_TEST(set_makes_the_file_that_is_named)
{
	char env[340];
	struct stat st;

	snprintf(env, sizeof(env), "HAWSER_HOST_CONFIG=%s", file);
	ck_assert_msg(RUN(env, "config", "set", "whitelist", "10.0.0.0/8") == 0, "%s", out);
	file_must_be("[access]\nwhitelist = 10.0.0.0/8\n");
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_msg(RUN(NULL, "config", "--config", file, "set", "notify", "no") == 0, "%s", out);
	file_must_be("[desktop]\nnotify = no\n");
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_msg(RUN(NULL, "--config", file, "config", "set", "notify", "no") == 0, "%s", out);
	file_must_be("[desktop]\nnotify = no\n");
	/* but who reads must have one */
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(RUN(NULL, "config", "show", "--config", file), 2);
}
END_TEST

/* A question makes no folder, neither where the state would be nor where it is said to be. */
START_TEST(who_only_asks_makes_nothing)
{
	static const char *const asks[] = { "status", "doctor", "id", "audit", "password", "call" };
	char state[320], socket[320], env[360];

	snprintf(state, sizeof(state), "%s/none", dir);
	snprintf(socket, sizeof(socket), "%s/none.sock", dir);
	snprintf(env, sizeof(env), "STATE_DIRECTORY=%s", state);
	for (size_t i = 0; i < HWS_COUNT(asks); i++) {
		RUN(NULL, asks[i], "--state-dir", state);
		ck_assert_int_ne(access(state, F_OK), 0);
		/* the default one */
		RUN(env, asks[i], "--state-dir", "", "--control-socket", socket);
		ck_assert_msg(access(state, F_OK) != 0, "%s made a folder", asks[i]);
	}
	ck_assert_int_ne(RUN(NULL, "status", "--state-dir", state), 0);
	ck_assert_msg(strstr(out, "--state-dir") != NULL, "%s", out);
}
END_TEST

START_TEST(set_changes_one_line_and_leaves_the_rest_alone)
{
	write_file("# ours\nlog-level = debug\n\n[network]\n  server : a.example\n; old: key = "
		   "x\n\n"
		   "[access]\nwhitelist=10.0.0.0/8");
	ck_assert_int_eq(RUN(NULL, "-c", file, "config", "set", "server", "b.example:7"), 0);
	file_must_be("# ours\nlog-level = debug\n\n[network]\nserver = b.example:7\n; old: key "
		     "= x\n\n"
		     "[access]\nwhitelist=10.0.0.0/8\n");
	ck_assert_int_eq(RUN(NULL, "-c", file, "config", "set", "relay", "r.example"), 0);
	ck_assert_int_eq(RUN(NULL, "-c", file, "config", "set", "max-connections", "7"), 0);
	ck_assert_int_eq(RUN(NULL, "-c", file, "config", "set", "log-format", "json"), 0);
	ck_assert_int_eq(RUN(NULL, "-c", file, "config", "set", "notify", "no"), 0);
	file_must_be("# ours\nlog-level = debug\nlog-format = json\n\n[network]\nserver = "
		     "b.example:7\n"
		     "; old: key = x\nrelay = r.example\n\n"
		     "[access]\nwhitelist=10.0.0.0/8\nmax-connections = 7\n\n[desktop]\nnotify "
		     "= no\n");
	/* and no value: the default again, whatever it will be */
	ck_assert_int_eq(RUN(NULL, "-c", file, "config", "set", "whitelist"), 0);
	ck_assert_int_eq(RUN(NULL, "-c", file, "config", "set", "log-level"), 0);
	ck_assert_int_eq(RUN(NULL, "-c", file, "config", "set", "enable-clipboard"), 0);
	file_must_be("# ours\nlog-format = json\n\n[network]\nserver = b.example:7\n"
		     "; old: key = x\nrelay = r.example\n\n"
		     "[access]\nmax-connections = 7\n\n[desktop]\nnotify = no\n");
	ck_assert_int_eq(RUN(NULL, "-c", file, "config", "get", "max-connections"), 0);
	ck_assert_str_eq(out, "7\n");
	ck_assert_int_eq(RUN(NULL, "-c", file, "config", "get", "whitelist"), 0);
	ck_assert_str_eq(out, "\n");
}
END_TEST

START_TEST(a_refused_value_leaves_the_file_alone)
{
	static const char *const bad[][2] = { { "nonsense", "1" }, { "direct-port", "99999" },
		{ "config", "x" }, { "relay", "a\n[permissions]\nx = y" },
		{ "proxy-username", " blank " } };

	write_file("[network]\nserver = a.example\n");
	for (size_t i = 0; i < HWS_COUNT(bad); i++) {
		ck_assert_msg(RUN(NULL, "-c", file, "config", "set", bad[i][0], bad[i][1]) == 2,
				"%s: %s", bad[i][0], out);
		file_must_be("[network]\nserver = a.example\n");
	}
	ck_assert_int_eq(RUN(NULL, "-c", file, "config", "set", "nonsense"), 2);
	ck_assert_int_eq(RUN(NULL, "-c", file, "config", "get", "nonsense"), 2);
}
END_TEST

/* What names nothing here is refused where it is set, told where it is looked for, and keeps no
 * host from starting. */
START_TEST(what_settings_name_must_be_there)
{
	char roots[700];

	write_file("");
	snprintf(roots, sizeof(roots), "%s:%s/none", dir, dir);
	ck_assert_int_eq(RUN(NULL, "config", "set", "files-roots", roots, "-c", file), 2);
	ck_assert_msg(strstr(out, "/none\" does not exist"), "%s", out);
	ck_assert_int_eq(RUN(NULL, "config", "set", "service-user", "no-such-one", "-c", file), 2);
	ck_assert_msg(strstr(out, "no account \"no-such-one\""), "%s", out);
	file_must_be("");
	ck_assert_int_eq(RUN(NULL, "config", "set", "files-roots", dir, "-c", file), 0);
	ck_assert_int_eq(RUN(NULL, "config", "check", "-c", file), 0);
	ck_assert_msg(strstr(out, "is there"), "%s", out);
	snprintf(roots, sizeof(roots),
			"[files]\nfiles-roots = %s/none:%s\n[desktop]\nservice-user = no-such-one\n",
			dir, file);
	write_file(roots);
	ck_assert_int_eq(RUN(NULL, "config", "check", "-c", file), 1);
	ck_assert_msg(strstr(out, "does not exist") && strstr(out, "no-such-one") &&
					strstr(out, "is no folder"),
			"%s", out);
	host_start(&host, (const char *const[]){ "--config", file, NULL });
	ck_assert_msg(strstr(host.proc.log, "no account"), "%s", host.proc.log);
}
END_TEST

START_TEST(wrong_usage_has_a_status_of_its_own)
{
	char missing[320];

	snprintf(missing, sizeof(missing), "%s/none.conf", dir);
	ck_assert_int_eq(RUN(NULL, "status", "--config", missing), 2);
	ck_assert_int_eq(RUN(NULL, "id", "--nonsense"), 2);
	ck_assert_int_eq(RUN(NULL, "kick", "--config", missing, "all"), 2);
	ck_assert_int_eq(RUN(NULL, "password", "frob"), 2);
	ck_assert_int_eq(RUN(NULL, "password", "renew", "--clear"), 2);
	/* nothing wrong with these, but no host is there to answer */
	ck_assert_int_eq(RUN(NULL, "status"), 1);
	ck_assert_int_eq(RUN(NULL, "id"), 1);
}
END_TEST

START_TEST(the_settings_in_force_are_told)
{
	static const char *const extra[] = { "--max-connections", "9", NULL };

	host_start(&host, extra);
	ck_assert_int_eq(RUN(NULL, "config", "show"), 0);
	ck_assert_msg(strstr(out, "\nmax-connections = 9\n") != NULL, "%s", out);
	ck_assert_ptr_nonnull(strstr(out, "In force at the running host"));
	ck_assert_int_eq(RUN(NULL, "config", "get", "direct-bind"), 0);
	ck_assert_str_eq(out, "127.0.0.1\n");
	host_stop(&host);
	ck_assert_int_eq(RUN(NULL, "config", "get", "max-connections"), 0);
	ck_assert_str_eq(out, "32\n");
}
END_TEST

/* hawser-host knows the names itself: another program that asks does not. */
START_TEST(a_setting_that_is_not_there_is_said_to_be_none)
{
	json_t *req = json_pack("{s:s,s:s}", "cmd", "config", "name", "nonsense"), *ans = NULL;
	struct hws_error err = { 0 };
	char path[300];

	host_start(&host, NULL);
	snprintf(path, sizeof(path), "%s/control.sock", host.dir);
	(void)!hws_control_call(path, req, 10 * HWS_US_PER_S, &ans, &err);
	ck_assert_ptr_null(json_object_get(ans, "value"));
	ck_assert_ptr_nonnull(ans);
	ck_assert_str_eq(json_string_value(json_object_get(ans, "text")),
			"there is no such setting");
	json_decref(ans);
	json_decref(req);
}
END_TEST

START_TEST(the_password_has_the_words_of_the_viewer)
{
	char first[64], second[64];

	host_start(&host, NULL);
	ck_assert_int_eq(RUN(NULL, "password"), 0);
	snprintf(first, sizeof(first), "%.60s", out);
	ck_assert_int_eq(RUN(NULL, "password", "show"), 0);
	ck_assert_str_eq(out, first);
	ck_assert_int_eq(RUN(NULL, "password", "renew"), 0);
	snprintf(second, sizeof(second), "%.60s", out);
	ck_assert_str_ne(first, second);
	ck_assert_int_eq(RUN(NULL, "password", "--rotate"), 0);
	ck_assert_str_ne(out, second);
	ck_assert_int_eq(RUN(NULL, "password", "remove"), 0);
	ck_assert_int_eq(RUN(NULL, "password", "--clear"), 0);
}
END_TEST

START_TEST(the_viewer_takes_the_flags_of_the_host)
{
	static const struct {
		const char *word;
		int status;
	} all[] = { { "--rotate", 0 }, { "--clear", 0 }, { "show", 0 }, { "--frob", 2 } };
	char state[300];
	const char *envs[] = { state, NULL };

	host_start(&host, NULL);
	snprintf(state, sizeof(state), "HAWSER_HOST_STATE_DIR=%s", host.dir);
	for (size_t i = 0; i < HWS_COUNT(all); i++) {
		const char *argv[] = { test_bin("client/cli/hawser"), "password", all[i].word,
			NULL };
		char *text = NULL;
		int status = test_run(argv, envs, &text);

		ck_assert_msg(status == all[i].status, "%s: %d %s", all[i].word, status, text);
		free(text);
	}
}
END_TEST

/* Also when it does not run: another one, of the whole machine, is not meant. */
START_TEST(the_viewer_asks_the_host_that_is_named)
{
	char socket[320];
	const char *envs[] = { socket, NULL };
	const char *argv[] = { test_bin("client/cli/hawser"), "id", NULL };
	char *text = NULL;

	snprintf(socket, sizeof(socket), "HAWSER_HOST_CONTROL_SOCKET=%s/mine.sock", dir);
	ck_assert_int_ne(test_run(argv, envs, &text), 0);
	ck_assert_msg(strstr(text, "/mine.sock") != NULL, "%s", text);
	free(text);
}
END_TEST

START_TEST(the_help_names_every_verb)
{
	static const char *const usage[] = { "hawser-host run", "hawser-host id",
		"hawser-host status", "hawser-host password", "hawser-host kick", "config get" };

	ck_assert_int_eq(RUN(NULL, "--help"), 0);
	for (size_t i = 0; i < HWS_COUNT(usage); i++)
		ck_assert_msg(strstr(out, usage[i]) != NULL, "no %s in %.600s", usage[i], out);
}
END_TEST

int main(void)
{
	return test_main("host config", 120, set_up, tear_down,
			TESTS(set_makes_the_file_that_is_named, who_only_asks_makes_nothing,
					set_changes_one_line_and_leaves_the_rest_alone,
					a_refused_value_leaves_the_file_alone,
					what_settings_name_must_be_there,
					wrong_usage_has_a_status_of_its_own,
					the_settings_in_force_are_told,
					a_setting_that_is_not_there_is_said_to_be_none,
					the_password_has_the_words_of_the_viewer,
					the_viewer_takes_the_flags_of_the_host,
					the_viewer_asks_the_host_that_is_named,
					the_help_names_every_verb));
}
