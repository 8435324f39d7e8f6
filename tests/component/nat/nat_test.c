/* How host and viewer find each other through real NATs: our own programs in a small internet of
 * namespaces, a cell of the matrix (cells.c) each. Every cell is a process of its own, and some run
 * at once: most of the time of each is waiting. `nat_test NAME ...` runs those alone whose names
 * contain one of these. */
#include "tests/component/nat/scene.h"
#include "tests/component/nat/town.h"
#include "tests/component/reach/certificate.h"
#include "tests/support/suite.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ONE "--cell"
#define AT_ONCE 4
#define START_MS TEST_PATIENCE_MS
#define MEET_MS TEST_PATIENCE_MS
#define LOST_MS 90000 /* a limit for what hangs */
#define TIMEOUT_S 240

static const struct cell *cell;

/* Why a picture that should have come did not: tells both sides. */
#define WRONG(out, r, why)                                                                         \
	"%s: status %d, wanted %s because %s, got\n%s\nhost:\n%s", cell->name, r, cell->paths,     \
			why ? why : "direct", scene_end(out), scene_end(scene_host_log())

/* On a busy machine the relay may be there before a way that is as good as it should be: then a
 * session that stays goes over to that. */
static void come_over(void)
{
	uint64_t end = test_now_ms() + MEET_MS;
	struct test_proc viewer;

	scene_stay(&viewer);
	do {
		ck_assert_msg(test_now_ms() < end, WRONG(viewer.log, 0, NULL));
		test_proc_must_expect(&viewer, "stats frames=", START_MS);
	} while (!scene_is_as_told(viewer.log, NULL));
	test_proc_stop(&viewer);
}

/* The NAT is looked at beside a session, which may end before that does; and who loses by chance is
 * told so. */
static void meet(const char *why)
{
	uint64_t end = test_now_ms() + MEET_MS;
	char *out = NULL;
	int r;

	while ((r = scene_connect(&out)) != 0 || !scene_is_as_told(out, why)) {
		bool other = r == 0 && !why && strstr(out, "why path=relay");

		ck_assert_msg(test_now_ms() < end, WRONG(out, r, why));
		free(out);
		out = NULL;
		if (other) {
			come_over();
			break;
		}
	}
	free(out);
}

/* --- in mid-session --------------------------------------------------------------------------- */

#define SEEN_BEFORE 10u
#define SEEN_AFTER 30u /* more than can be on the way when the way goes */

struct watch {
	struct test_proc viewer;
	unsigned long last, seen; /* pictures: in the latest line, since the beginning */
};

/* Reads a line of figures. Another session would count from the beginning. */
static void watch_line(struct watch *w)
{
	unsigned long n = test_line_number(
			test_proc_must_expect(&w->viewer, "stats frames=", START_MS), "frames=");

	ck_assert_msg(n >= w->last, "%s: the session is another one\n%s\nhost:\n%s", cell->name,
			scene_end(w->viewer.log), scene_end(scene_host_log()));
	w->seen += n - w->last;
	w->last = n;
}

static void watch_until(struct watch *w, unsigned long seen)
{
	uint64_t end = test_now_ms() + LOST_MS;

	while (w->seen < seen) {
		watch_line(w);
		ck_assert_msg(test_now_ms() < end, "%s: %lu pictures of %lu\n%s\nhost:\n%s",
				cell->name, w->seen, seen, scene_end(w->viewer.log),
				scene_end(scene_host_log()));
	}
}

/* The same session goes on, without a login, when the box before the viewer starts anew: all that
 * it had let in is shut out, and what goes out has another port. */
static void stay(void)
{
	uint64_t end = test_now_ms() + MEET_MS;
	struct watch w;

	for (;;) { /* as in meet */
		w = (struct watch){ 0 };
		scene_stay(&w.viewer);
		watch_until(&w, SEEN_BEFORE);
		if (scene_is_as_told(w.viewer.log, cell->why))
			break;
		ck_assert_msg(test_now_ms() < end, WRONG(w.viewer.log, 0, cell->why));
		test_proc_stop(&w.viewer);
	}
	town_forget("viewbox");
	watch_until(&w, w.seen + SEEN_AFTER);
	test_proc_stop(&w.viewer);
}

START_TEST(they_meet)
{
	char dir[256], cert[320], key[320];

	if (cell->tls) {
		certificate_make(test_dir(dir, sizeof(dir)), "DNS:server.test", cert, key);
		ck_assert_int_eq(chmod(dir, 0711), 0); /* gates have an account of their own */
		scene_use_tls(cert, key);
	}
	if (!scene_open(cell))
		return;
	if (cell->viewer_traits & CELL_FORGETS) {
		stay();
		return;
	}
	meet(cell->why);
	if (cell->later)
		meet(cell->later);
}
END_TEST

