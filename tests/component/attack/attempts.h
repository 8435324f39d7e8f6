/* What somebody tries who runs code of his own in one of our processes: each attempt by itself, as
 * plain system calls. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Who must not be able to, as bits of enum hws_sandbox_role. */
#define IN(role) (1u << HWS_SANDBOX_##role)

struct attempt {
	const char *name;
	unsigned refused; /* IN(...) of the roles in which it must fail */
	bool (*works)(void);
};

/* What the attempts aim at, made before the sandbox is entered. */
struct attempt_target {
	pid_t victim;      /* a process of the same account */
	int terminal;      /* one whose other end is `master`; not ours by control */
	int stream, dgram; /* sockets: connected TCP; local, not connected */
	char path[108];    /* where a local datagram socket listens */
};
extern struct attempt_target target;

extern const struct attempt attempts[];
extern const size_t attempt_count;
