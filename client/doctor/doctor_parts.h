/* doctor/doctor_parts: one examination, as its files share it: doctor (begin, end), tcp (questions
 * to ports), relay (a pair with itself), udp (datagrams). One loop thread. */
#pragma once
#include "client/doctor/doctor.h"
#include "client/doctor/facts.h"
#include "client/reach/relay_join.h"
#include "client/reach/server_addr.h"
#include "client/reach/server_link.h"
#include "client/reach/server_query.h"
#include "shared/loop/loop.h"
#include "shared/net/dialer.h"
#include "shared/net/srv.h"
#include "shared/wire/limits.h"

#define HWS_DOCTOR_TRY_US 4500000ull /* one test */

/* A question to a port of the server. */
struct hws_doctor_ask {
	struct hws_doctor *d;
	struct hws_doctor_try *result;
	struct hws_server_query *query;
	struct hws_timer limit;
	int (*say)(struct hws_doctor_ask *a); /* the question */
	/* It is over: with the answer, or NULL. */
	void (*then)(struct hws_doctor_ask *a, const Rdv__RendezvousMessage *m);
};

/* Whether a link can be made at all. */
struct hws_doctor_open {
	struct hws_doctor *d;
	struct hws_doctor_try *result;
	struct hws_server_addr_open *opening;
};

struct hws_doctor_leg {
	struct hws_doctor *d;
	struct hws_relay_join *join;
	struct hws_stream *stream;
};

struct hws_doctor_pair {
	struct hws_timer limit;
	struct hws_doctor_leg leg[2];
	char uuid[HWS_UUID_MAX + 1];
	uint8_t heard[32];
	size_t heard_len;
};

struct hws_doctor_udp {
	struct hws_doctor *d;
	int fd; /* -1: none */
	struct event ev;
	struct hws_timer again;
	unsigned round;
	void (*say)(struct hws_doctor_udp *u);
	void (*heard)(struct hws_doctor_udp *u, const struct sockaddr_storage *from,
			const Rdv__RendezvousMessage *m, size_t len);
};
enum {
	HWS_DOCTOR_UDP_MAP,
	HWS_DOCTOR_UDP_FILTER,
	HWS_DOCTOR_UDP_PLAIN,
	HWS_DOCTOR_UDP_MTU,
	HWS_DOCTOR_UDP_V6,
	HWS_DOCTOR_UDP_COUNT
};

struct hws_doctor {
	struct hws_loop *loop;
	struct hws_work *work;
	hws_doctor_cb done;
	void *arg;
	struct hws_doctor_facts facts;
	char key[HWS_KEY_TEXT_MAX + 1];
	struct hws_proxy proxy;
	struct hws_server_addr given;                       /* as the server was named */
	struct sockaddr_storage server[HWS_DOCTOR_SERVERS]; /* of the first one's family */
	unsigned server_count;
	struct sockaddr_storage server6; /* of the other family; AF_UNSPEC: none */
	struct hws_srv_find *srv;
	struct hws_resolve *resolve;
	struct hws_timer end, resolve_limit, srv_limit;
	unsigned running; /* tests that have not ended */
	bool over;
	struct hws_deferred ending, deferred;

	struct hws_doctor_ask main, nat, ws, wss, v6, proxied, key_asked;
	struct hws_doctor_open relay_ws, relay_wss;
	struct hws_server_link *key_link;
	struct hws_timer key_limit;
	struct hws_doctor_pair pair;
	struct hws_doctor_udp udp[HWS_DOCTOR_UDP_COUNT];
};

/* A test begins; it ends, with HWS_OK or why it failed. Each once. */
void hws_doctor_begin(struct hws_doctor *d, struct hws_doctor_try *t);
void hws_doctor_end(struct hws_doctor *d, struct hws_doctor_try *t, int why);

/* --- tcp.c */
void hws_doctor_tcp_start(struct hws_doctor *d);
void hws_doctor_tcp_stop(struct hws_doctor *d);
void hws_doctor_keep_seen(struct hws_doctor_seen *seen, const Rdv__TestNatResponse *p);
/* --- relay.c: a pair at the relay `facts.relay_name`, with the uuid that the server agreed to, or
 * "". */
void hws_doctor_relay_start(struct hws_doctor *d, const char *uuid);
void hws_doctor_relay_stop(struct hws_doctor *d);
/* --- udp.c */
void hws_doctor_udp_start(struct hws_doctor *d);
void hws_doctor_udp_stop(struct hws_doctor *d);
