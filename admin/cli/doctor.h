/* admin/doctor: what a server says of itself, completed by what only another process sees: whether
 * its ports answer, and whether this machine's clock is right. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Tries the "ports" of an answer to the command doctor and adds to its "checks". Returns whether
 * nothing is bad. */
bool adm_doctor_complete(json_t *answer);
/* One line for each check, with what to do below those that are not good. */
void adm_doctor_print(FILE *out, const json_t *answer);
/* Tries the ports of a host by its name or address, as its users do, from where this program
 * runs. */
void adm_doctor_outside(json_t *checks, const char *host);
/* One relay, "HOST[:PORT]". */
void adm_doctor_relay(json_t *checks, const char *name, const char *address);
