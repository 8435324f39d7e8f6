/* tests: two pipes and the line between them, in a time of its own: delay, rate with a queue,
 * losses, reordering, duplicates, all by a seed. Seconds of line take milliseconds. */
#pragma once
#include "shared/net/kcp_pipe.h"

struct kcp_line_conf {
	uint64_t seed;
	uint64_t delay_us;        /* one way */
	uint64_t jitter_us;       /* up to so much more, each on its own: reorders */
	unsigned loss, duplicate; /* of 1000 */
	uint64_t rate;            /* bytes a second, 0 = any */
	uint64_t queue;           /* bytes before the line that has a rate */
	bool damage;              /* one datagram in a hundred has a bit turned in its KCP */
	bool rival;       /* a flow of TCP goes the same way as what near sends (CUBIC, simply) */
	uint64_t tick_us; /* the far end speaks only so often, as deployed ones; 0 = at once */
};

struct kcp_line;
struct kcp_line *kcp_line_new(const struct kcp_line_conf *conf,
		const struct hws_kcp_pipe_conf *near, const struct hws_kcp_pipe_conf *far,
		bool ranges);
void kcp_line_free(struct kcp_line *l);
/* From now on it is such a line; what is under way arrives as before. */
void kcp_line_change(struct kcp_line *l, const struct kcp_line_conf *conf);
struct hws_kcp_pipe *kcp_line_near(struct kcp_line *l);
struct hws_kcp_pipe *kcp_line_far(struct kcp_line *l);
/* Bytes of the rival that arrived. */
uint64_t kcp_line_rival(const struct kcp_line *l);
uint64_t kcp_line_now(const struct kcp_line *l);
/* To the next thing that happens; at most to `until`. */
void kcp_line_step(struct kcp_line *l, uint64_t until_us);
/* Near sends `total` bytes (byte i = i * 7 + i / 251) keeping at most `ahead` unsent, far reads
 * them and checks each; called again it goes on. Microseconds it took; 0 = not within `limit_us`.
 * */
uint64_t kcp_line_transfer(struct kcp_line *l, uint64_t total, uint64_t ahead, uint64_t limit_us);
