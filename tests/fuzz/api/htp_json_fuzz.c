/* What is read must be within the limits and can be written and read again as the same value. */
#include "admin/http/json.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Depth of a value; counts all. */
static unsigned measure(const json_t *v, unsigned *count)
{
	unsigned deepest = 0, d;
	const char *key;
	json_t *child;
	size_t i;

	(*count)++;
	if (json_is_array(v)) {
		json_array_foreach (v, i, child) {
			d = measure(child, count);
			deepest = d > deepest ? d : deepest;
		}
		return deepest + 1;
	}
	if (!json_is_object(v))
		return 0;
	json_object_foreach ((json_t *)v, key, child) {
		d = measure(child, count);
		deepest = d > deepest ? d : deepest;
	}
	return deepest + 1;
}

static void use_members(const json_t *v)
{
	const char *key, *text;
	json_t *child;
	uint64_t u;
	int64_t n;
	bool b;

	json_object_foreach ((json_t *)v, key, child) {
		if (htp_json_text(v, key, 10, &text) == HWS_OK)
			assert(strlen(text) <= 10);
		if (htp_json_int(v, key, -5, 5, &n) == HWS_OK)
			assert(n >= -5 && n <= 5);
		if (htp_json_u64(v, key, &u) == HWS_OK)
			assert(json_is_string(child) || json_is_integer(child));
		if (htp_json_bool(v, key, &b) == HWS_OK)
			assert(b == json_is_true(child));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_error err = { 0 };
	json_t *v = NULL, *again = NULL;
	unsigned count = 0;
	char *text;

	if (htp_json_read(hws_bytes(data, size), &v, &err) < 0) {
		assert(!v && *err.text);
		return 0;
	}
	assert(measure(v, &count) <= HTP_JSON_DEPTH_MAX);
	assert(count <= 3 * HTP_JSON_VALUES_MAX);
	use_members(v);
	text = json_dumps(v, JSON_COMPACT);
	assert(text);
	assert(htp_json_read(hws_bytes_str(text), &again, &err) == HWS_OK);
	free(text);
	json_decref(again);
	json_decref(v);
	return 0;
}
