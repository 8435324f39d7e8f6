/* A viewer's words on somebody's desktop: bounded in length and number, so that they annoy at most,
 * and made readable, so that they command neither the notification's markup nor its lines. Where
 * nobody can be shown anything the message is refused as its row of the table says: whoever wrote
 * it must not believe that it was read. */
#include "client/services/chat/chat_host.h"
#include "client/services/chat/chat_text.h"
#include "shared/base/bucket.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define SHOWN_MAX 1000u /* bytes of a message that are shown */
#define SAID_MAX 99u    /* bytes of the last one that are kept */
#define PER_S 1u        /* messages of one viewer ... */
#define BURST 5u        /* ... that may come together */
#define BOX_US (10 * HWS_US_PER_S)
/* The newest messages stay until they are closed; older ones give way. */
#define PLACES HWS_NOTIFY_TEXTS
/* Deployed viewers close the session with the box unless the type has "custom" in it. */

_Static_assert(PLACES >= 4, "several messages at once");
/* What replaces markup has three bytes for one. */
_Static_assert(HWS_CHAT_ROOM(SHOWN_MAX) <= HWS_NOTIFY_TEXT, "shown as a whole");

struct chat_viewer {
	struct hws_bucket pace;
	uint64_t box_us; /* when it was last told that something was left out; 0 = never */
	char said[HWS_CHAT_ROOM(SAID_MAX)]; /* its last words, readable; "" = none */
};

struct hws_chat_host {
	struct hws_host_service service;
	struct hws_loop *loop;
	struct hws_notifier *notifier; /* NULL: nobody is shown anything */
	struct chat_viewer viewer[HWS_HOST_VIEWERS_MAX];
	unsigned next; /* place */
};

static struct hws_chat_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct hws_chat_host, service);
}

/* Now and then only: a box for each message would be a flood of its own. */
static void tell_lost(struct hws_chat_host *c, struct hws_host_viewer *v, const char *what)
{
	struct chat_viewer *w = &c->viewer[v->slot];
	uint64_t now = hws_loop_now_us(c->loop);

	if (w->box_us && now - w->box_us < BOX_US)
		return;
	w->box_us = now;
	hws_host_viewer_box(v, "Message", what);
}

/* A notification's body may be taken for markup. What looks the same is none. */
static void remove_markup(const char *in, char *out, size_t size)
{
	static const char *const instead[] = {
		['<'] = "\u2039", ['>'] = "\u203a", ['&'] = "\uff06"
	};
	size_t at = 0;

	for (; *in; in++) {
		unsigned char c = (unsigned char)*in;
		const char *s = c < HWS_COUNT(instead) ? instead[c] : NULL;
		size_t n = s ? strlen(s) : 1;

		if (n >= size - at)
			break;
		memcpy(out + at, s ? s : in, n);
		at += n;
	}
	out[at] = 0;
}

static int show(struct hws_chat_host *c, struct hws_host_viewer *v, const char *text,
		bool *ret_whole)
{
	char plain[HWS_CHAT_ROOM(SHOWN_MAX)], body[HWS_NOTIFY_TEXT], summary[HWS_NOTIFY_SUMMARY];

	*ret_whole = hws_chat_readable(plain, sizeof(plain), text);
	remove_markup(plain, body, sizeof(body));
	if (hws_fmt(summary, sizeof(summary), "Message from %s", v->who) < 0)
		return HWS_ERR_TOOBIG;
	/* It waits for the person, but in no history of the desktop's. */
	int r = hws_notifier_show(c->notifier, HWS_NOTIFY_SERVICES + c->next, summary, body,
			HWS_NOTIFY_STAYS | HWS_NOTIFY_UNRECORDED);
	if (r == HWS_OK)
		c->next = (c->next + 1) % PLACES;
	return r;
}

/* In one line. */
static void keep(struct chat_viewer *w, const char *text)
{
	hws_chat_readable(w->said, sizeof(w->said), text);
	for (char *p = w->said; *p; p++)
		if (*p == '\n')
			*p = ' ';
}

static bool on_message(struct hws_host_service *s, struct hws_host_viewer *v, const Ses__Message *m)
{
	struct hws_chat_host *c = of(s);
	bool whole;

	if (m->union_case != SES__MESSAGE__UNION_MISC ||
			m->misc->union_case != SES__MISC__UNION_CHAT_MESSAGE)
		return false;
	if (hws_chat_is_blank(m->misc->chat_message->text))
		return true;
	if (!hws_bucket_take(&c->viewer[v->slot].pace, 1, hws_loop_now_us(c->loop))) {
		/* where nothing is shown the first ones were refused */
		if (c->notifier)
			tell_lost(c, v,
					"So many messages at once are not shown: the last ones were "
					"left out.");
		return true;
	}
	keep(&c->viewer[v->slot], m->misc->chat_message->text);
	if (!c->notifier || show(c, v, m->misc->chat_message->text, &whole) < 0)
		return false;
	if (!whole)
		tell_lost(c, v,
				"That message is too long to be shown as a whole: its end was left "
				"out.");
	return true;
}

static int on_command(struct hws_host_service *s, struct hws_host_viewer *v, const char *text,
		struct hws_error *err)
{
	const char *said = of(s)->viewer[v->slot].said;
	Ses__ChatMessage chat = SES__CHAT_MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	if (hws_str_equal(text, HWS_CHAT_LAST)) {
		hws_error_set(err, HWS_OK, "%s", said);
		return *said ? HWS_OK : HWS_ERR_NOTFOUND;
	}
	if (hws_chat_is_blank(text))
		return hws_error_set(err, HWS_ERR_INVAL, "there is nothing to read in the message");
	chat.text = (char *)(uintptr_t)text;
	misc.union_case = SES__MISC__UNION_CHAT_MESSAGE;
	misc.chat_message = &chat;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	int r = hws_host_viewer_send(v, &m);
	if (r < 0)
		return hws_error_set(err, r, "the viewer takes nothing at the moment: try again");
	return HWS_OK;
}

static void on_join(struct hws_host_service *s, struct hws_host_viewer *v)
{
	struct hws_chat_host *c = of(s);

	c->viewer[v->slot].box_us = 0;
	c->viewer[v->slot].said[0] = 0;
	hws_bucket_init(&c->viewer[v->slot].pace, PER_S, BURST, hws_loop_now_us(c->loop));
}

/* What it wrote stays shown: it may be the reason why it left. */
static void on_leave(struct hws_host_service *s HWS_UNUSED, struct hws_host_viewer *v HWS_UNUSED)
{
}

static int chat_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	struct hws_chat_host *c = hws_alloc(sizeof(*c));

	if (!c)
		return HWS_ERR_NOMEM;
	c->service.impl = &hws_chat_host_service;
	c->loop = env->loop;
	c->notifier = env->notifier;
	*ret = &c->service;
	return HWS_OK;
}

static void chat_free(struct hws_host_service *s)
{
	hws_free(of(s));
}

/* No permission stands for chat in the protocol: whoever is let in may write. */
const struct hws_host_service_impl hws_chat_host_service = {
	.id = HWS_SERVICE_CHAT,
	.name = "chat",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE) | HWS_KIND_BIT(HWS_KIND_CAMERA) |
			HWS_KIND_BIT(HWS_KIND_TERMINAL),
	.new = chat_new,
	.free = chat_free,
	.join = on_join,
	.leave = on_leave,
	.message = on_message,
	.command = on_command,
};
