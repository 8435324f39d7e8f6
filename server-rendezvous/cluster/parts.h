/* rendezvous/cluster/parts: the inside of the cluster, for cluster*.c only. */
#pragma once
#include "proto/cluster.pb-c.h"
#include "server-rendezvous/cluster/cluster.h"
#include "shared/base/buf.h"
#include "shared/crypto/hash.h"
#include "shared/wire/addr_codec.h"
#include <pthread.h>

#define RDV_CLUSTER_KEY 8
#define RDV_CLUSTER_ASKS 10000u    /* requests that wait for another node to be found */
#define RDV_CLUSTER_PLACES 200000u /* arrivals that wait for the database */
#define RDV_CLUSTER_AGAIN 5000000u /* devices that are said again */
#define RDV_CLUSTER_BYTES (128u << 20)
#define RDV_CLUSTER_GONE 4096u

/* Ids in order of time, each with a letter for what is said of it. */
struct rdv_idq {
	struct hws_buf b; /* letter, id, NUL; ... */
	size_t count;
};

struct rdv_cluster {
	struct rdv_core *core;
	struct hws_loop *loop;
	struct rdv_store *store;
	char name[RDV_NODE_MAX + 1];
	uint8_t key[RDV_CLUSTER_KEY];
	uint8_t hash_key[HWS_HASH_KEY_LEN];
	bool joined, leaving, ended;
	struct hws_timer tick;
	struct hws_list outboxes;
	unsigned outbox_count;

	void (*on_entry)(const struct rdv_entry *e, bool removed, void *arg);
	void *entry_arg;

	/* cluster_place.c */
	pthread_mutex_t lock; /* of in, learn_in; taken under the lock of a shard, never the other way round */
	struct rdv_idq in;      /* said by the planes */
	struct rdv_idq learn;   /* to be looked up */
	struct rdv_idq work;    /* the control loop's: its front is with the store */
	struct rdv_idq changed; /* to be told to the others */
	bool kicked;            /* atomic */
	bool overflowed;        /* atomic: an arrival was not noted */
	bool placing;
	unsigned learning;
	uint64_t retry_at_us;
	const char **run; /* ids of `work` with the store */
	size_t run_n;
	struct rdv_where *found; /* where they were before */
	struct {
		uint64_t hash, at_us;
		uint32_t times;
	} gone[RDV_CLUSTER_GONE]; /* devices that were said to have left for another node */

	/* cluster_ask.c */
	struct hws_list waiting, asked; /* struct rdv_lookup */
	struct hws_list onlines;
	bool asking;
	uint64_t asks; /* atomic */

	/* cluster_client.c, the TCP plane's thread */
	struct rdv_remote_viewer **foreign;
	struct hws_list foreign_age;
	size_t foreign_count;

	/* cluster_stray.c, the same thread */
	struct hws_list relay_asks;
	size_t relay_ask_count;
	uint64_t tickets;
};

/* --- cluster.c --- */
/* Control loop: sends an item to a node ("" = all others) with what else waits for it. */
void rdv_cluster_send(struct rdv_cluster *c, const char *to, const Cluster__Item *item);
/* Any other thread: the same. */
void rdv_cluster_send_later(struct rdv_cluster *c, const char *to, const Cluster__Item *item);
/* To all nodes or one: ids in as many items as they need. */
void rdv_cluster_send_ids(struct rdv_cluster *c, const char *to, Cluster__Item__WhatCase what,
		char **ids, size_t n);

/* --- cluster_place.c --- */
void rdv_placement_tick(struct rdv_cluster *c, uint64_t now_us);
/* Another node has this device now. */
void rdv_placement_gone(struct rdv_cluster *c, const char *id);
/* What this node remembers of the device is old. */
void rdv_placement_changed(struct rdv_cluster *c, const char *id);
/* The database may have forgotten: says again who is here. */
void rdv_placement_again(struct rdv_cluster *c);
void rdv_placement_done(struct rdv_cluster *c);

/* --- cluster_ask.c --- */
void rdv_lookup_tick(struct rdv_cluster *c, uint64_t now_us);
void rdv_lookup_done(struct rdv_cluster *c);

/* --- cluster_client.c --- */
/* What another node sent for this thread. */
void rdv_cluster_heard(struct rdv_cluster *c, const char *from, const Cluster__Item *item);
/* A device's answer that came by way of another node. */
void rdv_cluster_dispatch(
		struct rdv_cluster *c, const struct rdv_replier *from, Rdv__RendezvousMessage *m);
void rdv_remote_viewer_done(struct rdv_cluster *c);

/* --- cluster_stray.c, the same thread --- */
void rdv_misdirected_heard(struct rdv_cluster *c, const Cluster__Misdirected *s);
void rdv_grant_asked(struct rdv_cluster *c, const char *from, const Cluster__GrantAsk *g);
void rdv_grant_heard(struct rdv_cluster *c, const Cluster__Grant *g);
void rdv_misdirected_done(struct rdv_cluster *c);
