/* api/picture: every chunk is looked at whole, its checksum too, before it is copied. */
#include "admin/api/picture.h"
#include "shared/base/macros.h"
#include <stdbool.h>
#include <string.h>

#define CHUNK_HEAD 8u
#define CHUNK_TAIL 4u
#define IHDR_LEN 13u

static const uint8_t signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

static uint32_t number(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* CRC-32 of PNG; files are small. */
static uint32_t checksum(const uint8_t *at, size_t len)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < len; i++) {
		crc ^= at[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc ^ 0xffffffff;
}

static int check_head(const uint8_t *d)
{
	static const struct {
		uint8_t colour, depths; /* depths are powers of two: each is its own bit */
	} kinds[] = { { 0, 1 | 2 | 4 | 8 }, { 2, 8 }, { 3, 1 | 2 | 4 | 8 }, { 4, 8 }, { 6, 8 } };
	uint32_t w = number(d), h = number(d + 4);

	if (!w || !h || d[10] || d[11] || d[12] > 1)
		return HWS_ERR_PROTO;
	if (w > ADI_PICTURE_SIDE_MAX || h > ADI_PICTURE_SIDE_MAX)
		return HWS_ERR_RANGE;
	for (size_t i = 0; i < HWS_COUNT(kinds); i++) {
		if (kinds[i].colour == d[9])
			return d[8] && d[8] <= 8 && (d[8] & (d[8] - 1)) == 0 &&
							(kinds[i].depths & d[8])
					? HWS_OK
					: HWS_ERR_PROTO;
	}
	return HWS_ERR_PROTO;
}

struct state {
	bool head, palette, pixels, done;
};

static bool is(const uint8_t *type, const char *name)
{
	return memcmp(type, name, 4) == 0;
}

/* Whether this chunk may come here; *ret_keep: whether it is copied. */
static int check_chunk(struct state *s, const uint8_t *type, const uint8_t *data, uint32_t len,
		bool *ret_keep)
{
	*ret_keep = true;
	if (!s->head) {
		s->head = true;
		return is(type, "IHDR") && len == IHDR_LEN ? check_head(data) : HWS_ERR_PROTO;
	}
	if (is(type, "IDAT")) {
		s->pixels = true;
		return HWS_OK;
	}
	if (is(type, "IEND")) {
		s->done = true;
		return s->pixels && !len ? HWS_OK : HWS_ERR_PROTO;
	}
	if (is(type, "PLTE")) {
		bool good = !s->palette && !s->pixels && len && len <= 768 && len % 3 == 0;

		s->palette = true;
		return good ? HWS_OK : HWS_ERR_PROTO;
	}
	if (is(type, "tRNS"))
		return s->pixels || len > 256 ? HWS_ERR_PROTO : HWS_OK;
	*ret_keep = false;
	/* a small first letter: whoever does not know it may go on without */
	return type[0] & 32 ? HWS_OK : HWS_ERR_PROTO;
}

int adi_picture_clean(struct hws_bytes png, struct hws_buf *out)
{
	size_t at = sizeof(signature);
	struct state s = { .head = false };

	if (png.len < at || memcmp(png.ptr, signature, at) != 0)
		return HWS_ERR_PROTO;
	hws_buf_put(out, signature, sizeof(signature));
	while (!s.done) {
		const uint8_t *chunk = png.ptr + at;
		size_t room = png.len - at;
		uint32_t len;
		bool keep;
		int r;

		if (room < CHUNK_HEAD + CHUNK_TAIL)
			return HWS_ERR_PROTO;
		len = number(chunk);
		if (len > room - CHUNK_HEAD - CHUNK_TAIL ||
				checksum(chunk + 4, (size_t)len + 4) !=
						number(chunk + CHUNK_HEAD + len))
			return HWS_ERR_PROTO;
		r = check_chunk(&s, chunk + 4, chunk + CHUNK_HEAD, len, &keep);
		if (r < 0)
			return r;
		if (keep)
			hws_buf_put(out, chunk, CHUNK_HEAD + (size_t)len + CHUNK_TAIL);
		at += CHUNK_HEAD + (size_t)len + CHUNK_TAIL;
	}
	return hws_buf_err(out);
}
