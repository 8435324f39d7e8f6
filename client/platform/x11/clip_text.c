/* Between UTF-8 and what older X programs speak. COMPOUND_TEXT is ISO 2022 with the initial sets
 * ASCII (left half) and ISO 8859-1 (right half); each set is decoded by iconv in runs of bytes that
 * belong to it. */
#include "client/platform/x11/clip_text.h"
#include "shared/base/str.h"
#include <iconv.h>
#include <string.h>

#define ESC 0x1b
#define UNKNOWN "\xef\xbf\xbd" /* U+FFFD */

struct charset {
	const char *name; /* for iconv; NULL: not known */
	unsigned width;   /* bytes of a character */
	bool high;        /* iconv wants the eighth bit set, whichever half the bytes are in */
};

static const struct charset ascii = { "ASCII", 1, false }, latin1 = { "ISO-8859-1", 1, true },
			    unknown1 = { NULL, 1, false }, unknown2 = { NULL, 2, false };

static size_t put_char(char buf[4], uint32_t cp)
{
	if (cp < 0x80) {
		buf[0] = (char)cp;
		return 1;
	}
	buf[0] = (char)(0xc0 | cp >> 6);
	buf[1] = (char)(0x80 | (cp & 0x3f));
	return 2;
}

/* Length of the UTF-8 sequence at p, which is valid. */
static size_t sequence(const uint8_t *p)
{
	return *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
}

static bool is_latin1(const uint8_t *p)
{
	return *p < 0x80 || *p == 0xc2 || *p == 0xc3;
}

static uint8_t latin1_of(const uint8_t *p)
{
	return *p < 0x80 ? *p : (uint8_t)(*p << 6 | (p[1] & 0x3f));
}

bool x11_latin1_put(struct hws_buf *out, struct hws_bytes text)
{
	bool whole = true;

	for (size_t i = 0; i < text.len; i += sequence(text.ptr + i)) {
		bool known = is_latin1(text.ptr + i);
		hws_buf_put_u8(out, known ? latin1_of(text.ptr + i) : '?');
		whole = whole && known;
	}
	return whole;
}

void x11_latin1_take(struct hws_buf *out, struct hws_bytes in)
{
	char c[4];

	for (size_t i = 0; i < in.len; i++)
		hws_buf_put(out, c, put_char(c, in.ptr[i]));
}

/* --- writing COMPOUND_TEXT --- */

/* C1 and most of C0 have a meaning of their own there, so they travel as UTF-8. */
static bool is_plain(const uint8_t *p)
{
	uint8_t c = latin1_of(p);

	return is_latin1(p) && ((c >= 0x20 && c < 0x7f) || c == '\t' || c == '\n' || c >= 0xa0);
}

void x11_compound_put(struct hws_buf *out, struct hws_bytes text)
{
	for (size_t i = 0; i < text.len;) {
		size_t from = i;

		while (i < text.len && is_plain(text.ptr + i))
			i += sequence(text.ptr + i);
		x11_latin1_put(out, hws_bytes(text.ptr + from, i - from));
		from = i;
		while (i < text.len && !is_plain(text.ptr + i))
			i += sequence(text.ptr + i);
		if (i == from)
			continue;
		hws_buf_put(out, "\x1b%G", 3);
		hws_buf_put(out, text.ptr + from, i - from);
		hws_buf_put(out, "\x1b%@", 3);
	}
}

/* --- reading it --- */

static void put_unknown(struct hws_buf *out, size_t characters)
{
	while (characters-- > 0 && hws_buf_err(out) == HWS_OK)
		hws_buf_put(out, UNKNOWN, strlen(UNKNOWN));
}

/* Opened for the first run of a set and kept for those that follow: a text may change between two
 * of them with each letter, and to open one takes longer than many runs. */
#define KEPT 4u

struct converters {
	struct {
		const struct charset *set; /* NULL: free */
		iconv_t cd;                /* (iconv_t)-1: there is none */
	} kept[KEPT];
	unsigned oldest;
};

static iconv_t converter_of(struct converters *c, const struct charset *set)
{
	if (!set->name)
		return (iconv_t)-1;
	for (unsigned i = 0; i < KEPT; i++)
		if (c->kept[i].set == set)
			return c->kept[i].cd;
	unsigned at = c->oldest++ % KEPT;
	if (c->kept[at].set && c->kept[at].cd != (iconv_t)-1)
		iconv_close(c->kept[at].cd);
	c->kept[at].set = set;
	c->kept[at].cd = iconv_open("UTF-8", set->name);
	return c->kept[at].cd;
}

