/* What is on the desktop's clipboard and on the viewers': read once, packed as each sort of viewers
 * understands it, and given only to those who may have it, in the direction that the owner allows.
 * What comes small is set at once, for a key that pastes it may be next; what has to be unpacked or
 * made a picture is a worker's, and the newest replaces what waits. */
#include "client/services/clipboard/clipboard_host.h"
#include "client/services/clipboard/arrival.h"
#include "client/services/clipboard/departure.h"
#include "client/services/clipboard/echo.h"
#include "client/services/clipboard/entries.h"
#include "client/services/clipboard/parts.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"

#define LARGE_AGAIN_US (5 * HWS_US_PER_S)

/* One viewer. */
struct reader {
	struct hws_host_viewer *v; /* NULL: none */
	struct hws_clip_parts_out out;
	struct hws_clip_parts_in in;
};

struct hws_clipboard_host {
	struct hws_host_service service;
	struct hws_loop *loop;
	const struct hws_service_conf *conf; /* NULL: both directions */
	struct hws_clip *clip;
	struct hws_clip_arrivals *arrivals;
	struct hws_clip_departures *departures;
	struct hws_clip_echo echo;
	uint64_t large_us; /* when its viewers were told last that something is; 0: never */
	struct reader reader[HWS_HOST_VIEWERS_MAX];
};

/* What the desktop copies goes only to those who may also type: they could fetch it anyhow. */
static bool may_read(const struct hws_clipboard_host *c, const struct hws_host_viewer *g)
{
	return hws_host_viewer_may(g, HWS_PERM_CLIPBOARD) &&
			hws_host_viewer_may(g, HWS_PERM_KEYBOARD) &&
			!(c->conf && c->conf->clip_keep_in);
}

static bool may_write(const struct hws_clipboard_host *c, const struct hws_host_viewer *g)
{
	return hws_host_viewer_may(g, HWS_PERM_CLIPBOARD) &&
			hws_host_viewer_may(g, HWS_PERM_KEYBOARD) &&
			!(c->conf && c->conf->clip_keep_out);
}

/* --- out -------------------------------------------------------------------------------------- */

static void on_marked(const struct hws_clip_content *content, void *arg)
{
	struct hws_clipboard_host *c = arg;

	hws_clip_echo_set(&c->echo, content, hws_loop_now_us(c->loop));
}

static bool takes_multi(const struct hws_host_viewer *g)
{
	return hws_clip_takes_multi(g->platform, g->version);
}

/* As many parts as its line takes at once; `drained` calls for more. */
static void pump(struct reader *r)
{
	struct hws_clip_part_message m;

	while (hws_clip_parts_next(&r->out, &m)) {
		if (r->v->congested && r->v->congested(r->v, HWS_SEND_BULK))
			return;
		int e = hws_host_viewer_send(r->v, &m.m);
		if (e == HWS_ERR_FULL)
			return;
		if (e < 0)
			hws_clip_parts_stop(&r->out);
		else
			hws_clip_parts_sent(&r->out, &m);
	}
}

/* What is large goes in parts to those who know them. */
static void tell(struct reader *r, const Ses__Message *m, struct hws_clip_blob *b)
{
	struct hws_bytes whole = hws_buf_bytes(&b->packed);

	hws_clip_parts_stop(&r->out); /* an older copy is of no use any more */
	if (whole.len > HWS_SEND_BULK_MAX && r->v->level == HWS_LEVEL_V2) {
		hws_clip_parts_begin(&r->out, b);
		pump(r);
	} else if (r->v->send_parts(r->v, hws_session_row_of(m), whole, (struct hws_bytes){ 0 }) <
			0) {
		hws_debug("clipboard.not_told", HWS_U64("conn", r->v->conn));
	}
}

static unsigned sort_of(const struct hws_host_viewer *g)
{
	return takes_multi(g) ? HWS_CLIP_FOR_MULTI : HWS_CLIP_FOR_TEXT;
}

