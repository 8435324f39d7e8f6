/* What a device sends: texts of it are cut at any bound, and stay UTF-8 without control signs;
 * a field of an export is read as one field again, whatever is in it. */
#include "admin/api/csv_out.h"
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

/* Ends where the line ends, and nowhere else. */
static void check_field(const char *text)
{
	struct hws_buf out;
	const char *s, *end;
	bool quoted = false;

	hws_buf_init(&out, 1u << 20);
	adi_csv_field(&out, text, true);
	if (hws_buf_err(&out) == HWS_OK) {
		s = (const char *)hws_buf_bytes(&out).ptr;
		end = s + hws_buf_len(&out);
		if (*text && *s != '"' && strchr("=+-@", *s))
			abort();
		for (; s < end - 2; s++) {
			if (*s == '"')
				quoted = !quoted;
			else if (!quoted && strchr(",\r\n", *s))
				abort();
		}
		if (quoted || memcmp(s, "\r\n", 2) != 0)
			abort();
	}
	hws_buf_done(&out);
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
	if (adi_sender(&q, &from) && (!*from.id || strlen(from.id) >= DAT_ID_TEXT ||
						     strlen(from.uuid) >= DAT_UUID_TEXT))
		abort();
	json_object_foreach (q.json, key, value) {
		check_text(q.json, key);
		if (json_is_string(value))
			check_field(json_string_value(value));
	}
	json_decref(q.json);
	return 0;
}
