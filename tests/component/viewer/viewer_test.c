/* libhawser against a scripted host, only through the public API, from a thread that is not the main one in
 * some tests. Main of the program. */
#include "proto/session.pb-c.h"
#include "shared/crypto/crypto.h"
#include "tests/component/viewer/fake_host.h"
#include "tests/support/proc.h"
#include "tests/support/webm_reader.h"
#include <check.h>
#include <errno.h>
#include <hawser/hawser.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything that was told, counted. */
struct told {
	hawser_context *ctx;
	hawser_session *session;
	int count[HAWSER_EVENT_CLOSED + 1];
	enum hawser_password_reason reason;
	int closed_error;
	char closed_text[500], text[100], chat[100], path[16], fingerprint[100];
	bool encrypted;
	size_t displays;
	uint64_t frame_number, cursor_id;
	int32_t x, y;
	int retries, record_error;
	int frames_before; /* FRAME events when it last became ready */
	bool record_running;
	/* what to do when asked */
	const char *answer;
	const char *code;
	int agree; /* -1: do not answer */
};

static void take_text(char *buf, size_t size, const char *s)
{
	snprintf(buf, size, "%s", s);
}

static void on_event(hawser_session *s, const struct hawser_event *ev, void *arg)
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
		t->displays = ev->u.peer->display_count;
		ck_assert_str_eq(ev->u.peer->hostname, "fake");
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
		break;
	case HAWSER_EVENT_CLOSED:
		t->closed_error = ev->u.closed.error;
		take_text(t->closed_text, sizeof(t->closed_text), ev->u.closed.text);
		break;
	default:
		break;
	}
}

/* Dispatches until `type` has come `times` times; fails after 20 s. */
static void until(struct told *t, enum hawser_event_type type, int times)
{
	uint64_t due = test_now_ms() + TEST_PATIENCE_MS;

	while (t->count[type] < times) {
		ck_assert_msg(test_now_ms() < due, "event %d did not come (closed: %s)", (int)type,
				t->closed_text);
		hawser_context_wait(t->ctx, 50);
	}
}

static void open_context(struct told *t)
{
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;

	memset(t, 0, sizeof(*t));
	t->agree = -1;
	cc.config_path = "";
	ck_assert_int_eq(hawser_context_new(&cc, &t->ctx), 0);
}

static struct hawser_session_config config_for(struct fake_host *h, struct told *t, char *target)
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

static void open_session(struct fake_host *h, struct told *t, const char *password)
{
	char target[200];
	struct hawser_session_config c = config_for(h, t, target);

	c.password = password;
	ck_assert_msg(hawser_session_open(t->ctx, &c, &t->session) == 0, "%s", hawser_last_error());
}

static void close_all(struct fake_host *h, struct told *t)
{
	hawser_session_close(t->session);
	hawser_context_free(t->ctx);
	fake_host_stop(h);
}

static int grey_of(hawser_session *s, size_t display, struct hawser_frame *ret)
{
	struct hawser_frame f = HAWSER_FRAME_INIT;

	ck_assert_int_eq(hawser_session_lock_frame(s, display, &f), 0);
	int v = f.pixels[(f.height / 2) * f.stride + (f.width / 2) * 4 + 1];
	*ret = f;
	hawser_session_unlock_frame(s, display);
	return v;
}

/* Full-range value of a limited-range luma. */
static int expected_grey(int n)
{
	return (fake_luma(n) - 16) * 255 / 219;
}

START_TEST(the_picture_is_the_one_the_host_sent)
{
	struct fake_host h;
	struct told t;
	struct hawser_frame f = HAWSER_FRAME_INIT, again = HAWSER_FRAME_INIT;

	fake_host_start(&h,
			&(struct fake_conf){ .password = "secret",
					.width = 101,
					.height = 67,
					.frames = 5,
					.trick = _i ? FAKE_VP8 : FAKE_NONE });
	open_context(&t);
	open_session(&h, &t, "secret");
	until(&t, HAWSER_EVENT_READY, 1);
	while (t.frame_number < 5)
		until(&t, HAWSER_EVENT_FRAME, t.count[HAWSER_EVENT_FRAME] + 1);
	int grey = grey_of(t.session, 0, &f);
	ck_assert_msg(abs(grey - expected_grey(4)) <= 6, "grey %d, not %d", grey, expected_grey(4));
	ck_assert_uint_eq(f.width, 101);
	ck_assert_uint_eq(f.height, 67);
	ck_assert_uint_eq(f.number, 5);
	ck_assert_int_eq(f.damage.width, 101);
	/* Nothing has changed since: no damage. */
	ck_assert_int_eq(hawser_session_lock_frame(t.session, 0, &f), 0);
	ck_assert_int_eq(f.damage.width, 0);
	ck_assert_int_eq(hawser_session_lock_frame(t.session, 0, &again), HAWSER_ERR_BUSY);
	hawser_session_unlock_frame(t.session, 0);
	ck_assert_int_eq(hawser_session_lock_frame(t.session, 1, &again), HAWSER_ERR_AGAIN);
	ck_assert_int_eq(hawser_session_lock_frame(t.session, 400, &again), HAWSER_ERR_RANGE);
	struct hawser_stats st = HAWSER_STATS_INIT;
	ck_assert_int_eq(hawser_session_stats(t.session, &st), 0);
	ck_assert_uint_eq(st.frames, 5);
	ck_assert_uint_gt(st.first_frame_us, 0);
	ck_assert_uint_gt(st.bytes_in, 100);
	ck_assert_int_eq(st.codec, _i ? HAWSER_CODEC_VP8 : HAWSER_CODEC_VP9);
	ck_assert_str_eq(t.path, "direct");
	ck_assert_uint_eq(t.displays, 2);
	close_all(&h, &t);
}
END_TEST

