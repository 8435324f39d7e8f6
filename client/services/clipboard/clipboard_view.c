/* Both clipboards at the viewer, in the forms that hosts of each version understand. What a host
 * sends packed, and every picture, goes through the decoder process; what has come of a copy is
 * told when all of it is there. A newer copy ends the waiting for an older one. */
#include "client/services/clipboard/clipboard_view.h"
#include "client/decoder/confined.h"
#include "client/services/clipboard/echo.h"
#include "client/services/clipboard/entries.h"
#include "client/services/clipboard/parts.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/wire/envelope.h"

/* One format that the decoder works on; its address names the request. */
struct incoming {
	struct hws_clipboard_view *cv;
	enum hws_clip_format format;
	bool waits;
};

/* So long after a large copy, which goes at the leisure of the line, small ones follow behind it
 * instead of beside the keys: the one that was copied last has to arrive last. */
#define LARGE_US (60 * HWS_US_PER_S)

struct hws_clipboard_view {
	struct hws_service service;
	struct hws_clipboard_view_conf conf;
	struct hws_clip_echo echo;
	struct incoming in[HWS_CLIP_FORMATS];
	struct hws_buf part[HWS_CLIP_FORMATS]; /* of the copy that is arriving */
	size_t size;                           /* of them */
	bool arriving; /* nothing is told before its entries are all begun */
	struct hws_clip_parts_in parts_in;
	struct hws_clip_parts_out parts_out;
	uint64_t large_us; /* when a large copy was last sent; 0: never */
};

/* --- from the host ---------------------------------------------------------------------------- */

/* An older copy that is still on its way is of no use any more. */
static void forget_arriving(struct hws_clipboard_view *cv)
{
	for (unsigned i = 0; i < HWS_CLIP_FORMATS; i++) {
		if (cv->in[i].waits)
			hws_confined_cancel(cv->conf.decoder, &cv->in[i]);
		cv->in[i] = (struct incoming){ cv, (enum hws_clip_format)i, false };
		hws_buf_done(&cv->part[i]);
	}
	cv->size = 0;
}

static void tell_when_whole(struct hws_clipboard_view *cv)
{
	struct hws_buf part[HWS_CLIP_FORMATS];
	struct hws_clip_content c;

	if (cv->arriving)
		return;
	for (unsigned i = 0; i < HWS_CLIP_FORMATS; i++)
		if (cv->in[i].waits)
			return;
	memcpy(part, cv->part, sizeof(part));
	memset(cv->part, 0, sizeof(cv->part));
	for (unsigned i = 0; i < HWS_CLIP_FORMATS; i++)
		c.part[i] = hws_buf_bytes(&part[i]);
	if (hws_clip_content_size(&c)) {
		hws_clip_echo_set(&cv->echo, &c, cv->conf.now_us());
		cv->conf.on_content(&c, cv->conf.arg);
	}
	for (unsigned i = 0; i < HWS_CLIP_FORMATS; i++)
		hws_buf_done(&part[i]);
}

static void take_part(struct hws_clipboard_view *cv, enum hws_clip_format f, struct hws_bytes part)
{
	if (!hws_clip_part_valid(f, part, NULL) || part.len > HWS_CLIP_ALL_MAX - cv->size)
		return;
	hws_buf_done(&cv->part[f]);
	hws_buf_init(&cv->part[f], part.len);
	hws_buf_put(&cv->part[f], part.ptr, part.len);
	if (hws_buf_err(&cv->part[f]) == HWS_OK)
		cv->size += part.len;
	else
		hws_buf_done(&cv->part[f]);
}

static void refuse(struct hws_clipboard_view *cv, int r)
{
	if (r == HWS_ERR_CANCELED || !cv->conf.on_refused)
		return;
	cv->conf.on_refused(r == HWS_ERR_RANGE                ? "it has more than 16 million pixels"
					: r == HWS_ERR_TOOBIG ? "it is too large"
					: r == HWS_ERR_CORRUPT ? "it is damaged"
							       : "it could not be decoded",
			cv->conf.arg);
}

static void on_decoded(int r, const struct hws_confined_result *res, void *arg)
{
	struct incoming *in = arg;

	in->waits = false;
	if (r == HWS_OK)
		take_part(in->cv, in->format, res->bytes);
	else if (in->format == HWS_CLIP_PNG)
		refuse(in->cv, r);
	tell_when_whole(in->cv);
}

/* A picture is written anew whatever it is: programs here shall not decode what a host made. */
static int decode(struct hws_clipboard_view *cv, enum hws_clip_format f, const Ses__Clipboard *e)
{
	struct hws_bytes bytes = hws_bytes(e->content.data, e->content.len);
	struct hws_confined_image image = { .bytes = bytes };

	if (f != HWS_CLIP_PNG)
		return hws_confined_unpack(
				cv->conf.decoder, bytes, HWS_CLIP_PART_MAX, on_decoded, &cv->in[f]);
	if (e->format == SES__CLIPBOARD_FORMAT__ImageRgba) {
		image.width = e->width;
		image.height = e->height;
		image.packed = e->compress;
	}
	return hws_confined_image(
			cv->conf.decoder, &image, HWS_CLIP_PART_MAX, on_decoded, &cv->in[f]);
}

static void take_entry(
		struct hws_clipboard_view *cv, enum hws_clip_format f, const Ses__Clipboard *e)
{
	if (!e->compress && f != HWS_CLIP_PNG) {
		take_part(cv, f, hws_bytes(e->content.data, e->content.len));
		return;
	}
	cv->in[f].waits = true;
	int r = decode(cv, f, e);
	if (r == HWS_OK)
		return;
	cv->in[f].waits = false;
	if (f == HWS_CLIP_PNG)
		refuse(cv, r);
}

