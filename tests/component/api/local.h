/* tests/component/api/local: hawser-api as a program of its own, asked as the operator on this
 * machine asks it. */
#pragma once
#include "tests/support/proc.h"
#include <jansson.h>
#include <stdio.h>

struct local_api {
	struct test_proc proc;
	char dir[256];
	unsigned long port;
};

/* `more`: further lines of its settings file. */
void local_start(struct local_api *a, const char *more);
void local_stop(struct local_api *a);
/* Status of the reply by the socket where the caller is the owner; *ret (may be NULL) is what it
 * holds, NULL if that is no JSON; to be released. `body` NULL = none. */
int local_ask(struct local_api *a, const char *method, const char *path, const char *body,
		json_t **ret);
/* GET by the owner's socket, into a file: the body, of which parts are put together. */
int local_save(struct local_api *a, const char *path, FILE *to);
/* The same by TCP, from anybody; *ret_body is the raw body, valid until the next call. `head`:
 * further lines, each with CR LF. */
int local_ask_open(struct local_api *a, const char *method, const char *path, const char *head,
		const void *body, size_t len, const char **ret_body, size_t *ret_len);
