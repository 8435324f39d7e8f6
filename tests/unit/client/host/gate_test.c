/* host/gate, plain: login, permissions, what is passed on, how a session ends. A scripted viewer on
 * a stream in memory, a scripted hostd, a scripted agent (gate_stage.h). */
#include "client/host/gate.h"
#include "client/host/gate_parts.h"
#include "client/host/gate_reply.h"
#include "client/host/ipc.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/crypto/record.h"
#include "shared/net/conn.h"
#include "shared/wire/envelope.h"
#include "shared/wire/frame.h"
#include "shared/wire/secure.h"
#include "shared/wire/session_table.h"
#include "tests/support/suite.h"
#include "tests/unit/client/host/gate_stage.h"
#include <check.h>
#include <stdlib.h>

static const char *close_reason(void)
{
	for (unsigned i = 0; i < seen_count; i++)
		if (seen[i]->union_case == SES__MESSAGE__UNION_MISC &&
				seen[i]->misc->union_case == SES__MISC__UNION_CLOSE_REASON)
			return seen[i]->misc->close_reason;
	return NULL;
}

/* The wire form of small messages. */
#define MOUSE "\x52\x02\x10\x02"
#define KEY "\x7a\x02\x08\x01"

#define CLIP "\x82\x01\x02\x12\x00"

static void open_session(uint64_t permissions)
{
	Agt__GateStart s = AGT__GATE_START__INIT;

	s.permissions = permissions;
	start(&s);
	UNTIL(find(SES__MESSAGE__UNION_HASH));
	send_login("987654321", SES__LOGIN_REQUEST__UNION__NOT_SET);
	UNTIL(opens);
	agent_answers(true);
	UNTIL(find(SES__MESSAGE__UNION_LOGIN_RESPONSE));
	ck_assert_ptr_null(login_error());
}

START_TEST(a_direct_session_opens_and_carries_both_ways)
{
	open_session(~0u);
	ck_assert_str_eq(seen[0]->hash->challenge, "7kq3fx");
	ck_assert_str_eq(find(SES__MESSAGE__UNION_LOGIN_RESPONSE)
					 ->login_response->peer_info->hostname,
			"host");
	ck_assert_str_eq(last_state, "open");
	SEND(MOUSE);
	SEND(REFRESH);
	UNTIL(wires == 2);
	ck_assert_uint_eq(last_wire_field, 1910);
	ck_assert_int_eq(hws_ipc_send_wire(agent, HWS_CHANNEL_VIDEO, hws_bytes(VIDEO, 4)), HWS_OK);
	UNTIL(find(SES__MESSAGE__UNION_VIDEO_FRAME));
}
END_TEST

START_TEST(denied_permissions_are_told_at_the_start_in_order)
{
	Agt__GateStart s = AGT__GATE_START__INIT;
	static const int order[] = { 0, 2, 3, 4, 5, 6, 7, 8 };

	answer = AGT__LOGIN_VERDICT__RESULT__WRONG;
	start(&s);
	UNTIL(seen_count == 1); /* of whom it knows nothing it tells nothing */
	send_login("987654321", SES__LOGIN_REQUEST__UNION__NOT_SET);
	UNTIL(seen_count >= 10);
	ck_assert_int_eq(seen[0]->union_case, SES__MESSAGE__UNION_HASH);
	for (int i = 0; i < 8; i++) {
		ck_assert_int_eq(seen[i + 1]->misc->union_case, SES__MISC__UNION_PERMISSION_INFO);
		ck_assert_int_eq(seen[i + 1]->misc->permission_info->permission, order[i]);
		ck_assert(!seen[i + 1]->misc->permission_info->enabled);
	}
	ck_assert_int_eq(seen[9]->union_case, SES__MESSAGE__UNION_TEST_DELAY);
}
END_TEST

