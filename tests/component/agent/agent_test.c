/* The agent as hostd and a gate see it: on the headless desktop and on a real X server. */
#include "client/services/host_viewer.h"
#include "shared/base/buf.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/wire/compress.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/permission.h"
#include "tests/component/agent/gates.h"
#include "tests/support/silent_display.h"
#include "tests/support/xvfb.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xcb/xcb.h>

static struct test_xvfb x;

START_TEST(a_viewer_is_told_the_desktop_and_sees_it_move)
{
	start_agent("headless:401x301@20", NULL);
	wait_for(&h.states, 1);
	ck_assert(h.ready);
	open_gate(0, ALL, REMOTE);
	struct gate *g = &h.gate[0];
	ck_assert(g->ok);
	ck_assert_str_eq(g->platform, "Linux");
	ck_assert_str_eq(g->version, "1.4.9");
	ck_assert_uint_eq(g->displays, 1);
	ck_assert_int_eq(g->width, 401);
	wait_for(&g->frames, 5);
	ck_assert_int_eq(g->last_w, 401);
	ck_assert_int_eq(g->last_h, 301);
	ck_assert_uint_eq(g->keys, 1);
	wait_for(&g->bitrates, 1);
	/* A second one; the first goes and the second stays. */
	open_gate(1, ALL, REMOTE);
	wait_for(&h.gate[1].frames, 2);
	wait_for(&h.gate[1].bitrates, 1); /* also when it is as before */
	hws_ipc_close(g->link, HWS_OK);
	unsigned n = h.gate[1].frames;
	wait_for(&h.gate[1].frames, n + 3);
	ck_assert_int_eq(stop_agent(), 0);
}
END_TEST

START_TEST(what_is_not_offered_is_refused)
{
	start_agent("headless:320x200", NULL);
	open_gate(0, ALL, TERMINAL);
	ck_assert(!h.gate[0].ok);
	ck_assert_str_ne(h.gate[0].error, "");
	/* Rubbish on a link that is not open, and a login that does not parse, end nothing but that
	 * link. */
	link_gate(&h.gate[1], 101, ALL, REMOTE);
	ck_assert_int_eq(hws_ipc_send_wire(h.gate[1].link, HWS_CHANNEL_VIDEO,
					 hws_bytes("\xff\xff\xff", 3)),
			HWS_OK);
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__Open o = AGT__OPEN__INIT;
	uint8_t bad[] = { 0x3a, 0x7f, 1 };
	o.login_request.data = bad;
	o.login_request.len = sizeof(bad);
	m.union_case = AGT__MESSAGE__UNION_OPEN;
	m.open = &o;
	ck_assert_int_eq(hws_ipc_send(h.gate[1].link, &m, -1), HWS_OK);
	wait_for(&h.gate[1].closed, 1);
	open_gate(2, ALL, REMOTE);
	wait_for(&h.gate[2].frames, 1);
	/* Nor does rubbish on an open one. */
	ck_assert_int_eq(hws_ipc_send_wire(h.gate[2].link, HWS_CHANNEL_VIDEO,
					 hws_bytes("\xff\xff\xff", 3)),
			HWS_OK);
	Ses__Message refresh = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	misc.union_case = SES__MISC__UNION_REFRESH_VIDEO;
	misc.refresh_video = true;
	refresh.union_case = SES__MESSAGE__UNION_MISC;
	refresh.misc = &misc;
	unsigned keys = h.gate[2].keys;
	send_wire(2, &refresh);
	wait_for(&h.gate[2].keys, keys + 1);
	/* A call is declined; its end needs no answer. */
	Ses__Message ring = SES__MESSAGE__INIT;
	Ses__VoiceCallRequest call = SES__VOICE_CALL_REQUEST__INIT;
	call.req_timestamp = 1234567;
	ring.union_case = SES__MESSAGE__UNION_VOICE_CALL_REQUEST;
	ring.voice_call_request = &call;
	send_wire(2, &ring);
	call.is_connect = true;
	send_wire(2, &ring);
	wait_for(&h.gate[2].declined, 1);
	ck_assert_int_eq(h.gate[2].call, 1234567);
	ck_assert_uint_eq(h.gate[2].declined, 1);
	/* What a gate lets through and no service takes is refused here: a job would stay at 0 %
	 * for good. */
	Ses__Message job = SES__MESSAGE__INIT;
	Ses__FileAction action = SES__FILE_ACTION__INIT;
	Ses__FileTransferSendRequest fetch = SES__FILE_TRANSFER_SEND_REQUEST__INIT;
	fetch.id = 11;
	fetch.path = (char *)"/etc/hostname";
	action.union_case = SES__FILE_ACTION__UNION_SEND;
	action.send = &fetch;
	job.union_case = SES__MESSAGE__UNION_FILE_ACTION;
	job.file_action = &action;
	send_wire(2, &job);
	wait_for(&h.gate[2].refused, 1);
	ck_assert_int_eq(stop_agent(), 0);
}
END_TEST

