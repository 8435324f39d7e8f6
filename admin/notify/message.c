/* notify/message: headers are made of texts that are base64 or our own, so that nobody's name can
 * become a header. */
#include "admin/notify/message.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/crypto/hmac.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE 57u /* bytes in a line of a body: 76 signs of base64 */
#define WORD 45u /* bytes in an encoded word of a header: 60 signs of base64 */

static void put_base64(struct hws_buf *out, struct hws_bytes in)
{
	char line[HWS_BASE64_TEXT(LINE)];

	for (size_t i = 0; i < in.len; i += LINE) {
		size_t n = HWS_MIN((size_t)LINE, in.len - i);

		if (hws_base64_encode(hws_bytes(in.ptr + i, n), line, sizeof(line)) < 0)
			line[0] = '\0'; /* cannot be: it fits */
		hws_buf_put_str(out, line);
		if (i + n < in.len)
			hws_buf_put_str(out, "\r\n");
	}
	hws_wipe(line, sizeof(line)); /* there may be a code in it */
}

/* Encoded words (RFC 2047), each of whole characters. */
static void put_subject(struct hws_buf *out, const char *s)
{
	bool first = true;

	while (*s) {
		size_t n = strnlen(s, WORD);

		if (n == WORD && s[n])
			while (n > 1 && ((unsigned char)s[n] & 0xc0) == 0x80)
				n--;
		hws_buf_put_str(out, first ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
		put_base64(out, hws_bytes(s, n));
		hws_buf_put_str(out, "?=");
		first = false;
		s += n;
	}
}

/* The line at *at, which becomes a text of its own. */
static const char *next_line(char **at)
{
	char *line = *at, *end = line ? strchr(line, '\n') : NULL;

	if (end)
		*end = '\0';
	*at = end ? end + 1 : NULL;
	return line;
}

static int number(const char *text, int64_t *ret)
{
	uint64_t n;
	int r = text ? hws_parse_u64(text, &n) : HWS_ERR_CORRUPT;

	if (r < 0 || n > INT64_MAX)
		return HWS_ERR_CORRUPT;
	*ret = (int64_t)n;
	return HWS_OK;
}

int ntf_alarm_read(const char *body, struct ntf_alarm *ret)
{
	char *at = ret->lines_secret;
	int r = hws_str_copy(ret->lines_secret, sizeof(ret->lines_secret), body);

	if (r == HWS_OK)
		r = number(next_line(&at), &ret->at);
	if (r == HWS_OK)
		r = number(next_line(&at), &ret->held_back);
	ret->about = next_line(&at);
	ret->device_id = next_line(&at);
	ret->account = next_line(&at);
	ret->ip = next_line(&at);
	ret->text = next_line(&at);
	return r == HWS_OK && !ret->text ? HWS_ERR_CORRUPT : r;
}

/* What a person reads of an alarm. */
static int put_alarm(struct hws_buf *out, const struct dat_notice *n, const char *server_name)
{
	struct ntf_alarm *a = hws_alloc(sizeof(*a));
	char when[28];
	int r = a ? ntf_alarm_read(n->body_secret, a) : HWS_ERR_NOMEM;

	if (r == HWS_OK) {
		hws_buf_fmt(out, "%s\n\n", a->text);
		hws_buf_fmt(out, "About:   %s\n", a->about);
		if (*a->device_id)
			hws_buf_fmt(out, "Device:  %s\n", a->device_id);
		if (*a->account)
			hws_buf_fmt(out, "Account: %s\n", a->account);
		if (*a->ip)
			hws_buf_fmt(out, "Address: %s\n", a->ip);
		hws_buf_fmt(out, "When:    %.19sZ\n",
				hws_wall_text((uint64_t)a->at * HWS_US_PER_MS, when, sizeof(when)));
		if (a->held_back)
			hws_buf_fmt(out, "\n%lld more like this since the last notice.\n",
					(long long)a->held_back);
		hws_buf_fmt(out, "\n-- \n%s\n", server_name);
		r = hws_buf_err(out);
	}
	hws_free(a);
	return r;
}

static void put_date(struct hws_buf *out, int64_t ms)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t s = (time_t)(ms / 1000);
	struct tm t;

	if (gmtime_r(&s, &t))
		hws_buf_fmt(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[t.tm_wday],
				t.tm_mday, months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min,
				t.tm_sec);
}

int ntf_message(const struct dat_notice *n, const char *from, const char *server_name,
		struct hws_buf *out)
{
	const char *domain = strchr(from, '@');
	struct hws_buf text;
	int r = HWS_OK;

	/* checked when they were set; here it would be a header */
	if (!domain || strpbrk(from, "\r\n<>") || strpbrk(n->rcpt, "\r\n<>"))
		return HWS_ERR_INVAL;
	hws_buf_init(&text, NTF_MESSAGE_MAX);
	if (!*n->body_secret)
		r = HWS_ERR_CORRUPT; /* another key has sealed it */
	else if (hws_str_equal(n->kind, "mail"))
		hws_buf_put_str(&text, n->body_secret);
	else
		r = put_alarm(&text, n, server_name);
	hws_buf_fmt(out, "From: <%s>\r\nTo: <%s>\r\nSubject: ", from, n->rcpt);
	put_subject(out, n->subject);
	hws_buf_put_str(out, "\r\n");
	put_date(out, n->created_at);
	hws_buf_fmt(out,
			"Message-ID: <%s%s>\r\nMIME-Version: 1.0\r\nAuto-Submitted: "
			"auto-generated\r\nContent-Type: text/plain; "
			"charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
			n->guid, domain);
	put_base64(out, hws_buf_bytes(&text));
	hws_buf_put_str(out, "\r\n");
	if (r == HWS_OK)
		r = hws_buf_err(&text);
	hws_buf_done_wiped(&text);
	return r == HWS_OK ? hws_buf_err(out) : r;
}

int ntf_json(const struct dat_notice *n, const char *server_name, struct hws_buf *out)
{
	struct ntf_alarm *a = hws_alloc(sizeof(*a));
	json_t *o = NULL;
	char *text = NULL;
	int r = a ? ntf_alarm_read(n->body_secret, a) : HWS_ERR_NOMEM;

	if (r == HWS_OK) {
		o = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:I}", "id", n->guid,
				"server", server_name, "alarm", n->kind, "at", (json_int_t)a->at,
				"about", a->about, "text", a->text, "device_id", a->device_id,
				"account", a->account, "ip", a->ip, "held_back",
				(json_int_t)a->held_back);
		text = json_dumps(o, JSON_COMPACT);
		r = text ? HWS_OK : HWS_ERR_NOMEM;
	}
	if (r == HWS_OK) {
		hws_buf_put_str(out, text);
		r = hws_buf_err(out);
	}
	free(text);
	json_decref(o);
	hws_free(a);
	return r;
}

int ntf_signature(const char *secret, int64_t time_s, struct hws_bytes body, char *buf, size_t size)
{
	char moment[32];
	uint8_t mac[HWS_HMAC_LEN];
	int r = hws_fmt(moment, sizeof(moment), "%lld.", (long long)time_s);
	const struct hws_bytes parts[] = { hws_bytes_str(moment), body };

	hws_hmac_sha256(hws_bytes_str(secret), parts, HWS_COUNT(parts), mac);
	if (r == HWS_OK)
		r = hws_str_copy(buf, size, "sha256=");
	return r == HWS_OK ? hws_hex_encode(hws_bytes(mac, sizeof(mac)), buf + 7, size - 7) : r;
}
