/* The table of the session protocol and what is looked up in it. The rows stand at their numbers,
 * so that a lookup is one access: each message passes here, at the gate and at both ends. What the
 * gate judges must be what the others read, so the scan without unpacking takes exactly one member,
 * as tests/fuzz/wire/session_table_fuzz holds it to. */
#include "shared/wire/session_table.h"
#include "shared/base/macros.h"
#include "shared/wire/field.h"
#include "shared/wire/limits.h"
#include "shared/wire/send_class.h"

/* A constant of the schema makes a row for what the schema does not have an error of the compiler;
 * so are two rows of one message (-Woverride-init). */
#define MSG(NAME, name, host, viewer, ...)                                                         \
	[SES__MESSAGE__UNION_##NAME] = { SES__MESSAGE__UNION_##NAME, 0, name, { host, viewer },    \
		__VA_ARGS__ }
#define MISC(NAME, name, host, viewer, ...)                                                        \
	[SES__MISC__UNION_##NAME] = { SES__MESSAGE__UNION_MISC, SES__MISC__UNION_##NAME, name,     \
		{ host, viewer }, __VA_ARGS__ }

#define NEVER 0
#define LOGIN HWS_AT_LOGIN
#define OPEN HWS_AT_OPEN
#define BOTH (HWS_AT_LOGIN | HWS_AT_OPEN)

#define REMOTE HWS_KIND_BIT(HWS_KIND_REMOTE)
#define VISUAL (REMOTE | HWS_KIND_BIT(HWS_KIND_CAMERA))
#define TERM HWS_KIND_BIT(HWS_KIND_TERMINAL)
#define FORWARDING HWS_KIND_BIT(HWS_KIND_FORWARD)
#define JOBS (REMOTE | HWS_KIND_BIT(HWS_KIND_FILE))
#define ANY HWS_KIND_ANY

#define FREE 0u /* needs no permission */
#define KEYBOARD HWS_NEED(HWS_PERM_KEYBOARD)
#define CLIPBOARD HWS_NEED(HWS_PERM_CLIPBOARD)
#define AUDIO HWS_NEED(HWS_PERM_AUDIO)
#define FILE_ HWS_NEED(HWS_PERM_FILE)
#define SHELL HWS_NEED(HWS_PERM_TERMINAL)
#define TUNNELS HWS_NEED(HWS_PERM_TUNNEL)
#define REBOOT HWS_NEED(HWS_PERM_RESTART)

#define K(n) (n##u << 10)
#define M(n) (n##u << 20)
#define BIG HWS_SES_FRAME_MAX
#define EARLY HWS_SES_LOGIN_FRAME_MAX /* no frame is larger before the login */

#define OF(service) HWS_SERVICE_##service
#define DOES(act) HWS_ACT_##act
#define PASS HWS_ACT_FORWARD
#define QUIET HWS_ANSWER_NONE, NULL
#define BOX(text) HWS_ANSWER_BOX, text
#define UNREAD(text) HWS_ANSWER_UNREAD, text
#define SAYS(answer) HWS_ANSWER_##answer, NULL

/* name, states towards the host and towards the viewer, kinds of session, permissions, cap,
 * service, what the gate does with it and what the viewer is told when it is not served. Host to
 * viewer the same permissions hold, so an agent that errs cannot leak a clipboard. */
