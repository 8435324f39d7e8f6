/* host/agent_pulse: whether an agent still turns: hostd asks it every few seconds, and its loop
 * answers at once. Anything that it says counts. */
#pragma once
#include "client/host/ipc.h"
#include "shared/loop/loop.h"
#include <stdint.h>

struct hws_agent_pulse {
	struct hws_loop *loop;
	struct hws_ipc *ipc;
	struct hws_timer tick;
	unsigned unanswered, limit;
	uint64_t asked_us; /* the first that is not answered */
	void (*silent)(void *arg);
	void *arg;
};

/* `silent` is called once when nothing has come for so long, in which it was asked again and again:
 * a machine that slept, or a hostd that was stopped itself, blames nobody. */
void hws_agent_pulse_init(struct hws_agent_pulse *p, struct hws_loop *loop, uint64_t limit_us,
		void (*silent)(void *arg), void *arg);
/* From now on, over this link. Again: nothing. */
void hws_agent_pulse_start(struct hws_agent_pulse *p, struct hws_ipc *ipc);
void hws_agent_pulse_heard(struct hws_agent_pulse *p);
void hws_agent_pulse_stop(struct hws_agent_pulse *p);
