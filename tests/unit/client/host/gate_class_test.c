/* host/gate with a viewer that takes less than the agent sends: what a person waits for comes after
 * one frame of bulk at the most, counted, and what must come first or last does. */
#include "tests/support/suite.h"
#include "tests/unit/client/host/gate_stage.h"
#include <string.h>

#define BULK_BYTES 60000u
#define BULK_FRAMES 40u
/* The stream in memory holds two of them and the beginning of a third, which has begun. */
#define BEGUN 3u

static void agent_sends(enum hws_channel channel, const Ses__Message *m)
{
	struct hws_buf b;

	hws_buf_init(&b, 1u << 20);
	ck_assert_int_eq(hws_ses_pack(m, &b), HWS_OK);
	ck_assert_int_eq(hws_ipc_send_wire(agent, channel, hws_buf_bytes(&b)), HWS_OK);
	hws_buf_done(&b);
}

static void agent_sends_bulk(unsigned frames)
{
	static uint8_t data[BULK_BYTES];
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__ScreenshotResponse a = SES__SCREENSHOT_RESPONSE__INIT;

	a.data = (ProtobufCBinaryData){ sizeof(data), data };
	m.union_case = SES__MESSAGE__UNION_SCREENSHOT_RESPONSE;
	m.screenshot_response = &a;
	while (frames--)
		agent_sends(HWS_CHANNEL_SCREENSHOT, &m);
}

static void agent_sends_cursor(void)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_CURSOR_ID;
	m.cursor_id = 7;
	agent_sends(HWS_CHANNEL_CURSOR, &m);
}

static void open_session(void)
{
	Agt__GateStart s = AGT__GATE_START__INIT;

	s.permissions = ~0u;
	start(&s);
	send_login("987654321", SES__LOGIN_REQUEST__UNION__NOT_SET);
	UNTIL(opens);
	agent_answers(true);
	UNTIL(find(SES__MESSAGE__UNION_LOGIN_RESPONSE));
}

static void turns(unsigned n)
{
	while (n--)
		hws_loop_once(loop, 2000);
}

/* The line is full, the gate has had the agent hold bulk back, and most of it is still there. */
static void jam(void)
{
	hws_conn_pause(viewer);
	agent_sends_bulk(BULK_FRAMES);
	turns(50);
	ck_assert_uint_gt(hws_ipc_pending(agent), BULK_FRAMES / 2 * BULK_BYTES);
	ck_assert(hws_ipc_congested(agent, HWS_SEND_BULK));
}

static unsigned count(Ses__Message__UnionCase what, unsigned to)
{
	unsigned n = 0;

	for (unsigned i = 0; i < to; i++)
		n += seen[i]->union_case == what;
	return n;
}

static unsigned place_of(Ses__Message__UnionCase what)
{
	unsigned i = 0;

	while (i < seen_count && seen[i]->union_case != what)
		i++;
	ck_assert_uint_lt(i, seen_count);
	return i;
}

START_TEST(the_cursor_passes_bulk_all_the_way)
{
	open_session();
	jam();
	agent_sends_cursor();
	turns(10);
	hws_conn_resume(viewer);
	UNTIL(count(SES__MESSAGE__UNION_SCREENSHOT_RESPONSE, seen_count) == BULK_FRAMES);
	ck_assert_uint_le(count(SES__MESSAGE__UNION_SCREENSHOT_RESPONSE,
					  place_of(SES__MESSAGE__UNION_CURSOR_ID)),
			BEGUN);
	ck_assert_uint_eq(hws_ipc_pending(agent), 0);
}
END_TEST

START_TEST(pictures_pass_bulk_and_the_cursor_passes_both)
{
	open_session();
	jam();
	ck_assert_int_eq(hws_ipc_send_wire(agent, HWS_CHANNEL_VIDEO, hws_bytes(VIDEO, 4)), HWS_OK);
	agent_sends_cursor();
	turns(10);
	hws_conn_resume(viewer);
	UNTIL(count(SES__MESSAGE__UNION_SCREENSHOT_RESPONSE, seen_count) == BULK_FRAMES);
	unsigned video = place_of(SES__MESSAGE__UNION_VIDEO_FRAME);
	ck_assert_uint_le(count(SES__MESSAGE__UNION_SCREENSHOT_RESPONSE, video), BEGUN);
	ck_assert_uint_lt(place_of(SES__MESSAGE__UNION_CURSOR_ID), video);
}
END_TEST

START_TEST(an_echo_passes_bulk)
{
	open_session();
	jam();
	SEND("\x2a\x04\x08\x7b\x10\x01"); /* TestDelay of the viewer, time 123 */
	turns(10);
	hws_conn_resume(viewer);
	UNTIL(count(SES__MESSAGE__UNION_SCREENSHOT_RESPONSE, seen_count) == BULK_FRAMES);
	unsigned bulk = 0, i = 0;
	while (i < seen_count &&
			!(seen[i]->union_case == SES__MESSAGE__UNION_TEST_DELAY &&
					seen[i]->test_delay->from_client)) {
		bulk += seen[i]->union_case == SES__MESSAGE__UNION_SCREENSHOT_RESPONSE;
		i++;
	}
	ck_assert_uint_lt(i, seen_count);
	ck_assert_uint_le(bulk, BEGUN);
}
END_TEST

START_TEST(the_login_is_answered_before_anything_else)
{
	Agt__GateStart s = AGT__GATE_START__INIT;

	s.permissions = ~0u;
	start(&s);
	send_login("987654321", SES__LOGIN_REQUEST__UNION__NOT_SET);
	UNTIL(opens);
	agent_sends_bulk(1); /* before it may: dropped */
	agent_answers(true);
	agent_sends_cursor();
	agent_sends_bulk(2);
	UNTIL(count(SES__MESSAGE__UNION_SCREENSHOT_RESPONSE, seen_count) == 2);
	unsigned login = place_of(SES__MESSAGE__UNION_LOGIN_RESPONSE);
	ck_assert_uint_lt(place_of(SES__MESSAGE__UNION_HASH), login);
	ck_assert_uint_lt(login, place_of(SES__MESSAGE__UNION_CURSOR_ID));
	ck_assert_uint_lt(login, place_of(SES__MESSAGE__UNION_SCREENSHOT_RESPONSE));
}
END_TEST

START_TEST(the_reason_of_an_end_comes_last)
{
	open_session();
	hws_conn_pause(viewer);
	agent_sends_bulk(4);
	agent_sends_cursor();
	UNTIL(!hws_ipc_pending(agent));
	turns(20);
	hws_gate_close(gate, "enough", HWS_OK);
	hws_conn_resume(viewer);
	UNTIL(viewer_closed);
	ck_assert_int_eq(seen[seen_count - 1]->union_case, SES__MESSAGE__UNION_MISC);
	ck_assert_int_eq(seen[seen_count - 1]->misc->union_case, SES__MISC__UNION_CLOSE_REASON);
	ck_assert_uint_eq(count(SES__MESSAGE__UNION_SCREENSHOT_RESPONSE, seen_count), 4);
}
END_TEST

int main(void)
{
	return test_main("host/gate: classes", 120, setup, teardown,
			TESTS(the_cursor_passes_bulk_all_the_way,
					pictures_pass_bulk_and_the_cursor_passes_both,
					an_echo_passes_bulk,
					the_login_is_answered_before_anything_else,
					the_reason_of_an_end_comes_last));
}
