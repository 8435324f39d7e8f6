/* tests: one cell of the laboratory with everything in it: the town, the servers, a host, and
 * viewers that connect. One at a time. */
#pragma once
#include "tests/component/nat/cells.h"
#include "tests/support/proc.h"

/* The certificate of the next scene's server, and its key; for this program and those it starts
 * it is one to be trusted. */
void scene_use_tls(const char *cert, const char *key);
/* Builds the town and starts servers and host; the host is registered and knows its NAT. False: it
 * cannot be done here, which was said. */
bool scene_open(const struct cell *c);
void scene_close(void);
/* A viewer connects, takes a picture and ends. The exit status; its output is the caller's. */
int scene_connect(char **ret_out);
/* A viewer that stays, and tells what comes every second. */
void scene_stay(struct test_proc *ret);
/* In the viewer's house `hawser args[0] ID`, with what it needs to find the host and to be let in,
 * and args[1] ... `shell`: as `sh -c SHELL sh hawser ...`, so "$@" there is that program; may be
 * NULL. */
void scene_hawser(struct test_proc *ret, const char *shell, const char *const args[]);
/* Whether they met as the cell says, and `why` was said. */
bool scene_is_as_told(const char *out, const char *why);
/* Everybody's folder, and the one whose files the host serves. */
const char *scene_folder(void);
/* What the host said. */
const char *scene_host_log(void);
/* So much of a log that a message of Check has room for two. */
const char *scene_end(const char *log);
