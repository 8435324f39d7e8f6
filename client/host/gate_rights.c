/* What the table of messages cannot say: which way what was copied may go, and what one who only
 * looks on may not switch. Whatever the viewer says of itself, it is judged here, and what it said
 * last counts. */
#include "client/host/gate_parts.h"
#include "shared/wire/clip_way.h"
#include "shared/wire/envelope.h"

/* Without the keyboard there is no clipboard either, whoever took it: who looks on pastes
 * nothing. */
static unsigned shut_of(const struct hws_gate *g)
{
	return hws_gate_effective(g) & HWS_NEED(HWS_PERM_KEYBOARD) ? g->clip_shut : HWS_CLIP_BOTH;
}

bool hws_gate_clip_may(const struct hws_gate *g, const struct hws_session_row *row,
		enum hws_session_direction to, struct hws_bytes message)
{
	const unsigned shut = shut_of(g);

	return !shut || !(hws_clip_ways(row, to, message) & shut);
}

/* To switch it off needs nothing. */
bool hws_gate_switch_may(const struct hws_gate *g, const struct hws_session_row *row,
		struct hws_bytes message)
{
	const uint32_t need = HWS_NEED(HWS_PERM_KEYBOARD) | HWS_NEED(HWS_PERM_PRIVACY_MODE);
	Ses__Message *m = NULL;
	bool on;

	if (row->misc != SES__MISC__UNION_TOGGLE_PRIVACY_MODE ||
			(hws_gate_effective(g) & need) == need)
		return true;
	if (hws_ses_unpack(message, &m) < 0)
		return false;
	on = m->misc->toggle_privacy_mode->on;
	hws_ses_free(m);
	return !on;
}
