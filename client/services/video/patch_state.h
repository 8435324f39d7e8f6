/* video/patch_state: what a display, and a job of it, note for exact patches: patch_host.h. */
#pragma once
#include "client/media/patch.h"
#include "client/media/region.h"
#include "shared/base/buf.h"
#include "shared/loop/loop.h"

#define HWS_PATCH_MOVING 4u

/* Of a display. */
struct hws_patch_host {
	struct hws_patcher *patcher; /* NULL: no viewer knows of patches, or a job has it */
	uint32_t generation;
	struct hws_region behind; /* what patches changed and the codec has not seen */
	/* Where patches were too much of late: that is for the codec. */
	struct {
		struct hws_rect r;
		uint64_t until_us;
	} moving[HWS_PATCH_MOVING];
	enum { HWS_PATCH_TEXT, HWS_PATCH_REFINE, HWS_PATCH_PHOTO, HWS_PATCH_DONE } phase;
	bool due;        /* something may rest by now */
	unsigned waited; /* in a row, for what did not */
	struct hws_timer timer;
	uint64_t sent, bytes;
};

/* Of a job; what the worker does with it is its own until it is done. */
struct hws_patch_job {
	struct hws_patcher *patcher; /* owned; NULL: no patches */
	bool tries;                  /* the damage is first tried as a patch, unless it moves */
	bool anew;                   /* a viewer begins: nothing of what it shows is known */
	bool completes;              /* nothing but that */
	bool photo;                  /* not text alone */
	bool too_much;               /* it turned out */
	bool skip;                   /* nothing is left for the codec */
	size_t max, pixels;
	uint32_t turn, until;
	struct hws_region still, damage; /* what is tried; what was, of the codec's */
	struct hws_region named;         /* what viewers that know of patches show of the video */
	struct hws_buf out;              /* the patch; empty: none */
};
