/* terminal/modes: what a program has switched at its terminal and no screen tells: found by looking
 * at the escape sequences that go by, which is quick where there are none. Pure. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_MODES_SEQUENCE_MAX 32u

struct hws_modes {
	uint32_t on;          /* by place in the table of modes.c */
	bool keypad;          /* ESC = */
	uint32_t top, bottom; /* of the part that scrolls; 0: all of it */
	/* the sequence that has begun */
	uint8_t text[HWS_MODES_SEQUENCE_MAX];
	uint32_t len;
	uint8_t kind; /* where in a sequence we are: see modes.c */
};

void hws_modes_init(struct hws_modes *m);
/* Takes what the program said. `rest` (may be NULL) gets its sequences without its text: whoever
 * cannot look at all of it misses no switch. */
void hws_modes_feed(struct hws_modes *m, struct hws_bytes said, struct hws_buf *rest);
/* What switches a fresh terminal so. */
void hws_modes_tell(const struct hws_modes *m, struct hws_buf *out);