/* To those of one sort who may have it by now. */
static void on_departed(const Ses__Message *m, struct hws_clip_blob *b, unsigned sort, void *arg)
{
	struct hws_clipboard_host *c = arg;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct reader *r = &c->reader[i];
		if (r->v && may_read(c, r->v) && sort_of(r->v) == sort)
			tell(r, m, b);
	}
}

static void on_content(const struct hws_clip_content *content, void *arg)
{
	struct hws_clipboard_host *c = arg;
	unsigned sorts = 0;

	if (hws_clip_echo_is(&c->echo, content, hws_loop_now_us(c->loop)))
		return;
	hws_clip_echo_set(&c->echo, content, hws_loop_now_us(c->loop));
	hws_clip_arrivals_forget(c->arrivals); /* the person here was later */
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (c->reader[i].v && may_read(c, c->reader[i].v))
			sorts |= sort_of(c->reader[i].v);
	hws_clip_departures_take(c->departures, content, sorts);
}

/* Whoever waits for it would paste something older. A program may copy that over and over. */
static void on_large(void *arg)
{
	struct hws_clipboard_host *c = arg;
	uint64_t now = hws_loop_now_us(c->loop);

	if (c->large_us && now - c->large_us < LARGE_AGAIN_US)
		return;
	c->large_us = now;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (c->reader[i].v && may_read(c, c->reader[i].v))
			hws_host_viewer_box(c->reader[i].v, "Clipboard",
					"What was copied at the host has more than the 32 MiB that a clipboard "
					"carries, at least in one form, which is left out.");
}

/* --- in --------------------------------------------------------------------------------------- */

/* Why a picture is not on the desktop's clipboard: whoever pastes something else should know. */
static void tell_refused(struct hws_host_viewer *g, const char *why)
{
	Ses__MessageBox box = SES__MESSAGE_BOX__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	char text[200];

	hws_info_limited("clipboard.refused", HWS_U64("conn", g->conn), HWS_STR("why", why));
	if (hws_fmt(text, sizeof(text),
			    "The picture that was copied cannot be pasted at the host: %s.",
			    why) < 0)
		return;
	box.msgtype = (char *)"custom-nook-nocancel-hasclose-info";
	box.title = (char *)"Clipboard";
	box.text = text;
	box.link = (char *)"";
	m.union_case = SES__MESSAGE__UNION_MESSAGE_BOX;
	m.message_box = &box;
	hws_host_viewer_tell(g, &m);
}

static void on_arrived(const struct hws_clip_content *content, const char *refused, unsigned slot,
		void *arg)
{
	struct hws_clipboard_host *c = arg;
	struct hws_host_viewer *g = c->reader[slot].v;

	if (!g || !may_write(c, g))
		return; /* by now */
	if (refused)
		tell_refused(g, refused);
	if (!hws_clip_content_size(content))
		return;
	hws_clip_departures_forget(c->departures); /* what was copied here before is over */
	int r = hws_clip_set(c->clip, content);
	hws_clip_echo_set(&c->echo, content, hws_loop_now_us(c->loop));
	if (r < 0)
		hws_debug("clipboard.not_set", HWS_ERR("why", r));
}

static void take_part(struct hws_clipboard_host *c, struct reader *r, const Ses__ClipboardPart *p)
{
	Ses__Message *whole = NULL;
	int e = hws_clip_parts_take(&r->in, p, &whole);

	if (e == HWS_OK)
		hws_clip_arrivals_take(c->arrivals, whole, r->v->slot);
	else if (e != HWS_ERR_AGAIN)
		hws_debug("clipboard.part", HWS_ERR("why", e));
	hws_ses_free(whole);
}

bool hws_clipboard_host_message(
		struct hws_clipboard_host *c, struct hws_host_viewer *g, const Ses__Message *m)
{
	struct reader *r = &c->reader[g->slot];
	bool is_part = m->union_case == SES__MESSAGE__UNION_MISC &&
			m->misc->union_case == SES__MISC__UNION_CLIPBOARD_PART;

