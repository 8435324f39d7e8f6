/* rendezvous/planes/ingress: what may come between an accepted socket and a client: the PROXY
 * header of a trusted proxy, TLS, and the choice by path on the TLS port. Private to the TCP
 * plane. */
#pragma once
#include "server-rendezvous/planes/port.h"
#include <sys/socket.h>

struct rdv_tcp;

/* Takes the fd. Connections that need nothing of this are made at once. */
void rdv_ingress_open(struct rdv_tcp *t, enum rdv_port which, int fd,
		const struct sockaddr_storage *peer);
/* Closes those that are still there. */
void rdv_ingress_close(struct rdv_tcp *t);
