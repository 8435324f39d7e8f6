/* tests: two nodes, a and b, and the database that both keep their devices in; node b through a
 * proxy that can be cut. */
#pragma once
#include "proto/cluster.pb-c.h"
#include "server-rendezvous/cluster/trust.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/postgres.h"
#include "tests/support/tcp_proxy.h"
#include <stdbool.h>

#define R(x) RDV__REGISTER_PK_RESPONSE__RESULT__##x
#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x
#define FAILURE(x) RDV__PUNCH_HOLE_RESPONSE__FAILURE__##x

/* Viewers ask again until they reach a device: as long as a busy machine needs. */
#define AGAIN_MS TEST_PATIENCE_MS
/* And each time they wait so long: a node that is gone does not answer at all. */
#define ASK_MS 3000

extern bool nodes_linked; /* start_node: with direct links between the nodes */
extern struct test_pg pg;
extern struct test_proxy proxy; /* between node b and the database */
extern struct server a, b;
extern char b_url[200];

/* For a node that is not started yet: the key of node a, as the operator's guide says. */
void copy_key(struct server *s);
void start_node(struct server *s, const char *name, const char *url);
/* Fixtures: the database once for a case, the nodes for each test. */
void start_database(void);
void stop_database(void);

void set_up(void);
void tear_down(void);

/* The channel of a node ("" = all), as those who have the key of node a know it. */
#define CHANNEL_TEXT 48
void channel_of(const char *node, char buf[CHANNEL_TEXT]);
/* As a node of this cluster by this name; free with rdv_trust_free. */
struct rdv_trust *node_double(const char *name);
/* What it says to a node now, in the form of the channel. */
#define SAID_TEXT (2 * RDV_MESSAGE_MAX + 1)
void node_double_says(
		struct rdv_trust *node, const char *to, Cluster__Item *item, char hex[SAID_TEXT]);

/* The answer to one request, NULL after ms. */
message *ask_once(struct server *s, const char *id, unsigned ms);

/* True if a viewer at this node reaches the device within ms; it asks again as viewers do. */
bool reached(struct server *s, struct device *d, unsigned ms);

/* True if a viewer at this node is refused with this word within ms, asking again as viewers do. */
bool refused(struct server *s, const char *id, Rdv__PunchHoleResponse__Failure want, unsigned ms);

/* The same device, come to another node by its list of addresses. */
void moves_to(struct device *d, struct server *s);

/* A number of "cluster" in the answer to stats. */
json_int_t cluster_figure(struct server *s, const char *name);
/* Until both nodes have their link. */
void until_linked(void);
