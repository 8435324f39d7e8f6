/* media/echo: takes out of what a microphone heard what loudspeakers said, by libspeexdsp: it
 * learns how the one becomes the other. One channel, 16 bits. One thread for each. */
#pragma once
#include "shared/base/err.h"
#include "shared/base/macros.h"
#include <stdint.h>

struct hws_echo;

/* `frames`: of each call, 10 or 20 ms; `tail`: how many frames an echo may come later than its
 * sound. HWS_ERR_NOMEM. */
int hws_echo_new(uint32_t rate, unsigned frames, unsigned tail,
		struct hws_echo **ret) HWS_MUST_CHECK;
void hws_echo_free(struct hws_echo *e); /* takes NULL */
/* `said`: by the loudspeakers, at the same time or a little ahead. May not be `out`. */
void hws_echo_cancel(struct hws_echo *e, const int16_t *heard, const int16_t *said, int16_t *out);
/* The way between them is another now: learns anew. */
void hws_echo_forget(struct hws_echo *e);
