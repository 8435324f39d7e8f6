/* clipfiles/owner: the end that has copied files, towards one peer: announces them, tells the
 * list when it is asked for, and answers requests for sizes and ranges one after the other,
 * reading on the workers. What it holds for a peer is bounded: a peer that asks for more than is
 * answered hears "no". Loop thread only. */
#pragma once
#include "client/services/clipfiles/pdu.h"
#include "client/services/clipfiles/tree.h"
#include "proto/session.pb-c.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"

struct hws_clip_owner;

struct hws_clip_owner_conf {
	struct hws_loop *loop;
	struct hws_work *work;
	bool extended;             /* the peer is one of ours (HWS_LEVEL_V2) */
	enum hws_clip_epoch epoch; /* of the times that a deployed peer understands */
	bool tells_files;          /* the controlling side says by `files` what is being pasted */
	/* HWS_ERR_FULL: not now, hws_clip_owner_drained is due. */
	int (*send)(const Ses__Message *m, void *arg);
	/* More would only wait; NULL: never. */
	bool (*can_send)(void *arg);
	/* The first bytes of this file go out; once for each list and file. May be NULL. */
	void (*on_read)(const struct hws_clip_tree *t, uint32_t index, void *arg);
	void *arg;
};

int hws_clip_owner_new(
		const struct hws_clip_owner_conf *conf, struct hws_clip_owner **ret) HWS_MUST_CHECK;
void hws_clip_owner_free(struct hws_clip_owner *o); /* takes NULL */
/* From now on this is what was copied (takes a reference of its own), and the peer hears of it. */
int hws_clip_owner_offer(struct hws_clip_owner *o, struct hws_clip_tree *t) HWS_MUST_CHECK;
/* Nothing is offered any more; what is asked for is refused. With `tell` the peer is asked to drop
 * what it has of it. */
void hws_clip_owner_withdraw(struct hws_clip_owner *o, bool tell);
/* True when it was one of its own: a request. */
bool hws_clip_owner_message(struct hws_clip_owner *o, const Ses__Cliprdr *m);
void hws_clip_owner_drained(struct hws_clip_owner *o);
