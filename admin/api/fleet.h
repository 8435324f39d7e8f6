/* api/fleet: the rendezvous server and the relays of this machine, asked by their control sockets:
 * one thread asks every few seconds what all of them do, and keeps it for whoever shows it; single
 * questions and orders go there at once. Any thread; calls block for some seconds at most. */
#pragma once
#include "admin/api/app.h"
#include "admin/api/series.h"

enum adi_other { ADI_RENDEZVOUS, ADI_RELAY };

/* By the settings of `app`; neither server needs to be there. */
int adi_fleet_new(
		struct adi_app *app, struct adi_fleet **ret, struct hws_error *err) HWS_MUST_CHECK;
void adi_fleet_free(struct adi_fleet *f); /* takes NULL */

/* One request; *ret: the answer, new. HWS_ERR_NOTFOUND: no such server is set, or what is asked for
 * is not there; HWS_ERR_EXISTS and others as it has answered; HWS_ERR_UNREACHABLE: it does not
 * answer. `err` has the sentence. Of relays the first. */
int adi_fleet_call(struct adi_fleet *f, enum adi_other which, const json_t *req, json_t **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* The same, an order: a failure is logged as a warning with its reason. Orders that must not be
 * lost go by admin/api/orders.h. HWS_OK if it is done, or if what it is about is not there;
 * HWS_ERR_UNREACHABLE also while there is no such server. Takes `req`. */
int adi_fleet_order(struct adi_fleet *f, enum adi_other which, json_t *req);
/* Whether there is such a server: by the settings, or by its socket where it has it if nothing is
 * set. */
bool adi_fleet_has(const struct adi_fleet *f, enum adi_other which);

#define ADI_RELAYS_MAX 16u
struct adi_relay_state {
	char control[DAT_NOTE_TEXT]; /* "" = known by the rendezvous server only */
	char address[DAT_NOTE_TEXT]; /* as the rendezvous server has it, "" = not told */
	bool alive, draining;
	uint64_t sessions, bytes_per_s;
	int64_t checked_at, alive_at; /* 0 = never */
	char problem[200];
};
/* Its address, else its control socket: one of them it has. */
const char *adi_relay_label(const struct adi_relay_state *y);
struct adi_fleet_state {
	int64_t at; /* 0 = nobody was asked yet */
	bool rendezvous_set, rendezvous_alive;
	uint64_t online;     /* at the rendezvous server */
	double direct_share; /* of the last minutes' connections, NAN = there were none */
	double failures_per_min;
	uint64_t relay_sessions, relay_bytes_per_s;
	size_t relays;
	struct adi_relay_state relay[ADI_RELAYS_MAX];
	bool unlinked; /* no ID server asked who may connect, when they were looked at */
	size_t problems;
	char problem[16][200];
};
void adi_fleet_state(struct adi_fleet *f, struct adi_fleet_state *ret);
/* That accounts and rules do not count, for who is to be told; NULL: they do, at this moment. */
const char *adi_fleet_unlinked(const struct adi_fleet *f, const struct adi_fleet_state *st);
/* Whether a relay of this machine has a pair with these two addresses (without ports). */
bool adi_fleet_relayed(struct adi_fleet *f, const char *ip_a, const char *ip_b);
struct adi_series *adi_fleet_series(struct adi_fleet *f);
