/* An edge of the API server in a thread of this process, with routes that say what came to them,
 * and a client that sends exactly the bytes it is told. */
#pragma once
#include "admin/http/server.h"
#include <stdbool.h>

struct edge;

/* `change` (may be NULL) is shown the settings before they are used. */
struct edge *edge_start(void (*change)(struct htp_conf *conf));
void edge_stop(struct edge *e);
/* On the loop's thread, which ends when all is answered. */
void edge_drain(struct edge *e);
/* Requests to /slow and /hash wait until now, and so many of them are waiting. */
void edge_release(struct edge *e);
void edge_wait_slow(struct edge *e, unsigned count);
/* One counter, read while the loop runs. */
uint64_t edge_refused(struct edge *e, enum htp_refused why);
const char *edge_local(const struct edge *e);

/* A connected socket that gives up after a minute. */
int edge_connect(struct edge *e);
int edge_connect_local(struct edge *e);
/* False: the other end has closed. */
bool edge_send(int fd, const char *bytes, size_t len);
/* What comes until the end of the link; closes it. Valid until the next call. */
const char *edge_rest(int fd);
/* Until `text` has come; what came so far. */
const char *edge_until(int fd, const char *text);
/* All of it on a link of its own: sends, reads to the end. */
const char *edge_call(struct edge *e, const char *request);
