/* net/udp_local: the address of this machine that a datagram was sent to, and sending from there.
 * On a machine of several addresses the system takes for an answer the one that its route out has.
 * Who asked another one, and the firewalls and NATs in between, take that answer for a stranger's.
 * Only sockets that are bound to all addresses need it. */
#pragma once
#include "shared/base/bytes.h"
#include <stdbool.h>
#include <sys/socket.h>

#define HWS_UDP_LOCAL_SPACE 64 /* of a control message with it; a multiple of its alignment */

struct hws_udp_local {
	uint8_t ip[16]; /* IPv4 as mapped; all 0: not known */
};

/* Has the system tell it with each datagram from now on. False: the socket has one address only,
 * or the system cannot. */
bool hws_udp_local_ask(int fd);
/* Of a datagram that was received with room for it. */
void hws_udp_local_read(struct msghdr *m, struct hws_udp_local *ret);
/* For a datagram to m->msg_name: writes into `space` (HWS_UDP_LOCAL_SPACE bytes, aligned as a
 * struct cmsghdr), which must last as long as m. Not known, or of another family: nothing. */
void hws_udp_local_put(struct msghdr *m, const struct hws_udp_local *from, void *space);
/* True: a send failed because of its source, and it is taken out of m: it can be tried again. An
 * address may go while somebody still speaks to it, and what was sent to many has none. */
bool hws_udp_local_drop(struct msghdr *m, int error);
/* One datagram, never waiting. False: the system did not take it. */
bool hws_udp_local_send(int fd, const struct sockaddr_storage *to, struct hws_bytes data,
		const struct hws_udp_local *from);
