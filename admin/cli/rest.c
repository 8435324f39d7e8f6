/* Questions to the API and what its answers mean for the exit status: codes of HTTP become
 * those of the command line, faults of the network become sentences. */
#include "admin/cli/rest.h"
#include "admin/cli/place.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/web/fetch.h"
#include <string.h>
#include <time.h>

#define ANSWER_MAX (64u << 20)
#define TRIES 6            /* while the server is busy */
#define WAIT_MAX_S 10u     /* that it may ask for each time */
#define PAGES_MAX 1000000u /* of a list that does not end */

struct adm_rest {
	struct hws_web *web;
	char base[600];
	char socket[600]; /* "" = by TCP */
	char token[512];
};

static int away(struct adm_call *call, int code, const char *text)
{
	hws_error_set(&call->err, code, "%s", text);
	return ADM_AWAY;
}

static int find_place(struct adm_call *call, struct adm_rest *a)
{
	const char *server = call->settings.server;
	size_t len = strlen(server);
	int r;

	if (!adm_settings_remote(&call->settings)) {
		r = adm_server_socket(ADM_API, a->socket, sizeof(a->socket), &call->err);
		return r < 0 ? ADM_FAILED
				: hws_str_copy(a->base, sizeof(a->base), "http://localhost") < 0
				? ADM_FAILED
				: ADM_DONE;
	}
	if (!hws_str_starts(server, "https://") && !hws_str_starts(server, "http://")) {
		hws_error_set(&call->err, HWS_ERR_INVAL, "--server: https://NAME[:PORT], not '%s'",
				server);
		return ADM_USAGE;
	}
	while (len && server[len - 1] == '/')
		len--;
	r = hws_str_from_bytes(a->base, sizeof(a->base), hws_bytes(server, len));
	if (r < 0)
		hws_error_set(&call->err, r, "--server: %s", hws_err_text(r));
	return r < 0 ? ADM_USAGE : ADM_DONE;
}

static int ensure(struct adm_call *call)
{
	struct adm_rest *a;
	int status;

	if (call->rest)
		return ADM_DONE;
	a = hws_alloc(sizeof(*a));
	if (!a)
		return away(call, HWS_ERR_NOMEM, "out of memory");
	call->rest = a;
	status = find_place(call, a);
	if (status == ADM_DONE &&
			adm_settings_token(&call->settings, a->token, sizeof(a->token),
					&call->err) < 0)
		status = ADM_USAGE;
	if (status == ADM_DONE && hws_web_new(&a->web) < 0)
		status = away(call, HWS_ERR_NOMEM, "out of memory");
	if (status)
		adm_rest_close(call);
	return status;
}

void adm_rest_close(struct adm_call *call)
{
	if (!call->rest)
		return;
	hws_web_free(call->rest->web);
	hws_free_wiped(call->rest, sizeof(*call->rest));
	call->rest = NULL;
}

const char *adm_rest_name(const struct adm_call *call)
{
	return adm_settings_remote(&call->settings) ? call->settings.server : "this machine";
}

/* --- answers ---------------------------------------------------------------------------------- */

static int status_of(int http)
{
	switch (http) {
	case 401:
	case 403:
	case 423:
		return ADM_REFUSED;
	case 404:
		return ADM_NOTHING;
	case 409:
		return ADM_CONFLICT;
	case 502:
	case 503:
	case 504:
		return ADM_AWAY;
	default:
		return ADM_FAILED;
	}
}

static int refused(struct adm_call *call, const struct hws_fetch_answer *a)
{
	struct hws_bytes body = hws_buf_bytes(&a->body);
	json_t *o = body.len ? json_loadb((const char *)body.ptr, body.len, 0, NULL) : NULL;
	const json_t *e = json_object_get(o, "error");
	const char *text = json_string_value(json_object_get(e, "text"));
	const char *field = json_string_value(json_object_get(e, "field"));

	/* Routes of deployed clients say {"error":"text"}; a proxy says anything. */
	if (!text)
		text = json_string_value(e);
	if (text && field && *field)
		hws_error_set(&call->err, HWS_ERR_DENIED, "%s (%s)", text, field);
	else if (text)
		hws_error_set(&call->err, HWS_ERR_DENIED, "%s", text);
	else if (a->status == 404)
		hws_error_set(&call->err, HWS_ERR_NOTFOUND,
				"%s does not know this: is it a hawser-api, and new enough?",
				adm_rest_name(call));
	else if (a->status / 100 == 3)
		hws_error_set(&call->err, HWS_ERR_PROTO, "%s sends to %s: name that one",
				adm_rest_name(call), a->location[0] ? a->location : "elsewhere");
	else
		hws_error_set(&call->err, HWS_ERR_PROTO, "%s answers with status %d",
				adm_rest_name(call), a->status);
	json_decref(o);
	return status_of(a->status);
}

static int read_json(struct adm_call *call, const struct hws_fetch_answer *a, json_t **ret)
{
	struct hws_bytes body = hws_buf_bytes(&a->body);
	json_error_t why;

	*ret = NULL;
	if (!body.len)
		return ADM_DONE;
	*ret = json_loadb((const char *)body.ptr, body.len, JSON_REJECT_DUPLICATES, &why);
	if (*ret)
		return ADM_DONE;
	hws_error_set(&call->err, HWS_ERR_PROTO, "%s does not answer in JSON: %s",
			adm_rest_name(call), why.text);
	return ADM_FAILED;
}

static int not_reached(struct adm_call *call, int r)
{
	if (r == HWS_ERR_DENIED || r == HWS_ERR_INVAL)
		return ADM_USAGE;
	if (call->rest->socket[0])
		hws_error_set(&call->err, r,
				"hawser-api does not answer at %s: is it running, and may you "
				"(root or its account)? Another server is named with --server",
				call->rest->socket);
	return ADM_AWAY;
}

