/* A stranger's entries are looked at here and nowhere else: what is no format that we know, comes a
 * second time or has sizes that do not fit is as good as not there. */
#include "client/services/clipboard/entries.h"
#include "client/media/png.h"
#include "shared/base/str.h"
#include "shared/wire/compress.h"
#include "shared/wire/version.h"
#include <string.h>

#define SHEET_NAME "XML Spreadsheet" /* the one special format that deployed peers exchange */

static const Ses__ClipboardFormat wire[HWS_CLIP_FORMATS] = {
	[HWS_CLIP_TEXT] = SES__CLIPBOARD_FORMAT__Text,
	[HWS_CLIP_HTML] = SES__CLIPBOARD_FORMAT__Html,
	[HWS_CLIP_RTF] = SES__CLIPBOARD_FORMAT__Rtf,
	[HWS_CLIP_PNG] = SES__CLIPBOARD_FORMAT__ImagePng,
	[HWS_CLIP_SVG] = SES__CLIPBOARD_FORMAT__ImageSvg,
	[HWS_CLIP_SHEET] = SES__CLIPBOARD_FORMAT__Special,
};

/* --- out -------------------------------------------------------------------------------------- */

/* A PNG is packed already. */
static int fill(struct hws_clip_message *m, enum hws_clip_format f, struct hws_bytes part)
{
	Ses__Clipboard *e = &m->entry[f];
	struct hws_buf *packed = &m->packed[f];
	int r = HWS_OK;

	hws_buf_init(packed, part.len + part.len / 64 + 1024); /* it may grow a little */
	if (f != HWS_CLIP_PNG)
		r = hws_compress(part, HWS_COMPRESS_LEVEL, packed);
	if (r < 0)
		return r;
	if (f != HWS_CLIP_PNG && hws_buf_len(packed) < part.len) {
		e->compress = true;
		part = hws_buf_bytes(packed);
	} else {
		hws_buf_done(packed);
	}
	e->format = wire[f];
	e->content = (ProtobufCBinaryData){ part.len, (uint8_t *)(uintptr_t)part.ptr };
	if (f == HWS_CLIP_SHEET)
		e->special_name = (char *)SHEET_NAME;
	return HWS_OK;
}

int hws_clip_message_make(
		struct hws_clip_message *ret, const struct hws_clip_content *c, bool multi)
{
	size_t size = 0;

	memset(ret, 0, sizeof(*ret));
	ses__message__init(&ret->m);
	ses__multi_clipboards__init(&ret->multi);
	ret->multi.clipboards = ret->list;
	for (unsigned f = 0; f < (multi ? HWS_CLIP_FORMATS : HWS_CLIP_TEXT + 1); f++) {
		ses__clipboard__init(&ret->entry[f]);
		if (!c->part[f].len)
			continue;
		int r = fill(ret, (enum hws_clip_format)f, c->part[f]);
		if (r < 0)
			return r;
		if (ret->entry[f].content.len > HWS_CLIP_MESSAGE_MAX - size)
			continue;
		size += ret->entry[f].content.len;
		ret->list[ret->multi.n_clipboards++] = &ret->entry[f];
	}
	if (!ret->multi.n_clipboards)
		return HWS_ERR_NOTFOUND;
	ret->m.union_case = multi ? SES__MESSAGE__UNION_MULTI_CLIPBOARDS
				  : SES__MESSAGE__UNION_CLIPBOARD;
	if (multi)
		ret->m.multi_clipboards = &ret->multi;
	else
		ret->m.clipboard = ret->list[0];
	return HWS_OK;
}

void hws_clip_message_done(struct hws_clip_message *m)
{
	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++)
		hws_buf_done(&m->packed[f]);
}

bool hws_clip_takes_multi(const char *platform, uint32_t version)
{
	if (version < HWS_V_MULTI_CLIPBOARDS || !platform[0] || hws_str_equal(platform, "iOS"))
		return false;
	return !hws_str_equal(platform, "Android") || version >= HWS_V_EMPTY_DIRS; /* 1.3.3 */
}

/* --- in --------------------------------------------------------------------------------------- */

size_t hws_clip_pixels_size(const Ses__Clipboard *e)
{
	if (e->width <= 0 || e->height <= 0 || e->width > HWS_PICTURE_SIDE_MAX ||
			e->height > HWS_PICTURE_SIDE_MAX ||
			(long)e->width * e->height > HWS_PNG_PIXELS_MAX)
		return 0;
	return (size_t)e->width * (size_t)e->height * 4;
}

/* HWS_CLIP_FORMATS: none of ours. */
static enum hws_clip_format format_of(const Ses__Clipboard *e)
{
	enum hws_clip_format f = 0;

	if (e->content.len == 0 || e->content.len > HWS_CLIP_ALL_MAX)
		return HWS_CLIP_FORMATS;
	if (e->format == SES__CLIPBOARD_FORMAT__ImageRgba) {
		size_t size = hws_clip_pixels_size(e);
		return size && (e->compress || e->content.len == size) ? HWS_CLIP_PNG
								       : HWS_CLIP_FORMATS;
	}
	while (f < HWS_CLIP_FORMATS && wire[f] != e->format)
		f++;
	/* Deployed peers send the name in place of what does not shrink. */
	if (f == HWS_CLIP_SHEET &&
			(!hws_str_equal(e->special_name, SHEET_NAME) ||
					(e->content.len == strlen(SHEET_NAME) &&
							memcmp(e->content.data, SHEET_NAME,
									e->content.len) == 0)))
		return HWS_CLIP_FORMATS;
	/* What can be seen at once. Why a picture is none is told later. */
	if (f < HWS_CLIP_FORMATS && f != HWS_CLIP_PNG && !e->compress &&
			!hws_clip_part_valid(f, hws_bytes(e->content.data, e->content.len), NULL))
		return HWS_CLIP_FORMATS;
	return f;
}

static void take(struct hws_clip_entries *ret, const Ses__Clipboard *e)
{
	enum hws_clip_format f = format_of(e);

	if (f == HWS_CLIP_FORMATS)
		return;
	if (!ret->entry[f] ||
			(ret->entry[f]->format == SES__CLIPBOARD_FORMAT__ImageRgba &&
					e->format == SES__CLIPBOARD_FORMAT__ImagePng))
		ret->entry[f] = e;
}

void hws_clip_entries_of(const Ses__Message *m, struct hws_clip_entries *ret)
{
	*ret = (struct hws_clip_entries){ 0 };
	if (m->union_case == SES__MESSAGE__UNION_CLIPBOARD)
		take(ret, m->clipboard);
	else if (m->union_case == SES__MESSAGE__UNION_MULTI_CLIPBOARDS)
		for (size_t i = 0; i < m->multi_clipboards->n_clipboards; i++)
			take(ret, m->multi_clipboards->clipboards[i]);
}

bool hws_clip_part_valid(enum hws_clip_format f, struct hws_bytes part, const char **why)
{
	if (part.len == 0 || part.len > HWS_CLIP_PART_MAX)
		return false;
	if (f == HWS_CLIP_PNG)
		return hws_png_check(part, why) == HWS_OK;
	/* Text that ends in the middle for who reads it as C's is no text. */
	return f == HWS_CLIP_SHEET || (hws_utf8_valid(part) && !memchr(part.ptr, 0, part.len));
}
