/* record/format: numbers are little-endian, and nothing here allocates by what a file says before
 * that was held against its bounds. */
#include "admin/record/format.h"
#include "shared/base/mem.h"
#include "shared/crypto/mac.h"

static const char magic[REC_MAGIC_LEN] = REC_MAGIC; /* without its NUL */

static void put_le(uint8_t *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get_le(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

void rec_head_write(const uint8_t pk[HWS_SEALED_BOX_KEY_LEN], uint8_t ret[REC_HEAD_LEN])
{
	memcpy(ret, magic, sizeof(magic));
	memcpy(ret + REC_MAGIC_LEN, pk, HWS_SEALED_BOX_KEY_LEN);
}

int rec_head_read(const uint8_t head[REC_HEAD_LEN], uint8_t ret_pk[HWS_SEALED_BOX_KEY_LEN])
{
	if (memcmp(head, magic, sizeof(magic)) != 0)
		return HWS_ERR_CORRUPT;
	memcpy(ret_pk, head + REC_MAGIC_LEN, HWS_SEALED_BOX_KEY_LEN);
	return HWS_OK;
}

int rec_part_close(const uint8_t pk[HWS_SEALED_BOX_KEY_LEN], const struct rec_part *part,
		struct hws_buf *out)
{
	size_t inner = REC_INNER + part->data.len;
	size_t closed = inner + HWS_SEALED_BOX_OVERHEAD;
	uint8_t *plain, *to;
	int r;

	if (part->data.len > REC_DATA_MAX)
		return HWS_ERR_TOOBIG;
	plain = hws_alloc(inner);
	to = plain ? hws_buf_reserve(out, 4 + closed) : NULL;
	if (!to) {
		hws_free(plain);
		return plain ? hws_buf_err(out) : HWS_ERR_NOMEM;
	}
	plain[0] = (uint8_t)part->kind;
	put_le(plain + 1, part->number, 8);
	put_le(plain + 9, part->offset, 8);
	if (part->data.len)
		memcpy(plain + REC_INNER, part->data.ptr, part->data.len);
	put_le(to, closed, 4);
	r = hws_sealed_box_close(pk, hws_bytes(plain, inner), to + 4);
	if (r == HWS_OK)
		hws_buf_commit(out, 4 + closed);
	hws_free_wiped(plain, inner);
	return r;
}

int rec_part_len(const uint8_t four[4], size_t *ret)
{
	uint64_t n = get_le(four, 4);

	if (n < REC_INNER + HWS_SEALED_BOX_OVERHEAD ||
			n > REC_INNER + HWS_SEALED_BOX_OVERHEAD + REC_DATA_MAX)
		return HWS_ERR_CORRUPT;
	*ret = (size_t)n;
	return HWS_OK;
}

int rec_part_open(const struct hws_sealed_box_pair *pair, struct hws_bytes sealed, uint8_t *room,
		struct rec_part *ret)
{
	int r;

	if (sealed.len < REC_INNER + HWS_SEALED_BOX_OVERHEAD)
		return HWS_ERR_CORRUPT;
	r = hws_sealed_box_open(pair, sealed, room);
	if (r < 0)
		return r;
	if (room[0] > REC_END)
		return HWS_ERR_CORRUPT;
	*ret = (struct rec_part){
		.kind = (enum rec_kind)room[0],
		.number = get_le(room + 1, 8),
		.offset = get_le(room + 9, 8),
		.data = { room + REC_INNER, sealed.len - HWS_SEALED_BOX_OVERHEAD - REC_INNER },
	};
	return HWS_OK;
}

void rec_chain_add(uint8_t chain[REC_CHAIN_LEN], struct hws_bytes sealed)
{
	uint8_t next[HWS_MAC_LEN];

	_Static_assert(REC_CHAIN_LEN == HWS_MAC_LEN, "what is made");
	_Static_assert(REC_CHAIN_LEN == HWS_MAC_KEY_LEN, "and is the next key");
	hws_mac(chain, &sealed, 1, next);
	memcpy(chain, next, REC_CHAIN_LEN);
}
