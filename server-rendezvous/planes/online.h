/* rendezvous/planes/online: which of these ids are there. On the TCP plane's thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "shared/base/bytes.h"
#include <stdbool.h>

struct rdv_client;

/* True when the answer was sent; false when it comes later. */
bool rdv_online_request(struct rdv_client *cl, const Rdv__OnlineRequest *m);
/* Sends the answer. */
void rdv_online_answer(struct rdv_client *cl, struct hws_bytes states);