START_TEST(by_id_the_session_is_encrypted_and_the_key_is_remembered)
{
	struct fake_host h;
	struct told t;
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;
	char dir[200], path[300];

	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/hawser.conf", dir);
	fake_host_start(&h, &(struct fake_conf){ .password = "secret", .by_id = true });
	open_context(&t);
	hawser_context_free(t.ctx);
	cc.config_path = path;
	ck_assert_int_eq(hawser_context_new(&cc, &t.ctx), 0);
	open_session(&h, &t, "secret");
	until(&t, HAWSER_EVENT_FRAME, 1);
	ck_assert(t.encrypted);
	ck_assert_uint_eq(strlen(t.fingerprint), 79);
	ck_assert_int_eq(t.count[HAWSER_EVENT_INSECURE], 0);
	hawser_session_close(t.session);
	/* A host with the same ID but another key is not talked to. */
	hws_identity_generate(false, &h.identity);
	memset(t.count, 0, sizeof(t.count));
	open_session(&h, &t, "secret");
	until(&t, HAWSER_EVENT_CLOSED, 1);
	ck_assert_int_eq(t.closed_error, HAWSER_ERR_KEY);
	ck_assert_int_eq(t.count[HAWSER_EVENT_READY], 0);
	hawser_session_close(t.session);
	/* Unless it is forgotten first. */
	struct hawser_recent *list = NULL;
	size_t n = 0;
	ck_assert_int_eq(hawser_recent_list(t.ctx, &list, &n), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(list->size, sizeof(*list));
	ck_assert_str_eq(hawser_recent_at(list, 0)->hostname, "fake");
	ck_assert(!list[0].password_stored);
	ck_assert_int_eq(hawser_recent_forget(t.ctx, list[0].target), 0);
	hawser_recent_free(list);
	memset(t.count, 0, sizeof(t.count));
	open_session(&h, &t, "secret");
	until(&t, HAWSER_EVENT_READY, 1);
	close_all(&h, &t);
}
END_TEST

/* Who knows the key of a server, and who names it: the settings, the program's options, the session. */
static const struct {
	const char *server; /* of the settings; "@" = the one that the target names */
	bool key;           /* of the settings is that of the target's server */
	const char *context_server;
	bool context_key;
	const char *session_server;
	bool session_key;
	bool lets_in;
} keys[] = {
	{ "@", true, NULL, false, NULL, false, true },
	{ "", false, NULL, true, NULL, false, true }, /* hawser connect ID@SERVER --key KEY */
	{ "192.0.2.1", false, NULL, true, NULL, false, true },
	{ "192.0.2.1", true, NULL, false, NULL, false, false }, /* that is the other one's key */
	{ "", false, "@", true, NULL, false, true },
	{ "", false, "192.0.2.1", true, NULL, false, false },
	{ "", false, NULL, false, NULL, true, true },
	{ "", false, NULL, false, "@", true, true },
	{ "", false, NULL, false, "192.0.2.1", true, false },
	{ "", false, NULL, false, NULL, false, false },
};

static const char *place(const char *server, const char *at)
{
	return server && *server == '@' ? at : server;
}

START_TEST(the_key_of_a_server_that_the_target_names_is_found)
{
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;
	struct hawser_session_config c = HAWSER_SESSION_CONFIG_INIT;
	char dir[200], path[300], at[40], target[60];
	struct fake_host h;
	struct told t;
	FILE *f;

	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/hawser.conf", dir);
	fake_host_start(&h, &(struct fake_conf){ .password = "x", .by_id = true });
	snprintf(at, sizeof(at), "127.0.0.1:%u", h.rendezvous_port);
	snprintf(target, sizeof(target), "123456789@%s", at);
	f = fopen(path, "w");
	fprintf(f, "server = %s\n", place(keys[_i].server, at));
	if (keys[_i].key)
		fprintf(f, "key = %s\n", h.key);
	fclose(f);
	open_context(&t);
	hawser_context_free(t.ctx);
	cc.config_path = path;
	cc.server = place(keys[_i].context_server, at);
	cc.key = keys[_i].context_key ? h.key : NULL;
	ck_assert_msg(hawser_context_new(&cc, &t.ctx) == 0, "%s", hawser_last_error());
	c.target = target;
	c.server = place(keys[_i].session_server, at);
	c.key = keys[_i].session_key ? h.key : NULL;
	c.password = "x";
	c.no_retry = true;
	c.on_event = on_event;
	c.arg = &t;
	ck_assert_msg(hawser_session_open(t.ctx, &c, &t.session) == 0, "%s", hawser_last_error());
	/* Without the right key the viewer declines to encrypt, which this host insists on. */
	until(&t, keys[_i].lets_in ? HAWSER_EVENT_READY : HAWSER_EVENT_CLOSED, 1);
	ck_assert_int_eq(t.count[HAWSER_EVENT_READY], keys[_i].lets_in ? 1 : 0);
	ck_assert_int_eq(t.encrypted, keys[_i].lets_in);
	close_all(&h, &t);
}
END_TEST

START_TEST(a_wrong_password_is_asked_again_and_can_be_remembered)
{
	struct fake_host h;
	struct told t;
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;
	char dir[200], path[300];

	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/hawser.conf", dir);
	fake_host_start(&h, &(struct fake_conf){ .password = "secret" });
	open_context(&t);
	hawser_context_free(t.ctx);
	cc.config_path = path;
	ck_assert_int_eq(hawser_context_new(&cc, &t.ctx), 0);
	open_session(&h, &t, "wrong");
	until(&t, HAWSER_EVENT_PASSWORD, 1);
	ck_assert_int_eq(t.reason, HAWSER_PASSWORD_WRONG);
	ck_assert_int_eq(hawser_session_state(t.session), HAWSER_STATE_WAITING);
	ck_assert_int_eq(hawser_session_mouse_move(t.session, 0, 1, 1), HAWSER_ERR_DENIED);
	ck_assert_int_eq(hawser_session_password(t.session, "secret", true), 0);
	until(&t, HAWSER_EVENT_READY, 1);
	ck_assert_int_eq(t.reason, HAWSER_PASSWORD_NOT_NEEDED);
	hawser_session_close(t.session);
	/* Next time nobody is asked. */
	memset(t.count, 0, sizeof(t.count));
	open_session(&h, &t, NULL);
	until(&t, HAWSER_EVENT_READY, 1);
	ck_assert_int_eq(
			t.count[HAWSER_EVENT_PASSWORD], 1); /* the one that says it is not needed */
	close_all(&h, &t);
}
END_TEST

START_TEST(two_factor_codes_are_asked_for)
{
	struct fake_host h;
	struct told t;

	fake_host_start(&h, &(struct fake_conf){ .password = "secret", .two_factor = true });
	open_context(&t);
	t.answer = "secret";
	t.code = "123456";
	open_session(&h, &t, NULL);
	until(&t, HAWSER_EVENT_READY, 1);
	ck_assert_int_eq(t.count[HAWSER_EVENT_PASSWORD], 3);
	close_all(&h, &t);
}
END_TEST

START_TEST(a_restarted_host_is_reached_again)
{
	struct fake_host h;
	struct told t;

	fake_host_start(&h,
			&(struct fake_conf){
					.password = "secret", .trick = FAKE_CLOSE_AFTER_FRAME });
	open_context(&t);
	open_session(&h, &t, "secret");
	until(&t, HAWSER_EVENT_READY, 2);
	ck_assert_int_eq(t.retries, 1);
	/* The first picture may have died with its connection, this one may not. */
	until(&t, HAWSER_EVENT_FRAME, t.frames_before + 1);
	ck_assert_uint_eq(fake_host_connections(&h), 2);
	ck_assert_int_eq(t.count[HAWSER_EVENT_CLOSED], 0);
	close_all(&h, &t);
}
END_TEST

static const struct {
	enum fake_trick trick;
	bool by_id;
	int error;
	const char *text; /* part of the sentence */
} endings[] = {
	{ FAKE_CLOSE_AT_ACCEPT, false, HAWSER_ERR_EOF, "closed the connection before the login" },
	{ FAKE_OVERSIZED, false, HAWSER_ERR_TOOBIG, "larger than any real host sends" },
	{ FAKE_CORRUPT_RECORD, true, HAWSER_ERR_CRYPTO, "tampering" },
	{ FAKE_CLOSE_REASON, false, HAWSER_ERR_EOF, "Closed manually by the peer" },
};

START_TEST(every_way_to_fail_ends_with_a_cause)
{
	struct fake_host h;
	struct told t;
	char target[200];

	fake_host_start(&h,
			&(struct fake_conf){
					.trick = endings[_i].trick, .by_id = endings[_i].by_id });
	open_context(&t);
	struct hawser_session_config c = config_for(&h, &t, target);
	c.password = "x";
	c.no_retry = true;
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &t.session), 0);
	until(&t, HAWSER_EVENT_CLOSED, 1);
	ck_assert_int_eq(t.closed_error, endings[_i].error);
	ck_assert_msg(strstr(t.closed_text, endings[_i].text) != NULL, "%s", t.closed_text);
	ck_assert_int_eq(hawser_session_state(t.session), HAWSER_STATE_CLOSED);
	ck_assert_int_eq(hawser_session_refresh(t.session, -1), HAWSER_ERR_DENIED);
	close_all(&h, &t);
}
END_TEST

