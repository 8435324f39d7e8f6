/* wire/session_table: the messages of the session protocol: for each member of ses.Message and
 * ses.Misc one row, which says who may send it when and in which kind of session, which permission
 * it needs, how large it may be, to which service it belongs and what happens to it. The gate, the
 * agent and the viewer read this table and no other.
 *
 * A member of the schema without a row fails tests/unit/shared/wire/session_table_test. Pure; any
 * thread. */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/wire/permission.h"
#include "shared/wire/session_kind.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* States of a session after the handshake, as set bits. */
#define HWS_AT_LOGIN 1u
#define HWS_AT_OPEN 2u

enum hws_session_direction { HWS_TO_HOST, HWS_TO_VIEWER };

/* What messages are about. Not all of them are served; those of the first two have no service of
 * their own. */
enum hws_service_id {
	HWS_SERVICE_CORE, /* the session itself: the agent at the host, the viewer's core */
	/* login, permissions, keep-alive: at the host the gate's alone, never the agent's */
	HWS_SERVICE_GATE,
	HWS_SERVICE_VIDEO,
	HWS_SERVICE_CURSOR,
	HWS_SERVICE_INPUT,
	HWS_SERVICE_CLIPBOARD,
	HWS_SERVICE_CLIPFILES, /* copied here, pasted there */
	HWS_SERVICE_CHAT,
	HWS_SERVICE_SOUND,     /* of the desktop, and of a call; who rings, who answers */
	HWS_SERVICE_FILES,     /* jobs and listings */
	HWS_SERVICE_TERMINAL,  /* shells */
	HWS_SERVICE_DISPLAYS,  /* their size, virtual ones */
	HWS_SERVICE_PRIVACY,   /* the desktop's own screen goes dark */
	HWS_SERVICE_ELEVATION, /* of a Windows host that is not installed */
	HWS_SERVICE_SIDES,     /* the two ends change places */
	HWS_SERVICE_MACHINE,   /* restart */
	HWS_SERVICE_TUNNEL,    /* ports of the host, and those that it reaches */
	HWS_SERVICE_COUNT
};

/* What a gate does with a message that the viewer may send. */
enum hws_gate_act {
	HWS_ACT_IGNORE,  /* known, without effect here */
	HWS_ACT_REFUSE,  /* known, permitted, not served: the row's answer says so */
	HWS_ACT_FORWARD, /* to the agent as it is */
	HWS_ACT_LOGIN,
	HWS_ACT_TEST_DELAY,
	HWS_ACT_CLOSE_REASON,
	HWS_ACT_OPTION, /* the gate notes what it must enforce, then forwards */
};

/* What a viewer gets back for a message of its own that the host does not serve, or not to it;
 * host/refusal makes it. NONE: the protocol knows no answer, and the viewer was told before (by
 * PermissionInfo, or because nothing here ever offered it). */
enum hws_gate_answer {
	HWS_ANSWER_NONE,
	HWS_ANSWER_BOX,       /* a message box with the row's text */
	HWS_ANSWER_UNREAD,    /* the same, of a type that says that nobody has read it */
	HWS_ANSWER_FILE_JOB,  /* the job's error, so that it does not stay at 0 % */
	HWS_ANSWER_PRIVACY,   /* BackNotification */
	HWS_ANSWER_ELEVATION, /* ElevationResponse */
	HWS_ANSWER_VIRTUAL_DISPLAY,
};

struct hws_session_row {
	uint8_t field;     /* number in ses.Message */
	uint8_t misc;      /* number in ses.Misc when `field` is that of misc, else 0 */
	const char *name;  /* as the schema has it */
	uint8_t states[2]; /* by direction: HWS_AT_* in which it may be sent, 0 = never that way */
	uint8_t kinds;     /* sessions it belongs to: HWS_KIND_BIT */
	uint32_t need;     /* permissions, all of them: HWS_NEED */
	uint32_t cap;      /* bytes of the whole message */
	enum hws_service_id service;
	enum hws_gate_act act;
	enum hws_gate_answer answer;
	const char *text; /* of HWS_ANSWER_BOX and _UNREAD, else NULL */
};

/* A row's number is below this, for who keeps something for each. */
#define HWS_SESSION_ROWS_MAX 416u

/* The row of a serialised ses.Message, found without unpacking it; NULL, with HWS_OK: it has no
 * member that is known. HWS_ERR_PROTO: not a message, or more than one member (a peer that is
 * understood in two ways is not understood at all). */
int hws_session_scan(struct hws_bytes message, const struct hws_session_row **ret) HWS_MUST_CHECK;
/* The row of an unpacked message; NULL: it has no member that is known. */
const struct hws_session_row *hws_session_row_of(const Ses__Message *m);
/* The row of a member, by its numbers in the schema; `misc` 0 for all but members of Misc. NULL:
 * none. */
const struct hws_session_row *hws_session_row(uint32_t field, uint32_t misc);
/* The row with this number; NULL for numbers without one. For walks through the table. */
const struct hws_session_row *hws_session_row_at(size_t number);
size_t hws_session_row_number(const struct hws_session_row *row);

/* What a message of this row needs in that kind of session. In that of a desktop the rows of files
 * are those of print jobs (services/print), and need that permission instead. */
uint32_t hws_session_need(const struct hws_session_row *row, enum hws_session_kind kind);

enum hws_session_verdict {
	HWS_SESSION_PASS,
	HWS_SESSION_DROP_STATE,
	HWS_SESSION_DROP_KIND,
	HWS_SESSION_DROP_PERMISSION,
	HWS_SESSION_DROP_SIZE,
	HWS_SESSION_DROP_DIRECTION,
	HWS_SESSION_DROP_UNSERVED, /* of who acts, not of a judgement */
};

/* Where a session stands. */
struct hws_session_case {
	unsigned state; /* one of HWS_AT_*; 0 = neither, then nothing passes */
	enum hws_session_kind kind;
	uint32_t permissions; /* HWS_NEED bits in force */
};
/* May a message of `len` bytes go that way? Before the login its kind and permissions are those of
 * a session to be. */
enum hws_session_verdict hws_session_judge(const struct hws_session_row *row,
		enum hws_session_direction to, const struct hws_session_case *c, size_t len);
/* The same for what an agent wants to send to the viewer: nothing that is the gate's. */
enum hws_session_verdict hws_session_judge_agent(
		const struct hws_session_row *row, const struct hws_session_case *c, size_t len);
/* The same for what a gate passes on to its agent: only what a gate that is not in foreign hands
 * would, by the row's act. The session is open then: `c->state` is not looked at. */
enum hws_session_verdict hws_session_judge_passed(
		const struct hws_session_row *row, const struct hws_session_case *c, size_t len);
/* Words for logs. Static. */
const char *hws_session_verdict_name(enum hws_session_verdict v);
