/* tests: an embedder that counts what it is told. */
#include "tests/component/viewer/told.h"
#include "tests/support/proc.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

static void take_text(char *buf, size_t size, const char *s)
{
	snprintf(buf, size, "%s", s);
}

void on_event(hawser_session *s, const struct hawser_event *ev, void *arg)
{
	struct told *t = arg;

	ck_assert_uint_eq(ev->size, sizeof(*ev));
	t->count[ev->type]++;
	switch (ev->type) {
	case HAWSER_EVENT_STATE:
		t->retries += ev->u.state.state == HAWSER_STATE_RETRYING;
		break;
	case HAWSER_EVENT_PASSWORD:
		t->reason = ev->u.password.reason;
		if (t->answer &&
				(t->reason == HAWSER_PASSWORD_NEEDED ||
						t->reason == HAWSER_PASSWORD_WRONG))
			ck_assert_int_eq(hawser_session_password(s, t->answer, true), 0);
		if (t->code && t->reason == HAWSER_PASSWORD_2FA)
			ck_assert_int_eq(hawser_session_two_factor(s, t->code, false), 0);
		break;
	case HAWSER_EVENT_INSECURE:
		if (t->agree >= 0)
			ck_assert_int_eq(hawser_session_accept_insecure(s, t->agree), 0);
		break;
	case HAWSER_EVENT_READY:
		t->frames_before = t->count[HAWSER_EVENT_FRAME];
		take_text(t->path, sizeof(t->path), ev->u.peer->path);
		take_text(t->fingerprint, sizeof(t->fingerprint), ev->u.peer->fingerprint);
		t->encrypted = ev->u.peer->encrypted;
		t->encryption = ev->u.peer->encryption;
		t->trust = ev->u.peer->trust;
		t->displays = ev->u.peer->display_count;
		ck_assert_str_eq(ev->u.peer->hostname, "fake");
		break;
	case HAWSER_EVENT_HOST_KEY:
		take_text(t->host_key_text, sizeof(t->host_key_text), ev->u.host_key.text);
		break;
	case HAWSER_EVENT_FRAME:
		t->frame_number = ev->u.frame.number;
		break;
	case HAWSER_EVENT_CURSOR:
		t->cursor_id = ev->u.cursor.id;
		ck_assert_uint_eq(ev->u.cursor.rgba[3], 255);
		break;
	case HAWSER_EVENT_CURSOR_POSITION:
		t->x = ev->u.position.x;
		t->y = ev->u.position.y;
		break;
	case HAWSER_EVENT_CLIPBOARD:
		take_text(t->text, sizeof(t->text), ev->u.text.utf8);
		break;
	case HAWSER_EVENT_CHAT:
		take_text(t->chat, sizeof(t->chat), ev->u.text.utf8);
		break;
	case HAWSER_EVENT_RECORDING:
		t->record_running = ev->u.recording.running;
		t->record_error = ev->u.recording.error;
		t->record_resumes = ev->u.recording.resumes;
		break;
	case HAWSER_EVENT_MESSAGE:
		if (ev->u.message.local)
			take_text(t->notice, sizeof(t->notice), ev->u.message.text);
		break;
	case HAWSER_EVENT_CLOSED:
		t->closed_error = ev->u.closed.error;
		take_text(t->closed_text, sizeof(t->closed_text), ev->u.closed.text);
		break;
	default:
		break;
	}
}

void until(struct told *t, enum hawser_event_type type, int times)
{
	uint64_t due = test_now_ms() + TEST_PATIENCE_MS;

	while (t->count[type] < times) {
		ck_assert_msg(test_now_ms() < due, "event %d did not come (closed: %s)", (int)type,
				t->closed_text);
		hawser_context_wait(t->ctx, 50);
	}
}

void open_context(struct told *t)
{
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;

	memset(t, 0, sizeof(*t));
	t->agree = -1;
	cc.config_path = "";
	ck_assert_int_eq(hawser_context_new(&cc, &t->ctx), 0);
}

struct hawser_session_config config_for(struct fake_host *h, struct told *t, char *target)
{
	struct hawser_session_config c = HAWSER_SESSION_CONFIG_INIT;

	if (h->conf.by_id)
		snprintf(target, 200, "123456789@127.0.0.1:%u?key=%s", h->rendezvous_port, h->key);
	else
		snprintf(target, 200, "127.0.0.1:%u", h->port);
	c.target = target;
	c.on_event = on_event;
	c.arg = t;
	return c;
}

void open_session(struct fake_host *h, struct told *t, const char *password)
{
	char target[200];
	struct hawser_session_config c = config_for(h, t, target);

	c.password = password;
	ck_assert_msg(hawser_session_open(t->ctx, &c, &t->session) == 0, "%s", hawser_last_error());
}

void close_all(struct fake_host *h, struct told *t)
{
	hawser_session_close(t->session);
	hawser_context_free(t->ctx);
	fake_host_stop(h);
}
