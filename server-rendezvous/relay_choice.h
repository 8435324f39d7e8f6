/* rendezvous/relay_choice: which relay is proposed. A list with weights; relays that do not answer or are drained
 * are left out while another one serves. Any thread picks; the control loop checks and changes. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"
#include <jansson.h>
#include <stdbool.h>
#include <sys/socket.h>

struct rdv_relays;
/* Checks every relay by a TCP connect each 10 s (3 s while it is down). */
int rdv_relays_new(struct hws_loop *loop, struct hws_work *work,
		struct rdv_relays **ret) HWS_MUST_CHECK;
void rdv_relays_free(struct rdv_relays *r);
/* "HOST[:PORT][*WEIGHT], ..."; replaces the list only if all of it is right. State of relays that stay is kept. */
int rdv_relays_configure(
		struct rdv_relays *r, const char *list, struct hws_error *err) HWS_MUST_CHECK;
/* "" when there is none; at most size - 1 bytes. */
void rdv_relays_pick(struct rdv_relays *r, char *buf, size_t size);
/* Takes a relay out of new sessions, or in again. HWS_ERR_NOTFOUND. */
int rdv_relays_drain(struct rdv_relays *r, const char *host, bool drain) HWS_MUST_CHECK;
/* The relay itself says that it takes no new pairs, or does again. HWS_ERR_NOTFOUND. */
int rdv_relays_leaving(struct rdv_relays *r, const char *host, bool leaving) HWS_MUST_CHECK;
json_t *rdv_relays_json(struct rdv_relays *r);
/* Numbers for the metrics page. */
void rdv_relays_count(struct rdv_relays *r, unsigned *ret_all, unsigned *ret_up);
