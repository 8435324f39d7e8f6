/* hawser files, the program, with a host of the kind that is deployed: every command, names of all
 * sorts, cuts in the middle and what goes on after them, silence, errors, and statuses that scripts
 * can trust. */
#include "tests/component/files/deployed_host.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct deployed_host host;
static char there[300], here[300], hawser[320], target[340], there_env[320], here_env[320];
static char bin_env[300], home_env[340];
static const char *envp[10];

static void setup(void)
{
	test_dir(there, sizeof(there));
	test_dir(here, sizeof(here));
	deployed_start(&host, there);
	snprintf(hawser, sizeof(hawser), "HAWSER=%s", test_bin("client/cli/hawser"));
	snprintf(target, sizeof(target), "F=%s files 127.0.0.1:%u", test_bin("client/cli/hawser"),
			host.port);
	snprintf(there_env, sizeof(there_env), "THERE=%s", there);
	snprintf(here_env, sizeof(here_env), "HERE=%s", here);
	snprintf(bin_env, sizeof(bin_env), "BIN=%s", test_bin("."));
	snprintf(home_env, sizeof(home_env), "XDG_CONFIG_HOME=%s/.config", here);
	const char *all[] = { hawser, target, there_env, here_env, bin_env, home_env,
		"HAWSER_PASSWORD=secret", NULL };
	memcpy(envp, all, sizeof(all));
}

static void teardown(void)
{
	deployed_stop(&host);
}

/* Runs a line of shell in the folder here; its output must hold `text` and its status be
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

START_TEST(folders_are_listed)
{
	sh("mkdir $THERE/sub; echo hello > $THERE/a.txt; echo > $THERE/.hid; ln -s a.txt $THERE/l",
			0, NULL);
	sh("$F ls > out; printf 'a.txt\\nl\\nsub/\\n' | diff - out", 0, NULL);
	sh("$F ls -a | grep -qx .hid", 0, NULL);
	sh("$F ls -l", 0, "6 B");
	sh("$F ls sub; $F ls $THERE/a.txt", 0, "a.txt");
	sh("$F ls '*.txt' --json", 0, "\"name\":\"");
	sh("$F ls none", 7, "has no \"");
	sh("$F ls 'n*ne'", 7, "nothing there");
	sh("$F ls -0 | tr '\\0' '|'", 0, "a.txt|l|sub|");
}
END_TEST

START_TEST(names_harm_no_terminal)
{
	sh("touch $THERE/$'\\e]0;x\\a' $THERE/$'a\\nb'", 0, NULL);
	sh("$F ls", 0, "\\x1b]0;x\\x07");
	sh("$F ls", 0, "a\\x0ab");
	sh("! $F ls | grep -q $'\\e'", 0, NULL);
	sh("$F get '*x*' . && ls | grep -q x", 0, NULL);
	sh("$F rm $'a\\nb' && test ! -e $THERE/$'a\\nb'", 0, NULL);
}
END_TEST

START_TEST(sentences_of_a_host_harm_no_terminal)
{
	host.says = "\x1b]0;mine\a\x1b[2J\r\n\xc2\x9b"
		    "31m it \"is\" gone";
	sh("echo > $THERE/d; $F mkdir d/e 2> err; s=$?; cat err; exit $s", 7,
			"\\x1b]0;mine\\x07\\x1b[2J\\x0d\\x0a\\xc2\\x9b31m it \"is\" gone");
	sh("! grep -q $'[\\x1b\\a\\r]' err && test $(wc -l < err) = 1", 0, NULL);
}
END_TEST

START_TEST(files_come_and_go)
{
	sh("head -c 3000000 /dev/urandom > $THERE/r; yes | head -c 1000000 > $THERE/y; : > $THERE/e",
			0, NULL);
	sh("$F get r y e . && cmp r $THERE/r && cmp y $THERE/y && cmp e $THERE/e", 0, "r: 2.9 MiB");
	sh("test ! -e r.download -a $(stat -c %Y r) = $(stat -c %Y $THERE/r)", 0, NULL);
	sh("$F get r s && cmp r s", 0, NULL);
	sh("$F put r up && cmp r $THERE/up && test ! -e $THERE/up.download", 0, NULL);
	sh("$F put r y e . && cmp y $THERE/y", 0, NULL);
	sh("$F mkdir d/e/f && $F put r y d/e/f && cmp y $THERE/d/e/f/y", 0, NULL);
	sh("$F get none", 7, "has no");
	sh("$F put none", 7, "No such file");
	sh("$F put r none/", 0, NULL);
	sh("cmp r $THERE/none/r", 0, NULL);
}
END_TEST

START_TEST(folders_come_and_go)
{
	sh("mkdir -p t/a/b t/empty/deep t/.h; for i in $(seq 60); do echo $i > t/a/b/$i; done; "
	   "echo x > t/.h/x; echo 1 > 't/a/with space'; ln -s /etc/passwd t/link",
			0, NULL);
	sh("$F put t", 2, "-r copies it");
	sh("$F put -r t && diff -r --no-dereference t/a $THERE/t/a && test -d $THERE/t/empty/deep -a "
	   "-f $THERE/t/.h/x -a ! -e $THERE/t/link",
			0, "62 files copied");
	sh("$F get t x", 2, "-r copies it");
	sh("$F get -r t x && diff -r x $THERE/t && test -d x/empty/deep", 0, "62 files copied");
	sh("$F rm t", 2, "-r removes");
	sh("$F rm -r t && test ! -e $THERE/t", 0, NULL);
	sh("$F rm t", 7, "has no");
	sh("$F rm -f t", 0, NULL);
	sh("mkdir n && $F put -r n && test -d $THERE/n && $F get -r n m && test -d m", 0, NULL);
}
END_TEST

START_TEST(nothing_is_replaced_unasked)
{
	sh("echo new > f; echo old > $THERE/f; touch -d @1000000 $THERE/f", 0, NULL);
	sh("$F put f </dev/null", 7, "is there and differs");
	sh("grep -q old $THERE/f && $F put --skip f && grep -q old $THERE/f", 0, NULL);
	sh("$F put --overwrite f && grep -q new $THERE/f", 0, NULL);
	sh("$F put f </dev/null", 0, "1 skipped"); /* the same now */
	sh("echo other > $THERE/f; touch -d @1000000 $THERE/f; $F get --update f && grep -q new f",
			0, NULL);
	sh("touch -d @900000 f; $F get --update f && grep -q other f", 0, NULL);
	sh("$F get f --skip --overwrite", 2, "one of them");
}
END_TEST

