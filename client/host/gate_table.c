#include "client/host/gate_table.h"
#include "shared/base/macros.h"
#include "shared/wire/limits.h"

/* Members of ses.Message and ses.Misc that hold a message, string or bytes have wire type 2, the others 0. */
#define F_MISC 19

#define K(n) (n##u << 10)
#define M(n) (n##u << 20)
#define BIG HWS_SES_FRAME_MAX

#define REMOTE HWS_KIND_REMOTE
#define VISUAL (HWS_KIND_REMOTE | HWS_KIND_CAMERA)
#define FILES HWS_KIND_FILE
#define TERM HWS_KIND_TERMINAL
#define ANY HWS_KIND_ANY
#define LOGIN HWS_AT_LOGIN
#define OPEN HWS_AT_OPEN
#define BOTH (HWS_AT_LOGIN | HWS_AT_OPEN)
#define NONE HWS_NEED_NONE
#define KEYBOARD HWS_NEED(HWS_PERM_KEYBOARD)
#define CLIPBOARD HWS_NEED(HWS_PERM_CLIPBOARD)
#define AUDIO HWS_NEED(HWS_PERM_AUDIO)
#define FILE_ HWS_NEED(HWS_PERM_FILE)
#define PASS HWS_ACT_FORWARD
#define REFUSE HWS_ACT_REFUSE
#define QUIET HWS_ANSWER_NONE, NULL
#define BOX(text) HWS_ANSWER_BOX, text

/* field, misc, name, in states, out, session types, permissions, cap, action, answer when it is not served.
 * Host to viewer the same permissions hold, so an agent that errs cannot leak a clipboard. */
