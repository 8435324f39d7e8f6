/* A hawser-api of the test's own, on SQLite or PostgreSQL, and calls to it as anybody may make
 * them. Whatever does not work ends the test. */
#pragma once
#include "tests/support/proc.h"
#include <jansson.h>

struct api {
	struct test_proc proc;
	char dir[256];
	unsigned long port;
	char admin[320]; /* its socket */
	struct api_reply *replies;
};

/* Who asks; all members may be empty. */
struct api_as {
	bool local;       /* by the socket of the operator: may all */
	char bearer[160]; /* session of a client, or token */
	char cookie[160]; /* session of the console, with */
	char csrf[160];
	const char *head; /* more lines, each with its \r\n */
};
#define API_NOBODY ((struct api_as){ .local = false })
#define API_LOCAL ((struct api_as){ .local = true })

/* All of it lives until api_stop. */
struct api_reply {
	int status;
	const char *head, *body;
	json_t *json; /* NULL: the body is none */
	struct api_reply *next;
	char *text;
};

/* On its own folder, made if a->dir is "" (a second process on one folder or database: copy dir).
 * `store`: NULL is SQLite, else the address of PostgreSQL. `more`: further arguments,
 * NULL-terminated, may be NULL. Nobody is limited in how often they ask unless `more` says so. */
void api_start(struct api *a, const char *store, const char *const *more);
void api_stop(struct api *a);

/* `body` NULL: none. */
const struct api_reply *api_send(struct api *a, struct api_as as, const char *method,
		const char *path, const char *body);
const struct api_reply *api_send_bytes(struct api *a, struct api_as as, const char *method,
		const char *path, const void *body, size_t len);
/* The same with a body that is put together: JSON with ' for ", as tests write it. */
const struct api_reply *api_call(struct api *a, struct api_as as, const char *method,
		const char *path, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Must answer with this status; the object or array, NULL when there is no body. */
json_t *api_must(struct api *a, int status, struct api_as as, const char *method, const char *path,
		const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Text of a member, by a path as "user.name"; fails the test if it is none. */
const char *api_text(const json_t *o, const char *path);
int64_t api_int(const json_t *o, const char *path);
/* Member by such a path, NULL if it is not there; a number is a place in an array. */
json_t *api_at(const json_t *o, const char *path);

#define API_PASSWORD "correct horse battery"
/* Makes an account by the operator's socket, in the default group; its guid. Password NULL:
 * API_PASSWORD. */
const char *api_user(struct api *a, const char *name, const char *role, const char *password);
/* Logs in to the console, resp. as a client with id and uuid of its own. */
struct api_as api_console(struct api *a, const char *name, const char *password);
struct api_as api_client(struct api *a, const char *name, const char *password, const char *id);
