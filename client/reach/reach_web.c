/* Where a network lets only the web through, the server is asked by a WebSocket: when its own port
 * refuses, or has not answered for a moment. Whichever link stands first is used; by the web hosts
 * are met at relays only, which are then reached in the same manner. */
#include "client/reach/reach_parts.h"

#define WAIT_US 2000000

static void start(void *arg)
{
	struct hws_reach *r = arg;
	struct hws_server_query_conf conf = { .server_addr = &r->web_addr,
		.timeout_us = HWS_REACH_CONNECT_US };

	hws_timer_stop(&r->web_wait);
	if (r->web_tried || r->opened || r->server_addr.ws || r->server_addr.proxy)
		return;
	r->web_tried = true;
	hws_server_addr_by_web(&r->server_addr, false, &r->web_addr);
	hws_reach_progress(r, "The server does not answer: trying by the web");
	hws_reach_ask_callbacks(r, &conf);
	if (hws_server_query_new(r->loop, r->work, &conf, &r->web) < 0)
		r->web = NULL;
}

void hws_reach_web_soon(struct hws_reach *r)
{
	if (!r->server_addr.ws && !r->server_addr.proxy)
		hws_timer_start(r->loop, &r->web_wait, WAIT_US, start, r);
}

bool hws_reach_web_instead(struct hws_reach *r)
{
	start(r);
	return r->web != NULL;
}

void hws_reach_web_adopt(struct hws_reach *r)
{
	hws_server_query_free(r->query);
	r->query = r->web;
	r->web = NULL;
	r->by_web = true;
	r->server_addr = r->web_addr;
	r->facts.through_web = r->facts.forced = true;
	hws_reach_udp_stop(r);
}

void hws_reach_web_stop(struct hws_reach *r)
{
	hws_timer_stop(&r->web_wait);
	hws_server_query_free(r->web);
	r->web = NULL;
}
