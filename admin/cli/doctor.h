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
