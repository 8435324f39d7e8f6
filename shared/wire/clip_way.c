/* A member that is not known counts as an offer: what later versions add shall not pass where
 * nothing of the kind may. */
#include "shared/wire/clip_way.h"
#include "shared/wire/field.h"

static unsigned way_of(enum hws_session_direction to)
{
	return to == HWS_TO_HOST ? HWS_CLIP_TO_HOST : HWS_CLIP_FROM_HOST;
}

/* By the member of Cliprdr: who asks gets, whoever says it. */
static unsigned ways_of_files(uint32_t member, enum hws_session_direction to)
{
	switch (member) {
	case SES__CLIPRDR__UNION_READY:
	case SES__CLIPRDR__UNION_FORMAT_LIST_RESPONSE:
	case SES__CLIPRDR__UNION_TRY_EMPTY:
		return 0;
	case SES__CLIPRDR__UNION_FORMAT_DATA_REQUEST:
	case SES__CLIPRDR__UNION_FILE_CONTENTS_REQUEST:
		return way_of(to) ^ HWS_CLIP_BOTH;
	default:
		return way_of(to);
	}
}

/* All members that are there: it is the last one that counts, but then none of them is taken. */
static unsigned ways_in(struct hws_bytes cliprdr, enum hws_session_direction to)
{
	struct hws_wire_field f;
	unsigned ways = 0;
	int r;

	while ((r = hws_field_next(&cliprdr, &f)) == HWS_OK)
		ways |= ways_of_files(f.number, to);
	return r == HWS_ERR_EOF ? ways : HWS_CLIP_BOTH;
}

unsigned hws_clip_ways(const struct hws_session_row *row, enum hws_session_direction to,
		struct hws_bytes message)
{
	struct hws_wire_field f;
	unsigned ways = 0;
	int r;

	if (row->service == HWS_SERVICE_CLIPBOARD)
		return way_of(to);
	if (row->field != SES__MESSAGE__UNION_CLIPRDR)
		return 0;
	while ((r = hws_field_next(&message, &f)) == HWS_OK)
		if (f.number == row->field && f.wire == HWS_WIRE_BYTES)
			ways |= ways_in(f.bytes, to);
	return r == HWS_ERR_EOF ? ways : HWS_CLIP_BOTH;
}
