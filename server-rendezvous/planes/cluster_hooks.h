/* rendezvous/planes/cluster_hooks: what the planes do for the cluster of their node. */
#pragma once
#include "server-rendezvous/cluster/hooks.h"

extern const struct rdv_cluster_hooks rdv_cluster_hooks_of_planes;
