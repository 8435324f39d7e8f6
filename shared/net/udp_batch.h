/* net/udp_batch: recvmmsg / sendmmsg with fixed buffers; no allocation per packet. One thread. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/net/udp_local.h"
#include <sys/socket.h>

#define HWS_UDP_BATCH 32
#define HWS_UDP_MTU 1500

struct hws_udp_batch;
int hws_udp_batch_new(struct hws_udp_batch **ret) HWS_MUST_CHECK;
void hws_udp_batch_free(struct hws_udp_batch *b);
/* Where `fd` is bound to all addresses: learns from now on which one each datagram came to. */
void hws_udp_batch_ask_local(struct hws_udp_batch *b, int fd);
/* Receives up to HWS_UDP_BATCH datagrams; number, or HWS_ERR_AGAIN / other. Errors of single
 * destinations are swallowed. */
int hws_udp_batch_recv(struct hws_udp_batch *b, int fd) HWS_MUST_CHECK;
/* i-th received datagram; the address is as received (mapped addresses not normalised: answer to it
 * as it is). */
struct hws_bytes hws_udp_batch_get(
		struct hws_udp_batch *b, int i, struct sockaddr_storage *ret_from);
/* Our address that it came to; not known without hws_udp_batch_ask_local. */
void hws_udp_batch_local(struct hws_udp_batch *b, int i, struct hws_udp_local *ret);
/* Queues an answer (copied, at most HWS_UDP_MTU), which comes from that address of ours, or as the
 * route says (NULL); flushes by itself when full. */
int hws_udp_batch_put(struct hws_udp_batch *b, int fd, const struct sockaddr_storage *to,
		struct hws_bytes data, const struct hws_udp_local *from) HWS_MUST_CHECK;
/* Sends what is queued; per-destination errors are counted, not returned. Returns packets
 * dropped. */
unsigned hws_udp_batch_flush(struct hws_udp_batch *b, int fd);
