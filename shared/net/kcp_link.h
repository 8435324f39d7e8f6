/* net/kcp_link: one connection over datagrams, whole: handshake, keep-alive, what the two ends
 * agree on, closing. Without a socket and without a clock: datagrams and the time go in, datagrams
 * and the time of the next call come out. net/kcp puts it on a socket. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/net/kcp_header.h"
#include "shared/net/kcp_info.h"
#include <stdbool.h>
#include <sys/types.h>

struct hws_kcp_link;

struct hws_kcp_link_conf {
	bool accept; /* the host */
	bool plain, no_punch;
	bool ipv6;           /* how large a datagram may become */
	uint64_t connect_us; /* 0 = 18 s */
	uint64_t now_us;
};

int hws_kcp_link_new(
		const struct hws_kcp_link_conf *conf, struct hws_kcp_link **ret) HWS_MUST_CHECK;
void hws_kcp_link_free(struct hws_kcp_link *l);

/* `elsewhere`: it did not come from the peer's address. True: the peer is there from now on. */
bool hws_kcp_link_input(
		struct hws_kcp_link *l, struct hws_bytes datagram, bool elsewhere, uint64_t now_us);
struct hws_kcp_datagram {
	uint8_t *data; /* the caller's, HWS_KCP_DATAGRAM_MAX bytes */
	size_t len;    /* 0: an empty one */
	bool in_one;   /* must not be cut on the way: it measures */
};
/* The next one that is to leave now; ask again until there is none. */
bool hws_kcp_link_output(struct hws_kcp_link *l, uint64_t now_us, struct hws_kcp_datagram *ret);
/* When to ask, unless something comes in, is written or read before. */
uint64_t hws_kcp_link_due(const struct hws_kcp_link *l, uint64_t now_us);

/* As hws_stream_read and hws_stream_write. */
ssize_t hws_kcp_link_read(struct hws_kcp_link *l, void *buf, size_t len) HWS_MUST_CHECK;
ssize_t hws_kcp_link_write(struct hws_kcp_link *l, struct hws_bytes data) HWS_MUST_CHECK;
/* HWS_STREAM_* that would not say HWS_ERR_AGAIN. */
unsigned hws_kcp_link_ready(const struct hws_kcp_link *l);
void hws_kcp_link_keep_shallow(struct hws_kcp_link *l, size_t unsent);

/* No more is read or written; what was written still goes. */
void hws_kcp_link_close(struct hws_kcp_link *l, uint64_t now_us);
/* Nothing is left to be done. */
bool hws_kcp_link_gone(const struct hws_kcp_link *l);

int hws_kcp_link_authenticate(
		struct hws_kcp_link *l, const uint8_t key[HWS_KCP_KEY_LEN]) HWS_MUST_CHECK;
/* The own address changed: tells the peer, and measures the path anew. */
int hws_kcp_link_moved(struct hws_kcp_link *l, uint64_t now_us) HWS_MUST_CHECK;
bool hws_kcp_link_heard(const struct hws_kcp_link *l);
void hws_kcp_link_info(const struct hws_kcp_link *l, struct hws_kcp_info *ret);
