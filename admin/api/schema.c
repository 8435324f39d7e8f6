/* api/schema: one function for each word of JSON Schema that openapi.json uses. */
#include "admin/api/schema.h"
#include "admin/http/files.h"
#include "shared/base/buf.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 32u
#define PATTERNS_MAX 32u

extern const struct htp_files adi_description; /* made by the build: openapi.json alone */

struct pattern {
	const char *text; /* of the document */
	regex_t re;
};

struct adi_schema {
	json_t *document;
	struct pattern pattern[PATTERNS_MAX];
	size_t patterns;
};

/* Where a check is, for what it says. */
struct at {
	const struct adi_schema *s;
	char *field; /* ADI_SCHEMA_FIELD_TEXT */
	struct hws_error *err;
	unsigned depth;
};

static int wrong(struct at *a, const char *fmt, ...) HWS_PRINTF(2, 3);

static int wrong(struct at *a, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return hws_error_set(a->err, HWS_ERR_INVAL, "%s", text);
}

static int check(struct at *a, const json_t *schema, const json_t *value);

/* --- the document ----------------------------------------------------------------------------- */

const json_t *adi_schema_document(const struct adi_schema *s)
{
	return s->document;
}

const json_t *adi_schema_at(const struct adi_schema *s, const json_t *node)
{
	for (unsigned i = 0; i < DEPTH_MAX && node; i++) {
		const char *ref = json_string_value(json_object_get(node, "$ref"));
		const json_t *at = s->document;
		char part[128];

		if (!ref)
			return node;
		for (ref += strcspn(ref, "/"); *ref == '/' && at;) {
			size_t n = strcspn(ref + 1, "/");

			if (n >= sizeof(part))
				return NULL;
			memcpy(part, ref + 1, n);
			part[n] = '\0';
			ref += 1 + n;
			at = json_object_get(at, part);
		}
		node = at;
	}
	return NULL;
}

/* Words that are checked below, and those that are for people. */
static bool is_known(const char *word)
{
	static const char *const known[] = { "$ref", "type", "description", "additionalProperties",
		"required", "properties", "examples", "default", "minLength", "maxLength",
		"pattern", "enum", "minimum", "maximum", "items", "maxItems", "uniqueItems",
		"anyOf", "oneOf", "minProperties", "maxProperties", "propertyNames", "format",
		"readOnly", "writeOnly" };

	for (size_t i = 0; i < HWS_COUNT(known); i++) {
		if (strcmp(word, known[i]) == 0)
			return true;
	}
	return false;
}

static int learn_pattern(struct adi_schema *s, const char *text, struct hws_error *err)
{
	for (size_t i = 0; i < s->patterns; i++) {
		if (strcmp(s->pattern[i].text, text) == 0)
			return HWS_OK;
	}
	if (s->patterns == PATTERNS_MAX ||
			regcomp(&s->pattern[s->patterns].re, text, REG_EXTENDED | REG_NOSUB) != 0)
		return hws_error_set(err, HWS_ERR_INVAL, "pattern %s cannot be used", text);
	s->pattern[s->patterns++].text = text;
	return HWS_OK;
}

static int learn(struct adi_schema *s, const json_t *schema, unsigned depth, struct hws_error *err);

static int learn_all(
		struct adi_schema *s, const json_t *list, unsigned depth, struct hws_error *err)
{
	const char *key;
	json_t *item;
	size_t i;
	int r = HWS_OK;

	json_array_foreach (list, i, item) {
		if (r == HWS_OK)
			r = learn(s, item, depth, err);
	}
	json_object_foreach ((json_t *)(uintptr_t)list, key, item) {
		if (r == HWS_OK)
			r = learn(s, item, depth, err);
	}
	return r;
}

static int learn(struct adi_schema *s, const json_t *schema, unsigned depth, struct hws_error *err)
{
	static const char *const many[] = { "properties", "anyOf", "oneOf" };
	static const char *const one[] = { "items", "additionalProperties", "propertyNames" };
	const char *pattern = json_string_value(json_object_get(schema, "pattern")), *key;
	json_t *part;
	int r = HWS_OK;

	if (!schema)
		return HWS_OK;
	if (depth > DEPTH_MAX || !adi_schema_at(s, schema))
		return hws_error_set(err, HWS_ERR_INVAL, "a reference leads nowhere");
	json_object_foreach ((json_t *)(uintptr_t)schema, key, part) {
		if (!is_known(key))
			return hws_error_set(err, HWS_ERR_INVAL, "the word %s is not known", key);
	}
	if (pattern)
		r = learn_pattern(s, pattern, err);
	for (size_t i = 0; i < HWS_COUNT(many) && r == HWS_OK; i++)
		r = learn_all(s, json_object_get(schema, many[i]), depth + 1, err);
	for (size_t i = 0; i < HWS_COUNT(one) && r == HWS_OK; i++)
		r = learn(s, json_object_get(schema, one[i]), depth + 1, err);
	return r;
}

