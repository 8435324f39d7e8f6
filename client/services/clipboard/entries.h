/* clipboard/entries: what is on a clipboard as messages of the protocol, and back: several formats
 * in one, of which older peers get the text alone. Pure: what is packed is not unpacked here,
 * for at a viewer that is another process's work. */
#pragma once
#include "client/platform/clip_content.h"
#include "proto/session.pb-c.h"
#include "shared/base/buf.h"

/* Of all entries, so that the message fits into a frame. */
#define HWS_CLIP_MESSAGE_MAX ((32u << 20) - (64u << 10))

/* A message, with all that it points to: do not copy it. */
struct hws_clip_message {
	Ses__Message m;
	Ses__MultiClipboards multi;
	Ses__Clipboard entry[HWS_CLIP_FORMATS], *list[HWS_CLIP_FORMATS];
	struct hws_buf packed[HWS_CLIP_FORMATS];
};

/* Borrows the content. With `multi` each format, packed where that is smaller; what does not fit
 * any more is left out. Without it the text: HWS_ERR_NOTFOUND if there is none. Done in any
 * case. */
int hws_clip_message_make(struct hws_clip_message *ret, const struct hws_clip_content *c,
		bool multi) HWS_MUST_CHECK;
void hws_clip_message_done(struct hws_clip_message *m);

/* Whether a peer of this platform ("" = it does not say) and version takes several formats. */
bool hws_clip_takes_multi(const char *platform, uint32_t version);

/* The first usable entry of each format; borrows of the message. An entry of pixels (ImageRgba)
 * stands for HWS_CLIP_PNG where there is no file. */
struct hws_clip_entries {
	const Ses__Clipboard *entry[HWS_CLIP_FORMATS];
};

void hws_clip_entries_of(const Ses__Message *m, struct hws_clip_entries *ret);

/* Bytes that the pixels of an entry must have; 0: there is no such picture, or it is too large. */
size_t hws_clip_pixels_size(const Ses__Clipboard *e);

/* Whether unpacked content is of its format, as far as that is checked where it is handed on. A
 * picture's reason for not being is in `why` (may be NULL). */
bool hws_clip_part_valid(enum hws_clip_format f, struct hws_bytes part, const char **why);
