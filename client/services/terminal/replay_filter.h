/* terminal/replay_filter: what a host shows again (screen and scrollback of a shell that ran on)
 * without what asks the terminal something. A question that was answered long ago would be answered
 * once more, and the answer typed into the shell. Questions may be split over any number of calls.
 * Pure. */
#pragma once
#include "shared/base/buf.h"
#include <stdbool.h>

#define HWS_REPLAY_SEQUENCE_MAX 1024u

struct hws_replay_filter {
	unsigned state;     /* of replay_filter.c; 0: between sequences */
	unsigned utf8_left; /* bytes that a character still has */
	bool c2;            /* one was held back: it may begin a control character */
	bool escape;        /* within a string: its end may begin here */
	size_t len;
	uint8_t sequence[HWS_REPLAY_SEQUENCE_MAX]; /* that is not decided yet */
};

/* A zeroed one is ready. Appends to `out` what may be shown. */
void hws_replay_filter_run(struct hws_replay_filter *f, struct hws_bytes in, struct hws_buf *out);
/* The replay is over: gives out what was held back, which what follows goes on with. */
void hws_replay_filter_end(struct hws_replay_filter *f, struct hws_buf *out);
