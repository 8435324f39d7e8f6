/* A host may write as much as it likes, so its messages are bounded in length and number before the
 * embedder hears of them: each becomes an event, and one that floods would hold up all others. */
#include "client/services/chat/chat_view.h"
#include "client/services/chat/chat_text.h"
#include "shared/base/bucket.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#define TEXT_MAX (32u << 10) /* bytes of a message that are shown */
#define PER_S 5u             /* messages; a person writes slower ... */
#define BURST 50u            /* ... but a proud history may come at once */

struct hws_chat_view {
	struct hws_service service;
	struct hws_chat_view_conf conf;
	struct hws_bucket pace;
	char text[HWS_CHAT_ROOM(TEXT_MAX)];
};

static bool on_message(struct hws_service *service, Ses__Message *m)
{
	struct hws_chat_view *cv = hws_chat_view_of(service);

	if (m->union_case != SES__MESSAGE__UNION_MISC ||
			m->misc->union_case != SES__MISC__UNION_CHAT_MESSAGE)
		return false;
	if (hws_chat_is_blank(m->misc->chat_message->text) ||
			!hws_bucket_take(&cv->pace, 1, cv->conf.now_us()))
		return false;
	/* What is longer than any person writes is shown as far as it is bearable. */
	(void)hws_chat_readable(cv->text, sizeof(cv->text), m->misc->chat_message->text);
	cv->conf.on_text(cv->text, cv->conf.arg);
	return false;
}

int hws_chat_view_send(struct hws_chat_view *cv, const char *utf8)
{
	Ses__ChatMessage chat = SES__CHAT_MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;

	if (hws_chat_is_blank(utf8) || !hws_utf8_valid(hws_bytes_str(utf8)))
		return HWS_ERR_INVAL;
	if (!cv->service.viewer || !hws_viewer_may(cv->service.viewer, &cv->service))
		return HWS_ERR_DENIED;
	chat.text = (char *)(uintptr_t)utf8;
	misc.union_case = SES__MISC__UNION_CHAT_MESSAGE;
	misc.chat_message = &chat;
	return hws_viewer_send_misc(cv->service.viewer, &misc);
}

static void on_free(struct hws_service *service)
{
	hws_chat_view_free(hws_chat_view_of(service));
}

/* No permission stands for chat in the protocol: whoever is let in may write. */
static const struct hws_service_impl impl = {
	.id = HWS_SERVICE_CHAT,
	.name = "chat",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE) | HWS_KIND_BIT(HWS_KIND_CAMERA) |
			HWS_KIND_BIT(HWS_KIND_TERMINAL),
	.on_message = on_message,
	.free = on_free,
};

int hws_chat_view_new(const struct hws_chat_view_conf *conf, struct hws_chat_view **ret)
{
	struct hws_chat_view *cv = hws_alloc(sizeof(*cv));

	if (!cv)
		return HWS_ERR_NOMEM;
	cv->service.impl = &impl;
	cv->conf = *conf;
	if (!cv->conf.now_us)
		cv->conf.now_us = hws_clock_us;
	hws_bucket_init(&cv->pace, PER_S, BURST, cv->conf.now_us());
	*ret = cv;
	return HWS_OK;
}

void hws_chat_view_free(struct hws_chat_view *cv)
{
	hws_free(cv);
}

struct hws_service *hws_chat_view_service(struct hws_chat_view *cv)
{
	return &cv->service;
}

struct hws_chat_view *hws_chat_view_of(struct hws_service *s)
{
	return hws_container(s, struct hws_chat_view, service);
}
