/* decoder/display_decoder: one display's packets in, its pictures out: decoded, compared with the
 * one before, and converted where they changed. One thread. */
#pragma once
#include "client/media/video_codec.h"

#define HWS_DISPLAY_RECENT 8u

struct hws_display_decoder {
	struct hws_decoder *decoder;
	enum hws_codec codec;
	struct hws_picture *before; /* the last one as decoded, to find out what changed */
	/* What is shown where patches come, too (BGRA): decoded in parts, patched in others. */
	struct hws_picture *composed;
	uint64_t content; /* counts pictures; a picture's mark says which of them it shows */
	struct hws_rect recent[HWS_DISPLAY_RECENT]; /* what picture n changed, at n % RECENT */
};

/* Gives all memory back; as zeroed. */
void hws_display_decoder_forget(struct hws_display_decoder *d);
/* One packet. `reset`: with a new decoder. *ret as hws_decoder_decode has it. */
int hws_display_decoder_packet(struct hws_display_decoder *d, enum hws_codec codec, bool reset,
		struct hws_bytes packet, const struct hws_picture **ret) HWS_MUST_CHECK;
/* Brings `to` (BGRA of the same size, one that this function has shown on before, or with mark 0)
 * up to the decoded picture; *ret: what differs from the one before. HWS_ERR_NOMEM,
 * HWS_ERR_UNSUPPORTED. */
int hws_display_decoder_show(struct hws_display_decoder *d, const struct hws_picture *decoded,
		bool rgba, struct hws_picture *to, struct hws_rect *ret) HWS_MUST_CHECK;
/* The same where patches come, too: only `part` of what is decoded is shown, in even coordinates
 * (NULL: all of it, and patches may follow), beside what patches have drawn. HWS_ERR_CORRUPT: a
 * part of what nobody has shown yet, or not within it. */
int hws_display_decoder_compose(struct hws_display_decoder *d, const struct hws_picture *decoded,
		const struct hws_rect *part, unsigned parts, struct hws_rect *ret) HWS_MUST_CHECK;
/* A patch upon it. HWS_ERR_CORRUPT also where nothing is composed; nothing is composed afterwards,
 * either. */
int hws_display_decoder_patch(struct hws_display_decoder *d, struct hws_bytes patch,
		struct hws_rect *ret) HWS_MUST_CHECK;
/* Brings `to` up to what is composed; there is something. */
int hws_display_decoder_show_composed(
		struct hws_display_decoder *d, bool rgba, struct hws_picture *to) HWS_MUST_CHECK;
/* Nothing is composed any more: the next picture that is shown is a new one. */
void hws_display_decoder_decompose(struct hws_display_decoder *d);
