/* A file that is said to be CSV: it is refused with a line, or every cell is a bounded text in
 * UTF-8, and written out it is read as the same. */
#include "shared/base/csv.h"
#include "shared/base/str.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_row(struct hws_buf *out, const struct hws_csv *c, size_t row)
{
	for (size_t i = 0; i < hws_csv_columns(c); i++) {
		const char *cell = hws_csv_cell(c, row, hws_csv_column(c, i));

		if (cell &&
				(!hws_utf8_valid(hws_bytes_str(cell)) ||
						strlen(cell) > HWS_CSV_CELL_MAX))
			abort();
		hws_csv_put(out, cell ? cell : "", i == 0);
	}
	hws_buf_put_str(out, "\n");
}

static void compare(const struct hws_csv *a, const struct hws_csv *b)
{
	if (hws_csv_columns(a) != hws_csv_columns(b) || hws_csv_rows(a) != hws_csv_rows(b))
		abort();
	for (size_t row = 0; row < hws_csv_rows(a); row++) {
		for (size_t i = 0; i < hws_csv_columns(a); i++) {
			const char *x = hws_csv_cell(a, row, hws_csv_column(a, i));
			const char *y = hws_csv_cell(b, row, hws_csv_column(b, i));

			if (strcmp(hws_csv_column(a, i), hws_csv_column(b, i)) != 0 || !y ||
					strcmp(x ? x : "", y) != 0)
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_csv *c = NULL, *again = NULL;
	struct hws_error err = { 0 };
	struct hws_buf out;

	if (hws_csv_read(hws_bytes(data, size), &c, &err) < 0) {
		if (!err.text[0])
			abort();
		return 0;
	}
	hws_buf_init(&out, 16u << 20);
	for (size_t i = 0; i < hws_csv_columns(c); i++)
		hws_csv_put(&out, hws_csv_column(c, i), i == 0);
	hws_buf_put_str(&out, "\n");
	for (size_t row = 0; row < hws_csv_rows(c) && row < 1000; row++)
		write_row(&out, c, row);
	/* A name that begins with a mark of UTF-8 loses it when it comes first. */
	if (!hws_buf_err(&out) && hws_csv_rows(c) < 1000 &&
			!hws_str_starts(hws_csv_column(c, 0), "\xef\xbb\xbf")) {
		if (hws_csv_read(hws_buf_bytes(&out), &again, &err) < 0)
			abort();
		compare(c, again);
	}
	hws_csv_free(again);
	hws_csv_free(c);
	hws_buf_done(&out);
	return 0;
}
