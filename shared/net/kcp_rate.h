/* net/kcp_rate: how fast and how much at a time: a model of the path (what it carries, how long an
 * empty one takes), after BBR, instead of a window that shrinks with each loss. Pure: told of what
 * was sent and of what arrived, it gives a rate and a window. docs/protocol-kcp.md says how it
 * shares with TCP. */
#pragma once
#include "shared/net/kcp_share.h"
#include <stdbool.h>
#include <stdint.h>

enum hws_kcp_phase { HWS_KCP_STARTUP, HWS_KCP_DRAIN, HWS_KCP_PROBE_RATE, HWS_KCP_PROBE_RTT };

/* Remembered with each segment that is sent. */
struct hws_kcp_stamp {
	uint64_t delivered, delivered_us, first_sent_us, sent_us;
	bool app_limited;
};

/* Highest of a sliding window, as three candidates. */
struct hws_kcp_peak {
	struct {
		uint64_t at, value;
	} best[3];
};

struct hws_kcp_rate {
	enum hws_kcp_phase phase;
	uint32_t segment; /* bytes of a full one */
	uint64_t delivered, delivered_us, first_sent_us;
	uint64_t app_limited; /* until so much is delivered; 0 = not */
	uint64_t round, round_end;
	bool round_start;
	struct hws_kcp_peak peak; /* bytes per second, over rounds */
	uint64_t full_rate;
	unsigned full_rounds;
	bool filled; /* the path's rate was found */
	uint64_t min_rtt_us, min_rtt_at;
	uint64_t probe_rtt_until;
	bool idle_restart;
	unsigned cycle;
	uint64_t cycle_at;
	unsigned gain;                          /* of the pacing, in percent */
	uint64_t lost, lost_total;              /* bytes, of this round and ever */
	uint64_t round_delivered;               /* at its begin */
	uint64_t lost_waited, lost_long;        /* of these, beside what waited, or waited long */
	uint64_t round_rtt_us, round_in_flight; /* shortest, most of this round */
	uint64_t last_rtt_us;                   /* shortest of the last round */
	struct hws_kcp_share share;
	uint64_t next_us; /* when the next may go */
	uint64_t surplus; /* bytes more than expected that came with one word of the peer */
	uint64_t surplus_at, surplus_from;
	uint64_t surplus_peak[2], surplus_round;
	bool timed_out;
	bool prompt; /* the peer speaks as soon as something arrives */
};

void hws_kcp_rate_init(struct hws_kcp_rate *r, uint32_t segment);
/* `in_flight`: bytes before this one. */
void hws_kcp_rate_sent(struct hws_kcp_rate *r, uint32_t bytes, uint64_t in_flight, uint64_t now_us,
		struct hws_kcp_stamp *ret);
struct hws_kcp_arrival {
	struct hws_kcp_stamp stamp; /* of the segment sent last among those that arrived */
	uint64_t bytes;             /* that arrived with this word of the peer; > 0 */
	uint64_t rtt_us;            /* 0 = not measured */
	uint64_t in_flight;         /* bytes that are still under way */
};
void hws_kcp_rate_arrived(struct hws_kcp_rate *r, const struct hws_kcp_arrival *a, uint64_t now_us);
/* `rtt_us`: what one took that was sent after it, and arrived. */
void hws_kcp_rate_lost(struct hws_kcp_rate *r, uint64_t bytes, uint64_t rtt_us);
/* Nothing was heard for a retransmission timeout. */
void hws_kcp_rate_timed_out(struct hws_kcp_rate *r);
/* There is nothing more to send, though there might. */
void hws_kcp_rate_idle(struct hws_kcp_rate *r, uint64_t in_flight);

/* Bytes that may be under way. */
uint64_t hws_kcp_rate_window(const struct hws_kcp_rate *r);
/* Bytes per second that the path was found to carry, 0 = unknown. */
uint64_t hws_kcp_rate_found(const struct hws_kcp_rate *r);
/* A segment may leave now; if not, at hws_kcp_rate.next_us. */
bool hws_kcp_rate_may_send(const struct hws_kcp_rate *r, uint64_t now_us);
