/* A host that is looked for in its network, as real programs: the host answers by a process of its
 * own, which is not there before and after. In a network with a broadcast address (a namespace with
 * two ends of a cable) hosts are found without anybody being named, and a packet that wakes goes
 * out. */
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include "tests/support/wire.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct test_proc host;
static char dir[256], config[300], id[64];
static const char *env[2];

static void start_host(const char *port, const char *direct)
{
	char state[300], *out = NULL;
	const char *run[] = { test_bin("client/host/hawser-host"), "run", "--backend",
		"headless:160x120@10", "--state-dir", state, "--lan-port", port, "--direct-port",
		direct, NULL };
	const char *ask[] = { run[0], "id", "--state-dir", state, NULL };

	test_dir(dir, sizeof(dir));
	snprintf(state, sizeof(state), "%s/state", dir);
	snprintf(config, sizeof(config), "XDG_CONFIG_HOME=%s", dir);
	env[0] = config;
	test_proc_start(&host, run, NULL);
	test_proc_must_expect(&host, "host.ready", TEST_PATIENCE_MS);
	ck_assert_int_eq(test_run(ask, NULL, &out), 0);
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(out, "\n"), out);
	free(out);
}

static char *discover(const char *target, int want)
{
	const char *argv[] = { test_bin("client/cli/hawser"), "discover", "--wait", "2", target,
		NULL };
	char *out = NULL;

	for (int tries = 0;; tries++) {
		int r = test_run(argv, env, &out);

		/* on a busy machine the process that answers may take longer than two seconds */
		if (r == want || tries == 10) {
			ck_assert_msg(r == want, "discover ends with %d: %s", r, out);
			return out;
		}
		free(out);
	}
}

/* By the key that the host itself shows. */
static void assert_proven(const char *line)
{
	char state[300], *status = NULL;
	const char *ask[] = { test_bin("client/host/hawser-host"), "status", "--state-dir", state,
		NULL };
	const char *key = strrchr(line, '\t');

	snprintf(state, sizeof(state), "%s/state", dir);
	ck_assert_int_eq(test_run(ask, NULL, &status), 0);
	ck_assert_uint_eq(strlen(key), 1 + 79 + 1);
	ck_assert_msg(strstr(status, key + 1) != NULL, "%s is not in %s", key, status);
	free(status);
}

static unsigned beacons(void)
{
	const char *argv[] = { "/bin/sh", "-c",
		"cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -o 'hawser-host beacon' | wc -l",
		NULL };
	char *out = NULL;
	unsigned n;

	ck_assert_int_eq(test_run(argv, NULL, &out), 0);
	n = (unsigned)strtoul(out, NULL, 10);
	free(out);
	return n;
}

START_TEST(a_host_is_found_at_its_address)
{
	char port[8], direct[8], target[40], want[200], *out;

	snprintf(port, sizeof(port), "%u", test_free_port());
	snprintf(direct, sizeof(direct), "%u", test_free_port());
	snprintf(target, sizeof(target), "127.0.0.1:%s", port);
	start_host(port, direct);
	out = discover(target, 0);
	snprintf(want, sizeof(want), "%s\t127.0.0.1:%s\t", id, direct);
	ck_assert_msg(strncmp(out, want, strlen(want)) == 0, "%s", out);
	ck_assert_ptr_nonnull(strstr(out, "\tLinux\t"));
	assert_proven(out);
	ck_assert_ptr_null(strchr(strchr(out, '\n') + 1, '\n')); /* one line */
	free(out);
	ck_assert_uint_ge(beacons(), 1);
	ck_assert_int_eq(test_proc_stop(&host), 0);
}
END_TEST

START_TEST(a_host_that_does_not_want_to_be_found_is_not)
{
	char direct[8], target[40], *out;

	snprintf(direct, sizeof(direct), "%u", test_free_port());
	snprintf(target, sizeof(target), "127.0.0.1:%u", test_free_port());
	start_host("0", direct);
	out = discover(target, 3);
	ck_assert_ptr_nonnull(strstr(out, "nobody answered"));
	free(out);
	ck_assert_int_eq(test_proc_stop(&host), 0);
}
END_TEST

/* --- in a network of its own --- */

static void assert_woken(int fd, const char *name, const char *said)
{
	const char *argv[] = { test_bin("client/cli/hawser"), "wake", name, NULL };
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
	uint8_t packet[200];
	char *out = NULL;

	ck_assert_msg(test_run(argv, env, &out) == 0, "%s", out);
	ck_assert_msg(strncmp(out, said, strlen(said)) == 0, "%s", out);
	free(out);
	ck_assert_int_eq(recv(fd, packet, sizeof(packet), 0), 102);
	for (int i = 0; i < 102; i++)
		ck_assert_uint_eq(packet[i], i < 6 ? 0xff : mac[i % 6]);
}

static bool has_six(void)
{
	const char *argv[] = { "/bin/sh", "-c", "ip -6 addr show dev wire0 | grep -q fd07::1",
		NULL };

	return test_run(argv, NULL, NULL) == 0;
}

START_TEST(hosts_of_a_network_are_found_and_woken)
{
	const char *unknown[] = { test_bin("client/cli/hawser"), "wake", "987654321", NULL };
	char *out = NULL, said[100];
	int fd;

	if (!test_wire_enter()) {
		test_skip("no network namespace can be made here (%s)", strerror(errno));
		return;
	}
	start_host("21119", "21118"); /* the ports of this network are free */
	out = discover(NULL, 0);
	ck_assert_msg(strstr(out, id) && strstr(out, "\t" TEST_WIRE_ADDRESS ":21118\t") &&
					strstr(out, "\t" TEST_WIRE_MAC "\t"),
			"%s", out);
	if (strstr(out, "[fd07::1]:21118\t") == NULL) /* the kernel has IPv6, or it has none */
		ck_assert_msg(access("/proc/net/if_inet6", F_OK) != 0 || !has_six(), "%s", out);
	free(out);
	fd = test_wire_listen(9);
	assert_woken(fd, "02-00-00-00-00-01", "sent to 02-00-00-00-00-01\n");
	snprintf(said, sizeof(said), "sent to " TEST_WIRE_MAC " (%s, ", id);
	assert_woken(fd, id, said);
	/* as most set it by hand, and in networks that have no broadcast address of their own */
	for (size_t i = 0; i < 3; i++) {
		ck_assert(test_wire_set_address((const char *const[]){ "/24", "/31", "/32" }[i]));
		assert_woken(fd, id, said);
	}
	ck_assert_int_eq(test_run(unknown, env, &out), 3);
	ck_assert_ptr_nonnull(strstr(out, "hawser discover"));
	free(out);
	close(fd);
	ck_assert_int_eq(test_proc_stop(&host), 0);
}
END_TEST

int main(void)
{
	return test_main("lan", 280, NULL, NULL,
			TESTS(a_host_is_found_at_its_address,
					a_host_that_does_not_want_to_be_found_is_not,
					hosts_of_a_network_are_found_and_woken));
}
