/* chat/chat_view: what the person at the host and the user of the viewer write to each other, at
 * the viewer. Nothing of it is kept. Loop thread only. */
#pragma once
#include "client/core/viewer.h"

struct hws_chat_view;

struct hws_chat_view_conf {
	/* The person at the host wrote this: readable (chat/chat_text), not blank, borrows. */
	void (*on_text)(const char *text, void *arg);
	void *arg;
	uint64_t (*now_us)(void); /* NULL = hws_clock_us */
};

int hws_chat_view_new(
		const struct hws_chat_view_conf *conf, struct hws_chat_view **ret) HWS_MUST_CHECK;
void hws_chat_view_free(struct hws_chat_view *cv); /* takes NULL */
struct hws_service *hws_chat_view_service(struct hws_chat_view *cv);
/* The other way round; `s` is one. */
struct hws_chat_view *hws_chat_view_of(struct hws_service *s);
/* HWS_ERR_INVAL: blank or not UTF-8; HWS_ERR_DENIED: there is no session now. */
int hws_chat_view_send(struct hws_chat_view *cv, const char *utf8) HWS_MUST_CHECK;
