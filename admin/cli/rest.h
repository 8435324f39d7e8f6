/* admin/rest: questions to the API, over TLS to another machine or by the socket of this one. All
 * functions return an exit status (enum adm_exit) and leave the sentence in call->err. */
#pragma once
#include "admin/cli/call.h"
#include "shared/base/buf.h"

/* `path` begins behind /api/v1. `body` may be NULL. *ret (may be NULL: not wanted) is new, NULL of
 * an empty answer. */
int adm_rest_call(struct adm_call *call, const char *method, const char *path, const json_t *body,
		json_t **ret) HWS_MUST_CHECK;
/* With a body that is no JSON (CSV); the answer is. */
int adm_rest_send(struct adm_call *call, const char *path, const char *content_type,
		struct hws_bytes body, json_t **ret) HWS_MUST_CHECK;
/* The answer's bytes as they come. A negative result of fn ends it and is that of call->err. */
int adm_rest_stream(struct adm_call *call, const char *path,
		int (*fn)(struct hws_bytes part, void *arg), void *arg) HWS_MUST_CHECK;
/* All pages of a list. `query` is "" or "name=value&...". fn: HWS_OK, HWS_ERR_FULL = enough, or an
 * error, which ends with ADM_FAILED. */
int adm_rest_list(struct adm_call *call, const char *path, const char *query,
		int (*fn)(const json_t *row, void *arg), void *arg) HWS_MUST_CHECK;
void adm_rest_close(struct adm_call *call);
/* "https://desk.example.org:21114", or what this machine's is called. */
const char *adm_rest_name(const struct adm_call *call);
/* Puts name=value behind a query. */
void adm_query_put(struct hws_buf *query, const char *name, const char *value);
