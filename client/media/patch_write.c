/* The host's end of the format: how a rectangle is best said. A letter that was typed before and is
 * still to be seen is copied from there; the rest is coded by what kind of colours it has. */
#include "client/media/patch_parts.h"
#include "shared/base/mem.h"
#include <string.h>

#define LETTER_MIN 24 /* pixels; less costs less than the copy */
#define LETTER_MAX 8192

static void put_number(struct hws_buf *out, uint32_t v)
{
	for (; v > 0x7f; v >>= 7)
		hws_buf_put_u8(out, (uint8_t)(v | 0x80));
	hws_buf_put_u8(out, (uint8_t)v);
}

/* A length before what is there already from `at` on. */
static void put_length(struct hws_buf *out, size_t at)
{
	uint8_t n[5];
	size_t len = out->end - at, k = 0;

	for (size_t v = len;; v >>= 7) {
		n[k++] = (uint8_t)(v > 0x7f ? v | 0x80 : v);
		if (v <= 0x7f)
			break;
	}
	if (!hws_buf_reserve(out, k))
		return;
	memmove(out->data + at + k, out->data + at, len);
	memcpy(out->data + at, n, k);
	hws_buf_commit(out, k);
}

/* What was written last turned out not to be the last. */
static void close_op(struct patch_maker *m)
{
	if (!m->open)
		return;
	if (!hws_buf_err(m->out))
		put_length(m->out, m->open);
	m->open = 0;
}

static void put_head(struct patch_maker *m, enum patch_op op, struct hws_rect r)
{
	close_op(m);
	m->head = m->out->end;
	hws_buf_put_u8(m->out, (uint8_t)op);
	put_number(m->out, (uint32_t)r.x);
	put_number(m->out, (uint32_t)r.y);
	put_number(m->out, (uint32_t)r.w - 1);
	put_number(m->out, (uint32_t)r.h - 1);
}

void patch_begin(struct patch_maker *m, struct hws_buf *out)
{
	m->out = out;
	m->open = 0;
	hws_buf_put_u8(out, HWS_PATCH_VERSION);
}

void patch_write_copy(struct patch_maker *m, int from_x, int from_y, struct hws_rect to)
{
	put_head(m, PATCH_COPY, to);
	put_number(m->out, (uint32_t)from_x);
	put_number(m->out, (uint32_t)from_y);
	patch_move(m->was, from_x, from_y, to);
}

/* --- letters --- */

static uint64_t hash_of(const uint32_t *px, size_t n)
{
	uint64_t h = n;

	for (size_t i = 0; i < n; i++)
		h = (h ^ px[i]) * 0x9fb21c651e98df25ull ^ h >> 29;
	return h ^ h >> 32;
}

static bool is_there(const struct patch_maker *m, const struct patch_letter *l, const uint32_t *px)
{
	for (int y = 0; y < l->h; y++) {
		const uint32_t *row = patch_row(m->was, l->x, l->y + y);
		if (!m->known(l->x, l->y + y, l->w, m->arg))
			return false;
		for (int x = 0; x < l->w; x++, px++)
			if ((row[x] & PATCH_RGB) != *px)
				return false;
	}
	return true;
}

/* True when the copy has been written. */
static bool write_letter(struct patch_maker *m, const uint32_t *px, struct hws_rect r)
{
	size_t n = (size_t)r.w * (size_t)r.h;

	if (n < LETTER_MIN || n > LETTER_MAX)
		return false;
	uint64_t h = hash_of(px, n);
	struct patch_letter *l = &m->letter[h % PATCH_LETTERS], was = *l;
	*l = (struct patch_letter){ h, r.x, r.y, r.w, r.h };
	if (was.hash != h || was.w != r.w || was.h != r.h || !is_there(m, &was, px))
		return false;
	put_head(m, PATCH_COPY, r);
	put_number(m->out, (uint32_t)was.x);
	put_number(m->out, (uint32_t)was.y);
	return true;
}

/* --- pixels --- */

static int take_pixels(struct patch_maker *m, const struct hws_picture *now, struct hws_rect r)
{
	size_t need = ((size_t)r.h + 1) * (size_t)r.w;

	if (need > m->room) {
		hws_free(m->px);
		m->px = hws_alloc_array(need, sizeof(*m->px));
		m->room = m->px ? need : 0;
		if (!m->px)
			return HWS_ERR_NOMEM;
	}
	uint32_t *px = m->px + r.w;
	for (int y = 0; y < r.h; y++, px += r.w) {
		const uint32_t *row = patch_row(now, r.x, r.y + y);
		for (int x = 0; x < r.w; x++)
			px[x] = row[x] & PATCH_RGB;
	}
	return HWS_OK;
}

static int code_pixels(struct patch_maker *m, struct hws_rect r)
{
	struct patch_anchors anchors;
	uint32_t *px = m->px + r.w;
	size_t n = (size_t)r.w * (size_t)r.h, i = 1;
	int err = HWS_OK;

	while (i < n && px[i] == px[0])
		i++;
	if (i == n) {
		const uint8_t c[] = { (uint8_t)px[0], (uint8_t)(px[0] >> 8),
			(uint8_t)(px[0] >> 16) };
		put_head(m, PATCH_FILL, r);
		hws_buf_put(m->out, c, sizeof(c));
		return HWS_OK;
	}
	if (write_letter(m, px, r))
		return HWS_OK;
	bool few = patch_few_colours(px, n, &anchors);
	put_head(m, few ? PATCH_SCREEN : PATCH_PHOTO, r);
	m->open = m->out->end;
	if (few)
		patch_screen_write(px, r.w, r.h, &anchors, m->out);
	else
		err = patch_photo_write(px, r.w, r.h, m->out);
	return err;
}

int patch_write_pixels(struct patch_maker *m, const struct hws_picture *now, struct hws_rect r)
{
	int err = take_pixels(m, now, r);

	if (err == HWS_OK)
		err = code_pixels(m, r);
	for (int y = r.y; err == HWS_OK && y < r.y + r.h; y++)
		memcpy(patch_row_of(m->was, r.x, y), patch_row(now, r.x, y), (size_t)r.w * 4);
	return err < 0 ? err : hws_buf_err(m->out);
}

int patch_end(struct patch_maker *m)
{
	int err = hws_buf_err(m->out);

	if (err == HWS_OK && m->open)
		m->out->data[m->head] |= PATCH_LAST;
	m->open = 0;
	return err;
}
