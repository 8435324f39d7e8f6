/* rendezvous/relays/probe: a relay that accepts connections may still relay nothing; only two legs
 * that hear each other prove it. */
#include "server-rendezvous/relays/probe.h"
#include "proto/rendezvous.pb-c.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/identity.h"
#include "shared/net/addr.h"
#include "shared/net/dialer.h"
#include "shared/wire/envelope.h"
#include "shared/wire/frame.h"
#include "shared/wire/limits.h"
#include <stdlib.h>
#include <string.h>

#define CONNECT_US (3 * HWS_US_PER_S)
#define LIMIT_US (8 * HWS_US_PER_S)
/* Deployed relays lose legs that come in the same moment. */
#define BETWEEN_US (100 * HWS_US_PER_MS)
#define TOKEN 16
#define REQUEST_MAX 512

struct rdv_probe {
	struct rdv_probe_conf conf;
	char host[HWS_HOSTNAME_MAX + 1], key[HWS_KEY_TEXT], uuid[37];
	struct hws_dial *dial;
	struct hws_stream *leg[2];
	struct hws_timer limit, between;
	struct hws_deferred gone;
	uint64_t began_us, rtt_us;
	uint8_t token[TOKEN], got[TOKEN];
	size_t got_len;
	bool over;
};

static void probe_free(void *arg)
{
	hws_free(arg);
}

void rdv_probe_cancel(struct rdv_probe *p)
{
	if (!p || p->over)
		return;
	p->over = true;
	hws_dial_cancel(p->dial);
	hws_timer_stop(&p->limit);
	hws_timer_stop(&p->between);
	hws_stream_close(p->leg[0]);
	hws_stream_close(p->leg[1]);
	hws_loop_defer(p->conf.loop, &p->gone, probe_free, p);
}

static void finish(struct rdv_probe *p, int r)
{
	if (p->over)
		return;
	rdv_probe_cancel(p);
	p->conf.done(r, p->rtt_us, p->conf.arg);
}

static void on_limit(void *arg)
{
	struct rdv_probe *p = arg;

	finish(p, p->rtt_us ? HWS_ERR_DENIED : HWS_ERR_TIMEOUT);
}

/* A version 4 uuid, like those of viewers. */
static void make_uuid(char uuid[37])
{
	uint8_t b[16];
	size_t n = 0;

	hws_rand_bytes(b, sizeof(b));
	b[6] = (uint8_t)(0x40 | (b[6] & 0x0f));
	b[8] = (uint8_t)(0x80 | (b[8] & 0x3f));
	for (size_t i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			uuid[n++] = '-';
		n += (size_t)snprintf(uuid + n, 3, "%02x", b[i]);
	}
}

/* The whole of it or nothing: a fresh connection has room for so little. */
static bool say(struct hws_stream *s, struct hws_bytes data)
{
	return hws_stream_write(s, data) == (ssize_t)data.len;
}

static bool send_request(struct rdv_probe *p, struct hws_stream *s)
{
	Rdv__RequestRelay rr = RDV__REQUEST_RELAY__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	uint8_t hdr[4];
	struct hws_buf out;
	bool sent = false;

	rr.id = (char *)"hawser-relay-check";
	rr.uuid = p->uuid;
	rr.licence_key = p->key;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY;
	m.request_relay = &rr;
	hws_buf_init(&out, REQUEST_MAX);
	if (hws_rdv_pack(&m, &out) == HWS_OK)
		sent = say(s, hws_bytes(hdr, hws_frame_header(hws_buf_len(&out), hdr))) &&
				say(s, hws_buf_bytes(&out));
	hws_buf_done(&out);
	return sent;
}

static void on_first(struct hws_stream *s, unsigned ready, void *arg)
{
	struct rdv_probe *p = arg;
	ssize_t n = hws_stream_read(s, p->got + p->got_len, TOKEN - p->got_len);

	(void)ready;
	if (n == HWS_ERR_AGAIN)
		return;
	if (n < 0) {
		/* A relay of the deployed kind on this machine's own address takes us for its
		 * operator and hangs up: whether it relays cannot be found out from here. */
		finish(p, hws_addr_is_loopback(&s->peer) ? HWS_OK : HWS_ERR_DENIED);
		return;
	}
	p->got_len += (size_t)n;
	if (p->got_len == TOKEN)
		finish(p, memcmp(p->got, p->token, TOKEN) == 0 ? HWS_OK : HWS_ERR_PROTO);
}

static void on_second_leg(int r, struct hws_stream *s, void *arg)
{
	struct rdv_probe *p = arg;

	p->dial = NULL;
	p->leg[1] = s;
	if (r < 0)
		finish(p, r);
	else if (!send_request(p, s) || !say(s, hws_bytes(p->token, TOKEN)))
		finish(p, HWS_ERR_DENIED);
}

static int dial(struct rdv_probe *p, hws_dial_cb done)
{
	struct hws_dial_conf conf = {
		.host = p->host, .port = p->conf.port, .timeout_us = CONNECT_US
	};

	return hws_dial(p->conf.loop, p->conf.work, &conf, done, p, &p->dial);
}

static void on_between(void *arg)
{
	struct rdv_probe *p = arg;
	int r = dial(p, on_second_leg);

	if (r < 0)
		finish(p, r);
}

static void on_first_leg(int r, struct hws_stream *s, void *arg)
{
	struct rdv_probe *p = arg;

	p->dial = NULL;
	p->leg[0] = s;
	p->rtt_us = r < 0 ? 0 : hws_clock_us() - p->began_us;
	if (r < 0 || !p->conf.pair) {
		finish(p, r);
		return;
	}
	if (p->conf.announce)
		p->conf.announce(p->uuid, p->conf.announce_arg);
	hws_stream_set_callback(s, on_first, p);
	hws_stream_want(s, HWS_STREAM_READ);
	if (send_request(p, s))
		hws_timer_start(p->conf.loop, &p->between, BETWEEN_US, on_between, p);
	else
		finish(p, HWS_ERR_DENIED);
}

int rdv_probe_start(const struct rdv_probe_conf *conf, struct rdv_probe **ret)
{
	struct rdv_probe *p = hws_alloc(sizeof(*p));
	int r;

	if (!p)
		return HWS_ERR_NOMEM;
	p->conf = *conf;
	p->began_us = hws_clock_us();
	make_uuid(p->uuid);
	hws_rand_bytes(p->token, sizeof(p->token));
	r = hws_str_copy(p->host, sizeof(p->host), conf->host);
	if (r == HWS_OK)
		r = hws_str_copy(p->key, sizeof(p->key), conf->key);
	if (r == HWS_OK)
		r = dial(p, on_first_leg);
	if (r < 0) {
		hws_free(p);
		return r;
	}
	hws_timer_start(conf->loop, &p->limit, LIMIT_US, on_limit, p);
	*ret = p;
	return HWS_OK;
}
