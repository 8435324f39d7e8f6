/* A session bus of a test's own, and a desktop on it that prints what it is asked to show. */
#pragma once
#include "tests/support/proc.h"

struct test_bus {
	struct test_proc bus, desktop;
	char dir[200], address[256]; /* of the bus, even while none runs */
};

/* Chooses the address. */
void bus_init(struct test_bus *b);
void bus_start(struct test_bus *b);
/* `how`: an argument of notification_server, may be NULL. */
void bus_start_desktop(struct test_bus *b, const char *how);
void bus_stop(struct test_bus *b);
