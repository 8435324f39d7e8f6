/* Between the keys that somebody types, and for a second after the last one, records go out
 * that say nothing, at random distances: whoever watches the line sees neither which of them
 * are keys nor when keys were pressed. Only with v2, where they cannot be told apart; and
 * nobody who does not type pays for it. The same records are a sign of life where none is due. */
#include "client/api/session_loop.h"
#include "shared/base/clock.h"
#include "shared/base/rand.h"

#define FILL_US HWS_US_PER_S
#define ASKED_US (2 * HWS_US_PER_S) /* a host asks for a sign each second */
#define STEPS 100u                  /* of one millisecond: the longest distance */
#define ODDS 10u                    /* of 256, in each step: 25 ms on average */

/* Exponential, as far as a millisecond lets: each step ends it with the same odds. */
static uint64_t distance_us(void)
{
	uint8_t dice[STEPS];
	uint64_t steps = 0;

	hws_rand_bytes(dice, sizeof(dice));
	while (steps < STEPS - 1 && dice[steps] >= ODDS)
		steps++;
	return steps * HWS_US_PER_MS + 1 + hws_rand_below(HWS_US_PER_MS);
}

static void on_filler(void *arg)
{
	struct api_session_loop *e = arg;

	if (!e->conn || hws_loop_now_us(e->ctx->loop) >= e->fill_until_us)
		return;
	hws_conn_send_filler(e->conn);
	hws_timer_start(e->ctx->loop, &e->filler, distance_us(), on_filler, e);
}

void api_filler_key(struct api_session_loop *e)
{
	if (!e->conn || hws_viewer_level(e->viewer) != HWS_LEVEL_V2 ||
			hws_viewer_state(e->viewer) != HWS_VIEWER_READY)
		return;
	e->fill_until_us = hws_loop_now_us(e->ctx->loop) + FILL_US;
	if (!hws_timer_active(&e->filler))
		hws_timer_start(e->ctx->loop, &e->filler, distance_us(), on_filler, e);
}

/* On a slow line the host's question for a sign waits behind a long message of its own: it has one
 * without that. */
void api_filler_tick(struct api_session_loop *e)
{
	if (e->conn && hws_viewer_state(e->viewer) == HWS_VIEWER_READY &&
			hws_loop_now_us(e->ctx->loop) >= e->rtt_us + ASKED_US)
		hws_conn_send_filler(e->conn);
}
