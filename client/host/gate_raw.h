/* host/gate_raw: a tunnel of a deployed viewer. After its login the line is raw: no frames and no
 * encryption, the bytes of one connection that the connector has opened and hands over as a socket
 * (docs/tunnels.md). Between hawser ends there is none of this. */
#pragma once
#include "client/host/gate.h"
#include <stdbool.h>

/* Is that the session's kind? From the verdict on, no probe is sent then: its answer would come
 * between the bytes of the tunnel. */
bool hws_gate_is_raw(const struct hws_gate *g);
/* The connector has opened the target: the viewer is let in as soon as it owes no answer any more.
 * Takes `fd`, which is -1 where the connector gave none. */
void hws_gate_raw_open(struct hws_gate *g, const Agt__Opened *o, int fd);
/* The viewer has answered a probe. */
void hws_gate_raw_answered(struct hws_gate *g);
/* Bytes from the viewer and to it; nothing before the line is raw. */
void hws_gate_raw_count(const struct hws_gate *g, uint64_t *ret_in, uint64_t *ret_out);
/* With the gate. */
void hws_gate_raw_done(struct hws_gate *g);