static const struct hws_session_row messages[] = {
	/* of the handshake, which is wire/secure's; later they mean nothing */
	MSG(SIGNED_ID, "signed_id", NEVER, NEVER, ANY, FREE, K(4), OF(GATE), DOES(IGNORE), QUIET),
	MSG(PUBLIC_KEY, "public_key", NEVER, NEVER, ANY, FREE, K(4), OF(GATE), DOES(IGNORE), QUIET),

	MSG(TEST_DELAY, "test_delay", BOTH, BOTH, ANY, FREE, K(1), OF(GATE), DOES(TEST_DELAY),
			QUIET),
	MSG(VIDEO_FRAME, "video_frame", NEVER, OPEN, VISUAL, FREE, BIG, OF(VIDEO), PASS, QUIET),
	MSG(LOGIN_REQUEST, "login_request", LOGIN, NEVER, ANY, FREE, EARLY, OF(GATE), DOES(LOGIN),
			QUIET),
	/* a host that blocks this address, or has no window open, says so instead of its Hash */
	MSG(LOGIN_RESPONSE, "login_response", NEVER, LOGIN, ANY, FREE, EARLY, OF(GATE),
			DOES(IGNORE), QUIET),
	MSG(HASH, "hash", NEVER, LOGIN, ANY, FREE, K(4), OF(GATE), DOES(IGNORE), QUIET),
	MSG(MOUSE_EVENT, "mouse_event", OPEN, NEVER, REMOTE, KEYBOARD, K(1), OF(INPUT), PASS,
			QUIET),
	MSG(AUDIO_FRAME, "audio_frame", OPEN, OPEN, VISUAL, AUDIO, K(64), OF(SOUND), PASS, QUIET),
	MSG(CURSOR_DATA, "cursor_data", NEVER, OPEN, REMOTE, FREE, HWS_SES_CURSOR_MAX, OF(CURSOR),
			PASS, QUIET),
	MSG(CURSOR_POSITION, "cursor_position", NEVER, OPEN, REMOTE, FREE, K(1), OF(CURSOR), PASS,
			QUIET),
	MSG(CURSOR_ID, "cursor_id", NEVER, OPEN, REMOTE, FREE, K(1), OF(CURSOR), PASS, QUIET),
	MSG(KEY_EVENT, "key_event", OPEN, NEVER, REMOTE, KEYBOARD, K(64), OF(INPUT), PASS, QUIET),
	MSG(CLIPBOARD, "clipboard", OPEN, OPEN, REMOTE, CLIPBOARD, BIG, OF(CLIPBOARD), PASS, QUIET),
	/* to the viewer: a host that writes says from where on it wants a file. Of a desktop's
	 * session: print jobs (hws_session_need) */
	MSG(FILE_ACTION, "file_action", OPEN, OPEN, JOBS, FILE_, M(16), OF(FILES), PASS,
			SAYS(FILE_JOB)),
	MSG(FILE_RESPONSE, "file_response", OPEN, OPEN, JOBS, FILE_, M(16), OF(FILES), PASS,
			SAYS(FILE_JOB)),
	MSG(CLIPRDR, "cliprdr", OPEN, OPEN, REMOTE, CLIPBOARD | FILE_, M(16), OF(CLIPFILES), PASS,
			QUIET),
	MSG(MESSAGE_BOX, "message_box", NEVER, BOTH, ANY, FREE, EARLY, OF(CORE), PASS, QUIET),
	/* a login by the number of a switch of sides */
	MSG(SWITCH_SIDES_RESPONSE, "switch_sides_response", LOGIN, NEVER, REMOTE, FREE, EARLY,
			OF(GATE), DOES(LOGIN), QUIET),
	/* sound itself needs the permission; to ask, and to be told no, does not */
	MSG(VOICE_CALL_REQUEST, "voice_call_request", OPEN, OPEN, VISUAL, FREE, K(1), OF(SOUND),
			PASS, QUIET),
	MSG(VOICE_CALL_RESPONSE, "voice_call_response", NEVER, OPEN, VISUAL, FREE, K(1), OF(SOUND),
			PASS, QUIET),
	MSG(PEER_INFO, "peer_info", NEVER, OPEN, VISUAL, FREE, M(1), OF(VIDEO), PASS, QUIET),
	MSG(POINTER_DEVICE_EVENT, "pointer_device_event", OPEN, NEVER, REMOTE, KEYBOARD, K(1),
			OF(INPUT), PASS, QUIET),
	MSG(AUTH_2FA, "auth_2fa", LOGIN, NEVER, ANY, FREE, K(1), OF(GATE), DOES(IGNORE), QUIET),
	MSG(MULTI_CLIPBOARDS, "multi_clipboards", OPEN, OPEN, REMOTE, CLIPBOARD, BIG, OF(CLIPBOARD),
			PASS, QUIET),
	MSG(SCREENSHOT_REQUEST, "screenshot_request", OPEN, NEVER, VISUAL, FREE, K(1), OF(VIDEO),
			PASS, QUIET),
	MSG(SCREENSHOT_RESPONSE, "screenshot_response", NEVER, OPEN, VISUAL, FREE, BIG, OF(VIDEO),
			PASS, QUIET),
	MSG(TERMINAL_ACTION, "terminal_action", OPEN, NEVER, TERM, SHELL, M(1), OF(TERMINAL), PASS,
			QUIET),
	MSG(TERMINAL_RESPONSE, "terminal_response", NEVER, OPEN, TERM, SHELL, M(16), OF(TERMINAL),
			PASS, QUIET),
	/* nobody sends more of it at once */
	MSG(TUNNEL, "tunnel", OPEN, OPEN, FORWARDING, TUNNELS, HWS_SEND_BULK_MAX, OF(TUNNEL), PASS,
			QUIET),
	MSG(PATCH, "patch", NEVER, OPEN, REMOTE, FREE, M(9), OF(VIDEO), PASS, QUIET),
};