START_TEST(a_viewer_that_does_not_read_is_waited_for_and_the_others_go_on)
{
	start_agent("headless:640x480@30", NULL);
	open_gate(0, ALL, REMOTE);
	open_gate(1, ALL, REMOTE);
	wait_for(&h.gate[0].frames, 3);
	wait_for(&h.gate[1].frames, 3);
	hws_ipc_pause(h.gate[1].link);
	unsigned n = h.gate[0].frames;
	wait_for(&h.gate[0].frames, n + 40);
	hws_ipc_resume(h.gate[1].link);
	n = h.gate[1].frames;
	wait_for(&h.gate[1].frames, n + 10);
	ck_assert_int_eq(stop_agent(), 0);
}
END_TEST

/* More than hostd lets in: it does not trust hostd to count. */
START_TEST(there_are_so_many_viewers_and_no_more)
{
	struct gate more[HWS_HOST_VIEWERS_MAX] = { 0 };

	start_agent("headless:320x200@30", NULL);
	open_gate(0, ALL, REMOTE);
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		link_gate(&more[i], 200 + i, ALL, REMOTE);
	wait_for(&more[HWS_HOST_VIEWERS_MAX - 1].closed, 1);
	for (unsigned i = 0; i + 1 < HWS_HOST_VIEWERS_MAX; i++) {
		ck_assert_uint_eq(more[i].closed, 0);
		hws_ipc_close(more[i].link, HWS_OK);
	}
	wait_for(&h.gate[0].frames, h.gate[0].frames + 1);
	ck_assert_int_eq(stop_agent(), 0);
}
END_TEST

START_TEST(without_a_display_it_stays_and_says_why)
{
	start_agent("x11", ":986");
	wait_for(&h.states, 1);
	ck_assert(!h.ready);
	ck_assert_ptr_nonnull(strstr(h.error, ":986"));
	open_gate(0, ALL, REMOTE);
	ck_assert(!h.gate[0].ok);
	ck_assert_ptr_nonnull(strstr(h.gate[0].error, ":986"));
	ck_assert_uint_eq(h.gone, 0);
	ck_assert_int_eq(stop_agent(), 0);
}
END_TEST

/* The loop goes on meanwhile: the viewer's answer comes when it is known what came of it. */
START_TEST(a_viewer_waits_while_the_desktop_is_being_opened)
{
	char display[32];
	int fd = test_silent_display(display);

	start_agent("x11", display);
	int server = accept4(fd, NULL, NULL, SOCK_CLOEXEC); /* which hangs */
	ck_assert_int_ge(server, 0);
	ask_gate(0, ALL, REMOTE);
	ask_gate(1, ALL, REMOTE);
	hws_ipc_close(h.gate[1].link, HWS_OK); /* does not want to wait */
	h.gate[1].link = NULL;
	run_for(300);
	ck_assert_uint_eq(h.gate[0].opened, 0);
	ck_assert_uint_eq(h.states, 0);
	close(server);
	wait_for(&h.gate[0].opened, 1);
	ck_assert(!h.gate[0].ok);
	ck_assert_msg(strstr(h.gate[0].error, display) != NULL, "%s", h.gate[0].error);
	/* It tries again, and ends all the same when it is told to. */
	server = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(server, 0);
	ck_assert_int_eq(stop_agent(), 0);
	close(server);
	close(fd);
}
END_TEST

