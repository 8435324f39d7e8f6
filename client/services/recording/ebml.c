/* EBML, RFC 8794, as far as a recording needs it. */
#include "client/services/recording/ebml.h"
#include "shared/base/mem.h"
#include <string.h>

#define CUES_MAX 65536u /* then the later ones are found by playing from the last */
#define CUES_STEP 256u
#define CUE_BYTES 128u /* of one, at most */

void hws_ebml_id(struct hws_buf *b, uint32_t id)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		if (id >> shift)
			hws_buf_put_u8(b, (uint8_t)(id >> shift));
}

static void put64(struct hws_buf *b, uint64_t v)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		hws_buf_put_u8(b, (uint8_t)(v >> shift));
}

void hws_ebml_size(struct hws_buf *b, uint64_t n)
{
	put64(b, 1ull << 56 | n);
}

void hws_ebml_uint(struct hws_buf *b, uint32_t id, uint64_t v)
{
	hws_ebml_id(b, id);
	hws_ebml_size(b, 8);
	put64(b, v);
}

void hws_ebml_bytes(struct hws_buf *b, uint32_t id, struct hws_bytes content)
{
	hws_ebml_id(b, id);
	hws_ebml_size(b, content.len);
	hws_buf_put(b, content.ptr, content.len);
}

void hws_ebml_text(struct hws_buf *b, uint32_t id, const char *s)
{
	hws_ebml_bytes(b, id, hws_bytes_str(s));
}

void hws_ebml_double(struct hws_buf *b, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	put64(b, bits);
}

void hws_ebml_seek_head(struct hws_buf *b, uint64_t cues_at)
{
	struct hws_buf seek, head;

	hws_buf_init(&seek, 128);
	hws_buf_init(&head, 128);
	hws_ebml_id(&seek, HWS_EL_SEEK_ID);
	hws_ebml_size(&seek, 4);
	hws_ebml_id(&seek, HWS_EL_CUES);
	hws_ebml_uint(&seek, HWS_EL_SEEK_POSITION, cues_at);
	hws_ebml_bytes(&head, HWS_EL_SEEK, hws_buf_bytes(&seek));
	hws_ebml_bytes(b, HWS_EL_SEEK_HEAD, hws_buf_bytes(&head));
	hws_buf_done(&seek);
	hws_buf_done(&head);
}

void hws_webm_cues_add(struct hws_webm_cues *c, uint64_t time_ms, uint64_t at)
{
	if (c->count == CUES_MAX)
		return;
	if (c->count % CUES_STEP == 0) {
		struct hws_webm_cue *more =
				hws_realloc_array(c->cue, c->count + CUES_STEP, sizeof(*more));
		if (!more)
			return;
		c->cue = more;
	}
	c->cue[c->count++] = (struct hws_webm_cue){ time_ms, at };
}

int hws_webm_cues_put(const struct hws_webm_cues *c, struct hws_buf *out)
{
	struct hws_buf all, one, place;
	int r;

	hws_buf_init(&all, c->count * CUE_BYTES + 1);
	hws_buf_init(&one, CUE_BYTES);
	hws_buf_init(&place, CUE_BYTES);
	for (size_t i = 0; i < c->count; i++) {
		hws_buf_reset(&one);
		hws_buf_reset(&place);
		hws_ebml_uint(&place, HWS_EL_CUE_TRACK, 1);
		hws_ebml_uint(&place, HWS_EL_CUE_CLUSTER, c->cue[i].at);
		hws_ebml_uint(&one, HWS_EL_CUE_TIME, c->cue[i].time_ms);
		hws_ebml_bytes(&one, HWS_EL_CUE_PLACE, hws_buf_bytes(&place));
		hws_ebml_bytes(&all, HWS_EL_CUE, hws_buf_bytes(&one));
	}
	hws_ebml_bytes(out, HWS_EL_CUES, hws_buf_bytes(&all));
	r = hws_buf_err(&all) ? hws_buf_err(&all) : hws_buf_err(out);
	hws_buf_done(&all);
	hws_buf_done(&one);
	hws_buf_done(&place);
	return r;
}

void hws_webm_cues_done(struct hws_webm_cues *c)
{
	hws_free(c->cue);
	*c = (struct hws_webm_cues){ 0 };
}
