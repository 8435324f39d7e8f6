/* What the viewer's core does with the messages of a host. Which of them may come when, how large
 * they may be and which service gets them stands in wire/session_table; a service gets what the
 * core has seen, and frees it. */
#include "client/core/readable_text.h"
#include "client/core/viewer_parts.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/session_table.h"
#include <stdio.h>
#include <string.h>

/* Hosts send some texts as keys of their own table of languages: nobody could read those. */
static const char *plain_words(const char *text)
{
	static const struct {
		const char *key, *words;
	} known[] = {
		{ "remote-printing-disallowed-tile-tip", "Printing is not permitted" },
		{ "remote-printing-disallowed-text-tip",
				"The host does not permit this session to receive what is printed there." },
	};

	for (size_t i = 0; i < HWS_COUNT(known); i++)
		if (strcmp(text, known[i].key) == 0)
			return known[i].words;
	return text;
}

/* Two pages of help have names; whatever else stands there is no link that anybody should
 * follow. */
static const char *known_link(const char *link)
{
	return strcmp(link, "rustdesk docs home") == 0 ||
					strcmp(link, "rustdesk docs x11-required") == 0
			? link
			: "";
}

static void on_box(struct hws_viewer *v, Ses__Message *m)
{
	const Ses__MessageBox *b = m->message_box;
	char kind[64], title[200], text[1000];

	v->ops.box(hws_readable_text(kind, sizeof(kind), hws_bytes_str(b->msgtype)),
			hws_readable_text(
					title, sizeof(title), hws_bytes_str(plain_words(b->title))),
			hws_readable_text(text, sizeof(text), hws_bytes_str(plain_words(b->text))),
			known_link(b->link), v->arg);
}

static void on_permission(struct hws_viewer *v, Ses__Message *m)
{
	const Ses__PermissionInfo *p = m->misc->permission_info;

	if ((unsigned)p->permission >= HWS_COUNT(v->denied))
		return;
	v->denied[p->permission] = !p->enabled;
	v->ops.permission((int)p->permission, p->enabled, v->arg);
}

static void on_close_reason(struct hws_viewer *v, Ses__Message *m)
{
	const char *reason = m->misc->close_reason;
	char peer[200], text[300];

	hws_readable_text(peer, sizeof(peer), hws_bytes_str(reason));
	snprintf(text, sizeof(text), "the host ended the session%s%s", *peer ? ": " : "", peer);
	hws_viewer_end(v, HWS_ERR_EOF, text, *reason ? reason : "closed manually by the peer");
}

/* What a Windows host that is not installed cannot reach: its user would wonder why nothing
 * happens. */
static void on_obstacle(struct hws_viewer *v, Ses__Message *m)
{
	bool prompt = m->misc->union_case == SES__MISC__UNION_UAC;

	if (prompt ? !m->misc->uac : !m->misc->foreground_window_elevated)
		return;
	v->ops.box("nook-nocancel-hasclose", prompt ? "Prompt on the host" : "Protected window",
			prompt ? "The host asks its user for permission, and that prompt can be "
				 "neither seen nor answered from here: ask somebody there"
			       : "The window in front at the host has higher rights than the "
				 "program that shows it: mouse and keyboard have no effect on it",
			"", v->arg);
}

/* The geometry of a display. The picture's decoder starts anew with it, so video sees it, too. */
static void on_switch_display(struct hws_viewer *v, Ses__Message *m)
{
	if (hws_peer_switch(&v->peer, m->misc->switch_display))
		v->ops.displays(v->arg);
}

static void on_follow(struct hws_viewer *v, Ses__Message *m)
{
	int32_t i = m->misc->follow_current_display;

	bool wished = v->options.follow_cursor || v->options.follow_window;

	if (wished && !v->options.all_displays && !v->beside && i >= 0 &&
			(size_t)i < v->peer.display_count && (size_t)i != v->peer.current &&
			hws_viewer_show(v, (size_t)i) < 0)
		v->ignored++;
}

static void on_layout(struct hws_viewer *v, Ses__Message *m)
{
	hws_peer_set_layout(&v->peer, m->misc->keyboard_layout);
}

