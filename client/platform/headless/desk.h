/* headless/desk: the desktop in memory, shared by the files of this folder. Private to it. */
#pragma once
#include "client/platform/capture.h"
#include "client/platform/capture_source.h"
#include "client/platform/platform.h"
#include "shared/base/buf.h"

struct hl_view {
	bool started, signalled, grabbing;
	struct hws_region damage;
	struct hws_picture *into; /* of the grab under way, locked */
	struct hws_deferred signal, answer;
	struct headless *owner;
	unsigned index;
};

struct hl_snap {
	struct hws_picture *into; /* locked; NULL = none */
	unsigned display;
};

#define HL_SNAPS_MAX 16u

struct hl_done { /* an answer of the screens */
	enum hws_screens_act act;
	uint64_t who;
	int r;
};

#define HL_DONES_MAX 16u

struct headless {
	struct hws_platform base;
	struct hws_loop *loop;
	struct hws_capture_source source;
	struct hws_cursor cursor;
	struct hws_inject inject;
	struct hws_clip clip;
	struct hws_screens screens;
	void (*on_lost)(const char *why, void *arg);
	void *lost_arg;

	struct hws_picture *screen; /* BGRA, the whole virtual desktop */
	enum hws_pixel_format format;
	struct hws_display list[HWS_DISPLAYS_MAX];
	unsigned count;
	struct hl_view view[HWS_DISPLAYS_MAX];
	struct hl_snap snap[HL_SNAPS_MAX];
	struct hws_deferred snapped;
	unsigned grabs, fail_grabs;

	/* of its screens */
	bool changed, refuse_screens;
	struct hws_display before[HWS_DISPLAYS_MAX], next[HWS_DISPLAYS_MAX];
	unsigned before_count, next_count, dones;
	struct hl_done done[HL_DONES_MAX];
	struct hws_deferred screens_told, relist;

	bool want_shape, want_position, has_shape;
	struct hws_cursor_shape shape;
	struct hws_deferred tell_shape;

	bool want_clip, want_clip_files;
	struct hws_clip_copy clip_content;
	struct hws_buf clip_files;

	struct hws_buf input;
	bool down[256];
	unsigned buttons, locks;

	struct hws_timer animation;
	uint32_t frame;
};

static inline struct headless *of_platform(const struct hws_platform *p)
{
	return hws_container((struct hws_platform *)p, struct headless, base);
}

/* Each part of the desktop sets itself up, and lets go of what it has. */
int hl_screen_init(struct headless *h) HWS_MUST_CHECK;
void hl_screen_done(struct headless *h);
void hl_cursor_init(struct headless *h);
void hl_cursor_done(struct headless *h);
void hl_screens_init(struct headless *h);
void hl_screens_done(struct headless *h);
void hl_input_init(struct headless *h);
void hl_input_done(struct headless *h);
void hl_clip_init(struct headless *h);
void hl_clip_done(struct headless *h);
