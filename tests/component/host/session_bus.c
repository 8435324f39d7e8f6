/* The bus is the real one, so that what hawser-host says to it is what a desktop would get; the
 * desktop is a program that only prints, because no other would tell a test what it showed. */
#include "tests/component/host/session_bus.h"
#include <stdio.h>
#include <string.h>

void bus_init(struct test_bus *b)
{
	memset(b, 0, sizeof(*b));
	test_dir(b->dir, sizeof(b->dir));
	snprintf(b->address, sizeof(b->address), "unix:path=%s/bus", b->dir);
}

void bus_start(struct test_bus *b)
{
	char at[280];
	const char *argv[] = { "/usr/bin/dbus-daemon", "--session", "--nofork", "--nopidfile",
		"--print-address=1", at, NULL };

	snprintf(at, sizeof(at), "--address=%s", b->address);
	test_proc_start(&b->bus, argv, NULL);
	test_proc_must_expect(&b->bus, "unix:path=", 20000);
}

void bus_start_desktop(struct test_bus *b, const char *how)
{
	char variable[300];
	const char *argv[] = { NOTIFICATION_SERVER, how, NULL }, *env[] = { variable, NULL };

	snprintf(variable, sizeof(variable), "DBUS_SESSION_BUS_ADDRESS=%s", b->address);
	test_proc_start(&b->desktop, argv, env);
	test_proc_must_expect(&b->desktop, "serving", 20000);
}

void bus_stop(struct test_bus *b)
{
	test_proc_stop(&b->desktop);
	test_proc_stop(&b->bus);
}
