/* Voice calls at the host: one at a time. Somebody rings, and whoever is at the desktop is asked,
 * unless the owner has decided: without an answer nobody is listened to. */
#include "client/services/sound/host_parts.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/str.h"

#define RING_US (60 * HWS_US_PER_S)

static int64_t wall_ms(void)
{
	return (int64_t)(hws_wall_us() / HWS_US_PER_MS);
}

static void answer(struct sound_viewer *w, bool accepted)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__VoiceCallResponse a = SES__VOICE_CALL_RESPONSE__INIT;

	w->rings = false;
	hws_timer_stop(&w->limit);
	a.accepted = accepted;
	a.req_timestamp = w->ring_stamp;
	a.ack_timestamp = wall_ms();
	m.union_case = SES__MESSAGE__UNION_VOICE_CALL_RESPONSE;
	m.voice_call_response = &a;
	hws_host_viewer_tell(w->v, &m);
}

static void hang_up(struct sound_viewer *w)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__VoiceCallRequest q = SES__VOICE_CALL_REQUEST__INIT;

	q.req_timestamp = wall_ms();
	m.union_case = SES__MESSAGE__UNION_VOICE_CALL_REQUEST;
	m.voice_call_request = &q;
	hws_host_viewer_tell(w->v, &m);
}

/* --- for the person at the desktop ------------------------------------------------------------ */

static void audit(struct sound_host *h, struct sound_viewer *w, const char *what, int result)
{
	hws_host_audit(&h->env, w->v, &(struct hws_audit_event){ .what = what, .result = result });
}

/* False: nobody at the desktop sees it, as far as is known. */
static bool show(struct sound_host *h, const struct sound_viewer *w, const char *before,
		const char *after, const char *body)
{
	char summary[HWS_NOTIFY_SUMMARY], name[HWS_HOST_VIEWER_WHO];

	if (!h->env.notifier)
		return false;
	hws_str_escape(name, sizeof(name), hws_bytes_str(w->v->who));
	if (hws_fmt(summary, sizeof(summary), "%s%s%s", before, name, after) < 0 ||
			hws_notifier_show(h->env.notifier, HWS_NOTIFY_CALL, summary, body,
					HWS_NOTIFY_STAYS | HWS_NOTIFY_UNRECORDED) < 0) {
		hws_debug("call.not_shown");
		return false;
	}
	return true;
}

/* --- calls ------------------------------------------------------------------------------------ */

static void on_voice_trouble(const char *text, void *arg)
{
	struct sound_host *h = arg;

	if (text)
		hws_warn_limited("call.not_heard", HWS_STR("why", text));
	else
		hws_info_limited("call.heard_again");
	if (h->caller)
		sound_host_box(h->caller, "Voice call",
				text ? "You are not heard at this host: see its log, or try again."
				     : "You are heard at this host again.");
}

static void end(struct sound_host *h)
{
	struct sound_viewer *w = h->caller;

	if (!w)
		return;
	h->caller = NULL;
	w->hears = false; /* it is told the format anew, as what it hears is another sound */
	hws_voice_in_free(h->voice);
	h->voice = NULL;
	hws_info_limited("call.end", HWS_U64("conn", w->v->conn));
	audit(h, w, "call.end", HWS_OK);
	show(h, w, "The voice call with ", " is over", "");
	sound_host_turn(h);
}

static int accept_call(struct sound_host *h, struct sound_viewer *w)
{
	bool into = h->env.conf && h->env.conf->voice_into_programs;
	int r = hws_voice_in_new(
			&(struct hws_voice_in_conf){ .loop = h->env.loop,
					.sound = h->sound,
					.way = into ? HWS_SOUND_MICROPHONE : HWS_SOUND_PLAY,
					.on_trouble = on_voice_trouble,
					.arg = h },
			&h->voice);

	if (r < 0) {
		answer(w, false);
		return r;
	}
	h->caller = w;
	h->into_programs = into;
	w->hears = false;
	answer(w, true);
	hws_info_limited("call.begin", HWS_U64("conn", w->v->conn));
	audit(h, w, "call.begin", HWS_OK);
	show(h, w, "In a voice call with ", "",
			"Your microphone is heard there. To end it: hawser-host call end");
	sound_host_turn(h);
	return HWS_OK;
}

static void reject(struct sound_viewer *w, const char *why)
{
	answer(w, false);
	hws_info_limited("call.rejected", HWS_U64("conn", w->v->conn), HWS_STR("why", why));
}