START_TEST(nobody_listening_is_told_at_once)
{
	struct told t;
	char target[100];

	open_context(&t);
	snprintf(target, sizeof(target), "127.0.0.1:%u", test_free_port());
	struct hawser_session_config c = HAWSER_SESSION_CONFIG_INIT;
	c.target = target;
	c.on_event = on_event;
	c.arg = &t;
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &t.session), 0);
	until(&t, HAWSER_EVENT_CLOSED, 1);
	ck_assert_int_eq(t.closed_error, HAWSER_ERR_REFUSED);
	ck_assert_int_eq(t.retries, 0);
	hawser_context_free(t.ctx); /* closes the session, too */
}
END_TEST

START_TEST(bad_video_is_asked_for_again)
{
	struct fake_host h;
	struct told t;
	struct hawser_frame f = HAWSER_FRAME_INIT;

	fake_host_start(&h,
			&(struct fake_conf){ .trick = _i == 0     ? FAKE_BROKEN_VIDEO
							: _i == 1 ? FAKE_UNKNOWN_CODEC
								  : FAKE_RUBBISH });
	open_context(&t);
	open_session(&h, &t, "x");
	until(&t, HAWSER_EVENT_FRAME, 1);
	ck_assert_int_le(abs(grey_of(t.session, 0, &f) - expected_grey(0)), 6);
	ck_assert_int_eq(hawser_session_state(t.session), HAWSER_STATE_READY);
	struct hawser_stats st = HAWSER_STATS_INIT;
	ck_assert_int_eq(hawser_session_stats(t.session, &st), 0);
	ck_assert_uint_ge(st.frames_dropped, 1);
	close_all(&h, &t);
}
END_TEST