START_TEST(nothing_reaches_the_agent_before_login_or_unpermitted)
{
	open_session(HWS_NEED(HWS_PERM_KEYBOARD));
	SEND(CLIP);
	SEND(MOUSE);
	UNTIL(wires == 1);
	ck_assert_uint_eq(last_wire_field, 1000);
	ck_assert_int_eq(hws_ipc_send_wire(agent, HWS_CHANNEL_VIDEO, hws_bytes(CLIP, 5)), HWS_OK);
	ck_assert_int_eq(hws_ipc_send_wire(agent, HWS_CHANNEL_VIDEO, hws_bytes(VIDEO, 4)), HWS_OK);
	UNTIL(find(SES__MESSAGE__UNION_VIDEO_FRAME));
	ck_assert_ptr_null(find(SES__MESSAGE__UNION_CLIPBOARD));
}
END_TEST

START_TEST(a_wrong_password_keeps_the_dialogue_open)
{
	Agt__GateStart s = AGT__GATE_START__INIT;

	answer = AGT__LOGIN_VERDICT__RESULT__WRONG;
	answer_text = "Wrong Password";
	start(&s);
	UNTIL(find(SES__MESSAGE__UNION_HASH));
	SEND(MOUSE);
	send_login("987654321", SES__LOGIN_REQUEST__UNION__NOT_SET);
	UNTIL(login_error());
	ck_assert_str_eq(login_error(), "Wrong Password");
	answer = AGT__LOGIN_VERDICT__RESULT__OK;
	send_login("987654321", SES__LOGIN_REQUEST__UNION__NOT_SET);
	UNTIL(opens == 1);
	ck_assert_uint_eq(checks, 2);
	ck_assert_uint_eq(wires, 0);
}
END_TEST

START_TEST(a_refusal_is_sent_and_the_link_closed)
{
	Agt__GateStart s = AGT__GATE_START__INIT;

	answer = AGT__LOGIN_VERDICT__RESULT__CLOSED;
	answer_text = "Offline";
	start(&s);
	send_login("987654321", SES__LOGIN_REQUEST__UNION__NOT_SET);
	UNTIL(viewer_closed && closed);
	ck_assert_str_eq(login_error(), "Offline");
	ck_assert_str_eq(last_state, "closed");
}
END_TEST

START_TEST(the_type_of_a_session_is_fixed_by_the_first_request)
{
	Agt__GateStart s = AGT__GATE_START__INIT;

	answer = AGT__LOGIN_VERDICT__RESULT__WRONG;
	start(&s);
	send_login("987654321", SES__LOGIN_REQUEST__UNION__NOT_SET);
	UNTIL(checks == 1);
	send_login("987654321", SES__LOGIN_REQUEST__UNION_VIEW_CAMERA);
	UNTIL(viewer_closed);
	ck_assert_str_eq(login_error(), "Connection not allowed");
	ck_assert_uint_eq(checks, 1);
}
END_TEST

START_TEST(two_members_in_one_message_are_no_message)
{
	open_session(~0u);
	SEND(MOUSE CLIP);
	SEND("\x9a\x01\x04\x50\x01\x50\x01"); /* two members of Misc */
	SEND("\xff\xff\xff");
	SEND("\xfa\x3e\x02hi"); /* an unknown field */
	SEND("");
	SEND(KEY);
	UNTIL(wires == 1);
	ck_assert_uint_eq(last_wire_field, 1500);
	ck_assert(!viewer_closed);
}
END_TEST

START_TEST(a_login_may_bring_a_picture_of_its_user)
{
	Agt__GateStart s = AGT__GATE_START__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__LoginRequest lr = SES__LOGIN_REQUEST__INIT;
	static char picture[200000];

	memset(picture, 'A', sizeof(picture) - 1);
	start(&s);
	UNTIL(find(SES__MESSAGE__UNION_HASH));
	lr.username = (char *)"123456789";
	lr.my_id = (char *)"987654321";
	lr.avatar = picture;
	m.union_case = SES__MESSAGE__UNION_LOGIN_REQUEST;
	m.login_request = &lr;
	ck_assert_int_eq(hws_gate_send(viewer, &m), HWS_OK);
	UNTIL(opens);
}
END_TEST

