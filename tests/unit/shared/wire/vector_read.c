/* tests: one vector of the documents, its fields by name; a field that is missing or of another
 * kind ends the test. */
#include "tests/unit/shared/wire/vector_read.h"
#include "shared/base/err.h"
#include "shared/base/str.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

size_t unhex(const char *hex, uint8_t *out, size_t max)
{
	size_t len = strlen(hex) / 2;

	ck_assert_uint_le(len, max);
	ck_assert_int_eq(hws_hex_decode(hex, out, len), HWS_OK);
	return len;
}

const char *text_of(const struct vector *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v->decoded, key));

	ck_assert_msg(s != NULL, "%s: no text %s", v->name, key);
	return s;
}

size_t hex_of(const struct vector *v, const char *key, uint8_t *out, size_t max)
{
	return unhex(text_of(v, key), out, max);
}

json_int_t int_of(const struct vector *v, const char *key)
{
	const json_t *j = json_object_get(v->decoded, key);

	ck_assert_msg(json_is_integer(j), "%s: no number %s", v->name, key);
	return json_integer_value(j);
}

bool flag(const struct vector *v, const char *key)
{
	return json_is_true(json_object_get(v->json, key));
}

void load(const json_t *entry, struct vector *v)
{
	const char *hex = json_string_value(json_object_get(entry, "hex"));

	v->json = entry;
	v->name = json_string_value(json_object_get(entry, "name"));
	v->decoded = json_object_get(entry, "decoded");
	ck_assert(v->name && hex);
	v->len = unhex(hex, v->raw, sizeof(v->raw));
}

void find(const json_t *doc, const char *name, struct vector *ret)
{
	const json_t *list = json_object_get(doc, "vectors");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *e = json_array_get(list, i);

		if (hws_str_equal(json_string_value(json_object_get(e, "name")), name)) {
			load(e, ret);
			return;
		}
	}
	ck_abort_msg("no vector %s", name);
}

struct hws_bytes raw_of(const struct vector *v)
{
	return hws_bytes(v->raw, v->len);
}
