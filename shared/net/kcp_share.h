/* net/kcp_share: how much may be under way while others want the same queue: what a flow of TCP
 * would have there (the curve of CUBIC, RFC 9438), instead of what the path carries. On from when a
 * queue stays, or overflows, until the path is empty again; then kcp_rate alone says how much.
 * Pure. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct hws_kcp_share {
	bool on;
	unsigned standing, empty; /* rounds in a row */
	uint64_t window;          /* bytes; while on */
	uint64_t before;          /* the last cut */
	uint64_t cut_us, rounds;  /* when that was, and how long ago */
	uint64_t low_us, high_us; /* of round trips since that was looked at */
};

/* A round trip's worth of arrivals. */
struct hws_kcp_round {
	uint64_t rtt_us;    /* the shortest in it; 0 = not measured */
	uint64_t in_flight; /* bytes, the most */
	uint32_t segment;   /* bytes of a full one */
	bool waited;        /* even the shortest had to wait in a queue */
	bool empty;         /* none had to */
	bool overflowed;    /* something was lost because a queue was full */
};

void hws_kcp_share_round(
		struct hws_kcp_share *s, const struct hws_kcp_round *round, uint64_t now_us);
/* Whether all round trips of the last while were alike, which a shared queue never lets them be: it
 * is the path that has become longer. Asked when the shortest one is old. */
bool hws_kcp_share_is_flat(struct hws_kcp_share *s);