/* Of a list of parameters, whether it has names (components) or none (an operation). */
static int learn_parameters(struct adi_schema *s, json_t *list, struct hws_error *err)
{
	const char *key;
	json_t *p;
	size_t i;
	int r = HWS_OK;

	json_object_foreach (list, key, p) {
		if (r == HWS_OK)
			r = learn(s, json_object_get(p, "schema"), 0, err);
	}
	json_array_foreach (list, i, p) {
		if (r == HWS_OK)
			r = learn(s, json_object_get(p, "schema"), 0, err);
	}
	return r;
}

static int learn_document(struct adi_schema *s, struct hws_error *err)
{
	json_t *components = json_object_get(s->document, "components"), *path, *operation;
	const char *key, *method;
	int r = learn_all(s, json_object_get(components, "schemas"), 0, err);

	if (r == HWS_OK)
		r = learn_parameters(s, json_object_get(components, "parameters"), err);
	json_object_foreach (json_object_get(s->document, "paths"), key, path) {
		json_object_foreach (path, method, operation) {
			if (r == HWS_OK)
				r = learn_parameters(
						s, json_object_get(operation, "parameters"), err);
		}
	}
	return r;
}

int adi_schema_new(struct adi_schema **ret, struct hws_error *err)
{
	const struct htp_file *file = adi_description.item;
	struct adi_schema *s = hws_alloc(sizeof(*s));
	json_error_t why;
	int r = HWS_OK;

	if (!s)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	s->document = json_loadb((const char *)file->data, file->len, JSON_REJECT_DUPLICATES, &why);
	if (!s->document)
		r = hws_error_set(err, HWS_ERR_INVAL, "openapi.json: line %d: %s", why.line,
				why.text);
	if (r == HWS_OK)
		r = learn_document(s, err);
	if (r < 0) {
		adi_schema_free(s);
		return r;
	}
	*ret = s;
	return HWS_OK;
}

void adi_schema_free(struct adi_schema *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->patterns; i++)
		regfree(&s->pattern[i].re);
	json_decref(s->document);
	hws_free(s);
}

/* --- words ------------------------------------------------------------------------------------ */

static bool is_of_type(const json_t *value, const char *name)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return strcmp(name, "object") == 0;
	case JSON_ARRAY:
		return strcmp(name, "array") == 0;
	case JSON_STRING:
		return strcmp(name, "string") == 0;
	case JSON_INTEGER:
		return strcmp(name, "integer") == 0 || strcmp(name, "number") == 0;
	case JSON_REAL:
		return strcmp(name, "number") == 0;
	case JSON_TRUE:
	case JSON_FALSE:
		return strcmp(name, "boolean") == 0;
	case JSON_NULL:
		return strcmp(name, "null") == 0;
	}
	return false;
}

static int check_type(struct at *a, const json_t *type, const json_t *value)
{
	json_t *one;
	size_t i;

	if (!type || (json_is_string(type) && is_of_type(value, json_string_value(type))))
		return HWS_OK;
	json_array_foreach (type, i, one) {
		if (is_of_type(value, json_string_value(one)))
			return HWS_OK;
	}
	if (json_is_array(type))
		type = json_array_get(type, 0);
	return wrong(a, "Here belongs a value of the kind %s.", json_string_value(type));
}

static int check_pattern(struct at *a, const char *pattern, const char *text)
{
	for (size_t i = 0; i < a->s->patterns; i++) {
		if (strcmp(a->s->pattern[i].text, pattern) != 0)
			continue;
		if (regexec(&a->s->pattern[i].re, text, 0, NULL, 0) == 0)
			return HWS_OK;
		break;
	}
	return wrong(a, "This text has not the form it must have (%s).", pattern);
}

static bool bound(const json_t *schema, const char *word, json_int_t *ret)
{
	const json_t *v = json_object_get(schema, word);

	*ret = json_integer_value(v);
	return v != NULL;
}

