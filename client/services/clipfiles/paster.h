/* clipfiles/paster: the end that pastes, towards one peer that has copied: asks for the list when
 * files are announced, and reads ranges of them. Towards one of ours ranges are fetched ahead, many
 * at a time; towards a deployed program one at a time. A range that is not answered fails: 3 s with
 * nothing heard are waited for three times, and a deployed peer is asked again. Nothing waits
 * longer. Sans-IO: messages in and out, the time by `now_us` and hws_clip_paster_tick. One
 * thread. */
#pragma once
#include "client/mount/list.h"
#include "client/services/clipfiles/pdu.h"
#include "proto/session.pb-c.h"

struct hws_clip_paster;
struct hws_clip_read;

#define HWS_CLIP_READ_MAX (1u << 20) /* bytes of one read */
#define HWS_CLIP_TICK_US 250000u     /* how often hws_clip_paster_tick is to be called */

struct hws_clip_paster_conf {
	bool extended;             /* the peer is one of ours (HWS_LEVEL_V2) */
	enum hws_clip_epoch epoch; /* of the times that a deployed peer tells */
	int (*send)(const Ses__Message *m, void *arg);
	uint64_t (*now_us)(void *arg);
	/* The peer's files; what was there before has gone. It keeps a reference itself, and
	 * `list` stays valid until the next call of these three. */
	void (*on_list)(struct hws_clip_list *list, void *arg);
	/* It announced files whose list cannot be used. */
	void (*on_refused)(const char *why, void *arg);
	/* What was there has gone; all reads have failed before. */
	void (*on_gone)(void *arg);
	void *arg;
};

int hws_clip_paster_new(const struct hws_clip_paster_conf *conf,
		struct hws_clip_paster **ret) HWS_MUST_CHECK;
/* Ends all reads with HWS_ERR_CANCELED, without on_gone. Takes NULL. */
void hws_clip_paster_free(struct hws_clip_paster *p);
/* True when it was one of its own. */
bool hws_clip_paster_message(struct hws_clip_paster *p, const Ses__Cliprdr *m);
void hws_clip_paster_tick(struct hws_clip_paster *p);
/* Is anything waited for, so that ticks are needed? */
bool hws_clip_paster_waits(const struct hws_clip_paster *p);
/* The peer, or this side, wants no more of it: as if the peer had withdrawn its files. */
void hws_clip_paster_drop(struct hws_clip_paster *p);
/* NULL: there is none. Borrows. */
struct hws_clip_list *hws_clip_paster_list(const struct hws_clip_paster *p);

/* `r` HWS_OK: `data` (borrowed) is what was asked for, shorter only at the end of the file as the
 * list has it. Otherwise HWS_ERR_TIMEOUT, HWS_ERR_DENIED (the peer cannot or does not want to),
 * HWS_ERR_PROTO (another answer than the list promises), HWS_ERR_CANCELED. May ask for more, must
 * not free the paster. */
typedef void hws_clip_read_fn(int r, struct hws_bytes data, void *arg);
/* `len` up to HWS_CLIP_READ_MAX. Ends by `done`, perhaps before this returns (then *ret is NULL).
 * HWS_ERR_RANGE: no such file; HWS_ERR_FULL: too many at once. */
int hws_clip_paster_read(struct hws_clip_paster *p, uint32_t index, uint64_t offset, uint32_t len,
		hws_clip_read_fn *done, void *arg, struct hws_clip_read **ret) HWS_MUST_CHECK;
/* `done` is not called any more. */
void hws_clip_paster_cancel(struct hws_clip_paster *p, struct hws_clip_read *read);
