/* rendezvous/planes/punch: what viewers ask: reach a device.
 * On the TCP plane's thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include <stdbool.h>

struct rdv_client;

void rdv_punch_request(struct rdv_client *cl, Rdv__PunchHoleRequest *m);
/* Whether who shows `key` may ask for connections. A wrong one is logged, and costs. */
bool rdv_punch_key_counts(struct rdv_client *cl, const char *key);
/* Another node's word: the device is nowhere. `known`: there is such a device. */
void rdv_punch_nowhere(struct rdv_client *cl, const char *id, bool relay, bool known);
