/* Connections of the code under test end in memory here: a fuzz target must not depend on a
 * network, and each input starts afresh. */
#include "tests/fuzz/reach/wires.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/crypto/crypto.h"
#include "shared/net/addr.h"
#include "shared/net/conn.h"
#include "shared/net/dialer.h"
#include "shared/wire/limits.h"
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#define LINKS 32

struct far {
	struct hws_conn *conn;
	bool offered;
};

static struct {
	struct hws_loop *loop;
	struct wires_plan plan;
	struct hws_identity server;
	struct hws_kx_offer offer;
	struct far links[LINKS];
	unsigned count, dials;
	int udp;
	struct sockaddr_storage udp_addr, udp_peer;
	socklen_t udp_peer_len;
	uint8_t name[12]; /* how the last datagram began */
} w = { .udp = -1 };

/* --- far ends --------------------------------------------------------------------------------- */

static void on_frame(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	struct far *f = arg;
	uint8_t key_secret[HWS_SESSION_KEY_LEN];

	if (!f->offered)
		return;
	f->offered = false;
	if (hws_kx_server_answer(&w.offer, payload, key_secret) == HWS_OK)
		hws_conn_set_key(c, key_secret);
}

static void on_close(struct hws_conn *c, int why, void *arg)
{
	struct far *f = arg;

	(void)c;
	(void)why;
	f->conn = NULL;
}

static void add_far(struct hws_stream *s)
{
	struct hws_conn_conf conf = { .frame_max = HWS_RDV_FRAME_MAX,
		.send_max = 4 * HWS_RDV_FRAME_MAX,
		.on_frame = on_frame,
		.on_close = on_close };
	struct far *f = &w.links[w.count % LINKS];

	hws_conn_close(f->conn, HWS_OK); /* the oldest of too many */
	w.count++;
	conf.arg = f;
	f->offered = w.plan.offers_keys;
	assert(hws_conn_new(w.loop, s, &conf, hws_bytes(NULL, 0), &f->conn) == HWS_OK);
	if (f->offered && hws_conn_send(f->conn, hws_kx_offer_payload(&w.offer)) < 0)
		f->offered = false;
}

static struct hws_conn *newest(unsigned back)
{
	return w.count > back ? w.links[(w.count - 1 - back) % LINKS].conn : NULL;
}

/* --- in place of net/dialer ------------------------------------------------------------------- */

struct hws_dial {
	hws_dial_cb done;
	void *arg;
	struct sockaddr_storage peer;
	struct hws_deferred deferred, gone;
};

static void free_dial(void *arg)
{
	hws_free(arg);
}

static void finish_dial(void *arg)
{
	struct hws_dial *d = arg;
	struct hws_stream *near = NULL, *far = NULL;
	int r = w.plan.refuse >> (w.dials++ % 16) & 1 ? HWS_ERR_REFUSED : HWS_OK;

	if (r == HWS_OK) {
		assert(hws_stream_mem_pair(w.loop, NULL, &near, &far) == HWS_OK);
		assert(hws_addr_parse("127.0.0.1", 40000, &near->local) == HWS_OK);
		near->peer = d->peer;
		hws_addr_set_port(&near->local, 0); /* whoever listens there gets any port */
		add_far(far);
	}
	hws_loop_defer(w.loop, &d->gone, free_dial, d);
	d->done(r, near, d->arg);
}

int hws_dial(struct hws_loop *loop, struct hws_work *work, const struct hws_dial_conf *conf,
		hws_dial_cb done, void *arg, struct hws_dial **ret)
{
	struct hws_dial *d = hws_alloc(sizeof(*d));

	(void)work;
	assert(d && conf->host && *conf->host && conf->port);
	d->done = done;
	d->arg = arg;
	if (hws_addr_parse(conf->host, conf->port, &d->peer) < 0)
		assert(hws_addr_parse("192.0.2.1", conf->port, &d->peer) == HWS_OK);
	hws_loop_defer(loop, &d->deferred, finish_dial, d);
	*ret = d;
	return HWS_OK;
}

void hws_dial_cancel(struct hws_dial *d)
{
	if (!d)
		return;
	hws_loop_defer_cancel(&d->deferred);
	hws_loop_defer(w.loop, &d->gone, free_dial, d);
}

struct hws_resolve {
	hws_resolve_cb done;
	void *arg;
	struct hws_deferred deferred;
};

static void finish_resolve(void *arg)
{
	struct hws_resolve *q = arg;
	struct hws_resolve copy = *q;

	hws_free(q);
	copy.done(HWS_OK, &w.udp_addr, 1, copy.arg);
}

