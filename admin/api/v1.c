/* api/v1: binds handlers to the operations of openapi.json, and checks what comes in before they
 * run. */
#include "admin/api/v1.h"
#include "admin/api/schema.h"
#include "admin/api/v1_parts.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define PREFIX "/api/v1"
#define PATH_TEXT 160

/* One operation as it is served; its row of the edge's table has the same place. */
struct bound {
	const struct adi_call *call;
	const json_t *operation; /* of the document */
	const json_t *body;      /* its schema, NULL = none of JSON */
	char pattern[PATH_TEXT];
};

struct adi_v1 {
	struct adi_app *app;
	struct adi_schema *schema;
	struct htp_route *row;
	struct bound *bound;
	size_t count;
};

const struct adi_schema *adi_v1_schema(const struct adi_v1 *v)
{
	return v->schema;
}

const struct adi_v1 *adi_v1_of(const struct htp_request *q)
{
	return q->arg;
}

static const struct bound *bound_of(const struct htp_request *q)
{
	const struct adi_v1 *v = q->arg;

	return &v->bound[q->route - v->row];
}

/* --- roles ------------------------------------------------------------------------------------ */

const char *adi_role_name(enum dat_role role)
{
	return role == DAT_ROLE_READONLY ? "read-only" : dat_role_name(role);
}

int adi_role_parse(const char *name, enum dat_role *ret)
{
	return dat_role_parse(strcmp(name, "read-only") == 0 ? "readonly" : name, ret);
}

static uint32_t roles_of(const json_t *operation)
{
	uint32_t bits = 0;
	enum dat_role role;
	json_t *name;
	size_t i;

	json_array_foreach (json_object_get(operation, "x-roles"), i, name) {
		if (adi_role_parse(json_string_value(name), &role) == HWS_OK)
			bits |= ADI_ROLE(role);
	}
	return bits;
}

json_t *adi_v1_may(const struct adi_v1 *v, enum dat_role role)
{
	json_t *names = json_array();

	for (size_t i = 0; i < v->count; i++) {
		if (!v->row[i].roles || (v->row[i].roles & ADI_ROLE(role)))
			json_array_append_new(names, json_string(v->bound[i].call->operation));
	}
	return names;
}

/* --- what comes in ---------------------------------------------------------------------------- */

static const json_t *parameter(const struct adi_v1 *v, const json_t *operation, const char *name)
{
	json_t *p;
	size_t i;

	json_array_foreach (json_object_get(operation, "parameters"), i, p) {
		const json_t *at = adi_schema_at(v->schema, p);
		const char *in = json_string_value(json_object_get(at, "in"));
		const char *is = json_string_value(json_object_get(at, "name"));

		if (in && is && strcmp(in, "query") == 0 && strcmp(is, name) == 0)
			return json_object_get(at, "schema");
	}
	return NULL;
}

static bool query_is_good(const struct htp_request *q, struct htp_reply *reply)
{
	const struct adi_v1 *v = q->arg;

	for (size_t i = 0; i < q->target.queries; i++) {
		const struct htp_field *p = &q->target.query[i];
		const json_t *schema = parameter(v, bound_of(q)->operation, p->name);
		struct hws_error err = { 0 };
		json_t *value = NULL;

		if (!schema) {
			adi_v1_error(reply, ADI_BAD_FIELD, p->name,
					"There is no such parameter here.");
			return false;
		}
		if (adi_schema_query(v->schema, schema, p->value, &value, &err) < 0) {
			adi_v1_error(reply, ADI_BAD_FIELD, p->name, "%s", err.text);
			return false;
		}
		json_decref(value);
	}
	return true;
}

static bool body_is_good(const struct htp_request *q, struct htp_reply *reply)
{
	const struct bound *b = bound_of(q);
	const struct adi_v1 *v = q->arg;
	char field[ADI_SCHEMA_FIELD_TEXT];
	struct hws_error err = { 0 };

	if (!b->body || adi_schema_check(v->schema, b->body, q->json, field, &err) == HWS_OK)
		return true;
	adi_v1_error(reply, q->json ? ADI_BAD_FIELD : ADI_BAD_REQUEST, *field ? field : NULL, "%s",
			err.text);
	return false;
}

