/* host/gate, host/refusal: every member of Message and Misc that a viewer may send in an open
 * session is either carried to the desktop, acted on, answered with a refusal, or stands below with
 * the reason for silence. */
#include "client/host/gate.h"
#include "client/host/gate_login.h"
#include "client/host/gate_reply.h"
#include "client/host/ipc.h"
#include "client/host/refusal.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/net/conn.h"
#include "shared/wire/envelope.h"
#include "shared/wire/field.h"
#include "shared/wire/limits.h"
#include "shared/wire/secure.h"
#include "shared/wire/session_rights.h"
#include "shared/wire/session_table.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEEN_MAX 400

static struct hws_loop *loop;
static struct hws_gate *gate;
static struct hws_ipc *agent;
static struct hws_conn *viewer;
static Ses__Message *seen[SEEN_MAX];
static unsigned seen_count, wires;
static struct hws_identity identity;
static bool opened;
static FILE *log_file;

#define UNTIL(cond)                                                                                \
	do {                                                                                       \
		uint64_t end_us = hws_clock_us() + 10 * HWS_US_PER_S;                              \
		while (!(cond)) {                                                                  \
			ck_assert_msg(hws_clock_us() < end_us, "never: %s", #cond);                \
			hws_loop_once(loop, 10000);                                                \
		}                                                                                  \
	} while (0)

static void on_agent_message(
		struct hws_ipc *l, const Agt__Message *m, int fd HWS_UNUSED, void *arg HWS_UNUSED)
{
	static uint8_t info[] = "\x12\x04host\x1a\x05Linux";
	Agt__Message answer = AGT__MESSAGE__INIT;
	Agt__Opened o = AGT__OPENED__INIT;

	if (m->union_case != AGT__MESSAGE__UNION_OPEN)
		return;
	o.ok = true;
	o.peer_info = (ProtobufCBinaryData){ sizeof(info) - 1, info };
	answer.union_case = AGT__MESSAGE__UNION_OPENED;
	answer.opened = &o;
	ck_assert_int_eq(hws_ipc_send(l, &answer, -1), HWS_OK);
}

static void on_agent_wire(
		struct hws_ipc *l HWS_UNUSED, struct hws_bytes m HWS_UNUSED, void *arg HWS_UNUSED)
{
	wires++;
}

static void on_agent_close(struct hws_ipc *l HWS_UNUSED, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	agent = NULL;
}

static void on_sign(const uint8_t box_pk[HWS_BOX_PK_LEN], void *arg HWS_UNUSED)
{
	static const uint8_t nonce[HWS_NONCE_LEN];
	uint8_t signed_id[HWS_SECURE_SIGNED_MAX];
	const struct hws_secure_host_word w = {
		.identity = &identity, .id = "123456789", .box_pk = box_pk, .nonce = nonce
	};
	Agt__SignReply reply = AGT__SIGN_REPLY__INIT;
	size_t len;

	ck_assert_int_eq(hws_secure_sign(&w, signed_id, &len), HWS_OK);
	reply.signed_id = (ProtobufCBinaryData){ len, signed_id };
	hws_gate_signed(gate, &reply);
}

static void on_check(const Agt__LoginCheck *check HWS_UNUSED, void *arg HWS_UNUSED)
{
	struct hws_ipc_conf lc = { .frame_max = HWS_SES_FRAME_MAX + 1,
		.on_message = on_agent_message,
		.on_wire = on_agent_wire,
		.on_close = on_agent_close };
	Agt__LoginVerdict v = AGT__LOGIN_VERDICT__INIT;
	int fds[2];

	ck_assert_int_eq(hws_ipc_pair(fds), HWS_OK);
	ck_assert_int_eq(hws_ipc_new(loop, fds[0], &lc, &agent), HWS_OK);
	v.result = AGT__LOGIN_VERDICT__RESULT__OK;
	hws_gate_verdict(gate, &v, fds[1]);
}

static void on_state(const Agt__GateState *s HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_closed(struct hws_gate *g HWS_UNUSED, void *arg HWS_UNUSED)
{
	gate = NULL;
}

static void on_frame(struct hws_conn *c HWS_UNUSED, struct hws_bytes payload, void *arg HWS_UNUSED)
{
	ck_assert_uint_lt(seen_count, SEEN_MAX);
	ck_assert_int_eq(hws_ses_unpack(payload, &seen[seen_count]), HWS_OK);
	if (seen[seen_count]->union_case == SES__MESSAGE__UNION_LOGIN_RESPONSE) {
		opened = true;
	} else if (opened && seen[seen_count]->union_case != SES__MESSAGE__UNION_TEST_DELAY) {
		seen_count++; /* a probe comes whenever it likes */
		return;
	}
	hws_ses_free(seen[seen_count]);
}

static void on_viewer_close(struct hws_conn *c HWS_UNUSED, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	viewer = NULL;
}

static void forget_seen(void)
{
	for (unsigned i = 0; i < seen_count; i++)
		hws_ses_free(seen[i]);
	seen_count = 0;
}

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	hws_identity_generate(false, &identity);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	log_file = tmpfile();
	ck_assert_ptr_nonnull(log_file);
	hws_log_setup("gate", HWS_LOG_TEXT, fileno(log_file));
}

static void teardown(void)
{
	if (gate)
		hws_gate_close(gate, NULL, HWS_OK);
	hws_conn_close(viewer, HWS_OK);
	hws_ipc_close(agent, HWS_OK);
	forget_seen();
	hws_loop_free(loop);
	hws_log_setup("test", HWS_LOG_TEXT, 2);
	fclose(log_file);
}

static unsigned count_in_log(const char *text)
{
	static char buf[1 << 16];
	ssize_t n = pread(fileno(log_file), buf, sizeof(buf) - 1, 0);
	unsigned found = 0;

	ck_assert_int_ge(n, 0);
	buf[n] = 0;
	for (const char *at = strstr(buf, text); at; at = strstr(at + 1, text))
		found++;
	return found;
}

static void open_session(uint64_t permissions, Ses__OptionMessage *option, const char *version)
{
	struct hws_gate_conf conf = { on_sign, on_check, on_state, on_closed, NULL };
	struct hws_conn_conf cc = { .frame_max = 40u << 20,
		.send_max = 80u << 20,
		.send_high = 1u << 20,
		.on_frame = on_frame,
		.on_close = on_viewer_close };
	struct hws_mem_conf mc = { .pipe_max = 128u << 10 };
	Agt__GateStart s = AGT__GATE_START__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__LoginRequest lr = SES__LOGIN_REQUEST__INIT;
	struct hws_stream *a, *b;

	s.own_id = (char *)"123456789";
	s.peer_addr = (char *)"192.0.2.7:1";
	s.salt = (char *)"23456789abcdefghijkmnpqrstuvwxyz";
	s.challenge = (char *)"7kq3fx";
	s.login_timeout_ms = 60000;
	s.permissions = permissions;
	s.allow_plaintext = true;
	ck_assert_int_eq(hws_stream_mem_pair(loop, &mc, &a, &b), HWS_OK);
	ck_assert_int_eq(hws_conn_new(loop, b, &cc, (struct hws_bytes){ 0 }, &viewer), HWS_OK);
	ck_assert_int_eq(hws_gate_new(loop, &conf, &s, a, &gate), HWS_OK);
	lr.username = (char *)"123456789";
	lr.my_id = (char *)"987654321";
	lr.version = (char *)(uintptr_t)version;
	lr.option = option;
	m.union_case = SES__MESSAGE__UNION_LOGIN_REQUEST;
	m.login_request = &lr;
	ck_assert_int_eq(hws_gate_send(viewer, &m), HWS_OK);
	UNTIL(opened);
}

static void put_varint(struct hws_buf *b, uint32_t v)
{
	uint8_t num[10];

	hws_buf_put(b, num, hws_varint_put(v, num));
}

static void put_field(struct hws_buf *b, uint32_t field, bool is_text, struct hws_bytes body)
{
	put_varint(b, field << 3 | (is_text ? 2 : 0));
	if (is_text) {
		put_varint(b, (uint32_t)body.len);
		hws_buf_put(b, body.ptr, body.len);
	} else {
		hws_buf_put_u8(b, 1);
	}
}

static bool is_number(const ProtobufCMessageDescriptor *d, uint32_t field)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(d, field);

	return f && f->type != PROTOBUF_C_TYPE_MESSAGE && f->type != PROTOBUF_C_TYPE_STRING &&
			f->type != PROTOBUF_C_TYPE_BYTES;
}

