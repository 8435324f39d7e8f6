/* bench api: 100,000 devices are in the database, 20,000 of them report. */
#include "tests/bench/api/real.h"
#include "admin/sql/sql.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/crypto/crypto.h"
#include "tests/bench/api/load.h"
#include "tests/support/postgres.h"
#include "tests/support/proc.h"
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICES 100000
#define REPORTING 20000
#define LOGINS_PER_S 20
#define PACED_PER_S 500 /* heartbeats beside the logins: what 7,500 devices at rest send */
#define SEARCHES 40

struct real {
	struct test_pg pg;
	struct test_proc proc;
	char dir[60], state[100], run[80], admin[108], store[400];
	uint16_t port;
};

/* --- the server ------------------------------------------------------------------------------- */

static void start(struct real *r)
{
	const char *argv[] = { test_bin("admin/api/hawser-api"), "--state-dir", r->state,
		"--runtime-dir", r->run, "--bind", "127.0.0.1", "--port", "0", "--user-rate", "0",
		"--login-rate", "0", "--device-rate", "0", "--max-links-per-address", "0",
		"--store", r->store, NULL };

	test_proc_start(&r->proc, argv, NULL);
	r->port = (uint16_t)test_line_number(
			test_proc_must_expect(&r->proc, "listening", TEST_PATIENCE_MS), " port=");
}

/* As if they had registered and told what they are. The same text on both engines. */
static const char seed[] =
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
		"INSERT INTO device (guid, id, uuid, hostname, sys_username, os, cpu, memory, version, "
		"search, sysinfo_at, registered_at, created_at, updated_at, last_online) SELECT "
		"'00000000-0000-4000-8000-' || CAST(100000000000 + i AS TEXT), CAST(100000000 + i AS "
		"TEXT), 'dXVpZC1hbm4tMTIzNDU2Nzg5MDEyMw==', 'till-' || CAST(i AS TEXT) || "
		"'.shop.example.org', 'cashier', 'Windows 11 Pro', 'Intel N100, 3.4 GHz, 4/4 cores', "
		"'8 GB', '1.4.9', CAST(100000000 + i AS TEXT) || ' till-' || CAST(i AS TEXT) || "
		"'.shop.example.org cashier windows 11 pro', 1, 1, 1, 1, 1 FROM n";

static bool fill(struct real *r)
{
	struct sql_place place = { .connections = 1, .statement_ms = 120000 };
	struct hws_error err = { 0 };
	struct sql_conn *c = NULL;
	struct sql_db *db = NULL;
	char path[400];
	int e;

	(void)snprintf(path, sizeof(path), "%s/hawser-api.sqlite3", r->state);
	if (r->pg.port)
		place.conninfo = r->pg.url;
	else
		place.path = path;
	e = sql_open(&place, &db, &err);
	if (e == HWS_OK)
		e = sql_take(db, &c);
	if (e == HWS_OK)
		e = sql_run(c, seed, SQL_NONE);
	sql_give(c);
	sql_close(db);
	if (r->pg.port)
		(void)test_pg_sql(&r->pg, "ANALYZE");
	if (e < 0)
		fprintf(stderr, "bench api: the database was not filled: %s %s\n", hws_err_text(e),
				err.text);
	return e == HWS_OK;
}

/* --- heartbeats ------------------------------------------------------------------------------- */

static size_t heartbeat(char buf[LOAD_REQUEST], uint64_t n, void *arg)
{
	char body[160];
	int len = snprintf(body, sizeof(body),
			"{\"id\":\"%llu\",\"uuid\":\"dXVpZC1hbm4tMTIzNDU2Nzg5MDEyMw==\",\"ver\":"
			"1005000,\"modified_at\":0}",
			(unsigned long long)(100000001 + n % REPORTING));

	(void)arg;
	return (size_t)snprintf(buf, LOAD_REQUEST,
			"POST /api/heartbeat HTTP/1.1\r\nHost: a:21114\r\nContent-Type: "
			"application/json\r\nContent-Length: %d\r\n\r\n%s",
			len, body);
}

