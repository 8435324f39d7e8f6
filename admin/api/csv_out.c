/* api/csv_out */
#include "admin/api/csv_out.h"
#include <string.h>

void adi_csv_field(struct hws_buf *out, const char *text, bool last)
{
	bool formula = *text && strchr("=+-@\t\r", *text);
	bool quoted = formula || text[strcspn(text, "\",;\r\n")] != '\0';

	if (quoted)
		hws_buf_put_u8(out, '"');
	if (formula)
		hws_buf_put_u8(out, '\'');
	for (; *text; text++) {
		if (*text == '"')
			hws_buf_put_u8(out, '"');
		hws_buf_put_u8(out, (uint8_t)*text);
	}
	if (quoted)
		hws_buf_put_u8(out, '"');
	hws_buf_put_str(out, last ? "\r\n" : ",");
}
