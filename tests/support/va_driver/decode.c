/* Slices through OpenH264 into a surface. A driver is not given the headers, but what they say;
 * they are written anew for it. */
#include "driver.h"
#include <string.h>

#define HEADERS_MAX 64
#define PICTURE_MAX (4u << 20)

struct bits {
	uint8_t byte[HEADERS_MAX];
	unsigned n;
};

static void put(struct bits *b, unsigned value, unsigned count)
{
	while (count-- > 0) {
		if (value >> count & 1)
			b->byte[b->n / 8] |= (uint8_t)(0x80 >> b->n % 8);
		b->n++;
	}
}

static void put_ue(struct bits *b, unsigned value)
{
	unsigned len = 0;

	for (unsigned v = value + 1; v > 1; v >>= 1)
		len++;
	put(b, 0, len);
	put(b, value + 1, len + 1);
}

static void put_se(struct bits *b, int value)
{
	put_ue(b, value > 0 ? (unsigned)(2 * value - 1) : (unsigned)(-2 * value));
}

static size_t add_unit(uint8_t *out, uint8_t head, struct bits *b)
{
	unsigned zeros = 0;
	size_t n = 5;

	put(b, 1, 1);
	memcpy(out, (uint8_t[]){ 0, 0, 0, 1, head }, 5);
	for (unsigned i = 0; i < (b->n + 7) / 8; i++) {
		if (zeros == 2 && b->byte[i] <= 3) {
			out[n++] = 3;
			zeros = 0;
		}
		out[n++] = b->byte[i];
		zeros = b->byte[i] ? 0 : zeros + 1;
	}
	return n;
}

static size_t add_sequence(uint8_t *out, const VAPictureParameterBufferH264 *p)
{
	struct bits b = { 0 };

	put(&b, p->pic_fields.bits.transform_8x8_mode_flag ? 100 : 77, 8);
	put(&b, 0, 8);
	put(&b, 51, 8);
	put_ue(&b, 0);
	if (p->pic_fields.bits.transform_8x8_mode_flag) {
		put_ue(&b, 1);
		put_ue(&b, 0);
		put_ue(&b, 0);
		put(&b, 0, 2);
	}
	put_ue(&b, p->seq_fields.bits.log2_max_frame_num_minus4);
	put_ue(&b, p->seq_fields.bits.pic_order_cnt_type);
	if (p->seq_fields.bits.pic_order_cnt_type == 0)
		put_ue(&b, p->seq_fields.bits.log2_max_pic_order_cnt_lsb_minus4);
	put_ue(&b, p->num_ref_frames);
	put(&b, p->seq_fields.bits.gaps_in_frame_num_value_allowed_flag, 1);
	put_ue(&b, p->picture_width_in_mbs_minus1);
	put_ue(&b, p->picture_height_in_mbs_minus1);
	put(&b, 1, 1); /* frames only */
	put(&b, p->seq_fields.bits.direct_8x8_inference_flag, 1);
	put(&b, 0, 2); /* no cropping: the surface is of whole blocks; no VUI */
	return add_unit(out, 0x67, &b);
}

static size_t add_picture(uint8_t *out, const VAPictureParameterBufferH264 *p,
		const VASliceParameterBufferH264 *s)
{
	struct bits b = { 0 };

	put_ue(&b, 0);
	put_ue(&b, 0);
	put(&b, p->pic_fields.bits.entropy_coding_mode_flag, 1);
	put(&b, p->pic_fields.bits.pic_order_present_flag, 1);
	put_ue(&b, 0);
	put_ue(&b, s->num_ref_idx_l0_active_minus1);
	put_ue(&b, 0);
	put(&b, p->pic_fields.bits.weighted_pred_flag, 1);
	put(&b, p->pic_fields.bits.weighted_bipred_idc, 2);
	put_se(&b, p->pic_init_qp_minus26);
	put_se(&b, p->pic_init_qs_minus26);
	put_se(&b, p->chroma_qp_index_offset);
	put(&b, p->pic_fields.bits.deblocking_filter_control_present_flag, 1);
	put(&b, p->pic_fields.bits.constrained_intra_pred_flag, 1);
	put(&b, p->pic_fields.bits.redundant_pic_cnt_present_flag, 1);
	if (p->pic_fields.bits.transform_8x8_mode_flag) {
		put(&b, 1, 1);
		put(&b, 0, 1);
		put_se(&b, p->second_chroma_qp_index_offset);
	}
	return add_unit(out, 0x68, &b);
}