/* What stands on the screen would have somebody answer who is not there any more. */
static void ring_over(struct sound_host *h, struct sound_viewer *w)
{
	if (w->rings && !h->caller)
		show(h, w, "The call of ", " was not answered", "");
	w->rings = false;
	hws_timer_stop(&w->limit);
}

static void on_ring_limit(void *arg)
{
	struct sound_viewer *w = arg;

	if (!w->rings)
		return;
	ring_over(w->h, w);
	answer(w, false);
}

static enum hws_voice_call mode_of(const struct sound_host *h)
{
	return h->env.conf ? h->env.conf->voice_call : HWS_VOICE_OFF;
}

static void ring(struct sound_host *h, struct sound_viewer *w, int64_t stamp)
{
	const char *no = !h->sound                    ? "this desktop has no sound"
			: mode_of(h) == HWS_VOICE_OFF ? "voice-call is off"
			: !sound_viewer_may(w)        ? "sound is not permitted"
			: h->caller                   ? "there is a call already"
			: !hws_bucket_take(&w->pace, 1, hws_loop_now_us(h->env.loop))
			? "it rings too often"
			: NULL;

	w->ring_stamp = stamp ? stamp : wall_ms();
	if (no) {
		reject(w, no);
		return;
	}
	if (mode_of(h) == HWS_VOICE_AUTO) {
		if (accept_call(h, w) < 0)
			hws_warn_limited("call.failed");
		return;
	}
	hws_info_limited("call.ring", HWS_U64("conn", w->v->conn), HWS_STR("viewer", w->v->who));
	audit(h, w, "call.ring", HWS_OK);
	w->rings = true;
	hws_timer_start(h->env.loop, &w->limit, RING_US, on_ring_limit, w);
	if (!show(h, w, "", " wants to talk to you",
			    "To answer: Hawser's window, or hawser-host call accept or reject"))
		sound_host_box(w, "Voice call",
				"No notification can be shown at this host: that you call is seen "
				"there in Hawser's window alone.");
}

bool sound_call_message(struct sound_host *h, struct sound_viewer *w, const Ses__Message *m)
{
	if (m->union_case != SES__MESSAGE__UNION_VOICE_CALL_REQUEST)
		return false;
	if (m->voice_call_request->is_connect && h->caller != w) {
		ring(h, w, m->voice_call_request->req_timestamp);
	} else if (m->voice_call_request->is_connect) { /* it has forgotten that there is one */
		w->ring_stamp = m->voice_call_request->req_timestamp;
		answer(w, true);
	} else {
		ring_over(h, w);
		if (h->caller == w)
			end(h);
	}
	return true;
}

void sound_call_leave(struct sound_host *h, struct sound_viewer *w)
{
	ring_over(h, w);
	if (h->caller != w)
		return;
	hang_up(w);
	end(h);
}

/* --- what is answered ------------------------------------------------------------------------- */

static int say_state(
		const struct sound_host *h, const struct sound_viewer *w, struct hws_error *err)
{
	if (h->caller != w && !w->rings)
		return HWS_ERR_NOTFOUND;
	/* The text is the answer. */
	hws_error_set(err, HWS_ERR_BUSY, "%s %s, connection %llu", w->v->who,
			w->rings ? "rings" : "is in a call", (unsigned long long)w->v->conn);
	return HWS_OK;
}

/* Those whom it does not concern are passed over without a word. */
int sound_call_command(struct sound_host *h, struct sound_viewer *w, const char *text,
		struct hws_error *err)
{
	if (hws_str_equal(text, "status"))
		return say_state(h, w, err);
	if (hws_str_equal(text, "end")) {
		if (h->caller != w)
			return HWS_ERR_NOTFOUND;
		hang_up(w);
		end(h);
		return HWS_OK;
	}
	if (hws_str_equal(text, "accept")) {
		if (!w->rings)
			return HWS_ERR_NOTFOUND;
		if (h->caller)
			return hws_error_set(err, HWS_ERR_BUSY, "there is a call already: end it");
		return accept_call(h, w);
	}
	if (hws_str_equal(text, "reject")) {
		if (!w->rings)
			return HWS_ERR_NOTFOUND;
		reject(w, "by the person at the desktop");
		audit(h, w, "call.rejected", HWS_ERR_DENIED);
		return HWS_OK;
	}
	return hws_error_set(err, HWS_ERR_INVAL, "a call knows accept, reject, end and status");
}