/* Until each has reported once, so that what follows is every day's work. */
static bool warm_up(struct real *r)
{
	struct load l = { .port = r->port, .us = HWS_US_PER_S / 5, .make = heartbeat };
	uint64_t end = hws_clock_us() + 60 * HWS_US_PER_S;

	while (l.first < REPORTING) {
		if (!load_run(&l) || l.refused || hws_clock_us() > end)
			return false;
		l.first += l.asked;
	}
	return true;
}

static bool heartbeats(struct real *r, const char *engine, uint64_t us)
{
	struct load l = { .port = r->port, .us = us, .make = heartbeat };

	if (!warm_up(r) || !load_run(&l) || l.refused)
		return false;
	printf("bench api.heartbeats_per_s_%s=%.4g\n", engine,
			(double)l.times.count / ((double)us / 1e6));
	printf("bench api.heartbeat_p99_ms_%s=%.4g\n", engine,
			(double)load_histogram_at(&l.times, 0.99) / 1e3);
	/* at the load that is asked for, not at all that goes */
	l.per_s = 2000;
	l.us = HWS_MAX(us, 35 * HWS_US_PER_S * (us > 2 * HWS_US_PER_S));
	if (!load_run(&l) || l.refused)
		return false;
	printf("bench api.heartbeat_p99_ms%s=%.4g\n",
			strcmp(engine, "sqlite") == 0 ? "" : "_2000_s",
			(double)load_histogram_at(&l.times, 0.99) / 1e3);
	return true;
}

/* --- logins ----------------------------------------------------------------------------------- */

static size_t login(char buf[LOAD_REQUEST], uint64_t n, void *arg)
{
	char body[200];
	/* an account of its own for each, so that no brake on guessing saves the work */
	int len = snprintf(body, sizeof(body),
			"{\"username\":\"nobody%llu\",\"password\":\"correct horse battery\",\"id\":"
			"\"1\",\"uuid\":\"dQ==\",\"type\":\"account\"}",
			(unsigned long long)n);

	(void)arg;
	return (size_t)snprintf(buf, LOAD_REQUEST,
			"POST /api/login HTTP/1.1\r\nHost: a:21114\r\nContent-Type: "
			"application/json\r\nContent-Length: %d\r\n\r\n%s",
			len, body);
}

/* In a process of its own, so that neither load waits for the other. */
static pid_t start_logins(struct real *r, uint64_t us, int *ret_count)
{
	int told[2];
	pid_t pid;

	if (pipe(told) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		struct load l = { .port = r->port,
			.us = us,
			.links = 200,
			.per_s = LOGINS_PER_S,
			.any_status = true,
			.make = login };
		bool good = load_run(&l);

		_exit(write(told[1], &l.times.count,
				      sizeof(l.times.count)) == sizeof(l.times.count) &&
								good
						? 0
						: 1);
	}
	close(told[1]);
	*ret_count = told[0];
	return pid;
}

static bool during_logins(struct real *r, uint64_t us)
{
	struct load l = {
		.port = r->port, .us = us, .per_s = PACED_PER_S, .make = heartbeat, .first = 7
	};
	uint64_t done = 0;
	int count = -1, status = 1;
	pid_t pid = start_logins(r, us, &count);
	bool good = pid > 0 && load_run(&l) && !l.refused;

	if (pid > 0) {
		good = read(count, &done, sizeof(done)) == sizeof(done) && good;
		(void)waitpid(pid, &status, 0);
		close(count);
	}
	if (!good || status != 0)
		return false;
	printf("bench api.heartbeat_p99_ms_during_logins=%.4g\n",
			(double)load_histogram_at(&l.times, 0.99) / 1e3);
	printf("bench api.logins_per_s=%.4g\n", (double)done / ((double)us / 1e6));
	return true;
}

/* --- searches --------------------------------------------------------------------------------- */

