/* api/v1: the shapes of answers, lists and errors, and reading bodies. */
#include "admin/api/v1.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_USUAL 50u

/* --- errors ----------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int status;
} codes[ADI_CODES] = {
	[ADI_BAD_REQUEST] = { "bad_request", 400 },
	[ADI_BAD_FIELD] = { "bad_field", 400 },
	[ADI_NOT_LOGGED_IN] = { "not_logged_in", 401 },
	[ADI_SECOND_FACTOR] = { "second_factor", 401 },
	[ADI_CSRF] = { "csrf", 403 },
	[ADI_FORBIDDEN] = { "forbidden", 403 },
	[ADI_NOT_FOUND] = { "not_found", 404 },
	[ADI_EXISTS] = { "exists", 409 },
	[ADI_CHANGED] = { "changed", 409 },
	[ADI_IN_USE] = { "in_use", 409 },
	[ADI_TOO_MANY] = { "too_many", 429 },
	[ADI_TOO_LARGE] = { "too_large", 413 },
	[ADI_UNSUPPORTED] = { "unsupported", 400 },
	[ADI_BUSY] = { "busy", 503 },
	[ADI_AWAY] = { "away", 503 },
	[ADI_LOCKED] = { "locked", 423 },
};

static void put_error(struct htp_reply *reply, int status, enum adi_code code, const char *field,
		const char *text)
{
	json_t *o = json_pack("{s:{s:s,s:s}}", "error", "code", codes[code].name, "text", text);
	char *packed;

	if (field && o)
		json_object_set_new(json_object_get(o, "error"), "field", json_string(field));
	packed = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	htp_reply_error(reply, status, "%s", text); /* drops what was there */
	if (packed)
		htp_reply_bytes(reply, status, "application/json; charset=utf-8",
				hws_bytes_str(packed));
	free(packed);
	if (code == ADI_BUSY || code == ADI_AWAY || code == ADI_TOO_MANY)
		htp_reply_field(reply, "Retry-After", "5");
}