	if (!is_part && m->union_case != SES__MESSAGE__UNION_CLIPBOARD &&
			m->union_case != SES__MESSAGE__UNION_MULTI_CLIPBOARDS)
		return false;
	if (!may_write(c, g) || !r->v)
		return true;
	if (is_part) {
		take_part(c, r, m->misc->clipboard_part);
	} else {
		hws_clip_parts_drop(&r->in);
		hws_clip_arrivals_take(c->arrivals, m, g->slot);
	}
	return true;
}

/* --- life ------------------------------------------------------------------------------------- */

/* The desktop's clipboard is followed while somebody may read it; what somebody may not have any
 * more is not sent to its end. */
static void watch(struct hws_clipboard_host *c)
{
	bool wanted = false;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct reader *r = &c->reader[i];
		if (!r->v)
			continue;
		if (may_read(c, r->v))
			wanted = true;
		else
			hws_clip_parts_stop(&r->out);
		if (!may_write(c, r->v))
			hws_clip_parts_drop(&r->in);
	}
	hws_clip_watch(c->clip, wanted);
}

void hws_clipboard_host_join(struct hws_clipboard_host *c, struct hws_host_viewer *g)
{
	bool first = true;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		first = first && !c->reader[i].v;
	if (first) /* what others were told before says nothing of this one */
		c->echo = (struct hws_clip_echo){ 0 };
	c->reader[g->slot].v = g;
	watch(c);
}

static void leave(struct hws_clipboard_host *c, unsigned slot)
{
	struct reader *r = &c->reader[slot];

	hws_clip_parts_stop(&r->out);
	hws_clip_parts_drop(&r->in);
	hws_clip_arrivals_forget_of(c->arrivals, slot); /* or it is taken for the next one's */
	r->v = NULL;
}

int hws_clipboard_host_new(struct hws_loop *loop, struct hws_work *work, struct hws_clip *clip,
		struct hws_clipboard_host **ret)
{
	struct hws_clipboard_host *c = hws_alloc(sizeof(*c));
	int r;

	if (!c)
		return HWS_ERR_NOMEM;
	r = hws_clip_arrivals_new(loop, work, on_arrived, c, &c->arrivals);
	if (r == HWS_OK)
		r = hws_clip_departures_new(loop, work, on_departed, c, &c->departures);
	if (r < 0) {
		hws_clip_arrivals_free(c->arrivals);
		hws_free(c);
		return r;
	}
	c->service.impl = &hws_clipboard_host_service;
	c->loop = loop;
	c->clip = clip;
	clip->ev = (struct hws_clip_events){
		.on_content = on_content, .on_marked = on_marked, .on_large = on_large, .arg = c
	};
	*ret = c;
	return HWS_OK;
}

void hws_clipboard_host_free(struct hws_clipboard_host *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		leave(c, i);
	hws_clip_watch(c->clip, false);
	c->clip->ev = (struct hws_clip_events){ 0 };
	hws_clip_arrivals_free(c->arrivals);
	hws_clip_departures_free(c->departures);
	hws_free(c);
}

/* --- as a service --- */

static struct hws_clipboard_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct hws_clipboard_host, service);
}

static int service_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	struct hws_clipboard_host *c;
	int r = hws_clipboard_host_new(env->loop, env->work, env->platform->clip, &c);

	if (r < 0)
		return r;
	c->conf = env->conf;
	*ret = &c->service;
	return HWS_OK;
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

	leave(c, v->slot);
	watch(c);
}

static void on_update(struct hws_host_service *s, struct hws_host_viewer *v HWS_UNUSED)
{
	watch(of(s));
}

static void on_drained(
		struct hws_host_service *s, struct hws_host_viewer *v, enum hws_send_class cls)
{
	struct reader *r = &of(s)->reader[v->slot];

	if (r->v && cls == HWS_SEND_BULK)
		pump(r);
}

static void on_configure(struct hws_host_service *s)
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
	.drained = on_drained,
	.configure = on_configure,
};
