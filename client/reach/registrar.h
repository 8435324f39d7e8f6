/* reach/registrar: a host's registration at a rendezvous server by UDP, and what the server pushes to it. Sends nothing
 * to and believes nothing from any other address. One loop thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/work.h"
#include "shared/wire/limits.h"

struct hws_registrar;

enum hws_registrar_state {
	HWS_REGISTRAR_CONNECTING, /* no answer yet, or two answers missed */
	HWS_REGISTRAR_REGISTERED,
	HWS_REGISTRAR_OFFLINE, /* four answers missed */
	HWS_REGISTRAR_REFUSED  /* the server answers, but does not take us: text says why */
};

struct hws_registrar_conf {
	const char *host;
	uint16_t port;
	const char *id;
	struct hws_bytes uuid; /* machine id */
	struct hws_bytes pk;   /* 32 bytes */
	uint64_t interval_us;  /* 0 = 15 s, the deployed one */
	void (*on_state)(enum hws_registrar_state state, const char *text, void *arg);
	/* PunchHole, FetchLocalAddr, RequestRelay; duplicates within 100 ms are dropped before. */
	void (*on_push)(const Rdv__RendezvousMessage *m, void *arg);
	/* The server says the id belongs to another machine: choose a new one (copied from the buffer on return). */
	void (*on_new_id)(char *buf, size_t size, void *arg);
	void *arg;
};

int hws_registrar_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_registrar_conf *conf, struct hws_registrar **ret) HWS_MUST_CHECK;
/* Takes NULL. Allowed in its callbacks. */
void hws_registrar_free(struct hws_registrar *r);
enum hws_registrar_state hws_registrar_state(const struct hws_registrar *r);