/* The same for the members of Misc, which has no row of its own. */
static const struct hws_session_row miscs[] = {
	MISC(CHAT_MESSAGE, "chat_message", OPEN, OPEN, VISUAL | TERM, FREE, K(256), OF(CHAT), PASS,
			UNREAD("Nobody reads messages at this host: what is written here does not "
			       "arrive.")),
	MISC(SWITCH_DISPLAY, "switch_display", OPEN, OPEN, VISUAL, FREE, K(256), OF(VIDEO), PASS,
			QUIET),
	MISC(PERMISSION_INFO, "permission_info", NEVER, BOTH, ANY, FREE, K(1), OF(GATE),
			DOES(IGNORE), QUIET),
	MISC(OPTION, "option", OPEN, NEVER, ANY, FREE, K(4), OF(CORE), DOES(OPTION), QUIET),
	MISC(AUDIO_FORMAT, "audio_format", OPEN, OPEN, VISUAL, AUDIO, K(1), OF(SOUND), PASS, QUIET),
	MISC(CLOSE_REASON, "close_reason", BOTH, BOTH, ANY, FREE, K(4), OF(CORE),
			DOES(CLOSE_REASON), QUIET),
	MISC(REFRESH_VIDEO, "refresh_video", OPEN, NEVER, VISUAL, FREE, K(1), OF(VIDEO), PASS,
			QUIET),
	MISC(VIDEO_RECEIVED, "video_received", OPEN, NEVER, VISUAL, FREE, K(1), OF(VIDEO), PASS,
			QUIET),
	MISC(BACK_NOTIFICATION, "back_notification", NEVER, OPEN, REMOTE, FREE, K(4), OF(PRIVACY),
			PASS, QUIET),
	MISC(RESTART_REMOTE_DEVICE, "restart_remote_device", OPEN, NEVER, REMOTE, REBOOT, K(1),
			OF(MACHINE), PASS, BOX("This host is not restarted by viewers.")),
	MISC(UAC, "uac", NEVER, OPEN, REMOTE, FREE, K(1), OF(ELEVATION), PASS, QUIET),
	MISC(FOREGROUND_WINDOW_ELEVATED, "foreground_window_elevated", NEVER, OPEN, REMOTE, FREE,
			K(1), OF(ELEVATION), PASS, QUIET),
	MISC(STOP_SERVICE, "stop_service", NEVER, NEVER, ANY, FREE, K(1), OF(CORE), DOES(IGNORE),
			QUIET),
	MISC(ELEVATION_REQUEST, "elevation_request", OPEN, NEVER, REMOTE, FREE, K(4), OF(ELEVATION),
			DOES(REFUSE), SAYS(ELEVATION)),
	MISC(ELEVATION_RESPONSE, "elevation_response", NEVER, OPEN, REMOTE, FREE, K(4),
			OF(ELEVATION), PASS, QUIET),
	MISC(PORTABLE_SERVICE_RUNNING, "portable_service_running", NEVER, OPEN, REMOTE, FREE, K(1),
			OF(ELEVATION), PASS, QUIET),
	MISC(SWITCH_SIDES_REQUEST, "switch_sides_request", OPEN, NEVER, REMOTE, KEYBOARD, K(1),
			OF(SIDES), PASS, BOX("This host cannot change sides.")),
	MISC(SWITCH_BACK, "switch_back", NEVER, OPEN, REMOTE, FREE, K(1), OF(SIDES), PASS, QUIET),
	MISC(CHANGE_RESOLUTION, "change_resolution", OPEN, NEVER, REMOTE, KEYBOARD, K(1),
			OF(DISPLAYS), PASS,
			BOX("The displays of this host keep their size: it cannot change it, or "
			    "this viewer may not control it.")),
	MISC(PLUGIN_REQUEST, "plugin_request", NEVER, NEVER, ANY, FREE, K(1), OF(CORE),
			DOES(IGNORE), QUIET),
	MISC(PLUGIN_FAILURE, "plugin_failure", NEVER, NEVER, ANY, FREE, K(1), OF(CORE),
			DOES(IGNORE), QUIET),
	MISC(FULL_SPEED_FPS, "full_speed_fps", NEVER, NEVER, ANY, FREE, K(1), OF(VIDEO),
			DOES(IGNORE), QUIET),
	MISC(AUTO_ADJUST_FPS, "auto_adjust_fps", OPEN, NEVER, VISUAL, FREE, K(1), OF(VIDEO), PASS,
			QUIET),
	MISC(CLIENT_RECORD_STATUS, "client_record_status", OPEN, NEVER, VISUAL, FREE, K(1),
			OF(VIDEO), PASS, QUIET),
	MISC(CAPTURE_DISPLAYS, "capture_displays", OPEN, NEVER, VISUAL, FREE, K(1), OF(VIDEO), PASS,
			QUIET),
	MISC(REFRESH_VIDEO_DISPLAY, "refresh_video_display", OPEN, NEVER, VISUAL, FREE, K(1),
			OF(VIDEO), PASS, QUIET),
	MISC(TOGGLE_VIRTUAL_DISPLAY, "toggle_virtual_display", OPEN, NEVER, REMOTE, KEYBOARD, K(1),
			OF(DISPLAYS), PASS, SAYS(VIRTUAL_DISPLAY)),
	MISC(TOGGLE_PRIVACY_MODE, "toggle_privacy_mode", OPEN, NEVER, REMOTE, FREE, K(1),
			OF(PRIVACY), PASS, SAYS(PRIVACY)),
	MISC(SUPPORTED_ENCODING, "supported_encoding", NEVER, OPEN, VISUAL, FREE, K(1), OF(VIDEO),
			PASS, QUIET),
	/* of Windows hosts to which several people are logged in */
	MISC(SELECTED_SID, "selected_sid", OPEN, NEVER, ANY, FREE, K(1), OF(CORE), DOES(IGNORE),
			QUIET),
	MISC(CHANGE_DISPLAY_RESOLUTION, "change_display_resolution", OPEN, NEVER, REMOTE, KEYBOARD,
			K(1), OF(DISPLAYS), PASS,
			BOX("The displays of this host keep their size: it cannot change it, or "
			    "this viewer may not control it.")),
	MISC(MESSAGE_QUERY, "message_query", OPEN, NEVER, VISUAL, FREE, K(1), OF(VIDEO), PASS,
			QUIET),
	MISC(FOLLOW_CURRENT_DISPLAY, "follow_current_display", NEVER, OPEN, VISUAL, FREE, K(1),
			OF(CORE), PASS, QUIET),
	MISC(NO_SOUND, "no_sound", NEVER, OPEN, VISUAL, FREE, K(1), OF(SOUND), PASS, QUIET),
	MISC(HOST_RECORDS, "host_records", NEVER, OPEN, VISUAL, FREE, K(1), OF(VIDEO), PASS, QUIET),
	MISC(KEYBOARD_LAYOUT, "keyboard_layout", NEVER, OPEN, REMOTE, FREE, K(4), OF(INPUT), PASS,
			QUIET),
	MISC(VIDEO_COST, "video_cost", NEVER, OPEN, VISUAL, FREE, K(1), OF(VIDEO), PASS, QUIET),
	MISC(CLIPBOARD_PART, "clipboard_part", OPEN, OPEN, REMOTE, CLIPBOARD, HWS_SEND_BULK_MAX,
			OF(CLIPBOARD), PASS, QUIET),
};
_Static_assert(HWS_COUNT(messages) + HWS_COUNT(miscs) <= HWS_SESSION_ROWS_MAX, "see the header");

