/* rendezvous/planes/reply: what devices answer. On the TCP plane's thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "server-rendezvous/cluster/hooks.h"

struct rdv_tcp;

void rdv_reply_sent(
		struct rdv_tcp *t, const struct rdv_replier *from, const Rdv__PunchHoleSent *in);
void rdv_reply_local(struct rdv_tcp *t, const struct rdv_replier *from, const Rdv__LocalAddr *in);
/* Changes `in`. */
void rdv_reply_relay(struct rdv_tcp *t, const struct rdv_replier *from, Rdv__RelayResponse *in);
