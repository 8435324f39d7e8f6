/* host/gate: what it lets through of a viewer that only looks on, whatever that sends, which way
 * copied things go, and a viewer that is doubted. */
#include "client/host/gate_parts.h"
#include "shared/wire/clip_way.h"
#include "tests/support/suite.h"
#include "tests/unit/client/host/gate_stage.h"

#define LOOKS_ON "\x9a\x01\x04\x3a\x02\x60\x02"   /* option disable_keyboard Yes */
#define TAKES_PART "\x9a\x01\x04\x3a\x02\x60\x01" /* and No */
#define KEY "\x7a\x02\x08\x01"
#define MOUSE "\x52\x02\x10\x02"
#define CLIP "\x82\x01\x02\x12\x00"
#define CLIP_FIELD 16u
#define REFRESH_FIELD 1910u

static void open_session(const Agt__GateStart *like)
{
	Agt__GateStart s = *like;

	s.permissions = ~0u;
	start(&s);
	UNTIL(find(SES__MESSAGE__UNION_HASH));
	send_login("987654321", SES__LOGIN_REQUEST__UNION__NOT_SET);
	UNTIL(opens);
	agent_answers(true);
	UNTIL(find(SES__MESSAGE__UNION_LOGIN_RESPONSE));
}

static void pack(const Ses__Message *m, struct hws_buf *out)
{
	hws_buf_init(out, 1u << 16);
	ck_assert_int_eq(hws_ses_pack(m, out), HWS_OK);
}

static void viewer_says(const Ses__Message *m)
{
	struct hws_buf b;

	pack(m, &b);
	send_raw((const char *)hws_buf_bytes(&b).ptr, hws_buf_len(&b));
	hws_buf_done(&b);
}

static void agent_says(const Ses__Message *m)
{
	struct hws_buf b;

	pack(m, &b);
	ck_assert_int_eq(
			hws_ipc_send_wire(agent, HWS_CHANNEL_CLIPBOARD, hws_buf_bytes(&b)), HWS_OK);
	hws_buf_done(&b);
}

static Ses__Cliprdr files;
static Ses__CliprdrServerFormatList list;
static Ses__CliprdrFileContentsRequest wanted;

static Ses__Message offer(void)
{
	Ses__Message m = SES__MESSAGE__INIT;

	list = (Ses__CliprdrServerFormatList)SES__CLIPRDR_SERVER_FORMAT_LIST__INIT;
	files = (Ses__Cliprdr)SES__CLIPRDR__INIT;
	files.union_case = SES__CLIPRDR__UNION_FORMAT_LIST;
	files.format_list = &list;
	m.union_case = SES__MESSAGE__UNION_CLIPRDR;
	m.cliprdr = &files;
	return m;
}

static Ses__Message request(void)
{
	Ses__Message m = SES__MESSAGE__INIT;

	wanted = (Ses__CliprdrFileContentsRequest)SES__CLIPRDR_FILE_CONTENTS_REQUEST__INIT;
	files = (Ses__Cliprdr)SES__CLIPRDR__INIT;
	files.union_case = SES__CLIPRDR__UNION_FILE_CONTENTS_REQUEST;
	files.file_contents_request = &wanted;
	m.union_case = SES__MESSAGE__UNION_CLIPRDR;
	m.cliprdr = &files;
	return m;
}

static void viewer_toggles(bool on)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__TogglePrivacyMode t = SES__TOGGLE_PRIVACY_MODE__INIT;

	t.on = on;
	misc.union_case = SES__MISC__UNION_TOGGLE_PRIVACY_MODE;
	misc.toggle_privacy_mode = &t;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	viewer_says(&m);
}

/* All that a viewer could try. None of it is answered by an end of the session. */
static void lie(void)
{
	Ses__Message m = SES__MESSAGE__INIT, o = offer(), r;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__ClipboardPart part = SES__CLIPBOARD_PART__INIT;
	Ses__MultiClipboards multi = SES__MULTI_CLIPBOARDS__INIT;
	Ses__PointerDeviceEvent touch = SES__POINTER_DEVICE_EVENT__INIT;

	SEND(KEY);
	SEND(MOUSE);
	SEND(CLIP);
	viewer_says(&o);
	r = request();
	viewer_says(&r);
	viewer_toggles(true);
	m.union_case = SES__MESSAGE__UNION_MULTI_CLIPBOARDS;
	m.multi_clipboards = &multi;
	viewer_says(&m);
	m.union_case = SES__MESSAGE__UNION_POINTER_DEVICE_EVENT;
	m.pointer_device_event = &touch;
	viewer_says(&m);
	misc.union_case = SES__MISC__UNION_CLIPBOARD_PART;
	misc.clipboard_part = &part;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	viewer_says(&m);
}

