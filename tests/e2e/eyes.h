/* tests/e2e/eyes: what assistive technology sees of a program on this desk (DESK_EYES): texts,
 * names, states. */
#pragma once
#include "tests/e2e/desk.h"

/* Once, in the process of the test. */
void test_eyes_open(struct test_desk *d);
/* Whether something visible is called `name`; with `role` ("push button", "label"; NULL = any). */
bool test_eyes_see(const char *role, const char *name);
/* The same within DESK_SHOW_MS. */
bool test_eyes_wait(const char *role, const char *name);
/* Whether that toggle button is pressed. */
bool test_eyes_pressed(const char *name);
/* Everything visible, one "role: name" a line, and `*ret_unnamed`: how many controls have no name.
 * Malloc'ed. */
char *test_eyes_all(unsigned *ret_unnamed);
