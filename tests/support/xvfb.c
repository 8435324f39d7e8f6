#include "tests/support/xvfb.h"
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void test_xvfb_start(struct test_xvfb *x, int width, int height)
{
	test_xvfb_start_as(x, width, height, NULL, NULL);
}

void test_xvfb_start_as(struct test_xvfb *x, int width, int height, const char *without,
		const char *display)
{
	char screen[32], name[16] = "";
	/* The server picks a free number itself and writes it to this descriptor when it is ready. */
	const char *argv[] = { "/usr/bin/Xvfb", "-displayfd", "1", "-screen", "0", screen,
		"-nolisten", "tcp", "-noreset", "-ac", NULL, NULL, NULL, NULL };
	size_t n = 10;

	if (without) {
		argv[n++] = "-extension";
		argv[n++] = without;
	}
	if (display) { /* of one that has just been stopped: x may be where the name is */
		snprintf(name, sizeof(name), "%s", display);
		argv[n++] = name;
	}
	memset(x, 0, sizeof(*x));
	snprintf(screen, sizeof(screen), "%dx%dx24", width, height);
	test_proc_start(&x->proc, argv, NULL);
	/* The keyboard compiler may complain before: the number is the line that is nothing else. */
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

void test_xvfb_stop(struct test_xvfb *x)
{
	if (x->display[0])
		test_proc_stop(&x->proc);
	memset(x, 0, sizeof(*x));
}
