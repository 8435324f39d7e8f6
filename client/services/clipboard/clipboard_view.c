/* Text of both clipboards at the viewer, in the forms that hosts of each version understand. */
#include "client/services/clipboard/clipboard_view.h"
#include "client/decoder/confined.h"
#include "client/services/clipboard/echo.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/compress.h"
#include "shared/wire/limits.h"
#include "shared/wire/version.h"

struct hws_clipboard_view {
	struct hws_service service;
	struct hws_clipboard_view_conf conf;
	struct hws_clip_echo echo;
};

static bool take_text(struct hws_clipboard_view *cv, struct hws_bytes text)
{
	if (text.len == 0 || !hws_utf8_valid(text) || memchr(text.ptr, 0, text.len))
		return false;
	hws_clip_echo_set(&cv->echo, text, cv->conf.now_us());
	cv->conf.on_text(text, cv->conf.arg);
	return true;
}

static void on_unpacked(int r, const struct hws_confined_result *res, void *arg)
{
	if (r == HWS_OK)
		take_text(arg, res->bytes);
}

/* An older text that is still being unpacked is of no use any more. */
static void forget_unpacking(struct hws_clipboard_view *cv)
{
	hws_confined_cancel(cv->conf.decoder, cv);
}

/* One text entry; false when it is something else or, as far as can be told, not usable. */
static bool take_entry(struct hws_clipboard_view *cv, const Ses__Clipboard *c)
{
	struct hws_bytes text = hws_bytes(c->content.data, c->content.len);

	if (c->format != SES__CLIPBOARD_FORMAT__Text)
		return false;
	forget_unpacking(cv);
	if (c->compress)
		return hws_confined_unpack(cv->conf.decoder, text, HWS_SES_CLIP_MAX, on_unpacked,
				       cv) == HWS_OK;
	return take_text(cv, text);
}

static bool on_message(struct hws_service *service, Ses__Message *m)
{
	struct hws_clipboard_view *cv = hws_container(service, struct hws_clipboard_view, service);

	if (m->union_case == SES__MESSAGE__UNION_CLIPBOARD) {
		take_entry(cv, m->clipboard);
		return false;
	}
	if (m->union_case != SES__MESSAGE__UNION_MULTI_CLIPBOARDS)
		return false;
	for (size_t i = 0; i < m->multi_clipboards->n_clipboards; i++)
		if (take_entry(cv, m->multi_clipboards->clipboards[i]))
			break;
	return false;
}

/* Several formats in one message are understood from 1.3.0 on (Android: 1.3.3). */
static bool takes_multi(const struct hws_peer *p)
{
	uint32_t need = p->kind == HWS_PLATFORM_ANDROID ? (uint32_t)HWS_V_EMPTY_DIRS
							: (uint32_t)HWS_V_MULTI_CLIPBOARDS;

	return p->platform[0] && p->version_number >= need;
}

int hws_clipboard_view_send(struct hws_clipboard_view *cv, struct hws_bytes text)
{
	Ses__Clipboard c = SES__CLIPBOARD__INIT, *list = &c;
	Ses__MultiClipboards multi = SES__MULTI_CLIPBOARDS__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	struct hws_buf packed;
	int r;

	if (!cv->service.viewer || !hws_viewer_may(cv->service.viewer, &cv->service) ||
			!hws_viewer_permitted(cv->service.viewer,
					SES__PERMISSION_INFO__PERMISSION__Keyboard))
		return HWS_ERR_DENIED;
	if (text.len > HWS_CLIP_SEND_MAX)
		return HWS_ERR_TOOBIG;
	if (!hws_utf8_valid(text))
		return HWS_ERR_INVAL;
	if (text.len == 0 || hws_clip_echo_is(&cv->echo, text, cv->conf.now_us()))
		return HWS_OK;
	hws_buf_init(&packed, HWS_SES_CLIP_MAX);
	r = hws_compress(text, HWS_COMPRESS_LEVEL, &packed);
	if (r < 0)
		goto out;
	c.compress = hws_buf_len(&packed) < text.len;
	struct hws_bytes content = c.compress ? hws_buf_bytes(&packed) : text;
	c.content.data = (uint8_t *)content.ptr;
	c.content.len = content.len;
	if (takes_multi(hws_viewer_peer(cv->service.viewer))) {
		multi.n_clipboards = 1;
		multi.clipboards = &list;
		m.union_case = SES__MESSAGE__UNION_MULTI_CLIPBOARDS;
		m.multi_clipboards = &multi;
	} else {
		m.union_case = SES__MESSAGE__UNION_CLIPBOARD;
		m.clipboard = &c;
	}
	r = hws_viewer_send(cv->service.viewer, &m);
	if (r == HWS_OK)
		hws_clip_echo_set(&cv->echo, text, cv->conf.now_us());
out:
	hws_buf_done(&packed);
	return r;
}

static void forget(struct hws_service *service)
{
	struct hws_clipboard_view *cv = hws_container(service, struct hws_clipboard_view, service);

	forget_unpacking(cv);
	cv->echo = (struct hws_clip_echo){ 0 };
}

static bool is_wanted(const struct hws_view_options *o)
{
	return !o->view_only && !o->no_clipboard;
}

static void on_free(struct hws_service *service)
{
	hws_clipboard_view_free(hws_clipboard_view_of(service));
}

static const struct hws_service_impl impl = {
	.id = HWS_SERVICE_CLIPBOARD,
	.name = "clipboard",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.permissions = HWS_SERVICE_NEEDS(Clipboard),
	.wanted = is_wanted,
	.open = forget,
	.on_message = on_message,
	.close = forget,
	.free = on_free,
};

int hws_clipboard_view_new(
		const struct hws_clipboard_view_conf *conf, struct hws_clipboard_view **ret)
{
	struct hws_clipboard_view *cv = hws_alloc(sizeof(*cv));

	if (!cv)
		return HWS_ERR_NOMEM;
	cv->service.impl = &impl;
	cv->conf = *conf;
	if (!cv->conf.now_us)
		cv->conf.now_us = hws_clock_us;
	*ret = cv;
	return HWS_OK;
}

void hws_clipboard_view_free(struct hws_clipboard_view *cv)
{
	if (!cv)
		return;
	forget_unpacking(cv);
	hws_free(cv);
}

struct hws_service *hws_clipboard_view_service(struct hws_clipboard_view *cv)
{
	return &cv->service;
}

struct hws_clipboard_view *hws_clipboard_view_of(struct hws_service *s)
{
	return hws_container(s, struct hws_clipboard_view, service);
}
