/* bench api: what the API server does for devices and for who looks for them, on the real program,
 * on SQLite and on PostgreSQL; and what its edge costs by itself. Prints "bench api.METRIC=VALUE".
 * Loopback only. --quick: two seconds for each figure instead of five; --only floor|sqlite|postgres
 * measures a part. */
#include "shared/base/clock.h"
#include "tests/bench/api/load.h"
#include "tests/bench/api/real.h"
#include "tests/bench/api/served.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char heartbeat[] =
		"POST /floor HTTP/1.1\r\nHost: a:21114\r\nContent-Type: application/json\r\n"
		"Content-Length: 90\r\n\r\n"
		"{\"id\":\"123456789\",\"uuid\":\"dXVpZC1hbm4tMTIzNDU2Nzg5MDEyMw==\",\"ver\":1005000,"
		"\"modified_at\":0}";
static const char get[] = "GET /loop HTTP/1.1\r\nHost: a:21114\r\n\r\n";

static size_t same(char buf[LOAD_REQUEST], uint64_t n, void *arg)
{
	size_t len = strlen(arg);

	(void)n;
	memcpy(buf, arg, len + 1);
	return len;
}

static bool measure(const char *name, const char *request, uint16_t port, uint64_t us)
{
	struct load l = { .port = port, .us = us, .make = same, .arg = (void *)(uintptr_t)request };

	if (!load_run(&l) || l.refused) {
		fprintf(stderr, "bench api: %s was refused or ended\n", name);
		return false;
	}
	printf("bench api.%s_requests_per_s=%.4g\n", name,
			(double)l.times.count / ((double)us / 1e6));
	printf("bench api.%s_p99_ms=%.4g\n", name, (double)load_histogram_at(&l.times, 0.99) / 1e3);
	return true;
}

static bool floors(uint64_t us)
{
	uint16_t port = 0;
	pid_t pid = 0;
	bool good;

	if (served_start(&pid, &port) < 0) {
		fprintf(stderr, "bench api: the server does not start\n");
		return false;
	}
	good = measure("floor", heartbeat, port, us) && measure("loop", get, port, us);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return good;
}

static const char *only = "";
static uint64_t duration_us = 5 * HWS_US_PER_S;

static bool wanted(const char *part)
{
	return !*only || strcmp(only, part) == 0;
}

/* A test, since what starts the programs ends one that fails. */
START_TEST(measure_all)
{
	if (wanted("floor"))
		ck_assert(floors(duration_us));
	if (wanted("sqlite"))
		ck_assert(real_measure("sqlite", duration_us));
	if (wanted("postgres"))
		ck_assert(real_measure("postgres", duration_us));
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("bench");
	TCase *t = tcase_create("api");
	SRunner *r = srunner_create(s);
	int failed;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--quick") == 0)
			duration_us = 2 * HWS_US_PER_S;
		else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
			only = argv[++i];
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	tcase_add_test(t, measure_all);
	suite_add_tcase(s, t);
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_SILENT);
	failed = srunner_ntests_failed(r);
	if (failed)
		srunner_print(r, CK_NORMAL);
	srunner_free(r);
	return failed ? 1 : 0;
}
