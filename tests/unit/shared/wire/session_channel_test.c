/* wire/session_channel, row by row: a message that changes its channel changes what it may
 * overtake, so that has to be meant. */
#include "shared/base/macros.h"
#include "shared/wire/session_channel.h"
#include <check.h>
#include <string.h>

#define NEVER HWS_CHANNEL_COUNT
#define C(name) HWS_CHANNEL_##name

static const struct {
	const char *name;
	enum hws_channel to_host, to_viewer; /* where the row says that it is sent that way */
} rows[] = {
	{ "signed_id", NEVER, NEVER },
	{ "public_key", NEVER, NEVER },
	{ "test_delay", C(CONTROL), C(VIDEO) },
	{ "video_frame", NEVER, C(VIDEO) },
	{ "login_request", C(CONTROL), NEVER },
	{ "login_response", NEVER, C(CONTROL) },
	{ "hash", NEVER, C(CONTROL) },
	{ "mouse_event", C(INPUT), NEVER },
	{ "audio_frame", C(SOUND), C(SOUND) },
	{ "cursor_data", NEVER, C(CURSOR) },
	{ "cursor_position", NEVER, C(CURSOR) },
	{ "cursor_id", NEVER, C(CURSOR) },
	{ "key_event", C(INPUT), NEVER },
	{ "clipboard", C(CLIPBOARD), C(CLIPBOARD) },
	{ "file_action", C(JOBS), C(JOBS) },
	{ "file_response", C(JOBS), C(JOBS) },
	{ "cliprdr", C(CLIPBOARD), C(CLIPBOARD) },
	{ "message_box", NEVER, C(CONTROL) },
	{ "switch_sides_response", C(CONTROL), NEVER },
	{ "voice_call_request", C(SOUND), C(SOUND) },
	{ "voice_call_response", NEVER, C(SOUND) },
	{ "peer_info", NEVER, C(VIDEO) },
	{ "pointer_device_event", C(INPUT), NEVER },
	{ "auth_2fa", C(CONTROL), NEVER },
	{ "multi_clipboards", C(CLIPBOARD), C(CLIPBOARD) },
	{ "screenshot_request", C(INPUT), NEVER },
	{ "screenshot_response", NEVER, C(SCREENSHOT) },
	{ "terminal_action", C(INPUT), NEVER },
	{ "terminal_response", NEVER, C(TERMINAL) },
	{ "patch", NEVER, C(VIDEO) },
	{ "tunnel", C(TUNNELS), C(TUNNELS) },
	{ "chat_message", C(INPUT), C(CONTROL) },
	{ "switch_display", C(INPUT), C(VIDEO) },
	{ "permission_info", NEVER, C(CONTROL) },
	{ "option", C(INPUT), NEVER },
	{ "audio_format", C(SOUND), C(SOUND) },
	{ "close_reason", C(LAST), C(LAST) },
	{ "refresh_video", C(INPUT), NEVER },
	{ "video_received", C(INPUT), NEVER },
	{ "back_notification", NEVER, C(CONTROL) },
	{ "restart_remote_device", C(INPUT), NEVER },
	{ "uac", NEVER, C(CONTROL) },
	{ "foreground_window_elevated", NEVER, C(CONTROL) },
	{ "stop_service", NEVER, NEVER },
	{ "elevation_request", C(INPUT), NEVER },
	{ "elevation_response", NEVER, C(CONTROL) },
	{ "portable_service_running", NEVER, C(CONTROL) },
	{ "switch_sides_request", C(INPUT), NEVER },
	{ "switch_back", NEVER, C(CONTROL) },
	{ "change_resolution", C(INPUT), NEVER },
	{ "plugin_request", NEVER, NEVER },
	{ "plugin_failure", NEVER, NEVER },
	{ "full_speed_fps", NEVER, NEVER },
	{ "auto_adjust_fps", C(INPUT), NEVER },
	{ "client_record_status", C(INPUT), NEVER },
	{ "capture_displays", C(INPUT), NEVER },
	{ "refresh_video_display", C(INPUT), NEVER },
	{ "toggle_virtual_display", C(INPUT), NEVER },
	{ "toggle_privacy_mode", C(INPUT), NEVER },
	{ "supported_encoding", NEVER, C(VIDEO) },
	{ "selected_sid", C(INPUT), NEVER },
	{ "change_display_resolution", C(INPUT), NEVER },
	{ "message_query", C(INPUT), NEVER },
	{ "follow_current_display", NEVER, C(VIDEO) },
	{ "keyboard_layout", NEVER, C(INPUT) },
	{ "video_cost", NEVER, C(VIDEO) },
	{ "host_records", NEVER, C(VIDEO) },
	{ "no_sound", NEVER, C(SOUND) },
	{ "clipboard_part", C(CLIPBOARD), C(CLIPBOARD) },
};

START_TEST(each_row_has_the_channel_that_was_decided)
{
	size_t found = 0;

	for (size_t n = 0; n < HWS_SESSION_ROWS_MAX; n++) {
		const struct hws_session_row *row = hws_session_row_at(n);
		size_t i = 0;

		if (!row)
			continue;
		while (i < HWS_COUNT(rows) && strcmp(rows[i].name, row->name) != 0)
			i++;
		ck_assert_msg(i < HWS_COUNT(rows), "%s: decide its channel", row->name);
		found++;
		for (enum hws_session_direction to = HWS_TO_HOST; to <= HWS_TO_VIEWER; to++) {
			enum hws_channel want =
					to == HWS_TO_HOST ? rows[i].to_host : rows[i].to_viewer;

			ck_assert_msg((want == NEVER) == !row->states[to], "%s", row->name);
			if (want != NEVER)
				ck_assert_msg(hws_session_channel(row, to) == want, "%s",
						row->name);
		}
	}
	ck_assert_uint_eq(found, HWS_COUNT(rows));
	ck_assert_int_eq(hws_session_channel(NULL, HWS_TO_VIEWER), C(VIDEO));
}
END_TEST

/* A key that pastes it must not overtake what is small; what is large must not hold up keys. */
START_TEST(a_small_copy_goes_with_the_keys)
{
	static const unsigned fields[] = { SES__MESSAGE__UNION_CLIPBOARD,
		SES__MESSAGE__UNION_MULTI_CLIPBOARDS };

	for (size_t i = 0; i < HWS_COUNT(fields); i++) {
		const struct hws_session_row *row = hws_session_row(fields[i], 0);

		ck_assert_int_eq(hws_session_channel_of(row, HWS_TO_HOST, HWS_SEND_BULK_MAX),
				C(INPUT));
		ck_assert_int_eq(hws_session_channel_of(row, HWS_TO_HOST, HWS_SEND_BULK_MAX + 1),
				C(CLIPBOARD));
		ck_assert_int_eq(hws_session_channel_of(row, HWS_TO_VIEWER, 1), C(CLIPBOARD));
	}
	ck_assert_int_eq(hws_session_channel_of(hws_session_row(SES__MESSAGE__UNION_CLIPRDR, 0),
					 HWS_TO_HOST, 1),
			C(CLIPBOARD));
	ck_assert_int_eq(hws_session_channel_of(NULL, HWS_TO_HOST, 1), C(VIDEO));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire/session_channel");
	TCase *t = tcase_create("rows");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, a_small_copy_goes_with_the_keys);
	tcase_add_test(t, each_row_has_the_channel_that_was_decided);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
