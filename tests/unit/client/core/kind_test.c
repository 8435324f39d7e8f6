/* What a viewer asks for when it is not for a desktop, as deployed viewers do, and which hosts it
 * lets itself be let in by. */
#include "proto/session.pb-c.h"
#include "shared/wire/envelope.h"
#include "suites.h"
#include "tests/unit/client/core/recorder.h"
#include <string.h>

static Ses__LoginRequest *login_of(
		struct recorder *r, const struct hws_session_wish *wish, Ses__Message **ret_owner)
{
	recorder_init_wish(r, wish);
	ck_assert_int_eq(recorder_start(r, true), HWS_OK);
	recorder_hash(r);
	*ret_owner = recorder_sent(r, -1);
	ck_assert_int_eq((*ret_owner)->union_case, SES__MESSAGE__UNION_LOGIN_REQUEST);
	return (*ret_owner)->login_request;
}

START_TEST(files_say_what_to_list_first)
{
	struct recorder r;
	Ses__Message *m;
	Ses__LoginRequest *lr = login_of(&r,
			&(struct hws_session_wish){ .kind = HWS_KIND_FILE,
					.dir = "/home/bob/src",
					.show_hidden = true },
			&m);

	ck_assert_int_eq(lr->union_case, SES__LOGIN_REQUEST__UNION_FILE_TRANSFER);
	ck_assert_str_eq(lr->file_transfer->dir, "/home/bob/src");
	ck_assert(lr->file_transfer->show_hidden);
	ck_assert_ptr_nonnull(lr->option);
	ck_assert_ptr_null(lr->option->supported_decoding); /* there are no pictures */
	ck_assert_int_eq(hws_session_kind_of(lr), HWS_KIND_FILE);
	hws_ses_free(m);
	recorder_done(&r);
}
END_TEST

START_TEST(forwarding_names_its_target)
{
	struct recorder r;
	Ses__Message *m;
	Ses__LoginRequest *lr = login_of(&r,
			&(struct hws_session_wish){ .kind = HWS_KIND_FORWARD,
					.forward_host = "10.0.0.5",
					.forward_port = 22 },
			&m);

	ck_assert_int_eq(lr->union_case, SES__LOGIN_REQUEST__UNION_PORT_FORWARD);
	ck_assert_str_eq(lr->port_forward->host, "10.0.0.5");
	ck_assert_int_eq(lr->port_forward->port, 22);
	hws_ses_free(m);
	recorder_done(&r);
}
END_TEST

/* A host ends a connection whose later login speaks of something else. */
START_TEST(a_second_try_repeats_the_wish)
{
	struct recorder r;
	Ses__Message *m;
	Ses__LoginRequest *lr = login_of(&r,
			&(struct hws_session_wish){ .kind = HWS_KIND_TERMINAL,
					.service_id = "ts_1",
					.os_username = "carol",
					.os_password_secret = "hers" },
			&m);

	ck_assert_str_eq(lr->terminal->service_id, "ts_1");
	ck_assert_str_eq(lr->os_login->username, "carol");
	ck_assert_str_eq(lr->os_login->password, "hers");
	hws_ses_free(m);
	recorder_login_error(&r, "Wrong Password");
	ck_assert_int_eq(hws_viewer_password(r.viewer, "other"), HWS_OK);
	m = recorder_sent(&r, -1);
	ck_assert_int_eq(m->login_request->union_case, SES__LOGIN_REQUEST__UNION_TERMINAL);
	ck_assert_str_eq(m->login_request->terminal->service_id, "ts_1");
	ck_assert_str_eq(m->login_request->os_login->username, "carol");
	hws_ses_free(m);
	/* The next link may know of shells that are kept. */
	ck_assert_int_eq(hws_viewer_set_service_id(r.viewer, "ts_2"), HWS_OK);
	hws_viewer_lost(r.viewer);
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	recorder_hash(&r);
	m = recorder_sent(&r, -1);
	ck_assert_str_eq(m->login_request->terminal->service_id, "ts_2");
	hws_ses_free(m);
	recorder_done(&r);
}
END_TEST

