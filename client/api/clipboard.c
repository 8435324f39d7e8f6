/* What is copied, as embedders see it: a command to the session's thread, and what its service
 * tells as events. */
#include "client/api/clipboard.h"
#include "client/services/clipboard/clipboard_view.h"
#include "client/services/clipboard/entries.h"
#include <hawser/clipboard.h>
#include <stdio.h>
#include <string.h>

_Static_assert(HAWSER_CLIP_FORMATS == HWS_CLIP_FORMATS && (int)HAWSER_CLIP_PNG == HWS_CLIP_PNG &&
				(int)HAWSER_CLIP_SHEET == HWS_CLIP_SHEET,
		"the same numbers");

const char *hawser_clip_type(enum hawser_clip_format format)
{
	static const char *const types[] = { "text/plain;charset=utf-8", "text/html", "text/rtf",
		"image/png", "image/svg+xml", "XML Spreadsheet" };

	return (unsigned)format < HWS_COUNT(types) ? types[format] : NULL;
}

/* --- events ----------------------------------------------------------------------------------- */

static void on_content(const struct hws_clip_content *c, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_CLIPBOARD);
	struct hawser_clip_part parts[HWS_CLIP_FORMATS];
	size_t n = 0;
	bool ok = ev;

	for (unsigned f = 0; ok && f < HWS_CLIP_FORMATS; f++) {
		if (!c->part[f].len)
			continue;
		parts[n] = (struct hawser_clip_part){ (enum hawser_clip_format)f,
			api_event_bytes(ev, c->part[f].ptr, c->part[f].len), c->part[f].len };
		ok = parts[n++].bytes;
	}
	if (ok) {
		bool has_text = n && parts[0].format == HAWSER_CLIP_TEXT;
		ev->ev.u.text.utf8 = has_text ? parts[0].bytes : "";
		ev->ev.u.text.length = has_text ? parts[0].length : 0;
		ev->ev.u.text.parts = api_event_bytes(ev, parts, n * sizeof(*parts));
		ev->ev.u.text.part_count = n;
		ok = ev->ev.u.text.parts;
	}
	if (ok)
		api_report_push(e, ev);
	else
		api_event_free(ev);
}

/* A person waits for that picture: why it does not come is worth a line. */
static void on_refused(const char *why, void *arg)
{
	char text[200];

	snprintf(text, sizeof(text), "The picture that was copied at the host is left out: %s.",
			why);
	api_report_notice(arg, "Clipboard", text);
}

int api_clipboard_new(struct api_session_loop *e, struct hws_service **ret)
{
	struct hws_clipboard_view *cv;
	int r = hws_clipboard_view_new(&(struct hws_clipboard_view_conf){ .on_content = on_content,
						       .on_refused = on_refused,
						       .arg = e,
						       .decoder = e->decoder },
			&cv);

	if (r == HWS_OK)
		*ret = hws_clipboard_view_service(cv);
	return r;
}

/* --- calls ------------------------------------------------------------------------------------ */

/* In a command: the length of each format, then what they are. */
struct lengths {
	size_t of[HWS_CLIP_FORMATS];
};

static void do_send(struct api_session_loop *e, const struct api_command *c)
{
	struct hws_clip_content content = { 0 };
	struct lengths n;
	size_t at = sizeof(n);

	memcpy(&n, c->data, sizeof(n));
	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++) {
		content.part[f] = hws_bytes(c->data + at, n.of[f]);
		at += n.of[f];
	}
	if (hws_clipboard_view_send(
			    hws_clipboard_view_of(e->service[HWS_SERVICE_CLIPBOARD]), &content) < 0)
		return; /* not permitted any more */
}

static int need_ready(hawser_session *s)
{
	int r = api_need_kind(s, HWS_KIND_REMOTE);

	if (r < 0)
		return r;
	return hawser_session_state(s) == HAWSER_STATE_READY
			? HAWSER_OK
			: api_fail(HAWSER_ERR_DENIED, "the session is not connected");
}

static int check(const struct hws_clip_content *content)
{
	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++) {
		const char *why = f == HWS_CLIP_TEXT ? "it is not UTF-8"
						     : "it is not what it should be";

		if (content->part[f].len &&
				!hws_clip_part_valid(
						(enum hws_clip_format)f, content->part[f], &why))
			return api_fail(HAWSER_ERR_INVAL, "the clipboard's %s cannot be sent: %s",
					f == HWS_CLIP_TEXT                  ? "text"
							: f == HWS_CLIP_PNG ? "picture"
									    : "content",
					why);
	}
	return HAWSER_OK;
}

static int send_content(hawser_session *s, const struct hws_clip_content *content)
{
	struct lengths n;
	struct hws_buf all;
	int r = need_ready(s);

	if (r < 0)
		return r;
	hws_buf_init(&all, HWS_CLIP_SEND_MAX + sizeof(n));
	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++)
		n.of[f] = content->part[f].len;
	hws_buf_put(&all, &n, sizeof(n));
	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++)
		hws_buf_put(&all, content->part[f].ptr, content->part[f].len);
	r = hws_buf_err(&all) < 0
			? api_fail(HAWSER_ERR_NOMEM, "out of memory")
			: api_post(s,
					  &(struct api_command){ .fn = do_send,
							  .size = hws_buf_len(&all),
							  .data = (char *)hws_buf_bytes(&all)
										  .ptr });
	hws_buf_done_wiped(&all); /* it may be a password */
	return r;
}

int hawser_session_send_clip(hawser_session *s, const struct hawser_clip_part *parts, size_t count)
{
	struct hws_clip_content content = { 0 };
	int r;

	for (size_t i = 0; i < count; i++) {
		unsigned f = (unsigned)parts[i].format;
		if (f >= HWS_CLIP_FORMATS)
			return api_fail(HAWSER_ERR_INVAL, "there is no such format of a clipboard");
		if (!content.part[f].len)
			content.part[f] = hws_bytes(parts[i].bytes, parts[i].length);
		if (hws_clip_content_size(&content) > HWS_CLIP_SEND_MAX)
			return api_fail(HAWSER_ERR_TOOBIG,
					"the clipboard's content is larger than 32 MiB");
	}
	r = check(&content);
	return r < 0 ? r : send_content(s, &content);
}

int hawser_session_send_clipboard(hawser_session *s, const char *utf8, size_t length)
{
	const struct hawser_clip_part part = { HAWSER_CLIP_TEXT, utf8, length };

	return hawser_session_send_clip(s, &part, 1);
}