START_TEST(frames_above_the_cap_before_login_end_the_link)
{
	Agt__GateStart s = AGT__GATE_START__INIT;
	char *big = calloc(1, HWS_SES_LOGIN_FRAME_MAX + 100);

	start(&s);
	UNTIL(find(SES__MESSAGE__UNION_HASH));
	send_raw(big, HWS_SES_LOGIN_FRAME_MAX + 100);
	UNTIL(closed);
	UNTIL(viewer_closed);
	free(big);
}
END_TEST

START_TEST(members_above_their_own_cap_are_dropped)
{
	static char big[4000] = "\x52\x9a\x1f";

	open_session(~0u);
	send_raw(big, 3 + 3994);
	SEND(KEY);
	UNTIL(wires == 1);
	ck_assert_uint_eq(last_wire_field, 1500);
}
END_TEST

START_TEST(the_viewers_goodbye_is_heard_before_login_too)
{
	Agt__GateStart s = AGT__GATE_START__INIT;

	start(&s);
	UNTIL(find(SES__MESSAGE__UNION_HASH));
	SEND("\x9a\x01\x02\x4a\x00"); /* empty close_reason */
	UNTIL(closed);
	ck_assert_str_eq(last_why, "closed by the viewer");
}
END_TEST

START_TEST(view_only_is_enforced_here)
{
	open_session(~0u);
	SEND("\x9a\x01\x04\x3a\x02\x60\x02"); /* option disable_keyboard Yes */
	UNTIL(wires == 1);
	SEND(MOUSE);
	SEND("\x9a\x01\x04\x3a\x02\x60\x01"); /* and No */
	UNTIL(wires == 2);
	SEND(KEY);
	UNTIL(wires == 3); /* both options and the key */
	ck_assert_uint_eq(last_wire_field, 1500);
}
END_TEST

START_TEST(permissions_taken_away_are_told_and_enforced)
{
	Agt__GateControl c = AGT__GATE_CONTROL__INIT;
	unsigned before;

	open_session(~0u);
	before = seen_count;
	c.set_permissions = true;
	c.permissions = ~0u & ~HWS_NEED(HWS_PERM_KEYBOARD);
	hws_gate_control(gate, &c);
	UNTIL(seen_count > before);
	SEND(MOUSE);
	SEND(REFRESH);
	UNTIL(wires == 1);
	ck_assert_uint_eq(last_wire_field, 1910);
}
END_TEST

START_TEST(a_dead_agent_ends_the_session_with_a_reason)
{
	open_session(~0u);
	hws_ipc_close(agent, HWS_OK);
	UNTIL(viewer_closed && closed);
	ck_assert_str_eq(close_reason(), "The desktop session on the host was interrupted");
}
END_TEST

START_TEST(an_agent_without_a_display_is_told_to_the_viewer)
{
	Agt__GateStart s = AGT__GATE_START__INIT;

	start(&s);
	send_login("987654321", SES__LOGIN_REQUEST__UNION__NOT_SET);
	UNTIL(opens);
	agent_answers(false);
	UNTIL(login_error());
	ck_assert_str_eq(login_error(), "No displays");
	UNTIL(viewer_closed);
}
END_TEST

START_TEST(a_kick_says_why)
{
	Agt__GateControl c = AGT__GATE_CONTROL__INIT;

	open_session(~0u);
	c.close = true;
	c.reason = (char *)"Closed manually by the peer";
	hws_gate_control(gate, &c);
	UNTIL(viewer_closed && closed);
	ck_assert_str_eq(close_reason(), "Closed manually by the peer");
}
END_TEST

START_TEST(a_silent_viewer_is_dropped_when_its_login_time_is_over)
{
	Agt__GateStart s = AGT__GATE_START__INIT;

	s.login_timeout_ms = 50;
	start(&s);
	UNTIL(viewer_closed && closed);
	ck_assert_ptr_null(close_reason()); /* nobody knows yet in what form to say it */
	ck_assert_str_eq(last_why, "Login timed out");
}
END_TEST

START_TEST(a_viewer_that_never_logs_in_is_told)
{
	Agt__GateStart s = AGT__GATE_START__INIT;

	s.login_timeout_ms = 50;
	start(&s);
	SEND("\x2a\x02\x10\x01");
	UNTIL(viewer_closed && closed);
	ck_assert_str_eq(close_reason(), "Login timed out");
}
END_TEST