static const struct hws_gate_row rows[] = {
	/* handshake messages are the secure state machine's; later they mean nothing */
	{ 3, 0, "signed_id", 0, false, ANY, NONE, K(4), HWS_ACT_IGNORE, QUIET },
	{ 4, 0, "public_key", 0, false, ANY, NONE, K(4), HWS_ACT_IGNORE, QUIET },
	{ 5, 0, "test_delay", BOTH, false, ANY, NONE, K(1), HWS_ACT_TEST_DELAY, QUIET },
	{ 6, 0, "video_frame", 0, true, VISUAL, NONE, BIG, PASS, QUIET },
	{ 7, 0, "login_request", LOGIN, false, ANY, NONE, HWS_SES_LOGIN_FRAME_MAX, HWS_ACT_LOGIN,
			QUIET },
	{ 8, 0, "login_response", 0, false, ANY, NONE, M(1), HWS_ACT_IGNORE, QUIET },
	{ 9, 0, "hash", 0, false, ANY, NONE, K(4), HWS_ACT_IGNORE, QUIET },
	{ 10, 0, "mouse_event", OPEN, false, REMOTE, KEYBOARD, K(1), PASS, QUIET },
	{ 11, 0, "audio_frame", OPEN, true, VISUAL, AUDIO, K(64), PASS, QUIET },
	{ 12, 0, "cursor_data", 0, true, REMOTE, NONE, HWS_SES_CURSOR_MAX, PASS, QUIET },
	{ 13, 0, "cursor_position", 0, true, REMOTE, NONE, K(1), PASS, QUIET },
	{ 14, 0, "cursor_id", 0, true, REMOTE, NONE, K(1), PASS, QUIET },
	{ 15, 0, "key_event", OPEN, false, REMOTE, KEYBOARD, K(64), PASS, QUIET },
	{ 16, 0, "clipboard", OPEN, true, REMOTE, CLIPBOARD, BIG, PASS, QUIET },
	{ 17, 0, "file_action", OPEN, false, FILES | REMOTE, FILE_, M(4), PASS, HWS_ANSWER_FILE_JOB,
			NULL },
	{ 18, 0, "file_response", OPEN, true, FILES | REMOTE, FILE_, M(16), PASS,
			HWS_ANSWER_FILE_JOB, NULL },
	{ 20, 0, "cliprdr", OPEN, true, REMOTE, CLIPBOARD | FILE_, M(16), PASS, QUIET },
	{ 21, 0, "message_box", 0, true, ANY, NONE, K(64), PASS, QUIET },
	/* switching sides is not offered by this host, so no uuid can be right */
	{ 22, 0, "switch_sides_response", LOGIN, false, REMOTE, NONE, K(64), HWS_ACT_IGNORE,
			QUIET },
	/* sound itself needs the permission; to ask, and to be told no, does not */
	{ 23, 0, "voice_call_request", OPEN, true, VISUAL, NONE, K(1), PASS, QUIET },
	{ 24, 0, "voice_call_response", 0, true, VISUAL, NONE, K(1), PASS, QUIET },
	{ 25, 0, "peer_info", 0, true, VISUAL, NONE, M(1), PASS, QUIET },
	{ 26, 0, "pointer_device_event", OPEN, false, REMOTE, KEYBOARD, K(1), PASS, QUIET },
	{ 27, 0, "auth_2fa", LOGIN, false, ANY, NONE, K(1), HWS_ACT_IGNORE, QUIET },
	{ 28, 0, "multi_clipboards", OPEN, true, REMOTE, CLIPBOARD, BIG, PASS, QUIET },
	{ 29, 0, "screenshot_request", OPEN, false, VISUAL, NONE, K(1), PASS, QUIET },
	{ 30, 0, "screenshot_response", 0, true, VISUAL, NONE, BIG, PASS, QUIET },
	{ 31, 0, "terminal_action", OPEN, false, TERM, HWS_NEED(HWS_PERM_TERMINAL), M(1), PASS,
			QUIET },
	{ 32, 0, "terminal_response", 0, true, TERM, HWS_NEED(HWS_PERM_TERMINAL), M(16), PASS,
			QUIET },

	{ F_MISC, 4, "chat_message", OPEN, true, VISUAL | TERM, NONE, K(64), REFUSE,
			BOX("Nobody reads messages at this host: what is written here does not arrive.") },
	{ F_MISC, 5, "switch_display", OPEN, true, VISUAL, NONE, K(64), PASS, QUIET },
	{ F_MISC, 6, "permission_info", 0, false, ANY, NONE, K(1), HWS_ACT_IGNORE, QUIET },
	{ F_MISC, 7, "option", OPEN, false, ANY, NONE, K(4), HWS_ACT_OPTION, QUIET },
	{ F_MISC, 8, "audio_format", OPEN, true, VISUAL, AUDIO, K(1), PASS, QUIET },
	{ F_MISC, 9, "close_reason", BOTH, true, ANY, NONE, K(4), HWS_ACT_CLOSE_REASON, QUIET },
	{ F_MISC, 10, "refresh_video", OPEN, false, VISUAL, NONE, K(1), PASS, QUIET },
	{ F_MISC, 12, "video_received", OPEN, false, VISUAL, NONE, K(1), PASS, QUIET },
	{ F_MISC, 13, "back_notification", 0, true, REMOTE, NONE, K(4), PASS, QUIET },
	{ F_MISC, 14, "restart_remote_device", OPEN, false, REMOTE, HWS_NEED(HWS_PERM_RESTART),
			K(1), REFUSE, BOX("This host is not restarted by viewers.") },
	{ F_MISC, 15, "uac", 0, true, REMOTE, NONE, K(1), PASS, QUIET },
	{ F_MISC, 16, "foreground_window_elevated", 0, true, REMOTE, NONE, K(1), PASS, QUIET },
	{ F_MISC, 17, "stop_service", 0, false, ANY, NONE, K(1), HWS_ACT_IGNORE, QUIET },
	{ F_MISC, 18, "elevation_request", OPEN, false, REMOTE, NONE, K(4), REFUSE,
			HWS_ANSWER_ELEVATION, NULL },
	{ F_MISC, 19, "elevation_response", 0, true, REMOTE, NONE, K(4), PASS, QUIET },
	{ F_MISC, 20, "portable_service_running", 0, true, REMOTE, NONE, K(1), PASS, QUIET },
	{ F_MISC, 21, "switch_sides_request", OPEN, false, REMOTE, NONE, K(1), REFUSE,
			BOX("This host cannot change sides.") },
	{ F_MISC, 22, "switch_back", 0, true, REMOTE, NONE, K(1), PASS, QUIET },
	{ F_MISC, 24, "change_resolution", OPEN, false, REMOTE, KEYBOARD, K(1), REFUSE,
			BOX("This host does not change the size of its displays.") },
	{ F_MISC, 25, "plugin_request", 0, false, ANY, NONE, K(1), HWS_ACT_IGNORE, QUIET },
	{ F_MISC, 26, "plugin_failure", 0, false, ANY, NONE, K(1), HWS_ACT_IGNORE, QUIET },
	{ F_MISC, 27, "full_speed_fps", 0, false, ANY, NONE, K(1), HWS_ACT_IGNORE, QUIET },
	{ F_MISC, 28, "auto_adjust_fps", OPEN, false, VISUAL, NONE, K(1), PASS, QUIET },
	{ F_MISC, 29, "client_record_status", OPEN, false, VISUAL, NONE, K(1), PASS, QUIET },
	{ F_MISC, 30, "capture_displays", OPEN, false, VISUAL, NONE, K(1), PASS, QUIET },
	{ F_MISC, 31, "refresh_video_display", OPEN, false, VISUAL, NONE, K(1), PASS, QUIET },
	{ F_MISC, 32, "toggle_virtual_display", OPEN, false, REMOTE, KEYBOARD, K(1), REFUSE,
			HWS_ANSWER_VIRTUAL_DISPLAY, NULL },
	{ F_MISC, 33, "toggle_privacy_mode", OPEN, false, REMOTE, NONE, K(1), REFUSE,
			HWS_ANSWER_PRIVACY, NULL },
	{ F_MISC, 34, "supported_encoding", 0, true, VISUAL, NONE, K(1), PASS, QUIET },
	{ F_MISC, 35, "selected_sid", OPEN, false, ANY, NONE, K(1), HWS_ACT_IGNORE, QUIET },
	{ F_MISC, 36, "change_display_resolution", OPEN, false, REMOTE, KEYBOARD, K(1), REFUSE,
			BOX("This host does not change the size of its displays.") },
	{ F_MISC, 37, "message_query", OPEN, false, VISUAL, NONE, K(1), PASS, QUIET },
	{ F_MISC, 38, "follow_current_display", 0, true, VISUAL, NONE, K(1), PASS, QUIET },
	{ F_MISC, 200, "keyboard_layout", 0, true, REMOTE, NONE, K(4), PASS, QUIET },
};
_Static_assert(HWS_COUNT(rows) <= HWS_GATE_ROWS_MAX, "what a gate notes for each row");