/* The member alone, with `body` when it holds one. */
static void send_member(uint32_t field, uint32_t misc, struct hws_bytes body)
{
	struct hws_buf inner, outer;

	hws_buf_init(&inner, 1 << 20);
	hws_buf_init(&outer, 1 << 20);
	if (misc) {
		put_field(&inner, misc, !is_number(&ses__misc__descriptor, misc), body);
		put_field(&outer, 19, true, hws_buf_bytes(&inner));
	} else {
		put_field(&outer, field, !is_number(&ses__message__descriptor, field), body);
	}
	ck_assert_int_eq(hws_conn_send(viewer, hws_buf_bytes(&outer)), HWS_OK);
	hws_buf_done(&inner);
	hws_buf_done(&outer);
}

/* A probe comes back behind everything that was sent before it. */
static void send_and_settle(uint32_t field, uint32_t misc, struct hws_bytes body)
{
	unsigned before = wires;

	send_member(field, misc, body);
	send_member(19, 10, hws_bytes("", 0)); /* refresh_video is carried on */
	UNTIL(wires > before && !hws_conn_pending(viewer));
	for (int i = 0; i < 5; i++)
		hws_loop_once(loop, 2000);
}

static const char job[] = "\x08\x07\x12\x02/x";

/* Of all permissions, and of none: what the viewer gets. `text` = of a box, file error,
 * elevation. */
