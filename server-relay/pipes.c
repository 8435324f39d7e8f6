/* Pipes cost descriptors and kernel memory that a user has only so much of: few are made, lent
 * while bytes are in flight, and where none is to be had the pump copies instead. */
#include "server-relay/pipes.h"
#include "shared/base/mem.h"
#include <fcntl.h>
#include <unistd.h>

#define BACK_OFF 4096 /* calls without a try after the system refused a large pipe */

void rly_pipes_init(struct rly_pipes *p, uint32_t max)
{
	*p = (struct rly_pipes){ .max = max };
}

static void destroy(struct rly_pipes *p, struct rly_pipe *pipe)
{
	close(pipe->r);
	close(pipe->w);
	hws_free(pipe);
	p->count--;
}

void rly_pipes_trim(struct rly_pipes *p, uint32_t keep)
{
	while (p->free_count > keep) {
		struct rly_pipe *pipe = p->free;

		p->free = pipe->next;
		p->free_count--;
		destroy(p, pipe);
	}
}

void rly_pipes_done(struct rly_pipes *p)
{
	rly_pipes_trim(p, 0);
}

static struct rly_pipe *create(struct rly_pipes *p)
{
	struct rly_pipe *pipe = hws_alloc(sizeof(*pipe));
	int fd[2];

	if (!pipe)
		return NULL;
	if (pipe2(fd, O_NONBLOCK | O_CLOEXEC) < 0)
		goto out;
	/* A small pipe would cost more system calls than copying does, so it is large or none:
	 * an unprivileged user gets fs.pipe-user-pages-soft pages for all pipes together. */
	if (fcntl(fd[1], F_SETPIPE_SZ, (int)RLY_PIPE_SIZE) < 0) {
		close(fd[0]);
		close(fd[1]);
		goto out;
	}
	pipe->r = fd[0];
	pipe->w = fd[1];
	p->count++;
	return pipe;
out:
	p->refused = BACK_OFF;
	hws_free(pipe);
	return NULL;
}

struct rly_pipe *rly_pipes_get(struct rly_pipes *p)
{
	struct rly_pipe *pipe = p->free;

	if (pipe) {
		p->free = pipe->next;
		p->free_count--;
		return pipe;
	}
	if (p->count >= p->max)
		return NULL;
	if (p->refused) {
		p->refused--;
		return NULL;
	}
	return create(p);
}

void rly_pipes_put(struct rly_pipes *p, struct rly_pipe *pipe, bool dirty)
{
	if (dirty) {
		destroy(p, pipe);
		return;
	}
	pipe->next = p->free;
	p->free = pipe;
	p->free_count++;
}
