/* import/text: a byte that belongs to no character becomes a question mark, so that a damaged name
 * is still a name that a person finds again. */
#include "admin/import/text.h"
#include "admin/data/dat.h"
#include "shared/base/bytes.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define TAGS_MAX 1000u

/* How many bytes the character at s has; 0: none. */
static size_t char_len(const char *s)
{
	for (size_t n = 1; n <= 4; n++) {
		if (hws_utf8_valid(hws_bytes(s, n)))
			return n;
		if (!s[n])
			return 0;
	}
	return 0;
}

static bool is_control(unsigned char ch, bool lines)
{
	return (ch < 32 && !(lines && (ch == '\n' || ch == '\t'))) || ch == 127;
}

bool imp_clean(const char *s, char *buf, size_t size, bool lines)
{
	const char *in = s;
	size_t n = 0;

	while (*in) {
		size_t len = char_len(in);
		bool odd = !len || (len == 1 && is_control((unsigned char)*in, lines));

		if (n + (len ? len : 1) >= size)
			break;
		if (odd)
			buf[n] = len ? ' ' : '?';
		else
			memcpy(buf + n, in, len);
		if (n || buf[0] != ' ')
			n += len ? len : 1;
		in += len ? len : 1;
	}
	buf[n] = '\0';
	dat_text_cut(buf, size);
	n = strlen(buf);
	while (n && buf[n - 1] == ' ')
		n--;
	buf[n] = '\0';
	return strcmp(s, buf) != 0;
}

static int give_tag(const char *tag, imp_tag_fn fn, void *arg)
{
	char clean[DAT_NAME_TEXT];

	imp_clean(tag, clean, sizeof(clean), false);
	return *clean ? fn(clean, arg) : HWS_OK;
}

static int give_array(const json_t *array, imp_tag_fn fn, void *arg)
{
	size_t n = HWS_MIN(json_array_size(array), (size_t)TAGS_MAX);
	int r = HWS_OK;

	for (size_t i = 0; i < n && r == HWS_OK; i++) {
		const char *tag = json_string_value(json_array_get(array, i));

		r = tag ? give_tag(tag, fn, arg) : HWS_OK;
	}
	return r;
}

static int give_list(const char *text, imp_tag_fn fn, void *arg)
{
	char tag[2 * DAT_NAME_TEXT];
	int r = HWS_OK;

	for (size_t i = 0; *text && i < TAGS_MAX && r == HWS_OK; i++) {
		size_t n = strcspn(text, ",");
		size_t take = HWS_MIN(n, sizeof(tag) - 1);

		memcpy(tag, text, take);
		tag[take] = '\0';
		r = give_tag(tag, fn, arg);
		text += n + (text[n] == ',');
	}
	return r;
}

int imp_tags_each(const char *text, imp_tag_fn fn, void *arg)
{
	json_t *array = NULL;
	int r;

	if (*text == '[')
		array = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	r = array ? give_array(array, fn, arg) : give_list(text, fn, arg);
	json_decref(array);
	return r;
}

int64_t imp_color(const char *text)
{
	uint8_t rgb[3];
	char *end = NULL;
	long long value;

	if (*text == '#')
		return hws_hex_decode(text + 1, rgb, sizeof(rgb)) < 0
				? 0
				: (int64_t)(0xff000000u | (uint32_t)rgb[0] << 16 |
						  (uint32_t)rgb[1] << 8 | rgb[2]);
	errno = 0;
	value = strtoll(text, &end, 0);
	if (errno || end == text || *end || value < INT32_MIN || value > UINT32_MAX)
		return 0;
	return value < 0 ? value + UINT32_MAX + 1 : value;
}

void imp_hex_to_base64(const char *hex, char *buf, size_t size)
{
	size_t len = strlen(hex) / 2;
	uint8_t raw[192];

	if (len > sizeof(raw) || hws_hex_decode(hex, raw, len) < 0 ||
			hws_base64_encode(hws_bytes(raw, len), buf, size) < 0)
		buf[0] = '\0';
}
