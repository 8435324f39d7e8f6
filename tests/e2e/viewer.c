/* Uses the public API only, as any embedder would, and keeps what it is told. */
#include "tests/e2e/viewer.h"
#include "tests/e2e/similarity.h"
#include "tests/support/proc.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void take_peer(struct test_viewer *v, const struct hawser_peer *peer)
{
	v->displays = peer->display_count;
	v->encrypted = peer->encrypted;
	v->relayed = peer->relayed;
	snprintf(v->hostname, sizeof(v->hostname), "%s", peer->hostname);
	snprintf(v->platform, sizeof(v->platform), "%s", peer->platform);
}

static void on_event(hawser_session *session, const struct hawser_event *e, void *arg)
{
	struct test_viewer *v = arg;

	switch (e->type) {
	case HAWSER_EVENT_STATE:
		v->state = e->u.state.state;
		v->retries += v->state == HAWSER_STATE_RETRYING;
		v->silences += e->u.state.silent_s && !v->silent_s;
		v->silent_s = e->u.state.silent_s;
		snprintf(v->state_text, sizeof(v->state_text), "%s", e->u.state.text);
		break;
	case HAWSER_EVENT_PASSWORD:
		v->passwords++;
		v->password_reason = e->u.password.reason;
		if (v->answer && v->password_reason == HAWSER_PASSWORD_NEEDED)
			ck_assert_int_eq(hawser_session_password(session, v->answer, false), 0);
		break;
	case HAWSER_EVENT_INSECURE:
		v->insecure_questions++;
		break;
	case HAWSER_EVENT_READY:
		v->ready = true;
		v->closed = false;
		take_peer(v, e->u.peer);
		break;
	case HAWSER_EVENT_FRAME:
		v->frames++;
		break;
	case HAWSER_EVENT_CURSOR:
		v->cursors++;
		break;
	case HAWSER_EVENT_CLIPBOARD:
		v->clipboards++;
		snprintf(v->clipboard, sizeof(v->clipboard), "%.*s", (int)e->u.text.length,
				e->u.text.utf8);
		break;
	case HAWSER_EVENT_STATS:
		v->stats = *e->u.stats;
		break;
	case HAWSER_EVENT_CLOSED:
		v->closed = true;
		v->closed_error = e->u.closed.error;
		snprintf(v->closed_text, sizeof(v->closed_text), "%s", e->u.closed.text);
		break;
	default:
		break;
	}
}

void test_viewer_open(struct test_viewer *v, const struct test_viewer_conf *conf)
{
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;
	struct hawser_session_config sc = HAWSER_SESSION_CONFIG_INIT;

	memset(v, 0, sizeof(*v));
	v->answer = conf->answer;
	cc.config_path = conf->config ? conf->config : ""; /* nothing of this machine's user */
	cc.server = conf->server;
	cc.key = conf->key;
	ck_assert_msg(hawser_context_new(&cc, &v->context) == 0, "%s", hawser_last_error());
	sc.target = conf->target;
	sc.password = conf->password;
	sc.force_relay = conf->relay;
	sc.allow_insecure = conf->allow_insecure;
	sc.no_retry = conf->no_retry;
	sc.codec = conf->codec;
	sc.no_exact = conf->no_exact;
	sc.view_only = conf->view_only;
	sc.on_event = on_event;
	sc.arg = v;
	ck_assert_msg(hawser_session_open(v->context, &sc, &v->session) == 0, "%s",
			hawser_last_error());
}

void test_viewer_close(struct test_viewer *v)
{
	hawser_session_close(v->session);
	hawser_context_free(v->context);
	memset(v, 0, sizeof(*v));
}

bool test_viewer_until(
		struct test_viewer *v, bool (*done)(struct test_viewer *v), unsigned timeout_ms)
{
	uint64_t end = test_now_ms() + timeout_ms;

	while (!done(v)) {
		uint64_t now = test_now_ms();

		if (now >= end)
			return false;
		hawser_context_wait(v->context, (int)(end - now < 20 ? end - now : 20));
	}
	return true;
}

void test_viewer_run(struct test_viewer *v, unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	while (test_now_ms() < end)
		hawser_context_wait(v->context, 10);
}

static bool shown_or_over(struct test_viewer *v)
{
	return v->closed || (v->ready && v->frames > 0);
}

void test_viewer_must_show(struct test_viewer *v, unsigned timeout_ms)
{
	bool ok = test_viewer_until(v, shown_or_over, timeout_ms);

	ck_assert_msg(!v->closed, "the session ended: %s (%s)", v->closed_text,
			hawser_strerror(v->closed_error));
	ck_assert_msg(ok, "no picture within %u ms: state %d, ready %d, frames %u, questions %u",
			timeout_ms, (int)v->state, v->ready, v->frames, v->insecure_questions);
}

static uint8_t *frame_luma(const struct hawser_frame *f)
{
	uint8_t *luma = calloc(f->height, f->width);

	ck_assert_ptr_nonnull(luma);
	for (uint32_t y = 0; y < f->height; y++) {
		const uint8_t *row = f->pixels + (size_t)y * f->stride;

		for (uint32_t x = 0; x < f->width; x++) {
			const uint8_t *p = row + (size_t)x * 4;
			unsigned r = f->format == HAWSER_FORMAT_BGRA ? p[2] : p[0];
			unsigned b = f->format == HAWSER_FORMAT_BGRA ? p[0] : p[2];

			luma[(size_t)y * f->width + x] =
					(uint8_t)((r * 54 + p[1] * 183u + b * 19) >> 8);
		}
	}
	return luma;
}

double test_viewer_similarity(struct test_viewer *v, const char *png)
{
	struct hawser_frame frame = HAWSER_FRAME_INIT;
	unsigned width = 0, height = 0;
	uint8_t *want = test_png_luma(png, &width, &height), *got;
	double same;

	ck_assert_int_eq(hawser_session_lock_frame(v->session, 0, &frame), 0);
	ck_assert_uint_eq(frame.width, width);
	ck_assert_uint_eq(frame.height, height);
	got = frame_luma(&frame);
	hawser_session_unlock_frame(v->session, 0);
	same = test_luma_similarity(want, got, width, height);
	free(want);
	free(got);
	return same;
}
