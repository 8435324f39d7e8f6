/* daemon/findings: what a look at a program found, for people and scripts: a list of objects with
 * "what" was looked at, its "state", a "text", and what to "do" where there is something to do. Any
 * thread. */
#pragma once
#include "shared/base/macros.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define HWS_FOUND_GOOD "good"
#define HWS_FOUND_LOOK "look" /* works, but somebody should know */
#define HWS_FOUND_BAD "bad"

/* Adds to `list`; `remedy` may be "". Without memory the finding is missing. */
void hws_findings_add(json_t *list, const char *what, const char *state, const char *remedy,
		const char *fmt, ...) HWS_PRINTF(5, 6);
/* Nothing of it is bad. */
bool hws_findings_well(const json_t *list);
/* For people: a line for each, with what to do below those that are not good; where they name a
 * "server", below its name. */
void hws_findings_print(FILE *out, const json_t *list);
