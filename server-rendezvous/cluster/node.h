/* rendezvous/cluster/node: what the parts of the cluster know of this node. Private to the cluster;
 * made by cluster.c. */
#pragma once
#include "server-rendezvous/cluster/hooks.h"
#include "server-rendezvous/store/nodes.h"
#include "server-rendezvous/store/store.h"
#include "shared/loop/loop.h"
#include <stdbool.h>
#include <stdint.h>

struct rdv_outboxes;
struct rdv_trust;
struct rdv_links;

struct rdv_node {
	struct rdv_core *core;
	const struct rdv_cluster_hooks *planes;
	struct hws_loop *loop; /* control loop */
	char name[RDV_NODE_MAX + 1];
	struct rdv_outboxes *out;
	struct rdv_trust *trust; /* control loop */
	struct rdv_links *links; /* control loop */
	/* The control loop sets them; `ended` when no other thread runs any more. */
	bool joined, leaving, ended;
};
