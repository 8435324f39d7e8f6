/* Finds an example of the documents in tests/vectors by its name: tests far from shared/wire
 * check against the same bytes. */
#include "tests/support/vector.h"
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static size_t from_hex(const char *hex, uint8_t *buf, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = hex ? strlen(hex) / 2 : 0;

	ck_assert_msg(len > 0 && len <= size, "no bytes, or more than %zu", size);
	for (size_t i = 0; i < len; i++) {
		const char *high = strchr(digits, hex[2 * i]),
			   *low = strchr(digits, hex[2 * i + 1]);

		ck_assert(high && low && *high && *low);
		buf[i] = (uint8_t)((high - digits) << 4 | (low - digits));
	}
	return len;
}

size_t test_vector(const char *file, const char *name, uint8_t *buf, size_t size,
		uint8_t *payload_buf, size_t *ret_payload)
{
	char path[512];
	json_error_t err;
	json_t *doc, *v;
	size_t i, len = 0;

	snprintf(path, sizeof(path), "%s/%s", TEST_VECTORS_DIR, file);
	doc = json_load_file(path, 0, &err);
	ck_assert_msg(doc != NULL, "%s: %s", path, err.text);
	json_array_foreach (json_object_get(doc, "vectors"), i, v) {
		const char *is = json_string_value(json_object_get(v, "name"));

		if (!is || strcmp(is, name) != 0)
			continue;
		len = from_hex(json_string_value(json_object_get(v, "hex")), buf, size);
		if (payload_buf)
			*ret_payload = from_hex(
					json_string_value(json_object_get(
							json_object_get(v, "decoded"), "payload")),
					payload_buf, size);
	}
	json_decref(doc);
	ck_assert_msg(len > 0, "%s has no example %s", file, name);
	return len;
}
