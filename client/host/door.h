/* host/door: who may come in when many want to: how fast gates are started, and who gives way when
 * all places are taken. A gate costs a process, so who is refused is refused before there is one.
 * Nobody who only knocks keeps out others: sources have equal shares, a silent connection gives
 * way to one that speaks, and who logged in lately has room of its own. Pure but for chance: time
 * in. */
#pragma once
#include "shared/base/bucket.h"
#include "shared/base/err.h"
#include "shared/daemon/admit.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Gates of strangers a second and at once, and those of sources that were not here lately. */
#define HWS_DOOR_RATE 20u
#define HWS_DOOR_BURST 100u
#define HWS_DOOR_FRESH_RATE 10u
#define HWS_DOOR_FRESH_BURST 30u
/* A viewer has spoken by then; and has found its password. */
#define HWS_DOOR_SILENT_US (3ull * 1000000)
#define HWS_DOOR_SPOKE_US (120ull * 1000000)

struct hws_door {
	struct hws_bucket strangers, fresh;
	struct hws_admit *seen; /* who was fresh lately */
};

/* One that is here, or wants to come in. */
struct hws_guest {
	const struct sockaddr_storage *from;
	bool told;  /* `from` is a server's word only: all such are one source */
	bool known; /* it logged in lately */
	bool open;  /* it is logged in */
	bool spoke; /* it asked to be let in, and may be looking for its password */
	uint64_t since_us;
};

int hws_door_open(struct hws_door *d, uint64_t now_us) HWS_MUST_CHECK;
void hws_door_close(struct hws_door *d);
/* Whether a gate may be started for it now. */
bool hws_door_knock(struct hws_door *d, const struct hws_guest *g, uint64_t now_us);
/* HWS_DOOR_ROOM: there is room for `g` beside the `count` others, of `max` places altogether;
 * HWS_DOOR_FULL: none; else the number of the one that gives way. */
#define HWS_DOOR_ROOM (-1)
#define HWS_DOOR_FULL (-2)
long hws_door_place(const struct hws_guest *others, size_t count, size_t max,
		const struct hws_guest *g, uint64_t now_us);
