/* hawser files, the program, with a real host: every command between two ends of hawser and, by
 * --compatible, in the protocol that is deployed; a big tree, cuts in the middle, killed processes,
 * two sessions at once. What arrives is compared byte by byte. */
#include "tests/component/host/host.h"
#include "tests/support/suite.h"
#include "tests/support/tcp_proxy.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct test_host host;
static struct test_proxy proxy;
static char there[256], here[256], vars[8][600];
static const char *envp[10];

static void put_env(size_t i, const char *name, const char *value)
{
	ck_assert_int_lt(snprintf(vars[i], sizeof(vars[i]), "%s=%s", name, value),
			(int)sizeof(vars[i]));
	envp[i] = vars[i];
}

static void start(void)
{
	char roots[300];
	const char *extra[] = { "--files-roots", roots, "--service-user", "root", NULL };

	if (geteuid() != 0)
		extra[2] = NULL;
	snprintf(roots, sizeof(roots), "%s", there);
	host_start(&host, extra);
}

/* One that is good for more than one session. */
static void set_password(void)
{
	char line[700];
	const char *argv[] = { "/bin/sh", "-c", line, NULL };
	char *out = NULL;
	int r;

	snprintf(line, sizeof(line),
			"echo Secret-12345 | " HOST_PROGRAM " password set --state-dir %s",
			host.dir);
	r = test_run(argv, NULL, &out);
	ck_assert_msg(r == 0, "%s", out);
	free(out);
}

/* $F: in the way that the loop says; 0: all that both ends can, 1: no more than deployed ones. */
static void name_target(unsigned port, bool compatible)
{
	char f[600], base[400];

	snprintf(base, sizeof(base), "%s files 127.0.0.1:%u", test_bin("client/cli/hawser"), port);
	snprintf(f, sizeof(f), "%s%s", base, compatible ? " --compatible" : "");
	put_env(0, "F", f);
}

static void setup(void)
{
	char config[300];

	memset(&host, 0, sizeof(host));
	test_dir(there, sizeof(there));
	test_dir(here, sizeof(here));
	start();
	test_proxy_start(&proxy, (uint16_t)host.port);
	name_target(host.port, false);
	put_env(1, "THERE", there);
	put_env(2, "HERE", here);
	put_env(3, "HAWSER_PASSWORD", "Secret-12345");
	snprintf(config, sizeof(config), "%s/.config", here);
	put_env(4, "XDG_CONFIG_HOME", config);
	envp[5] = NULL;
	set_password();
}

static void teardown(void)
{
	test_proxy_stop(&proxy);
	host_stop(&host);
}

/* Runs a line of shell in the folder here, whose output must hold `text` and whose status be
 * `status`. */
static void sh(const char *script, int status, const char *text)
{
	char line[4000];
	const char *argv[] = { "/bin/bash", "-c", line, NULL };
	char *out = NULL;
	int r;

	snprintf(line, sizeof(line), "set -o pipefail; cd $HERE; %s", script);
	r = test_run(argv, envp, &out);
	ck_assert_msg(r == status, "%s\nended with %d, not %d:\n%s", script, r, status, out);
	ck_assert_msg(!text || strstr(out, text), "%s\nsaid nothing of \"%s\":\n%s", script, text,
			out);
	free(out);
}

static void begin(struct test_proc *p, const char *script)
{
	static char line[4000];
	const char *argv[] = { "/bin/bash", "-c", line, NULL };

	snprintf(line, sizeof(line), "cd $HERE; exec %s", script);
	memset(p, 0, sizeof(*p));
	test_proc_start(p, argv, envp);
}

static void ends_well(struct test_proc *p)
{
	int status = test_proc_wait(p, 2 * TEST_PATIENCE_MS);

	ck_assert_msg(status == 0, "ended with %d:\n%s", status, p->log);
	test_proc_stop(p);
}

/* Has a file below a folder, whatever its name, come to so many bytes? */
struct growth {
	const char *folder;
	unsigned kib;
};

static bool has_grown(void *arg)
{
	const struct growth *g = arg;
	char line[400];
	const char *argv[] = { "/bin/sh", "-c", line, NULL };

	snprintf(line, sizeof(line),
			"test $(find %s -type f -printf '%%b\\n' | awk '{s+=$1} END {print "
			"int(s/2)}') -ge %u",
			g->folder, g->kib);
	return test_run(argv, NULL, NULL) == 0;
}

static void wait_growth(const char *folder, unsigned kib)
{
	struct growth g = { folder, kib };

	ck_assert(test_until(has_grown, &g, TEST_PATIENCE_MS));
}

/* --- every command, in both ways -------------------------------------------------------------- */

