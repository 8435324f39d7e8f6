/* A direct way by TCP, from the port that the server saw, where that matters. */
#include "client/reach/reach_parts.h"
#include "shared/net/addr.h"

#define RETRY_US 100000

static void dial(void *arg);

static void on_dialed(int res, struct hws_stream *s, void *arg)
{
	struct hws_reach_direct *d = arg;
	struct hws_reach *r = d->way.reach;

	d->dial = NULL;
	if (res == HWS_OK) {
		hws_reach_way_listen(&d->way, s);
		return;
	}
	/* Deployed hosts begin to listen after they answered: a refusal may be too early, not
	 * final. */
	if (res == HWS_ERR_REFUSED && hws_loop_now_us(r->loop) + RETRY_US < d->end_us) {
		hws_timer_start(r->loop, &d->way.wait, RETRY_US, dial, d);
		return;
	}
	hws_reach_way_failed(&d->way, res);
}

static void dial(void *arg)
{
	struct hws_reach_direct *d = arg;
	struct hws_reach *r = d->way.reach;
	char ip[HWS_ADDR_TEXT];
	bool is_punched = d->way.path != HWS_PATH_MAPPED && r->local.ss_family == d->peer.ss_family;
	const struct hws_dial_conf conf = { .host = hws_addr_ip_text(&d->peer, ip, sizeof(ip)),
		.port = hws_addr_port(&d->peer),
		.timeout_us = d->end_us - hws_loop_now_us(r->loop),
		.bind_to = is_punched ? &r->local : NULL };
	int res = hws_dial(r->loop, r->work, &conf, on_dialed, d, &d->dial);

	if (res < 0)
		hws_reach_way_failed(&d->way, res);
}

static void on_heard(struct hws_reach_way *w, int r)
{
	if (r == HWS_OK)
		hws_reach_way_ready(w);
	else
		hws_reach_way_failed(w, r);
}

void hws_reach_direct_start(struct hws_reach *r, enum hws_path path,
		const struct sockaddr_storage *peer, uint64_t limit_us)
{
	struct hws_reach_direct *d;

	if (r->direct_count >= HWS_REACH_DIRECT_MAX)
		return;
	d = &r->direct[r->direct_count++];
	d->peer = *peer;
	d->end_us = hws_loop_now_us(r->loop) + limit_us;
	hws_reach_way_begin(r, &d->way, path);
	d->way.number = hws_verdict_try_addr(&r->verdict, path, peer, hws_loop_now_us(r->loop));
	d->way.heard = on_heard;
	dial(d);
}

void hws_reach_direct_stop(struct hws_reach_direct *d, int why)
{
	hws_dial_cancel(d->dial);
	d->dial = NULL;
	hws_reach_way_drop(&d->way, why);
}
