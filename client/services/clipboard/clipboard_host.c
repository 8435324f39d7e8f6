/* Text between the desktop's clipboard and the viewers: read once, packed as each viewer
 * understands it, and given only to those who may have it. */
#include "client/services/clipboard/clipboard_host.h"
#include "client/services/clipboard/echo.h"
#include "shared/base/buf.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/wire/compress.h"
#include "shared/wire/limits.h"
#include "shared/wire/version.h"
#include <stdlib.h>

struct hws_clipboard_host {
	struct hws_host_service service;
	struct hws_loop *loop;
	struct hws_clip *clip;
	struct hws_clip_echo echo;
	struct hws_host_viewer *viewer[HWS_HOST_VIEWERS_MAX];
};

/* What the desktop copies goes only to those who may also type: they could fetch it anyhow. */
static bool may_read(const struct hws_host_viewer *g)
{
	return hws_host_viewer_may(g, HWS_PERM_CLIPBOARD) &&
			hws_host_viewer_may(g, HWS_PERM_KEYBOARD);
}

static bool knows_multi(const struct hws_host_viewer *g)
{
	if (g->version < HWS_V_MULTI_CLIPBOARDS || !g->platform[0])
		return false;
	if (hws_str_equal(g->platform, "iOS"))
		return false;
	return !hws_str_equal(g->platform, "Android") || g->version >= hws_version_number("1.3.3");
}

static void on_marked(struct hws_bytes text, void *arg)
{
	struct hws_clipboard_host *c = arg;

	hws_clip_echo_set(&c->echo, text, hws_loop_now_us(c->loop));
}

static void on_text(struct hws_bytes text, void *arg)
{
	struct hws_clipboard_host *c = arg;
	Ses__Message one = SES__MESSAGE__INIT, many = SES__MESSAGE__INIT;
	Ses__Clipboard entry = SES__CLIPBOARD__INIT, *list[1] = { &entry };
	Ses__MultiClipboards multi = SES__MULTI_CLIPBOARDS__INIT;
	struct hws_buf small;

	if (hws_clip_echo_is(&c->echo, text, hws_loop_now_us(c->loop)))
		return;
	hws_clip_echo_set(&c->echo, text, hws_loop_now_us(c->loop));
	hws_buf_init(&small,
			text.len + text.len / 64 + 1024); /* what does not shrink grows a little */
	if (hws_compress(text, HWS_COMPRESS_LEVEL, &small) == HWS_OK &&
			hws_buf_len(&small) < text.len) {
		entry.compress = true;
		text = hws_buf_bytes(&small);
	}
	entry.format = SES__CLIPBOARD_FORMAT__Text;
	entry.content.data = (uint8_t *)text.ptr;
	entry.content.len = text.len;
	one.union_case = SES__MESSAGE__UNION_CLIPBOARD;
	one.clipboard = &entry;
	multi.clipboards = list;
	multi.n_clipboards = 1;
	many.union_case = SES__MESSAGE__UNION_MULTI_CLIPBOARDS;
	many.multi_clipboards = &multi;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct hws_host_viewer *g = c->viewer[i];
		if (g && may_read(g))
			hws_host_viewer_tell(g, knows_multi(g) ? &many : &one);
	}
	hws_buf_done(&small);
}

/* True when it held text for the desktop. */
static bool take_entry(struct hws_clipboard_host *c, const Ses__Clipboard *e)
{
	struct hws_bytes text = hws_bytes(e->content.data, e->content.len);
	struct hws_buf plain;
	bool ok = true;

	if (e->format != SES__CLIPBOARD_FORMAT__Text)
		return false;
	hws_buf_init(&plain, HWS_CLIP_TEXT_MAX);
	if (e->compress) {
		ok = hws_decompress(text, HWS_CLIP_TEXT_MAX, &plain) == HWS_OK;
		text = hws_buf_bytes(&plain);
	}
	ok = ok && text.len && hws_utf8_valid(text);
	if (ok) {
		int r = hws_clip_set_text(c->clip, text);
		hws_clip_echo_set(&c->echo, text, hws_loop_now_us(c->loop));
		if (r < 0)
			hws_debug("clipboard.not_set", HWS_ERR("why", r));
	}
	hws_buf_done(&plain);
	return ok;
}

bool hws_clipboard_host_message(
		struct hws_clipboard_host *c, struct hws_host_viewer *g, const Ses__Message *m)
{
	if (m->union_case != SES__MESSAGE__UNION_CLIPBOARD &&
			m->union_case != SES__MESSAGE__UNION_MULTI_CLIPBOARDS)
		return false;
	if (!hws_host_viewer_may(g, HWS_PERM_CLIPBOARD))
		return true;
	if (m->union_case == SES__MESSAGE__UNION_CLIPBOARD) {
		take_entry(c, m->clipboard);
		return true;
	}
	for (size_t i = 0; i < m->multi_clipboards->n_clipboards; i++)
		if (take_entry(c, m->multi_clipboards->clipboards[i]))
			break;
	return true;
}

/* The desktop's clipboard is followed while somebody may read it. */
static void watch(struct hws_clipboard_host *c)
{
	bool wanted = false;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		wanted = wanted || (c->viewer[i] && may_read(c->viewer[i]));
	hws_clip_watch(c->clip, wanted);
}

void hws_clipboard_host_join(struct hws_clipboard_host *c, struct hws_host_viewer *g)
{
	c->viewer[g->slot] = g;
	watch(c);
}

int hws_clipboard_host_new(
		struct hws_loop *loop, struct hws_clip *clip, struct hws_clipboard_host **ret)
{
	struct hws_clipboard_host *c = calloc(1, sizeof(*c));

	if (!c)
		return HWS_ERR_NOMEM;
	c->service.impl = &hws_clipboard_host_service;
	c->loop = loop;
	c->clip = clip;
	clip->ev = (struct hws_clip_events){ on_text, on_marked, c };
	*ret = c;
	return HWS_OK;
}

void hws_clipboard_host_free(struct hws_clipboard_host *c)
{
	if (!c)
		return;
	hws_clip_watch(c->clip, false);
	c->clip->ev = (struct hws_clip_events){ 0 };
	free(c);
}

/* --- as a service --- */

static struct hws_clipboard_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct hws_clipboard_host, service);
}

static int service_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	struct hws_clipboard_host *c;
	int r = hws_clipboard_host_new(env->loop, env->platform->clip, &c);

	if (r == HWS_OK)
		*ret = &c->service;
	return r;
}

static void service_free(struct hws_host_service *s)
{
	hws_clipboard_host_free(of(s));
}

static void on_join(struct hws_host_service *s, struct hws_host_viewer *v)
{
	hws_clipboard_host_join(of(s), v);
}

static void on_leave(struct hws_host_service *s, struct hws_host_viewer *v)
{
	struct hws_clipboard_host *c = of(s);

	c->viewer[v->slot] = NULL;
	watch(c);
}

static void on_update(struct hws_host_service *s, struct hws_host_viewer *v HWS_UNUSED)
{
	watch(of(s));
}

static bool on_message(struct hws_host_service *s, struct hws_host_viewer *v, const Ses__Message *m)
{
	return hws_clipboard_host_message(of(s), v, m);
}

const struct hws_host_service_impl hws_clipboard_host_service = {
	.id = HWS_SERVICE_CLIPBOARD,
	.name = "clipboard",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.new = service_new,
	.free = service_free,
	.join = on_join,
	.leave = on_leave,
	.update = on_update,
	.message = on_message,
};