START_TEST(too_long_a_wish_is_none)
{
	struct hws_session_wish copy;
	char dir[HWS_WISH_TEXT_MAX + 2];

	memset(dir, 'a', sizeof(dir) - 1);
	dir[sizeof(dir) - 1] = 0;
	ck_assert_int_eq(hws_session_wish_copy(&(struct hws_session_wish){ .kind = HWS_KIND_FILE,
							       .service_id = "x",
							       .dir = dir },
					 &copy),
			HWS_ERR_TOOBIG);
	ck_assert_ptr_null(copy.service_id);
}
END_TEST

START_TEST(only_a_terminal_tells_whether_its_shells_are_kept)
{
	static const enum hws_session_kind kinds[] = { HWS_KIND_FILE, HWS_KIND_TERMINAL,
		HWS_KIND_FORWARD };
	struct hws_view_options before = { .fps = 5 }, after = { .fps = 6, .view_only = true };
	struct hws_option_message m;

	for (size_t i = 0; i < HWS_COUNT(kinds); i++) {
		after.terminal_persistent = false;
		ck_assert(!hws_view_options_change(kinds[i], &before, &after, &m));
		after.terminal_persistent = true;
		ck_assert_int_eq(hws_view_options_change(kinds[i], &before, &after, &m),
				kinds[i] == HWS_KIND_TERMINAL);
		hws_view_options_login(kinds[i], &after, &m);
		ck_assert_int_eq(m.m.terminal_persistent == SES__OPTION_MESSAGE__BOOL_OPTION__Yes,
				kinds[i] == HWS_KIND_TERMINAL);
		ck_assert_int_eq(m.m.custom_fps, 0);
		ck_assert_int_eq(m.m.disable_keyboard, 0);
	}
}
END_TEST

/* What a host says of itself, and whether it will do. */
static const struct {
	enum hws_session_kind kind;
	const char *username, *version;
	bool terminal, sessions;
	int displays, err; /* 0: it will */
	const char *text;
	const char *additions;
} hosts[] = {
	{ HWS_KIND_REMOTE, "alice", "1.4.9", false, false, 1, 0, NULL },
	{ HWS_KIND_REMOTE, "alice", "1.4.9", true, false, 0, HWS_ERR_DISPLAY, "no display" },
	{ HWS_KIND_REMOTE, "", "1.4.9", false, true, 0, 0, NULL },
	{ HWS_KIND_FILE, "alice", "1.4.9", false, false, 0, 0, NULL },
	{ HWS_KIND_FILE, "", "1.4.9", false, false, 1, HWS_ERR_DISPLAY, "logged on" },
	{ HWS_KIND_FILE, "", "1.4.9", false, true, 0, 0, NULL },
	{ HWS_KIND_TERMINAL, "", "1.4.9", true, false, 0, 0, NULL },
	{ HWS_KIND_TERMINAL, "a", "1.4.9", false, false, 1, HWS_ERR_UNSUPPORTED, "switched" },
	{ HWS_KIND_TERMINAL, "a", "1.4.0", false, false, 1, HWS_ERR_UNSUPPORTED, "1.4.1" },
	{ HWS_KIND_FORWARD, "", "", false, false, 0, 0, NULL },
	{ HWS_KIND_CAMERA, "a", "1.3.8", false, false, 1, HWS_ERR_UNSUPPORTED, "1.3.9" },
	{ HWS_KIND_CAMERA, "a", "1.4.9", false, false, 1, HWS_ERR_UNSUPPORTED, "its system" },
	{ HWS_KIND_CAMERA, "a", "1.4.9", false, false, 0, HWS_ERR_DISPLAY, "connect one",
			"{\"support_view_camera\":true}" },
	{ HWS_KIND_CAMERA, "a", "1.4.9", false, false, 1, 0, NULL,
			"{\"support_view_camera\":true}" },
};