START_TEST(a_viewer_that_asks_its_user_gets_more_time)
{
	Agt__GateStart s = AGT__GATE_START__INIT;
	uint64_t begin_us;

	s.login_timeout_ms = 400; /* also a slow machine has said its password by then */
	answer = AGT__LOGIN_VERDICT__RESULT__WRONG;
	answer_text = "Wrong Password";
	start(&s);
	UNTIL(find(SES__MESSAGE__UNION_HASH));
	begin_us = hws_clock_us();
	send_login("987654321", SES__LOGIN_REQUEST__UNION__NOT_SET);
	UNTIL(viewer_closed && closed);
	ck_assert_str_eq(close_reason(), "Login timed out");
	ck_assert_uint_ge(hws_clock_us() - begin_us, 3600 * HWS_US_PER_MS);
}
END_TEST

START_TEST(test_delay_is_echoed_and_measured)
{
	Ses__Message *m;
	unsigned n = 0;

	open_session(~0u);
	SEND("\x2a\x04\x08\x05\x10\x01"); /* the viewer's own probe */
	UNTIL((m = seen[seen_count - 1]) && m->union_case == SES__MESSAGE__UNION_TEST_DELAY &&
			m->test_delay->from_client);
	ck_assert_int_eq(m->test_delay->time, 5);
	SEND("\x2a\x00"); /* the answer to the host's probe */
	for (unsigned i = 0; i < seen_count; i++)
		n += seen[i]->union_case == SES__MESSAGE__UNION_TEST_DELAY;
	ck_assert_uint_eq(n, 2);
	UNTIL(seen[seen_count - 1]->union_case == SES__MESSAGE__UNION_TEST_DELAY &&
			!seen[seen_count - 1]->test_delay->from_client); /* the next one */
	/* However fast the answer was: pacing takes 0 for "not measured" and stays slow. */
	ck_assert_uint_ge(seen[seen_count - 1]->test_delay->last_delay, 1);
}
END_TEST

static const Ses__TestDelay *last_probe(void)
{
	for (unsigned i = seen_count; i-- > 0;)
		if (seen[i]->union_case == SES__MESSAGE__UNION_TEST_DELAY &&
				!seen[i]->test_delay->from_client)
			return seen[i]->test_delay;
	return NULL;
}

static void answer_probe(int64_t number) /* below 128 */
{
	const uint8_t m[] = { 0x2a, 2, 8, (uint8_t)number };

	ck_assert_int_eq(hws_conn_send(viewer, hws_bytes(m, sizeof(m))), HWS_OK);
}

START_TEST(each_picture_is_followed_by_a_probe_and_its_arrival_is_told)
{
	/* Message 6, a video frame, with one unknown field of as many bytes as fit. */
	static char frame[5000] = "\x32\x85\x27\xfa\x01\x81\x27";
	uint64_t start = hws_clock_us();

	quality = (Agt__LinkQuality)AGT__LINK_QUALITY__INIT;
	open_session(~0u);
	UNTIL(last_probe());
	int64_t first = last_probe()->time;
	answer_probe(first);
	UNTIL(quality.rtt_us);
	ck_assert_uint_eq(quality.delivered, 0);
	for (int64_t i = 1; i <= 3; i++) {
		ck_assert_int_eq(
				hws_ipc_send_wire(agent, HWS_CHANNEL_VIDEO, hws_bytes(frame, 5000)),
				HWS_OK);
		UNTIL(last_probe()->time == first + i);
	}
	ck_assert_uint_eq(quality.delivered, 0);
	/* While they are unanswered, the round trip takes at least as long as that lasts
	 * already. */
	uint64_t wait_until = hws_clock_us() + 30 * HWS_US_PER_MS;
	while (hws_clock_us() < wait_until)
		hws_loop_once(loop, 5000);
	ck_assert_int_eq(hws_ipc_send_wire(agent, HWS_CHANNEL_VIDEO, hws_bytes(frame, 5000)),
			HWS_OK);
	UNTIL(last_probe()->time == first + 4);
	ck_assert_uint_ge(last_probe()->last_delay, 30);
	answer_probe(first + 2);
	UNTIL(quality.delivered);
	ck_assert_uint_eq(quality.delivered, 10000);
	ck_assert_uint_ge(quality.first_us, start);
	ck_assert_uint_ge(quality.answered_us, quality.first_us);
	answer_probe(first + 4);
	answer_probe(first + 4);          /* twice: means nothing */
	SEND("\x2a\x04\x08\x05\x10\x01"); /* comes back when all before was looked at */
	UNTIL(seen[seen_count - 1]->test_delay->from_client);
	ck_assert_uint_eq(quality.delivered, 20000);
}
END_TEST