static int open_decoder(struct context *c)
{
	SDecodingParam param = { .uiTargetDqLayer = 255,
		.eEcActiveIdc = ERROR_CON_DISABLE,
		.sVideoProperty = { .size = sizeof(SVideoProperty),
				.eVideoBsType = VIDEO_BITSTREAM_AVC } };
	int quiet = WELS_LOG_QUIET;

	if (WelsCreateDecoder(&c->decoder) != 0)
		return -1;
	(*c->decoder)->SetOption(c->decoder, DECODER_OPTION_TRACE_LEVEL, &quiet);
	return (int)(*c->decoder)->Initialize(c->decoder, &param);
}

static void show(const SBufferInfo *info, struct surface *s)
{
	const SSysMEMBuffer *m = &info->UsrData.sSystemBuffer;
	int w = m->iWidth < s->stride ? m->iWidth : s->stride;
	int h = m->iHeight < s->height ? m->iHeight : s->height;
	uint8_t *uv = s->bytes + (size_t)s->stride * s->height;

	for (int y = 0; y < h; y++)
		memcpy(s->bytes + (size_t)y * s->stride, info->pDst[0] + (size_t)y * m->iStride[0],
				(size_t)w);
	for (int y = 0; y < h / 2; y++)
		for (int x = 0; x < w / 2; x++) {
			uv[(size_t)y * s->stride + 2 * x] =
					info->pDst[1][(size_t)y * m->iStride[1] + x];
			uv[(size_t)y * s->stride + 2 * x + 1] =
					info->pDst[2][(size_t)y * m->iStride[1] + x];
		}
	if (va_mode()->grey)
		memset(s->bytes, 128, (size_t)s->stride * s->height);
}

VAStatus va_decode(struct context *c)
{
	static uint8_t in[PICTURE_MAX];
	const struct picture *n = &c->now;
	uint8_t *plane[3] = { 0 };
	SBufferInfo info = { 0 };
	size_t len;

	if (!n->dec_pic || !n->slices || n->slices != n->datas)
		return VA_STATUS_ERROR_INVALID_PARAMETER;
	if (!c->decoder && open_decoder(c) != 0)
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	const VAPictureParameterBufferH264 *p = (const void *)n->dec_pic->bytes;
	len = add_sequence(in, p);
	len += add_picture(in + len, p, (const void *)n->slice_param[0]->bytes);
	for (unsigned i = 0; i < n->slices; i++) {
		const VASliceParameterBufferH264 *s = (const void *)n->slice_param[i]->bytes;
		if (s->slice_data_size > n->slice_data[i]->size - s->slice_data_offset ||
				len + s->slice_data_size + 4 > sizeof(in))
			return VA_STATUS_ERROR_DECODING_ERROR;
		memcpy(in + len, (uint8_t[]){ 0, 0, 0, 1 }, 4);
		memcpy(in + len + 4, n->slice_data[i]->bytes + s->slice_data_offset,
				s->slice_data_size);
		len += 4 + s->slice_data_size;
	}
	if ((*c->decoder)->DecodeFrameNoDelay(c->decoder, in, (int)len, plane, &info) !=
			dsErrorFree)
		return VA_STATUS_ERROR_DECODING_ERROR;
	int left = 0;
	(*c->decoder)
			->GetOption(c->decoder, DECODER_OPTION_NUM_OF_FRAMES_REMAINING_IN_BUFFER,
					&left);
	if (info.iBufferStatus != 1 && left > 0 &&
			(*c->decoder)->FlushFrame(c->decoder, plane, &info) != dsErrorFree)
		return VA_STATUS_ERROR_DECODING_ERROR;
	if (info.iBufferStatus != 1)
		return VA_STATUS_ERROR_DECODING_ERROR;
	show(&info, n->target);
	c->pictures++;
	return VA_STATUS_SUCCESS;
}
