/* rendezvous/planes/registration: the rules by which a device gets and keeps its id, the same for
 * datagrams and client connections. Works on presence and journal; no I/O, no wait. Any thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "server-rendezvous/planes/origin.h"
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"

struct rdv_core;
struct rdv_seen;

enum rdv_answer {
	RDV_ANSWER_NONE,
	RDV_ANSWER_KNOWN,  /* RegisterPeerResponse{} */
	RDV_ANSWER_ASK_PK, /* RegisterPeerResponse{request_pk} */
	RDV_ANSWER_COOKIE, /* RegisterPeerResponse{request_pk} with a cookie: planes/proving */
	RDV_ANSWER_RESULT, /* RegisterPkResponse{result} */
	RDV_ANSWER_PROVEN, /* the same, with our proof: planes/proving */
	RDV_ANSWER_LATER   /* RegisterPkResponse comes when the store has it */
};

/* RegisterPeer. Hot path: one lock, no allocation. */
enum rdv_answer rdv_register_peer(
		struct rdv_core *core, const struct rdv_origin *from, struct hws_bytes id);
/* The marks of new devices that spoke once: `max` of them. */
int rdv_first_contacts_new(uint32_t max, struct rdv_seen **ret) HWS_MUST_CHECK;
/* RegisterPk with a key (not an id change). A device that is heard for the first time, by datagram,
 * is asked to say it again: that proves its address. */
enum rdv_answer rdv_register_pk(struct rdv_core *core, const struct rdv_origin *from,
		const Rdv__RegisterPk *m, Rdv__RegisterPkResponse__Result *ret_result);
/* The journal's word about a registration: undoes what another node owns already, and what came
 * without a proof for a device that the store knows to prove itself. `durable`: the store has it.
 * Returns what to tell the host. */
Rdv__RegisterPkResponse__Result rdv_registration_written(
		struct rdv_core *core, const struct rdv_write *w, int r, bool durable);
/* The store has renamed a device: so does the table. */
void rdv_registration_renamed(struct rdv_core *core, const char *old_id, const char *new_id);
/* An operator has removed it: it is forgotten here. False when it was not known. *ret_link: of its
 * host, to be closed; 0 = none. */
bool rdv_registration_removed(struct rdv_core *core, const char *id, uint64_t *ret_link);
/* A long-lived client connection has ended: its host is gone unless it spoke otherwise since. */
void rdv_registration_client_gone(
		struct rdv_core *core, struct hws_bytes id, uint64_t client, uint64_t now_us);
