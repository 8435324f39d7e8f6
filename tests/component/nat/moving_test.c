/* Sessions that go over from way to way while bytes are under way in both directions: real programs
 * in a small internet whose lines are opened, cut and moved under them. What was typed and what was
 * copied must come out whole, and nobody may have logged in twice. */
#include "shared/base/macros.h"
#include "tests/component/nat/scene.h"
#include "tests/component/nat/town.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* At this rate (bytes a second) the copy takes longer than this test may: however slow the machine
 * is, it goes on while the way is moved, and the rest of it is let through afterwards. */
#define FILE_SIZE (48u << 20)
#define LINE_RATE 150000u
#define LINE_QUEUE 15000u /* 0.1 s */
#define TIMEOUT_S 280
#define WAIT_MS TEST_PATIENCE_MS

_Static_assert(FILE_SIZE / LINE_RATE > TIMEOUT_S, "the copy outlasts the test");

static const struct cell street = { "a street", CELL_PUBLIC, CELL_PUBLIC,
	.viewer_traits = CELL_NO_UDP | CELL_TCP_TO_SERVER };

static char typed[300], echoed[300], source[300], copied[300], stop[300];
static struct test_proc terminal, copy;
static bool opened;

/* --- the line of the viewer ------------------------------------------------------------------- */

static void open_direct(bool open)
{
	struct street_edge *e = town_edge("viewer");

	e->no_udp = !open;
	e->tcp_to = open ? 0 : inet_addr("10.9.0.1");
}

/* --- what goes over it ------------------------------------------------------------------------ */

static void make_source(void)
{
	static uint64_t block[1u << 17];
	FILE *f = fopen(source, "we");
	uint64_t x = 88172645463325252u;

	ck_assert_ptr_nonnull(f);
	for (size_t n = 0; n < FILE_SIZE; n += sizeof(block)) {
		for (size_t i = 0; i < HWS_COUNT(block); i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			block[i] = x;
		}
		ck_assert_uint_eq(fwrite(block, sizeof(block), 1, f), 1);
	}
	ck_assert_int_eq(fclose(f), 0);
}

/* Somebody types into a program at the host, which types it back, until there is a file `stop`. */
static void start_typing(void)
{
	const char *args[] = { "terminal", "--", "cat", NULL };
	char line[1500];

	snprintf(line, sizeof(line),
			"i=0; until [ -e %s ]; do echo \"line $i of those that were typed\"; "
			"i=$((i+1)); sleep 0.02; done | tee %s | \"$@\" >%s",
			stop, typed, echoed);
	scene_hawser(&terminal, line, args);
}

static void start_copy(void)
{
	const char *args[] = { "files", "put", source, copied, NULL };

	scene_hawser(&copy, NULL, args);
}

static bool has_echo(void *arg)
{
	struct stat st;

	(void)arg;
	return stat(echoed, &st) == 0 && st.st_size > 200;
}

/* Under a name of its own, until all of it is there. */
static bool has_part(void *arg)
{
	DIR *d = opendir(scene_folder());
	bool found = false;

	(void)arg;
	ck_assert_ptr_nonnull(d);
	for (struct dirent *e; !found && (e = readdir(d));)
		found = strstr(e->d_name, "copied") != NULL;
	closedir(d);
	return found;
}

/* Who waits for a session to go over to a way: it may go over to others on its way there, as often
 * as it likes. */
struct mover {
	struct test_proc *p;
	unsigned moves, before; /* so far; when that was asked last */
	bool relayed;           /* the latest one */
};

static struct mover movers[] = { { .p = &terminal }, { .p = &copy } };

static void count_moves(struct mover *m)
{
	static const char said[] = "the session goes on ";

	(void)test_proc_expect(m->p, "\001", 10); /* never comes, but reads what is there */
	m->moves = 0;
	for (const char *at = m->p->log; at && (at = strstr(at, said));) {
		at += strlen(said);
		if (strncmp(at, "directly", 8) != 0 && strncmp(at, "by the relay", 12) != 0)
			continue;
		m->moves++;
		m->relayed = *at == 'b';
	}
}

static bool has_moved(struct mover *m, bool relayed)
{
	count_moves(m);
	return m->moves > m->before && m->relayed == relayed;
}

static bool goes_directly(void *arg)
{
	return has_moved(arg, false);
}

static bool goes_by_relay(void *arg)
{
	return has_moved(arg, true);
}

/* Both sessions have moved since this was asked last, and go by such a way now. */
static void must_move(const char *why, bool relayed)
{
	for (size_t i = 0; i < HWS_COUNT(movers); i++)
		ck_assert_msg(test_until(relayed ? goes_by_relay : goes_directly, &movers[i],
					      WAIT_MS),
				"%s: the %s did not move\n%s\nhost:\n%s", why,
				i ? "copy" : "terminal", scene_end(movers[i].p->log),
				scene_end(scene_host_log()));
	for (size_t i = 0; i < HWS_COUNT(movers); i++)
		movers[i].before = movers[i].moves;
}

