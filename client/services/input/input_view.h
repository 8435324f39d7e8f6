/* input/input_view: keyboard and mouse of the viewer as messages. All functions return
 * HWS_ERR_DENIED when the host or the user does not permit input now. Loop thread only. */
#pragma once
#include "client/core/viewer.h"
#include "client/services/input/layout.h"
#include "shared/base/bytes.h"

#define HWS_TYPE_MAX (1u << 20)

enum hws_keyboard_mode {
	HWS_KEYBOARD_AUTO,
	HWS_KEYBOARD_MAP,
	HWS_KEYBOARD_TRANSLATE,
	HWS_KEYBOARD_LEGACY
};

/* HWS_LOCK_*: lock keys that are on. */
#define HWS_LOCK_CAPS 1u
#define HWS_LOCK_NUM 2u
#define HWS_LOCK_SCROLL 4u

struct hws_input_view;

/* It works for this viewer even before hws_viewer_serve. */
int hws_input_view_new(struct hws_viewer *viewer, struct hws_input_view **ret) HWS_MUST_CHECK;
void hws_input_view_free(struct hws_input_view *iv); /* takes NULL */
struct hws_service *hws_input_view_service(struct hws_input_view *iv);
/* The other way round; `s` is one. */
struct hws_input_view *hws_input_view_of(struct hws_service *s);
/* Nothing is down at the host: it has let go by itself. */
void hws_input_view_reset(struct hws_input_view *iv);
void hws_input_view_set_mode(struct hws_input_view *iv, enum hws_keyboard_mode mode);
/* The layout of this side; copied. */
void hws_input_view_set_layout(struct hws_input_view *iv, const struct hws_layout *own);
/* How the next key is sent, never AUTO. That sends characters when both layouts are known and
 * differ, else positions where the host can take them. */
enum hws_keyboard_mode hws_input_view_mode(struct hws_input_view *iv);

/* Pixels of the picture of `display`. */
int hws_input_view_move(struct hws_input_view *iv, size_t display, int x, int y) HWS_MUST_CHECK;
/* `button`: 1 left, 2 right, 4 middle, 8 back, 16 forward. */
int hws_input_view_button(struct hws_input_view *iv, int button, bool down) HWS_MUST_CHECK;
/* 120ths of a notch; positive is right and up. */
int hws_input_view_wheel(struct hws_input_view *iv, int dx, int dy) HWS_MUST_CHECK;
/* evdev code; `unicode`: the character of the local layout or 0. A release of what is not down is
 * left out. */
int hws_input_view_key(struct hws_input_view *iv, unsigned code, bool down, unsigned locks,
		uint32_t unicode) HWS_MUST_CHECK;
int hws_input_view_release_all(struct hws_input_view *iv) HWS_MUST_CHECK;
/* UTF-8; newline and tab become keys. HWS_ERR_INVAL, HWS_ERR_TOOBIG. */
int hws_input_view_type(struct hws_input_view *iv, struct hws_bytes text) HWS_MUST_CHECK;
int hws_input_view_ctrl_alt_del(struct hws_input_view *iv) HWS_MUST_CHECK;
int hws_input_view_lock_screen(struct hws_input_view *iv) HWS_MUST_CHECK;
