/* rendezvous/planes/punch: what viewers ask: reach a device, and later come to the relay with it.
 * On the TCP plane's thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include <stdbool.h>

struct rdv_client;

void rdv_punch_request(struct rdv_client *cl, const Rdv__PunchHoleRequest *m);
/* Changes `m`. */
void rdv_relay_request(struct rdv_client *cl, Rdv__RequestRelay *m);
/* Whether who shows `key` may ask for connections. A wrong one is logged, and costs. */
bool rdv_punch_key_counts(struct rdv_client *cl, const char *key);
/* Another node's word: the device is nowhere. `known`: there is such a device. */
void rdv_punch_nowhere(struct rdv_client *cl, const char *id, bool relay, bool known);
/* No node knows of the connection this relay request belongs to. */
void rdv_relay_unknown(struct rdv_client *cl);
