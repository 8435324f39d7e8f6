/* Any bytes as CSV, and every field of its rows through what cleans texts: always UTF-8 without
 * control signs, within bounds, and clean once is clean for good. */
#include "admin/import/csv.h"
#include "admin/import/text.h"
#include "shared/base/str.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_tag(const char *tag, void *arg)
{
	char again[129];

	(void)arg;
	assert(*tag && !imp_clean(tag, again, sizeof(again), false));
	return HWS_OK;
}

static int on_row(const struct imp_row *row, void *arg)
{
	char clean[65], again[65], base64[64];

	(void)arg;
	for (size_t i = 0; i < IMP_FIELDS; i++) {
		imp_clean(row->v[i], clean, sizeof(clean), i % 2);
		assert(hws_utf8_valid(hws_bytes_str(clean)));
		assert(!imp_clean(clean, again, sizeof(again), i % 2));
	}
	assert(imp_color(row->v[IMP_F_COLOR]) >= 0);
	imp_hex_to_base64(row->v[IMP_F_UUID_HEX], base64, sizeof(base64));
	assert(strlen(base64) % 4 == 0);
	return imp_tags_each(row->v[IMP_F_TAGS], on_tag, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_error err = { 0 };
	struct imp_csv *s = NULL;

	if (imp_csv_read(hws_bytes(data, size), "fuzz", &s, &err) < 0) {
		assert(*err.text);
		return 0;
	}
	for (size_t i = 0; i < IMP_WHATS; i++)
		assert(imp_csv_each(s, (enum imp_what)i, on_row, NULL) == HWS_OK);
	imp_csv_close(s);
	return 0;
}