static bool is_typed(const void *p, void *arg)
{
	const Ses__Message *m = p;

	return m->union_case == SES__MESSAGE__UNION_KEY_EVENT &&
			m->key_event->union_case == SES__KEY_EVENT__UNION_SEQ &&
			strcmp(m->key_event->seq, arg) == 0;
}

static bool is_click(const void *p, void *arg HWS_UNUSED)
{
	const Ses__Message *m = p;

	return m->union_case == SES__MESSAGE__UNION_MOUSE_EVENT && m->mouse_event->mask == 10;
}

static bool is_clip(const void *p, void *arg)
{
	const Ses__Message *m = p;

	return m->union_case == SES__MESSAGE__UNION_MULTI_CLIPBOARDS &&
			m->multi_clipboards->n_clipboards == 1 &&
			m->multi_clipboards->clipboards[0]->content.len == strlen(arg);
}

static bool is_record_status(const void *p, void *arg)
{
	const Ses__Message *m = p;

	return m->union_case == SES__MESSAGE__UNION_MISC &&
			m->misc->union_case == SES__MISC__UNION_CLIENT_RECORD_STATUS &&
			m->misc->client_record_status == *(bool *)arg;
}

static bool is_goodbye(const void *p, void *arg HWS_UNUSED)
{
	const Ses__Message *m = p;

	return m->union_case == SES__MESSAGE__UNION_MISC &&
			m->misc->union_case == SES__MISC__UNION_CLOSE_REASON &&
			!*m->misc->close_reason;
}

