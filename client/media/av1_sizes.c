/* Open bitstream units as far as the sequence header states a size (AV1 bitstream specification,
 * 5.3 to 5.5). A frame may say that it is smaller than that; that it is larger is a lie, for which
 * the decoder's own limit and the limit of the process's memory are there. */
#include "client/media/av1_sizes.h"
#include "client/media/bits.h"
#include "shared/base/macros.h"

#define UNITS_MAX 4096u /* in one packet; an encoder of a desktop needs four */

enum { OBU_SEQUENCE_HEADER = 1 };

static void take_timing(struct hws_bits *b, bool *ret_model, unsigned *ret_delay_bits)
{
	hws_bits_skip(b, 64); /* units in a tick, time scale */
	if (hws_bits_take(b, 1))
		hws_bits_golomb(b);
	*ret_model = hws_bits_take(b, 1);
	if (!*ret_model)
		return;
	*ret_delay_bits = hws_bits_take(b, 5) + 1;
	hws_bits_skip(b, 32 + 5 + 5);
}

/* How the stream may be played; the first of the ways is all of it. */
static void take_points(struct hws_bits *b)
{
	bool timing = hws_bits_take(b, 1), model = false;
	unsigned delay_bits = 0;

	if (timing)
		take_timing(b, &model, &delay_bits);
	bool delays = hws_bits_take(b, 1);
	unsigned count = hws_bits_take(b, 5) + 1;
	for (unsigned i = 0; i < count; i++) {
		hws_bits_skip(b, 12);
		if (hws_bits_take(b, 5) > 7)
			hws_bits_skip(b, 1);
		if (model && hws_bits_take(b, 1))
			hws_bits_skip(b, 2 * delay_bits + 1);
		if (delays && hws_bits_take(b, 1))
			hws_bits_skip(b, 4);
	}
}

/* What lies between the size and the colours: tools of the coder. */
static void skip_tools(struct hws_bits *b, bool reduced)
{
	enum { SELECT = 2 };
	unsigned screen = SELECT;

	if (!reduced && hws_bits_take(b, 1)) { /* frames have numbers */
		hws_bits_skip(b, 4);
		hws_bits_skip(b, 3);
	}
	hws_bits_skip(b, 3); /* large blocks, filters within pictures */
	if (reduced) {
		hws_bits_skip(b, 3);
		return;
	}
	hws_bits_skip(b, 4);
	bool ordered = hws_bits_take(b, 1);
	if (ordered)
		hws_bits_skip(b, 2);
	if (!hws_bits_take(b, 1))
		screen = hws_bits_take(b, 1);
	if (screen > 0 && !hws_bits_take(b, 1))
		hws_bits_skip(b, 1);
	if (ordered)
		hws_bits_skip(b, 3);
	hws_bits_skip(b, 3);
}

static int take_colours(struct hws_bits *b, unsigned profile)
{
	enum { BT709 = 1, SRGB = 13, IDENTITY = 0 };
	unsigned primaries = 2, transfer = 2, matrix = 2;

	if (hws_bits_take(b, 1)) /* more than 8 bits */
		return HWS_ERR_UNSUPPORTED;
	if (profile != 1 && hws_bits_take(b, 1)) /* no colours */
		return HWS_ERR_UNSUPPORTED;
	if (hws_bits_take(b, 1)) {
		primaries = hws_bits_take(b, 8);
		transfer = hws_bits_take(b, 8);
		matrix = hws_bits_take(b, 8);
	}
	if (primaries == BT709 && transfer == SRGB && matrix == IDENTITY)
		return HWS_ERR_UNSUPPORTED;
	/* With 8 bits profile 2 is for chroma that is halved in one direction. */
	return profile > 1 ? HWS_ERR_UNSUPPORTED : HWS_OK;
}

static int sequence_header(struct hws_bytes in, struct hws_packet_size *ret)
{
	struct hws_bits b = hws_bits(in);
	unsigned profile = hws_bits_take(&b, 3);
	bool reduced;

	hws_bits_skip(&b, 1); /* a still picture */
	reduced = hws_bits_take(&b, 1);
	if (reduced)
		hws_bits_skip(&b, 5);
	else
		take_points(&b);
	unsigned wide = hws_bits_take(&b, 4) + 1, high = hws_bits_take(&b, 4) + 1;
	unsigned width = hws_bits_take(&b, wide) + 1, height = hws_bits_take(&b, high) + 1;
	skip_tools(&b, reduced);
	int r = take_colours(&b, profile);
	if (b.cut)
		return HWS_ERR_CORRUPT;
	ret->width = HWS_MAX(ret->width, width);
	ret->height = HWS_MAX(ret->height, height);
	return r;
}

/* Seven bits a byte, the lowest first; at most 32 bits (4.10.5). */
static int take_size(struct hws_bytes *in, size_t *ret)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8 && i < in->len; i++) {
		v |= (uint64_t)(in->ptr[i] & 0x7f) << (7 * i);
		if (in->ptr[i] & 0x80)
			continue;
		*in = hws_bytes(in->ptr + i + 1, in->len - i - 1);
		if (v > in->len)
			return HWS_ERR_CORRUPT;
		*ret = (size_t)v;
		return HWS_OK;
	}
	return HWS_ERR_CORRUPT;
}

/* One unit; *in goes on behind it. */
static int unit(struct hws_bytes *in, struct hws_packet_size *ret)
{
	uint8_t head = in->ptr[0];
	size_t skip = head & 4 ? 2 : 1, n;
	int r = HWS_OK;

	if (head & 0x80 || in->len < skip)
		return HWS_ERR_CORRUPT;
	*in = hws_bytes(in->ptr + skip, in->len - skip);
	n = in->len;
	if (head & 2) /* else it is the rest */
		r = take_size(in, &n);
	if (r == HWS_OK && (head >> 3 & 15) == OBU_SEQUENCE_HEADER)
		r = sequence_header(hws_bytes(in->ptr, n), ret);
	if (r == HWS_OK)
		*in = hws_bytes(in->ptr + n, in->len - n);
	return r;
}

int hws_av1_packet_size(enum hws_codec codec HWS_UNUSED, struct hws_bytes packet,
		struct hws_packet_size *ret)
{
	int r = packet.len ? HWS_OK : HWS_ERR_CORRUPT;
	unsigned units = 0;

	*ret = (struct hws_packet_size){ 0 };
	while (r == HWS_OK && packet.len)
		r = ++units <= UNITS_MAX ? unit(&packet, ret) : HWS_ERR_CORRUPT;
	if (r < 0 || !ret->width)
		return r;
	return hws_packet_size_check(ret);
}