static bool is_busy(const struct hws_fetch_answer *a)
{
	return (a->status == 429 || a->status == 503) && a->retry_after_s &&
			a->retry_after_s <= WAIT_MAX_S;
}

static int ask(struct adm_call *call, struct hws_fetch *q, const char *path,
		struct hws_fetch_answer *ret)
{
	char url[4096];
	int status = ensure(call), r;

	if (status)
		return status;
	if (hws_fmt(url, sizeof(url), "%s/api/v1%s", call->rest->base, path) < 0) {
		hws_error_set(&call->err, HWS_ERR_TOOBIG, "that is too long for a question");
		return ADM_USAGE;
	}
	q->url = url;
	q->unix_socket = call->rest->socket[0] ? call->rest->socket : NULL;
	q->bearer = call->rest->token[0] && !q->unix_socket ? call->rest->token : NULL;
	q->ca_file = *call->settings.ca_file ? call->settings.ca_file : NULL;
	q->proxy = *call->settings.proxy ? call->settings.proxy : NULL;
	q->timeout_us = call->settings.timeout_us;
	q->answer_max = ANSWER_MAX;
	for (int i = 1;; i++) {
		struct timespec wait = { 0 };

		r = hws_fetch(call->rest->web, q, ret, &call->err);
		if (r < 0)
			return not_reached(call, r);
		if (!is_busy(ret) || i == TRIES)
			break;
		wait.tv_sec = (time_t)ret->retry_after_s;
		hws_fetch_done(ret);
		nanosleep(&wait, NULL);
	}
	if (ret->status / 100 == 2)
		return ADM_DONE;
	status = refused(call, ret);
	hws_fetch_done(ret);
	return status;
}

int adm_rest_call(struct adm_call *call, const char *method, const char *path, const json_t *body,
		json_t **ret)
{
	struct hws_fetch q = { .method = method };
	struct hws_fetch_answer a;
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_t *value = NULL;
	int status;

	if (body && !text)
		return away(call, HWS_ERR_NOMEM, "out of memory");
	if (text) {
		q.body = hws_bytes_str(text);
		q.content_type = "application/json";
	}
	status = ask(call, &q, path, &a);
	if (status == ADM_DONE) {
		status = read_json(call, &a, &value);
		hws_fetch_done(&a);
	}
	if (text)
		hws_free_wiped(text, strlen(text)); /* it may hold a password */
	if (ret && status == ADM_DONE)
		*ret = value;
	else
		json_decref(value);
	return status;
}

int adm_rest_send(struct adm_call *call, const char *path, const char *content_type,
		struct hws_bytes body, json_t **ret)
{
	struct hws_fetch q = { .method = "POST", .body = body, .content_type = content_type };
	struct hws_fetch_answer a;
	int status = ask(call, &q, path, &a);

	if (status)
		return status;
	status = read_json(call, &a, ret);
	hws_fetch_done(&a);
	return status;
}

int adm_rest_stream(struct adm_call *call, const char *path,
		int (*fn)(struct hws_bytes part, void *arg), void *arg)
{
	struct hws_fetch q = { .on_body = fn, .arg = arg };
	struct hws_fetch_answer a;
	int status = ask(call, &q, path, &a);

	if (status == ADM_DONE)
		hws_fetch_done(&a);
	return status;
}

/* --- lists ------------------------------------------------------------------------------------ */

void adm_query_put(struct hws_buf *query, const char *name, const char *value)
{
	char safe[1600];

	if (hws_url_escape(value, safe, sizeof(safe)) < 0)
		query->err = HWS_ERR_INVAL;
	hws_buf_fmt(query, "%s%s=%s", hws_buf_len(query) ? "&" : "", name, safe);
}

static int one_page(struct adm_call *call, const json_t *page,
		int (*fn)(const json_t *row, void *arg), void *arg)
{
	const json_t *row;
	size_t i;
	int r = HWS_OK;

	json_array_foreach (json_object_get(page, "items"), i, row) {
		r = json_is_object(row) ? fn(row, arg) : HWS_ERR_PROTO;
		if (r < 0)
			break;
	}
	if (r < 0 && r != HWS_ERR_FULL && !call->err.text[0])
		hws_error_set(&call->err, r, "%s", hws_err_text(r));
	return r;
}

int adm_rest_list(struct adm_call *call, const char *path, const char *query,
		int (*fn)(const json_t *row, void *arg), void *arg)
{
	char whole[3000], cursor[1000] = "";
	int status, r;

	for (unsigned pages = 0; pages < PAGES_MAX; pages++) {
		json_t *page = NULL;
		const char *next;

		if (hws_fmt(whole, sizeof(whole), "%s?limit=200%s%s%s%s", path, *query ? "&" : "",
				    query, *cursor ? "&cursor=" : "", cursor) < 0)
			return away(call, HWS_ERR_TOOBIG, "that is too long for a question");
		status = adm_rest_call(call, "GET", whole, NULL, &page);
		if (status)
			return status;
		r = one_page(call, page, fn, arg);
		next = json_string_value(json_object_get(page, "next"));
		if (next && hws_url_escape(next, cursor, sizeof(cursor)) < 0)
			r = hws_error_set(&call->err, HWS_ERR_PROTO,
					"%s gives a place in a list that is too long",
					adm_rest_name(call));
		json_decref(page);
		if (r == HWS_ERR_FULL || (r == HWS_OK && !next))
			return ADM_DONE;
		if (r < 0)
			return ADM_FAILED;
	}
	hws_error_set(&call->err, HWS_ERR_PROTO, "the list of %s does not end",
			adm_rest_name(call));
	return ADM_FAILED;
}
