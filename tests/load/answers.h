/* load/answers: what simulated devices answer over links of their own, as deployed ones do. One
 * thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include <netinet/in.h>
#include <stdbool.h>

#define LOAD_ANSWERS 1024 /* links kept until the server has read them */

struct load_answers {
	int fd[LOAD_ANSWERS]; /* 0 = none */
	unsigned next;
};
/* Connects from `own` and sends one message; false if it could not be sent. */
bool load_answers_send(struct load_answers *a, const struct sockaddr_in *own,
		const struct sockaddr_in *to, const Rdv__RendezvousMessage *m);
void load_answers_done(struct load_answers *a);