static void take_copy(struct hws_clipboard_view *cv, const Ses__Message *m)
{
	struct hws_clip_entries list;

	hws_clip_entries_of(m, &list);
	forget_arriving(cv);
	cv->arriving = true;
	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++)
		if (list.entry[f])
			take_entry(cv, (enum hws_clip_format)f, list.entry[f]);
	cv->arriving = false;
	tell_when_whole(cv);
}

static bool on_message(struct hws_service *service, Ses__Message *m)
{
	struct hws_clipboard_view *cv = hws_container(service, struct hws_clipboard_view, service);
	Ses__Message *whole = NULL;

	if (hws_viewer_options(service->viewer)->no_clip_from_host)
		return false;
	if (m->union_case == SES__MESSAGE__UNION_MISC) {
		if (m->misc->union_case == SES__MISC__UNION_CLIPBOARD_PART &&
				hws_clip_parts_take(&cv->parts_in, m->misc->clipboard_part,
						&whole) == HWS_OK)
			take_copy(cv, whole);
		hws_ses_free(whole);
		return false;
	}
	hws_clip_parts_drop(&cv->parts_in);
	take_copy(cv, m);
	return false;
}

/* --- to the host ------------------------------------------------------------------------------ */

static bool may_send(const struct hws_clipboard_view *cv)
{
	const struct hws_viewer *v = cv->service.viewer;

	return v && hws_viewer_may(v, &cv->service) && !hws_viewer_options(v)->no_clip_to_host &&
			hws_viewer_permitted(v, SES__PERMISSION_INFO__PERMISSION__Keyboard);
}

static int check(const struct hws_clip_content *c)
{
	if (hws_clip_content_size(c) > HWS_CLIP_SEND_MAX)
		return HWS_ERR_TOOBIG;
	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++)
		if (c->part[f].len &&
				!hws_clip_part_valid((enum hws_clip_format)f, c->part[f], NULL))
			return HWS_ERR_INVAL;
	return HWS_OK;
}

/* As many parts as the link takes at once; `drained` calls for more. */
static void pump(struct hws_clipboard_view *cv)
{
	struct hws_clip_part_message m;

	while (hws_clip_parts_next(&cv->parts_out, &m)) {
		if (!may_send(cv)) {
			hws_clip_parts_stop(&cv->parts_out);
			return;
		}
		if (!hws_viewer_can_send(cv->service.viewer, &cv->service))
			return;
		int r = hws_viewer_send(cv->service.viewer, &m.m);
		if (r == HWS_ERR_FULL)
			return;
		if (r < 0)
			hws_clip_parts_stop(&cv->parts_out);
		else
			hws_clip_parts_sent(&cv->parts_out, &m);
	}
}

static int send_message(struct hws_clipboard_view *cv, const Ses__Message *m)
{
	struct hws_viewer *v = cv->service.viewer;
	struct hws_clip_blob *b = NULL;
	uint64_t now = cv->conf.now_us();
	int r = hws_clip_blob_new(m, &b);
	bool large = r == HWS_OK && hws_buf_len(&b->packed) > HWS_SEND_BULK_MAX;
	bool behind = large || (cv->large_us && now - cv->large_us < LARGE_US);

	if (r < 0)
		return r;
	hws_clip_parts_stop(&cv->parts_out);
	if (large)
		cv->large_us = now;
	if (behind && hws_viewer_level(v) == HWS_LEVEL_V2) {
		hws_clip_parts_begin(&cv->parts_out, b);
		pump(cv);
	} else {
		r = hws_viewer_send_packed(v, behind ? HWS_CHANNEL_CLIPBOARD : HWS_CHANNEL_INPUT,
				hws_buf_bytes(&b->packed), (struct hws_bytes){ 0 });
	}
	hws_clip_blob_unref(b);
	return r;
}

int hws_clipboard_view_send(struct hws_clipboard_view *cv, const struct hws_clip_content *content)
{
	struct hws_clip_message m;
	const struct hws_peer *peer;
	int r = check(content);

	if (!may_send(cv))
		return HWS_ERR_DENIED;
	if (r < 0)
		return r;
	if (!hws_clip_content_size(content) ||
			hws_clip_echo_is(&cv->echo, content, cv->conf.now_us()))
		return HWS_OK;
	peer = hws_viewer_peer(cv->service.viewer);
	r = hws_clip_message_make(
			&m, content, hws_clip_takes_multi(peer->platform, peer->version_number));
	if (r == HWS_OK)
		r = send_message(cv, &m.m);
	if (r == HWS_OK)
		hws_clip_echo_set(&cv->echo, content, cv->conf.now_us());
	hws_clip_message_done(&m);
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r; /* no text for who takes nothing else */
}

/* --- life ------------------------------------------------------------------------------------- */

static void forget(struct hws_service *service)
{
	struct hws_clipboard_view *cv = hws_container(service, struct hws_clipboard_view, service);

	forget_arriving(cv);
	hws_clip_parts_drop(&cv->parts_in);
	hws_clip_parts_stop(&cv->parts_out);
	cv->large_us = 0;
	cv->echo = (struct hws_clip_echo){ 0 };
}

static void on_drained(struct hws_service *service)
{
	pump(hws_container(service, struct hws_clipboard_view, service));
}

static bool is_wanted(const struct hws_view_options *o)
{
	return !o->view_only && !hws_view_options_no_clipboard(o);
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
	.drained = on_drained,
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
	forget_arriving(cv);
	*ret = cv;
	return HWS_OK;
}

void hws_clipboard_view_free(struct hws_clipboard_view *cv)
{
	if (!cv)
		return;
	forget(&cv->service);
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
