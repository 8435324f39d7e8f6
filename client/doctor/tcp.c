/* Questions by TCP and WebSocket. Each port is asked something that only a rendezvous server
 * answers: that it is open says little where a proxy or a sign-in page answers for everybody. */
#include "client/doctor/doctor_parts.h"
#include "shared/base/clock.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/text.h"

#define RELAY_WS_OFFSET 3
#define NOBODY_LEN 14 /* an ID that nobody has: letters, while those of devices are digits */

/* --- one question ----------------------------------------------------------------------------- */

static void finish(struct hws_doctor_ask *a, int why, const Rdv__RendezvousMessage *m)
{
	if (a->result->state != HWS_DOCTOR_RUNS)
		return;
	hws_timer_stop(&a->limit);
	hws_server_query_free(a->query);
	a->query = NULL;
	if (a->then)
		a->then(a, m);
	hws_doctor_end(a->d, a->result, why);
}

static void on_open(struct hws_server_query *query, void *arg)
{
	struct hws_doctor_ask *a = arg;
	int r;

	(void)query;
	r = a->say(a);
	if (r < 0)
		finish(a, r, NULL);
}

static void on_message(struct hws_server_query *query, const Rdv__RendezvousMessage *m, void *arg)
{
	(void)query;
	finish(arg, HWS_OK, m);
}

static void on_end(struct hws_server_query *query, int why, void *arg)
{
	(void)query;
	finish(arg, why, NULL);
}

static void on_limit(void *arg)
{
	finish(arg, HWS_ERR_TIMEOUT, NULL);
}

static void ask(struct hws_doctor_ask *a, const struct hws_server_addr *addr,
		const struct sockaddr_storage *bind_to)
{
	const struct hws_server_query_conf conf = { .server_addr = addr,
		.timeout_us = HWS_DOCTOR_TRY_US,
		.bind_to = bind_to,
		.on_open = on_open,
		.on_message = on_message,
		.on_end = on_end,
		.arg = a };
	int r;

	hws_doctor_begin(a->d, a->result);
	r = hws_server_query_new(a->d->loop, a->d->work, &conf, &a->query);
	if (r < 0) {
		a->query = NULL;
		finish(a, r, NULL);
		return;
	}
	hws_timer_start(a->d->loop, &a->limit, HWS_DOCTOR_TRY_US, on_limit, a);
}

static struct hws_server_addr address(const struct sockaddr_storage *ip, uint16_t port)
{
	struct hws_server_addr a = { .port = port };

	hws_addr_ip_text(ip, a.host, sizeof(a.host));
	return a;
}

/* --- what is asked ---------------------------------------------------------------------------- */

static int say_test(struct hws_doctor_ask *a)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__TestNatRequest q = RDV__TEST_NAT_REQUEST__INIT;

	q.want_address = q.want_time = true;
	if (a == &a->d->main) {
		q.want_relay = true;
		q.licence_key = a->d->key;
	}
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_REQUEST;
	m.test_nat_request = &q;
	return hws_server_query_send(a->query, &m);
}

/* A request for nobody shows whether the key is the one that the server demands. */
static int say_key(struct hws_doctor_ask *a)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__PunchHoleRequest q = RDV__PUNCH_HOLE_REQUEST__INIT;
	char id[NOBODY_LEN + 1];

	for (size_t i = 0; i < NOBODY_LEN; i++)
		id[i] = (char)('a' + hws_rand_below(26));
	id[NOBODY_LEN] = '\0';
	q.id = id;
	q.licence_key = a->d->key;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_REQUEST;
	m.punch_hole_request = &q;
	return hws_server_query_send(a->query, &m);
}

static const Rdv__TestNatResponse *test_of(const Rdv__RendezvousMessage *m)
{
	return m && m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_RESPONSE
			? m->test_nat_response
			: NULL;
}

/* Deployed servers tell the port alone. */
void hws_doctor_keep_seen(struct hws_doctor_seen *seen, const Rdv__TestNatResponse *p)
{
	seen->known = p->port > 0 && p->port <= UINT16_MAX;
	seen->port = seen->known ? (uint16_t)p->port : 0;
	if (!hws_addr_decode_usable(hws_bytes(p->address.data, p->address.len), &seen->at))
		seen->at = (struct sockaddr_storage){ .ss_family = AF_UNSPEC };
}

