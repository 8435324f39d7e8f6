/* host/gate_table: the one choke point: for each member of ses.Message and ses.Misc one row that says in
 * which state, session type and direction it may pass, which permission it needs, how large it may be and
 * what happens to it. Pure: no I/O. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/wire/permission.h"
#include <stdbool.h>
#include <stdint.h>

/* States of a gate after the handshake, as set bits. */
#define HWS_AT_LOGIN 1u
#define HWS_AT_OPEN 2u

/* Session types, as set bits. */
enum hws_ses_kind {
	HWS_KIND_REMOTE = 1,
	HWS_KIND_FILE = 2,
	HWS_KIND_CAMERA = 4,
	HWS_KIND_TERMINAL = 8,
	HWS_KIND_FORWARD = 16
};
#define HWS_KIND_ANY 31u

enum hws_gate_act {
	HWS_ACT_IGNORE,  /* known, without effect here */
	HWS_ACT_REFUSE,  /* known, permitted, not served: the row's answer says so */
	HWS_ACT_FORWARD, /* to the agent (or from it to the viewer) as it is */
	HWS_ACT_LOGIN,
	HWS_ACT_TEST_DELAY,
	HWS_ACT_CLOSE_REASON,
	HWS_ACT_OPTION, /* the gate notes what it must enforce, then forwards */
};

/* What a viewer gets back for a message of its own that the host does not serve, or not to it; host/refusal
 * makes it. NONE: the protocol knows no answer, and the viewer was told before (by PermissionInfo, or because
 * nothing here ever offered it). */
enum hws_gate_answer {
	HWS_ANSWER_NONE,
	HWS_ANSWER_BOX,       /* a message box with the row's text */
	HWS_ANSWER_FILE_JOB,  /* the job's error, so that it does not stay at 0 % */
	HWS_ANSWER_PRIVACY,   /* BackNotification */
	HWS_ANSWER_ELEVATION, /* ElevationResponse */
	HWS_ANSWER_VIRTUAL_DISPLAY,
};

#define HWS_NEED_NONE 0u
#define HWS_NEED(p) (1u << (p))

struct hws_gate_row {
	uint8_t field; /* member of ses.Message */
	uint8_t misc;  /* member of ses.Misc when field is misc, else 0 */
	const char *name;
	uint8_t in_states; /* viewer to host: HWS_AT_*, 0 = never accepted */
	bool out;          /* host to viewer: the agent may send it */
	uint8_t kinds;     /* session types it belongs to */
	uint32_t need;     /* permissions, all of them */
	uint32_t cap;      /* bytes of the whole message */
	enum hws_gate_act act;
	enum hws_gate_answer answer;
	const char *text; /* of HWS_ANSWER_BOX, else NULL */
};
/* Bound of the rows, for who keeps something for each. */
#define HWS_GATE_ROWS_MAX 80u

/* What a serialised ses.Message holds, found without unpacking. */
struct hws_gate_member {
	uint32_t field, misc; /* 0 = none */
};

/* HWS_ERR_PROTO: not a message, or more than one member (a peer that is understood in two ways is not
 * understood at all). No known member gives field 0: such a message is ignored. */
int hws_gate_scan(struct hws_bytes message, struct hws_gate_member *ret) HWS_MUST_CHECK;
/* NULL for unknown members. */
const struct hws_gate_row *hws_gate_row(struct hws_gate_member m);
/* All rows; a row's place in it is its number. */
const struct hws_gate_row *hws_gate_rows(size_t *ret_count);

enum hws_gate_verdict {
	HWS_GATE_PASS,
	HWS_GATE_DROP_STATE,
	HWS_GATE_DROP_KIND,
	HWS_GATE_DROP_PERMISSION,
	HWS_GATE_DROP_SIZE,
	HWS_GATE_DROP_DIRECTION,
	HWS_GATE_DROP_UNSERVED, /* of who acts, not of a judgement */
};
enum hws_gate_verdict hws_gate_judge_in(const struct hws_gate_row *row, unsigned state,
		unsigned kind, uint32_t permissions, size_t len);
enum hws_gate_verdict hws_gate_judge_out(
		const struct hws_gate_row *row, unsigned kind, uint32_t permissions, size_t len);
const char *hws_gate_verdict_name(enum hws_gate_verdict v);