START_TEST(every_command_works)
{
	name_target(host.port, _i);
	sh("mkdir -p t/a/b t/e/f; for i in $(seq 40); do echo $i > t/a/b/$i; done; : > t/a/empty; head -c "
	   "5000000 /dev/urandom > t/r; yes | head -c 5000000 > t/y; touch -d @1234567890 t/y",
			0, NULL);
	sh("$F put -r t $THERE/", 0, "43 files copied");
	sh("diff -r t $THERE/t && test -d $THERE/t/e/f -a $(stat -c %Y $THERE/t/y) = 1234567890", 0,
			NULL);
	sh("$F ls $THERE/t | tr '\\n' ' '", 0, "a/ e/ r y ");
	sh("$F ls -l $THERE/t/y", 0, "4.8 MiB");
	sh("$F ls $THERE/none", 7, "has no");
	sh("$F get -r $THERE/t x && diff -r t x && test -d x/e/f", 0, "43 files copied");
	sh("$F get $THERE/t/r - | cmp - t/r && $F put - $THERE/z < t/r && cmp t/r $THERE/z", 0,
			NULL);
	sh("$F get -r $THERE/t new/ && diff -r t new/t", 0, "43 files copied");
	sh("$F get --json $THERE/t/a/b/7 g", 0, "\"name\":\"7\"");
	sh("$F get $THERE/t/a/b/7 none/g", 7, "none/g is to be in");
	sh("mkdir -p n/empty && $F sync up -n --json n $THERE/n | grep plan", 0, "\"bytes\":0");
	sh("mkdir o; $F get -r $THERE/t o; $F get -r $THERE/t o </dev/null", 0, "43 skipped");
	sh("rm -r o; echo other > $THERE/t/r; $F get $THERE/t/r x/r </dev/null", 7, "differs");
	sh("$F get --overwrite $THERE/t/r x/r && grep -q other x/r", 0, NULL);
	sh("$F mkdir $THERE/d/e && $F mv $THERE/z $THERE/d && test -f $THERE/d/z", 0, NULL);
	sh("$F mv $THERE/none $THERE/x", 7, NULL);
	sh("rm -r x; $F sync down $THERE/t x && diff -r $THERE/t x", 0, "44 new");
	sh("echo more > x/new; rm x/r; $F sync up --delete x $THERE/t && diff -r x $THERE/t", 0,
			NULL);
	sh("$F rm $THERE/d/z && test ! -e $THERE/d/z", 0, NULL);
	sh("$F rm -r $THERE/t $THERE/d && test -z \"$(ls -A $THERE)\"", 0, NULL);
	sh("printf 'cd %s\\nput t/y\\nls\\n' $THERE | $F", 0, "y\n");
}
END_TEST

/* Links and pipes are not copied, but they are there: what has their names stays. */
START_TEST(what_is_not_copied_is_not_removed)
{
	sh("mkdir -p s/d s/k/e $THERE/s/d $THERE/s/l $THERE/s/k/e/x; echo 1 > s/f; ln -s f s/p; ln -s d s/l; "
	   "mkfifo s/q s/k/e/r; for n in p q l/in d/extra k/e/r k/e/x/y gone; do echo $n > $THERE/s/$n; done",
			0, NULL);
	sh("$F sync up -n --delete s $THERE/s | sort | tr '\\n' ' '", 0,
			"keep    k/e/r keep    l/in keep    p keep    q remove  d/extra remove  gone "
			"remove  k/e/x");
	sh("$F sync up --delete s $THERE/s", 7, "p stays: at the source that name is a link");
	sh("cd $THERE/s; cat p q l/in k/e/r f | tr '\\n' ' '", 0, "p q l/in k/e/r 1");
	sh("test ! -e $THERE/s/d/extra -a ! -e $THERE/s/gone -a ! -e $THERE/s/k/e/x -a -d $THERE/s/d",
			0, NULL);
	/* the other way */
	sh("rm -r $THERE/s; cp -a s $THERE/s; rm s/p s/q s/l; mkdir s/l; for n in p q l/in d/extra; do echo "
	   "$n > s/$n; done; $F sync down --delete $THERE/s s",
			7, "l/in stays");
	sh("cat s/p s/q s/l/in | tr '\\n' ' '; test ! -e s/d/extra", 0, "p q l/in");
	/* a folder that is named by a link is what it leads to, and not empty */
	sh("mkdir t; echo 1 > t/1; ln -s t tl; cp -a t $THERE/t; $F sync up --delete tl $THERE/t && diff -r t "
	   "$THERE/t",
			0, "1 the same");
}
END_TEST

