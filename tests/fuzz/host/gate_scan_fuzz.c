/* host/gate_table: the scan without unpacking must agree with the real parser on what a message is. */
#include "client/host/gate_table.h"
#include "shared/base/macros.h"
#include "shared/wire/envelope.h"
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_bytes in = { data, size };
	struct hws_gate_member m;
	Ses__Message *parsed = NULL;

	if (hws_gate_scan(in, &m) < 0)
		return 0;
	if (hws_ses_unpack(in, &parsed) < 0)
		return 0;
	/* what the gate judged is what the agent will read */
	assert((uint32_t)parsed->union_case == m.field);
	if (m.field == 19)
		assert((uint32_t)parsed->misc->union_case == m.misc);
	hws_ses_free(parsed);
	return 0;
}