static bool is_raised(const void *p, void *arg HWS_UNUSED)
{
	const Ses__Message *m = p;

	return m->union_case == SES__MESSAGE__UNION_MISC &&
			m->misc->union_case == SES__MISC__UNION_OPTION &&
			m->misc->option->custom_image_quality > 0;
}

START_TEST(a_host_that_leaves_pictures_out_is_asked_for_more)
{
	struct fake_host h;
	struct told t;

	fake_host_start(&h, &(struct fake_conf){ .trick = FAKE_STARVED });
	open_context(&t);
	open_session(&h, &t, "x");
	until(&t, HAWSER_EVENT_STATS, 6);
	ck_assert(fake_host_heard(&h, is_raised, NULL));
	close_all(&h, &t);
}
END_TEST

START_TEST(input_clipboard_and_goodbye_reach_the_host)
{
	struct fake_host h;
	struct told t;

	fake_host_start(&h, &(struct fake_conf){ .trick = FAKE_TALKATIVE, .by_id = _i });
	open_context(&t);
	open_session(&h, &t, "x");
	until(&t, HAWSER_EVENT_MESSAGE, 1);
	until(&t, HAWSER_EVENT_PERMISSION, 1);
	until(&t, HAWSER_EVENT_CURSOR_POSITION, 1);
	ck_assert_str_eq(t.text, "host text");
	ck_assert_str_eq(t.chat, "hello viewer");
	ck_assert_uint_eq(t.cursor_id, 77);
	ck_assert_int_eq(t.x, 12);
	ck_assert_int_eq(t.y, -5);
	ck_assert(!hawser_session_permitted(t.session, HAWSER_PERMISSION_AUDIO));
	ck_assert(hawser_session_permitted(t.session, HAWSER_PERMISSION_KEYBOARD));
	ck_assert_int_eq(hawser_session_mouse_move(t.session, 1, 3, 4), 0);
	ck_assert_int_eq(hawser_session_mouse_button(t.session, HAWSER_BUTTON_LEFT, true), 0);
	ck_assert_int_eq(hawser_session_mouse_button(t.session, HAWSER_BUTTON_LEFT, false), 0);
	ck_assert_int_eq(hawser_session_key(t.session, 30, true, 0, 'a'), 0);
	ck_assert_int_eq(hawser_session_release_keys(t.session), 0);
	ck_assert_int_eq(hawser_session_type_text(t.session, "gr\xc3\xbc\xc3\x9f"), 0);
	ck_assert_int_eq(hawser_session_send_clipboard(t.session, "viewer's", 8), 0);
	ck_assert_int_eq(hawser_session_send_clipboard(t.session, "\xff", 1), HAWSER_ERR_INVAL);
	ck_assert(fake_host_heard(&h, is_typed, (void *)(uintptr_t) "gr\xc3\xbc\xc3\x9f"));
	ck_assert(fake_host_heard(&h, is_click, NULL));
	ck_assert(fake_host_heard(&h, is_clip, (void *)(uintptr_t) "viewer's"));
	/* View-only takes effect at once. */
	ck_assert_int_eq(hawser_session_set_option(t.session, HAWSER_OPTION_VIEW_ONLY, 1), 0);
	ck_assert_int_eq(hawser_session_type_text(t.session, "no"), HAWSER_ERR_DENIED);
	ck_assert_int_eq(hawser_session_set_option(t.session, HAWSER_OPTION_FPS, 0),
			HAWSER_ERR_RANGE);
	hawser_session_disconnect(t.session);
	until(&t, HAWSER_EVENT_CLOSED, 1);
	ck_assert_int_eq(t.closed_error, 0);
	ck_assert(fake_host_heard(&h, is_goodbye, NULL));
	/* And again. */
	ck_assert_int_eq(hawser_session_reconnect(t.session), 0);
	until(&t, HAWSER_EVENT_READY, 2);
	close_all(&h, &t);
}
END_TEST

START_TEST(what_a_host_denied_once_is_not_denied_for_ever)
{
	struct fake_host h;
	struct told t;

	fake_host_start(&h, &(struct fake_conf){ .trick = FAKE_TALKATIVE });
	open_context(&t);
	open_session(&h, &t, "x");
	until(&t, HAWSER_EVENT_PERMISSION, 1);
	ck_assert(!hawser_session_permitted(t.session, HAWSER_PERMISSION_AUDIO));
	hawser_session_disconnect(t.session);
	until(&t, HAWSER_EVENT_CLOSED, 1);
	pthread_mutex_lock(&h.lock);
	h.conf.trick = FAKE_NONE;
	pthread_mutex_unlock(&h.lock);
	ck_assert_int_eq(hawser_session_reconnect(t.session), 0);
	until(&t, HAWSER_EVENT_READY, 2);
	ck_assert_int_eq(t.count[HAWSER_EVENT_PERMISSION], 2);
	ck_assert(hawser_session_permitted(t.session, HAWSER_PERMISSION_AUDIO));
	close_all(&h, &t);
}
END_TEST