START_TEST(names_are_changed)
{
	sh("echo 1 > $THERE/f; mkdir $THERE/d; $F mv f g && test -f $THERE/g", 0, NULL);
	sh("$F mv g d && test -f $THERE/d/g", 0, NULL);
	sh("echo 2 > $THERE/h; $F mv d/g h", 7, "is there");
	sh("$F mv d/g i", 2, "the protocol");
	sh("$F mv none x", 7, NULL);
}
END_TEST

START_TEST(pipes_carry_one_file)
{
	sh("echo hello > $THERE/f; $F get f - | grep -qx hello", 0, NULL);
	sh("echo there | $F put - g && grep -qx there $THERE/g", 0, NULL);
	sh("echo there | $F put -", 2, "how is the file to be called");
	sh("ls -A ${TMPDIR:-/tmp} | grep -Ec '^hawser-[0-9a-f]{16}$'; true", 0, "0");
}
END_TEST

START_TEST(a_cut_costs_nothing_but_time)
{
	/* it connects again by itself, and both files are whole */
	sh("mkdir t; for i in 1 2 3; do head -c 2000000 /dev/urandom > t/$i; done", 0, NULL);
	for (int cut = 1; cut < 40; cut += 12) {
		atomic_store(&host.blocks, 0);
		atomic_store(&host.cut_after, cut);
		sh("rm -rf $THERE/t; $F put -r t && diff -r t $THERE/t", 0, NULL);
		atomic_store(&host.blocks, 0);
		atomic_store(&host.cut_after, cut);
		sh("rm -rf x; $F get -r t x && diff -r t x", 0, NULL);
	}
	ck_assert_int_ge(atomic_load(&host.connections), 4 * 4);
}
END_TEST

static int size_of(const char *folder, const char *name)
{
	char path[400];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	ck_assert_msg(stat(path, &st) == 0, "there is no %s", path);
	return (int)st.st_size;
}