void adi_v1_error(struct htp_reply *reply, enum adi_code code, const char *field, const char *fmt,
		...)
{
	char text[2 * DAT_NAME_TEXT + 400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put_error(reply, codes[code].status, code, field, text);
}

void adi_v1_fail(struct htp_reply *reply, int r, const char *what, const char *field)
{
	switch (r) {
	case HWS_ERR_NOTFOUND:
		adi_v1_error(reply, ADI_NOT_FOUND, field, "There is no such %s.", what);
		return;
	case HWS_ERR_EXISTS:
		adi_v1_error(reply, ADI_EXISTS, field ? field : "name",
				"There is a %s of that name already.", what);
		return;
	case HWS_ERR_DENIED:
		adi_v1_error(reply, ADI_FORBIDDEN, field, "This %s must stay as it is.", what);
		return;
	case HWS_ERR_INVAL:
	case HWS_ERR_RANGE:
	case HWS_ERR_PROTO:
		adi_v1_error(reply, ADI_BAD_FIELD, field, "The %s is not as it must be.", what);
		return;
	case HWS_ERR_TOOBIG:
		adi_v1_error(reply, ADI_BAD_FIELD, field, "A text of the %s is too long.", what);
		return;
	case HWS_ERR_FULL:
	case HWS_ERR_BUSY:
		adi_v1_error(reply, ADI_BUSY, NULL, "The database is busy; try again.");
		return;
	default:
		adi_v1_error(reply, ADI_AWAY, NULL, "The database is away; try again later.");
	}
}

/* What the edge and adi_authorise say in the plain shape. */
void adi_v1_shape(const struct htp_request *q, struct htp_reply *reply, void *arg)
{
	static const struct {
		int status;
		enum adi_code code;
	} of[] = { { 401, ADI_NOT_LOGGED_IN }, { 403, ADI_FORBIDDEN }, { 404, ADI_NOT_FOUND },
		{ 409, ADI_EXISTS }, { 413, ADI_TOO_LARGE }, { 429, ADI_TOO_MANY },
		{ 503, ADI_BUSY }, { 405, ADI_UNSUPPORTED } };
	const struct htp_target *t = &q->target;
	const char *text;
	json_t *body;

	(void)arg;
	if (t->segments < 2 || strcmp(t->segment[0], "api") != 0 ||
			strcmp(t->segment[1], "v1") != 0)
		return;
	body = json_loadb((const char *)hws_buf_bytes(&reply->body).ptr, hws_buf_len(&reply->body),
			0, NULL);
	text = json_string_value(json_object_get(body, "error"));
	if (text) {
		enum adi_code code = ADI_BAD_REQUEST;
		int status = reply->status;

		for (size_t i = 0; i < HWS_COUNT(of); i++) {
			if (of[i].status == status)
				code = of[i].code;
		}
		if (strcmp(text, ADI_TEXT_PAGE_OLD) == 0)
			code = ADI_CSRF;
		else if (strcmp(text, ADI_TEXT_ACT_FIRST) == 0)
			code = ADI_SECOND_FACTOR;
		put_error(reply, status, code, NULL, text);
	}
	json_decref(body);
}

void adi_v1_created(struct htp_reply *reply, json_t *value)
{
	htp_reply_json(reply, value);
	if (reply->status == 200)
		reply->status = 201;
}

void adi_v1_nothing(struct htp_reply *reply)
{
	htp_reply_bytes(reply, 204, NULL, hws_bytes(NULL, 0));
}

/* --- lists ------------------------------------------------------------------------------------ */

const char *adi_v1_query(const struct htp_request *q, const char *name)
{
	const char *v = htp_query(q, name);

	return v ? v : "";
}

bool adi_v1_page(const struct htp_request *q, struct htp_reply *reply, struct dat_page *ret)
{
	const char *cursor = adi_v1_query(q, "cursor"), *limit = htp_query(q, "limit");
	uint32_t offset = 0, n = LIMIT_USUAL;

	if (*cursor &&
			(cursor[0] != 'o' || hws_parse_u32(cursor + 1, &offset) < 0 ||
					offset > DAT_OFFSET_MAX)) {
		adi_v1_error(reply, ADI_BAD_FIELD, "cursor", "This is no cursor of a list.");
		return false;
	}
	if (limit && hws_parse_u32(limit, &n) < 0)
		n = LIMIT_USUAL;
	*ret = dat_page((struct dat_page){ .offset = offset, .limit = n });
	return true;
}

void adi_v1_list(struct htp_reply *reply, json_t *items, struct dat_page page, int64_t total)
{
	size_t n = json_array_size(items);
	int64_t end = (int64_t)page.offset + (int64_t)n;
	bool more = total < 0 ? n == page.limit : n && end < total;
	char next[24];

	(void)snprintf(next, sizeof(next), "o%lld", (long long)end);
	htp_reply_json(reply,
			json_pack("{s:o,s:o,s:o}", "items", items, "next",
					more ? json_string(next) : json_null(), "total",
					total < 0 ? json_null() : json_integer(total)));
}

void adi_v1_listed(struct htp_reply *reply, int r, const char *what, json_t *items,
		struct dat_page page, int64_t total)
{
	if (r == HWS_OK) {
		adi_v1_list(reply, items, page, total);
		return;
	}
	json_decref(items);
	adi_v1_fail(reply, r, what, NULL);
}

int adi_v1_sort(const struct htp_request *q, struct htp_reply *reply, const char *const *columns,
		int *ret_column, bool *ret_down)
{
	const char *sort = adi_v1_query(q, "sort");

	*ret_column = -1;
	*ret_down = *sort == '-';
	sort += *ret_down;
	if (!*sort)
		return HWS_OK;
	for (int i = 0; columns[i]; i++) {
		if (strcmp(columns[i], sort) == 0) {
			*ret_column = i;
			return HWS_OK;
		}
	}
	adi_v1_error(reply, ADI_BAD_FIELD, "sort", "This list cannot be sorted by that.");
	return HWS_ERR_INVAL;
}

/* --- bodies ----------------------------------------------------------------------------------- */

const char *adi_in_text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

int adi_in_bool(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_boolean(v) ? json_is_true(v) : -1;
}

int64_t adi_in_int(const json_t *o, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

json_t *adi_out_ref(const char *guid, const char *name)
{
	return *guid ? json_pack("{s:s,s:s}", "guid", guid, "name", name) : json_null();
}

json_t *adi_out_text_or_null(const char *text)
{
	return *text ? json_string(text) : json_null();
}

int adi_v1_unchanged(const struct htp_request *q, struct htp_reply *reply, int64_t now_is)
{
	if (adi_in_int(q->json, "updated_at", now_is) == now_is)
		return HWS_OK;
	adi_v1_error(reply, ADI_CHANGED, "updated_at",
			"Somebody else has changed this meanwhile; load it again.");
	return HWS_ERR_BUSY;
}
