/* clipboard/echo: whether a copied text is only the echo of one that the other side has already. A
 * text that a remote desktop program sets carries a mark and is not sent on; but programs that keep
 * a history of the clipboard take it over at once, without the mark. So the same text a moment
 * later is no copy of a person's. Later it is: the other side may hold something else by then.
 * Pure. */
#pragma once
#include "shared/base/bytes.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_CLIP_ECHO_US 2000000ull

struct hws_clip_echo {
	uint8_t hash[16];
	size_t len; /* 0 = nothing came */
	uint64_t since_us;
};

/* The other side has this text now: it was set here for it, or told to it. */
void hws_clip_echo_set(struct hws_clip_echo *e, struct hws_bytes text, uint64_t now_us);
/* Asked for each text that was copied: any other one ends it, since then the first has been
 * replaced. */
bool hws_clip_echo_is(struct hws_clip_echo *e, struct hws_bytes text, uint64_t now_us);
