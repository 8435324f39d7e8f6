/* net/udp_bulk: datagrams to and from one peer, many in a system call: a run of equal ones leaves
 * as one message (UDP_SEGMENT) and comes in as one (UDP_GRO) where the kernel can, else each is its
 * own. What is to leave is written where the kernel takes it from. One thread. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <sys/socket.h>

#define HWS_UDP_BULK_MTU 1500 /* of one that leaves */

struct hws_udp_bulk;
int hws_udp_bulk_new(struct hws_udp_bulk **ret) HWS_MUST_CHECK;
void hws_udp_bulk_free(struct hws_udp_bulk *b);
/* For each socket, before it is used: asks the kernel what it can. */
void hws_udp_bulk_prepare(struct hws_udp_bulk *b, int fd);
/* Not even where the kernel can: for tests. */
void hws_udp_bulk_singly(struct hws_udp_bulk *b);

/* Takes what waits, up to some messages. True: there may be more. Datagrams that were taken before
 * and not asked for are gone. */
bool hws_udp_bulk_recv(struct hws_udp_bulk *b, int fd);
/* The next of them; false: no more. Borrowed until hws_udp_bulk_recv. The address is as it was
 * received. */
bool hws_udp_bulk_next(struct hws_udp_bulk *b, struct hws_bytes *ret,
		const struct sockaddr_storage **ret_from);

/* HWS_UDP_BULK_MTU bytes for the next datagram; sends what waits when there is no room. `to`: NULL
 * on a connected socket; all between two calls of flush go to one. */
uint8_t *hws_udp_bulk_room(struct hws_udp_bulk *b, int fd, const struct sockaddr_storage *to);
/* So many bytes of that are one. */
void hws_udp_bulk_add(struct hws_udp_bulk *b, size_t len);
/* Sends what waits. What the kernel does not take is lost, as on the way. */
void hws_udp_bulk_flush(struct hws_udp_bulk *b, int fd, const struct sockaddr_storage *to);
