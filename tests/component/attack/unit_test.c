/* The packaged units: each program runs under the list of system calls that its unit allows, as
 * the service manager of this system expands it, and is confined by itself as much as without. */
#include "shared/base/str.h"
#include "tests/component/host/host.h"
#include "tests/support/suite.h"
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A sanitizer looks for them by tracing, which no unit allows. */
#define LEAKS "ASAN_OPTIONS=detect_leaks=0"

static char dir[256], names[300];
static struct test_proc proc;

static void set_up(void)
{
	memset(&proc, 0, sizeof(proc));
	test_dir(dir, sizeof(dir));
	snprintf(names, sizeof(names), "%s/names", dir);
}

static void tear_down(void)
{
	test_proc_stop(&proc);
}

/* The calls of a unit in `names`. False: there is no service manager to ask. */
static bool expand(const char *unit)
{
	static const char script[] =
			"type systemd-analyze >/dev/null 2>&1 || exit 9\n"
			"all() { for w; do case $w in\n"
			"@*) all $(systemd-analyze syscall-filter $w | sed 's/#.*//; 1d') ;;\n"
			"*) echo $w ;; esac; done; }\n"
			"grep -q '^SystemCallErrorNumber=EPERM$' $UNIT\n"
			"all $(sed -n 's/^SystemCallFilter=\\([^~]\\)/\\1/p' $UNIT) | sort -u "
			">$NAMES.yes\n"
			"all $(sed -n 's/^SystemCallFilter=~//p' $UNIT) | sort -u >$NAMES.no\n"
			"comm -23 $NAMES.yes $NAMES.no >$NAMES\n"
			"test $(wc -l <$NAMES) -gt 150\n";
	const char *argv[] = { "/bin/bash", "-ec", script, NULL };
	char of[400], to[400], *out = NULL;
	const char *env[] = { of, to, "LC_ALL=C", NULL };
	int status;

	snprintf(of, sizeof(of), "UNIT=%s/packaging/systemd/%s.service", SOURCE_DIR, unit);
	snprintf(to, sizeof(to), "NAMES=%s", names);
	status = test_run(argv, env, &out);
	ck_assert_msg(status == 0 || status == 9, "%s: %d: %s", unit, status, out ? out : "");
	free(out);
	if (status == 9)
		test_skip("no systemd-analyze");
	return status == 0;
}

/* What gates have; static. */
static const char *layers_of_gates(bool in_unit)
{
	static char text[2][120];
	const char *argv[] = { UNDER_FILTER, names, HOST_PROGRAM, "run", "--direct-port", "0",
		"--direct-bind", "127.0.0.1", "--state-dir", dir, NULL };
	static const char *const env[] = { "DBUS_SESSION_BUS_ADDRESS=unix:path=/dev/null/no-bus",
		LEAKS, NULL };
	const char *at;

	test_proc_start(&proc, in_unit ? argv : argv + 2, env);
	at = test_proc_must_expect(&proc, "sandbox.layers gate=", 20000);
	snprintf(text[in_unit], sizeof(text[in_unit]), "%.*s", (int)strcspn(at, "\n"), at);
	if (!strstr(proc.log, "desktop.ready")) /* in whatever order */
		test_proc_must_expect(&proc, "desktop.ready", 20000);
	test_proc_stop(&proc);
	return text[in_unit];
}

START_TEST(gates_are_confined_as_well_under_the_unit_of_the_host)
{
	if (!expand("hawser-host-system"))
		return;
	ck_assert_str_eq(layers_of_gates(true), layers_of_gates(false));
}
END_TEST

/* Each of these has the manager of a user set no_new_privs, and then sudo works in no shell. */
START_TEST(the_unit_of_a_user_takes_no_privileges)
{
	static const char *const takes[] = { "NoNewPrivileges", "SystemCall", "Restrict",
		"LockPersonality", "MemoryDenyWriteExecute", "Private", "Protect", "Capabilit" };
	char path[400], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/packaging/systemd/hawser-host.service", SOURCE_DIR);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f))
		for (size_t i = 0; i < HWS_COUNT(takes); i++)
			ck_assert_msg(strncmp(line, takes[i], strlen(takes[i])) != 0, "%s", line);
	fclose(f);
}
END_TEST

