/* net/legs_impl: what the files of net/legs share. legs.c is the stream that the session's link
 * sees, and which leg it goes over; leg.c one leg, what is read from it and written to it;
 * legs_watch.c the time. */
#pragma once
#include "shared/net/leg_chunk.h"
#include "shared/net/legs.h"
#include "shared/net/ring.h"
#include "shared/net/stream_impl.h"

#define HWS_LEG_UNPLACED UINT64_MAX

struct hws_leg {
	struct hws_legs *legs;
	struct hws_stream *s; /* NULL: the place is free */
	uint32_t number;
	int failed;         /* why it is of no more use; it goes at the end of the turn */
	int broken;         /* why it takes no more; what it has brought is read first */
	struct hws_buf in;  /* read, not looked at */
	struct hws_buf out; /* chunks that are no data; none is begun within data */
	/* The beginning of a chunk of data that the stream has not taken, and how many bytes of it
	 * are still owed: they are the next ones of the session, or of what is kept. */
	uint8_t head[HWS_LEG_CHUNK_HEAD];
	size_t head_len, owed;
	size_t body;     /* so many bytes of a chunk of data are still to come in */
	uint64_t in_at;  /* where they belong */
	uint64_t out_at; /* where the next byte written to it belongs */
	bool placed;     /* and the other end knows */
	bool starved;    /* the stream had nothing more, and what is in is no whole chunk */
	bool asked;      /* for a sign, and there was none */
	bool answers;    /* something was heard since it is the current one */
	bool parted, peer_parted; /* PART was said, or heard */
	uint64_t parted_us;
	uint64_t heard_us;
	uint64_t waits_us; /* since then something is awaited of it; 0 = nothing is */
};

struct hws_legs {
	struct hws_stream base;
	struct hws_legs_conf conf;
	struct hws_leg leg[HWS_LEGS_MAX];
	struct hws_leg *current; /* NULL: away */
	uint32_t last_number;
	struct hws_ring kept; /* from what is acknowledged to what was written */
	uint64_t received, told;
	uint64_t have_due_us; /* HAVE is to be said by then; 0 = it has been */
	uint64_t heard_us, away_since_us, away_limit_us;
	bool have_now, silent, heard_again;
	bool ended; /* by the other end's CLOSE */
	int err;    /* for the link, once there is nothing more to read */
	int last_failure;
	struct hws_legs_count count;
	struct hws_timer wake; /* what was read and not taken; failures */
	struct hws_timer watch;
	uint64_t watch_at_us;
};

/* --- leg.c */
/* Takes `s` on success. */
int hws_leg_init(struct hws_legs *l, struct hws_leg *g, const struct hws_legs_new_leg *from);
void hws_leg_done(struct hws_leg *g);
/* It goes at the end of the turn: nobody above is surprised. */
void hws_leg_fail(struct hws_leg *g, int why);
/* Reads on until data are in front, the stream gives nothing more, or it fails. */
void hws_leg_listen(struct hws_leg *g);
/* Bytes that are next for the link; 0 = there are none on this leg now. */
size_t hws_leg_take(struct hws_leg *g, uint8_t *buf, size_t len);
/* Queues a chunk that is no data. */
void hws_leg_say(struct hws_leg *g, enum hws_leg_chunk_kind kind, uint64_t value);
/* Writes what is queued and may go. False: the stream takes no more, or it failed. */
bool hws_leg_flush(struct hws_leg *g);
/* Of these bytes, which belong at out_at, as many as go. What was offered once comes again. */
size_t hws_leg_put(struct hws_leg *g, struct hws_bytes data);
/* Goes on to where the other legs are. True: nothing is left of what is kept. */
bool hws_leg_catch_up(struct hws_leg *g);
bool hws_leg_has_data(const struct hws_leg *g);

/* --- legs.c */
void hws_legs_want_all(struct hws_legs *l);
/* Something is to be done at the end of the turn. */
void hws_legs_wake(struct hws_legs *l);
/* What the other end has of ours. */
int hws_legs_acknowledged(struct hws_legs *l, uint64_t to);
void hws_legs_event(struct hws_legs *l, enum hws_legs_event event, uint32_t number);
/* Nothing more is to come: the link hears why. */
void hws_legs_give_up(struct hws_legs *l);

/* --- legs_watch.c */
/* Something is due then, at the latest. */
void hws_legs_watch(struct hws_legs *l, uint64_t at_us);
/* Something came over it. */
void hws_legs_heard(struct hws_leg *g);
/* Something is awaited over it from now on. */
void hws_legs_await(struct hws_leg *g);
/* The link took bytes. */
void hws_legs_taken(struct hws_legs *l);
/* Says how far it is, if that is due. */
void hws_legs_say_have(struct hws_legs *l);
/* Old legs have done their work once the current one answers. */
void hws_legs_part(struct hws_legs *l);
