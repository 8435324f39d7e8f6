/* Started with a configuration of its own, in which everything that could touch the machine is
 * off. */
#include "tests/support/xorg.h"
#include "tests/support/suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVER "/usr/lib/xorg/Xorg"

static const char conf[] =
		"Section \"ServerFlags\"\n Option \"AutoAddDevices\" \"false\"\n"
		" Option \"AutoEnableDevices\" \"false\"\n Option \"AutoAddGPU\" \"false\"\n"
		" Option \"DontVTSwitch\" \"true\"\n Option \"AllowMouseOpenFail\" \"true\"\n"
		"EndSection\n"
		"Section \"Device\"\n Identifier \"d\"\n Driver \"dummy\"\n VideoRam 256000\n"
		"EndSection\n"
		"Section \"Monitor\"\n Identifier \"m\"\n HorizSync 5-1000\n VertRefresh 5-200\n"
		"EndSection\n"
		"Section \"Screen\"\n Identifier \"s\"\n Device \"d\"\n Monitor \"m\"\n"
		" DefaultDepth 24\n SubSection \"Display\"\n  Depth 24\n  Modes \"%dx%d\"\n"
		"  Virtual 8192 4096\n EndSubSection\nEndSection\n";

bool test_xorg_start(struct test_xvfb *x, int width, int height)
{
	char dir[256], file[300], log[300];
	const char *argv[] = { SERVER, "-displayfd", "1", "-config", file, "-logfile", log,
		"-novtswitch", "-sharevts", "-nolisten", "tcp", "-noreset", "-ac", NULL };

	memset(x, 0, sizeof(*x));
	if (access(SERVER, X_OK) < 0 || geteuid() != 0) {
		test_skip("it needs " SERVER " and the right to start it");
		return false;
	}
	test_dir(dir, sizeof(dir));
	snprintf(file, sizeof(file), "%s/xorg.conf", dir);
	snprintf(log, sizeof(log), "%s/xorg.log", dir);
	FILE *f = fopen(file, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_gt(fprintf(f, conf, width, height), 0);
	fclose(f);
	test_proc_start(&x->proc, argv, NULL);
	test_xvfb_await(x);
	return true;
}

static char *run(const struct test_xvfb *x, const char *const args[], bool must)
{
	const char *argv[24] = { "/usr/bin/xrandr", "-display", x->display };
	char *out = NULL;

	for (size_t i = 0; args[i] && i < 20; i++)
		argv[3 + i] = args[i];
	int status = test_run(argv, NULL, &out);
	ck_assert_msg(!must || status == 0, "xrandr %s: %s", args[0], out);
	return out;
}

void test_xrandr(const struct test_xvfb *x, const char *const args[])
{
	free(run(x, args, true));
}

char *test_xrandr_read(const struct test_xvfb *x, const char *arg)
{
	return run(x, (const char *const[]){ arg, NULL }, true);
}
