/* What a session does to the machines at its ends: restarting the host's, changing sides. */
#include "client/api/session_loop.h"
#include "client/decoder/confined.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include "shared/wire/version.h"
#include <stdio.h>
#include <string.h>

#define NUMBER_LEN 16
#define SHOT_MAX (64u << 20) /* bytes of a picture that is read */

static void do_restart(struct api_session_loop *e, const struct api_command *c HWS_UNUSED)
{
	Ses__Misc misc = SES__MISC__INIT;

	misc.union_case = SES__MISC__UNION_RESTART_REMOTE_DEVICE;
	misc.restart_remote_device = true;
	if (hws_viewer_send_misc(e->viewer, &misc) < 0)
		return; /* lost meanwhile */
}

int hawser_session_restart_host(hawser_session *s)
{
	if (!hawser_session_permitted(s, HAWSER_PERMISSION_RESTART))
		return api_fail(HAWSER_ERR_DENIED, "the host does not permit a restart");
	return api_post_ready(s, &(struct api_command){ .fn = do_restart });
}

static void do_switch(struct api_session_loop *e, const struct api_command *c)
{
	Ses__Misc misc = SES__MISC__INIT;
	Ses__SwitchSidesRequest q = SES__SWITCH_SIDES_REQUEST__INIT;

	q.uuid.data = (uint8_t *)c->data;
	q.uuid.len = c->size;
	misc.union_case = SES__MISC__UNION_SWITCH_SIDES_REQUEST;
	misc.switch_sides_request = &q;
	if (hws_viewer_send_misc(e->viewer, &misc) < 0)
		return;
}

int hawser_session_switch_sides(hawser_session *s)
{
	uint8_t number[NUMBER_LEN];
	const struct hws_target *t = &s->loop_side->target; /* as it was opened */
	int r = api_need_kind(s, HWS_KIND_REMOTE);

	if (r < 0)
		return r;
	if (hawser_session_state(s) != HAWSER_STATE_READY)
		return api_fail(HAWSER_ERR_AGAIN, "there is no session to change sides of");
	if (t->is_direct)
		return api_fail(HAWSER_ERR_UNSUPPORTED,
				"sides are changed with hosts that were reached by their ID only");
	/* A machine's name would be called as an ID by the other end, in vain. */
	if (!s->loop_side->has_id)
		return api_fail(HAWSER_ERR_UNSUPPORTED,
				"this viewer's own ID is not known: hawser config set id $(hawser id)");
	hws_rand_bytes(number, sizeof(number));
	/* The own host first: the other one comes at once. */
	r = api_host_expect(t->id, number);
	if (r == HAWSER_OK)
		r = api_post_ready(s,
				&(struct api_command){ .fn = do_switch,
						.size = sizeof(number),
						.data = (char *)number });
	hws_wipe(number, sizeof(number));
	return r;
}

/* --- the host's own picture --- */

static void report(struct api_session_loop *e, const char *text, struct hws_bytes png)
{
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_SCREENSHOT);

	e->shot_due = false;
	if (!ev)
		return;
	ev->ev.u.screenshot.text = api_event_text(ev, text);
	ev->ev.u.screenshot.png = png.len ? api_event_bytes(ev, png.ptr, png.len) : NULL;
	ev->ev.u.screenshot.length = png.len;
	api_report_push(e, ev);
}

/* What a stranger has packed goes into files and clipboards, where other programs open it: they get
 * its pixels, in a file of our making. */
static void on_clean(int r, const struct hws_confined_result *res, void *arg)
{
	struct api_session_loop *e = hws_container(arg, struct api_session_loop, shot);

	if (r == HWS_ERR_CANCELED || !e->shot_due)
		return; /* the session ends */
	if (r == HWS_OK)
		report(e, "", res->bytes);
	else
		report(e,
				r == HWS_ERR_RANGE || r == HWS_ERR_TOOBIG
						? "the host's picture is larger than can be read here"
						: "the host's picture cannot be read",
				(struct hws_bytes){ 0 });
}

void api_forget_screenshot(struct api_session_loop *e)
{
	e->shot_due = false;
	if (e->decoder)
		hws_confined_cancel(e->decoder, &e->shot);
}

void api_report_screenshot(const char *sid, const char *text, struct hws_bytes png, void *arg)
{
	struct api_session_loop *e = arg;
	char number[16], safe[300];

	snprintf(number, sizeof(number), "%u", e->shot);
	if (!e->shot_due || !hws_str_equal(number, sid))
		return; /* nobody asked */
	hws_str_escape(safe, sizeof(safe), hws_bytes_str(text));
	if (!png.len || *safe)
		report(e, *safe ? safe : "the host sent no picture", (struct hws_bytes){ 0 });
	else if (hws_confined_image(e->decoder, &(struct hws_confined_image){ .bytes = png },
				 SHOT_MAX, on_clean, &e->shot) < 0)
		report(e, "the host's picture cannot be read now", (struct hws_bytes){ 0 });
}

static void do_shot(struct api_session_loop *e, const struct api_command *c)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__ScreenshotRequest q = SES__SCREENSHOT_REQUEST__INIT;
	char number[16];

	api_forget_screenshot(e);
	snprintf(number, sizeof(number), "%u", ++e->shot);
	q.display = (int32_t)c->a;
	q.sid = number;
	m.union_case = SES__MESSAGE__UNION_SCREENSHOT_REQUEST;
	m.screenshot_request = &q;
	e->shot_due = true;
	if (hws_viewer_peer(e->viewer)->version_number < HWS_V_SCREENSHOT)
		report(e, "this host is too old to send pictures", (struct hws_bytes){ 0 });
	else if (hws_viewer_send(e->viewer, &m) < 0)
		report(e, "the host could not be asked", (struct hws_bytes){ 0 });
}

int hawser_session_host_screenshot(hawser_session *s, size_t display)
{
	if (display >= HWS_PEER_DISPLAYS_MAX)
		return api_fail(HAWSER_ERR_RANGE, "there is no such display");
	return api_post_ready(s, &(struct api_command){ .fn = do_shot, .a = (int64_t)display });
}
