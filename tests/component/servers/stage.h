/* Several real rendezvous servers, one relay, a host that knows them and viewers that ask some. */
#pragma once
#include "tests/support/proc.h"
#include <jansson.h>

#define STAGE_SERVERS 3

struct stage_server {
	struct test_proc proc;
	char dir[256], text[40], key[64]; /* text: 127.0.0.1:PORT */
	const char *ip;                   /* NULL: 127.0.0.1 */
	uint16_t port;
};

extern struct stage_server stage_server[STAGE_SERVERS];
extern struct test_proc stage_host;
extern char stage_host_dir[256], stage_id[32];

/* Fixtures: folders and ports; nothing runs yet. */
void stage_setup(void);
void stage_teardown(void);
/* Each has its own key, and all name the one relay that is started with the first. */
void stage_start(unsigned server);
void stage_stop(unsigned server);
/* The key that a server without a past will have; makes it. */
void stage_make_key(unsigned server);
/* Before its start: the same key as `from` has. */
void stage_same_key(unsigned from, unsigned server);
/* "A?key=KEY,B?key=KEY" of the first `count`, in a static buffer. */
const char *stage_list(unsigned count);
/* The next host believes that this is its own ID. */
void stage_take_id(const char *id);
/* A host with these options behind `run`, NULL-terminated. */
void stage_start_host(const char *const options[]);
/* Waits until the host's status says so of the server with this address, e.g. "registered". */
void stage_host_until(const char *address, const char *state);
/* One of its members, in a static buffer. */
const char *stage_host_says(const char *address, const char *member);
/* `hawser connect` without a window, with these options: its exit status and the caller's output.
 * Remembers nothing but in `config`, which may be NULL. */
int stage_connect(const char *config, const char *const options[], char **ret_out);
/* A session that stays for a minute; prints figures every second. */
void stage_stay(struct test_proc *p, const char *const options[]);
/* The same, until it works. */
void stage_must_connect(const char *config, const char *const options[], const char *want);