static void must_be_equal(const char *a, const char *b)
{
	static char x[1 << 16], y[1 << 16];
	FILE *f[2] = { fopen(a, "re"), fopen(b, "re") };
	size_t at = 0, n, m;

	ck_assert(f[0] && f[1]);
	do {
		n = fread(x, 1, sizeof(x), f[0]);
		m = fread(y, 1, sizeof(y), f[1]);
		ck_assert_msg(n == m && memcmp(x, y, n) == 0, "%s and %s differ behind %zu\n%s\n%s",
				a, b, at, scene_end(terminal.log), scene_end(copy.log));
		at += n;
	} while (n > 0);
	ck_assert_uint_gt(at, 200);
	fclose(f[0]);
	fclose(f[1]);
}

static unsigned logins(void)
{
	unsigned n = 0;

	for (const char *at = scene_host_log(); (at = strstr(at, "session.open ")); at++)
		n++;
	return n;
}

static void setup(void)
{
	const char *dir = scene_folder();

	opened = scene_open(&street);
	snprintf(typed, sizeof(typed), "%s/typed", dir);
	snprintf(echoed, sizeof(echoed), "%s/echoed", dir);
	snprintf(source, sizeof(source), "%s/source", dir);
	snprintf(copied, sizeof(copied), "%s/copied", dir);
	snprintf(stop, sizeof(stop), "%s/stop", dir);
}

static void teardown(void)
{
	test_proc_stop(&terminal);
	test_proc_stop(&copy);
	scene_close();
}

START_TEST(a_session_goes_over_from_way_to_way_and_nothing_is_lost)
{
	if (!opened)
		return;
	town_edge("viewer")->line.rate = LINE_RATE;
	town_edge("viewer")->line.queue = LINE_QUEUE;
	make_source();
	start_typing();
	if (!test_until(has_echo, NULL, WAIT_MS)) {
		test_proc_signal(&terminal, SIGTERM); /* for all of its words */
		test_proc_wait(&terminal, 5000);
		ck_abort_msg("%s\n%s", scene_end(terminal.log), scene_end(scene_host_log()));
	}
	start_copy();
	ck_assert(test_until(has_part, NULL, WAIT_MS));
	open_direct(true);
	must_move("a direct way is there", false);
	town_move("viewer", "10.9.0.32/24");
	must_move("the viewer has another address", false);
	town_move("host", "10.9.0.31/24");
	must_move("the host has another address", false);
	open_direct(false);
	must_move("the direct way is dead", true);
	open_direct(true);
	must_move("there is a direct way again", false);
	ck_assert_msg(!strstr(copy.log, "copied:"), "the copy is over\n%s", copy.log);
	town_edge("viewer")->line.rate = 0;
	test_write_file("", "%s", stop);
	ck_assert_msg(test_proc_wait(&terminal, WAIT_MS) == 0, "%s", scene_end(terminal.log));
	ck_assert_msg(test_proc_wait(&copy, WAIT_MS) == 0, "%s", scene_end(copy.log));
	must_be_equal(typed, echoed);
	must_be_equal(source, copied);
	ck_assert_msg(logins() == 2, "%u logins\n%s", logins(), scene_end(scene_host_log()));
}
END_TEST

/* Its tries disturb nobody, and are told of at the end. */
START_TEST(what_is_looked_for_in_vain_is_told)
{
	const char *args[] = { "connect", "--headless", "--why", "--after", "20", NULL };

	if (!opened)
		return;
	scene_hawser(&terminal, NULL, args);
	ck_assert_msg(test_proc_wait(&terminal, WAIT_MS) == 0, "%s", scene_end(terminal.log));
	ck_assert_msg(strstr(terminal.log, "why path=relay ") &&
					strstr(terminal.log, "looked times="),
			"%s\nhost:\n%s", scene_end(terminal.log), scene_end(scene_host_log()));
	ck_assert_msg(!strstr(terminal.log, "goes on"), "%s", scene_end(terminal.log));
}
END_TEST

/* The relay has no head start to give then, and stands first: that is not why. Where it stands so
 * late that the server's silence by UDP has been noticed, that is said. */
START_TEST(a_direct_way_that_died_was_silent_and_not_slow)
{
	const char *args[] = { "connect", "--headless", "--why", "--after", "60", NULL };

	if (!opened)
		return;
	open_direct(true);
	scene_hawser(&terminal, NULL, args);
	ck_assert_msg(test_proc_expect(&terminal, " reason=direct ", WAIT_MS), "%s",
			scene_end(terminal.log));
	open_direct(false);
	ck_assert_msg(test_proc_expect(&terminal, "why path=relay ", WAIT_MS), "%s\nhost:\n%s",
			scene_end(terminal.log), scene_end(scene_host_log()));
	ck_assert_msg(strstr(terminal.log, "why path=relay reason=silent ") ||
					strstr(terminal.log, "why path=relay reason=udp-blocked "),
			"%s", scene_end(terminal.log));
}
END_TEST

int main(int argc, char *argv[])
{
	const char *why = town_enter(argc, argv);
	Suite *s;
	TCase *t;

	if (why) {
		fprintf(stderr, "SKIPPED: no network namespaces here, so no session was moved: %s\n",
				why);
		return TEST_SKIPPED;
	}
	s = suite_create("moving");
	t = test_case(s, "moving", TIMEOUT_S, TESTS_NONE);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_session_goes_over_from_way_to_way_and_nothing_is_lost);
	tcase_add_test(t, what_is_looked_for_in_vain_is_told);
	tcase_add_test(t, a_direct_way_that_died_was_silent_and_not_slow);
	return test_suite_run(s);
}