/* A probe goes back as the very bytes that came, in every state: the host's pacing depends on
 * it. */
static void on_test_delay(struct hws_viewer *v, const Ses__TestDelay *t, struct hws_bytes payload)
{
	if (t->from_client)
		return; /* the answer to a probe of ours; we send none */
	if (v->ops.send(HWS_CHANNEL_CONTROL, payload, v->arg) < 0)
		return;
	v->ops.delay(t->last_delay, t->target_bitrate, v->arg);
}

static bool take_misc(struct hws_viewer *v, Ses__Message *m)
{
	switch (m->misc->union_case) {
	case SES__MISC__UNION_PERMISSION_INFO:
		on_permission(v, m);
		return true;
	case SES__MISC__UNION_CLOSE_REASON:
		on_close_reason(v, m);
		return true;
	case SES__MISC__UNION_SWITCH_DISPLAY:
		on_switch_display(v, m);
		return true;
	case SES__MISC__UNION_FOLLOW_CURRENT_DISPLAY:
		on_follow(v, m);
		return true;
	case SES__MISC__UNION_KEYBOARD_LAYOUT:
		on_layout(v, m);
		return true;
	case SES__MISC__UNION_UAC:
	case SES__MISC__UNION_FOREGROUND_WINDOW_ELEVATED:
		on_obstacle(v, m);
		return true;
	default:
		return false;
	}
}

/* What the core does with a message that may come now; false: nothing. */
static bool take(struct hws_viewer *v, Ses__Message *m, struct hws_bytes payload)
{
	switch (m->union_case) {
	case SES__MESSAGE__UNION_TEST_DELAY:
		on_test_delay(v, m->test_delay, payload);
		return true;
	case SES__MESSAGE__UNION_HASH:
		hws_viewer_on_hash(v, m->hash);
		return true;
	case SES__MESSAGE__UNION_LOGIN_RESPONSE:
		hws_viewer_on_login(v, m->login_response);
		return true;
	case SES__MESSAGE__UNION_MESSAGE_BOX:
		on_box(v, m);
		return true;
	case SES__MESSAGE__UNION_PEER_INFO:
		hws_viewer_on_peer_info(v, m->peer_info);
		return true;
	case SES__MESSAGE__UNION_MISC:
		return take_misc(v, m);
	default:
		return false;
	}
}

/* Where the session stands. What a host sends without its own permission is its affair. */
static struct hws_session_case case_of(const struct hws_viewer *v)
{
	struct hws_session_case c = { 0, v->wish.kind, ~0u };

	switch (v->state) {
	case HWS_VIEWER_HASH:
	case HWS_VIEWER_DOUBT:
	case HWS_VIEWER_VERDICT:
	case HWS_VIEWER_ASKING:
		c.state = HWS_AT_LOGIN;
		break;
	case HWS_VIEWER_READY:
		c.state = HWS_AT_OPEN;
		break;
	case HWS_VIEWER_IDLE:
	case HWS_VIEWER_SECURING:
	case HWS_VIEWER_ENDED:
		break;
	}
	return c;
}

/* Like deployed viewers: what does not parse, is not known or not legal now is passed over, before
 * it costs anything. */
void hws_viewer_dispatch(struct hws_viewer *v, struct hws_bytes payload)
{
	struct hws_session_case now = case_of(v);
	const struct hws_session_row *row = NULL;
	Ses__Message *m = NULL;
	int r = hws_session_scan(payload, &row);

	if (r < 0 || !row ||
			hws_session_judge(row, HWS_TO_VIEWER, &now, payload.len) !=
					HWS_SESSION_PASS) {
		v->ignored++;
		return;
	}
	r = hws_ses_unpack(payload, &m);
	if (r == HWS_ERR_NOMEM) {
		hws_viewer_end(v, r, "out of memory for a message of the host", NULL);
		return;
	}
	if (r < 0) {
		v->ignored++;
		return;
	}
	bool taken = take(v, m, payload);
	struct hws_service *s = v->service[row->service];
	if (!taken && !s)
		v->ignored++;
	if (!s || !s->impl->on_message || !hws_viewer_may(v, s) || !s->impl->on_message(s, m))
		hws_ses_free(m);
}
