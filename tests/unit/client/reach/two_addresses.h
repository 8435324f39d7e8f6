/* In place of net/dialer: the server's name has two addresses, TCP leads nowhere. And the server:
 * sockets at both. */
#pragma once
#include "shared/wire/envelope.h"
#include <sys/socket.h>

extern struct sockaddr_storage addrs[2]; /* of id.example.org, port 21116 */
extern unsigned lookups, dials;
extern int sockets[2]; /* bound to them */

void open_sockets(void);
void close_sockets(void);
/* What lies at one of them: its length in `buf`, 0 = nothing. The message is the caller's. */
size_t hear(unsigned which, uint8_t *buf, size_t size, struct sockaddr_storage *ret_from,
		Rdv__RendezvousMessage **ret);
void say(unsigned which, struct hws_bytes what, const struct sockaddr_storage *to);
/* Turns until `n` has become `want`. */
void until_count(const unsigned *n, unsigned want, void (*turn)(void));