/* What is on the disk when the line is cut does not go over it again. How much of what was sent
 * that is, nobody promises. */
START_TEST(what_was_cut_is_gone_on_with)
{
	const int size = 6000000;
	int before, part;

	sh("head -c 6000000 /dev/urandom > big", 0, NULL);
	atomic_store(&host.cut_after, 30);
	sh("$F --no-retry put big", 9, "to go on");
	part = size_of(there, "big.download");
	ck_assert_int_gt(part, 1000000);
	sh("test ! -e $THERE/big", 0, NULL);
	sh("$F jobs", 0, "put");
	before = atomic_load(&host.bytes_taken);
	sh("$F resume && cmp big $THERE/big", 0, NULL);
	ck_assert_int_le(atomic_load(&host.bytes_taken) - before, size - part);
	sh("test -z \"$($F jobs)\"", 0, NULL);
	snprintf(host.cut_waits, sizeof(host.cut_waits), "%s/back.download", here);
	host.cut_size = 1000000;
	atomic_store(&host.blocks, 0);
	atomic_store(&host.cut_after, 30);
	sh("$F --no-retry get big back", 9, "to go on");
	sh("test ! -e back", 0, NULL);
	part = size_of(here, "back.download");
	ck_assert_int_ge(part, 1000000);
	before = atomic_load(&host.bytes_taken);
	sh("$F get --resume big back && cmp big back", 0, NULL);
	ck_assert_int_le(atomic_load(&host.bytes_taken) - before, size - part);
}
END_TEST

/* One that can go no further holds up no other. */
START_TEST(all_jobs_are_gone_on_with)
{
	static const char *const verbs[] = { "put", "get", "put" };
	char line[100];

	sh("for i in 0 2; do head -c 3000000 /dev/urandom > f$i; done; head -c 3000000 /dev/urandom > "
	   "$THERE/f1",
			0, NULL);
	for (unsigned i = 0; i < 3; i++) {
		atomic_store(&host.blocks, 0);
		atomic_store(&host.cut_after, 5);
		snprintf(line, sizeof(line), "$F --no-retry %s f%u", verbs[i], i);
		sh(line, 9, "to go on");
	}
	sh("rm f0; $F resume", 7, "1 of 3 could not");
	sh("cmp f1 $THERE/f1 && cmp f2 $THERE/f2 && test $($F jobs | wc -l) = 1", 0, NULL);
	sh("$F --json resume", 7, NULL);
	sh("n=$($F --json jobs | sed 's/.*\"number\":\\([0-9]*\\).*/\\1/'); $F forget $n && test -z \"$($F "
	   "jobs)\"",
			0, NULL);
	sh("$F resume", 0, "nothing to go on with");
}
END_TEST

START_TEST(a_part_of_another_file_is_not_gone_on_with)
{
	sh("head -c 3000000 /dev/urandom > big", 0, NULL);
	atomic_store(&host.cut_after, 10);
	sh("$F --no-retry put big", 9, NULL);
	sh("head -c 3000000 /dev/urandom > big; touch -d '1 hour ago' big; $F put --resume big && cmp "
	   "big $THERE/big",
			0, NULL);
}
END_TEST

START_TEST(trees_are_made_alike)
{
	sh("mkdir -p s/a s/e $THERE/s/x/y; echo 1 > s/a/1; echo 2 > s/2; echo 3 > $THERE/s/x/y/3; echo "
	   "4 > $THERE/s/4",
			0, NULL);
	sh("$F sync up -n --delete s s", 0, "remove  x");
	sh("test -f $THERE/s/4 -a ! -e $THERE/s/2", 0, NULL);
	sh("$F sync up s s", 0, "3 new");
	sh("test -f $THERE/s/4 && cmp s/a/1 $THERE/s/a/1", 0, NULL);
	sh("$F sync up --delete s s && diff -r s $THERE/s", 0, NULL);
	sh("$F sync up s s", 0, "0 new, 0 changed");
	sh("echo 22 > s/2; $F sync up s s && grep -q 22 $THERE/s/2", 0, "1 changed");
	sh("mkdir -p z/q; echo > z/q/r; $F sync down --delete s z && diff -r z $THERE/s", 0, NULL);
	sh("$F sync sideways a b", 2, "sync down");
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
	sh("rm -r $THERE/s s/q s/k; cp -a s $THERE/s; rm s/p s/l; mkdir s/l; for n in p l/in d/extra; do echo "
	   "$n > s/$n; done; $F sync down --delete $THERE/s s",
			7, "l/in stays");
	sh("cat s/p s/l/in | tr '\\n' ' '; test ! -e s/d/extra", 0, "p l/in");
	/* a folder that is named by a link is what it leads to, and not empty */
	sh("mkdir t; echo 1 > t/1; ln -s t tl; cp -a t $THERE/t; $F sync up --delete tl $THERE/t && diff -r t "
	   "$THERE/t",
			0, "1 the same");
}
END_TEST

