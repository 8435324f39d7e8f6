/* tests/support/firewall: figures of our own in place of /proc/sys/net, which has a table of
 * connections only where the kernel's module for it is loaded. */
#include "tests/support/firewall.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX 40

const char *const *test_firewall_argv(unsigned count, unsigned max, const char *const argv[])
{
	static char script[400];
	static const char *all[ARGS_MAX];
	const char *probe[] = { "/usr/bin/unshare", "--mount", "true", NULL, NULL, NULL, NULL };
	size_t n = 0;
	char *out = NULL;

	all[n++] = "/usr/bin/unshare";
	if (geteuid() != 0) {
		all[n++] = "--user";
		all[n++] = "--map-current-user";
		all[n++] = "--keep-caps";
		memcpy(probe + 1, all + 1, 3 * sizeof(*all));
		probe[4] = "--mount";
		probe[5] = "true";
	}
	if (test_run(probe, NULL, &out) != 0) {
		test_skip("no mount namespace, so no full table of the firewall: %s", out);
		free(out);
		return NULL;
	}
	free(out);
	snprintf(script, sizeof(script),
			"mount -t tmpfs none /proc/sys/net; mkdir /proc/sys/net/netfilter; "
			"cd /proc/sys/net/netfilter; echo %u >nf_conntrack_count; "
			"echo %u >nf_conntrack_max; cd /; exec \"$@\"",
			count, max);
	all[n++] = "--mount";
	all[n++] = "/bin/sh";
	all[n++] = "-ec";
	all[n++] = script;
	all[n++] = "sh";
	for (size_t i = 0; argv[i]; i++) {
		ck_assert_uint_lt(n, ARGS_MAX - 1);
		all[n++] = argv[i];
	}
	all[n] = NULL;
	return all;
}