/* Not every number has a row. */
static const struct hws_session_row *row_in(
		const struct hws_session_row *rows, size_t count, uint32_t number)
{
	return number < count && rows[number].name ? &rows[number] : NULL;
}

const struct hws_session_row *hws_session_row(uint32_t field, uint32_t misc)
{
	if (field == SES__MESSAGE__UNION_MISC)
		return row_in(miscs, HWS_COUNT(miscs), misc);
	return misc ? NULL : row_in(messages, HWS_COUNT(messages), field);
}

const struct hws_session_row *hws_session_row_of(const Ses__Message *m)
{
	bool in_misc = m->union_case == SES__MESSAGE__UNION_MISC;

	return hws_session_row(
			(uint32_t)m->union_case, in_misc ? (uint32_t)m->misc->union_case : 0);
}

const struct hws_session_row *hws_session_row_at(size_t number)
{
	if (number < HWS_COUNT(messages))
		return row_in(messages, HWS_COUNT(messages), (uint32_t)number);
	return number < HWS_SESSION_ROWS_MAX
			? row_in(miscs, HWS_COUNT(miscs), (uint32_t)(number - HWS_COUNT(messages)))
			: NULL;
}

size_t hws_session_row_number(const struct hws_session_row *row)
{
	return row->misc ? HWS_COUNT(messages) + row->misc : row->field;
}