START_TEST(lines_are_a_script)
{
	sh("echo 1 > 'a b'; printf 'mkdir d\\ncd d\\nput \"a b\" c\\n# nothing\\n\\nls\\npwd\\nexit\\nls "
	   "none\\n' | $F",
			0, "/d\n");
	sh("cmp 'a b' $THERE/d/c", 0, NULL);
	sh("printf 'ls none\\nmkdir never\\n' | $F", 7, NULL);
	sh("test ! -e $THERE/never", 0, NULL);
	sh("printf 'mkdri x\\n' > s; $F -b s", 2, "did you mean mkdir");
	sh("printf 'put \"x\\n' | $F -b -", 2, "not closed");
	sh("printf '!echo $((6*7))\\nlls\\nlcd /\\nlpwd\\nhelp\\n' | $F", 0, "42");
}
END_TEST

START_TEST(scripts_read_json)
{
	sh("mkdir t; echo 1 > t/1; echo 2 > t/2; $F --json put -r t > out; grep -c '\"result\":\"done\"' "
	   "out",
			0, "2");
	sh("tail -1 out", 0, "\"event\":\"done\"");
	sh("$F --json get none", 7, "\"error\":\"notfound\"");
	sh("python3 -c 'import json,sys; [json.loads(l) for l in open(\"out\")]'", 0, NULL);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_ends_such_a_host_s_job)
{
	if (geteuid() == 0) {
		/* what root cannot read: a folder in place of the file after the list */
		sh("echo 1 > f; $F put f && rm $THERE/f && mkdir $THERE/f && $F get f", 2, NULL);
		return;
	}
	sh("echo 1 > $THERE/f; chmod 0 $THERE/f; $F get f", 7, "ermission");
}
END_TEST

START_TEST(command_lines_that_are_wrong_are_refused)
{
	sh("$HAWSER files", 2, "which host");
	sh("$F frobnicate", 2, "no command");
	sh("$F get", 2, "usage: get");
	sh("$F ls --recursive --null --long", 2, "do not go together");
	sh("$F rm /", 2, "a root is not removed");
	sh("$HAWSER files 127.0.0.1:1 --no-retry ls", 3, NULL);
	sh("$HAWSER files --help", 0, "sync down REMOTE LOCAL");
}
END_TEST

START_TEST(an_older_host_has_no_digests)
{
	host.plain_version = true;
	sh("echo 1 > $THERE/f; $F get f && cmp f $THERE/f", 0, NULL);
	sh("echo 2 > g; $F put g && cmp g $THERE/g", 0, NULL);
}
END_TEST

int main(void)
{
	return test_main("component/files/deployed", 200, setup, teardown,
			TESTS(folders_are_listed, names_harm_no_terminal,
					sentences_of_a_host_harm_no_terminal, files_come_and_go,
					folders_come_and_go, nothing_is_replaced_unasked,
					names_are_changed, pipes_carry_one_file,
					a_cut_costs_nothing_but_time, what_was_cut_is_gone_on_with,
					all_jobs_are_gone_on_with,
					a_part_of_another_file_is_not_gone_on_with,
					trees_are_made_alike, what_is_not_copied_is_not_removed,
					lines_are_a_script, scripts_read_json,
					a_file_that_cannot_be_read_ends_such_a_host_s_job,
					command_lines_that_are_wrong_are_refused,
					an_older_host_has_no_digests));
}
