/* api/fleet_parts: what the files of api/fleet share. */
#pragma once
#include "admin/api/fleet.h"
#include "shared/daemon/control.h"

#define ADI_RENDEZVOUS_NAME "hawser-rendezvous"
#define ADI_RELAY_NAME "hawser-relay"
#define ADI_SAMPLES 64u

/* Counters of the rendezvous server at some moment. */
struct adi_sample {
	int64_t at;
	uint64_t answered, relayed, failed;
};

struct adi_fleet {
	struct adi_app *app;
	char rendezvous[DAT_NOTE_TEXT];
	char relay[ADI_RELAYS_MAX][DAT_NOTE_TEXT];
	size_t relays;
	bool rendezvous_guessed, relay_guessed; /* not set: taken when they are there */
	struct adi_series *series;

	pthread_t thread;
	pthread_cond_t wake;
	bool watching, stop;
	/* Of the thread alone. */
	struct adi_sample sample[ADI_SAMPLES];
	size_t samples;
	bool relay_listed; /* of this machine: a page without relays would hide it */
	int64_t listed_at; /* when it was last asked who is on line */

	pthread_mutex_t lock; /* of what follows, and of `stop` */
	struct adi_fleet_state state;
	json_t *pairs; /* of all relays */
};

int adi_fleet_ask(const char *path, const char *program, const json_t *req, json_t **ret,
		struct hws_error *err) HWS_MUST_CHECK;
int adi_fleet_watch(struct adi_fleet *f) HWS_MUST_CHECK;
void adi_fleet_unwatch(struct adi_fleet *f);
