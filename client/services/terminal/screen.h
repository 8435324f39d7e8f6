/* terminal/screen: what a terminal shows, kept by libvterm: the screen, the lines that went off its
 * top, the title; and how a fresh terminal is made to show the same. What the program asks its
 * terminal is not answered here. Loop thread only. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdint.h>

#define HWS_SCREEN_LINES 1000u        /* above the screen */
#define HWS_SCREEN_BYTES (768u << 10) /* of them, as they are sent */
#define HWS_SCREEN_CELLS 250000u
/* What a snapshot needs at most. */
#define HWS_SCREEN_SNAPSHOT_MAX (8u << 20)
#define HWS_SCREEN_TITLE 256u

struct hws_screen;

/* HWS_ERR_TOOBIG: more than HWS_SCREEN_CELLS; HWS_ERR_NOMEM. */
int hws_screen_new(uint16_t columns, uint16_t rows, struct hws_screen **ret) HWS_MUST_CHECK;
void hws_screen_free(struct hws_screen *s);
void hws_screen_feed(struct hws_screen *s, struct hws_bytes said);
/* Of what was said next only the escape sequences are taken: there is too much of it to draw. */
void hws_screen_skip(struct hws_screen *s, struct hws_bytes said);
/* HWS_ERR_TOOBIG: it stays as it was. */
int hws_screen_resize(struct hws_screen *s, uint16_t columns, uint16_t rows) HWS_MUST_CHECK;
/* As the program set it, foreign text; "" = none. */
const char *hws_screen_title(const struct hws_screen *s);
/* Appends what a fresh terminal of this size is sent to look so: lines above, screen, cursor,
 * modes. */
void hws_screen_snapshot(struct hws_screen *s, struct hws_buf *out);