START_TEST(a_host_has_to_have_what_is_wished_for)
{
	struct hws_session_wish wish = { .kind = hosts[_i].kind, .forward_port = 22 };
	Ses__PeerInfo pi = SES__PEER_INFO__INIT;
	Ses__Features features = SES__FEATURES__INIT;
	Ses__WindowsSessions sessions = SES__WINDOWS_SESSIONS__INIT;
	Ses__DisplayInfo display = SES__DISPLAY_INFO__INIT, *displays = &display;
	Ses__LoginResponse lr = SES__LOGIN_RESPONSE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	struct recorder r;

	pi.username = (char *)hosts[_i].username;
	pi.version = (char *)hosts[_i].version;
	features.terminal = hosts[_i].terminal;
	pi.features = &features;
	pi.windows_sessions = hosts[_i].sessions ? &sessions : NULL;
	pi.n_displays = (size_t)hosts[_i].displays;
	pi.displays = &displays;
	pi.platform_additions = (char *)hosts[_i].additions;
	lr.union_case = SES__LOGIN_RESPONSE__UNION_PEER_INFO;
	lr.peer_info = &pi;
	m.union_case = SES__MESSAGE__UNION_LOGIN_RESPONSE;
	m.login_response = &lr;
	recorder_init_wish(&r, &wish);
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	recorder_hash(&r);
	recorder_feed(&r, &m);
	ck_assert_int_eq(r.readies, hosts[_i].err == 0);
	ck_assert_int_eq(r.end_err, hosts[_i].err);
	if (hosts[_i].text)
		ck_assert_msg(strstr(r.end_text, hosts[_i].text) != NULL, "%s", r.end_text);
	/* The desktop's services have no part in it. */
	ck_assert_int_eq(hws_viewer_may(r.viewer, &r.service),
			hosts[_i].err == 0 && hosts[_i].kind == HWS_KIND_REMOTE);
	recorder_done(&r);
}
END_TEST

static const struct {
	const char *error;
	int err;
} refusals[] = {
	{ "No permission of IP tunneling", HWS_ERR_DENIED },
	{ "No permission of terminal", HWS_ERR_DENIED },
	{ "Terminal service user mismatch detected.", HWS_ERR_DENIED },
	{ "Incorrect username or password.", HWS_ERR_PASSWORD },
	{ "Supported only in the installed version.", HWS_ERR_UNSUPPORTED },
	{ "No active console user logged on, please connect and logon first.", HWS_ERR_DISPLAY },
	{ "Failed to access remote 10.0.0.5:22. Please make sure it is reachable/open.",
			HWS_ERR_UNREACHABLE },
};

START_TEST(refusals_of_services_end_with_their_cause)
{
	char text[400];
	int err = 0;

	ck_assert_int_eq(hws_login_verdict(refusals[_i].error, &err, text, sizeof(text)),
			HWS_LOGIN_END);
	ck_assert_int_eq(err, refusals[_i].err);
	ck_assert_uint_gt(strlen(text), 20);
}
END_TEST

Suite *kind_suite(void)
{
	Suite *s = suite_create("core/kind");
	TCase *tc = tcase_create("kind");

	tcase_add_test(tc, files_say_what_to_list_first);
	tcase_add_test(tc, forwarding_names_its_target);
	tcase_add_test(tc, a_second_try_repeats_the_wish);
	tcase_add_test(tc, too_long_a_wish_is_none);
	tcase_add_test(tc, only_a_terminal_tells_whether_its_shells_are_kept);
	tcase_add_loop_test(tc, a_host_has_to_have_what_is_wished_for, 0, HWS_COUNT(hosts));
	tcase_add_loop_test(tc, refusals_of_services_end_with_their_cause, 0, HWS_COUNT(refusals));
	suite_add_tcase(s, tc);
	return s;
}
