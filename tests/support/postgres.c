/* A real PostgreSQL with a cluster of its own, as an account without rights where the test is
 * root, since the server refuses root. */
#include "tests/support/postgres.h"
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READY "database system is ready to accept connections"
#define ARGS_MAX 40
#define START_MS 90000 /* of a machine with much else to do */

/* The newest version that is installed. */
static const char *program(const char *name)
{
	static char path[4][200];
	static unsigned next;
	char *buf = path[next++ % 4], pattern[200];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "/usr/lib/postgresql/*/bin/%s", name);
	if (glob(pattern, 0, NULL, &found) != 0 || found.gl_pathc == 0)
		ck_abort_msg("no PostgreSQL server is installed (%s)", pattern);
	snprintf(buf, sizeof(path[0]), "%s", found.gl_pathv[found.gl_pathc - 1]);
	globfree(&found);
	return buf;
}

static const struct passwd *account(void)
{
	const struct passwd *pw = getpwnam("postgres");

	if (!pw)
		pw = getpwnam("nobody");
	ck_assert_ptr_nonnull(pw);
	return pw;
}

/* PostgreSQL refuses to be root. */
static size_t begin_args(const char **argv)
{
	static char uid[32], gid[32];
	size_t n = 0;

	if (geteuid() != 0)
		return 0;
	snprintf(uid, sizeof(uid), "--reuid=%u", (unsigned)account()->pw_uid);
	snprintf(gid, sizeof(gid), "--regid=%u", (unsigned)account()->pw_gid);
	argv[n++] = "/usr/bin/setpriv";
	argv[n++] = uid;
	argv[n++] = gid;
	argv[n++] = "--clear-groups";
	argv[n++] = "--pdeathsig=KILL"; /* changing the account has dropped that */
	argv[n++] = "--";
	return n;
}

static void init_folder(struct test_pg *pg)
{
	const char *argv[ARGS_MAX];
	size_t n = begin_args(argv);
	struct test_proc p;

	argv[n++] = program("initdb");
	argv[n++] = "-D";
	argv[n++] = pg->dir;
	argv[n++] = "-Upostgres";
	argv[n++] = "-Atrust";
	argv[n++] = "-EUTF8";
	argv[n++] = "--locale=C";
	argv[n++] = "-N";
	argv[n] = NULL;
	test_proc_start(&p, argv, NULL);
	ck_assert_msg(test_proc_wait(&p, START_MS) == 0, "initdb: %s", p.log);
	test_proc_stop(&p);
}

void test_pg_run(struct test_pg *pg)
{
	const char *argv[ARGS_MAX];
	char port[32], folder[240];
	char why[500] = "";
	uint64_t end = test_now_ms() + 20000;
	size_t n;

	snprintf(port, sizeof(port), "port=%u", pg->port);
	snprintf(folder, sizeof(folder), "unix_socket_directories=%s", pg->dir);
	while (test_now_ms() < end) {
		n = begin_args(argv);
		argv[n++] = program("postgres");
		argv[n++] = "-D";
		argv[n++] = pg->dir;
		argv[n++] = "-clisten_addresses=127.0.0.1";
		argv[n++] = "-c";
		argv[n++] = port;
		argv[n++] = "-c";
		argv[n++] = folder;
		argv[n++] = "-cshared_buffers=64MB";
		argv[n++] = "-cmax_wal_size=4GB";
		argv[n++] = pg->sync ? "-cfsync=on" : "-cfsync=off";
		argv[n] = NULL;
		test_proc_start(&pg->proc, argv, NULL);
		if (test_proc_expect(&pg->proc, READY, START_MS))
			return;
		/* Killed hard, its children need a moment to notice. */
		ck_assert_msg(strstr(pg->proc.log, "still in use") ||
						strstr(pg->proc.log, "lock file"),
				"PostgreSQL: %s", pg->proc.log);
		snprintf(why, sizeof(why), "%s", pg->proc.log);
		test_proc_stop(&pg->proc);
	}
	ck_abort_msg("PostgreSQL does not start again: %s", why);
}

void test_pg_start(struct test_pg *pg)
{
	char base[160];

	test_dir(base, sizeof(base));
	ck_assert_int_eq(chmod(base, 0755), 0);
	snprintf(pg->dir, sizeof(pg->dir), "%s/pg", base);
	ck_assert_int_eq(mkdir(pg->dir, 0700), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(pg->dir, account()->pw_uid, account()->pw_gid), 0);
	pg->port = test_free_port();
	snprintf(pg->url, sizeof(pg->url), "postgresql://postgres@127.0.0.1:%u/postgres", pg->port);
	init_folder(pg);
	test_pg_run(pg);
	test_pg_sql(pg, "CREATE DATABASE hawser");
	snprintf(pg->url, sizeof(pg->url), "postgresql://postgres@127.0.0.1:%u/hawser", pg->port);
}

void test_pg_stop(struct test_pg *pg)
{
	if (pg->proc.pid <= 0)
		return;
	test_pg_freeze(pg, false);
	test_proc_signal(&pg->proc, SIGINT);
	test_proc_wait(&pg->proc, 10000);
	test_proc_stop(&pg->proc);
}

void test_pg_kill(struct test_pg *pg)
{
	test_proc_signal(&pg->proc, SIGKILL);
	test_proc_wait(&pg->proc, 5000);
	test_proc_stop(&pg->proc);
}

static pid_t parent_of(const char *pid)
{
	char path[300], line[400];
	const char *end;
	FILE *f;
	pid_t parent = -1;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (fgets(line, sizeof(line), f)) {
		end = strrchr(line, ')'); /* the name may hold anything */
		if (end && strlen(end) > 4)
			parent = (pid_t)strtoul(end + 4, NULL, 10);
	}
	fclose(f);
	return parent;
}

void test_pg_freeze(struct test_pg *pg, bool on)
{
	int sig = on ? SIGSTOP : SIGCONT;
	DIR *d = opendir("/proc");
	struct dirent *e;

	ck_assert_ptr_nonnull(d);
	kill(pg->proc.pid, sig);
	while ((e = readdir(d))) {
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9' &&
				parent_of(e->d_name) == pg->proc.pid)
			kill((pid_t)strtoul(e->d_name, NULL, 10), sig);
	}
	closedir(d);
}

const char *test_pg_sql(struct test_pg *pg, const char *sql)
{
	static char answer[1000];
	const char *argv[] = { program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", pg->url,
		"-c", sql, NULL };
	char *out = NULL;
	int r = test_run(argv, NULL, &out);

	ck_assert_msg(r == 0, "%s: %s", sql, out);
	snprintf(answer, sizeof(answer), "%.*s", (int)strcspn(out, "|\n"), out);
	free(out);
	return answer;
}
