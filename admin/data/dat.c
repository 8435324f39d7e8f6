/* admin/data: a subject that is called inside a transaction joins it, so that what belongs
 * together is done together. */
#include "admin/data/dat.h"
#include "shared/base/str.h"

#include <string.h>

struct dat_page dat_page(struct dat_page p)
{
	p.limit = HWS_MAX(1u, HWS_MIN(p.limit, DAT_PAGE_MAX));
	p.offset = HWS_MIN(p.offset, DAT_OFFSET_MAX);
	return p;
}

int dat_tx_begin(struct dat_tx *tx, struct sql_conn *c)
{
	*tx = (struct dat_tx){ .c = c, .own = !sql_in_transaction(c) };
	return tx->own ? sql_begin(c) : HWS_OK;
}

int dat_tx_end(struct dat_tx *tx, int r)
{
	return tx->own ? sql_end(tx->c, r) : r;
}

int dat_change_one(struct sql_conn *c, const char *text, const struct sql_value *params, size_t n)
{
	int64_t changed = 0;
	int r = sql_change(c, text, params, n, &changed);

	return r == HWS_OK && changed == 0 ? HWS_ERR_NOTFOUND : r;
}

int dat_touched(const struct sql_conn *c, int r)
{
	return sql_in_transaction(c) ? r : HWS_OK;
}

int dat_guid_row(const struct sql_row *row, void *arg)
{
	return sql_copy(row, 0, arg, DAT_GUID_TEXT);
}

int dat_count_up(struct sql_conn *c, const char *name, int64_t *ret)
{
	return sql_number(c, "UPDATE counter SET value = value + 1 WHERE name = $1 RETURNING value",
			SQL_P(SQL_T(name)), ret);
}

size_t dat_letters(size_t size)
{
	return size % 4 == 2 ? size / 4 : size - 1;
}

void dat_text_cut(char *buf, size_t size)
{
	size_t left = dat_letters(size);

	for (char *s = buf; *s; s++) {
		if (((unsigned char)*s & 0xc0) != 0x80 && left-- == 0) {
			*s = '\0';
			return;
		}
	}
}

int dat_text_check(const char *s, size_t size, bool lines)
{
	if (strnlen(s, size) >= size || hws_utf8_letters(hws_bytes_str(s)) > dat_letters(size))
		return HWS_ERR_TOOBIG;
	if (!hws_utf8_valid(hws_bytes_str(s)))
		return HWS_ERR_INVAL;
	for (; *s; s++) {
		unsigned char ch = (unsigned char)*s;

		if ((ch < 32 && !(lines && (ch == '\n' || ch == '\t' || ch == '\r'))) || ch == 127)
			return HWS_ERR_INVAL;
	}
	return HWS_OK;
}
