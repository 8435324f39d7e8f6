/* rendezvous/cluster/hooks: what the cluster asks of the planes of its own node. The planes use the
 * cluster, which therefore knows them by this table only (planes/cluster_hooks.c fills it). Clients
 * are named by their numbers: by the time of a call one may have gone, and then nothing happens. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "server-rendezvous/state/addr.h"
#include "shared/base/bytes.h"
#include "shared/loop/loop.h"
#include <stdbool.h>
#include <stdint.h>

struct rdv_core;
struct rdv_peer_info;
struct rdv_granted;

/* Where an answer of a device came from. */
struct rdv_replier {
	struct rdv_addr addr;
	bool udp;
	bool misdirected;  /* another node did not know whom it is for */
	bool elsewhere;    /* by another node, which has recognised the device */
	const uint8_t *pk; /* then: the device's key as that node knows it, NULL = none */
	uint32_t cookie;   /* then: of the viewer's address, as this node had sent it there */
};

struct rdv_cluster_hooks {
	/* --- any thread --- */
	/* Runs fn(arg) on the thread of the client connections. */
	int (*post)(struct rdv_core *core, void (*fn)(void *arg), void *arg);
	/* The same with its next turn only. */
	int (*post_quiet)(struct rdv_core *core, void (*fn)(void *arg), void *arg);
	void (*close_client)(struct rdv_core *core, uint64_t client);
	/* --- control loop --- */
	/* An operator has removed a device at another node. */
	void (*removed)(struct rdv_core *core, const char *id);
	/* --- the thread of the client connections --- */
	struct hws_loop *(*loop)(struct rdv_core *core);
	/* To a device of this node; false when there is no way to it. */
	bool (*push)(struct rdv_core *core, const struct rdv_peer_info *to,
			const Rdv__RendezvousMessage *m, const struct rdv_granted *granted);
	/* Tells the relays of a pair. */
	void (*announce)(struct rdv_core *core, const char *uuid);
	/* A device's answer that came by way of another node; others than answers are ignored. */
	void (*reply)(struct rdv_core *core, const struct rdv_replier *from,
			Rdv__RendezvousMessage *m);
	/* The device a viewer waits for is at another node, which is about to be asked. `pk`: the
	 * device's key by the database, NULL = none; `proves`: it proves itself, by the same. */
	void (*found)(struct rdv_core *core, uint64_t client, const char *id, bool relay,
			const uint8_t *pk, bool proves);
	/* The device a viewer waits for is at no node. `known`: there is such a device. */
	void (*nowhere)(struct rdv_core *core, uint64_t client, const char *id, bool relay,
			bool known);
	/* The same of a viewer that is known by its disguised address, as messages carry it. */
	void (*nowhere_at)(
			struct rdv_core *core, struct hws_bytes viewer, const char *id, bool relay);
	/* The states an online query waited for. */
	void (*online)(struct rdv_core *core, uint64_t client, struct hws_bytes states);
	/* Another node had let this viewer through, to `relay`: its request is to be served. */
	void (*granted)(struct rdv_core *core, uint64_t client, Rdv__RequestRelay *m,
			const char *relay);
	/* No node knows of the connection that a relay request belongs to. */
	void (*not_granted)(struct rdv_core *core, uint64_t client);
};

/* A message for a device that is not at this node. */
struct rdv_cluster_push {
	uint64_t client;         /* the viewer */
	struct hws_bytes viewer; /* its disguised address, as messages carry it */
	const char *id;
	bool relay, may_be_local;
	bool known;                        /* this node has heard of the id */
	const struct rdv_granted *granted; /* NULL = nothing */
	const Rdv__RendezvousMessage *m;
};