static void run(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	const struct adi_v1 *v = arg;

	if (query_is_good(q, reply) && body_is_good(q, reply))
		bound_of(q)->call->fn(q, reply, v->app);
}

/* --- binding ---------------------------------------------------------------------------------- */

static const json_t *find_operation(const struct adi_v1 *v, const char *name, const char **ret_path,
		enum htp_method *ret_method)
{
	static const struct {
		const char *name;
		enum htp_method method;
	} methods[] = { { "get", HTP_GET }, { "post", HTP_POST }, { "put", HTP_PUT },
		{ "patch", HTP_PATCH }, { "delete", HTP_DELETE } };
	json_t *paths = json_object_get(adi_schema_document(v->schema), "paths"), *item;
	const char *path;

	json_object_foreach (paths, path, item) {
		for (size_t i = 0; i < HWS_COUNT(methods); i++) {
			const json_t *o = json_object_get(item, methods[i].name);
			const char *id = json_string_value(json_object_get(o, "operationId"));

			if (!id || strcmp(id, name) != 0)
				continue;
			*ret_path = path;
			*ret_method = methods[i].method;
			return o;
		}
	}
	return NULL;
}

static void bind_body(struct adi_v1 *v, struct htp_route *row, struct bound *b)
{
	const json_t *content =
			json_object_get(json_object_get(b->operation, "requestBody"), "content");
	const json_t *as_json = json_object_get(content, "application/json");

	row->body = as_json ? HTP_BODY_JSON : content ? HTP_BODY_RAW : HTP_BODY_NONE;
	row->body_max = b->call->body_max;
	b->body = adi_schema_at(v->schema, json_object_get(as_json, "schema"));
}

static int bind_call(struct adi_v1 *v, const struct adi_call *call, struct hws_error *err)
{
	struct htp_route *row = &v->row[v->count];
	struct bound *b = &v->bound[v->count];
	const char *path = NULL, *rate;
	const json_t *o = find_operation(v, call->operation, &path, &row->method);

	if (!o || hws_fmt(b->pattern, sizeof(b->pattern), PREFIX "%s", path) < 0)
		return hws_error_set(err, HWS_ERR_INVAL, "openapi.json describes no operation %s",
				call->operation);
	b->call = call;
	b->operation = o;
	rate = json_string_value(json_object_get(o, "x-rate"));
	row->pattern = b->pattern;
	row->roles = roles_of(o);
	row->access = row->roles ? HTP_BEARER : HTP_OPEN;
	row->scope = json_string_value(json_object_get(o, "x-scope"));
	row->rate = rate && strcmp(rate, "login") == 0 ? HTP_RATE_LOGIN : HTP_RATE_USER;
	row->pool = call->pool;
	row->fn = run;
	bind_body(v, row, b);
	v->count++;
	return HWS_OK;
}

int adi_v1_new(struct adi_app *app, struct adi_v1 **ret, struct hws_error *err)
{
	struct adi_v1 *v = hws_alloc(sizeof(*v));
	size_t count = 0;
	int r;

	if (!v)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	v->app = app;
	for (size_t i = 0; i < adi_v1_tables_count; i++)
		count += adi_v1_tables[i]->count;
	v->row = hws_alloc_array(count, sizeof(*v->row));
	v->bound = hws_alloc_array(count, sizeof(*v->bound));
	r = v->row && v->bound ? adi_schema_new(&v->schema, err)
			       : hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < adi_v1_tables_count; i++) {
		for (size_t k = 0; k < adi_v1_tables[i]->count && r == HWS_OK; k++)
			r = bind_call(v, &adi_v1_tables[i]->row[k], err);
	}
	if (r < 0) {
		adi_v1_free(v);
		return r;
	}
	*ret = v;
	return HWS_OK;
}

void adi_v1_free(struct adi_v1 *v)
{
	if (!v)
		return;
	adi_schema_free(v->schema);
	hws_free(v->row);
	hws_free(v->bound);
	hws_free(v);
}

struct htp_routes adi_v1_routes(const struct adi_v1 *v)
{
	return (struct htp_routes){ v->row, v->count, (void *)(uintptr_t)v };
}
