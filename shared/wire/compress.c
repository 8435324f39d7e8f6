/* zstd under a cap. What a frame announces of its size is believed only up to the cap, and
 * memory follows what comes out, so that a small message cannot claim much. */
#include "shared/wire/compress.h"

#include <stdbool.h>
#include <string.h>
#include <zstd.h>

/* A frame may ask for a window of its own; above 16 MiB nobody we talk to does. */
#define WINDOW_LOG_MAX 24

/* Each block of a frame may bring tables of its own, which take as long to build as thousands of
 * bytes to decode. Encoders fill blocks of 128 KiB; four times as many may come, and some for those
 * who flush often. */
#define BLOCKS_MAX 512u
#define BLOCK_BYTES (32u << 10)

int hws_compress(struct hws_bytes in, int level, struct hws_buf *out)
{
	size_t bound = ZSTD_compressBound(in.len);
	uint8_t *to = hws_buf_reserve(out, bound);

	if (!to)
		return hws_buf_err(out);

	size_t n = ZSTD_compress(to, bound, in.ptr, in.len, level);

	if (ZSTD_isError(n))
		return HWS_ERR_NOMEM; /* the only way left with room for the bound */
	hws_buf_commit(out, n);
	return HWS_OK;
}

/* The size is announced: straight into the buffer. */
static int decompress_known(struct hws_bytes in, size_t size, struct hws_buf *out)
{
	static uint8_t nothing;
	uint8_t *to = size == 0 ? &nothing : hws_buf_reserve(out, size);

	if (!to)
		return hws_buf_err(out);

	size_t n = ZSTD_decompress(to, size, in.ptr, in.len);

	if (ZSTD_isError(n) || n != size)
		return HWS_ERR_CORRUPT;
	if (size > 0)
		hws_buf_commit(out, n);
	return HWS_OK;
}

static int stream_into(ZSTD_DCtx *ctx, struct hws_bytes in, struct hws_buf *tmp)
{
	ZSTD_inBuffer src = { in.ptr, in.len, 0 };
	size_t chunk = ZSTD_DStreamOutSize();
	size_t left = 1;

	while (left > 0) {
		size_t room = HWS_MIN(chunk, tmp->max - hws_buf_len(tmp));
		uint8_t last;
		uint8_t *to = room > 0 ? hws_buf_reserve(tmp, room) : &last;

		if (!to)
			return hws_buf_err(tmp);

		/* at the cap: one byte more shows whether the frame ends here */
		ZSTD_outBuffer dst = { to, room > 0 ? room : 1, 0 };
		size_t before = src.pos;

		left = ZSTD_decompressStream(ctx, &dst, &src);
		if (ZSTD_isError(left))
			return HWS_ERR_CORRUPT;
		if (room == 0 && dst.pos > 0)
			return HWS_ERR_TOOBIG;
		if (room > 0)
			hws_buf_commit(tmp, dst.pos);
		if (left > 0 && dst.pos == 0 && src.pos == before)
			return HWS_ERR_CORRUPT; /* truncated: no progress */
	}
	return HWS_OK;
}

/* The size is not announced: piece by piece, so that memory follows what really comes out. */
static int decompress_unknown(struct hws_bytes in, size_t max, struct hws_buf *out)
{
	struct hws_buf tmp;
	ZSTD_DCtx *ctx = ZSTD_createDCtx();
	int r = HWS_ERR_NOMEM;

	hws_buf_init(&tmp, max);
	if (!ctx || ZSTD_isError(ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		goto out;
	r = stream_into(ctx, in, &tmp);
	if (r == HWS_OK && hws_buf_len(&tmp) > 0) {
		hws_buf_put(out, hws_buf_bytes(&tmp).ptr, hws_buf_len(&tmp));
		r = hws_buf_err(out);
	}
out:
	ZSTD_freeDCtx(ctx);
	hws_buf_done(&tmp);
	return r;
}

/* RFC 8878, 3.1.1.1: the bytes before the first block; 0: no frame of zstd. Skippable frames and
 * those of the years before version 0.8 are none. */
static size_t header_bytes(struct hws_bytes in)
{
	static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd };
	static const uint8_t dictionary[] = { 0, 1, 2, 4 }, size[] = { 0, 2, 4, 8 };

	if (in.len < sizeof(magic) + 1 || memcmp(in.ptr, magic, sizeof(magic)) != 0)
		return 0;
	uint8_t d = in.ptr[sizeof(magic)];
	bool single = d & 0x20;
	size_t n = sizeof(magic) + 1 + dictionary[d & 3] + size[d >> 6];

	return n + (single ? d >> 6 == 0 : 1); /* a size in one byte, or the window */
}

int hws_zstd_blocks(struct hws_bytes in, size_t *ret)
{
	enum { RLE = 1, RESERVED = 3 };
	size_t at = header_bytes(in), count = 0;
	bool last = false;

	for (; !last; count++) {
		if (at == 0 || at > in.len || in.len - at < 3)
			return HWS_ERR_CORRUPT;
		uint32_t h = in.ptr[at] | (uint32_t)in.ptr[at + 1] << 8 |
				(uint32_t)in.ptr[at + 2] << 16;
		unsigned type = h >> 1 & 3;
		size_t n = type == RLE ? 1 : h >> 3;
		if (type == RESERVED || n > in.len - at - 3)
			return HWS_ERR_CORRUPT;
		at += 3 + n;
		last = h & 1;
	}
	*ret = count;
	return HWS_OK;
}

int hws_decompress(struct hws_bytes in, size_t max, struct hws_buf *out)
{
	unsigned long long size = ZSTD_getFrameContentSize(in.ptr, in.len);
	size_t whole = ZSTD_findFrameCompressedSize(in.ptr, in.len);
	size_t blocks = 0;

	if (size == ZSTD_CONTENTSIZE_ERROR || ZSTD_isError(whole) || whole != in.len ||
			hws_zstd_blocks(in, &blocks) < 0)
		return HWS_ERR_CORRUPT;
	if (size != ZSTD_CONTENTSIZE_UNKNOWN && size > max)
		return HWS_ERR_TOOBIG;
	if (blocks > BLOCKS_MAX + HWS_MIN((unsigned long long)max, size) / BLOCK_BYTES)
		return HWS_ERR_TOOBIG;
	if (size == ZSTD_CONTENTSIZE_UNKNOWN)
		return decompress_unknown(in, max, out);
	return decompress_known(in, (size_t)size, out);
}