/* Who has to say no every two seconds says yes at last. */
START_TEST(a_person_who_refuses_is_not_asked_again)
{
	start_agent("headless:refuses", NULL);
	wait_for(&h.states, 1);
	ck_assert(!h.ready);
	ck_assert_ptr_nonnull(strstr(h.error, "does not want"));
	open_gate(0, ALL, REMOTE); /* nor for a viewer's sake */
	ck_assert(!h.gate[0].ok);
	run_for(3000); /* longer than the pause before another attempt */
	ck_assert(!h.ready);
	ck_assert_uint_eq(h.states, 1);
	ck_assert_int_eq(stop_agent(), 0);
}
END_TEST

static xcb_connection_t *client;
static xcb_window_t window;

static void open_window(void)
{
	client = xcb_connect(x.display, NULL);
	ck_assert_int_eq(xcb_connection_has_error(client), 0);
	xcb_screen_t *s = xcb_setup_roots_iterator(xcb_get_setup(client)).data;
	uint32_t v[] = { 0xffffff, 1, XCB_EVENT_MASK_KEY_PRESS };
	window = xcb_generate_id(client);
	xcb_create_window(client, XCB_COPY_FROM_PARENT, window, s->root, 0, 0, 320, 240, 0,
			XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
			XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, v);
	xcb_map_window(client, window);
	xcb_set_input_focus(client, XCB_INPUT_FOCUS_POINTER_ROOT, window, XCB_CURRENT_TIME);
	free(xcb_get_input_focus_reply(client, xcb_get_input_focus(client), NULL));
}

static unsigned next_key(void)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	for (;;) {
		xcb_generic_event_t *e = xcb_poll_for_event(client);
		unsigned code = e && (e->response_type & 0x7f) == XCB_KEY_PRESS
				? ((xcb_key_press_event_t *)e)->detail
				: 0;
		free(e);
		if (code)
			return code;
		hws_loop_once(h.loop, 2000);
		ck_assert_msg(test_now_ms() < end, "no key arrived");
	}
}

static bool is_down(unsigned code)
{
	xcb_query_keymap_reply_t *r =
			xcb_query_keymap_reply(client, xcb_query_keymap(client), NULL);
	bool down;

	ck_assert_ptr_nonnull(r);
	down = r->keys[code / 8] & 1u << code % 8;
	free(r);
	return down;
}

/* Pressed and let go at once, or held down until more is said. */
static void send_key(unsigned i, uint32_t code, bool hold)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__KeyEvent e = SES__KEY_EVENT__INIT;

	e.mode = SES__KEYBOARD_MODE__Map;
	e.press = !hold;
	e.down = hold;
	e.union_case = SES__KEY_EVENT__UNION_CHR;
	e.chr = code;
	m.union_case = SES__MESSAGE__UNION_KEY_EVENT;
	m.key_event = &e;
	send_wire(i, &m);
}

START_TEST(on_x11_keys_arrive_as_long_as_they_are_permitted)
{
	test_xvfb_start(&x, 320, 240);
	start_agent("x11", x.display);
	open_window();
	open_gate(0, ALL, REMOTE);
	wait_for(&h.gate[0].frames, 1);
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	while (h.gate[0].corner < 230) { /* the white window */
		ck_assert(test_now_ms() < end);
		hws_loop_once(h.loop, 20000);
	}
	send_key(0, 38, true);
	ck_assert_uint_eq(next_key(), 38);
	ck_assert(is_down(38));
	permit_gate(0, 0);
	end = test_now_ms() + TEST_PATIENCE_MS;
	while (is_down(38)) { /* who may not press any more holds nothing down either */
		ck_assert(test_now_ms() < end);
		hws_loop_once(h.loop, 20000);
	}
	send_key(0, 39, false);
	/* The gate's link and hostd's are two: an answer says that the key has been read. */
	Ses__Message ring = SES__MESSAGE__INIT;
	Ses__VoiceCallRequest call = SES__VOICE_CALL_REQUEST__INIT;
	call.is_connect = true;
	ring.union_case = SES__MESSAGE__UNION_VOICE_CALL_REQUEST;
	ring.voice_call_request = &call;
	send_wire(0, &ring);
	wait_for(&h.gate[0].declined, 1);
	permit_gate(0, ALL);
	settle_hostd();
	send_key(0, 40, false);
	ck_assert_uint_eq(next_key(), 40);
	xcb_disconnect(client);
	ck_assert_int_eq(stop_agent(), 0);
	test_xvfb_stop(&x);
}
END_TEST

