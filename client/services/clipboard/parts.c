/* Memory grows with what has come, never with what a peer says that it is going to send. */
#include "client/services/clipboard/parts.h"
#include "shared/base/mem.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"

#define PART (64u << 10) /* of content: HWS_SEND_BULK_MAX has room for its head */

int hws_clip_blob_new(const Ses__Message *m, struct hws_clip_blob **ret)
{
	struct hws_clip_blob *b = hws_alloc(sizeof(*b));
	int r;

	if (!b)
		return HWS_ERR_NOMEM;
	b->refs = 1;
	hws_buf_init(&b->packed, HWS_SES_FRAME_MAX);
	r = hws_ses_pack(m, &b->packed);
	if (r < 0) {
		hws_clip_blob_unref(b);
		return r;
	}
	*ret = b;
	return HWS_OK;
}

struct hws_clip_blob *hws_clip_blob_ref(struct hws_clip_blob *b)
{
	b->refs++;
	return b;
}

void hws_clip_blob_unref(struct hws_clip_blob *b)
{
	if (!b || --b->refs > 0)
		return;
	hws_buf_done(&b->packed);
	hws_free(b);
}

void hws_clip_parts_begin(struct hws_clip_parts_out *o, struct hws_clip_blob *b)
{
	hws_clip_parts_stop(o);
	o->blob = hws_clip_blob_ref(b);
	o->copy++;
}

void hws_clip_parts_stop(struct hws_clip_parts_out *o)
{
	hws_clip_blob_unref(o->blob);
	o->blob = NULL;
	o->at = 0;
}

bool hws_clip_parts_next(const struct hws_clip_parts_out *o, struct hws_clip_part_message *ret)
{
	struct hws_bytes all;

	if (!o->blob)
		return false;
	all = hws_buf_bytes(&o->blob->packed);
	ses__message__init(&ret->m);
	ses__misc__init(&ret->misc);
	ses__clipboard_part__init(&ret->part);
	ret->part.copy = o->copy;
	ret->part.size = (uint32_t)all.len;
	ret->part.at = (uint32_t)o->at;
	ret->part.data.data = (uint8_t *)(uintptr_t)(all.ptr + o->at);
	ret->part.data.len = HWS_MIN(all.len - o->at, (size_t)PART);
	ret->misc.union_case = SES__MISC__UNION_CLIPBOARD_PART;
	ret->misc.clipboard_part = &ret->part;
	ret->m.union_case = SES__MESSAGE__UNION_MISC;
	ret->m.misc = &ret->misc;
	return true;
}

void hws_clip_parts_sent(struct hws_clip_parts_out *o, const struct hws_clip_part_message *m)
{
	o->at += m->part.data.len;
	if (o->at >= hws_buf_len(&o->blob->packed))
		hws_clip_parts_stop(o);
}

/* --- receiving -------------------------------------------------------------------------------- */

void hws_clip_parts_drop(struct hws_clip_parts_in *in)
{
	hws_buf_done(&in->whole);
	in->size = 0;
}

static int add(struct hws_clip_parts_in *in, const Ses__ClipboardPart *p)
{
	if (p->at == 0) {
		hws_clip_parts_drop(in);
		if (p->size > HWS_SES_FRAME_MAX)
			return HWS_ERR_TOOBIG;
		hws_buf_init(&in->whole, p->size);
		in->size = p->size;
		in->copy = p->copy;
	}
	if (!in->size || p->copy != in->copy || p->size != in->size ||
			p->at != hws_buf_len(&in->whole) || p->data.len == 0)
		return HWS_ERR_PROTO;
	hws_buf_put(&in->whole, p->data.data, p->data.len);
	return hws_buf_err(&in->whole);
}

int hws_clip_parts_take(
		struct hws_clip_parts_in *in, const Ses__ClipboardPart *p, Ses__Message **ret)
{
	Ses__Message *m = NULL;
	int r = add(in, p);

	if (r == HWS_OK && hws_buf_len(&in->whole) < in->size)
		return HWS_ERR_AGAIN;
	if (r == HWS_OK)
		r = hws_ses_unpack(hws_buf_bytes(&in->whole), &m);
	hws_clip_parts_drop(in);
	if (r == HWS_OK && m->union_case != SES__MESSAGE__UNION_CLIPBOARD &&
			m->union_case != SES__MESSAGE__UNION_MULTI_CLIPBOARDS) {
		hws_ses_free(m);
		return HWS_ERR_PROTO;
	}
	if (r == HWS_OK)
		*ret = m;
	return r;
}