static const struct {
	uint32_t field, misc;
	const char *body;
	size_t body_len;
	int answer; /* member of Message; of Misc + 1000 */
	const char *text;
	int64_t number; /* state of a notification, id of a job */
} refused[] = {
	{ 19, 18, "\x08\x01", 2, 1019, "No need to elevate", 0 },
};

/* What a desktop may be able to do, and tells here that it is not. */
static const struct {
	uint32_t misc;
	const char *body;
	size_t body_len;
	int answer;
	const char *text;
	int64_t number;
} unserved[] = {
	{ 14, "", 0, 21, "not restarted", 0 },
	{ 21, "\x0a\x00", 2, 21, "cannot change sides", 0 },
	{ 24, "\x08\x01", 2, 21, "keep their size", 0 },
	{ 36, "\x12\x04\x08\x01\x10\x01", 6, 21, "keep their size", 0 },
	{ 32, "\x10\x01", 2, 21, "Failed to plug in virtual display: ", 0 },
	{ 32, "\x08\x01", 2, 21, "Failed to plug out virtual displays: ", 0 },
	{ 33, "\x10\x01", 2, 1013, "",
			SES__BACK_NOTIFICATION__PRIVACY_MODE_STATE__PrvNotSupported },
	{ 33, "\x0a\x01k", 3, 1013, "Not supported",
			SES__BACK_NOTIFICATION__PRIVACY_MODE_STATE__PrvOffFailed },
};

static void check_answer(const Ses__Message *m, int answer, const char *text, int64_t number)
{
	const char *got = "";
	int64_t got_number = 0;
	int what = (int)m->union_case;

	if (m->union_case == SES__MESSAGE__UNION_MISC)
		what = 1000 + (int)m->misc->union_case;
	ck_assert_int_eq(what, answer);
	if (what == 21) {
		got = m->message_box->text;
		/* or deployed viewers end the session with the box */
		ck_assert_ptr_nonnull(strstr(m->message_box->msgtype, "custom"));
	} else if (what == 18) {
		ck_assert_int_eq(m->file_response->union_case, SES__FILE_RESPONSE__UNION_ERROR);
		got = m->file_response->error->error;
		got_number = m->file_response->error->id;
	} else if (what == 1019) {
		got = m->misc->elevation_response;
	} else if (what == 1013) {
		got = m->misc->back_notification->details;
		got_number = (int64_t)m->misc->back_notification->privacy_mode_state;
	}
	ck_assert_msg(strstr(got, text), "%s instead of %s", got, text);
	ck_assert_int_eq(got_number, number);
}

START_TEST(what_is_permitted_and_not_served_is_refused)
{
	open_session(~0u, NULL, "1.4.9");
	send_and_settle(refused[_i].field, refused[_i].misc,
			hws_bytes(refused[_i].body, refused[_i].body_len));
	ck_assert_uint_eq(wires, 1);
	ck_assert_uint_eq(seen_count, 1);
	check_answer(seen[0], refused[_i].answer, refused[_i].text, refused[_i].number);
	ck_assert_uint_eq(count_in_log("gate.dropped"), 1);
}
END_TEST