START_TEST(who_looks_on_passes_nothing_whatever_it_sends)
{
	open_session(&(Agt__GateStart)AGT__GATE_START__INIT);
	SEND(LOOKS_ON);
	UNTIL(wires == 1);
	lie();
	SEND(REFRESH);
	UNTIL(wires == 2);
	ck_assert_uint_eq(last_wire_field, REFRESH_FIELD);
	/* nor does it get anything */
	ck_assert_int_eq(hws_ipc_send_wire(agent, HWS_CHANNEL_CLIPBOARD, hws_bytes(CLIP, 5)),
			HWS_OK);
	ck_assert_int_eq(hws_ipc_send_wire(agent, HWS_CHANNEL_VIDEO, hws_bytes(VIDEO, 4)), HWS_OK);
	UNTIL(find(SES__MESSAGE__UNION_VIDEO_FRAME));
	hws_loop_once(loop, 10000);
	ck_assert_ptr_null(find(SES__MESSAGE__UNION_CLIPBOARD));
	/* what is dark it may light */
	viewer_toggles(false);
	UNTIL(wires == 3);
	SEND(TAKES_PART);
	UNTIL(wires == 4);
	lie();
	UNTIL(wires == 4 + 9);
}
END_TEST

START_TEST(each_way_of_the_clipboard_is_shut_for_itself)
{
	Agt__GateStart s = AGT__GATE_START__INIT;
	Agt__GateControl c = AGT__GATE_CONTROL__INIT;
	Ses__Message m;

	s.clip_shut = HWS_CLIP_TO_HOST;
	open_session(&s);
	SEND(CLIP);
	m = offer();
	viewer_says(&m);
	SEND(REFRESH);
	UNTIL(wires == 1);
	ck_assert_uint_eq(last_wire_field, REFRESH_FIELD);
	m = request(); /* of what the host has copied */
	viewer_says(&m);
	UNTIL(wires == 2);
	agent_says(&m); /* but not the other way */
	m = offer();
	agent_says(&m);
	UNTIL(find(SES__MESSAGE__UNION_CLIPRDR));
	ck_assert_int_eq(find(SES__MESSAGE__UNION_CLIPRDR)->cliprdr->union_case,
			SES__CLIPRDR__UNION_FORMAT_LIST);
	c.set_permissions = true;
	c.permissions = ~0u;
	c.clip_shut = HWS_CLIP_FROM_HOST;
	hws_gate_control(gate, &c);
	SEND(CLIP);
	UNTIL(wires == 3);
	ck_assert_uint_eq(last_wire_field, CLIP_FIELD * 100);
	m = request();
	viewer_says(&m);
	SEND(REFRESH);
	UNTIL(wires == 4);
	ck_assert_uint_eq(last_wire_field, REFRESH_FIELD);
	ck_assert_int_eq(hws_ipc_send_wire(agent, HWS_CHANNEL_CLIPBOARD, hws_bytes(CLIP, 5)),
			HWS_OK);
	ck_assert_int_eq(hws_ipc_send_wire(agent, HWS_CHANNEL_VIDEO, hws_bytes(VIDEO, 4)), HWS_OK);
	UNTIL(find(SES__MESSAGE__UNION_VIDEO_FRAME));
	hws_loop_once(loop, 10000);
	ck_assert_ptr_null(find(SES__MESSAGE__UNION_CLIPBOARD));
}
END_TEST

START_TEST(a_doubted_viewer_that_says_nothing_ends)
{
	Agt__GateControl c = AGT__GATE_CONTROL__INIT;

	open_session(&(Agt__GateStart)AGT__GATE_START__INIT);
	c.prove_alive = true;
	hws_gate_control(gate, &c);
	ck_assert(gate->doubted);
	SEND(REFRESH); /* whatever it is, it is there */
	UNTIL(wires == 1);
	ck_assert(!gate->doubted);
	hws_gate_control(gate, &c);
	UNTIL(closed);
	ck_assert_str_eq(last_why, "Continued on a new connection");
}
END_TEST

/* Of what is not a message in order, nothing may pass either way. */
START_TEST(what_cannot_be_read_goes_no_way_that_is_shut)
{
	static const char *const forms[] = { "\xa2\x01\x02\x12\x05", "\xa2\x01\x01\x12",
		"\xa2\x01\x04\x12\x00\x22\x00" };
	const struct hws_session_row *row = hws_session_row(SES__MESSAGE__UNION_CLIPRDR, 0);
	const struct hws_session_row *video = hws_session_row(SES__MESSAGE__UNION_VIDEO_FRAME, 0);

	/* cut short twice; an offer and a request in one */
	ck_assert_uint_eq(hws_clip_ways(row, HWS_TO_HOST, hws_bytes(forms[0], 5)), HWS_CLIP_BOTH);
	ck_assert_uint_eq(hws_clip_ways(row, HWS_TO_HOST, hws_bytes(forms[1], 4)), HWS_CLIP_BOTH);
	ck_assert_uint_eq(hws_clip_ways(row, HWS_TO_HOST, hws_bytes(forms[2], 7)), HWS_CLIP_BOTH);
	ck_assert_uint_eq(hws_clip_ways(video, HWS_TO_VIEWER, hws_bytes(VIDEO, 4)), 0);
}
END_TEST

int main(void)
{
	return test_main("host/gate_rights", 70, setup, teardown,
			TESTS(who_looks_on_passes_nothing_whatever_it_sends,
					each_way_of_the_clipboard_is_shut_for_itself,
					a_doubted_viewer_that_says_nothing_ends,
					what_cannot_be_read_goes_no_way_that_is_shut));
}
