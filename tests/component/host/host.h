/* A running hawser-host of a test. */
#pragma once
#include "tests/support/proc.h"
#include <jansson.h>

struct test_host {
	struct test_proc proc;
	char dir[256];
	const char *bus; /* NULL: none, so that nothing is shown to who runs the tests */
	unsigned port;
	char password[32];
};

/* Fresh state folder unless `dir` is set already; `extra` options, NULL-terminated, may be NULL.
 * Waits until it listens and its agent is ready. */
void host_start(struct test_host *h, const char *const extra[]);
void host_stop(struct test_host *h);
/* `hawser-host VERB... --state-dir DIR`; exit status, output in a static buffer. */
int host_ask(struct test_host *h, const char *verb, const char *arg, const char **ret_out);
/* `hawser-host status --json`; the caller's. */
json_t *host_status(struct test_host *h);
/* Waits until there are so many sessions, all in this state: the host hears of what its gates and
 * its desktop do a moment after a viewer does. */
void host_until(struct test_host *h, size_t count, const char *state);
/* Asks for the temporary password and keeps it. */
const char *host_password(struct test_host *h);

/* The suites of this program. */
struct Suite *host_errors_suite(void);
