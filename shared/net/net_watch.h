/* net/net_watch: tells that this machine's way to others may be another one now: its addresses or
 * its default route changed, a cable was pulled, or it has slept. One loop thread. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/loop.h"

struct hws_net_watch;

enum hws_net_change {
	HWS_NET_MOVED, /* addresses, routes, cables */
	HWS_NET_WOKE   /* from a sleep of more than two seconds */
};

/* What belongs together is told once, some 50 ms after it began; what follows half a second later.
 * A false alarm is possible, so answer by something that does no harm. May free the watch. */
typedef void (*hws_net_watch_cb)(enum hws_net_change change, void *arg);
int hws_net_watch_new(struct hws_loop *loop, hws_net_watch_cb on_change, void *arg,
		struct hws_net_watch **ret) HWS_MUST_CHECK;
void hws_net_watch_free(struct hws_net_watch *w); /* takes NULL */
