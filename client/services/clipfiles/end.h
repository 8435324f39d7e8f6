/* clipfiles/end: both directions of copied files towards one peer: what this side has copied
 * (owner) and what the peer has (paster), with the clock that the second needs. Loop thread
 * only. */
#pragma once
#include "client/services/clipfiles/owner.h"
#include "client/services/clipfiles/paster.h"

struct hws_clip_end;

struct hws_clip_end_conf {
	struct hws_loop *loop;
	struct hws_work *work;
	bool extended;   /* both ends are ours (HWS_LEVEL_V2) */
	bool is_windows; /* a deployed peer, which counts its times truly */
	bool is_viewer;  /* this end */
	int (*send)(const Ses__Message *m, void *arg);
	bool (*can_send)(void *arg);
	/* Of the owner and the paster; see there. */
	void (*on_read)(const struct hws_clip_tree *t, uint32_t index, void *arg);
	void (*on_list)(struct hws_clip_list *list, void *arg);
	void (*on_refused)(const char *why, void *arg);
	void (*on_gone)(void *arg);
	void *arg;
};

int hws_clip_end_new(
		const struct hws_clip_end_conf *conf, struct hws_clip_end **ret) HWS_MUST_CHECK;
void hws_clip_end_free(struct hws_clip_end *e); /* takes NULL */
struct hws_clip_owner *hws_clip_end_owner(struct hws_clip_end *e);
struct hws_clip_paster *hws_clip_end_paster(struct hws_clip_end *e);
/* What a permission was taken for or a user switched off: `gives`: this side's files are the
 * peer's to have; `takes`: the peer's are this side's. What is not any more is withdrawn. */
void hws_clip_end_allow(struct hws_clip_end *e, bool gives, bool takes);
/* False: not a message that this side may have from the peer. */
bool hws_clip_end_message(struct hws_clip_end *e, const Ses__Cliprdr *m);