START_TEST(another_display_is_shown_on_demand)
{
	struct fake_host h;
	struct told t;
	struct hawser_frame f = HAWSER_FRAME_INIT;

	fake_host_start(&h, &(struct fake_conf){ .frames = 2 });
	open_context(&t);
	open_session(&h, &t, "x");
	until(&t, HAWSER_EVENT_FRAME, 1);
	ck_assert_int_eq(hawser_session_switch_display(t.session, 2), HAWSER_ERR_RANGE);
	ck_assert_int_eq(hawser_session_switch_display(t.session, 1), 0);
	until(&t, HAWSER_EVENT_DISPLAYS, 1);
	uint64_t due = test_now_ms() + TEST_PATIENCE_MS;
	while (hawser_session_lock_frame(t.session, 1, &f) == HAWSER_ERR_AGAIN &&
			test_now_ms() < due)
		hawser_context_wait(t.ctx, 50);
	ck_assert_uint_eq(f.width, 64);
	struct hawser_peer peer = HAWSER_PEER_INIT;
	ck_assert_int_eq(hawser_session_peer(t.session, &peer), 0);
	ck_assert_uint_eq(peer.current_display, 1);
	ck_assert_uint_eq(peer.displays->size, sizeof(struct hawser_display));
	ck_assert_str_eq(hawser_display_at(&peer, 1)->name, "right");
	ck_assert_ptr_null(hawser_display_at(&peer, peer.display_count));
	close_all(&h, &t); /* with the frame still locked */
}
END_TEST

/* Whoever was built against these structs goes on when the library's have grown. */
#define STARTS_WITH_SIZE(name) _Static_assert(offsetof(struct name, size) == 0, #name)
STARTS_WITH_SIZE(hawser_context_config);
STARTS_WITH_SIZE(hawser_session_config);
STARTS_WITH_SIZE(hawser_event);
STARTS_WITH_SIZE(hawser_peer);
STARTS_WITH_SIZE(hawser_display);
STARTS_WITH_SIZE(hawser_frame);
STARTS_WITH_SIZE(hawser_stats);
STARTS_WITH_SIZE(hawser_recent);

START_TEST(lists_of_a_later_library_are_stepped_through)
{
	struct later_display {
		struct hawser_display d;
		char more[24];
	} displays[2] = { { .d = { .size = sizeof(displays[0]), .name = "left" } },
		{ .d = { .size = sizeof(displays[0]), .name = "right" } } };
	struct later_recent {
		struct hawser_recent r;
		char more[40];
	} recent[2] = { { .r = { .size = sizeof(recent[0]), .target = "1" } },
		{ .r = { .size = sizeof(recent[0]), .target = "2" } } };
	struct hawser_peer peer = HAWSER_PEER_INIT;

	peer.displays = &displays[0].d;
	peer.display_count = 2;
	ck_assert_str_eq(hawser_display_at(&peer, 1)->name, "right");
	ck_assert_str_eq(hawser_recent_at(&recent[0].r, 1)->target, "2");
}
END_TEST

START_TEST(a_recording_keeps_what_was_received)
{
	struct fake_host h;
	struct told t;
	char dir[200], path[300];
	struct webm_file file;
	bool on = true;

	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/r.webm", dir);
	fake_host_start(&h, &(struct fake_conf){ .frames = 10 });
	open_context(&t);
	open_session(&h, &t, "x");
	until(&t, HAWSER_EVENT_FRAME, 1);
	ck_assert_int_eq(hawser_session_record_start(t.session, 0, path), 0);
	until(&t, HAWSER_EVENT_RECORDING, 1);
	ck_assert(t.record_running);
	ck_assert(fake_host_heard(&h, is_record_status, &on));
	hawser_session_record_stop(t.session);
	until(&t, HAWSER_EVENT_RECORDING, 2);
	ck_assert_int_eq(t.record_error, 0);
	webm_read(path, NULL, NULL, &file);
	ck_assert_msg(!file.why, "%s", file.why);
	ck_assert_str_eq(file.codec, "V_VP9");
	ck_assert_uint_ge(file.blocks, 1);
	/* Never over an existing file. */
	ck_assert_int_eq(hawser_session_record_start(t.session, 0, path), 0);
	until(&t, HAWSER_EVENT_RECORDING, 3);
	ck_assert_int_eq(t.record_error, HAWSER_ERR_EXISTS);
	close_all(&h, &t);
}
END_TEST

