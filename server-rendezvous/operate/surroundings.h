/* rendezvous/operate/surroundings: what is wrong around this server and looks like its own failure:
 * a clock that is off, devices whose addresses something hides, a take-over that was forgotten.
 * Each is a finding of the doctor and, once an hour at most, a line in the log. Control loop. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include <jansson.h>

struct rdv_core;
struct rdv_surroundings;

/* Reads what can be read before privileges are given up. */
int rdv_surroundings_new(struct rdv_core *core, struct hws_loop *loop, const char *state_dir,
		struct rdv_surroundings **ret) HWS_MUST_CHECK;
void rdv_surroundings_free(struct rdv_surroundings *s);
/* Looks now, and then every ten seconds. */
void rdv_surroundings_start(struct rdv_surroundings *s);
/* The findings as they are now, into `checks` (NULL: none are wanted); logs what is due. */
void rdv_surroundings_look(struct rdv_surroundings *s, json_t *checks);
/* For tests: the clocks as if they showed this, in microseconds. */
void rdv_surroundings_time(struct rdv_surroundings *s, uint64_t wall_us, uint64_t running_us);
