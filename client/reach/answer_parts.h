/* reach/answer_parts: one push as its two files share it: answer_push (what is asked) and answer
 * (what is done). One loop thread. */
#pragma once
#include "client/reach/answer.h"
#include "client/reach/answer_udp.h"
#include "client/reach/push_bounds.h"
#include "client/reach/server_query.h"
#include "shared/net/dialer.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/limits.h"

/* RelayResponse.relay_reason */
enum hws_answer_reason {
	HWS_REASON_NONE,
	HWS_REASON_OWN_NAT,
	HWS_REASON_VIEWER_NAT,
	HWS_REASON_BOTH_NATS,
	HWS_REASON_OWN_CHOICE,
	HWS_REASON_VIEWER_CHOICE,
	HWS_REASON_OWN_NETWORK = 7 /* 6 is the server's */
};

enum hws_answer_kind { JOB_PUNCH, JOB_LOCAL, JOB_RELAY_OWN, JOB_RELAY_ASKED };

struct hws_answer {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_answer_conf conf;
	struct hws_server_addr server_addr;
	char key[HWS_KEY_TEXT_MAX + 1], relay[HWS_HOSTNAME_MAX + 8], version[HWS_VERSION_TEXT_MAX];
	char refusal[200]; /* of all that must be met at a relay; "" = none */
	struct hws_list jobs;
	struct hws_push_bounds bounds;
	struct hws_answer_udp *udp; /* NULL: by TCP only */
	bool udp_blocked;           /* between us and the server */
	bool relay_is_set;          /* by our owner, or by the way to the server that he set */
	uint64_t meetings;          /* so many were numbered */
};

struct hws_answer_job {
	struct hws_list node;
	struct hws_answer *answer;
	enum hws_answer_kind kind;
	char id[HWS_ID_MAX + 1], uuid[HWS_UUID_MAX + 1], relay[HWS_HOSTNAME_MAX + 8];
	uint8_t socket_addr[64]; /* the viewer's address as it came, to be sent back */
	size_t socket_addr_len;
	uint8_t own_ipv6[HWS_ADDR_WIRE_MAX]; /* where we wait by UDP */
	size_t own_ipv6_len;
	bool lists; /* the viewer reads lists of candidates */
	Rdv__Candidate candidate[2], *candidates[2];
	uint8_t mapped[2][HWS_ADDR_WIRE_MAX];
	bool expected;                 /* at the mapped port */
	enum hws_answer_reason reason; /* why the relay */
	struct hws_answered how;
	struct hws_server_query *query;
	struct hws_dial *hole;
	struct hws_listener *listener;
	/* its number; 0 = nobody goes to a relay for this job, or nobody any more */
	uint64_t meeting;
	bool leg, unwanted;   /* the leg at the relay stands; nobody is to go there */
	bool only_direct;     /* the viewer has been met at the relay before */
	bool refused;         /* the viewer is told why it cannot be met */
	int leg_failed;       /* why there is no leg, or HWS_OK */
	bool asked, answered; /* the link to the server is open; it has our answer */
	unsigned knocks;
	struct sockaddr_storage local; /* where we knock from */
	struct hws_timer limit, again;
	struct hws_deferred deferred;
};

static inline ProtobufCBinaryData hws_answer_viewer_bytes(struct hws_answer_job *j)
{
	return (ProtobufCBinaryData){ j->socket_addr_len, j->socket_addr };
}

static inline ProtobufCBinaryData hws_answer_ipv6_bytes(struct hws_answer_job *j)
{
	return (ProtobufCBinaryData){ j->own_ipv6_len, j->own_ipv6 };
}

/* What the push says, into a zeroed job. HWS_ERR_PROTO, HWS_ERR_INVAL. */
int hws_answer_fill_job(struct hws_answer_job *j, const char *id,
		const Rdv__RendezvousMessage *m) HWS_MUST_CHECK;
/* What a viewer of ours is told beside: *n of *list, for as long as `j` is; it is expected there
 * from now on. */
void hws_answer_offer(struct hws_answer_job *j, Rdv__Candidate ***list, size_t *n);
/* Ways by UDP beside what the job does; true when a viewer that expects one answer gets it so. */
bool hws_answer_begin_udp(struct hws_answer_job *j, const Rdv__RendezvousMessage *m);
/* The answer that a hole is open; it borrows from `j`. */
void hws_answer_fill_sent(
		struct hws_answer_job *j, Rdv__PunchHoleSent *sent, Rdv__RendezvousMessage *m);
