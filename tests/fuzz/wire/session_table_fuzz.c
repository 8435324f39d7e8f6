/* wire/session_table: the scan without unpacking must agree with the real parser on what a message
 * is, and wire/clip_way on which way it takes what was copied. */
#include "shared/wire/clip_way.h"
#include "shared/wire/envelope.h"
#include "shared/wire/session_table.h"
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of what the parser has made of it: towards the host, offers and contents go there. */
static unsigned ways_of(const Ses__Message *m)
{
	if (m->union_case == SES__MESSAGE__UNION_CLIPBOARD ||
			m->union_case == SES__MESSAGE__UNION_MULTI_CLIPBOARDS)
		return HWS_CLIP_TO_HOST;
	if (m->union_case != SES__MESSAGE__UNION_CLIPRDR)
		return 0;
	switch (m->cliprdr->union_case) {
	case SES__CLIPRDR__UNION_FORMAT_LIST:
	case SES__CLIPRDR__UNION_FORMAT_DATA_RESPONSE:
	case SES__CLIPRDR__UNION_FILE_CONTENTS_RESPONSE:
	case SES__CLIPRDR__UNION_FILES:
		return HWS_CLIP_TO_HOST;
	case SES__CLIPRDR__UNION_FORMAT_DATA_REQUEST:
	case SES__CLIPRDR__UNION_FILE_CONTENTS_REQUEST:
		return HWS_CLIP_FROM_HOST;
	default:
		return 0;
	}
}

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
		/* nothing passes a way that is not seen; more ways than there are do no harm */
		assert((hws_clip_ways(row, HWS_TO_HOST, in) & ways_of(parsed)) == ways_of(parsed));
	}
	hws_ses_free(parsed);
	return 0;
}
