/* rendezvous/cluster/lookup: where is this device? Requests of viewers and online queries wait here
 * while the database is asked. Private to the cluster. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "server-rendezvous/cluster/hooks.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct rdv_node;
struct rdv_lookups;

/* `node` is borrowed. */
int rdv_lookups_new(struct rdv_node *node, struct rdv_lookups **ret) HWS_MUST_CHECK;
/* After the store is gone. Takes NULL. */
void rdv_lookups_free(struct rdv_lookups *lu);
/* Control loop: gives up what has waited too long. */
void rdv_lookups_tick(struct rdv_lookups *lu, uint64_t now_us);
/* The TCP plane's thread; as rdv_cluster_push and rdv_cluster_online. */
bool rdv_lookup_push(struct rdv_lookups *lu, const struct rdv_cluster_push *push);
bool rdv_lookup_online(struct rdv_lookups *lu, uint64_t client, const Rdv__OnlineRequest *m,
		uint8_t *states);
