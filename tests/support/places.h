/* tests/support/places: the folders of tests. Linked into every test and benchmark: before main()
 * it gives the program, and so everything that it starts, a home and temporary folders of its own,
 * takes away the settings that the account's environment holds for hawser (and the way to its
 * desktop), and, as root, hides the machine's settings in /etc/hawser. Nothing is left behind. */
#pragma once
#include <stddef.h>

/* In a child before exec: state and runtime folders of this program (by its name) where the account
 * alone would decide, as it does for root. What the test puts into the environment afterwards goes
 * before. */
void test_places_for(const char *program);
/* The folder that HOME, XDG_* and TMPDIR of this test are below. */
const char *test_places_home(void);
