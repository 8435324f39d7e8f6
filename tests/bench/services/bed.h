/* bench/services/bed: the real programs on loopback, without a display: rendezvous server and host,
 * and `hawser` commands at them. */
#pragma once
#include "tests/support/proc.h"

struct bed {
	char dir[256]; /* in memory where the machine allows it */
	char env[3][300], server[32], key[64], id[32];
	const char *envp[4];
	uint16_t direct_port;
	struct test_proc rendezvous, host;
};

/* `targets`: of the host's tunnels. */
void bed_start(struct bed *b, const char *targets);
void bed_stop(struct bed *b);
/* What the host has said so far, on standard error. */
void bed_tell(struct bed *b);

/* argv of "hawser VERB TARGET OPTIONS" with `words` (NULL-terminated) behind it; `verb` and the
 * rest stay the caller's. `target` NULL: the host by its ID. */
#define BED_ARGS 40
void bed_hawser(const struct bed *b, const char *verb, const char *target,
		const char *const words[], const char *argv[]);
/* Runs it to its end, which must be good; seconds. */
double bed_run(const struct bed *b, const char *verb, const char *target,
		const char *const words[]);
/* The same for any program. */
double bed_time(const struct bed *b, const char *const argv[]);
/* CPU seconds of the host's processes and of all that this process has waited for, so far. */
double bed_cpu(const struct bed *b);

/* A file of `bytes` that no compression makes smaller, or (`text`) one of words. */
void bed_make_file(const char *path, uint64_t bytes, bool text);
/* `count` files of `bytes` each, 100 in a folder. */
void bed_make_tree(const char *path, unsigned count, unsigned bytes);
void bed_remove(const char *path);