/* The whole life of a context on a thread of its own, by the descriptor only. */
static void *foreign_thread(void *arg)
{
	struct fake_host *h = arg;
	struct told t;

	open_context(&t);
	open_session(h, &t, "x");
	while (t.count[HAWSER_EVENT_FRAME] < 1) {
		struct pollfd p = { .fd = hawser_context_fd(t.ctx), .events = POLLIN };
		ck_assert_int_gt(poll(&p, 1, 20000), 0);
		hawser_context_dispatch(t.ctx);
	}
	hawser_session_close(t.session);
	hawser_context_free(t.ctx);
	return NULL;
}

START_TEST(contexts_live_on_foreign_threads)
{
	struct fake_host h[3];
	pthread_t thread[3];

	for (int i = 0; i < 3; i++) {
		fake_host_start(&h[i], &(struct fake_conf){ .frames = 3 });
		ck_assert_int_eq(pthread_create(&thread[i], NULL, foreign_thread, &h[i]), 0);
	}
	for (int i = 0; i < 3; i++) {
		pthread_join(thread[i], NULL);
		fake_host_stop(&h[i]);
	}
}
END_TEST

static void close_itself(hawser_session *s, const struct hawser_event *ev, void *arg)
{
	int *state = arg;

	if (ev->type == HAWSER_EVENT_READY || ev->type == HAWSER_EVENT_CLOSED) {
		hawser_session_close(s);
		*state = 1;
	}
	ck_assert_int_eq(*state > 1, 0);
	if (*state == 1)
		*state = ev->type == HAWSER_EVENT_READY || ev->type == HAWSER_EVENT_CLOSED ? 1 : 2;
}

START_TEST(opening_and_closing_at_any_moment_is_harmless)
{
	struct fake_host h;
	struct told t;
	char target[200];
	int state = 0;

	fake_host_start(&h, &(struct fake_conf){ .frames = 2 });
	open_context(&t);
	for (int i = 0; i < 150; i++) {
		struct hawser_session_config c = config_for(&h, &t, target);
		hawser_session *s = NULL;
		c.password = "x";
		ck_assert_int_eq(hawser_session_open(t.ctx, &c, &s), 0);
		for (int k = 0; k < i % 7; k++)
			hawser_context_wait(t.ctx, 2);
		if (i % 3 == 0)
			hawser_session_disconnect(s);
		if (i % 5 == 0)
			ck_assert_int_eq(hawser_session_reconnect(s), 0);
		hawser_session_close(s);
	}
	/* In the own callback. */
	struct hawser_session_config c = config_for(&h, &t, target);
	hawser_session *s = NULL;
	c.on_event = close_itself;
	c.arg = &state;
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &s), 0);
	uint64_t due = test_now_ms() + TEST_PATIENCE_MS;
	while (state == 0) {
		ck_assert_uint_lt(test_now_ms(), due);
		hawser_context_wait(t.ctx, 50);
	}
	hawser_context_dispatch(t.ctx);
	ck_assert_int_eq(state, 1); /* nothing came after the close */
	hawser_context_free(t.ctx);
	/* Contexts with sessions under way. */
	for (int i = 0; i < 30; i++) {
		open_context(&t);
		open_session(&h, &t, "x");
		if (i % 2)
			hawser_context_wait(t.ctx, i);
		hawser_context_free(t.ctx);
	}
	fake_host_stop(&h);
}
END_TEST

/* A host that does not take what it is sent: the goodbye stays behind in the queue. */
static void open_flooded(struct fake_host *h, struct told *t)
{
	char target[200];

	fake_host_start(h, &(struct fake_conf){ .trick = FAKE_FLOOD });
	open_context(t);
	struct hawser_session_config c = config_for(h, t, target);
	c.password = "x";
	c.no_retry = true;
	ck_assert_int_eq(hawser_session_open(t->ctx, &c, &t->session), 0);
	ck_assert(fake_host_flooded(h));
}

START_TEST(the_end_of_a_left_connection_is_not_that_of_the_next)
{
	struct fake_host h;
	struct told t;

	open_flooded(&h, &t);
	ck_assert_int_eq(hawser_session_reconnect(t.session), 0);
	until(&t, HAWSER_EVENT_READY, 1);
	ck_assert_uint_eq(fake_host_connections(&h), 2);
	/* The first connection is given up when its goodbye cannot be told. */
	ck_assert(fake_host_parked_ends(&h));
	until(&t, HAWSER_EVENT_STATS, t.count[HAWSER_EVENT_STATS] + 2);
	ck_assert_msg(t.count[HAWSER_EVENT_CLOSED] == 0, "%s", t.closed_text);
	ck_assert_int_eq(hawser_session_state(t.session), HAWSER_STATE_READY);
	close_all(&h, &t);
}
END_TEST

