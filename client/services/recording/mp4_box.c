/* Big-endian numbers, and lengths that are known at the end of a box. */
#include "client/services/recording/mp4_box.h"
#include "shared/base/mem.h"

#define KEYS_MAX 65536u
#define KEYS_STEP 256u
#define PICTURES 1u

void hws_mp4_u16(struct hws_buf *b, unsigned v)
{
	hws_buf_put_u8(b, (uint8_t)(v >> 8));
	hws_buf_put_u8(b, (uint8_t)v);
}

void hws_mp4_u32(struct hws_buf *b, uint32_t v)
{
	hws_mp4_u16(b, v >> 16);
	hws_mp4_u16(b, v & 0xffff);
}

void hws_mp4_u64(struct hws_buf *b, uint64_t v)
{
	hws_mp4_u32(b, (uint32_t)(v >> 32));
	hws_mp4_u32(b, (uint32_t)v);
}

void hws_mp4_zero(struct hws_buf *b, unsigned n)
{
	while (n--)
		hws_buf_put_u8(b, 0);
}

size_t hws_mp4_box(struct hws_buf *b, const char *type)
{
	size_t at = hws_buf_len(b);

	hws_mp4_u32(b, 0);
	hws_buf_put(b, type, 4);
	return at;
}

size_t hws_mp4_full(struct hws_buf *b, const char *type, unsigned version, uint32_t flags)
{
	size_t at = hws_mp4_box(b, type);

	hws_mp4_u32(b, version << 24 | flags);
	return at;
}

void hws_mp4_end(struct hws_buf *b, size_t box)
{
	size_t n = hws_buf_len(b) - box;

	if (hws_buf_err(b))
		return;
	for (int i = 0; i < 4; i++)
		b->data[b->start + box + (size_t)i] = (uint8_t)(n >> (24 - 8 * i));
}

void hws_mp4_index_add(struct hws_mp4_index *x, uint64_t time_ms, uint64_t at)
{
	if (x->count == KEYS_MAX)
		return;
	if (x->count % KEYS_STEP == 0) {
		struct hws_mp4_key *more =
				hws_realloc_array(x->key, x->count + KEYS_STEP, sizeof(*more));
		if (!more)
			return;
		x->key = more;
	}
	x->key[x->count++] = (struct hws_mp4_key){ time_ms, at };
}

void hws_mp4_index_put(const struct hws_mp4_index *x, struct hws_buf *out)
{
	size_t mfra = hws_mp4_box(out, "mfra"), tfra = hws_mp4_full(out, "tfra", 1, 0);

	hws_mp4_u32(out, PICTURES);
	hws_mp4_u32(out, 0); /* numbers of one byte each */
	hws_mp4_u32(out, (uint32_t)x->count);
	for (size_t i = 0; i < x->count; i++) {
		hws_mp4_u64(out, x->key[i].time_ms);
		hws_mp4_u64(out, x->key[i].at);
		hws_buf_put(out, "\1\1\1", 3); /* the first of the fragment */
	}
	hws_mp4_end(out, tfra);
	size_t mfro = hws_mp4_full(out, "mfro", 0, 0);
	hws_mp4_u32(out, (uint32_t)(hws_buf_len(out) + 4 - mfra));
	hws_mp4_end(out, mfro);
	hws_mp4_end(out, mfra);
}

void hws_mp4_index_done(struct hws_mp4_index *x)
{
	hws_free(x->key);
	*x = (struct hws_mp4_index){ 0 };
}