static void keep_time(struct hws_doctor *d, const Rdv__TestNatResponse *p, uint64_t asked_us)
{
	uint64_t half_us = (hws_loop_now_us(d->loop) - asked_us) / 2;
	int64_t now_ms = (int64_t)((hws_wall_us() - half_us) / HWS_US_PER_MS);

	if (!p->time_ms || p->time_ms > INT64_MAX / 2 || d->facts.has_time)
		return;
	d->facts.has_time = true;
	d->facts.clock_ahead_ms = now_ms - (int64_t)p->time_ms;
}

static void keep_test(struct hws_doctor_ask *a, const Rdv__TestNatResponse *p)
{
	if (p->address.len || p->time_ms)
		a->d->facts.is_hawser = true;
	keep_time(a->d, p, a->result->begun_us);
}

/* --- the ports -------------------------------------------------------------------------------- */

static void on_nat(struct hws_doctor_ask *a, const Rdv__RendezvousMessage *m)
{
	const Rdv__TestNatResponse *p = test_of(m);

	if (p)
		hws_doctor_keep_seen(&a->d->facts.seen_tcp_nat, p);
}

static void ask_nat(struct hws_doctor *d, bool from_same)
{
	struct hws_server_addr to = address(&d->server[0], (uint16_t)(d->facts.port - 1));

	d->nat = (struct hws_doctor_ask){
		.d = d, .result = &d->facts.tcp_nat, .say = say_test, .then = on_nat
	};
	ask(&d->nat, &to, from_same ? &d->facts.local : NULL);
}

/* The other port is asked from the same one of ours: that tells what the NAT does. */
static void on_main(struct hws_doctor_ask *a, const Rdv__RendezvousMessage *m)
{
	const Rdv__TestNatResponse *p = test_of(m);
	struct hws_doctor *d = a->d;
	struct hws_doctor_facts *f = &d->facts;
	const char *uuid = "";

	if (p) {
		keep_test(a, p);
		hws_doctor_keep_seen(&f->seen_tcp, p);
		if (*p->relay_server &&
				hws_str_copy(f->relay_name, sizeof(f->relay_name),
						p->relay_server) < 0)
			f->relay_name[0] = '\0';
		if (hws_pair_id_valid(hws_bytes_str(p->relay_uuid))) {
			uuid = p->relay_uuid;
			f->pair_agreed = true;
		}
	}
	ask_nat(d, p != NULL);
	hws_doctor_relay_start(d, uuid);
}

static int say_main(struct hws_doctor_ask *a)
{
	a->d->facts.local = *hws_server_query_local(a->query);
	return say_test(a);
}

static void on_web(struct hws_doctor_ask *a, const Rdv__RendezvousMessage *m)
{
	const Rdv__TestNatResponse *p = test_of(m);

	if (p)
		keep_test(a, p);
}

static void on_key(struct hws_doctor_ask *a, const Rdv__RendezvousMessage *m)
{
	struct hws_doctor_facts *f = &a->d->facts;

	if (!m || m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_RESPONSE)
		return;
	f->key_refused = m->punch_hole_response->failure ==
			RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_MISMATCH;
}

/* --- the server's proof of its key ------------------------------------------------------------ */

static void end_key(struct hws_doctor *d, int why)
{
	hws_timer_stop(&d->key_limit);
	hws_server_link_free(d->key_link);
	d->key_link = NULL;
	hws_doctor_end(d, &d->facts.key, why);
}

static void on_key_open(void *arg)
{
	end_key(arg, HWS_OK);
}

static void on_key_message(const Rdv__RendezvousMessage *m, struct hws_bytes raw, void *arg)
{
	(void)m;
	(void)raw;
	(void)arg;
}

static void on_key_end(int why, void *arg)
{
	end_key(arg, why);
}

static void on_key_limit(void *arg)
{
	end_key(arg, HWS_ERR_UNSUPPORTED); /* it offers nothing */
}

static void prove_key(struct hws_doctor *d, const struct hws_server_addr *to)
{
	uint8_t pk[HWS_PK_LEN];
	const struct hws_server_link_conf conf = { .server_addr = to,
		.server_pk = pk,
		.on_open = on_key_open,
		.on_message = on_key_message,
		.on_end = on_key_end,
		.arg = d };
	int r = hws_key_parse(d->key, pk);

	hws_doctor_begin(d, &d->facts.key);
	if (r < 0)
		r = HWS_ERR_INVAL;
	else
		r = hws_server_link_new(d->loop, d->work, &conf, &d->key_link);
	if (r < 0)
		end_key(d, r);
	else
		hws_timer_start(d->loop, &d->key_limit, HWS_DOCTOR_TRY_US, on_key_limit, d);
}

/* --- links alone ------------------------------------------------------------------------------ */

