/* rendezvous/cluster/placement: which devices are at this node, told to the database; and what the
 * database knows of devices, learnt when it is needed. Private to the cluster. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct rdv_node;
struct rdv_placement;

/* `node` is borrowed. */
int rdv_placement_new(struct rdv_node *node, struct rdv_placement **ret) HWS_MUST_CHECK;
/* After the store is gone. Takes NULL. */
void rdv_placement_free(struct rdv_placement *pm);

/* --- any thread; also under the lock of a shard; never wait --- */
/* A device has come to this node, or left it. */
void rdv_placement_arrived(struct rdv_placement *pm, struct hws_bytes id);
void rdv_placement_left(struct rdv_placement *pm, struct hws_bytes id);
/* A device that this node does not know speaks: perhaps the database does. */
void rdv_placement_learn(struct rdv_placement *pm, struct hws_bytes id);

/* --- control loop --- */
void rdv_placement_tick(struct rdv_placement *pm);
/* Another node has this device now; `proven`: it proved there who it is. */
void rdv_placement_gone(struct rdv_placement *pm, const char *id, bool proven);
/* What this node remembers of the device is old. */
void rdv_placement_changed(struct rdv_placement *pm, const char *id);
/* This node has written the device to the database: to be told to the others. */
void rdv_placement_written(struct rdv_placement *pm, const char *id);
/* The database may have forgotten: says again who is here. */
void rdv_placement_again(struct rdv_placement *pm);