static int check_unserved(const Ses__Message *answer, void *arg)
{
	size_t i = *(const size_t *)arg;

	check_answer(answer, unserved[i].answer, unserved[i].text, unserved[i].number);
	seen_count++;
	return HWS_OK;
}

START_TEST(what_the_desktop_does_not_serve_is_refused_by_its_row)
{
	size_t i = (size_t)_i;
	const struct hws_session_row *row = hws_session_row(19, unserved[i].misc);
	struct hws_buf inner, outer;
	Ses__Message *m = NULL;

	hws_buf_init(&inner, 1000);
	hws_buf_init(&outer, 1000);
	put_field(&inner, unserved[i].misc, !is_number(&ses__misc__descriptor, unserved[i].misc),
			hws_bytes(unserved[i].body, unserved[i].body_len));
	put_field(&outer, 19, true, hws_buf_bytes(&inner));
	ck_assert_int_eq(hws_ses_unpack(hws_buf_bytes(&outer), &m), HWS_OK);
	ck_assert_int_eq(hws_refuse(row, m, HWS_KIND_REMOTE, ~0u, check_unserved, &i), HWS_OK);
	ck_assert_uint_eq(seen_count, 1);
	seen_count = 0;
	hws_ses_free(m);
	hws_buf_done(&inner);
	hws_buf_done(&outer);
	/* and the gate carries it to the desktop */
	open_session(~0u, NULL, "1.4.9");
	send_and_settle(19, unserved[i].misc, hws_bytes(unserved[i].body, unserved[i].body_len));
	ck_assert_uint_eq(wires, 2);
	ck_assert_uint_eq(seen_count, 0);
}
END_TEST

/* Each member of a job that waits for an answer gets it; a listing and a cancel have no job that
 * would. */
START_TEST(a_file_job_without_the_permission_ends_with_an_error)
{
	static const struct {
		uint32_t field;
		const char *head; /* of the union's member */
		bool answered;
	} parts[] = { { 17, "\x0a", false }, { 17, "\x12", true }, { 17, "\x1a", true },
		{ 17, "\x22", true }, { 17, "\x2a", true }, { 17, "\x32", true },
		{ 17, "\x3a", true }, { 17, "\x42", false }, { 17, "\x4a", true },
		{ 17, "\x52", true }, { 17, "\x5a", false }, { 18, "\x0a", false },
		{ 18, "\x32", false }, { 18, "\x12", true }, { 18, "\x1a", true },
		{ 18, "\x22", true }, { 18, "\x2a", true } };

	/* none of the schema is forgotten; an ack asks for nothing */
	ck_assert_uint_eq(HWS_COUNT(parts),
			ses__file_action__descriptor.n_fields +
					ses__file_response__descriptor.n_fields - 1);
	/* beside a desktop a job is a printer's */
	open_session(0xfffffff7u & ~HWS_NEED(HWS_PERM_FILE) & ~HWS_NEED(HWS_PERM_REMOTE_PRINTER),
			NULL, "1.4.9");
	for (size_t i = 0; i < HWS_COUNT(parts); i++) {
		char body[32];
		/* listings have their path in field 1, all others their id */
		bool listing = parts[i].field == 17 &&
				(*parts[i].head == 0x0a || *parts[i].head == 0x5a);
		listing = listing || (parts[i].field == 18 && *parts[i].head == 0x32);
		size_t n = listing || *parts[i].head == 0x42 || parts[i].field == 18
				? 2
				: sizeof(job) - 1;

		body[0] = *parts[i].head;
		body[1] = (char)n;
		memcpy(body + 2, listing ? "\x0a\x00" : job, n);
		if (parts[i].field == 17 && *parts[i].head == 0x4a)
			body[1] = 2, n = 2;
		forget_seen();
		send_and_settle(parts[i].field, 0, hws_bytes(body, n + 2));
		ck_assert_msg(seen_count == parts[i].answered, "%u answers to part %zu", seen_count,
				i);
		if (parts[i].answered)
			check_answer(seen[0], 18, "No permission of file transfer", 7);
	}
	ck_assert_uint_eq(count_in_log("message=file_action"), 1);
	ck_assert_uint_eq(count_in_log("message=file_response"), 1);
}
END_TEST

