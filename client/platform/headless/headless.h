/* platform/headless: a desktop that exists in memory only: a synthetic screen, recorded input. The
 * test double of every platform interface; also what a host without any display can show. */
#pragma once
#include "client/platform/platform.h"

/* options: NULL, "WxH" or "WxH@FPS" (a marker that moves FPS times a second). With "asks" or
 * "asks,WxH..." it opens as a portal does: when the person at the desktop has answered, which is
 * hws_headless_answer. With "refuses" in its place the person says no to the first that a process
 * asks, and yes to others. */
void hws_headless_open(struct hws_platform_opening *o, const char *options);

/* What follows is for tests; `p` must be a headless platform. */

/* The person's answer to a desktop that asks: yes, or HWS_ERR_DENIED. */
void hws_headless_answer(struct hws_platform_opening *o, bool yes);
/* Fills a rectangle of the virtual desktop with 0xRRGGBB and damages it. */
void hws_headless_fill(struct hws_platform *p, struct hws_rect r, uint32_t rgb);
/* Replaces the display list (1..HWS_DISPLAYS_MAX displays). */
int hws_headless_set_displays(struct hws_platform *p, const struct hws_display *list,
		unsigned count) HWS_MUST_CHECK;
/* A BGRA picture of a display as it is now; the caller drops it. */
int hws_headless_snapshot(
		struct hws_platform *p, unsigned display, struct hws_picture **ret) HWS_MUST_CHECK;
/* Of the pictures of captures that begin from now on; HWS_PIXEL_I420 at first. */
void hws_headless_set_format(struct hws_platform *p, enum hws_pixel_format format);
/* The next `count` grabs fail. */
void hws_headless_fail_grabs(struct hws_platform *p, unsigned count);
/* How often pixels were converted: 0 while nothing changes. */
unsigned hws_headless_grabs(const struct hws_platform *p);
/* Changes of displays, and keeping the person out, fail from now on, or not any more. */
void hws_headless_refuse_screens(struct hws_platform *p, bool refuse);
/* As a desktop that can do nothing of it; before services are made. */
void hws_headless_lose_screens(struct hws_platform *p);
/* The dark monitors are lit by somebody else. */
void hws_headless_end_blank(struct hws_platform *p);
void hws_headless_set_cursor(struct hws_platform *p, const struct hws_cursor_shape *shape);
/* As if somebody at the desktop moved the pointer or copied text. */
void hws_headless_move_pointer(struct hws_platform *p, int x, int y);
/* The middle of the window with the keyboard. */
void hws_headless_move_window(struct hws_platform *p, int x, int y);
void hws_headless_copy(struct hws_platform *p, const struct hws_clip_content *c);
void hws_headless_copy_text(struct hws_platform *p, struct hws_bytes text);
void hws_headless_copy_files(struct hws_platform *p, const char *const *paths, size_t n);
/* The files that were set on the desktop's clipboard, as URIs, each with a line feed; empty: none;
 * borrows. */
struct hws_bytes hws_headless_clip_files(const struct hws_platform *p);
/* What the desktop's clipboard holds in this format; borrows. */
struct hws_bytes hws_headless_clip(const struct hws_platform *p, enum hws_clip_format f);
/* All input so far as text, one event after the other, separated by blanks: "move:10,20", "down:1",
 * "up:1", "wheel:0,1", "rel:1,2", "key+38", "key-38", "type:U+00DF", "locks:1". */
const char *hws_headless_input(const struct hws_platform *p);
void hws_headless_clear_input(struct hws_platform *p);
