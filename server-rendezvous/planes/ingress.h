/* rendezvous/planes/ingress: what may come between an accepted socket and a client connection: the
 * PROXY header of a trusted proxy, TLS, and the choice by path on the TLS port. Private to the TCP
 * plane. */
#pragma once
#include "server-rendezvous/planes/client.h"

/* Takes the fd. Links that need nothing of this are made at once. */
void rdv_ingress_open(struct rdv_tcp *t, enum rdv_port which, int fd,
		const struct sockaddr_storage *peer);
/* Closes those that are still at the door. */
void rdv_ingress_close(struct rdv_tcp *t);
