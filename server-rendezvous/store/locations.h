/* rendezvous/store/locations: which node a device is at now. Only a store that can be shared has
 * this subject, and a node that has joined (store/nodes.h). */
#pragma once
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/nodes.h"

#define RDV_LOCATIONS_MAX 10000u /* ids of one call */

struct rdv_where {
	char id[RDV_ID_MAX + 1];
	char node[RDV_NODE_MAX + 1]; /* "" = nowhere */
	uint8_t pk[RDV_PK_LEN];      /* by find_keyed: what the database says of its key */
	bool has_pk, proves;
};

typedef void (*rdv_where_fn)(int r, const struct rdv_where *w, size_t n, void *arg);

/* 1 <= n <= RDV_LOCATIONS_MAX; ids are copied. */
struct rdv_locations_ops {
	/* These ids are at this node now. Written on arrival only, not on every keep-alive. */
	int (*put)(struct rdv_store *s, const char *const *ids, size_t n, rdv_done_fn done,
			void *arg);
	/* They have left this node (only rows that still name it are removed). */
	int (*remove)(struct rdv_store *s, const char *const *ids, size_t n, rdv_done_fn done,
			void *arg);
	/* Where ids are: one element each, in the order asked; node "" when nowhere or its node is
	 * dead. */
	int (*find)(struct rdv_store *s, const char *const *ids, size_t n, rdv_where_fn done,
			void *arg);
	/* The same with the keys of the devices. */
	int (*find_keyed)(struct rdv_store *s, const char *const *ids, size_t n, rdv_where_fn done,
			void *arg);
};