int hws_resolve(struct hws_loop *loop, struct hws_work *work, const char *host, uint16_t port,
		hws_resolve_cb done, void *arg, struct hws_resolve **ret)
{
	struct hws_resolve *q = hws_alloc(sizeof(*q));

	(void)work;
	(void)host;
	(void)port;
	assert(q);
	q->done = done;
	q->arg = arg;
	hws_loop_defer(loop, &q->deferred, finish_resolve, q);
	*ret = q;
	return HWS_OK;
}

void hws_resolve_cancel(struct hws_resolve *q)
{
	if (!q)
		return;
	hws_loop_defer_cancel(&q->deferred);
	hws_free(q);
}

/* --- the script ------------------------------------------------------------------------------- */

static void open_udp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(w.udp_addr);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	w.udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert(w.udp >= 0 && bind(w.udp, (struct sockaddr *)&a, sizeof(a)) == 0);
	assert(getsockname(w.udp, (struct sockaddr *)&w.udp_addr, &len) == 0);
}

socklen_t wires_udp_addr(struct sockaddr_storage *ret)
{
	*ret = w.udp_addr;
	return hws_addr_len(ret);
}

struct hws_loop *wires_open(const struct wires_plan *plan)
{
	static const uint8_t seed[32] = { 7 };

	if (w.udp < 0) {
		hws_log_set_level(HWS_LOG_ERROR);
		assert(hws_crypto_init() == HWS_OK);
		hws_identity_from_seed(seed, &w.server);
		hws_kx_offer_new(&w.server, &w.offer);
		open_udp();
	}
	memset(w.links, 0, sizeof(w.links));
	w.plan = *plan;
	w.count = w.dials = 0;
	w.udp_peer_len = 0;
	memset(w.name, 0, sizeof(w.name));
	assert(hws_loop_new(&w.loop) == HWS_OK);
	return w.loop;
}

uint16_t wires_udp_port(void)
{
	return hws_addr_port(&w.udp_addr);
}

const struct hws_identity *wires_server(void)
{
	return &w.server;
}

static void hear_datagrams(void)
{
	uint8_t buf[2048];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);

	ssize_t n;

	while ((n = recvfrom(w.udp, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len)) >= 0) {
		w.udp_peer = from;
		w.udp_peer_len = len;
		if ((size_t)n > sizeof(w.name))
			memcpy(w.name, buf, sizeof(w.name));
	}
}

static void turn(void)
{
	for (int i = 0; i < 3; i++)
		hws_loop_once(w.loop, 0);
	hear_datagrams();
}

static void write_raw(struct hws_conn *c, struct hws_bytes data)
{
	ssize_t n = c && data.len ? hws_stream_write(hws_conn_stream(c), data) : 0;

	(void)n; /* what a full pipe does not take is lost */
}

static int send_datagram(struct hws_bytes data)
{
	if (w.udp_peer_len &&
			sendto(w.udp, data.ptr, data.len, 0, (struct sockaddr *)&w.udp_peer,
					w.udp_peer_len) < 0)
		return HWS_ERR_SYS;
	return HWS_OK;
}

static int send_named(struct hws_bytes data)
{
	uint8_t buf[1500];
	const size_t len = HWS_MIN(data.len, sizeof(buf) - sizeof(w.name));

	memcpy(buf, w.name, sizeof(w.name));
	memcpy(buf + sizeof(w.name), data.ptr, len);
	return send_datagram(hws_bytes(buf, sizeof(w.name) + len));
}

static void perform(unsigned op, struct hws_bytes data)
{
	struct hws_conn *c = newest(op == WIRES_OLDER);
	int r = HWS_OK;

	switch (op) {
	case WIRES_FRAME:
	case WIRES_OLDER:
		if (c)
			r = hws_conn_send(c, data);
		break;
	case WIRES_RAW:
		write_raw(c, data);
		break;
	case WIRES_DATAGRAM:
		r = send_datagram(data);
		break;
	case WIRES_NAMED:
		r = send_named(data);
		break;
	case WIRES_CLOSE:
		hws_conn_close(c, HWS_OK);
		break;
	default:
		break;
	}
	(void)r;
	turn();
}

void wires_run(struct hws_bytes script, const bool *over)
{
	turn();
	while (script.len >= 3 && !(over && *over)) {
		unsigned op = script.ptr[0] % WIRES_OPS;
		size_t len = script.ptr[1] | (size_t)script.ptr[2] << 8;

		script.ptr += 3;
		script.len -= 3;
		len = HWS_MIN(len, script.len);
		perform(op, hws_bytes(script.ptr, len));
		script.ptr += len;
		script.len -= len;
	}
	turn();
}

void wires_close(void)
{
	for (unsigned i = 0; i < LINKS; i++)
		hws_conn_close(w.links[i].conn, HWS_OK);
	turn();
	hws_loop_free(w.loop);
	w.loop = NULL;
}