static bool read_all(int fd)
{
	char buf[65536];
	bool first = true, good = false;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf) - 1, 0)) > 0) {
		buf[n] = 0;
		if (first)
			good = strncmp(buf, "HTTP/1.1 200 ", 13) == 0;
		if (first && !good)
			fprintf(stderr, "bench api: %.300s\n", buf);
		first = false;
	}
	return good;
}

/* By the operator's socket, as the console asks. */
static bool search_once(struct real *r, const char *what)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[300];
	bool good;

	memcpy(a.sun_path, r->admin, sizeof(a.sun_path));
	(void)snprintf(text, sizeof(text),
			"GET /api/v1/devices?limit=50&%s HTTP/1.1\r\nHost: a\r\nConnection: "
			"close\r\n\r\n",
			what);
	good = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
			send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text) &&
			read_all(fd);
	close(fd);
	return good;
}

/* Milliseconds of processor that the server has had so far: what a machine that does nothing else
 * would take, about, whatever this one does. */
static double cpu_ms(const struct real *r)
{
	unsigned long user = 0, system = 0;
	char path[40], text[600], *at;
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)r->proc.pid);
	f = fopen(path, "re");
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	if (f)
		fclose(f);
	text[n] = 0;
	at = strrchr(text, ')');
	/* twelve and thirteen fields behind the name */
	for (int i = 0; at && i < 12; i++)
		at = strchr(at + 1, ' ');
	if (at) {
		user = strtoul(at, &at, 10);
		system = strtoul(at, NULL, 10);
	}
	return (double)(user + system) * 1e3 / (double)sysconf(_SC_CLK_TCK);
}

/* The worst of the kinds of question, each by its median. */
static bool searches(struct real *r, const char *engine)
{
	static const char *const what[] = { "q=till-77123", "q=shop", "q=nothing-like-it",
		"sort=name", "q=1000&sort=-last_online_at", "status=active" };
	double worst = 0;

	for (size_t i = 0; i < HWS_COUNT(what); i++) {
		struct load_histogram times = { 0 };
		double ms, cpu = cpu_ms(r);

		for (int k = 0; k < SEARCHES; k++) {
			uint64_t from = hws_clock_us();

			if (!search_once(r, what[i]))
				return false;
			load_histogram_add(&times, hws_clock_us() - from);
		}
		ms = (double)load_histogram_at(&times, 0.5) / 1e3;
		cpu = (cpu_ms(r) - cpu) / SEARCHES;
		printf("bench api.search_ms_%s[%s]=%.4g\n", engine, what[i], ms);
		printf("bench api.search_cpu_ms_%s[%s]=%.3g\n", engine, what[i], cpu);
		worst = HWS_MAX(worst, ms);
	}
	printf("bench api.search_ms%s=%.4g\n", strcmp(engine, "sqlite") == 0 ? "" : "_postgres",
			worst);
	return true;
}

/* --- all -------------------------------------------------------------------------------------- */

bool real_measure(const char *engine, uint64_t us)
{
	struct real r = { .port = 0 };
	bool postgres = strcmp(engine, "postgres") == 0, good;

	if (hws_crypto_init() < 0)
		return false;
	test_dir(r.dir, sizeof(r.dir));
	(void)snprintf(r.state, sizeof(r.state), "%s/state", r.dir);
	(void)snprintf(r.run, sizeof(r.run), "%s/run", r.dir);
	(void)snprintf(r.admin, sizeof(r.admin), "%s/admin.sock", r.run);
	(void)snprintf(r.store, sizeof(r.store), "sqlite");
	if (postgres) {
		r.pg.sync = true;
		test_pg_start(&r.pg);
		(void)snprintf(r.store, sizeof(r.store), "%s", r.pg.url);
	}
	start(&r);
	good = fill(&r) && heartbeats(&r, engine, us) && searches(&r, engine);
	if (good && !postgres)
		good = during_logins(&r, us);
	if (!good)
		fprintf(stderr, "bench api: %s was not measured\n%s\n", engine,
				test_log_end(r.proc.log, 2000));
	(void)test_proc_stop(&r.proc);
	if (postgres)
		test_pg_stop(&r.pg);
	return good;
}
