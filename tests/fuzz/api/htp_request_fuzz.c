/* A stream of requests through all parsers of the edge, as a link would take them: heads, targets,
 * queries, routes, cookies, and bodies in two pieces. Whatever comes: each request ends where the
 * head and body say, texts are whole, and what is cut anywhere is never taken for more. */
#include "admin/http/body.h"
#include "admin/http/files.h"
#include "admin/http/origin.h"
#include "admin/http/request.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX 1000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct htp_route rows[] = {
	{ HTP_GET, "/" },
	{ HTP_POST, "/api/ab/peer/{guid}" },
	{ HTP_GET, "/api/{a}/{b}" },
	{ HTP_DELETE, "/api/ab/{guid}" },
};
static const struct htp_routes table = { rows, HWS_COUNT(rows), NULL };
static const struct htp_file files[] = { { "/index.html", "text/html", "\"e\"", NULL, 0 } };
static const struct htp_files all_files = { files, 1 };
static char origin[] = "https://a.example";
static const struct htp_origins origins = { { origin }, 1 };

static void must_be_text(const char *s)
{
	assert(hws_utf8_valid(hws_bytes_str(s)));
}

static void use(struct htp_request *q)
{
	struct htp_match match;
	struct htp_reply reply;
	char cookie[32];
	uint32_t page, rows_of_page;

	for (unsigned i = 0; i < q->target.segments; i++) {
		must_be_text(q->target.segment[i]);
		assert(strcmp(q->target.segment[i], "..") != 0);
		assert(!strchr(q->target.segment[i], '/'));
	}
	for (unsigned i = 0; i < q->target.queries; i++)
		must_be_text(q->target.query[i].value);
	htp_route_find(&table, 1, q->head.method, &q->target, &match);
	q->route = match.route;
	htp_page(q, 100, &page, &rows_of_page);
	assert(page && rows_of_page && rows_of_page <= 100);
	if (q->route)
		(void)htp_param(q, "guid");
	(void)htp_bearer(q);
	if (htp_cookie(q, "session", cookie, sizeof(cookie)) == HWS_OK)
		assert(strlen(cookie) < sizeof(cookie));
	(void)htp_origins_own(&origins, &q->head);
	htp_reply_init(&reply);
	htp_origins_preflight(
			&reply, &q->head, htp_origins_match(&origins, &q->head), match.allowed);
	(void)htp_files_answer(&all_files, &q->head, &q->target, &reply);
	htp_reply_done(&reply);
}

/* Feeds in two pieces and whole: both must see the same. Returns how much was body, -1: no end. */
static ssize_t pass_body(const struct htp_head *head, struct hws_bytes in)
{
	size_t half = in.len / 2, used = 0, more = 0, whole = 0;
	struct htp_body a, b;
	struct hws_buf out, all;
	int r, all_r;

	if (htp_body_init(&a, head, BODY_MAX) < 0)
		return -1;
	b = a;
	hws_buf_init(&out, BODY_MAX);
	hws_buf_init(&all, BODY_MAX);
	all_r = htp_body_feed(&b, in, &whole, &all);
	r = htp_body_feed(&a, hws_bytes(in.ptr, half), &used, &out);
	assert(used <= half);
	if (r == HWS_ERR_SHORT) {
		r = htp_body_feed(&a, hws_bytes(in.ptr + used, in.len - used), &more, &out);
		used += more;
	}
	assert(r == all_r && whole <= in.len);
	if (r == HWS_OK) {
		assert(used == whole);
		assert(hws_bytes_equal(hws_buf_bytes(&out), hws_buf_bytes(&all)));
	}
	hws_buf_done(&out);
	hws_buf_done(&all);
	return r == HWS_OK ? (ssize_t)whole : -1;
}

/* How long the request is with its body, -1: the link would end. */
static ssize_t pass_request(struct hws_bytes in)
{
	struct htp_request q = { 0 };
	size_t len;
	ssize_t body = -1;
	int status;

	if (htp_head_end(in, &len) < 0)
		return -1;
	assert(len <= in.len && len <= HTP_HEAD_MAX);
	q.text = malloc(len + 1); /* of its own: what reads beyond is seen */
	memcpy(q.text, in.ptr, len);
	q.text[len] = 0;
	if (htp_head_parse(q.text, len, &q.head, &status) == HWS_OK) {
		assert(!status && !(q.head.chunked && q.head.has_length));
		body = pass_body(&q.head, hws_bytes(in.ptr + len, in.len - len));
		if (htp_target_parse(q.head.target, &q.target) == HWS_OK)
			use(&q);
	} else {
		assert(status >= 400 && status < 600);
	}
	free(q.text);
	return body < 0 ? -1 : (ssize_t)len + body;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_bytes in = hws_bytes(data, size);
	ssize_t n;

	while (in.len && (n = pass_request(in)) > 0)
		in = hws_bytes(in.ptr + n, in.len - (size_t)n);
	return 0;
}
