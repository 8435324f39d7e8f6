/* host/port_asker: keeps a port of this machine open at its router: asks in PCP, NAT-PMP and UPnP
 * until one is answered, asks again at half the time that was granted and when addresses or routes
 * change, and gives the port back in the end. A router that is silent, refuses or talks nonsense is
 * asked ever more seldom. In the process that asks for ports alone. One loop thread. */
#pragma once
#include "client/host/port_why.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct hws_port_asker;

struct hws_port_state {
	enum hws_port_by by;   /* NONE: there is none */
	enum hws_port_why why; /* then, why */
	struct in_addr address;
	uint16_t port;
	uint32_t lifetime_s; /* from now */
};

struct hws_port_asker_conf {
	uint16_t inside;
	bool udp; /* of UDP, else of TCP */
	/* As hws_port_asker_usual has them, but for tests: what a second of a grant is; the least
	 * time between two rounds that a change begins; for how long devices are searched for; when
	 * a thread counts as held up. */
	uint64_t second_us, pause_us;
	unsigned search_ms;
	uint64_t stuck_us;
	/* At each change, and when it was renewed. */
	void (*on_state)(const struct hws_port_state *s, void *arg);
	/* A router holds a thread up for longer than it may: nothing but the end of this process
	 * helps. */
	void (*on_stuck)(void *arg);
	void *arg;
};

/* These of `conf`. */
void hws_port_asker_usual(struct hws_port_asker_conf *conf);
/* Begins at once. */
int hws_port_asker_new(struct hws_loop *loop, const struct hws_port_asker_conf *conf,
		struct hws_port_asker **ret) HWS_MUST_CHECK;
/* The way to the internet may be another one: asks again, though not too soon after the last
 * time. */
void hws_port_asker_again(struct hws_port_asker *a);
/* Gives back what there is, then calls `done`, once; later than that only _free. A router that is
 * slow in this is not waited for by us: the caller has a limit. */
void hws_port_asker_end(struct hws_port_asker *a, void (*done)(void *arg), void *arg);
/* A thread that still asks by UPnP: hws_port_asker_free would wait for it. */
bool hws_port_asker_busy(const struct hws_port_asker *a);
/* Takes NULL. */
void hws_port_asker_free(struct hws_port_asker *a);
