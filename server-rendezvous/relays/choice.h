/* rendezvous/relays/choice: which relay is proposed. A list with weights; relays that do not answer
 * or are drained are left out while another one serves. Any thread picks; the control loop checks
 * and changes. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"
#include <jansson.h>
#include <stdbool.h>
#include <sys/socket.h>

struct rdv_relays;
enum rdv_relay_choice { RDV_RELAYS_NEAREST, RDV_RELAYS_WEIGHTS };
enum rdv_relay_check { RDV_CHECK_PAIR, RDV_CHECK_CONNECT };

/* Connects to every relay each 10 s (3 s while it is down); with RDV_CHECK_PAIR each sixth time,
 * and when it comes back, it must relay a few bytes, too. */
int rdv_relays_new(struct hws_loop *loop, struct hws_work *work,
		struct rdv_relays **ret) HWS_MUST_CHECK;
void rdv_relays_free(struct rdv_relays *r);
/* Before the first list: the key that callers show, and who is told of the pairs made for checking
 * (may be NULL). */
void rdv_relays_checker(struct rdv_relays *r, const char *key,
		void (*announce)(const char *uuid, void *arg), void *arg);
struct rdv_relays_conf {
	const char *list;     /* "HOST[:PORT][*WEIGHT], ..." */
	const char *networks; /* "NET=HOST[:PORT], ..." of relays in the list */
	enum rdv_relay_choice choice;
	enum rdv_relay_check check;
};
/* Replaces all of it only if all of it is right. State of relays that stay is kept. */
int rdv_relays_configure(struct rdv_relays *r, const struct rdv_relays_conf *conf,
		struct hws_error *err) HWS_MUST_CHECK;
/* For a session between these two (family AF_UNSPEC: not known). "" when there is none; at most
 * size - 1 bytes. */
void rdv_relays_pick(struct rdv_relays *r, const struct sockaddr_storage *viewer,
		const struct sockaddr_storage *host, char *buf, size_t size);
/* A relay says how far a network is. Unknown names are ignored. */
void rdv_relays_distance(struct rdv_relays *r, const char *relay,
		const struct sockaddr_storage *network, uint32_t rtt_ms);
/* Takes a relay out of new sessions, or in again. HWS_ERR_NOTFOUND. */
int rdv_relays_drain(struct rdv_relays *r, const char *host, bool drain) HWS_MUST_CHECK;
/* The relay itself says that it takes no new pairs, or does again. HWS_ERR_NOTFOUND. */
int rdv_relays_leaving(struct rdv_relays *r, const char *host, bool leaving) HWS_MUST_CHECK;
json_t *rdv_relays_json(struct rdv_relays *r);
/* Numbers for the metrics page. */
void rdv_relays_count(struct rdv_relays *r, unsigned *ret_all, unsigned *ret_up);
