/* clipboard/echo: whether what was copied is only the echo of something that the other side has
 * already. What a remote desktop program sets carries a mark and is not sent on; but programs that
 * keep a history of the clipboard take it over at once, without the mark and often in one format
 * alone. So the same content a moment later is no copy of a person's. Later it is: the other side
 * may hold something else by then. Pure. */
#pragma once
#include "client/platform/clip_content.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_CLIP_ECHO_US 2000000ull

struct hws_clip_echo {
	struct {
		uint8_t hash[16];
		size_t len; /* 0 = it had no such format */
	} part[HWS_CLIP_FORMATS];
	bool known; /* false: nothing came */
	uint64_t since_us;
};

/* The other side has this now: it was set here for it, or told to it. */
void hws_clip_echo_set(struct hws_clip_echo *e, const struct hws_clip_content *c, uint64_t now_us);
/* Asked for all that is copied: anything else ends it, since then the first has been replaced.
 * What counts is the first format that it has: a history keeps one, or makes others of it. */
bool hws_clip_echo_is(struct hws_clip_echo *e, const struct hws_clip_content *c, uint64_t now_us);