/* The single known member of one level in `ret`; number 0 when there is none. */
static int scan_level(struct hws_bytes in, bool in_misc, struct hws_wire_field *ret)
{
	struct hws_wire_field f;
	int r;

	*ret = (struct hws_wire_field){ 0 };
	while ((r = hws_field_next(&in, &f)) == HWS_OK) {
		bool is_known = in_misc
				? hws_session_row(SES__MESSAGE__UNION_MISC, f.number) != NULL
				: f.number == SES__MESSAGE__UNION_MISC ||
						hws_session_row(f.number, 0);

		if (!is_known)
			continue;
		if (ret->number)
			return HWS_ERR_PROTO;
		*ret = f;
	}
	return r == HWS_ERR_EOF ? HWS_OK : r;
}

int hws_session_scan(struct hws_bytes message, const struct hws_session_row **ret)
{
	struct hws_wire_field f, inner = { 0 };
	int r = scan_level(message, false, &f);

	if (r == HWS_OK && f.number == SES__MESSAGE__UNION_MISC)
		r = f.wire == HWS_WIRE_BYTES ? scan_level(f.bytes, true, &inner) : HWS_ERR_PROTO;
	if (r == HWS_OK)
		*ret = hws_session_row(f.number, inner.number);
	return r;
}

uint32_t hws_session_need(const struct hws_session_row *row, enum hws_session_kind kind)
{
	return row->service == HWS_SERVICE_FILES && kind == HWS_KIND_REMOTE
			? HWS_NEED(HWS_PERM_REMOTE_PRINTER)
			: row->need;
}

enum hws_session_verdict hws_session_judge(const struct hws_session_row *row,
		enum hws_session_direction to, const struct hws_session_case *c, size_t len)
{
	if (!row->states[to])
		return HWS_SESSION_DROP_DIRECTION;
	if (!(row->states[to] & c->state))
		return HWS_SESSION_DROP_STATE;
	if (len > row->cap)
		return HWS_SESSION_DROP_SIZE;
	/* before the login the kind is not known */
	if (c->state == HWS_AT_OPEN && !(row->kinds & HWS_KIND_BIT(c->kind)))
		return HWS_SESSION_DROP_KIND;
	if (hws_session_need(row, c->kind) & ~c->permissions)
		return HWS_SESSION_DROP_PERMISSION;
	return HWS_SESSION_PASS;
}

enum hws_session_verdict hws_session_judge_agent(
		const struct hws_session_row *row, const struct hws_session_case *c, size_t len)
{
	/* there is no agent before the session is open */
	if (row->service == HWS_SERVICE_GATE || !(row->states[HWS_TO_VIEWER] & HWS_AT_OPEN))
		return HWS_SESSION_DROP_DIRECTION;
	return hws_session_judge(row, HWS_TO_VIEWER, c, len);
}

enum hws_session_verdict hws_session_judge_passed(
		const struct hws_session_row *row, const struct hws_session_case *c, size_t len)
{
	const struct hws_session_case open = { HWS_AT_OPEN, c->kind, c->permissions };

	if (row->act != HWS_ACT_FORWARD && row->act != HWS_ACT_OPTION)
		return HWS_SESSION_DROP_UNSERVED;
	return hws_session_judge(row, HWS_TO_HOST, &open, len);
}

const char *hws_session_verdict_name(enum hws_session_verdict v)
{
	static const char *const names[] = { "pass", "state", "kind", "permission", "size",
		"direction", "not served" };

	return names[v];
}