static void converters_done(struct converters *c)
{
	for (unsigned i = 0; i < KEPT; i++)
		if (c->kept[i].set && c->kept[i].cd != (iconv_t)-1)
			iconv_close(c->kept[i].cd);
}

/* Bytes of one set, all in one half. */
static void take_run(struct hws_buf *out, struct converters *converters, const struct charset *set,
		const uint8_t *p, size_t len)
{
	char in[256], to[1100];
	iconv_t cd = converter_of(converters, set);

	len -= len % set->width;
	if (cd == (iconv_t)-1) {
		put_unknown(out, len / set->width);
		return;
	}
	(void)!iconv(cd, NULL, NULL, NULL, NULL);
	while (len && hws_buf_err(out) == HWS_OK) {
		size_t n = HWS_MIN(len, sizeof(in)), left = n, room = sizeof(to);
		char *from = in, *at = to;

		for (size_t i = 0; i < n; i++)
			in[i] = (char)(set->high ? p[i] | 0x80 : p[i] & 0x7f);
		(void)!iconv(cd, &from, &left, &at, &room);
		hws_buf_put(out, to, sizeof(to) - room);
		p += n - left;
		len -= n - left;
		if (!left)
			continue;
		put_unknown(out, 1); /* a code that the set does not have */
		(void)!iconv(cd, NULL, NULL, NULL, NULL);
		p += HWS_MIN(len, (size_t)set->width);
		len -= HWS_MIN(len, (size_t)set->width);
	}
}

/* Sets of 96 characters: the parts of ISO 8859, right half only. */
static const struct charset *set_of_96(uint8_t final)
{
	static const struct charset sets[] = { { "ISO-8859-1", 1, true }, { "ISO-8859-2", 1, true },
		{ "ISO-8859-3", 1, true }, { "ISO-8859-4", 1, true }, { "ISO-8859-7", 1, true },
		{ "ISO-8859-6", 1, true }, { "ISO-8859-8", 1, true }, { "ISO-8859-5", 1, true },
		{ "ISO-8859-9", 1, true }, { "TIS-620", 1, true }, { "ISO-8859-10", 1, true },
		{ "ISO-8859-13", 1, true }, { "ISO-8859-14", 1, true }, { "ISO-8859-15", 1, true },
		{ "ISO-8859-16", 1, true } };
	static const char finals[] = "ABCDFGHLMTVY_bf";
	const char *at = final ? strchr(finals, final) : NULL;

	return at ? &sets[at - finals] : &unknown1;
}

static const struct charset *set_of_94(uint8_t final)
{
	static const struct charset roman = { "ASCII", 1, false }, kana = { "SHIFT_JIS", 1, true };

	return final == 'B' ? &ascii : final == 'J' ? &roman : final == 'I' ? &kana : &unknown1;
}

static const struct charset *set_of_94x94(uint8_t final)
{
	static const struct charset chinese = { "EUC-CN", 2, true },
				    japanese = { "EUC-JP", 2, true },
				    korean = { "EUC-KR", 2, true };

	return final == 'A'            ? &chinese
			: final == 'B' ? &japanese
			: final == 'C' ? &korean
				       : &unknown2;
}

struct reader {
	struct hws_bytes in;
	size_t at;
	const struct charset *left, *right;
	struct converters converters;
	struct hws_buf *out;
};

static uint8_t peek(const struct reader *r, size_t n)
{
	return r->at + n < r->in.len ? r->in.ptr[r->at + n] : 0;
}

/* ESC % G ... ESC % @ */
static void take_utf8(struct reader *r)
{
	const uint8_t *from = r->in.ptr + r->at, *end = NULL;
	size_t len = r->in.len - r->at;

	end = memmem(from, len, "\x1b%@", 3);
	struct hws_bytes part = hws_bytes(from, end ? (size_t)(end - from) : len);
	if (hws_utf8_valid(part))
		hws_buf_put(r->out, part.ptr, part.len);
	else
		put_unknown(r->out, 1);
	r->at += part.len + (end ? 3 : 0);
}

/* ESC % / F M L: a name up to STX and text, M and L say how long they are together. */
static int take_extended(struct reader *r)
{
	uint8_t m = peek(r, 4), l = peek(r, 5);
	size_t len = (size_t)(m & 0x7f) * 128 + (l & 0x7f);

	if (!(m & 0x80) || !(l & 0x80) || r->in.len - r->at < 6 + len)
		return HWS_ERR_CORRUPT;
	put_unknown(r->out, 1);
	r->at += 6 + len;
	return HWS_OK;
}

