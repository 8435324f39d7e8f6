/* What a device sends: texts of it are cut at any bound, and stay UTF-8 without control signs. */
#include "admin/api/device_text.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const json_t *o, const char *key)
{
	for (size_t bound = 1; bound < 40; bound += 3) {
		char buf[40];

		memset(buf, 'x', sizeof(buf));
		adi_report_text(o, key, buf, bound);
		if (strnlen(buf, bound) == bound || !hws_utf8_valid(hws_bytes_str(buf)))
			abort();
		for (const char *s = buf; *s; s++) {
			if ((unsigned char)*s < 32 || *s == 127)
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct htp_request q = { 0 };
	struct hws_error err = { 0 };
	struct adi_sender from;
	const char *key;
	json_t *value;

	if (htp_json_read(hws_bytes(data, size), &q.json, &err) < 0)
		return 0;
	if (adi_sender(&q, &from) &&
			(!*from.id || strlen(from.id) >= DAT_ID_TEXT ||
					strlen(from.uuid) >= DAT_UUID_TEXT))
		abort();
	json_object_foreach (q.json, key, value)
		check_text(q.json, key);
	json_decref(q.json);
	return 0;
}
