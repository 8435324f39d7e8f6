/* rendezvous/planes/limits: how much each address may ask of the TCP plane, and how often each
 * device may be asked for, by whom. On the plane's thread. */
#pragma once
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/target_rate.h"
#include "shared/daemon/admit.h"

struct rdv_limits {
	uint32_t links;                 /* of max-links, what there are descriptors for */
	struct hws_admit *clients;      /* connections by address */
	struct hws_admit *punch;        /* requests by address */
	struct hws_admit *keys;         /* wrong keys by address */
	struct hws_admit *online;       /* ids asked for by address */
	struct hws_admit *changes;      /* registrations by address */
	struct rdv_target_rate *target; /* connection requests by target and caller */
	struct rdv_target_rate *relay;  /* the same of requests to come to a relay */
};

/* `l` zeroed; also after an error rdv_limits_done frees what there is. */
int rdv_limits_init(struct rdv_limits *l, const struct rdv_config *c) HWS_MUST_CHECK;
void rdv_limits_done(struct rdv_limits *l);
/* The rates of settings that have changed. */
void rdv_limits_reload(struct rdv_limits *l, const struct rdv_config *c);
