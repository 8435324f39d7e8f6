/* api/v1: the server's own API. admin/api/openapi.json says what each operation is called, where it
 * is, who may, and what goes in and out; here handlers are bound to operations by name, so that
 * path, roles, scope and the form of bodies stand in one place. When a handler runs, body and query
 * are as the file says. */
#pragma once
#include "admin/api/who.h"

struct adi_call {
	const char *operation; /* operationId */
	void (*fn)(struct htp_request *q, struct htp_reply *reply, struct adi_app *app);
	enum htp_pool pool;
	uint32_t body_max; /* 0 = 1 MiB */
};
struct adi_calls {
	const struct adi_call *row;
	size_t count;
};
/* All tables, each in a file routes_v1_*.c of its subject. */
extern const struct adi_calls *const adi_v1_tables[];
extern const size_t adi_v1_tables_count;

struct adi_v1;

/* Reads the description and binds all tables: a handler without an operation is an error, an
 * operation without a handler is not there. */
int adi_v1_new(struct adi_app *app, struct adi_v1 **ret, struct hws_error *err) HWS_MUST_CHECK;
void adi_v1_free(struct adi_v1 *v); /* takes NULL */
/* For the edge; lives as long as `v`. */
struct htp_routes adi_v1_routes(const struct adi_v1 *v);
/* Whether an account of this role may call an operation: Session.may. Array of names, new. */
json_t *adi_v1_may(const struct adi_v1 *v, enum dat_role role);
/* Of what runs: */
const struct adi_v1 *adi_v1_of(const struct htp_request *q);

/* How roles are called outside of the database: "read-only". */
const char *adi_role_name(enum dat_role role);
int adi_role_parse(const char *name, enum dat_role *ret) HWS_MUST_CHECK;

/* --- answers ---------------------------------------------------------------------------------- */

enum adi_code {
	ADI_BAD_REQUEST,
	ADI_BAD_FIELD,
	ADI_NOT_LOGGED_IN,
	ADI_SECOND_FACTOR,
	ADI_CSRF,
	ADI_FORBIDDEN,
	ADI_NOT_FOUND,
	ADI_EXISTS,
	ADI_CHANGED,
	ADI_IN_USE,
	ADI_TOO_MANY,
	ADI_TOO_LARGE,
	ADI_UNSUPPORTED,
	ADI_BUSY,
	ADI_AWAY,
	ADI_LOCKED,
	ADI_CODES
};
/* {"error":{"code","text","field"}} with the code's usual status; `field` NULL = none. */
void adi_v1_error(struct htp_reply *reply, enum adi_code code, const char *field, const char *fmt,
		...) HWS_PRINTF(4, 5);
/* Of a failure of admin/data; `what` as "user", `field` may be NULL. */
void adi_v1_fail(struct htp_reply *reply, int r, const char *what, const char *field);
/* htp_conf.shape: what the edge refuses below /api/v1 has this form, too. */
void adi_v1_shape(const struct htp_request *q, struct htp_reply *reply, void *arg);
/* 201 with it. */
void adi_v1_created(struct htp_reply *reply, json_t *value);
/* 204. */
void adi_v1_nothing(struct htp_reply *reply);

/* --- lists ------------------------------------------------------------------------------------ */

/* "limit" and "cursor" of a list that is read by offset; false: `reply` says what is wrong. */
bool adi_v1_page(const struct htp_request *q, struct htp_reply *reply, struct dat_page *ret);
/* {"items","next","total"}; takes `items`. total -1 = not counted: then there is a next page if
 * this one is full. */
void adi_v1_list(struct htp_reply *reply, json_t *items, struct dat_page page, int64_t total);
/* The same if the list was read with r == HWS_OK, else adi_v1_fail; takes `items` all the same. */
void adi_v1_listed(struct htp_reply *reply, int r, const char *what, json_t *items,
		struct dat_page page, int64_t total);
/* Value of a query parameter, "" = not given. */
const char *adi_v1_query(const struct htp_request *q, const char *name);
/* "sort": the column's place in `columns` (NULL at the end), -1 = not given; HWS_ERR_INVAL, and
 * `reply` says so. */
int adi_v1_sort(const struct htp_request *q, struct htp_reply *reply, const char *const *columns,
		int *ret_column, bool *ret_down) HWS_MUST_CHECK;

/* --- bodies (of a form that was checked) ------------------------------------------------------ */

/* Text of a member; NULL = not there or null: stays as it is. */
const char *adi_in_text(const json_t *o, const char *key);
/* 1, 0, -1 = not there. */
int adi_in_bool(const json_t *o, const char *key);
/* `otherwise` when it is not there. */
int64_t adi_in_int(const json_t *o, const char *key, int64_t otherwise);
/* A reference or null: {"guid","name"}; guid "" is null. */
json_t *adi_out_ref(const char *guid, const char *name);
/* "" is null. */
json_t *adi_out_text_or_null(const char *text);
/* A change against what was read: HWS_ERR_BUSY when the body's "updated_at" is not `now_is`, and
 * `reply` says "changed". */
int adi_v1_unchanged(const struct htp_request *q, struct htp_reply *reply,
		int64_t now_is) HWS_MUST_CHECK;
