/* The states of the protocol in words. The host's own words are shown behind them, made readable:
 * it may write what it likes. */
#include "client/services/privacy/privacy_view.h"
#include "client/core/readable_text.h"
#include "shared/base/mem.h"
#include <stdio.h>

#define PRV(state) SES__BACK_NOTIFICATION__PRIVACY_MODE_STATE__Prv##state
#define BLK(state) SES__BACK_NOTIFICATION__BLOCK_INPUT_STATE__Blk##state

struct hws_privacy_view {
	struct hws_service service;
	hws_privacy_news_fn fn;
	void *arg;
};

struct word {
	bool on;
	int result;
	const char *text;
};

static struct word word_of_privacy(Ses__BackNotification__PrivacyModeState state)
{
	switch (state) {
	case PRV(OnSucceeded):
		return (struct word){ true, HWS_OK, "" };
	case PRV(OffSucceeded):
		return (struct word){ false, HWS_OK, "" };
	case PRV(OnByOther):
		return (struct word){ true, HWS_ERR_DENIED,
			"Another viewer has turned on privacy mode at the host" };
	case PRV(NotSupported):
		return (struct word){ false, HWS_ERR_UNSUPPORTED, "This host has no privacy mode" };
	case PRV(OnFailedDenied):
		return (struct word){ false, HWS_ERR_DENIED,
			"The host does not permit privacy mode to this viewer" };
	case PRV(OnFailed):
	case PRV(OnFailedPlugin):
		return (struct word){ false, HWS_ERR_SYS,
			"The host did not get into privacy mode" };
	case PRV(OffByPeer):
		return (struct word){ false, HWS_ERR_DENIED,
			"Somebody at the host has ended privacy mode" };
	case PRV(OffFailed):
		return (struct word){ true, HWS_ERR_SYS,
			"The host did not get out of privacy mode" };
	case PRV(OffUnknown):
		return (struct word){ false, HWS_ERR_SYS, "Privacy mode of the host has ended" };
	case PRV(StateUnknown):
	case _SES__BACK_NOTIFICATION__PRIVACY_MODE_STATE_IS_INT_SIZE:
		break;
	}
	return (struct word){ 0 };
}

static struct word word_of_block(Ses__BackNotification__BlockInputState state)
{
	switch (state) {
	case BLK(OnSucceeded):
		return (struct word){ true, HWS_OK, "" };
	case BLK(OffSucceeded):
		return (struct word){ false, HWS_OK, "" };
	case BLK(OnFailed):
		return (struct word){ false, HWS_ERR_SYS,
			"The host does not block its mouse and keyboard" };
	case BLK(OffFailed):
		return (struct word){ true, HWS_ERR_SYS,
			"The host does not give its mouse and keyboard back" };
	case BLK(StateUnknown):
	case _SES__BACK_NOTIFICATION__BLOCK_INPUT_STATE_IS_INT_SIZE:
		break;
	}
	return (struct word){ 0 };
}

static void tell(struct hws_privacy_view *pv, const Ses__BackNotification *n)
{
	struct hws_privacy_news news = { 0 };
	struct word w = { 0 };
	char details[300], text[500];

	if (n->union_case == SES__BACK_NOTIFICATION__UNION_PRIVACY_MODE_STATE) {
		w = word_of_privacy(n->privacy_mode_state);
		news.by_other = n->privacy_mode_state == PRV(OnByOther);
	} else if (n->union_case == SES__BACK_NOTIFICATION__UNION_BLOCK_INPUT_STATE) {
		w = word_of_block(n->block_input_state);
		news.is_input = true;
	}
	if (!w.text)
		return; /* of a later version */
	hws_readable_text(details, sizeof(details), hws_bytes_str(n->details));
	snprintf(text, sizeof(text), "%s%s%s", w.text, *w.text && *details ? ": " : "",
			*w.text ? details : "");
	news.on = w.on;
	news.result = w.result;
	news.text = text;
	pv->fn(&news, pv->arg);
}

static bool on_message(struct hws_service *s, Ses__Message *m)
{
	if (m->union_case == SES__MESSAGE__UNION_MISC &&
			m->misc->union_case == SES__MISC__UNION_BACK_NOTIFICATION)
		tell(hws_container(s, struct hws_privacy_view, service),
				m->misc->back_notification);
	return false;
}

static void on_free(struct hws_service *s)
{
	hws_free(hws_container(s, struct hws_privacy_view, service));
}

static const struct hws_service_impl impl = {
	.id = HWS_SERVICE_PRIVACY,
	.name = "privacy",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.on_message = on_message,
	.free = on_free,
};

int hws_privacy_view_new(hws_privacy_news_fn fn, void *arg, struct hws_service **ret)
{
	struct hws_privacy_view *pv = hws_alloc(sizeof(*pv));

	if (!pv)
		return HWS_ERR_NOMEM;
	pv->service.impl = &impl;
	pv->fn = fn;
	pv->arg = arg;
	*ret = &pv->service;
	return HWS_OK;
}
