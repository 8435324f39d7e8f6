/* net/pump: two streams joined, byte for byte, for tunnels to deployed peers: towards those a
 * session is raw after its login. What one has not taken waits, at most a little of it, and then
 * nothing more is read from the other. When one ends, what it sent is written out and the other way
 * goes on for a while, as long as there are bytes: a deployed peer that has closed is gone, and
 * does not say so. Loop thread only. */
#pragma once
#include "shared/base/buf.h"
#include "shared/loop/loop.h"
#include "shared/net/stream.h"

struct hws_pump;

/* Of deployed hosts: not a byte either way; one side takes nothing. */
#define HWS_PUMP_IDLE_US (3600ull * 1000000)
#define HWS_PUMP_STALL_US (120ull * 1000000)
/* After the end of one side, without a byte. */
#define HWS_PUMP_HALF_US (10ull * 1000000)

struct hws_pump_conf {
	struct hws_loop *loop;
	uint64_t idle_us, stall_us, half_us; /* 0 = for ever */
	size_t held_max;                     /* of each way, about; 0 = 256 KiB */
	/* Exactly once, unless by the own hws_pump_close: both streams are closed. HWS_OK: both
	 * ended; HWS_ERR_TIMEOUT: a limit. The pump is freed at the end of the turn. */
	void (*on_end)(struct hws_pump *p, int why, void *arg);
	void *arg;
};

/* Takes both streams, also on failure. `first`: bytes that were read from `a` before. */
int hws_pump_new(const struct hws_pump_conf *conf, struct hws_stream *a, struct hws_stream *b,
		struct hws_bytes first, struct hws_pump **ret) HWS_MUST_CHECK;
/* Bytes from a to b, and from b to a, that have been taken. */
uint64_t hws_pump_forth(const struct hws_pump *p);
uint64_t hws_pump_back(const struct hws_pump *p);
/* At once, what waits is lost. Takes NULL. */
void hws_pump_close(struct hws_pump *p);
