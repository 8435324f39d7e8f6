/* clipboard/clipboard_host: text of the desktop's clipboard to the viewers and back. */
#pragma once
#include "client/platform/clip.h"
#include "client/services/host_viewer.h"
#include "shared/loop/loop.h"

struct hws_clipboard_host;

/* The clipboard's events become ours. */
int hws_clipboard_host_new(struct hws_loop *loop, struct hws_clip *clip,
		struct hws_clipboard_host **ret) HWS_MUST_CHECK;
void hws_clipboard_host_free(struct hws_clipboard_host *c);
void hws_clipboard_host_join(struct hws_clipboard_host *c, struct hws_host_viewer *g);
void hws_clipboard_host_leave(struct hws_clipboard_host *c, struct hws_host_viewer *g);
/* Permissions changed. */
void hws_clipboard_host_update(struct hws_clipboard_host *c);
/* clipboard, multi_clipboards; true when it was one of them. */
bool hws_clipboard_host_message(
		struct hws_clipboard_host *c, struct hws_host_viewer *g, const Ses__Message *m);
