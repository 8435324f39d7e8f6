/* rendezvous/planes/tcp_plane: the inside of the TCP plane, for the files that run on its thread:
 * its clients, and what stands before one. */
#pragma once
#include "server-rendezvous/planes/limits.h"
#include "server-rendezvous/planes/port.h"
#include "shared/base/buf.h"
#include "shared/base/list.h"
#include "shared/loop/slots.h"
#include "shared/loop/work.h"
#include "shared/net/addr.h"
#include "shared/net/listener.h"
#include "shared/wire/server_kx.h"
#include <pthread.h>

#define RDV_CLIENT_TABLE 16384

struct rdv_core;
struct rdv_client;
struct rdv_announcer;

struct rdv_tcp {
	struct rdv_core *core;
	struct hws_loop *loop;
	struct hws_listener *listener[RDV_PORT_COUNT];
	/* planes/client.c */
	struct hws_slots clients;
	struct hws_list all;
	struct rdv_client *by_addr[RDV_CLIENT_TABLE];
	uint8_t hash_key[16];
	/* What a client says goes here; what it may cost there. */
	void (*dispatch)(struct rdv_client *cl, struct hws_bytes message);
	struct rdv_limits limits;
	struct hws_tls_server *tls; /* NULL = no TLS port */
	struct hws_work *work;      /* look-ups for WebSockets that are the relay's */
	struct hws_list at_ingress, passthroughs;
	struct hws_list calls; /* planes/api_call.c */
	uint32_t calls_count;
	uint32_t roomy;               /* clients that may send a long request for the API */
	uint32_t ingress_count;       /* of both */
	struct hws_cidr_list proxies; /* whose word about the caller's address counts */
	struct rdv_announcer *announcer;
	struct hws_kx_offer offer;
	struct hws_buf out;        /* scratch for packing */
	uint64_t count, hosts, ws; /* atomics */
	uint64_t posts;            /* atomic: handed over, not yet run */
	pthread_t thread;
	bool started;
};