static int check_text(struct at *a, const json_t *schema, const json_t *value)
{
	const char *text = json_string_value(value);
	const char *pattern = json_string_value(json_object_get(schema, "pattern"));
	size_t n = hws_utf8_letters(hws_bytes(text, json_string_length(value)));
	json_int_t b;

	if (bound(schema, "minLength", &b) && n < (size_t)b)
		return b == 1 ? wrong(a, "This must not be empty.")
			      : wrong(a,
						"This text needs at least %" JSON_INTEGER_FORMAT
						" characters.",
						b);
	if (bound(schema, "maxLength", &b) && n > (size_t)b)
		return wrong(a,
				"This text may have %" JSON_INTEGER_FORMAT
				" characters at most; it has %zu.",
				b, n);
	return pattern ? check_pattern(a, pattern, text) : HWS_OK;
}

static int check_number(struct at *a, const json_t *schema, const json_t *value)
{
	double n = json_number_value(value);
	json_int_t b;

	if (bound(schema, "minimum", &b) && n < (double)b)
		return wrong(a, "This must be at least %" JSON_INTEGER_FORMAT ".", b);
	if (bound(schema, "maximum", &b) && n > (double)b)
		return wrong(a, "This must be at most %" JSON_INTEGER_FORMAT ".", b);
	return HWS_OK;
}

static int check_enum(struct at *a, const json_t *list, const json_t *value)
{
	struct hws_buf all;
	json_t *item;
	size_t i;
	int r;

	json_array_foreach (list, i, item) {
		if (json_equal(item, value))
			return HWS_OK;
	}
	hws_buf_init(&all, 400);
	json_array_foreach (list, i, item) {
		if (json_is_string(item))
			hws_buf_fmt(&all, "%s%s", i ? ", " : "", json_string_value(item));
	}
	r = wrong(a, "This must be one of: %.*s.", (int)hws_buf_len(&all),
			(const char *)hws_buf_bytes(&all).ptr);
	hws_buf_done(&all);
	return r;
}

/* Checks a part: the member of this name, or (NULL) the element at this place. */
static int below(struct at *a, const json_t *schema, const json_t *value, const char *name,
		size_t index)
{
	size_t len = strlen(a->field), room = ADI_SCHEMA_FIELD_TEXT - len;
	int r;

	if (name)
		(void)snprintf(a->field + len, room, "%s%s", len ? "." : "", name);
	else
		(void)snprintf(a->field + len, room, "[%zu]", index);
	r = check(a, schema, value);
	if (r == HWS_OK)
		a->field[len] = '\0';
	return r;
}

/* Texts, of which there may be thousands, by a set; of others there are few. */
static int check_unique(struct at *a, const json_t *value)
{
	json_t *seen = json_object(), *item;
	bool twice = false, kept = true;
	size_t i;

	json_array_foreach (value, i, item) {
		const char *text = json_string_value(item);

		twice |= text && json_object_get(seen, text);
		kept &= !text || json_object_set_new(seen, text, json_true()) == 0;
		for (size_t k = 0; k < i && !text; k++)
			twice |= json_equal(json_array_get(value, k), item);
	}
	json_decref(seen);
	if (!kept)
		return wrong(a, "The server is out of memory.");
	return twice ? wrong(a, "The same stands here twice.") : HWS_OK;
}

static int check_array(struct at *a, const json_t *schema, const json_t *value)
{
	const json_t *items = json_object_get(schema, "items");
	json_int_t b;
	json_t *item;
	size_t i;
	int r = HWS_OK;

	if (bound(schema, "maxItems", &b) && json_array_size(value) > (size_t)b)
		return wrong(a, "There may be %" JSON_INTEGER_FORMAT " at most.", b);
	json_array_foreach (value, i, item) {
		if (r == HWS_OK && items)
			r = below(a, items, item, NULL, i);
	}
	if (r == HWS_OK && json_is_true(json_object_get(schema, "uniqueItems")))
		r = check_unique(a, value);
	return r;
}

static int check_members(struct at *a, const json_t *schema, const json_t *value)
{
	const json_t *props = json_object_get(schema, "properties");
	const json_t *more = json_object_get(schema, "additionalProperties");
	const json_t *names = json_object_get(schema, "propertyNames");
	const char *key;
	json_t *item;
	int r = HWS_OK;

	json_object_foreach ((json_t *)(uintptr_t)value, key, item) {
		const json_t *of = json_object_get(props, key);
		json_t *name = r == HWS_OK && names ? json_string(key) : NULL;

		if (name)
			r = below(a, names, name, key, 0);
		json_decref(name);
		if (r < 0)
			return r;
		if (!of && json_is_false(more)) {
			(void)snprintf(a->field, ADI_SCHEMA_FIELD_TEXT, "%s", key);
			return wrong(a, "There is no such field here.");
		}
		if (!of && json_is_object(more))
			of = more;
		if (of)
			r = below(a, of, item, key, 0);
		if (r < 0)
			return r;
	}
	return HWS_OK;
}

