/* rendezvous/planes/push: a message to a device, by whatever way it is registered. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include <stdbool.h>

struct rdv_core;
struct rdv_granted;
struct rdv_peer_info;

/* On the TCP plane's thread. False when the device has no way here. Every request that reaches a
 * device comes through here, and loses what claims to permit something: `granted`, which is the
 * policy's word, stands there instead. Without it permissions are the host's own affair. */
bool rdv_push(struct rdv_core *core, const struct rdv_peer_info *to,
		const Rdv__RendezvousMessage *m, const struct rdv_granted *granted);
