/* clipboard/parts: a copy that is large, as many small messages between two hawser ends: one
 * frame of it would hold up the keys, or the pictures, for as long as the line takes for all of
 * it. Sent as the line takes them; the newest copy ends the one before, wherever that is. Loop
 * thread only. */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/base/buf.h"
#include <stdbool.h>

/* --- sending ---------------------------------------------------------------------------------- */

/* A packed message that several peers are sent, each at its own speed. */
struct hws_clip_blob {
	unsigned refs;
	struct hws_buf packed;
};

/* HWS_ERR_NOMEM, HWS_ERR_TOOBIG. One reference. */
int hws_clip_blob_new(const Ses__Message *m, struct hws_clip_blob **ret) HWS_MUST_CHECK;
struct hws_clip_blob *hws_clip_blob_ref(struct hws_clip_blob *b);
void hws_clip_blob_unref(struct hws_clip_blob *b); /* takes NULL */

/* Towards one peer. Zero: nothing is to be sent. */
struct hws_clip_parts_out {
	struct hws_clip_blob *blob;
	size_t at;
	uint32_t copy;
};

/* The blob is sent next, in place of what is still to be sent of another. */
void hws_clip_parts_begin(struct hws_clip_parts_out *o, struct hws_clip_blob *b);
void hws_clip_parts_stop(struct hws_clip_parts_out *o);
/* A message with its part, which points into the blob. */
struct hws_clip_part_message {
	Ses__Message m;
	Ses__Misc misc;
	Ses__ClipboardPart part;
};
/* False: all is sent. Else the next part, to be told by hws_clip_parts_sent when it has left. */
bool hws_clip_parts_next(const struct hws_clip_parts_out *o, struct hws_clip_part_message *ret);
void hws_clip_parts_sent(struct hws_clip_parts_out *o, const struct hws_clip_part_message *m);

/* --- receiving -------------------------------------------------------------------------------- */

struct hws_clip_parts_in {
	struct hws_buf whole;
	size_t size; /* 0: none is arriving */
	uint32_t copy;
};

/* HWS_OK: it was the last one, and *ret is the message, to be freed by hws_ses_free. HWS_ERR_AGAIN:
 * more are to come. Else what has come of this copy is dropped: HWS_ERR_PROTO (parts that do not
 * follow one another, or no message of a clipboard), HWS_ERR_TOOBIG, HWS_ERR_NOMEM. */
int hws_clip_parts_take(struct hws_clip_parts_in *in, const Ses__ClipboardPart *p,
		Ses__Message **ret) HWS_MUST_CHECK;
/* A newer copy has come whole. */
void hws_clip_parts_drop(struct hws_clip_parts_in *in);
