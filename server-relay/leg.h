/* relay/leg: one accepted connection, and two of them joined. Kept small: fifty thousand pairs are
 * mostly idle. A leg belongs to one shard's thread; handing it to another shard is the only move
 * between threads. */
#pragma once
#include "server-relay/rate.h"
#include "server-relay/stats.h"
#include "shared/base/bytes.h"
#include "shared/base/list.h"
#include "shared/wire/ws_codec.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct rly_addr;
struct rly_entry;
struct rly_request;
struct rly_pair;
struct rly_pipe;
struct hws_tls_session;

enum rly_leg_state {
	RLY_LEG_PROXY,       /* waits for a PROXY header */
	RLY_LEG_UPGRADE,     /* waits for the HTTP upgrade */
	RLY_LEG_REQUEST,     /* waits for the first frame */
	RLY_LEG_UNANNOUNCED, /* waits for the word of the rendezvous server */
	RLY_LEG_WAITING,     /* waits for its partner; nothing is read */
	RLY_LEG_PAIRED,
	RLY_LEG_DEAD /* freed at the end of the batch */
};

/* Heap bytes in order: read too early, or not taken by a socket yet. */
struct rly_stash {
	uint32_t at, len; /* unread: data[at..len) */
	uint32_t size;
	uint8_t data[];
};

struct rly_leg {
	int fd;
	uint32_t since_ds; /* of this state: tenths of a second since the shard's start */
	uint8_t state;
	bool is_ws : 1;
	bool readable : 1, writable : 1; /* edge-triggered: true until a call said "would block" */
	bool hup : 1;                    /* the end is near: a short read does not mean "empty" */
	bool in_eof : 1;                 /* nothing more will come */
	bool out_shut : 1;               /* we said that nothing more will be sent */
	bool counted_wait : 1;           /* in its address's number of waiting legs */
	bool announced : 1;              /* the rendezvous server agreed to its pair */
	bool viewer : 1;                 /* of a pair the end that asked for the other by its ID */
	bool heard : 1;                  /* it has said something */
	uint16_t port;                   /* of the peer */
	uint8_t ip[16];                  /* of the peer, IPv4 as mapped */
	union {
		struct hws_list node;  /* not PAIRED: FIFO of the state's deadline, or the dead */
		struct rly_pair *pair; /* PAIRED */
	};
	union {
		struct rly_entry *entry;     /* WAITING */
		struct rly_request *pending; /* UNANNOUNCED */
	};
	struct rly_stash *stash; /* to be read before the socket */
	struct rly_addr *addr;
	struct rly_ws_leg *ws; /* is_ws */
	struct hws_tls_session *tls;
};

/* What a WebSocket leg needs more. */
struct rly_ws_leg {
	struct hws_ws_in in;
	/* Fragments for a TCP partner, which needs the whole length first. */
	struct rly_stash *message;
	/* bytes of `message`, or of it on the way out, counted in the shared sum */
	uint32_t collected;
	uint32_t greeted;                      /* bytes read before the request was whole */
	uint8_t reply[2 + HWS_WS_CONTROL_MAX]; /* pong or close that waits for a frame boundary */
	uint8_t reply_len;
	bool close_sent;
	bool collecting; /* a fragmented message into `message` */
};

/* How bytes go from leg[d] to leg[!d]. */
struct rly_flow {
	uint64_t bytes;
	struct rly_pipe *pipe;   /* holds in_pipe > 0 bytes */
	struct rly_stash *stash; /* older than what the pipe holds; never both */
	uint32_t in_pipe;
	uint8_t score; /* large (small) reads in a row */
	bool splicing;
	bool discard;          /* the receiver is gone for good: read and forget */
	bool frame_boundary;   /* message mode: nothing of a frame is half passed on */
	uint8_t frame_head[4]; /* message mode, from TCP: partial header */
	uint8_t frame_head_len;
	uint32_t frame_left; /* message mode, from TCP: payload still to come */
};

enum rly_sched { RLY_SCHED_NONE, RLY_SCHED_NEW, RLY_SCHED_OLD, RLY_SCHED_THROTTLED };

struct rly_pair {
	struct rly_leg *leg[2]; /* [0] waited, [1] came second */
	struct rly_flow flow[2];
	struct rly_entry *entry;
	struct hws_list idle;  /* in the shard's wheel: always */
	struct hws_list sched; /* in one of the scheduler's lists, or none */
	struct rly_rate rate;
	uint64_t own_rate; /* bytes per second by an operator's command, 0 = the general one */
	uint64_t id;
	uint32_t born_ds, moved_ds; /* tenths of a second since the shard's start */
	int32_t deficit;
	uint32_t round;
	uint8_t sched_state;
	bool raw;  /* TCP to TCP: the bytes are not looked at */
	bool slow; /* on the slow list or downgraded */
	bool closing;
};

struct rly_stash *rly_stash_new(const void *p, size_t n);
/* Appends, perhaps moving it; takes a NULL stash. HWS_ERR_TOOBIG above max unread bytes. */
int rly_stash_add(struct rly_stash **s, const void *p, size_t n, size_t max);
static inline size_t rly_stash_len(const struct rly_stash *s)
{
	return s ? s->len - s->at : 0;
}
/* Drops n bytes from the front; an empty one is freed. */
void rly_stash_drop(struct rly_stash **s, size_t n);

/* Of a connection without, or behind, a PROXY header. */
static inline enum rly_leg_state rly_leg_start_state(const struct rly_leg *l)
{
	return l->is_ws ? RLY_LEG_UPGRADE : RLY_LEG_REQUEST;
}

void rly_leg_sockaddr(const struct rly_leg *l, struct sockaddr_storage *ret);
