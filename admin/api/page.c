/* api/page: HTML is written here and nowhere else; whatever comes from outside goes through
 * put_text. */
#include "admin/api/page.h"
#include "shared/base/str.h"
#include <string.h>

#define PAGE_MAX 16384u

static void put_text(struct hws_buf *b, const char *text)
{
	if (!hws_utf8_valid(hws_bytes_str(text)))
		return;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '&')
			hws_buf_put_str(b, "&amp;");
		else if (c == '<')
			hws_buf_put_str(b, "&lt;");
		else if (c == '>')
			hws_buf_put_str(b, "&gt;");
		else if (c == '"')
			hws_buf_put_str(b, "&quot;");
		else if (c == '\'')
			hws_buf_put_str(b, "&#39;");
		else if (c >= 0x20 && c != 0x7f)
			hws_buf_put_u8(b, c);
	}
}

static void begin(struct hws_buf *b, const char *title)
{
	hws_buf_init(b, PAGE_MAX);
	hws_buf_put_str(b,
			"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			"<meta name=\"viewport\" content=\"width=device-width, "
			"initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light "
			"dark\">\n<meta name=\"robots\" content=\"noindex\">\n<title>");
	put_text(b, title);
	hws_buf_put_str(b,
			"</title>\n<link rel=\"stylesheet\" href=\"../../style.css\">\n</head>\n"
			"<body>\n<main>\n<h1>");
	put_text(b, title);
	hws_buf_put_str(b, "</h1>\n");
}

/* The edge's own policy allows no style: this one is as strict for all else. The answer's origin is
 * looked at, so it must be told. */
static void end(struct htp_reply *reply, int status, struct hws_buf *b)
{
	hws_buf_put_str(b, "</main>\n</body>\n</html>\n");
	if (hws_buf_err(b)) {
		htp_reply_error(reply, 503, "The server is out of memory");
	} else {
		htp_reply_bytes(reply, status, "text/html; charset=utf-8", hws_buf_bytes(b));
		reply->cacheable = true;
		htp_reply_field(reply, "Cache-Control", "no-store");
		htp_reply_field(reply, "Content-Security-Policy",
				"default-src 'none'; style-src 'self'; form-action 'self'; base-uri "
				"'none'; frame-ancestors 'none'");
		htp_reply_field(reply, "Referrer-Policy", "same-origin");
	}
	hws_buf_done_wiped(b);
}

void adi_page(struct htp_reply *reply, int status, const char *title, const char *text)
{
	struct hws_buf b;

	begin(&b, title);
	hws_buf_put_str(&b, "<p>");
	put_text(&b, text);
	hws_buf_put_str(&b, "</p>\n");
	end(reply, status, &b);
}

static void put_row(struct hws_buf *b, const char *name, const char *value)
{
	if (!*value)
		return;
	hws_buf_fmt(b, "<dt>%s</dt>\n<dd>", name);
	put_text(b, value);
	hws_buf_put_str(b, "</dd>\n");
}

void adi_page_ask(struct htp_reply *reply, const struct adi_question *q)
{
	struct hws_buf b;

	begin(&b, "Let this device in?");
	hws_buf_put_str(&b, "<p>A device asks to be logged in as <strong>");
	put_text(&b, q->account);
	hws_buf_put_str(&b,
			"</strong>. Agree only if you have started this yourself just now, on "
			"this device:</p>\n<dl>\n");
	put_row(&b, "Device", *q->device_name ? q->device_name : "(without a name)");
	put_row(&b, "System", q->device_os);
	put_row(&b, "ID", q->device_id);
	put_row(&b, "Asked from", q->ip);
	put_row(&b, "Provider", q->provider);
	hws_buf_put_str(&b,
			"</dl>\n<form method=\"post\" action=\"consent\">\n"
			"<input type=\"hidden\" name=\"consent\" value=\"");
	put_text(&b, q->consent);
	hws_buf_put_str(&b,
			"\">\n<button type=\"submit\" name=\"answer\" value=\"no\">No, refuse"
			"</button>\n<button type=\"submit\" name=\"answer\" value=\"yes\" "
			"class=\"main\">Yes, let it in</button>\n</form>\n");
	end(reply, 200, &b);
}