static void on_opened(int r, struct hws_stream *s, void *arg)
{
	struct hws_doctor_open *o = arg;

	o->opening = NULL;
	hws_stream_close(s);
	hws_doctor_end(o->d, o->result, r);
}

static void open_only(struct hws_doctor_open *o, const struct hws_server_addr *to)
{
	const struct hws_server_addr_conf conf = {
		.server_addr = to, .timeout_us = HWS_DOCTOR_TRY_US, .frame_max = HWS_SES_FRAME_MAX
	};
	int r;

	hws_doctor_begin(o->d, o->result);
	r = hws_server_addr_open_start(o->d->loop, o->d->work, &conf, on_opened, o, &o->opening);
	if (r < 0) {
		o->opening = NULL;
		hws_doctor_end(o->d, o->result, r);
	}
}

/* --- all of them ------------------------------------------------------------------------------ */

static void ask_by_web(struct hws_doctor *d)
{
	struct hws_doctor_facts *f = &d->facts;
	const struct hws_server_addr plain = address(&d->server[0], f->port);
	struct hws_server_addr id, relay;

	hws_server_addr_by_web(&plain, false, &id); /* an address: ports of its own */
	d->ws = (struct hws_doctor_ask){
		.d = d, .result = &f->ws, .say = say_test, .then = on_web
	};
	ask(&d->ws, &id, NULL);
	relay = id;
	relay.port = (uint16_t)(f->port + RELAY_WS_OFFSET);
	d->relay_ws = (struct hws_doctor_open){ .d = d, .result = &f->relay_ws };
	open_only(&d->relay_ws, &relay);
	if (f->is_literal && !f->by_web)
		return; /* nobody certifies it */
	if (f->by_web)
		id = d->given;
	else
		hws_server_addr_by_web(&d->given, false, &id);
	d->wss = (struct hws_doctor_ask){
		.d = d, .result = &f->wss, .say = say_test, .then = on_web
	};
	ask(&d->wss, &id, NULL);
	if (hws_server_addr_to_relay(&id, f->host, &relay) < 0)
		return;
	if (id.by_port)
		relay.port = (uint16_t)(id.port + 1);
	d->relay_wss = (struct hws_doctor_open){ .d = d, .result = &f->relay_wss };
	open_only(&d->relay_wss, &relay);
}

static void ask_by_proxy(struct hws_doctor *d)
{
	struct hws_server_addr to = d->given;

	if (!d->facts.has_proxy)
		return;
	to.proxy = &d->proxy;
	d->proxied = (struct hws_doctor_ask){
		.d = d, .result = &d->facts.proxy, .say = say_test, .then = on_web
	};
	ask(&d->proxied, &to, NULL);
}

void hws_doctor_tcp_start(struct hws_doctor *d)
{
	struct hws_doctor_facts *f = &d->facts;
	struct hws_server_addr to;

	ask_by_proxy(d);
	if (!d->server_count)
		return;
	to = address(&d->server[0], f->port);
	d->main = (struct hws_doctor_ask){
		.d = d, .result = &f->tcp, .say = say_main, .then = on_main
	};
	ask(&d->main, &to, NULL);
	d->key_asked = (struct hws_doctor_ask){
		.d = d, .result = &f->key_try, .say = say_key, .then = on_key
	};
	ask(&d->key_asked, &to, NULL);
	if (f->has_key)
		prove_key(d, &to);
	ask_by_web(d);
	if (d->server6.ss_family == AF_UNSPEC)
		return;
	to = address(&d->server6, f->port);
	d->v6 = (struct hws_doctor_ask){ .d = d, .result = &f->tcp6, .say = say_test };
	ask(&d->v6, &to, NULL);
}

static void stop_ask(struct hws_doctor_ask *a)
{
	hws_timer_stop(&a->limit);
	hws_server_query_free(a->query);
	a->query = NULL;
}

void hws_doctor_tcp_stop(struct hws_doctor *d)
{
	struct hws_doctor_ask *const all[] = { &d->main, &d->nat, &d->ws, &d->wss, &d->v6,
		&d->proxied, &d->key_asked };

	for (size_t i = 0; i < HWS_COUNT(all); i++)
		stop_ask(all[i]);
	hws_server_addr_open_cancel(d->relay_ws.opening);
	hws_server_addr_open_cancel(d->relay_wss.opening);
	d->relay_ws.opening = d->relay_wss.opening = NULL;
	hws_timer_stop(&d->key_limit);
	hws_server_link_free(d->key_link);
	d->key_link = NULL;
}
