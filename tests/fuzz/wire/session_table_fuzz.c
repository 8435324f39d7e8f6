/* wire/session_table: the scan without unpacking must agree with the real parser on what a message
 * is. */
#include "shared/wire/envelope.h"
#include "shared/wire/session_table.h"
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_bytes in = { data, size };
	const struct hws_session_row *row = NULL;
	Ses__Message *parsed = NULL;

	if (hws_session_scan(in, &row) < 0) {
		assert(!row);
		return 0;
	}
	if (hws_ses_unpack(in, &parsed) < 0)
		return 0;
	/* what the gate judged is what the agent, or the viewer, will read */
	assert(hws_session_row_of(parsed) == row);
	if (row) {
		assert((uint32_t)parsed->union_case == row->field);
		if (row->field == SES__MESSAGE__UNION_MISC)
			assert((uint32_t)parsed->misc->union_case == row->misc);
		assert(hws_session_row_at(hws_session_row_number(row)) == row);
	}
	hws_ses_free(parsed);
	return 0;
}
