/* sound/jitter: packets of sound as they come, given out as they are to be heard: at the pace of a
 * clock, late enough that the next one is there, and no later. How late follows what the line does.
 * Deployed hosts number nothing; ours count their packets, so that one that is missing is known to
 * be. Pure: no clock, no loop. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_JITTER_SLOTS 512u             /* packets that it may hold */
#define HWS_JITTER_BYTES_MAX (256u << 10) /* of all together */
#define HWS_JITTER_TRANSITS 256u
/* What it may hold back. */
#define HWS_JITTER_MIN_US 20000u
#define HWS_JITTER_MAX_US 300000u
#define HWS_JITTER_HELD_US_MAX 3000000u

struct hws_jitter_slot {
	uint64_t number;
	uint8_t *data; /* NULL: empty */
	uint32_t len;
};

/* Counted since it was made. */
struct hws_jitter_figures {
	uint64_t packets;   /* given out */
	uint64_t concealed; /* heard as something like what was before */
	uint64_t late;      /* came when they were over, or twice */
	uint64_t skipped;   /* left out, because too much had come */
	uint64_t dropouts;  /* it had nothing to give, and nothing to make up */
};

struct hws_jitter {
	struct hws_jitter_slot slot[HWS_JITTER_SLOTS];
	size_t bytes;
	bool any;           /* `next` and `end` are something */
	uint64_t next, end; /* the next one to be heard; behind the last that came */
	uint32_t period_us; /* of a packet */
	bool playing;
	uint64_t first_us, last_us; /* arrival: of the first since it stopped, of the last */
	unsigned missing;           /* in a row */
	unsigned ahead;             /* made up before it was known whether they would come */
	unsigned much;              /* pulls in a row with too much */

	int64_t transit[HWS_JITTER_TRANSITS]; /* arrival against the sender's count, in us */
	unsigned transits, transit_at;
	uint32_t raised_us; /* after running dry */
	uint32_t target_us;
	struct hws_jitter_figures figures;
};

enum hws_jitter_gives {
	HWS_JITTER_NOTHING, /* not now */
	HWS_JITTER_PACKET,
	HWS_JITTER_CONCEAL /* one is missing */
};

void hws_jitter_init(struct hws_jitter *j);
/* Forgets all packets, and what it knows of the line. Takes a zeroed one. */
void hws_jitter_done(struct hws_jitter *j);
/* `number`: of the sender's count, 0 = it does not count. HWS_ERR_PROTO: that is no packet of Opus;
 * HWS_ERR_FULL, HWS_ERR_NOMEM: it is left out. */
int hws_jitter_push(struct hws_jitter *j, uint64_t now_us, uint64_t number,
		struct hws_bytes packet) HWS_MUST_CHECK;
/* What is to be heard for the next period_us; to be asked once in each. *ret is freed by
 * hws_free. */
enum hws_jitter_gives hws_jitter_pull(
		struct hws_jitter *j, uint64_t now_us, uint8_t **ret, size_t *ret_len);
/* It waits for packets and has not begun: there is no need to ask. */
bool hws_jitter_idle(const struct hws_jitter *j);
/* How long a packet of Opus is heard, by its first bytes; 0: it is none. */
uint32_t hws_opus_packet_us(struct hws_bytes packet);