static int check_object(struct at *a, const json_t *schema, const json_t *value)
{
	const json_t *required = json_object_get(schema, "required");
	json_int_t b;
	json_t *item;
	size_t i;

	json_array_foreach (required, i, item) {
		size_t len = strlen(a->field);

		if (json_object_get(value, json_string_value(item)))
			continue;
		(void)snprintf(a->field + len, ADI_SCHEMA_FIELD_TEXT - len, "%s%s", len ? "." : "",
				json_string_value(item));
		return wrong(a, "This is missing.");
	}
	if (bound(schema, "minProperties", &b) && json_object_size(value) < (size_t)b)
		return wrong(a, "Nothing is said to be done.");
	if (bound(schema, "maxProperties", &b) && json_object_size(value) > (size_t)b)
		return wrong(a, "There may be %" JSON_INTEGER_FORMAT " fields at most.", b);
	return check_members(a, schema, value);
}

/* Of several forms one must fit; what is wrong is told of the last one that is no mere null. */
static int check_forms(struct at *a, const json_t *forms, bool one, const json_t *value)
{
	size_t fit = 0, i, len = strlen(a->field);
	json_t *form;
	int r = HWS_OK;

	json_array_foreach (forms, i, form) {
		const char *type = json_string_value(json_object_get(form, "type"));

		if (type && strcmp(type, "null") == 0) {
			fit += json_is_null(value);
			continue;
		}
		a->field[len] = '\0';
		r = check(a, form, value);
		fit += r == HWS_OK;
	}
	if (fit == 1 || (fit > 1 && !one)) {
		a->field[len] = '\0';
		return HWS_OK;
	}
	return r < 0 ? r : wrong(a, "This fits more than one of the forms it can have.");
}

/* --- all together ----------------------------------------------------------------------------- */

static int check_words(struct at *a, const json_t *schema, const json_t *value)
{
	const json_t *w;
	int r = check_type(a, json_object_get(schema, "type"), value);

	w = json_object_get(schema, "enum");
	if (r == HWS_OK && w)
		r = check_enum(a, w, value);
	if (r == HWS_OK && json_is_string(value))
		r = check_text(a, schema, value);
	if (r == HWS_OK && json_is_number(value))
		r = check_number(a, schema, value);
	if (r == HWS_OK && json_is_array(value))
		r = check_array(a, schema, value);
	if (r == HWS_OK && json_is_object(value))
		r = check_object(a, schema, value);
	w = json_object_get(schema, "anyOf");
	if (r == HWS_OK && w)
		r = check_forms(a, w, false, value);
	w = json_object_get(schema, "oneOf");
	if (r == HWS_OK && w)
		r = check_forms(a, w, true, value);
	return r;
}

static int check(struct at *a, const json_t *schema, const json_t *value)
{
	int r;

	schema = adi_schema_at(a->s, schema);
	if (a->depth == DEPTH_MAX)
		return wrong(a, "This is nested too deeply.");
	a->depth++;
	r = check_words(a, schema, value);
	a->depth--;
	return r;
}

int adi_schema_check(const struct adi_schema *s, const json_t *schema, const json_t *value,
		char field[ADI_SCHEMA_FIELD_TEXT], struct hws_error *err)
{
	struct at a = { .s = s, .field = field, .err = err };

	field[0] = '\0';
	return value ? check(&a, schema, value) : wrong(&a, "The body is missing.");
}

static json_t *read_integer(const char *text)
{
	uint64_t n;

	if (hws_parse_u64(text, &n) < 0 || n > INT64_MAX)
		return NULL;
	return json_integer((json_int_t)n);
}

int adi_schema_query(const struct adi_schema *s, const json_t *schema, const char *text,
		json_t **ret, struct hws_error *err)
{
	const json_t *at = adi_schema_at(s, schema);
	const char *type = json_string_value(json_object_get(at, "type"));
	char field[ADI_SCHEMA_FIELD_TEXT];
	json_t *v;
	int r;

	if (type && strcmp(type, "integer") == 0)
		v = read_integer(text);
	else if (type && strcmp(type, "boolean") == 0)
		v = strcmp(text, "true") == 0                ? json_true()
				: strcmp(text, "false") == 0 ? json_false()
							     : NULL;
	else
		v = json_string(text);
	if (!v)
		return hws_error_set(err, HWS_ERR_INVAL, "Here belongs a value of the kind %s.",
				type ? type : "text");
	r = adi_schema_check(s, at, v, field, err);
	if (r < 0)
		json_decref(v);
	else
		*ret = v;
	return r;
}