static void xrandr(const char *const *args)
{
	const char *argv[20] = { "/usr/bin/xrandr", "--display", x.display };

	for (size_t n = 3; *args && n < 19; n++)
		argv[n] = *args++;
	ck_assert_int_eq(test_run(argv, NULL, NULL), 0);
}

static char *sample(size_t len, unsigned seed)
{
	char *text = calloc(1, len + 1);

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < len; i++) /* hard to compress */
		text[i] = (char)('!' + (seed = seed * 1103515245u + 12345u) / 65536u % 90);
	return text;
}

/* Longer than one property of the server, and than what a gate takes at once. */
START_TEST(long_texts_cross_the_clipboard_both_ways)
{
	const char *in[] = { "/usr/bin/xclip", "-display", x.display, "-selection", "clipboard",
		"-quiet", "-i", NULL, NULL };
	const char *out[] = { "/usr/bin/xclip", "-display", x.display, "-selection", "clipboard",
		"-o", NULL };
	char dir[256], file[300], *theirs = sample(1500000, 1), *ours = sample(1400000, 2);
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Clipboard c = SES__CLIPBOARD__INIT;
	struct test_proc owner, reader = { 0 };
	uint64_t end;
	FILE *f;

	test_xvfb_start(&x, 320, 240);
	start_agent("x11", x.display);
	open_gate(0, ALL, REMOTE);
	wait_for(&h.gate[0].frames, 1);
	snprintf(file, sizeof(file), "%s/text", test_dir(dir, sizeof(dir)));
	f = fopen(file, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(theirs, 1, 1500000, f), 1500000);
	fclose(f);
	in[7] = file;
	test_proc_start(&owner, in, NULL);
	wait_for(&h.gate[0].texts, 1);
	ck_assert_uint_eq(h.gate[0].text_len, 1500000);
	ck_assert_mem_eq(h.gate[0].text, theirs, 1500000);
	c.format = SES__CLIPBOARD_FORMAT__Text;
	c.content = (ProtobufCBinaryData){ 1400000, (uint8_t *)ours };
	m.union_case = SES__MESSAGE__UNION_CLIPBOARD;
	m.clipboard = &c;
	send_wire(0, &m);
	/* the program that owned it ends when it has lost it: so ours is there */
	end = test_now_ms() + TEST_PATIENCE_MS;
	while (test_proc_wait(&owner, 1) < 0 && test_now_ms() < end)
		hws_loop_once(h.loop, 5000);
	ck_assert(owner.ended);
	test_proc_start(&reader, out, NULL);
	while (reader.len < 1400000 && test_now_ms() < end) {
		hws_loop_once(h.loop, 1000);
		(void)test_proc_expect(&reader, "\x01", 1);
	}
	ck_assert_uint_eq(reader.len, 1400000);
	ck_assert_mem_eq(reader.log, ours, 1400000);
	ck_assert_uint_eq(h.gate[0].texts, 1); /* ours does not come back */
	ck_assert_int_eq(stop_agent(), 0);
	test_proc_stop(&reader);
	test_proc_stop(&owner);
	test_xvfb_stop(&x);
	free(theirs);
	free(ours);
}
END_TEST