START_TEST(nothing_outside_of_the_roots_is_touched)
{
	name_target(host.port, _i);
	sh("echo 1 > f; ln -s /etc $THERE/l; ln -s /etc/passwd $THERE/p; mkdir $THERE/d", 0, NULL);
	sh("$F ls $THERE", 0, "d/");
	sh("$F ls /etc | grep passwd", 1, NULL);
	sh("$F get $THERE/l/passwd x || $F get $THERE/p y || $F put f $THERE/l/f || $F put f /etc/hawser-f",
			6, NULL);
	sh("test ! -e x -a ! -e y -a ! -e /etc/hawser-f -a ! -e /etc/f", 0, NULL);
}
END_TEST

/* A folder that nobody can read (this one is too deep) is in no list; a script must hear of it all
 * the same. What can be read is copied. */
START_TEST(what_cannot_be_read_is_told)
{
	sh("mkdir -p t/g $THERE/t/g; p=$(printf 'd/%.0s' $(seq 130)); mkdir -p t/$p $THERE/t/$p; echo 1 > "
	   "t/g/f; echo 1 > $THERE/t/g/f",
			0, NULL);
	sh("$F get -r $THERE/t x 2> err; s=$?; cat err; diff x/g t/g && exit $s", 7, "d/d/d/d");
	sh("$F put -r t $THERE/y; s=$?; diff $THERE/y/g t/g && exit $s", 7, "were not copied");
	sh("$F --json get -r $THERE/t z", 7, "\"failed\":1");
}
END_TEST

/* What a script gives by mistake does no harm, and what fails says which it was. */
START_TEST(small_mistakes_are_told)
{
	sh("mkdir -p d $THERE/sub; echo 1 > d/f; echo 2 > $THERE/g; mkfifo $THERE/p", 0, NULL);
	sh("$F rm -r ''", 2, "an empty name");
	sh("$F mv $THERE/g ''", 2, "an empty name");
	sh("printf 'cd %s/sub\nrm -r %s\n' $THERE $THERE | $F", 2, "that we are in");
	sh("printf 'cd %s/sub\nrm -r .\n' $THERE | $F", 2, "that we are in");
	sh("test -f $THERE/g && test -d $THERE/sub", 0, NULL);
	sh("$F get $THERE/p", 7, "/p: ");
	sh("$F put -r d/. $THERE/sub && diff -r d $THERE/sub && $F put -r d/../d/. $THERE/new && diff -r d "
	   "$THERE/new",
			0, NULL);
}
END_TEST

START_TEST(many_files_are_copied)
{
	name_target(host.port, _i);
	sh("mkdir t; cd t; for d in $(seq 10); do mkdir $d; for i in $(seq 100); do echo $d$i > $d/$i; done; "
	   "done",
			0, NULL);
	sh("$F put -r t $THERE/t && diff -r t $THERE/t", 0, "1000 files copied");
	sh("$F get -r $THERE/t x && diff -r t x", 0, "1000 files copied");
}
END_TEST

START_TEST(a_sparse_file_and_names_of_any_bytes_come_whole)
{
	sh("truncate -s 5G s; echo end >> s; echo x > $'\\xff\\xfe'; echo y > $'a\\nb'", 0, NULL);
	/* its length, its end and its place on the disk: to read it all takes a minute */
	sh("$F put s $'\\xff\\xfe' $'a\\nb' $THERE/ && cmp $'\\xff\\xfe' $THERE/$'\\xff\\xfe' && cmp "
	   "$'a\\nb' $THERE/$'a\\nb'",
			0, NULL);
	sh("test $(stat -c %s s) = $(stat -c %s $THERE/s) && cmp <(tail -c 5000000 s) <(tail -c 5000000 "
	   "$THERE/s) && test $(du -k $THERE/s | cut -f1) -lt 20000",
			0, NULL);
	sh("$F get $THERE/$'\\xff\\xfe' z && cmp z $'\\xff\\xfe' && $F ls $THERE", 0, "\\xff\\xfe");
}
END_TEST

/* --- cuts ------------------------------------------------------------------------------------- */

static void make_big(void)
{
	sh("mkdir t; head -c 12000000 /dev/urandom > t/big; for i in $(seq 20); do head -c 100000 "
	   "/dev/urandom > t/$i; done",
			0, NULL);
}

START_TEST(a_cut_line_costs_only_time)
{
	struct test_proc p;
	bool up = _i & 1;
	char folder[300];

	name_target(proxy.port, _i & 2);
	make_big();
	if (!up)
		sh("cp -a t $THERE/t", 0, NULL);
	snprintf(folder, sizeof(folder), "%s", up ? there : here);
	if (!up)
		sh("mv t orig", 0, NULL);
	test_proxy_limit(&proxy, 20u << 20);
	begin(&p, up ? "$F put -r t $THERE/t" : "$F get -r $THERE/t t");
	for (unsigned kib = 2000; kib <= 7000; kib += 5000) {
		wait_growth(folder, kib + (up ? 0 : 13700));
		test_proxy_set(&proxy, TEST_PROXY_CUT);
		test_proc_must_expect(&p, "trying again", TEST_PATIENCE_MS);
		test_proxy_set(&proxy, TEST_PROXY_PASS);
	}
	test_proxy_limit(&proxy, 0);
	ends_well(&p);
	sh(up ? "diff -r t $THERE/t" : "diff -r orig t && diff -r $THERE/t t", 0, NULL);
}
END_TEST

