/* Both ends of the protocol check what they get, though only one of them may be hostile: the
 * process decodes a stranger's bytes, and may be the stranger's by then. */
#include "client/decoder/protocol.h"
#include "client/media/png.h"
#include "shared/base/macros.h"

/* A message may have frames of two sizes: the larger one before it is decoded, then the one that
 * is shown. */
#define NEEDS_MAX 2u

static int check_hello(const struct hws_decode_answer *a)
{
	/* The version is the caller's to look at: it is no lie, but another program. */
	return a->kind == HWS_DECODE_HELLO && a->size == 0 && (a->confined & ~HWS_CONFINED_ALL) == 0
			? HWS_OK
			: HWS_ERR_PROTO;
}

static bool within(const struct hws_decode_answer *a)
{
	return a->x >= 0 && a->y >= 0 && a->w >= 0 && a->h >= 0 && (uint32_t)a->x <= a->width &&
			(uint32_t)a->y <= a->height &&
			(uint32_t)a->w <= a->width - (uint32_t)a->x &&
			(uint32_t)a->h <= a->height - (uint32_t)a->y;
}

static int check_picture(const struct hws_decode_asked *asked, const struct hws_decode_answer *a)
{
	if (a->size != 0 || a->display != asked->request->display || a->by_device > 1)
		return HWS_ERR_PROTO;
	if (a->result != HWS_OK)
		return HWS_OK;
	/* It is in the slot that was named, in the room that was given. */
	if (asked->request->slot >= HWS_DECODE_SLOTS || a->width != asked->width ||
			a->height != asked->height || a->width == 0 || !within(a))
		return HWS_ERR_PROTO;
	return HWS_OK;
}

static int check_need(const struct hws_decode_asked *asked, const struct hws_decode_answer *a)
{
	if (asked->request->kind != HWS_DECODE_VIDEO || a->size != 0 ||
			a->display != asked->request->display || asked->needs >= NEEDS_MAX)
		return HWS_ERR_PROTO;
	return a->width <= HWS_PICTURE_SIDE_MAX && a->height <= HWS_PICTURE_SIDE_MAX &&
					hws_picture_fits((int)a->width, (int)a->height)
			? HWS_OK
			: HWS_ERR_PROTO;
}

static int check_samples(const struct hws_decode_request *q, const struct hws_decode_answer *a)
{
	size_t most = a->result == HWS_OK ? hws_decode_sound_bytes(q->packets, q->channels) : 0;

	return a->size <= most && a->size % (q->channels * sizeof(int16_t)) == 0 ? HWS_OK
										 : HWS_ERR_PROTO;
}

int hws_decode_answer_check(const struct hws_decode_asked *asked, const struct hws_decode_answer *a)
{
	const struct hws_decode_request *q = asked->request;

	if (!q)
		return check_hello(a);
	if (a->id != q->id)
		return HWS_ERR_PROTO;
	if (a->kind == HWS_DECODE_NEED)
		return check_need(asked, a);
	if (a->kind != HWS_DECODE_DONE || a->result > 0)
		return HWS_ERR_PROTO;
	switch (q->kind) {
	case HWS_DECODE_VIDEO:
	case HWS_DECODE_PATCH:
		return check_picture(asked, a);
	case HWS_DECODE_UNPACK:
	case HWS_DECODE_IMAGE:
		return a->size <= (a->result == HWS_OK ? q->max : 0) ? HWS_OK : HWS_ERR_PROTO;
	case HWS_DECODE_SOUND:
		return check_samples(q, a);
	default:
		return a->size == 0 ? HWS_OK : HWS_ERR_PROTO;
	}
}

static bool slot_is(const struct hws_decode_request *q)
{
	return q->slot < HWS_DECODE_SLOTS || q->slot == HWS_DECODE_NO_SLOT;
}

int hws_decode_request_check(const struct hws_decode_request *q)
{
	if (q->size > HWS_DECODE_PAYLOAD_MAX || q->display >= HWS_DECODE_DISPLAYS_MAX)
		return HWS_ERR_PROTO;
	switch (q->kind) {
	case HWS_DECODE_VIDEO:
		return q->packets > 0 && q->packets <= HWS_DECODE_PACKETS_MAX && slot_is(q) &&
						q->rects <= HWS_DECODE_RECTS_MAX
				? HWS_OK
				: HWS_ERR_PROTO;
	case HWS_DECODE_PATCH:
		return slot_is(q) ? HWS_OK : HWS_ERR_PROTO;
	case HWS_DECODE_FORGET:
		return q->size == 0 ? HWS_OK : HWS_ERR_PROTO;
	case HWS_DECODE_DEVICE:
		return q->size == sizeof(struct hws_hw_table) ? HWS_OK : HWS_ERR_PROTO;
	case HWS_DECODE_UNPACK:
		return q->max <= HWS_DECODE_PAYLOAD_MAX ? HWS_OK : HWS_ERR_PROTO;
	case HWS_DECODE_IMAGE:
		if (q->max > HWS_DECODE_PAYLOAD_MAX || q->flags & ~HWS_DECODE_PACKED)
			return HWS_ERR_PROTO;
		if (q->width == 0 && q->height == 0)
			return q->flags ? HWS_ERR_PROTO : HWS_OK;
		return q->width <= HWS_PICTURE_SIDE_MAX && q->height <= HWS_PICTURE_SIDE_MAX &&
						(uint64_t)q->width * q->height <= HWS_PNG_PIXELS_MAX
				? HWS_OK
				: HWS_ERR_PROTO;
	case HWS_DECODE_SOUND:
		return hws_opus_can(q->rate, q->channels) && q->packets > 0 &&
						q->packets <= HWS_DECODE_SOUNDS_MAX
				? HWS_OK
				: HWS_ERR_PROTO;
	case HWS_DECODE_ROOM:
		if (q->size != 0 || (q->slots != 0 && q->slots != HWS_DECODE_SLOTS))
			return HWS_ERR_PROTO;
		if (q->slots == 0)
			return HWS_OK;
		return q->width <= HWS_PICTURE_SIDE_MAX && q->height <= HWS_PICTURE_SIDE_MAX &&
						hws_picture_fits((int)q->width, (int)q->height) &&
						q->stride == q->width * 4
				? HWS_OK
				: HWS_ERR_PROTO;
	default:
		return HWS_ERR_PROTO;
	}
}

int hws_decode_next_packet(struct hws_bytes *in, struct hws_bytes *ret)
{
	uint32_t n;

	if (in->len < sizeof(n))
		return HWS_ERR_PROTO;
	memcpy(&n, in->ptr, sizeof(n));
	if (n > in->len - sizeof(n))
		return HWS_ERR_PROTO;
	*ret = hws_bytes(in->ptr + sizeof(n), n);
	in->ptr += sizeof(n) + n;
	in->len -= sizeof(n) + n;
	return HWS_OK;
}

int hws_decode_take_rects(
		struct hws_bytes *in, uint32_t count, struct hws_rect ret[HWS_DECODE_RECTS_MAX])
{
	size_t n = count * sizeof(*ret);

	if (count > HWS_DECODE_RECTS_MAX || n > in->len)
		return HWS_ERR_PROTO;
	if (n)
		memcpy(ret, in->ptr, n);
	in->ptr += n;
	in->len -= n;
	return HWS_OK;
}
