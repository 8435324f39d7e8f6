/* net/kcp_pipe: both halves of a connection behind its handshake, as bytes: what is written here is
 * read there, whole and in order. Without I/O and without a clock of its own: datagrams' payloads
 * and the time go in, payloads and the time of the next call come out. */
#pragma once
#include "shared/net/kcp_receiver.h"
#include "shared/net/kcp_sender.h"

struct hws_kcp_pipe_conf {
	uint32_t conv;
	uint32_t mtu; /* bytes of KCP in a datagram; 0 = HWS_KCP_MTU */
	struct hws_kcp_sender_conf send;
	uint32_t receive_window; /* a power of two */
	uint64_t now_us;         /* where its clock begins */
};

struct hws_kcp_pipe {
	uint32_t conv, mtu;
	bool ranges; /* instead of one acknowledgement for each */
	uint64_t start_us;
	struct hws_kcp_sender send;
	struct hws_kcp_receiver recv;
	/* room was told of, and the peer has not used it yet */
	unsigned tell_again;
	uint64_t tell_at;
	uint64_t refused; /* datagrams that were not right */
};

int hws_kcp_pipe_init(struct hws_kcp_pipe *p, const struct hws_kcp_pipe_conf *conf) HWS_MUST_CHECK;
void hws_kcp_pipe_done(struct hws_kcp_pipe *p);
/* For segments that are cut from now on. */
void hws_kcp_pipe_set_mtu(struct hws_kcp_pipe *p, uint32_t mtu);

/* All of it or HWS_ERR_NOMEM; the owner keeps what is unsent short (send.unsent_bytes). */
int hws_kcp_pipe_write(struct hws_kcp_pipe *p, struct hws_bytes data) HWS_MUST_CHECK;
/* Bytes, 0 = none there. */
size_t hws_kcp_pipe_read(struct hws_kcp_pipe *p, void *buf, size_t len);
/* HWS_OK also for what is old; errors are those of hws_kcp_segment_get and HWS_ERR_RANGE, segments
 * before the wrong one count; HWS_ERR_NOMEM. */
int hws_kcp_pipe_input(struct hws_kcp_pipe *p, struct hws_bytes payload, uint64_t now_us);
/* The payload of the next datagram that is to leave now, into `buf` of at least mtu bytes; 0 =
 * none. Ask again until there is none. */
size_t hws_kcp_pipe_output(struct hws_kcp_pipe *p, uint64_t now_us, uint8_t *buf, size_t size);
/* When to ask, unless something is written or comes in before; UINT64_MAX = not at all. */
uint64_t hws_kcp_pipe_due(const struct hws_kcp_pipe *p, uint64_t now_us);
/* All that was written has arrived. */
bool hws_kcp_pipe_drained(const struct hws_kcp_pipe *p);
