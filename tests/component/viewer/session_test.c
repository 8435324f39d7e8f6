/* libhawser against a scripted host, only through the public API, from a thread that is not the
 * main one in GTK's sense: what a session shows, sends, asks for and records. */
#include "proto/session.pb-c.h"
#include "shared/base/macros.h"
#include "shared/crypto/crypto.h"
#include "tests/component/viewer/fake_host.h"
#include "tests/component/viewer/told.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include "tests/support/webm_reader.h"
#include <check.h>
#include <hawser/hawser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	ck_assert(st.decoder & HAWSER_CONFINED_PROCESS);
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

/* Who knows the key of a server, and who names it: the settings, the program's options, the
 * session. */
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
	until(&t, HAWSER_EVENT_CURSOR, 1);
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

/* The first line is cut while it is recorded: into a folder, or into one file. */
START_TEST(a_recording_goes_on_after_a_cut)
{
	struct fake_host h;
	struct told t;
	char dir[200], path[220], second[240];

	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), _i ? "%s/r.webm" : "%s", dir);
	snprintf(second, sizeof(second), "%s/r-2.webm", dir);
	fake_host_start(&h, &(struct fake_conf){ .frames = 10, .trick = FAKE_CLOSE_AT_RECORD });
	open_context(&t);
	open_session(&h, &t, "x");
	until(&t, HAWSER_EVENT_FRAME, 1);
	ck_assert_int_eq(hawser_session_record_start(t.session, 0, path), 0);
	while (t.record_running || !t.count[HAWSER_EVENT_RECORDING]) /* a file may have begun */
		until(&t, HAWSER_EVENT_RECORDING, t.count[HAWSER_EVENT_RECORDING] + 1);
	ck_assert_int_lt(t.record_error, 0);
	ck_assert(t.record_resumes);
	until(&t, HAWSER_EVENT_READY, 2);
	until(&t, HAWSER_EVENT_RECORDING, t.count[HAWSER_EVENT_RECORDING] + !t.record_running);
	ck_assert(t.record_running);
	hawser_session_record_stop(t.session);
	until(&t, HAWSER_EVENT_RECORDING, t.count[HAWSER_EVENT_RECORDING] + 1);
	ck_assert(!t.record_running && !t.record_resumes);
	ck_assert_int_eq(t.record_error, 0);
	if (_i)
		ck_assert_int_eq(access(second, R_OK), 0);
	close_all(&h, &t);
}
END_TEST

/* Else the next session would take any key again, and nobody knew. */
START_TEST(a_key_that_cannot_be_kept_is_told_of)
{
	struct fake_host h;
	struct told t;
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;
	char dir[200], path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/file", test_dir(dir, sizeof(dir)));
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fclose(f);
	/* in a file: also root cannot write that */
	snprintf(path, sizeof(path), "%s/file/hawser.conf", dir);
	cc.config_path = path;
	fake_host_start(&h, &(struct fake_conf){ .password = "secret", .by_id = true });
	open_context(&t);
	hawser_context_free(t.ctx);
	ck_assert_msg(hawser_context_new(&cc, &t.ctx) == 0, "%s", hawser_last_error());
	open_session(&h, &t, "secret");
	until(&t, HAWSER_EVENT_FRAME, 1);
	ck_assert_msg(strstr(t.notice, "key") && strstr(t.notice, "peers.json"), "%s", t.notice);
	close_all(&h, &t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("viewer/session");
	TCase *t = test_case(s, "all", 60,
			TESTS(by_id_the_session_is_encrypted_and_the_key_is_remembered,
					a_wrong_password_is_asked_again_and_can_be_remembered,
					two_factor_codes_are_asked_for,
					a_host_that_leaves_pictures_out_is_asked_for_more,
					what_a_host_denied_once_is_not_denied_for_ever,
					another_display_is_shown_on_demand,
					a_recording_keeps_what_was_received,
					a_key_that_cannot_be_kept_is_told_of));

	if (hws_crypto_init() < 0)
		return 1;
	tcase_add_loop_test(t, the_picture_is_the_one_the_host_sent, 0, 2);
	tcase_add_loop_test(t, the_key_of_a_server_that_the_target_names_is_found, 0,
			(int)HWS_COUNT(keys));
	tcase_add_loop_test(t, bad_video_is_asked_for_again, 0, 3);
	tcase_add_loop_test(t, a_recording_goes_on_after_a_cut, 0, 2);
	tcase_add_loop_test(t, input_clipboard_and_goodbye_reach_the_host, 0, 2);
	return test_suite_run(s);
}
