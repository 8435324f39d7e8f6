/* rendezvous/cluster/links: direct encrypted links between the nodes. Each node tells the others by
 * the database where it takes links and by which key it is known there; one link to each is kept,
 * and what goes from node to node goes over it. Without a link, with a node of an older version,
 * and when a link is lost before what was sent is known to have come, it goes by the database.
 * Control loop only. Private to the cluster. */
#pragma once
#include "proto/cluster.pb-c.h"
#include "server-rendezvous/cluster/link_at.h"
#include "server-rendezvous/store/nodes.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/work.h"
#include <stdbool.h>
#include <stdint.h>

struct rdv_node;
struct rdv_links;

struct rdv_links_conf {
	const char *at;      /* where others reach this node, "HOST:PORT" or "HOST"; "" = nowhere */
	const char *bind_ip; /* where it listens; "" = the host of `at`, else all addresses */
	uint16_t bind_port;  /* 0 = the port of `at` */
	uint16_t port;       /* of who names none */
	struct hws_work *work;
	/* Sends an item, by whichever way there is. */
	void (*tell)(const char *to, const Cluster__Item *item, void *arg);
	/* Items came from a node; takes `e` (hws_msg_free). */
	void (*on_items)(const char *from, Cluster__Envelope *e, void *arg);
	/* A packed envelope for this node is to go by the database. */
	void (*by_database)(const char *to, struct hws_bytes packed, void *arg);
	void *arg;
};

/* `node` is borrowed, `conf` copied. Listens. */
int rdv_links_new(struct rdv_node *node, const struct rdv_links_conf *conf, struct rdv_links **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Ends all of them; what is on its way is given to by_database. The loop must turn once more before
 * rdv_links_free. Both take NULL. */
void rdv_links_end(struct rdv_links *ls);
void rdv_links_free(struct rdv_links *ls);
/* Every few ten milliseconds while joined. */
void rdv_links_tick(struct rdv_links *ls);

/* Another node has told its address, by the database. */
void rdv_links_told(struct rdv_links *ls, const char *from, const Cluster__Address *a);
/* False: by the database then. */
bool rdv_links_send(struct rdv_links *ls, const char *to, struct hws_bytes packed);
/* To all others; false when not all have a link. */
bool rdv_links_send_all(struct rdv_links *ls, struct hws_bytes packed);

struct rdv_link_state {
	char name[RDV_NODE_MAX + 1];
	char at[RDV_LINK_AT_MAX]; /* "" = it takes no links */
	uint64_t told_us, up_us;  /* since when, by hws_clock_us; up_us 0 = no link */
	const char *trouble;      /* why there is none, "" = not known */
};
void rdv_links_each(struct rdv_links *ls, void (*fn)(const struct rdv_link_state *s, void *arg),
		void *arg);
/* Our own address as others are told it, "" = none. */
const char *rdv_links_at(const struct rdv_links *ls);
