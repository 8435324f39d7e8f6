/* One pass over the bytes counts what would be allocated and finds integers that the library has no
 * room for; only then it reads. */
#include "admin/http/json.h"
#include "shared/base/buf.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <string.h>

#define I64_DIGITS 18u /* so many always fit */

struct scan {
	const char *at, *end;
	struct hws_buf copy; /* used once there is something to change */
	const char *copied;  /* up to here */
	unsigned depth, values;
};

/* Behind the quote that ends the text. What is in it the library checks. */
static void pass_text(struct scan *s)
{
	for (s->at++; s->at < s->end && *s->at != '"'; s->at++)
		if (*s->at == '\\' && s->at + 1 < s->end)
			s->at++;
	if (s->at < s->end)
		s->at++;
}

static bool in_number(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static void pass_number(struct scan *s)
{
	const char *from = s->at;
	char digits[24];
	uint64_t n;
	size_t len;

	while (s->at < s->end && in_number(*s->at))
		s->at++;
	len = (size_t)(s->at - from);
	if (len <= I64_DIGITS || len >= sizeof(digits) || *from == '0')
		return;
	memcpy(digits, from, len);
	digits[len] = 0;
	if (strspn(digits, "0123456789") != len || hws_parse_u64(digits, &n) < 0 || n <= INT64_MAX)
		return;
	hws_buf_put(&s->copy, s->copied, (size_t)(from - s->copied));
	hws_buf_fmt(&s->copy, "\"%s\"", digits);
	s->copied = s->at;
}

static int scan(struct scan *s)
{
	while (s->at < s->end) {
		char c = *s->at;

		if (c == '{' || c == '[') {
			if (++s->depth > HTP_JSON_DEPTH_MAX)
				return HWS_ERR_TOOBIG;
			s->values++;
			s->at++;
		} else if (c == '}' || c == ']') {
			s->depth -= s->depth ? 1 : 0;
			s->at++;
		} else if (c == '"') {
			s->values++;
			pass_text(s);
		} else if (in_number(c)) {
			s->values++;
			pass_number(s);
		} else {
			s->values += c == ','; /* before words like true */
			s->at++;
		}
		if (s->values > 3 * HTP_JSON_VALUES_MAX)
			return HWS_ERR_TOOBIG;
	}
	return hws_buf_err(&s->copy);
}

static int load(struct hws_bytes text, json_t **ret, struct hws_error *err)
{
	json_error_t why;
	char safe[160];

	*ret = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);
	if (*ret)
		return HWS_OK;
	return hws_error_set(err, HWS_ERR_PROTO, "The body is no good JSON (line %d): %s", why.line,
			hws_str_plain(safe, sizeof(safe), hws_bytes_str(why.text)));
}

int htp_json_read(struct hws_bytes text, json_t **ret, struct hws_error *err)
{
	const char *from = (const char *)text.ptr;
	struct scan s = { .at = from, .end = from + text.len, .copied = from };
	int r;

	*ret = NULL;
	if (!text.len)
		return hws_error_set(err, HWS_ERR_PROTO, "The body is empty");
	hws_buf_init(&s.copy, 2 * text.len);
	r = scan(&s);
	if (r == HWS_OK && s.copied != from) {
		hws_buf_put(&s.copy, s.copied, (size_t)(s.end - s.copied));
		text = hws_buf_bytes(&s.copy);
		r = hws_buf_err(&s.copy);
	}
	if (r == HWS_OK)
		r = load(text, ret, err);
	else
		hws_error_set(err, r, "The body is nested too deep or has too many values");
	hws_buf_done_wiped(&s.copy); /* there may have been a password in it */
	return r;
}

static int member(const json_t *o, const char *key, json_t **ret)
{
	*ret = json_object_get(o, key);
	return *ret && !json_is_null(*ret) ? HWS_OK : HWS_ERR_NOTFOUND;
}

int htp_json_text(const json_t *o, const char *key, size_t max, const char **ret)
{
	json_t *v;
	int r = member(o, key, &v);

	if (r < 0)
		return r;
	if (!json_is_string(v))
		return HWS_ERR_PROTO;
	if (json_string_length(v) > max)
		return HWS_ERR_TOOBIG;
	*ret = json_string_value(v);
	return HWS_OK;
}

int htp_json_int(const json_t *o, const char *key, int64_t min, int64_t max, int64_t *ret)
{
	json_t *v;
	int r = member(o, key, &v);

	if (r < 0)
		return r;
	if (!json_is_integer(v))
		return HWS_ERR_PROTO;
	if (json_integer_value(v) < min || json_integer_value(v) > max)
		return HWS_ERR_TOOBIG;
	*ret = json_integer_value(v);
	return HWS_OK;
}

int htp_json_u64(const json_t *o, const char *key, uint64_t *ret)
{
	json_t *v;
	int r = member(o, key, &v);

	if (r < 0)
		return r;
	if (json_is_string(v)) {
		const char *s = json_string_value(v);

		if (!*s || s[strspn(s, "0123456789")])
			return HWS_ERR_PROTO;
		return hws_parse_u64(s, ret) < 0 ? HWS_ERR_TOOBIG : HWS_OK;
	}
	if (!json_is_integer(v))
		return HWS_ERR_PROTO;
	if (json_integer_value(v) < 0)
		return HWS_ERR_TOOBIG;
	*ret = (uint64_t)json_integer_value(v);
	return HWS_OK;
}

int htp_json_bool(const json_t *o, const char *key, bool *ret)
{
	json_t *v;
	int r = member(o, key, &v);

	if (r == HWS_OK && !json_is_boolean(v))
		r = HWS_ERR_PROTO;
	if (r == HWS_OK)
		*ret = json_is_true(v);
	return r;
}
