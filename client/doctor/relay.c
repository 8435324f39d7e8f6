/* A pair with itself: two legs with one number, and a few bytes from one to the other. That a relay
 * takes connections says little, for it answers nothing by itself. */
#include "client/doctor/doctor_parts.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <stdio.h>

#define WORD "hawser doctor"
#define RELAY_OFFSET 1
#define LEG_US 150000 /* deployed relays lose one of two legs that come at once */

static void end(struct hws_doctor *d, int why)
{
	hws_doctor_end(d, &d->facts.relay, why);
	hws_doctor_relay_stop(d);
	hws_doctor_end(d, &d->facts.pair, why);
}

static void on_limit(void *arg)
{
	end(arg, HWS_ERR_TIMEOUT);
}

/* The word may come in parts, and what a relay says by itself is not it. */
static void on_heard(struct hws_stream *s, unsigned ready, void *arg)
{
	struct hws_doctor_leg *leg = arg;
	struct hws_doctor_pair *p = &leg->d->pair;
	ssize_t n = hws_stream_read(s, p->heard + p->heard_len, sizeof(p->heard) - p->heard_len);

	(void)ready;
	if (n == HWS_ERR_AGAIN)
		return;
	if (n <= 0) {
		end(leg->d, n < 0 ? (int)n : HWS_ERR_EOF);
		return;
	}
	p->heard_len += (size_t)n;
	if (memmem(p->heard, p->heard_len, WORD, sizeof(WORD) - 1))
		end(leg->d, HWS_OK);
	else if (p->heard_len == sizeof(p->heard))
		end(leg->d, HWS_ERR_PROTO);
}

static void join(struct hws_doctor_leg *leg);

static void join_second(void *arg)
{
	struct hws_doctor *d = arg;

	/* what is told is the relay's time, without our pause */
	d->facts.pair.begun_us += LEG_US;
	hws_timer_start(d->loop, &d->pair.limit, HWS_DOCTOR_TRY_US, on_limit, d);
	join(&d->pair.leg[1]);
}

/* The second one speaks: it is there when the first one is. The word is a frame, since that is what
 * a WebSocket carries. */
static void on_joined(int r, struct hws_stream *s, void *arg)
{
	static const uint8_t word[] = "\x34" WORD; /* its length, as frames begin */
	struct hws_doctor_leg *leg = arg;
	struct hws_doctor *d = leg->d;

	leg->join = NULL;
	if (r < 0) {
		end(d, r);
		return;
	}
	leg->stream = s;
	hws_stream_set_callback(s, on_heard, leg);
	hws_stream_want(s, HWS_STREAM_READ);
	if (leg == &d->pair.leg[0]) {
		hws_doctor_end(d, &d->facts.relay, HWS_OK);
		hws_timer_start(d->loop, &d->pair.limit, LEG_US, join_second, d);
		return;
	}
	if (hws_stream_write(s, hws_bytes(word, sizeof(word) - 1)) != sizeof(word) - 1)
		end(d, HWS_ERR_RESET);
}

static void join(struct hws_doctor_leg *leg)
{
	struct hws_doctor *d = leg->d;
	const struct hws_relay_join_conf conf = { .relay = d->facts.relay_name,
		.key = d->key,
		.uuid = d->pair.uuid,
		.no_web = true,
		.timeout_us = HWS_DOCTOR_TRY_US };
	int r = hws_relay_join(d->loop, d->work, &conf, on_joined, leg, &leg->join);

	if (r < 0) {
		leg->join = NULL;
		end(d, r);
	}
}

void hws_doctor_relay_start(struct hws_doctor *d, const char *uuid)
{
	struct hws_doctor_facts *f = &d->facts;
	struct hws_doctor_pair *p = &d->pair;
	int r = HWS_OK;

	hws_doctor_begin(d, &f->relay);
	hws_doctor_begin(d, &f->pair);
	p->leg[0].d = p->leg[1].d = d;
	if (!*f->relay_name) /* as clients take it */
		r = hws_host_port_join(f->host, (uint16_t)(f->port + RELAY_OFFSET), f->relay_name,
				sizeof(f->relay_name));
	if (r == HWS_OK && *uuid)
		r = hws_str_copy(p->uuid, sizeof(p->uuid), uuid);
	else if (r == HWS_OK)
		hws_rand_uuid(p->uuid, sizeof(p->uuid));
	if (r < 0) {
		end(d, r);
		return;
	}
	hws_timer_start(d->loop, &p->limit, HWS_DOCTOR_TRY_US, on_limit, d);
	join(&p->leg[0]);
}

void hws_doctor_relay_stop(struct hws_doctor *d)
{
	hws_timer_stop(&d->pair.limit);
	for (unsigned i = 0; i < 2; i++) {
		hws_relay_join_cancel(d->pair.leg[i].join);
		d->pair.leg[i].join = NULL;
		hws_stream_close(d->pair.leg[i].stream);
		d->pair.leg[i].stream = NULL;
	}
}
