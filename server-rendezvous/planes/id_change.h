/* rendezvous/planes/id_change: a device takes another id. On the TCP plane's thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"

struct rdv_client;

/* Answers, now or when the store has done it. */
void rdv_id_change(struct rdv_client *cl, const Rdv__RegisterPk *m);
