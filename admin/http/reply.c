/* Replies as clients parse them; what protects browsers stands in each of them. */
#include "admin/http/reply.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIELDS_MAX 8192u

static const char type_json[] = "application/json; charset=utf-8";

static const struct {
	int status;
	const char *text;
} texts[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
};

const char *htp_status_text(int status)
{
	for (size_t i = 0; i < HWS_COUNT(texts); i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "Status";
}

void htp_reply_init(struct htp_reply *r)
{
	*r = (struct htp_reply){ .status = 200 };
	hws_buf_init(&r->head, FIELDS_MAX);
	hws_buf_init(&r->body, HTP_REPLY_MAX);
}

static void drop_parts(struct htp_reply *r)
{
	if (r->part && r->part_free)
		r->part_free(r->part_arg);
	r->part = NULL;
}

void htp_reply_done(struct htp_reply *r)
{
	drop_parts(r);
	hws_buf_done_wiped(&r->head);
	hws_buf_done_wiped(&r->body);
}

static void start(struct htp_reply *r, int status, const char *type)
{
	drop_parts(r);
	hws_buf_reset(&r->body);
	r->status = status;
	r->type = type;
}

static int to_body(const char *data, size_t len, void *arg)
{
	hws_buf_put(arg, data, len);
	return hws_buf_err(arg) ? -1 : 0;
}

static bool put_json(struct htp_reply *r, const json_t *value)
{
	return json_dump_callback(value, to_body, &r->body, JSON_COMPACT) == 0 &&
			!hws_buf_err(&r->body);
}

void htp_reply_json(struct htp_reply *r, json_t *value)
{
	start(r, 200, type_json);
	if (!value)
		htp_reply_error(r, 503, "The server is out of memory");
	else if (json_object_get(value, "error"))
		htp_reply_error(r, 500,
				"The server made a reply that cannot be told from a failure");
	else if (!put_json(r, value))
		htp_reply_error(r, 503, "The reply is too long; ask for less of it");
	json_decref(value);
}

void htp_reply_error(struct htp_reply *r, int status, const char *fmt, ...)
{
	char text[400];
	json_t *value;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	start(r, status, type_json);
	value = json_pack("{s:s}", "error", text);
	/* a text cut in the middle of a letter, or no memory: the plain words of the status */
	if (!value || !put_json(r, value)) {
		hws_buf_reset(&r->body);
		hws_buf_fmt(&r->body, "{\"error\":\"%s\"}", htp_status_text(status));
	}
	json_decref(value);
}

void htp_reply_text(struct htp_reply *r, const char *text)
{
	htp_reply_bytes(r, 200, "text/plain; charset=utf-8", hws_bytes_str(text));
}

void htp_reply_bytes(struct htp_reply *r, int status, const char *type, struct hws_bytes body)
{
	start(r, status, type);
	if (body.len)
		hws_buf_put(&r->body, body.ptr, body.len);
	if (hws_buf_err(&r->body))
		htp_reply_error(r, 503, "The server is out of memory");
}

void htp_reply_parts(struct htp_reply *r, const char *type, htp_part_fn fn, void *arg,
		void (*free_fn)(void *arg))
{
	start(r, 200, type);
	r->part = fn;
	r->part_arg = arg;
	r->part_free = free_fn;
}

void htp_reply_field(struct htp_reply *r, const char *name, const char *value)
{
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			htp_reply_error(r, 500, "The server made a reply that cannot be sent");
			return;
		}
	hws_buf_fmt(&r->head, "%s: %s\r\n", name, value);
	if (hws_buf_err(&r->head))
		htp_reply_error(r, 500, "The server made a reply that cannot be sent");
}

static void put_guards(
		const struct htp_reply *r, const struct htp_reply_form *form, struct hws_buf *out)
{
	hws_buf_put_str(out,
			"X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n"
			"Referrer-Policy: no-referrer\r\n"
			"Cross-Origin-Resource-Policy: ");
	hws_buf_put_str(out, form->origin ? "cross-origin\r\n" : "same-origin\r\n");
	if (!r->cacheable)
		hws_buf_put_str(out,
				"Cache-Control: no-store\r\n"
				"Content-Security-Policy: default-src 'none'; "
				"frame-ancestors 'none'\r\n");
	if (form->tls)
		hws_buf_put_str(out, "Strict-Transport-Security: max-age=31536000\r\n");
	if (form->origin)
		hws_buf_fmt(out, "Access-Control-Allow-Origin: %s\r\nVary: Origin\r\n",
				form->origin);
}

void htp_reply_write(
		const struct htp_reply *r, const struct htp_reply_form *form, struct hws_buf *out)
{
	struct hws_bytes fields = hws_buf_bytes(&r->head), body = hws_buf_bytes(&r->body);
	bool bodiless = r->status == 204 || r->status == 304;

	hws_buf_fmt(out, "HTTP/1.1 %d %s\r\n", r->status, htp_status_text(r->status));
	if (r->type && (body.len || r->part))
		hws_buf_fmt(out, "Content-Type: %s\r\n", r->type);
	if (r->part && form->chunked)
		hws_buf_put_str(out, "Transfer-Encoding: chunked\r\n");
	else if (!bodiless && !r->part)
		hws_buf_fmt(out, "Content-Length: %zu\r\n", body.len);
	put_guards(r, form, out);
	if (fields.len)
		hws_buf_put(out, fields.ptr, fields.len);
	hws_buf_put_str(out,
			form->keep_alive ? "Connection: keep-alive\r\n\r\n"
					 : "Connection: close\r\n\r\n");
	if (body.len && !form->head && !bodiless)
		hws_buf_put(out, body.ptr, body.len);
}
