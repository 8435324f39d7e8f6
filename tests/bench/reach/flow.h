/* bench/reach/flow: one transfer from one namespace to another, in two processes: for a time, or of
 * so many bytes; by the kernel's TCP or by our stream over UDP. */
#pragma once
#include "tests/support/impair.h"

enum flow_kind {
	FLOW_CUBIC,
	FLOW_BBR,
	FLOW_KCP,      /* between two of ours */
	FLOW_KCP_PLAIN /* without extensions, as towards deployed peers */
};

struct flow {
	pid_t sender, receiver;
	int result; /* a pipe */
	enum flow_kind kind;
};

struct flow_result {
	double bytes_s; /* that arrived, without the first second and a half */
	double cpu_s;   /* of both ends */
	double bytes;
	double wait_ms[2]; /* median and 95 % that a small message waits behind the transfer */
};

/* `interactive`: a small message ten times a second, whose way through is timed. */
void flow_start(struct flow *f, const struct impair_towns *t, enum flow_kind kind, uint16_t port,
		double seconds);
void flow_end(struct flow *f, struct flow_result *ret);
