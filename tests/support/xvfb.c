/* The server picks a free display itself and tells it when it is ready: nothing is guessed,
 * nothing waited for by time. */
#include "tests/support/xvfb.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void test_xvfb_await(struct test_xvfb *x)
{
	/* The keyboard compiler may complain before: the number is the line that is nothing
	 * else. */
	for (;;) {
		const char *line = test_proc_must_expect(&x->proc, "\n", 20000);
		const char *start = line;
		while (start > x->proc.log && start[-1] != '\n')
			start--;
		if (start == line || strspn(start, "0123456789") != (size_t)(line - start))
			continue;
		snprintf(x->display, sizeof(x->display), ":%.*s", (int)(line - start), start);
		return;
	}
}

static void start(struct test_xvfb *x, int width, int height, int depth, const char *without,
		const char *display)
{
	char screen[32], name[16] = "";
	/* The server picks a free number itself and writes it to this descriptor when it is
	 * ready. */
	const char *argv[] = { "/usr/bin/Xvfb", "-displayfd", "1", "-screen", "0", screen,
		"-nolisten", "tcp", "-noreset", "-ac", NULL, NULL, NULL, NULL };
	size_t n = 10;

	if (without) {
		argv[n++] = "-extension";
		argv[n++] = without;
	}
	if (display) {
		snprintf(name, sizeof(name), "%s", display);
		argv[n++] = name;
	}
	memset(x, 0, sizeof(*x));
	snprintf(screen, sizeof(screen), "%dx%dx%d", width, height, depth);
	test_proc_start(&x->proc, argv, NULL);
	test_xvfb_await(x);
}

void test_xvfb_start(struct test_xvfb *x, int width, int height)
{
	start(x, width, height, 24, NULL, NULL);
}

void test_xvfb_start_without(struct test_xvfb *x, int width, int height, const char *extension)
{
	start(x, width, height, 24, extension, NULL);
}

void test_xvfb_start_depth(struct test_xvfb *x, int width, int height, int depth)
{
	start(x, width, height, depth, NULL, NULL);
}

void test_xvfb_start_own(struct test_xvfb *x, int width, int height)
{
	char display[sizeof(x->display)];

	/* far from the numbers that servers find free; no other test process has this one */
	snprintf(display, sizeof(display), ":%d", 1000 + (int)(getpid() % 50000));
	start(x, width, height, 24, NULL, display);
}

void test_xvfb_kill(struct test_xvfb *x)
{
	test_proc_signal(&x->proc, SIGKILL);
	test_proc_wait(&x->proc, 5000);
}

void test_xvfb_again(struct test_xvfb *x, int width, int height)
{
	char display[sizeof(x->display)];

	memcpy(display, x->display, sizeof(display));
	test_proc_stop(&x->proc);
	start(x, width, height, 24, NULL, display);
}

void test_xvfb_stop(struct test_xvfb *x)
{
	if (x->display[0])
		test_proc_stop(&x->proc);
	memset(x, 0, sizeof(*x));
}