/* Silence needs a reason. */
static const struct {
	uint32_t field, misc;
	const char *why;
} silent[] = {
	{ 7, 0, "a second login of an open session is ignored by the protocol" },
	{ 10, 0, "told before: no permission of the keyboard" },
	{ 11, 0, "told before: no permission of sound" },
	{ 15, 0, "told before: no permission of the keyboard" },
	{ 16, 0, "told before: no permission of the clipboard" },
	{ 20, 0, "told before: no permission of files" },
	{ 22, 0, "the protocol: a check that fails is silent" },
	{ 26, 0, "told before: no permission of the keyboard" },
	{ 27, 0, "never asked for" },
	{ 28, 0, "told before: no permission of the clipboard" },
	{ 19, 203, "told before: no permission of the clipboard" },
	{ 31, 0, "never offered: the protocol drops what is of another type of session" },
	{ 200, 0, "never offered: the streams of another type of session" },
	{ 19, 8, "told before: no permission of sound" },
	{ 19, 25, "gone from the protocol" },
	{ 19, 26, "gone from the protocol" },
	{ 19, 27, "gone from the protocol" },
	{ 19, 35, "never offered: of Windows" },
};

static bool is_silent(const struct hws_session_row *row)
{
	for (size_t i = 0; i < HWS_COUNT(silent); i++)
		if (silent[i].field == row->field && silent[i].misc == row->misc)
			return true;
	return false;
}

/* No row may be forgotten: with no permission at all, each member that a viewer may send is carried
 * on, answered or listed above; and what is dropped stands in the log once, whatever was dropped
 * before it. */
START_TEST(no_member_is_dropped_without_a_word)
{
	open_session(0, NULL, "1.4.9");
	for (size_t i = 0; i < HWS_SESSION_ROWS_MAX; i++) {
		const struct hws_session_row *row = hws_session_row_at(i);
		char line[100];
		unsigned before = wires;
		bool carried, answered;

		/* of the host alone; those that end the session; those that need a job: above */
		if (!row || !row->states[HWS_TO_HOST] || row->act == HWS_ACT_CLOSE_REASON ||
				row->act == HWS_ACT_TEST_DELAY || row->field == 17 ||
				row->field == 18)
			continue;
		forget_seen();
		send_and_settle(row->field, row->misc, hws_bytes("", 0));
		send_and_settle(row->field, row->misc, hws_bytes("", 0));
		carried = wires - before == 4;
		answered = seen_count > 0;
		ck_assert_msg(carried + answered + is_silent(row) == 1,
				"%s: carried %d, answered %d, silent %d", row->name, carried,
				answered, is_silent(row));
		ck_assert_int_ge(hws_fmt(line, sizeof(line), "message=%s ", row->name), 0);
		ck_assert_msg(count_in_log(line) == !carried, "%s: %u times in the log", row->name,
				count_in_log(line));
	}
	/* what nobody knows is not answered, and noted once */
	ck_assert_int_eq(hws_conn_send(viewer, hws_bytes("\xfa\x3f\x00", 3)), HWS_OK);
	ck_assert_int_eq(hws_conn_send(viewer, hws_bytes("\xff\xff\xff", 3)), HWS_OK);
	send_and_settle(19, 10, hws_bytes("", 0));
	ck_assert_uint_eq(count_in_log("message=unknown"), 1);
}
END_TEST

START_TEST(a_box_is_not_repeated_at_once_but_a_job_is_answered_each_time)
{
	open_session(0, NULL, "1.4.9");
	for (int i = 0; i < 20; i++) {
		send_and_settle(19, 24, hws_bytes("\x08\x01", 2));
		send_and_settle(17, 0, hws_bytes("\x12\x02\x08\x07", 4));
	}
	ck_assert_uint_eq(seen_count, 21);
}
END_TEST

