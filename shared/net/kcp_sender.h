/* net/kcp_sender: the sending half: what waits, what is under way, what was lost. Numbered segments
 * lie in a ring; those under way are also a list in the order of their last sending, so that a loss
 * is found by what was sent later and arrived. */
#pragma once
#include "shared/base/list.h"
#include "shared/net/kcp_header.h"
#include "shared/net/kcp_rate.h"
#include "shared/net/kcp_rtt.h"

struct hws_kcp_sender_conf {
	uint32_t window; /* a power of two: segments numbered and not yet known to have arrived */
	uint32_t rto_min;
	/* By the model of kcp_rate; otherwise as KCP without congestion control does, at once and
	 * with two later arrivals as the sign of a loss. */
	bool paced;
};

struct hws_kcp_out; /* a segment to be sent */

struct hws_kcp_sender {
	struct hws_kcp_sender_conf conf;
	struct hws_kcp_out **ring;
	uint32_t una, next, peer_window;
	uint32_t segment_max;   /* data bytes of a new one */
	struct hws_list unsent; /* not numbered yet */
	struct hws_list sent;   /* under way, by the order of sending */
	struct hws_list lost;   /* to be sent again, by number */
	uint64_t unsent_bytes, in_flight;
	uint32_t unsent_count;
	struct hws_kcp_rtt rtt;
	struct hws_kcp_rate rate;
	uint64_t sendings, resent;
	uint32_t backed_rto; /* ms; 0: nothing has timed out since the last arrival */
	uint64_t backed_at;
	/* the last sent of all that arrived */
	uint64_t newest_no, newest_sent_us, newest_rtt_us;
	unsigned patience; /* quarters of a round trip that later ones may overtake */
	uint64_t heard_us; /* anything arrived or was told */
	/* the peer has no room */
	uint64_t probe_at;
	uint32_t probe_wait; /* ms */
	bool ask;
	/* of the datagram that is being taken in */
	uint64_t now_us;
	struct hws_kcp_arrival arrival;
	uint64_t arrival_no;
};

int hws_kcp_sender_init(struct hws_kcp_sender *s, const struct hws_kcp_sender_conf *conf,
		uint32_t segment_max) HWS_MUST_CHECK;
void hws_kcp_sender_done(struct hws_kcp_sender *s);
/* Takes all of it, into the last segment first if that has room. HWS_ERR_NOMEM: took none. */
int hws_kcp_sender_write(struct hws_kcp_sender *s, struct hws_bytes data) HWS_MUST_CHECK;

/* For a datagram: begin, what its segments say, end. */
void hws_kcp_sender_begin(struct hws_kcp_sender *s, uint64_t now_us);
void hws_kcp_sender_window(struct hws_kcp_sender *s, uint32_t wnd, uint64_t now_us);
/* All below `una` have arrived; HWS_ERR_RANGE: never sent. */
int hws_kcp_sender_una(struct hws_kcp_sender *s, uint32_t una);
/* `sn` has, in the sending of `ts`. */
void hws_kcp_sender_ack(struct hws_kcp_sender *s, uint32_t sn, uint32_t ts, uint32_t now_ms,
		uint64_t now_us);
void hws_kcp_sender_range(struct hws_kcp_sender *s, uint32_t first, uint32_t last);
void hws_kcp_sender_end(struct hws_kcp_sender *s, uint64_t now_us);

/* Timeouts up to now. */
void hws_kcp_sender_tick(struct hws_kcp_sender *s, uint64_t now_us);
/* The next segment that may leave now and has at most `room` data bytes, which is marked as sent;
 * NULL: none. Its header but for conv, wnd and una. */
const uint8_t *hws_kcp_sender_next(struct hws_kcp_sender *s, size_t room, uint32_t now_ms,
		uint64_t now_us, struct hws_kcp_segment *ret);
/* When something will be due; UINT64_MAX = only when the peer speaks or more is written. */
uint64_t hws_kcp_sender_due(const struct hws_kcp_sender *s, uint64_t now_us);
bool hws_kcp_sender_empty(const struct hws_kcp_sender *s);
