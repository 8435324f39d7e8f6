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
/* Whether the keyboard is there. */
bool test_eyes_focused(const char *name);
/* Whether it can be used: it is not grey. */
bool test_eyes_usable(const char *name);
/* Whether that is what it says of itself beside its name. */
bool test_eyes_describes(const char *name, const char *text);
/* Presses Tab until the keyboard is there. */
void test_eyes_tab_to(struct test_desk *d, const char *name);
/* Everything visible, one "role: name" a line, and `*ret_unnamed`: how many controls have no name.
 * Malloc'ed. */
char *test_eyes_all(unsigned *ret_unnamed);