/* At ESC: a designation or a segment. */
static int take_escape(struct reader *r)
{
	uint8_t a = peek(r, 1), b = peek(r, 2), c = peek(r, 3);
	size_t n = 3;

	if (a == '(') {
		r->left = set_of_94(b);
	} else if (a == ')') {
		r->right = set_of_94(b);
	} else if (a == '-') {
		r->right = set_of_96(b);
	} else if (a == '$' && (b == '(' || b == ')')) {
		n = 4;
		*(b == '(' ? &r->left : &r->right) = set_of_94x94(c);
	} else if (a == '%' && b == 'G') {
		r->at += 3;
		take_utf8(r);
		return HWS_OK;
	} else if (a == '%' && b == '@') {
		r->left = &ascii;
		r->right = &latin1;
	} else if (a == '%' && b == '/') {
		return take_extended(r);
	} else if (a != '#') { /* ESC # digit 0 tells the version */
		return HWS_ERR_CORRUPT;
	} else {
		n = 4;
	}
	if (r->in.len - r->at < n)
		return HWS_ERR_CORRUPT;
	r->at += n;
	return HWS_OK;
}

static bool is_control(uint8_t c)
{
	return c < 0x20 || (c >= 0x80 && c < 0xa0);
}

static int take_all(struct reader *r)
{
	while (r->at < r->in.len && hws_buf_err(r->out) == HWS_OK) {
		uint8_t c = r->in.ptr[r->at];
		size_t from = r->at;

		if (c == ESC) {
			int err = take_escape(r);
			if (err < 0)
				return err;
		} else if (c == 0x9b) { /* direction: CSI ... ] */
			while (r->at < r->in.len && r->in.ptr[r->at] != ']')
				r->at++;
			r->at += r->at < r->in.len;
		} else if (is_control(c)) {
			if (c == '\t' || c == '\n' || c == '\r')
				hws_buf_put_u8(r->out, c);
			r->at++;
		} else {
			bool high = c >= 0x80;
			while (r->at < r->in.len && !is_control(r->in.ptr[r->at]) &&
					(r->in.ptr[r->at] >= 0x80) == high)
				r->at++;
			take_run(r->out, &r->converters, high ? r->right : r->left,
					r->in.ptr + from, r->at - from);
		}
	}
	return HWS_OK;
}

int x11_compound_take(struct hws_buf *out, struct hws_bytes in)
{
	struct reader r = { .in = in, .left = &ascii, .right = &latin1, .out = out };
	int err = take_all(&r);

	converters_done(&r.converters);
	return err;
}

/* --- markup --- */

void x11_drop_end(struct hws_buf *text)
{
	while (text->end > text->start && text->data[text->end - 1] == 0)
		text->end--;
}

static int take_utf16(struct hws_buf *out, struct hws_bytes in, const char *name)
{
	iconv_t cd = iconv_open("UTF-8", name);
	char *from = (char *)(uintptr_t)in.ptr, to[4096];
	size_t left = in.len - in.len % 2;
	int r = cd == (iconv_t)-1 ? HWS_ERR_UNSUPPORTED : HWS_OK;

	while (r == HWS_OK && left && hws_buf_err(out) == HWS_OK) {
		char *at = to;
		size_t room = sizeof(to), before = left;

		(void)!iconv(cd, &from, &left, &at, &room);
		hws_buf_put(out, to, sizeof(to) - room);
		if (left == before) /* half of a pair */
			r = HWS_ERR_CORRUPT;
	}
	if (cd != (iconv_t)-1)
		iconv_close(cd);
	return r;
}

static int take_utf8_only(struct hws_buf *out, struct hws_bytes in)
{
	if (!hws_utf8_valid(in))
		return HWS_ERR_CORRUPT;
	hws_buf_put(out, in.ptr, in.len);
	return HWS_OK;
}

int x11_markup_take(struct hws_buf *out, struct hws_bytes in)
{
	struct hws_bytes whole;
	int r;

	if (in.len >= 2 && memcmp(in.ptr, "\xff\xfe", 2) == 0)
		r = take_utf16(out, hws_bytes(in.ptr + 2, in.len - 2), "UTF-16LE");
	else if (in.len >= 2 && memcmp(in.ptr, "\xfe\xff", 2) == 0)
		r = take_utf16(out, hws_bytes(in.ptr + 2, in.len - 2), "UTF-16BE");
	else if (in.len >= 3 && memcmp(in.ptr, "\xef\xbb\xbf", 3) == 0)
		r = take_utf8_only(out, hws_bytes(in.ptr + 3, in.len - 3));
	else
		r = take_utf8_only(out, in);
	x11_drop_end(out);
	whole = hws_buf_bytes(out);
	return r == HWS_OK && whole.len && memchr(whole.ptr, 0, whole.len) ? HWS_ERR_CORRUPT : r;
}
