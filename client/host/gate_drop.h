/* host/gate_drop: what a gate does with a message that it lets not through: the log hears of each
 * message once, the viewer gets the refusal of its row. */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/net/conn.h"
#include "shared/wire/session_table.h"

/* All zero at the start. */
struct hws_gate_drops {
	uint8_t logged[HWS_SESSION_ROWS_MAX];    /* 1 << enum hws_session_verdict, by row */
	uint64_t boxed_us[HWS_SESSION_ROWS_MAX]; /* when the viewer last got a row's message box */
	bool logged_unknown;
};

/* Logs the first drop of this message for this reason. `row`: NULL for what is unknown or does not
 * parse. `peer`: whose session it is, in words; `out`: it came from the agent. */
void hws_gate_drop_note(struct hws_gate_drops *d, const char *peer,
		const struct hws_session_row *row, enum hws_session_verdict why, bool out);
/* Answers `frame`, a serialised message of `row` from the viewer, as the row says. A message box is
 * not repeated within a minute. `kind`, `permissions`: of the session; `now_us`: of the loop. */
void hws_gate_drop_refuse(struct hws_gate_drops *d, struct hws_conn *c,
		const struct hws_session_row *row, struct hws_bytes frame,
		enum hws_session_kind kind, uint32_t permissions, uint64_t now_us);
/* The same for the options that came with a login, or with a later change; NULL: none. `version`:
 * of the viewer, as hws_version_number; `permissions`: of the session. */
void hws_gate_drop_options(struct hws_conn *c, const Ses__OptionMessage *o, uint32_t version,
		uint32_t permissions);