static const char *proc_file(const char *name)
{
	static char status[8192];
	char path[64];
	FILE *f;
	size_t got;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)proc.pid, name);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	got = fread(status, 1, sizeof(status) - 1, f);
	status[got] = 0;
	fclose(f);
	return status;
}

/* The unit's, and its own. */
static bool has_two_filters(void)
{
	return strstr(proc_file("status"), "Seccomp_filters:\t2") != NULL;
}

/* Locked in memory, in no core file, and closed to who runs it. */
static void keeps_its_key(bool has_one)
{
	char path[64];
	struct stat st;

	ck_assert_ptr_null(strstr(proc.log, "memory.not_locked"));
	if (has_one)
		ck_assert_ptr_null(strstr(proc_file("status"), "VmLck:\t       0 kB"));
	ck_assert_ptr_nonnull(strstr(
			proc_file("limits"), "Max core file size        0                    0 "));
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)proc.pid);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, 0);
}

START_TEST(servers_run_under_their_units)
{
	static const struct {
		const char *unit, *program;
	} servers[] = {
		{ "hawser-rendezvous", "server-rendezvous/hawser-rendezvous" },
		{ "hawser-rendezvous@", "server-rendezvous/hawser-rendezvous" },
		{ "hawser-relay", "server-relay/hawser-relay" },
		{ "hawser-relay@", "server-relay/hawser-relay" },
	};
	char port[8], state[300], runtime[300];
	/* as root we become somebody first: who runs it is who could look into it */
	const char *argv[] = { "/usr/bin/setpriv", "--reuid=nobody", "--regid=nogroup",
		"--clear-groups", UNDER_FILTER, names, test_bin(servers[_i].program), "--bind",
		"127.0.0.1", "--port", port, "--open", NULL };
	const struct passwd *pw = getpwnam("nobody");
	const char *env[] = { state, runtime, LEAKS, NULL };

	if (!expand(servers[_i].unit))
		return;
	snprintf(port, sizeof(port), "%u", test_free_ports(4) + 1u);
	snprintf(state, sizeof(state), "STATE_DIRECTORY=%s", dir);
	snprintf(runtime, sizeof(runtime), "RUNTIME_DIRECTORY=%s", dir);
	ck_assert_ptr_nonnull(pw);
	if (geteuid() == 0)
		ck_assert(chown(dir, pw->pw_uid, pw->pw_gid) == 0 && chmod(names, 0644) == 0);
	test_proc_start(&proc, geteuid() == 0 ? argv : argv + 4, env);
	test_proc_must_expect(&proc, "listening", 20000);
	/* it is confined a moment later, or says why not */
	for (uint64_t end = test_now_ms() + TEST_PATIENCE_MS; !has_two_filters();) {
		ck_assert_uint_lt(test_now_ms(), end);
		if (strstr(proc.log, "no_sandbox") || test_proc_expect(&proc, "no_sandbox", 20))
			break;
	}
	if (strstr(proc.log, "no_sandbox")) /* only what a sanitizer is built into */
		ck_assert_ptr_nonnull(strstr(proc.log, "sanitizer"));
	else
		keeps_its_key(strstr(servers[_i].program, "rendezvous") !=
				NULL); /* a relay without tickets has none */
	test_proc_signal(&proc, SIGTERM);
	ck_assert_int_eq(test_proc_wait(&proc, 30000), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("attack/unit");
	TCase *t = test_case(s, "unit", 120, TESTS_NONE);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, gates_are_confined_as_well_under_the_unit_of_the_host);
	tcase_add_test(t, the_unit_of_a_user_takes_no_privileges);
	tcase_add_loop_test(t, servers_run_under_their_units, 0, 4);
	return test_suite_run(s);
}