START_TEST(options_that_are_not_served_are_refused)
{
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;

	o.lock_after_session_end = SES__OPTION_MESSAGE__BOOL_OPTION__Yes;
	o.show_my_cursor = SES__OPTION_MESSAGE__BOOL_OPTION__Yes;
	o.follow_remote_cursor = SES__OPTION_MESSAGE__BOOL_OPTION__No;
	o.privacy_mode = SES__OPTION_MESSAGE__BOOL_OPTION__Yes; /* not meant by this version */
	open_session(~0u, &o, "1.4.9");
	UNTIL(seen_count == 1);
	check_answer(seen[0], 21,
			"does not lock its screen at the end of a session, nor draw the pointers",
			0);
	forget_seen();
	/* block_input = Yes, then No: the desktop answers */
	send_and_settle(19, 7, hws_bytes("\x28\x02", 2));
	send_and_settle(19, 7, hws_bytes("\x28\x01", 2));
	ck_assert_uint_eq(seen_count, 0);
	ck_assert_uint_eq(wires, 4);
}
END_TEST

START_TEST(without_the_permission_input_is_not_blocked)
{
	open_session(_i ? HWS_NEED(HWS_PERM_BLOCK_INPUT) : HWS_NEED(HWS_PERM_KEYBOARD), NULL,
			"1.4.9");
	send_and_settle(19, 7, hws_bytes("\x28\x02", 2));
	ck_assert_uint_eq(seen_count, 1);
	ck_assert_int_eq(seen[0]->misc->back_notification->block_input_state,
			SES__BACK_NOTIFICATION__BLOCK_INPUT_STATE__BlkOnFailed);
	ck_assert_str_eq(seen[0]->misc->back_notification->details, "No permission");
}
END_TEST

START_TEST(an_old_viewer_asks_for_privacy_by_an_option)
{
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;

	o.privacy_mode = SES__OPTION_MESSAGE__BOOL_OPTION__Yes;
	open_session(0, &o, "1.2.3"); /* without the permission; else the desktop answers */
	UNTIL(seen_count == 1);
	check_answer(seen[0], 1013, "",
			SES__BACK_NOTIFICATION__PRIVACY_MODE_STATE__PrvOnFailedDenied);
}
END_TEST

static int count_answer(const Ses__Message *answer HWS_UNUSED, void *arg)
{
	++*(unsigned *)arg;
	return HWS_OK;
}

/* Neither refused nor the gate's. */
static bool is_served_or_of_other_kinds(const char *option)
{
	static const char *const names[] = { "show_remote_cursor", "enable_file_transfer",
		"disable_camera", "terminal_persistent", "follow_remote_cursor",
		"follow_remote_window", "exact", "video_cost" };

	for (size_t i = 0; i < HWS_COUNT(names); i++)
		if (hws_str_equal(names[i], option))
			return true;
	return false;
}

/* None may be forgotten: a switch of the schema is heeded by the gate, refused, or listed above. */
START_TEST(no_option_is_passed_over_without_a_word)
{
	const ProtobufCMessageDescriptor *d = &ses__option_message__descriptor;

	for (unsigned i = 0; i < d->n_fields; i++) {
		Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;
		unsigned answers = 0;

		if (d->fields[i].type != PROTOBUF_C_TYPE_ENUM ||
				d->fields[i].descriptor !=
						&ses__option_message__bool_option__descriptor)
			continue;
		*(Ses__OptionMessage__BoolOption *)((char *)&o + d->fields[i].offset) =
				SES__OPTION_MESSAGE__BOOL_OPTION__Yes;
		ck_assert_int_eq(hws_refuse_options(&o, true, 0, count_answer, &answers), HWS_OK);
		unsigned ways = (answers == 1) + (hws_option_disabled(&o, 0) != 0) +
				is_served_or_of_other_kinds(d->fields[i].name);
		ck_assert_msg(ways == 1, "%s", d->fields[i].name);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/gate_refusal");
	TCase *t = tcase_create("refusal");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, no_option_is_passed_over_without_a_word);
	tcase_add_loop_test(t, what_is_permitted_and_not_served_is_refused, 0, HWS_COUNT(refused));
	tcase_add_loop_test(t, what_the_desktop_does_not_serve_is_refused_by_its_row, 0,
			HWS_COUNT(unserved));
	tcase_add_loop_test(t, without_the_permission_input_is_not_blocked, 0, 2);
	tcase_add_test(t, a_file_job_without_the_permission_ends_with_an_error);
	tcase_add_test(t, no_member_is_dropped_without_a_word);
	tcase_add_test(t, a_box_is_not_repeated_at_once_but_a_job_is_answered_each_time);
	tcase_add_test(t, options_that_are_not_served_are_refused);
	tcase_add_test(t, an_old_viewer_asks_for_privacy_by_an_option);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
