/* The load generator: its figures are the server's, or it says what is in the way. */
#include "shared/crypto/crypto.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/load/room.h"
#include "tests/support/firewall.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct server srv;
static char address[40];

static void setup(void)
{
	static const char *const extra[] = { "--register-burst", "10000", NULL };

	memset(&srv, 0, sizeof(srv));
	server_start(&srv, extra);
	snprintf(address, sizeof(address), "127.0.0.1:%u", srv.port);
}

static void teardown(void)
{
	server_stop(&srv);
}

static int load(const char *const more[], char **ret_out)
{
	const char *argv[20] = { test_bin("tests/load/hawser-load"), "--server", address, "--key",
		srv.key, "--seconds", "2s" };
	size_t n = 7;

	for (size_t i = 0; more[i]; i++)
		argv[n++] = more[i];
	return test_run(argv, NULL, ret_out);
}

START_TEST(everything_is_answered)
{
	static const char *const far[] = { "--hosts", "2000", "--calls", "300", NULL };
	char *out = NULL;

	ck_assert_int_eq(load(far, &out), 0);
	ck_assert_msg(strstr(out, "registered 2000 of 2000"), "%s", out);
	ck_assert_msg(strstr(out, " 0 refused, 0 timed out, 0 failed"), "%s", out);
	/* A full buffer while all register at once is made good: devices send again. */
	ck_assert_msg(strstr(out, " 0 lost,"), "%s", out);
	free(out);
}
END_TEST

/* 1,000 viewers and 5,000 devices behind one address, at a rate that a slow machine keeps. */
START_TEST(a_large_site_behind_one_address_is_served)
{
	static const char *const site[] = { "--site", "--hosts", "5000", "--links", "1000",
		"--calls", "500", NULL };
	char *out = NULL;

	ck_assert_int_eq(load(site, &out), 0);
	ck_assert_msg(strstr(out, "registered 5000 of 5000"), "%s", out);
	ck_assert_msg(strstr(out, " 0 refused, 0 timed out, 0 failed"), "%s", out);
	free(out);
}
END_TEST

START_TEST(what_is_lost_has_a_reason)
{
	static const char *const wrong[] = { "--hosts", "50", "--calls", "20", "--key", "wrong",
		NULL };
	char *out = NULL;

	load(wrong, &out);
	ck_assert_msg(strstr(out, "refused for the key: "), "%s", out);
	free(out);
}
END_TEST

START_TEST(without_room_in_the_firewall_there_are_no_figures)
{
	const char *const load[] = { test_bin("tests/load/hawser-load"), "--server", address,
		"--hosts", "2000", "--seconds", "1s", NULL };
	const char *const *argv = test_firewall_argv(261000, 262144, load);
	char *out = NULL;

	if (!argv)
		return;
	ck_assert_int_ne(test_run(argv, NULL, &out), 0);
	ck_assert_msg(strstr(out, "nf_conntrack_max to 263000"), "%s", out);
	ck_assert_msg(!strstr(out, "registered"), "%s", out);
	free(out);
}
END_TEST

START_TEST(without_descriptors_there_are_no_figures)
{
	char line[600], *out = NULL;
	const char *argv[] = { "/bin/sh", "-c", line, NULL };

	snprintf(line, sizeof(line), "ulimit -n 200; exec %s --server %s --hosts 10 --seconds 1s",
			test_bin("tests/load/hawser-load"), address);
	ck_assert_int_ne(test_run(argv, NULL, &out), 0);
	ck_assert_msg(strstr(out, "descriptors"), "%s", out);
	ck_assert_msg(!strstr(out, "registered"), "%s", out);
	free(out);
}
END_TEST

START_TEST(what_the_kernel_threw_away_is_named)
{
	struct load_losses a = { 0 }, b = { .tracking = 7, .udp_buffer = 3, .queue = 2 };
	char text[300] = "no connection: 5";

	ck_assert(!load_losses_text(&a, &a, text, sizeof(text)));
	ck_assert_str_eq(text, "no connection: 5");
	ck_assert(load_losses_text(&a, &b, text, sizeof(text)));
	ck_assert_str_eq(text,
			"no connection: 5, the firewall's table of connections was full: 7, "
			"a UDP receive buffer was full: 3, the server's queue of new links was "
			"full: 2");
	load_losses_read("/proc", &a); /* the real files can be read */
	load_losses_read("/nowhere", &b);
	ck_assert_uint_eq(b.udp_buffer + b.queue + b.unsent + b.tracking, 0);
}
END_TEST

/* One device, lo, and it takes a datagram to itself. */
static bool only_loopback(void)
{
	struct if_nameindex *all = if_nameindex();
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool only = all && all[0].if_name && strcmp(all[0].if_name, "lo") == 0;

	for (size_t i = 1; only && all[i].if_name; i++)
		only = if_nametoindex(all[i].if_name) > 0 && strncmp(all[i].if_name, "eth", 3) != 0;
	return only && sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1;
}

/* In a child: nobody gets back out of it. */
START_TEST(a_network_of_its_own_has_a_loopback_and_nothing_else)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		char why[200];

		if (load_own_network(why, sizeof(why)) < 0)
			_exit(77); /* not allowed here */
		_exit(only_loopback() ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77));
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("rendezvous/load", 120, setup, teardown,
			TESTS(everything_is_answered, a_large_site_behind_one_address_is_served,
					what_is_lost_has_a_reason,
					without_room_in_the_firewall_there_are_no_figures,
					without_descriptors_there_are_no_figures,
					what_the_kernel_threw_away_is_named,
					a_network_of_its_own_has_a_loopback_and_nothing_else));
}
