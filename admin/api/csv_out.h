/* api/csv_out: lines of comma separated values for spreadsheets. */
#pragma once
#include "shared/base/buf.h"
#include <stdbool.h>

/* One field, quoted where it must be. What a spreadsheet would take for a formula gets an
 * apostrophe before it: such texts come from strangers. */
void adi_csv_field(struct hws_buf *out, const char *text, bool last);