const struct hws_gate_row *hws_gate_rows(size_t *ret_count)
{
	*ret_count = HWS_COUNT(rows);
	return rows;
}

const struct hws_gate_row *hws_gate_row(struct hws_gate_member m)
{
	for (size_t i = 0; i < HWS_COUNT(rows); i++)
		if (rows[i].field == m.field && rows[i].misc == m.misc)
			return &rows[i];
	return NULL;
}

static int take_varint(struct hws_bytes *in, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 10 && i < in->len; i++) {
		v |= (uint64_t)(in->ptr[i] & 0x7f) << (7 * i);
		if (!(in->ptr[i] & 0x80)) {
			in->ptr += i + 1;
			in->len -= i + 1;
			*ret = v;
			return HWS_OK;
		}
	}
	return HWS_ERR_PROTO;
}

/* The next field; `body` is the content of a length-delimited one. */
static int take_field(struct hws_bytes *in, uint32_t *ret_field, struct hws_bytes *ret_body)
{
	uint64_t key, n = 0;
	int r = take_varint(in, &key);

	if (r < 0)
		return r;
	if (key >> 3 == 0 || key >> 3 > 0x1fffffff)
		return HWS_ERR_PROTO;
	*ret_field = (uint32_t)(key >> 3);
	*ret_body = (struct hws_bytes){ 0 };
	switch (key & 7) {
	case 0:
		return take_varint(in, &n);
	case 1:
		n = 8;
		break;
	case 2:
		r = take_varint(in, &n);
		if (r < 0)
			return r;
		break;
	case 5:
		n = 4;
		break;
	default:
		return HWS_ERR_PROTO;
	}
	if (n > in->len)
		return HWS_ERR_PROTO;
	*ret_body = hws_bytes(in->ptr, (size_t)n);
	in->ptr += n;
	in->len -= (size_t)n;
	return HWS_OK;
}

/* Misc itself has no row of its own, only its members have. */
static bool is_member(uint32_t field, bool in_misc)
{
	for (size_t i = 0; i < HWS_COUNT(rows); i++)
		if (in_misc ? rows[i].field == F_MISC && rows[i].misc == field
			    : rows[i].field == field)
			return true;
	return false;
}

/* The single member of one level; 0 when there is none. */
static int scan_level(struct hws_bytes in, bool in_misc, uint32_t *ret, struct hws_bytes *ret_body)
{
	uint32_t found = 0, field;
	struct hws_bytes body, found_body = { 0 };

	while (in.len) {
		int r = take_field(&in, &field, &body);

		if (r < 0)
			return r;
		if (!is_member(field, in_misc))
			continue;
		if (found)
			return HWS_ERR_PROTO;
		found = field;
		found_body = body;
	}
	*ret = found;
	*ret_body = found_body;
	return HWS_OK;
}

int hws_gate_scan(struct hws_bytes message, struct hws_gate_member *ret)
{
	struct hws_gate_member m = { 0 };
	struct hws_bytes body, ignored;
	int r = scan_level(message, false, &m.field, &body);

	if (r == HWS_OK && m.field == F_MISC)
		r = scan_level(body, true, &m.misc, &ignored);
	if (r == HWS_OK)
		*ret = m;
	return r;
}

enum hws_gate_verdict hws_gate_judge_in(const struct hws_gate_row *row, unsigned state,
		unsigned kind, uint32_t permissions, size_t len)
{
	if (!row->in_states)
		return HWS_GATE_DROP_DIRECTION;
	if (!(row->in_states & state))
		return HWS_GATE_DROP_STATE;
	if (len > row->cap)
		return HWS_GATE_DROP_SIZE;
	if (state == HWS_AT_OPEN && !(row->kinds & kind))
		return HWS_GATE_DROP_KIND;
	if ((row->need & permissions) != row->need)
		return HWS_GATE_DROP_PERMISSION;
	return HWS_GATE_PASS;
}

enum hws_gate_verdict hws_gate_judge_out(
		const struct hws_gate_row *row, unsigned kind, uint32_t permissions, size_t len)
{
	if (!row->out)
		return HWS_GATE_DROP_DIRECTION;
	if (len > row->cap)
		return HWS_GATE_DROP_SIZE;
	if (!(row->kinds & kind))
		return HWS_GATE_DROP_KIND;
	if ((row->need & permissions) != row->need)
		return HWS_GATE_DROP_PERMISSION;
	return HWS_GATE_PASS;
}

const char *hws_gate_verdict_name(enum hws_gate_verdict v)
{
	static const char *const names[] = { "pass", "state", "kind", "permission", "size",
		"direction", "not served" };

	return names[v];
}