START_TEST(a_screen_that_changes_its_size_is_shown_on)
{
	uint64_t end;

	test_xvfb_start(&x, 640, 480);
	start_agent("x11", x.display);
	open_gate(0, ALL, REMOTE);
	wait_for(&h.gate[0].decoded, 1);
	ck_assert_int_eq(h.gate[0].last_w, 640);
	xrandr((const char *const[]){ "--newmode", "small", "10", "321", "330", "340", "350", "241",
			"250", "260", "270", NULL });
	xrandr((const char *const[]){ "--addmode", "screen", "small", NULL });
	xrandr((const char *const[]){ "--output", "screen", "--mode", "small", NULL });
	end = test_now_ms() + TEST_PATIENCE_MS;
	while (h.gate[0].last_w != 321) { /* by a key frame: nothing else could be decoded */
		ck_assert_uint_lt(test_now_ms(), end);
		hws_loop_once(h.loop, 20000);
	}
	ck_assert_int_eq(h.gate[0].last_h, 241);
	ck_assert_uint_eq(h.gate[0].closed, 0);
	ck_assert_uint_eq(h.gate[0].lists, 1);
	ck_assert_int_eq(h.gate[0].width, 321);
	/* hostd is told how many there are when it asks whether the agent lives */
	ck_assert_uint_eq(h.displays, 1);
	xrandr((const char *const[]){
			"--setmonitor", "left", "200/100x241/200+0+0", "screen", NULL });
	xrandr((const char *const[]){
			"--setmonitor", "right", "121/100x241/200+200+0", "none", NULL });
	xrandr((const char *const[]){ "--output", "screen", "--mode", "640x480", NULL });
	end = test_now_ms() + TEST_PATIENCE_MS;
	while (h.displays != 2) {
		ck_assert_uint_lt(test_now_ms(), end);
		ping_agent();
		run_for(20);
	}
	ck_assert_int_eq(stop_agent(), 0);
	test_xvfb_stop(&x);
}
END_TEST

START_TEST(when_the_x_server_comes_back_it_is_served_again)
{
	test_xvfb_start_own(&x, 320, 240);
	start_agent("x11", x.display);
	open_gate(0, ALL, REMOTE);
	wait_for(&h.gate[0].frames, 1);
	test_xvfb_kill(&x);
	wait_for(&h.gate[0].closed, 1);
	while (h.ready)
		wait_for(&h.states, h.states + 1);
	test_xvfb_again(&x, 400, 300);
	while (!h.ready)
		wait_for(&h.states, h.states + 1);
	open_gate(1, ALL, REMOTE);
	ck_assert(h.gate[1].ok);
	ck_assert_int_eq(h.gate[1].width, 400);
	wait_for(&h.gate[1].frames, 1);
	ck_assert_int_eq(stop_agent(), 0);
	test_xvfb_stop(&x);
}
END_TEST

START_TEST(when_the_x_server_dies_viewers_are_let_go_and_the_agent_stays)
{
	test_xvfb_start_own(&x, 320, 240);
	start_agent("x11", x.display);
	open_gate(0, ALL, REMOTE);
	wait_for(&h.gate[0].frames, 1);
	unsigned n = h.states;
	test_xvfb_kill(&x);
	wait_for(&h.gate[0].closed, 1);
	wait_for(&h.states, n + 1);
	ck_assert(!h.ready);
	run_for(700); /* one vain attempt to open it again */
	ck_assert_uint_eq(h.gone, 0);
	open_gate(1, ALL, REMOTE);
	ck_assert(!h.gate[1].ok);
	ck_assert_int_eq(stop_agent(), 0);
	test_xvfb_stop(&x);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/agent");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_viewer_is_told_the_desktop_and_sees_it_move);
	tcase_add_test(t, what_is_not_offered_is_refused);
	tcase_add_test(t, a_viewer_that_does_not_read_is_waited_for_and_the_others_go_on);
	tcase_add_test(t, there_are_so_many_viewers_and_no_more);
	tcase_add_test(t, without_a_display_it_stays_and_says_why);
	tcase_add_test(t, a_viewer_waits_while_the_desktop_is_being_opened);
	tcase_add_test(t, a_person_who_refuses_is_not_asked_again);
	tcase_add_test(t, on_x11_keys_arrive_as_long_as_they_are_permitted);
	tcase_add_test(t, long_texts_cross_the_clipboard_both_ways);
	tcase_add_test(t, a_screen_that_changes_its_size_is_shown_on);
	tcase_add_test(t, when_the_x_server_comes_back_it_is_served_again);
	tcase_add_test(t, when_the_x_server_dies_viewers_are_let_go_and_the_agent_stays);
	suite_add_tcase(s, t);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
