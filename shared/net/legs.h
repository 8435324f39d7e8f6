/* net/legs: a stream that survives the connection it runs over. Below a session's link (net/conn)
 * and above one or more streams, its "legs": the bytes of the session go over one of them, and
 * another can take their place at any byte, with nothing lost, doubled or out of order, and
 * without the link above knowing. So a session moves from a relay to a direct way, back, and to
 * another address. docs/protocol-v2.md, section "Legs".
 *
 * How: what is sent is kept until the other end has said that it has it. On each leg go small
 * frames (wire/frame, so a WebSocket is as good as TCP): bytes, where they belong, how far the
 * other direction has come, "are you there", "nothing more comes here", "the end". A new leg
 * begins where the other end says it is, and what was under way on the old one comes again, on the
 * quicker of the two. The old leg is kept until the new one has answered, and used again should
 * that one fail. Each direction of each end changes over by itself, to the usable leg with the
 * highest number.
 *
 * Nothing here proves anything: records above (crypto/record_v2) tell a changed byte, and a leg is
 * let in by net/leg_join, which makes both ends prove that they are those of the session.
 *
 * One loop thread; belongs to the link, and ends with it (hws_stream_close). */
#pragma once
#include "shared/net/conn.h"

struct hws_legs;

#define HWS_LEGS_MAX 4u              /* at one time, old ones included */
#define HWS_LEGS_KEPT_MAX (8u << 20) /* bytes sent and not acknowledged; then nothing is taken */

enum hws_legs_event {
	/* The session goes over this leg from now on: a new one, or an old one again. */
	HWS_LEGS_MOVED,
	/* Something is awaited over the current leg, and nothing came for silent_us. It is used on:
	 * whoever can makes another. Once, until something is heard again. */
	HWS_LEGS_SILENT,
	HWS_LEGS_HEARD, /* after SILENT */
	/* This leg is gone: it failed, or it was superseded and has done its work. */
	HWS_LEGS_LOST,
	/* After LOST: none is left. Within the limit a new one goes on with the session. */
	HWS_LEGS_AWAY,
};

struct hws_legs_conf {
	/* With no leg left: so long until the stream fails as the last leg did; 0 = at once. */
	uint64_t away_us;
	/* The same when the last leg was ended or reset by the other side, as by a process that
	 * died. At most away_us. */
	uint64_t ended_us;
	/* Nothing heard on the current leg for so long: the other end is asked for a sign. 0 =
	 * never by itself. */
	uint64_t ask_us;
	uint64_t silent_us; /* for HWS_LEGS_SILENT; 0 = never */
	int unsent;         /* hws_stream_keep_shallow of each leg; 0 = as it is */
	/* May be NULL. May add legs and close the stream. `number` is the leg's. */
	void (*on_event)(struct hws_legs *l, enum hws_legs_event event, uint32_t number, void *arg);
	void *arg;
};

/* Puts legs below a link that just has its keys: from the next byte on, in both directions, its
 * stream is leg number 0. Both ends do it right behind their own v2_confirm, and the peer's:
 * nothing else may have been sent since, and the frame that is being delivered may be the last of
 * before. HWS_ERR_NOMEM: the link is as it was. */
int hws_legs_begin(struct hws_conn *c, const struct hws_legs_conf *conf,
		struct hws_legs **ret) HWS_MUST_CHECK;
/* For others than links (tests): the same with a stream. Takes `first` in any case. */
int hws_legs_new(struct hws_loop *loop, struct hws_stream *first, const struct hws_legs_conf *conf,
		struct hws_legs **ret) HWS_MUST_CHECK;
struct hws_stream *hws_legs_stream(struct hws_legs *l);

/* What stands between a new leg and its use: net/leg_join fills it in. */
struct hws_legs_new_leg {
	struct hws_stream *stream;
	uint32_t number; /* the viewer counts; above all before it */
	/* So many bytes of ours the other end has. HWS_ERR_PROTO if that cannot be. */
	uint64_t peer_received;
	struct hws_bytes unsent;   /* goes out before all else */
	struct hws_bytes leftover; /* was read from it already */
};
/* Takes the stream in any case. The session goes over it at once. HWS_ERR_PROTO: a number that is
 * not above all before it. Of too many the oldest that is not used goes, and that is not told. */
int hws_legs_add(struct hws_legs *l, const struct hws_legs_new_leg *leg) HWS_MUST_CHECK;

/* So many bytes of the peer have been taken: for peer_received at the other end. */
uint64_t hws_legs_received(const struct hws_legs *l);
/* The leg that the session goes over: its stream (for addresses and figures of KCP, and for
 * hws_stream_kcp_move: never to read, write or close); NULL while away. */
struct hws_stream *hws_legs_current(const struct hws_legs *l);
uint32_t hws_legs_number(const struct hws_legs *l);
/* Asks the other end for a sign over the current leg, now: HWS_LEGS_SILENT follows if none comes
 * in time. */
void hws_legs_ask(struct hws_legs *l);
/* When something was last heard over any leg, by the loop's clock. */
uint64_t hws_legs_heard_us(const struct hws_legs *l);
/* This end gives the leg up (its interface has gone): as if it had failed. */
void hws_legs_drop(struct hws_legs *l, uint32_t number);
/* No more events from now on: their `arg` goes before the link does. */
void hws_legs_let_go(struct hws_legs *l);
/* Other times from now on. */
void hws_legs_set_pace(struct hws_legs *l, uint64_t ask_us, uint64_t silent_us);
/* Another time without legs from now on, also when that has begun. */
void hws_legs_set_away(struct hws_legs *l, uint64_t away_us);
/* The same for conf.ended_us, of later ends. */
void hws_legs_set_ended(struct hws_legs *l, uint64_t ended_us);
/* For figures: bytes of all legs, with what legs cost, and bytes that were sent again. */
struct hws_legs_count {
	uint64_t out, in, again;
	uint32_t moves;
};
void hws_legs_counted(const struct hws_legs *l, struct hws_legs_count *ret);
