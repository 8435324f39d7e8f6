/* net/kcp_link_impl: the inside of a connection, for the files of kcp_link only. */
#pragma once
#include "shared/base/clock.h"
#include "shared/crypto/hash.h"
#include "shared/net/kcp_link.h"
#include "shared/net/kcp_pipe.h"
#include "shared/net/kcp_state.h"

#define KCP_KNOCKS 4u  /* connections of one attempt that are half open at once */
#define KCP_ANSWERS 8u /* that wait to be sent */
#define KCP_MS HWS_US_PER_MS
#define KCP_S HWS_US_PER_S
#define KCP_NONCE 8u

/* A connection that somebody asks for: we with another number after a second, or the viewers that
 * knock at a host. One of them becomes the connection. */
struct kcp_knock {
	enum hws_kcp_state state; /* HWS_KCP_UNKNOWN: free */
	struct hws_kcp_id id;
	uint32_t offered;
};

/* What is sent again at growing intervals: punching, the steps of the handshake. */
struct kcp_repeat {
	uint64_t begin, at; /* at: UINT64_MAX = not */
	unsigned count;
};

struct kcp_answer {
	size_t len;
	uint8_t data[HWS_KCP_DATAGRAM_MAX];
};

enum kcp_ending {
	KCP_OPEN,
	KCP_DRAINING,  /* closed by the owner; not all has arrived */
	KCP_SETTLING,  /* all has; a deployed peer gets time to read it */
	KCP_FINISHING, /* FIN is on its way */
	KCP_GONE
};

struct hws_kcp_link {
	struct hws_kcp_link_conf conf;
	struct hws_kcp_pipe pipe;
	struct kcp_knock knock[KCP_KNOCKS];
	unsigned last_knock; /* the newest */
	struct hws_kcp_id id;
	enum hws_kcp_state state; /* of `id` */
	uint32_t features;
	int error;             /* what reading says once all is read */
	bool heard, confirmed; /* anything of the peer; KCP of the peer */
	uint64_t born, heard_at;
	unsigned refusals;
	struct kcp_repeat repeat;
	bool punch_due, knock_due;
	uint64_t knock_since;
	/* answers, oldest first */
	struct kcp_answer answer[KCP_ANSWERS];
	unsigned answer_at, answer_count;
	/* keep-alive */
	uint64_t ping_at, ping_sent_at;
	uint8_t nonce[KCP_NONCE];
	uint32_t ping_no, peer_ping_no;
	bool ping_due;
	/* a RST or FIN that anybody might have sent: 0, or until when the peer may deny it */
	uint64_t doubt_until;
	enum hws_kcp_state doubt;
	/* path MTU */
	unsigned size_index, size_tries;
	uint64_t size_at;
	uint8_t size_nonce[KCP_NONCE];
	uint32_t size_now; /* UDP payload of a full datagram */
	/* tags */
	bool keyed, peer_tags;
	uint8_t key_out[HWS_HASH_KEY_LEN], key_in[HWS_HASH_KEY_LEN];
	uint64_t foreign;
	/* what may wait unsent */
	size_t shallow;
	/* the end */
	enum kcp_ending ending;
	uint64_t close_at, end_at, gone_by;
	unsigned fins;
	bool peer_finishing, fin_due, fin_acked, fin_ack_due;
	uint32_t peer_last; /* number behind the peer's last segment */
};

/* --- kcp_link_hand: the handshake --- */
void kcp_hand_start(struct hws_kcp_link *l, uint64_t now_us);
struct kcp_knock *kcp_hand_find(struct hws_kcp_link *l, const struct hws_kcp_id *id);
/* A datagram of a connection that is not established. */
void kcp_hand_input(struct hws_kcp_link *l, const struct hws_kcp_header *h,
		struct hws_bytes payload, uint64_t now_us);
void kcp_hand_tick(struct hws_kcp_link *l, uint64_t now_us);
bool kcp_hand_output(struct hws_kcp_link *l, struct hws_kcp_datagram *ret);
uint64_t kcp_hand_due(const struct hws_kcp_link *l);

/* --- kcp_link_alive: pings, sizes, doubts --- */
void kcp_alive_start(struct hws_kcp_link *l, uint64_t now_us);
void kcp_alive_pong(struct hws_kcp_link *l, struct hws_bytes payload, uint64_t now_us);
/* A RST with what our ping carried: who sent it has seen our ping. */
bool kcp_alive_is_ours(const struct hws_kcp_link *l, struct hws_bytes payload);
void kcp_alive_doubt(struct hws_kcp_link *l, enum hws_kcp_state state, uint64_t now_us);
void kcp_alive_tick(struct hws_kcp_link *l, uint64_t now_us);
bool kcp_alive_output(struct hws_kcp_link *l, uint64_t now_us, struct hws_kcp_datagram *ret);
uint64_t kcp_alive_due(const struct hws_kcp_link *l);

/* --- kcp_link_end: closing --- */
void kcp_end_fin(struct hws_kcp_link *l, const struct hws_kcp_header *h, struct hws_bytes payload,
		uint64_t now_us);
void kcp_end_tick(struct hws_kcp_link *l, uint64_t now_us);
bool kcp_end_output(struct hws_kcp_link *l, struct hws_kcp_datagram *ret);
uint64_t kcp_end_due(const struct hws_kcp_link *l);
bool kcp_end_of_peer(const struct hws_kcp_link *l);

/* --- kcp_link --- */
void kcp_link_fail(struct hws_kcp_link *l, int error);
/* Header and payload (at most what fits), with a tag if there is a key. */
void kcp_link_seal(struct hws_kcp_link *l, const struct hws_kcp_id *id, uint8_t flag, uint8_t rsv,
		struct hws_bytes payload, struct hws_kcp_datagram *ret);
/* To be sent with the next output; left out when too many wait. */
void kcp_link_answer(struct hws_kcp_link *l, const struct hws_kcp_id *id, uint8_t flag, uint8_t rsv,
		struct hws_bytes payload);

void kcp_repeat_start(struct kcp_repeat *r, uint64_t now_us);
static inline void kcp_repeat_stop(struct kcp_repeat *r)
{
	r->at = UINT64_MAX;
}
/* True when it is time again; plans the next. */
bool kcp_repeat_next(struct kcp_repeat *r, uint64_t now_us);
