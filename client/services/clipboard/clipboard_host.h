/* clipboard/clipboard_host: what is copied on the desktop to the viewers, and back. */
#pragma once
#include "client/platform/clip.h"
#include "client/services/host_service.h"

struct hws_clipboard_host;

extern const struct hws_host_service_impl hws_clipboard_host_service;

/* The clipboard's events become ours. `work` may be NULL: then all is done at once. */
int hws_clipboard_host_new(struct hws_loop *loop, struct hws_work *work, struct hws_clip *clip,
		struct hws_clipboard_host **ret) HWS_MUST_CHECK;
void hws_clipboard_host_free(struct hws_clipboard_host *c);
void hws_clipboard_host_join(struct hws_clipboard_host *c, struct hws_host_viewer *g);
/* clipboard, multi_clipboards; true when it was one of them. */
bool hws_clipboard_host_message(
		struct hws_clipboard_host *c, struct hws_host_viewer *g, const Ses__Message *m);
