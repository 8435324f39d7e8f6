/* A table of zeros is the one darkness that X has which captures do not see: a window over all
 * would be in the picture, and a monitor that is switched off comes back with the next key. */
#include "client/platform/x11/blank.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include <stdlib.h>
#include <string.h>

#define TABLE_MAX 16384u

static uint16_t table_size(const struct x11_screen *s, xcb_randr_crtc_t crtc)
{
	xcb_randr_get_crtc_gamma_size_reply_t *r = xcb_randr_get_crtc_gamma_size_reply(
			s->conn, xcb_randr_get_crtc_gamma_size(s->conn, crtc), NULL);
	uint16_t size = r ? r->size : 0;

	free(r);
	return size;
}

/* Whether it is known to be all dark; *ret_table (may be NULL): what it is, the caller's. */
static bool read_table(const struct x11_screen *s, xcb_randr_crtc_t crtc, uint16_t size,
		uint16_t **ret_table)
{
	xcb_randr_get_crtc_gamma_reply_t *r = xcb_randr_get_crtc_gamma_reply(
			s->conn, xcb_randr_get_crtc_gamma(s->conn, crtc), NULL);
	bool dark = r && r->size == size;
	uint16_t *copy = ret_table ? hws_alloc_array(3u * size, sizeof(*copy)) : NULL;

	if (dark && copy) {
		memcpy(copy, xcb_randr_get_crtc_gamma_red(r), size * 2u);
		memcpy(copy + size, xcb_randr_get_crtc_gamma_green(r), size * 2u);
		memcpy(copy + 2u * size, xcb_randr_get_crtc_gamma_blue(r), size * 2u);
	} else {
		hws_free(copy);
		copy = NULL;
	}
	for (unsigned i = 0; dark && i < size; i++)
		dark = !xcb_randr_get_crtc_gamma_red(r)[i] &&
				!xcb_randr_get_crtc_gamma_green(r)[i] &&
				!xcb_randr_get_crtc_gamma_blue(r)[i];
	free(r);
	if (ret_table)
		*ret_table = copy;
	return dark;
}

static void set_table(const struct x11_screen *s, xcb_randr_crtc_t crtc, uint16_t size,
		const uint16_t *table)
{
	xcb_randr_set_crtc_gamma(s->conn, crtc, size, table, table + size, table + 2u * size);
}

static int darken(const struct x11_screen *s, xcb_randr_crtc_t crtc, uint16_t size)
{
	uint16_t *zeros = hws_alloc_array(3u * size, sizeof(*zeros));

	if (!zeros)
		return HWS_ERR_NOMEM;
	set_table(s, crtc, size, zeros);
	hws_free(zeros);
	return read_table(s, crtc, size, NULL) ? HWS_OK : HWS_ERR_UNSUPPORTED;
}

static bool is_kept(const struct x11_blank *b, xcb_randr_crtc_t crtc)
{
	for (unsigned i = 0; i < b->count; i++)
		if (b->kept[i].crtc == crtc)
			return true;
	return false;
}

static int darken_one(const struct x11_screen *s, struct x11_blank *b, xcb_randr_crtc_t crtc)
{
	uint16_t size = table_size(s, crtc);

	if (size == 0 || size > TABLE_MAX)
		return HWS_ERR_UNSUPPORTED;
	if (!is_kept(b, crtc)) {
		if (b->count == X11_CRTCS_MAX)
			return HWS_ERR_UNSUPPORTED;
		b->kept[b->count].crtc = crtc;
		b->kept[b->count].size = size;
		read_table(s, crtc, size, &b->kept[b->count].table);
		b->count++;
	} else if (read_table(s, crtc, size, NULL)) {
		return HWS_OK;
	}
	return darken(s, crtc, size);
}

int x11_blank_again(const struct x11_screen *s, struct x11_blank *b, struct hws_error *err)
{
	struct x11_layout l;
	unsigned lit = 0;
	int r = x11_layout_read(s, &l);

	for (uint32_t i = 0; r == HWS_OK && i < l.count; i++) {
		if (!l.crtc[i].mode)
			continue;
		lit++;
		r = darken_one(s, b, l.crtc[i].id);
	}
	if (r == HWS_OK && !lit)
		r = HWS_ERR_UNSUPPORTED;
	b->on = true; /* a part of it may be */
	if (r < 0) {
		x11_blank_off(s, b);
		hws_error_set(err, r,
				"the display driver of this host cannot make the monitors dark");
	}
	return r;
}

int x11_blank_on(const struct x11_screen *s, struct x11_blank *b, struct hws_error *err)
{
	return b->on ? HWS_OK : x11_blank_again(s, b, err);
}

static void light(const struct x11_screen *s, xcb_randr_crtc_t crtc, uint16_t size)
{
	uint16_t *plain = size ? hws_alloc_array(3u * size, sizeof(*plain)) : NULL;

	for (unsigned i = 0; plain && i < 3u * size; i++)
		plain[i] = (uint16_t)(65535u * (i % size) / HWS_MAX(size - 1u, 1u));
	if (plain)
		set_table(s, crtc, size, plain);
	hws_free(plain);
}

void x11_blank_off(const struct x11_screen *s, struct x11_blank *b)
{
	for (unsigned i = 0; i < b->count; i++) {
		/* a mode may have come with a table of another size */
		uint16_t size = table_size(s, b->kept[i].crtc);
		if (b->kept[i].table && size == b->kept[i].size)
			set_table(s, b->kept[i].crtc, size, b->kept[i].table);
		else if (size <= TABLE_MAX)
			light(s, b->kept[i].crtc, size);
		hws_free(b->kept[i].table);
	}
	xcb_flush(s->conn);
	*b = (struct x11_blank){ 0 };
}

void x11_blank_light_all(const struct x11_screen *s)
{
	struct x11_layout l;

	if (x11_layout_read(s, &l) < 0)
		return;
	for (uint32_t i = 0; i < l.count; i++) {
		uint16_t size = table_size(s, l.crtc[i].id);
		if (size <= TABLE_MAX)
			light(s, l.crtc[i].id, size);
	}
	xcb_flush(s->conn);
}
