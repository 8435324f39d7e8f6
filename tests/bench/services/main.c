/* bench services: files, terminals and tunnels by the real programs on loopback, encrypted, each
 * beside its floor or OpenSSH on the same machine in the same run. Prints "bench
 * services.METRIC=VALUE"; ends within ten minutes, --quick within two. */
#include "tests/bench/common/report.h"
#include "tests/bench/services/parts.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

static struct bench bench;

static const struct part {
	const char *name;
	void (*run)(struct bench *b);
} parts[] = {
	{ "file", bench_files },
	{ "small", bench_small_files },
	{ "wan", bench_wan },
	{ "resume", bench_resume },
	{ "echo", bench_echo },
	{ "cat", bench_cat },
	{ "ctrl-c", bench_ctrl_c },
	{ "tunnel", bench_tunnel },
};
#define PARTS (sizeof(parts) / sizeof(*parts))

static bool wanted[PARTS], all = true;

/* What starts and watches processes for tests reports its failures to Check. */
START_TEST(measure)
{
	bed_start(&bench.bed, "127.0.0.1:*");
	bench.has_ssh = sshd_start(&bench.ssh);
	if (!bench.has_ssh)
		printf("# no /usr/sbin/sshd: nothing is compared with OpenSSH (openssh-server)\n");
	for (size_t i = 0; i < PARTS; i++) {
		if (!all && !wanted[i])
			continue;
		printf("# %s\n", parts[i].name);
		parts[i].run(&bench);
	}
	sshd_stop(&bench.ssh);
	bed_stop(&bench.bed);
}
END_TEST

static bool take(const char *word)
{
	for (size_t i = 0; i < PARTS; i++) {
		if (strcmp(word, parts[i].name) != 0)
			continue;
		wanted[i] = true;
		all = false;
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	Suite *s = suite_create("bench-services");
	TCase *t = tcase_create("bench");
	SRunner *runner = srunner_create(s);
	int failed;

	report_of("services");
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--quick") == 0) {
			bench.quick = true;
		} else if (!take(argv[i])) {
			fprintf(stderr,
					"usage: bench-services [--quick] "
					"[file|small|wan|resume|echo|cat|ctrl-c|tunnel ...]\n");
			return 2;
		}
	}
	tcase_add_test(t, measure);
	suite_add_tcase(s, t);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	if (failed) {
		srunner_print(runner, CK_NORMAL);
		bed_tell(&bench.bed);
	}
	srunner_free(runner);
	return failed ? 1 : 0;
}
