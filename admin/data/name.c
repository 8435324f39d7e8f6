/* admin/data/name: NFKC and case folding of Unicode; by libunistring, which has the tables. */
#include "admin/data/name.h"
#include "shared/base/str.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>

#define FOLD_MAX 8192u

int dat_fold(const char *text, char *buf, size_t size)
{
	size_t len = strnlen(text, FOLD_MAX + 1), n = size;
	uint8_t *out;
	int r = HWS_OK;

	if (len > FOLD_MAX)
		return HWS_ERR_TOOBIG;
	if (!hws_utf8_valid(hws_bytes(text, len)))
		return HWS_ERR_INVAL;
	if (len == 0)
		return hws_str_copy(buf, size, "");
	out = u8_casefold((const uint8_t *)text, len, NULL, UNINORM_NFKC, (uint8_t *)buf, &n);
	if (!out)
		return HWS_ERR_NOMEM;
	if (out != (uint8_t *)buf || n >= size)
		r = HWS_ERR_TOOBIG;
	else
		buf[n] = '\0';
	if (out != (uint8_t *)buf)
		free(out);
	return r;
}

int dat_name_key(const char *name, char key[DAT_NAME_KEY_TEXT])
{
	size_t n;
	int r = dat_text_check(name, DAT_NAME_TEXT, false);

	if (r < 0)
		return r;
	n = strlen(name);
	if (n == 0 || name[0] == ' ' || name[n - 1] == ' ')
		return HWS_ERR_INVAL;
	return dat_fold(name, key, DAT_NAME_KEY_TEXT);
}

int dat_fold_like(const char *text, char *buf, size_t size)
{
	char folded[DAT_NAME_KEY_TEXT];
	int r = dat_fold(text, folded, sizeof(folded));

	return r == HWS_OK ? sql_like(folded, buf, size) : r;
}
