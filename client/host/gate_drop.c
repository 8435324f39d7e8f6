/* What becomes of a message that may not pass. The viewer has to hear of it, or it waits; the log
 * has to, but once, or a viewer could fill the disk. */
#include "client/host/gate_drop.h"
#include "client/host/gate_reply.h"
#include "client/host/refusal.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/wire/envelope.h"
#include "shared/wire/version.h"

#define BOX_AGAIN_US (60 * HWS_US_PER_S)

void hws_gate_drop_note(struct hws_gate_drops *d, const char *peer,
		const struct hws_session_row *row, enum hws_session_verdict why, bool out)
{
	uint8_t bit = (uint8_t)(1u << why);

	if (row ? d->logged[hws_session_row_number(row)] & bit : d->logged_unknown)
		return;
	if (row)
		d->logged[hws_session_row_number(row)] |= bit;
	else
		d->logged_unknown = true;
	hws_info_limited("gate.dropped", HWS_STR("peer", peer),
			HWS_STR("message", row ? row->name : "unknown"),
			HWS_STR("to", out ? "viewer" : "host"),
			HWS_STR("why", row ? hws_session_verdict_name(why) : "unknown"));
}

static int send_answer(const Ses__Message *answer, void *arg)
{
	return hws_gate_send(arg, answer);
}

/* An answer that does not fit any more goes to a viewer that reads nothing: the stall ends its
 * session. */
static void note_result(int r)
{
	if (r < 0)
		hws_debug("gate.refusal_not_sent", HWS_ERR("why", r));
}

void hws_gate_drop_refuse(struct hws_gate_drops *d, struct hws_conn *c,
		const struct hws_session_row *row, struct hws_bytes frame,
		enum hws_session_kind kind, uint32_t permissions, uint64_t now_us)
{
	uint64_t *boxed_us = &d->boxed_us[hws_session_row_number(row)];
	Ses__Message *m = NULL;

	if (row->answer == HWS_ANSWER_NONE)
		return;
	if (row->text) {
		if (*boxed_us && now_us - *boxed_us < BOX_AGAIN_US)
			return;
		*boxed_us = now_us;
	}
	if (hws_ses_unpack(frame, &m) < 0)
		return;
	note_result(hws_refuse(row, m, kind, permissions, send_answer, c));
	hws_ses_free(m);
}

void hws_gate_drop_options(struct hws_conn *c, const Ses__OptionMessage *o, uint32_t version,
		uint32_t permissions)
{
	note_result(hws_refuse_options(
			o, version < HWS_V_MULTI_DISPLAY, permissions, send_answer, c));
}