/* --- one cell --------------------------------------------------------------------------------- */

static int run_cell(const struct cell *c)
{
	Suite *s = suite_create("nat");
	TCase *t = test_case(s, "nat", TIMEOUT_S, TESTS(they_meet));

	cell = c;
	tcase_add_checked_fixture(t, NULL, scene_close);
	return test_suite_run(s);
}

static int run_named(const char *name)
{
	for (size_t i = 0; i < cells_count; i++)
		if (strcmp(cells[i].name, name) == 0)
			return run_cell(&cells[i]);
	fprintf(stderr, "no cell %s\n", name);
	return 2;
}

/* --- all -------------------------------------------------------------------------------------- */

static bool is_wanted(const struct cell *c, int argc, char *const argv[])
{
	for (int i = 1; i < argc; i++)
		if (strstr(c->name, argv[i]))
			return true;
	return argc < 2;
}

static bool needs_nft(const struct cell *c)
{
	return c->host == CELL_KERNEL_CONE || c->host == CELL_KERNEL_SYMMETRIC ||
			c->viewer == CELL_KERNEL_CONE || c->viewer == CELL_KERNEL_SYMMETRIC;
}

struct running {
	pid_t pid;
	FILE *out;
	const struct cell *cell;
	uint64_t began_ms;
};

static bool begin(struct running *r, const struct cell *c)
{
	r->out = tmpfile();
	r->cell = c;
	r->began_ms = test_now_ms();
	fflush(NULL);
	r->pid = r->out ? fork() : -1;
	if (r->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM); /* Check ends its test then */
		dup2(fileno(r->out), 1);
		dup2(fileno(r->out), 2);
		execl("/proc/self/exe", "nat_test", ONE, c->name, (char *)NULL);
		_exit(127);
	}
	return r->pid > 0;
}

static void show(FILE *out)
{
	char buf[4096];
	size_t n;

	rewind(out);
	while ((n = fread(buf, 1, sizeof(buf), out)) > 0)
		fwrite(buf, 1, n, stdout);
}

struct count {
	unsigned running, bad, skipped;
};

/* Waits for one of them. */
static void end_one(struct running run[AT_ONCE], struct count *n)
{
	int status = 0, r, i = 0;
	pid_t pid = wait(&status);

	while (i < AT_ONCE && run[i].pid != pid)
		i++;
	n->running--;
	if (pid < 0 || i == AT_ONCE) {
		n->bad++;
		return;
	}
	r = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	printf("%-7s %5.1f s  %s\n",
			r == 0                              ? "ok"
					: r == TEST_SKIPPED ? "SKIPPED"
							    : "BAD",
			(double)(test_now_ms() - run[i].began_ms) / 1e3, run[i].cell->name);
	if (r != 0)
		show(run[i].out);
	n->skipped += r == TEST_SKIPPED;
	n->bad += r != 0 && r != TEST_SKIPPED;
	fflush(stdout);
	fclose(run[i].out);
	run[i].pid = 0;
}

/* Of those that wait for something to be given up: they begin first. */
static bool is_slow(const struct cell *c)
{
	return c->viewer_traits & CELL_FORGETS || c->host_traits & (CELL_NO_UDP | CELL_ONLY_WEB);
}

static void run_next(struct running run[AT_ONCE], struct count *n, const struct cell *c)
{
	int slot = 0;

	if (n->running == AT_ONCE)
		end_one(run, n);
	while (run[slot].pid)
		slot++;
	if (begin(&run[slot], c))
		n->running++;
	else
		n->bad++;
}

static int run_all(int argc, char *const argv[])
{
	const char *no_nft = town_no_nft();
	struct running run[AT_ONCE] = { 0 };
	struct count n = { 0 };

	for (size_t k = 0; k < 2 * cells_count; k++) {
		const struct cell *c = &cells[k % cells_count];

		if (is_slow(c) != (k < cells_count) || !is_wanted(c, argc, argv))
			continue;
		if (no_nft && needs_nft(c)) {
			printf("SKIPPED: %s: no NAT of the kernel here: %s\n", c->name, no_nft);
			n.skipped++;
			continue;
		}
		run_next(run, &n, c);
	}
	while (n.running > 0)
		end_one(run, &n);
	return n.bad ? 1 : n.skipped ? TEST_SKIPPED : 0;
}

int main(int argc, char *argv[])
{
	const char *why = town_enter(argc, argv);

	if (why) {
		fprintf(stderr, "SKIPPED: no network namespaces here, so no NAT was tested: %s\n",
				why);
		return TEST_SKIPPED;
	}
	if (argc == 3 && strcmp(argv[1], ONE) == 0)
		return run_named(argv[2]);
	return run_all(argc, argv);
}
