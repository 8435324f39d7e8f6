/* reach/answer: what a host does when the server pushes a viewer's request to it: opens a hole
 * and listens, gives its address in the local network, or has somebody meet the viewer at a
 * relay. It talks with the server only: of a viewer it passes on a socket from which nothing was
 * read, and it does not go to relays, which are strangers like those they bring. Jobs run side
 * by side, at most HWS_PUSH_JOBS_MAX. One loop thread. */
#pragma once
#include "client/reach/answered.h"
#include "client/reach/mapped_port.h"
#include "client/reach/server_addr.h"
#include "proto/rendezvous.pb-c.h"
#include "shared/base/err.h"
#include "shared/loop/work.h"

struct hws_answer;

/* A viewer that waits at a relay, or will. Borrowed. */
struct hws_answer_relay {
	uint64_t meeting;  /* number of this one, never 0, never used again */
	const char *relay; /* HOST[:PORT], as the server or the operator named it */
	const struct hws_server_addr *server; /* it is reached in the manner of this one */
	const char *uuid, *key;               /* for reach/relay_join */
};

struct hws_answer_conf {
	/* To the rendezvous server; by a WebSocket viewers are met at relays only. */
	const struct hws_server_addr *server_addr;
	const char *key;   /* its public key as text, for relays; may be "" */
	const char *relay; /* own choice HOST[:PORT]; "" = what the server proposes */
	const char *version;
	bool always_relay, only_known_relays;
	bool no_udp; /* viewers are met by TCP only */
	/* Viewers of ours are told of it, too, and expected there. Borrowed; NULL: none. */
	struct hws_mapped_port *mapped_port;
	uint64_t meetings_from; /* numbers above this one */
	/* our own, UNKNOWN_NAT if not probed yet; SYMMETRIC is answered by a relay */
	Rdv__NatType nat_type;
	/* A viewer is connected, or knocks by UDP; the callee owns the socket, from which nothing
	 * was read. */
	void (*on_socket)(int fd, const struct hws_answered *how, void *arg);
	/* The callee sends somebody to the relay and tells by hws_answer_joined, later, how that
	 * went. An error: nobody goes, and it has told why. */
	int (*on_relay)(const struct hws_answer_relay *relay, const struct hws_answered *how,
			void *arg);
	/* After on_relay: HWS_OK: the server has our answer and the leg stands: the session
	 * begins. Else the meeting is off for another reason than that hws_answer_joined told. */
	void (*on_met)(uint64_t meeting, int r, void *arg);
	/* A job failed: for the log. */
	void (*on_failure)(const char *what, int why, const struct sockaddr_storage *viewer,
			void *arg);
	void *arg;
};

/* Way and strings are copied. */
int hws_answer_new(struct hws_loop *loop, struct hws_work *work, const struct hws_answer_conf *conf,
		struct hws_answer **ret) HWS_MUST_CHECK;
void hws_answer_free(struct hws_answer *a);
/* What reach/nat_probe found, for the pushes from now on. */
void hws_answer_set_nat_type(struct hws_answer *a, Rdv__NatType type);
/* How the server is reached, for the pushes from now on (copied): by the web viewers are met at
 * relays only. */
void hws_answer_set_way(struct hws_answer *a, const struct hws_server_addr *way);
/* Our UDP does not get through to the server, while TCP does: viewers read it in their verdict. */
void hws_answer_set_udp_blocked(struct hws_answer *a, bool blocked);
/* Who went to the relay is connected and has asked for the pair, or failed. Unknown numbers are
 * ignored (the job may have ended). Not from within the on_relay of the same one. */
void hws_answer_joined(struct hws_answer *a, uint64_t meeting, int r);
/* From now on viewers that must be met at a relay are refused with this text instead, which they
 * show ("" = served again): for a host that knows that the relay will turn it away. Copied; at most
 * 199 bytes. */
void hws_answer_refuse_relays(struct hws_answer *a, const char *text);
/* A push of the registrar; `id` is the host's own id now. What nobody proved gets less: fewer at a
 * time and a second, no connection to an address or a port where no viewer can be (such a viewer
 * is met at a relay), and with only_known_relays no relay that neither the operator nor the
 * server's own address names (HWS_ERR_DENIED). HWS_ERR_FULL when too many jobs run, HWS_ERR_BUSY
 * when they come too fast. */
int hws_answer_push(struct hws_answer *a, const char *id, const Rdv__RendezvousMessage *m,
		bool proven) HWS_MUST_CHECK;
