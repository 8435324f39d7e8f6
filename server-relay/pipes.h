/* relay/pipes: pipes between two sockets, lent out while bytes are in flight. One thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define RLY_PIPE_SIZE (1u << 20)

struct rly_pipe {
	struct rly_pipe *next;
	int r, w;
};

struct rly_pipes {
	struct rly_pipe *free;
	uint32_t count, free_count, max;
	uint32_t refused; /* until when (in calls) no further try to make one is worth it */
};

void rly_pipes_init(struct rly_pipes *p, uint32_t max);
void rly_pipes_done(struct rly_pipes *p);
/* An empty pipe of RLY_PIPE_SIZE, or NULL: all are lent, or the system gives no (large) one. */
struct rly_pipe *rly_pipes_get(struct rly_pipes *p);
/* Takes it back; it must be empty unless `dirty`, then it is closed. */
void rly_pipes_put(struct rly_pipes *p, struct rly_pipe *pipe, bool dirty);
/* Closes spare ones down to `keep`. */
void rly_pipes_trim(struct rly_pipes *p, uint32_t keep);