static void kill_by(const char *what)
{
	char line[200];
	const char *argv[] = { "/bin/sh", "-c", line, NULL };

	/* children of this host alone: gates and agents are told apart by their arguments */
	snprintf(line, sizeof(line), "pkill -KILL -P %d -f %s", (int)host.proc.pid, what);
	ck_assert_int_eq(test_run(argv, NULL, NULL), 0);
}

START_TEST(killed_processes_cost_only_time)
{
	struct test_proc p;

	name_target(proxy.port, false);
	make_big();
	test_proxy_limit(&proxy, 20u << 20);
	begin(&p, "$F put -r t $THERE/t");
	wait_growth(there, 2000);
	kill_by("gate");
	test_proc_must_expect(&p, "trying again", TEST_PATIENCE_MS);
	test_proxy_limit(&proxy, 0);
	ends_well(&p);
	sh("diff -r t $THERE/t", 0, NULL);
}
END_TEST

START_TEST(both_ends_may_be_started_anew)
{
	struct test_proc p;

	name_target(proxy.port, _i);
	make_big();
	test_proxy_limit(&proxy, 20u << 20);
	begin(&p, "$F put -r t $THERE");
	wait_growth(there, 4000);
	test_proc_signal(&p, SIGKILL);
	test_proc_stop(&p);
	host_stop(&host);
	test_proxy_stop(&proxy);
	start();
	test_proxy_start(&proxy, (uint16_t)host.port);
	name_target(proxy.port, _i);
	sh("$F put -r --resume t $THERE && diff -r t $THERE/t", 0, NULL);
	sh("test -z \"$(find $THERE -name '*.download' -o -name '*.digest' -o -name '*.part*')\"",
			0, NULL);
}
END_TEST

START_TEST(two_sessions_do_not_mind_each_other)
{
	struct test_proc one, two;

	name_target(host.port, _i);
	sh("mkdir a b; head -c 20000000 /dev/urandom > a/1; head -c 20000000 /dev/urandom > b/2", 0,
			NULL);
	begin(&one, "$F put -r a $THERE/a");
	begin(&two, "$F put -r b $THERE/b");
	ends_well(&one);
	ends_well(&two);
	sh("diff -r a $THERE/a && diff -r b $THERE/b", 0, NULL);
}
END_TEST

START_TEST(an_interrupted_copy_is_gone_on_with)
{
	struct test_proc p;

	name_target(proxy.port, _i);
	make_big();
	test_proxy_limit(&proxy, 20u << 20);
	begin(&p, "$F put -r t $THERE/t");
	wait_growth(there, 4000);
	test_proc_signal(&p, SIGINT);
	ck_assert_int_eq(test_proc_wait(&p, TEST_PATIENCE_MS), 130);
	ck_assert_msg(strstr(p.log, "to go on"), "%s", p.log);
	test_proc_stop(&p);
	test_proxy_limit(&proxy, 0);
	sh("$F jobs", 0, "put");
	sh("$F put -r --resume t $THERE/t && diff -r t $THERE/t && test -z \"$($F jobs)\"", 0,
			NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("component/files/real");
	TCase *t = tcase_create("real");

	tcase_set_timeout(t, 250);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, every_command_works, 0, 2);
	tcase_add_test(t, what_cannot_be_read_is_told);
	tcase_add_test(t, small_mistakes_are_told);
	tcase_add_test(t, what_is_not_copied_is_not_removed);
	tcase_add_loop_test(t, many_files_are_copied, 0, 1);
	tcase_add_test(t, a_sparse_file_and_names_of_any_bytes_come_whole);
	tcase_add_loop_test(t, a_cut_line_costs_only_time, 1, 3);
	tcase_add_loop_test(t, nothing_outside_of_the_roots_is_touched, 0, 1);
	tcase_add_test(t, killed_processes_cost_only_time);
	tcase_add_loop_test(t, both_ends_may_be_started_anew, 0, 1);
	tcase_add_loop_test(t, two_sessions_do_not_mind_each_other, 0, 1);
	tcase_add_loop_test(t, an_interrupted_copy_is_gone_on_with, 1, 2);
	suite_add_tcase(s, t);
	return test_suite_run(s);
}