START_TEST(a_host_that_never_reads_holds_nothing_back)
{
	struct fake_host h;
	struct told t;

	open_flooded(&h, &t);
	hawser_session_close(t.session);
	if (_i == 0) {
		/* The context lives on while the goodbye fails; then nothing of the session is left. */
		ck_assert(fake_host_parked_ends(&h));
		hawser_context_wait(t.ctx, 100);
		hawser_context_free(t.ctx);
	} else {
		hawser_context_free(t.ctx);
		ck_assert(fake_host_parked_ends(&h));
	}
	fake_host_stop(&h);
}
END_TEST

START_TEST(mistakes_of_the_caller_are_explained)
{
	struct told t;
	struct hawser_session_config c = HAWSER_SESSION_CONFIG_INIT;
	hawser_session *s = NULL;
	char value[10];

	open_context(&t);
	c.target = "127.0.0.1:1";
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &s), HAWSER_ERR_INVAL);
	c.on_event = on_event;
	c.arg = &t;
	c.target = "";
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &s), HAWSER_ERR_INVAL);
	ck_assert_int_gt(strlen(hawser_last_error()), 10);
	c.target = "123456789"; /* no server configured */
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &s), HAWSER_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(hawser_last_error(), "rendezvous"));
	c.target = "127.0.0.1:1";
	c.quality = (enum hawser_quality)99;
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &s), HAWSER_ERR_RANGE);
	ck_assert_ptr_null(s);
	ck_assert_int_eq(hawser_config_get(t.ctx, "no-such", value, sizeof(value)),
			HAWSER_ERR_NOTFOUND);
	ck_assert_int_eq(hawser_config_set(t.ctx, "key", "x"), HAWSER_ERR_INVAL);
	ck_assert_str_eq(hawser_strerror(HAWSER_ERR_REFUSED), "connection refused");
	ck_assert_str_eq(hawser_error_name(HAWSER_ERR_REFUSED), "refused");
	ck_assert_uint_eq(hawser_version_number(), 1000);
	/* An embedder of an older, smaller struct. */
	struct hawser_session_config old = HAWSER_SESSION_CONFIG_INIT;
	old.size = offsetof(struct hawser_session_config, server);
	old.target = "127.0.0.1:1";
	ck_assert_int_eq(hawser_session_open(t.ctx, &old, &s), HAWSER_ERR_INVAL);
	hawser_context_free(t.ctx);
	hawser_context_free(NULL);
	hawser_session_close(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("component/viewer");
	TCase *t = tcase_create("viewer");
	SRunner *runner;
	int failed;

	if (hws_crypto_init() < 0)
		return 1;
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, the_picture_is_the_one_the_host_sent, 0, 2);
	tcase_add_test(t, by_id_the_session_is_encrypted_and_the_key_is_remembered);
	tcase_add_loop_test(t, the_key_of_a_server_that_the_target_names_is_found, 0,
			(int)(sizeof(keys) / sizeof(keys[0])));
	tcase_add_test(t, a_wrong_password_is_asked_again_and_can_be_remembered);
	tcase_add_test(t, two_factor_codes_are_asked_for);
	tcase_add_test(t, a_restarted_host_is_reached_again);
	tcase_add_loop_test(t, every_way_to_fail_ends_with_a_cause, 0,
			(int)(sizeof(endings) / sizeof(endings[0])));
	tcase_add_test(t, nobody_listening_is_told_at_once);
	tcase_add_loop_test(t, bad_video_is_asked_for_again, 0, 3);
	tcase_add_test(t, a_host_that_leaves_pictures_out_is_asked_for_more);
	tcase_add_loop_test(t, input_clipboard_and_goodbye_reach_the_host, 0, 2);
	tcase_add_test(t, what_a_host_denied_once_is_not_denied_for_ever);
	tcase_add_test(t, another_display_is_shown_on_demand);
	tcase_add_test(t, lists_of_a_later_library_are_stepped_through);
	tcase_add_test(t, a_recording_keeps_what_was_received);
	tcase_add_test(t, contexts_live_on_foreign_threads);
	tcase_add_test(t, opening_and_closing_at_any_moment_is_harmless);
	tcase_add_test(t, the_end_of_a_left_connection_is_not_that_of_the_next);
	tcase_add_loop_test(t, a_host_that_never_reads_holds_nothing_back, 0, 2);
	tcase_add_test(t, mistakes_of_the_caller_are_explained);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