START_TEST(a_viewer_that_does_not_read_holds_the_agent_back)
{
	static char frame[100000] = "\x32\x9c\x8d\x06";
	int r = HWS_OK;
	unsigned sent = 0;

	open_session(~0u);
	swallow = true;
	hws_conn_pause(viewer);
	for (int i = 0; i < 2000 && r == HWS_OK; i++) {
		r = hws_ipc_send_wire(agent, HWS_CHANNEL_VIDEO, hws_bytes(frame, sizeof(frame)));
		sent += r == HWS_OK;
		hws_loop_once(loop, 0);
		if (hws_ipc_congested(agent, HWS_SEND_VIDEO))
			break;
	}
	ck_assert(hws_ipc_congested(agent,
			HWS_SEND_VIDEO)); /* it feels it, and the gate's queue stayed small */
	ck_assert_uint_lt(sent, 100);
	hws_conn_resume(viewer);
	UNTIL(!hws_ipc_pending(agent));
	ck_assert(!viewer_closed);
}
END_TEST

/* Before the login as well: whoever asks and reads no answers would be given memory for them. */
START_TEST(probes_of_a_viewer_that_does_not_read_pile_up_nowhere)
{
	Agt__GateStart s = AGT__GATE_START__INIT;
	unsigned n = 0;

	start(&s);
	UNTIL(find(SES__MESSAGE__UNION_HASH));
	hws_conn_pause(viewer);
	for (unsigned i = 0; i < 200000; i++) {
		/* 900 bytes in an unknown field: answers are as long as questions */
		static char probe[910] = "\x2a\x8a\x07\x10\x01\x7a\x85\x07";

		send_raw(probe, 909);
		n += hws_conn_pending(viewer) == 0;
		if (i % 16 == 0)
			hws_loop_once(loop, 0);
		if (n > 4000)
			break;
	}
	ck_assert_uint_gt(n, 4000); /* more than 3 MB were taken */
	ck_assert_uint_lt(hws_conn_pending(gate->conn), 512u << 10);
	ck_assert(!viewer_closed);
}
END_TEST

int main(void)
{
	return test_main("host/gate", 20, setup, teardown,
			TESTS(a_direct_session_opens_and_carries_both_ways,
					denied_permissions_are_told_at_the_start_in_order,
					nothing_reaches_the_agent_before_login_or_unpermitted,
					a_wrong_password_keeps_the_dialogue_open,
					a_refusal_is_sent_and_the_link_closed,
					the_type_of_a_session_is_fixed_by_the_first_request,
					two_members_in_one_message_are_no_message,
					a_login_may_bring_a_picture_of_its_user,
					frames_above_the_cap_before_login_end_the_link,
					members_above_their_own_cap_are_dropped,
					the_viewers_goodbye_is_heard_before_login_too,
					view_only_is_enforced_here,
					permissions_taken_away_are_told_and_enforced,
					a_dead_agent_ends_the_session_with_a_reason,
					an_agent_without_a_display_is_told_to_the_viewer,
					a_kick_says_why,
					a_silent_viewer_is_dropped_when_its_login_time_is_over,
					a_viewer_that_never_logs_in_is_told,
					a_viewer_that_asks_its_user_gets_more_time,
					test_delay_is_echoed_and_measured,
					probes_of_a_viewer_that_does_not_read_pile_up_nowhere,
					each_picture_is_followed_by_a_probe_and_its_arrival_is_told,
					a_viewer_that_does_not_read_holds_the_agent_back));
}
