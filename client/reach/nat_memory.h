/* reach/nat_memory: which NAT was in front of this machine, by network and server, so that nobody
 * waits for a test. Names of networks and servers are kept as digests only. Pure, but for
 * hws_nat_network. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_NAT_KEY 33
#define HWS_NAT_PLACES 16u
#define HWS_NAT_MEMORY_TEXT 1024u

struct hws_nat_place {
	char key[HWS_NAT_KEY];
	Rdv__NatType type;
	uint64_t at_s;
};

struct hws_nat_memory {
	struct hws_nat_place place[HWS_NAT_PLACES]; /* the newest first */
	unsigned count;
};

/* What tells the network we are in from others: its routers. False: none leads out of it. */
bool hws_nat_network(char ret[HWS_NAT_KEY]);
void hws_nat_key(const char *network, const char *server, char ret[HWS_NAT_KEY]);
/* UNKNOWN_NAT: nothing is known, or it is older than `age_s`. */
Rdv__NatType hws_nat_memory_get(
		const struct hws_nat_memory *m, const char *key, uint64_t now_s, uint64_t age_s);
/* The oldest gives way. */
void hws_nat_memory_put(
		struct hws_nat_memory *m, const char *key, Rdv__NatType type, uint64_t now_s);
/* A line "KEY TYPE SECONDS" for each; what makes no sense is left out. */
void hws_nat_memory_parse(struct hws_nat_memory *m, struct hws_bytes text);
void hws_nat_memory_format(const struct hws_nat_memory *m, struct hws_buf *out);
