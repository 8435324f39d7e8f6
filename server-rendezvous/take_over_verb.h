/* rendezvous/take_over_verb: `take-over DIR`: the folder of hbbs becomes that of this server. */
#pragma once
#include "server-rendezvous/config/config.h"

/* Reads DIR, writes into the state folder and store of the settings, and says what was done. Exit
 * status: 0 all of it, 1 nothing, or some devices were not taken. */
int rdv_take_over_verb(const struct rdv_config *c, const char *dir);
