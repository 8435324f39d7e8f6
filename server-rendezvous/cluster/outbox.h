/* rendezvous/cluster/outbox: messages to other nodes: over the link to a node if there is one, else
 * by the database, where items that wait for the same node go together. */
#pragma once
#include "proto/cluster.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>

struct rdv_node;
struct rdv_outboxes;

/* `node` is borrowed. */
int rdv_outboxes_new(struct rdv_node *node, struct rdv_outboxes **ret) HWS_MUST_CHECK;
/* Takes NULL. */
void rdv_outboxes_free(struct rdv_outboxes *all);
/* Control loop, now and then: what could not be sent at once. */
void rdv_outboxes_flush(struct rdv_outboxes *all);

/* Control loop: sends an item to a node ("" = all others) with what else waits for it. What cannot
 * be sent is counted and dropped: viewers ask again. */
void rdv_outbox_send(struct rdv_outboxes *all, const char *to, const Cluster__Item *item);
/* Any other thread: the same. */
void rdv_outbox_send_later(struct rdv_outboxes *all, const char *to, const Cluster__Item *item);
/* Control loop: an item that is packed already (an envelope of one), by the database. */
void rdv_outbox_by_database(struct rdv_outboxes *all, const char *to, struct hws_bytes packed);
/* Control loop: ids in as many items as they need. */
void rdv_outbox_send_ids(struct rdv_outboxes *all, const char *to, Cluster__Item__WhatCase what,
		char **ids, size_t n, bool proven);
