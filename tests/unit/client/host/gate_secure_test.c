/* host/gate, the handshake: keyed sessions, records that were tampered with, refusals and in which
 * form they come; and the bytes of a whole conversation, which deployed peers read. */
#include "client/host/gate.h"
#include "client/host/gate_login.h"
#include "client/host/gate_reply.h"
#include "client/host/ipc.h"
#include "shared/base/buf.h"
#include "shared/base/str.h"
#include "shared/crypto/record.h"
#include "shared/crypto/record_v2.h"
#include "shared/net/conn.h"
#include "shared/wire/envelope.h"
#include "shared/wire/frame.h"
#include "shared/wire/secure.h"
#include "shared/wire/session_table.h"
#include "tests/support/suite.h"
#include "tests/unit/client/host/gate_stage.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const char *secure_refusal;

static bool deployed; /* the viewer speaks as deployed ones do */

static void start_secure(bool allow_plaintext, struct hws_bytes statement)
{
	struct hws_secure_client_conf sc = { .id = "123456789",
		.statement = statement,
		.server_pk = server.pk,
		.plain_ok = HWS_PLAIN_ALL,
		.without_v2 = deployed };
	Agt__GateStart s = AGT__GATE_START__INIT;

	s.secure = true;
	s.refuse = (char *)(uintptr_t)secure_refusal;
	s.allow_plaintext = allow_plaintext;
	ck_assert_int_eq(hws_secure_client_init(&secure, &sc), HWS_OK);
	securing = hws_secure_state(&secure) == HWS_SECURE_WAIT;
	start(&s);
	step_viewer_secure();
}

static size_t make_statement(uint8_t buf[256])
{
	uint8_t plain[64] = "\x0a\x09"
			    "123456789"
			    "\x12\x20";

	memcpy(plain + 13, identity.pk, 32);
	hws_identity_sign_attached(&server, hws_bytes(plain, 45), buf);
	return 45 + HWS_SIG_LEN;
}

START_TEST(a_secure_session_is_keyed_before_the_first_message)
{
	uint8_t statement[256];

	start_secure(false, hws_bytes(statement, make_statement(statement)));
	UNTIL(find(SES__MESSAGE__UNION_HASH));
	ck_assert(hws_conn_keyed(viewer));
	send_login("987654321", SES__LOGIN_REQUEST__UNION__NOT_SET);
	UNTIL(opens);
}
END_TEST

/* What the viewer says, sealed by the test itself. */
struct sealer {
	struct hws_record v1;
	struct hws_record_v2 v2;
};

static size_t seal(struct sealer *s, struct hws_bytes plain, uint8_t *out)
{
	if (deployed) {
		ck_assert_int_eq(hws_record_seal(&s->v1, plain, out), HWS_OK);
		return plain.len + HWS_RECORD_OVERHEAD;
	}
	ck_assert_int_eq(hws_record_v2_seal(&s->v2, HWS_RECORD_MESSAGE, plain, 0, out), HWS_OK);
	return hws_record_v2_len(plain.len, 0);
}

/* From here on the test writes records itself, below the framing. */
static void take_over(struct hws_stream **ret_stream, struct sealer *ret)
{
	uint8_t statement[256], confirm[HWS_RECORD_V2_OVERHEAD];
	struct hws_buf leftover = { .max = 1u << 20 };

	start_secure(false, hws_bytes(statement, make_statement(statement)));
	UNTIL(hws_secure_state(&secure) == HWS_SECURE_DONE);
	ck_assert_int_eq(hws_secure_level(&secure), deployed ? HWS_LEVEL_V1 : HWS_LEVEL_V2);
	hws_record_init(&ret->v1, viewer_keys.send_secret);
	hws_record_v2_init(&ret->v2, viewer_keys.send_secret);
	/* the confirmation was the first record */
	ck_assert_int_eq(hws_record_v2_seal(&ret->v2, HWS_RECORD_MESSAGE, hws_bytes(NULL, 0), 0,
					 confirm),
			HWS_OK);
	UNTIL(find(SES__MESSAGE__UNION_HASH));
	UNTIL(!strcmp(last_state, "login"));
	ck_assert_int_eq(hws_conn_detach(viewer, ret_stream, &leftover), HWS_OK);
	hws_buf_done(&leftover);
	viewer = NULL;
}

static void write_record(struct hws_stream *s, const uint8_t *sealed, size_t len)
{
	uint8_t frame[256];
	size_t n = hws_frame_header(len, frame);

	memcpy(frame + n, sealed, len);
	ck_assert_int_eq(hws_stream_write(s, hws_bytes(frame, n + len)), (ssize_t)(n + len));
}

/* 0: as it should be, 1: sent twice, 2: one bit flipped, 3: one left out, 4: not sealed; from 5 on
 * the same with a deployed viewer */
START_TEST(replayed_flipped_missing_or_plain_records_end_the_link)
{
	struct hws_stream *s;
	struct sealer sealer;
	uint8_t sealed[64], delay[] = { 0x2a, 0x02, 0x10, 0x01 };
	int how = _i % 5;
	size_t len;

	deployed = _i >= 5;
	take_over(&s, &sealer);
	len = seal(&sealer, hws_bytes(delay, sizeof(delay)), sealed);
	if (how == 2)
		sealed[17] ^= 1;
	if (how == 3)
		len = seal(&sealer, hws_bytes(delay, sizeof(delay)), sealed);
	if (how == 4)
		write_record(s, delay, sizeof(delay));
	else
		write_record(s, sealed, len);
	if (how == 1)
		write_record(s, sealed, len);
	if (how == 0) {
		for (int i = 0; i < 20; i++)
			hws_loop_once(loop, 1000);
		ck_assert_uint_eq(closed, 0);
	} else {
		UNTIL(closed);
		ck_assert_ptr_nonnull(strstr(last_why, "decryption"));
	}
	hws_stream_close(s);
	if (how == 0)
		UNTIL(closed);
}
END_TEST

/* Why the deployed scheme is called what it is: with one key for both directions a record of the
 * host is one of the viewer, too, so who only carries records has some to give. 0: v2, where the
 * directions have keys of their own. 1: the deployed scheme. */
START_TEST(a_record_of_the_host_is_one_of_the_viewer_in_the_deployed_scheme_only)
{
	struct hws_stream *s;
	struct sealer as_host;
	uint8_t sealed[64], delay[] = { 0x2a, 0x02, 0x10, 0x01 };
	size_t len;

	deployed = _i == 1;
	take_over(&s, &as_host);
	hws_record_init(&as_host.v1, viewer_keys.receive_secret);
	hws_record_v2_init(&as_host.v2, viewer_keys.receive_secret);
	len = seal(&as_host, hws_bytes(delay, sizeof(delay)), sealed);
	if (!deployed) /* the second, as its first was the confirmation */
		len = seal(&as_host, hws_bytes(delay, sizeof(delay)), sealed);
	write_record(s, sealed, len);
	if (deployed) {
		for (int i = 0; i < 20; i++)
			hws_loop_once(loop, 1000);
		ck_assert_uint_eq(closed, 0);
		ck_assert_str_eq(hws_secure_level_text(HWS_LEVEL_V1),
				"encrypted, RustDesk 1.x scheme: a relay operator can attack it");
	} else {
		UNTIL(closed);
		ck_assert_ptr_nonnull(strstr(last_why, "decryption"));
	}
	hws_stream_close(s);
	if (deployed)
		UNTIL(closed);
}
END_TEST

START_TEST(plaintext_is_refused_with_a_text_unless_allowed)
{
	deployed = true;
	start_secure(_i == 1, (struct hws_bytes){ 0 });
	if (_i == 1) {
		/* the SignedId comes first, a viewer without a statement ignores it */
		UNTIL(find(SES__MESSAGE__UNION_HASH));
		ck_assert(!hws_conn_keyed(viewer));
	} else {
		UNTIL(viewer_closed);
		ck_assert_ptr_nonnull(strstr(login_error(), "encrypted connections only"));
		ck_assert_ptr_null(find(SES__MESSAGE__UNION_HASH));
	}
}
END_TEST

START_TEST(a_refused_signature_ends_the_link)
{
	uint8_t statement[256];

	refuse_signature = true;
	start_secure(false, hws_bytes(statement, make_statement(statement)));
	UNTIL(closed && viewer_closed);
}
END_TEST

START_TEST(a_blocked_address_gets_its_text_and_no_hash)
{
	Agt__GateStart s = AGT__GATE_START__INIT;

	s.refuse = (char *)"Your ip is blocked by the peer";
	start(&s);
	UNTIL(viewer_closed);
	ck_assert_str_eq(login_error(), "Your ip is blocked by the peer");
	ck_assert_ptr_null(find(SES__MESSAGE__UNION_HASH));
}
END_TEST

/* Its answer to Hash would prove the password in plain, for nothing. */
START_TEST(who_is_turned_away_by_address_is_not_asked_for_a_password)
{
	Agt__GateStart s = AGT__GATE_START__INIT;

	s.require_v2 = true;
	start(&s);
	UNTIL(login_error());
	ck_assert_ptr_nonnull(strstr(login_error(), "takes only hawser viewers"));
	ck_assert_uint_ne(
			find(SES__MESSAGE__UNION_LOGIN_RESPONSE)->login_response->v2_signed_id.len,
			0);
	ck_assert(!closed); /* ours answer to what is signed there */
	send_login("987654321", SES__LOGIN_REQUEST__UNION__NOT_SET);
	UNTIL(viewer_closed);
	ck_assert_ptr_null(find(SES__MESSAGE__UNION_HASH));
	ck_assert_uint_eq(opens, 0);
}
END_TEST

/* In place of the SignedId it would be lost: the viewer would go on without encryption. */
START_TEST(a_refusal_comes_after_the_handshake)
{
	uint8_t statement[256];

	secure_refusal = "Your ip is blocked by the peer";
	start_secure(false, hws_bytes(statement, make_statement(statement)));
	UNTIL(viewer_closed && closed);
	ck_assert_int_eq(hws_secure_state(&secure), HWS_SECURE_DONE);
	ck_assert_str_eq(login_error(), "Your ip is blocked by the peer");
	ck_assert_ptr_null(find(SES__MESSAGE__UNION_HASH));
}
END_TEST

/* The same bytes as when this was written, both ways: deployed peers read them. To renew the file
 * after a wanted change run with HWS_GOLDEN_WRITE=1 and look at the difference. */
START_TEST(a_direct_session_has_the_bytes_of_the_golden_trace)
{
	static const char path[] = GOLDEN_DIR "/direct_session.txt";
	static const char login[] = "\x3a\x2d\x0a\x09"
				    "123456789"
				    "\x12\x04"
				    "\x01\x02\x03\x04"
				    "\x22\x09"
				    "987654321"
				    "\x2a\x03"
				    "Ann"
				    "\x50\x07\x5a\x05"
				    "1.4.9"
				    "\x6a\x01"
				    "L";
	Agt__GateStart s = AGT__GATE_START__INIT;
	char want[8192];
	FILE *f;
	size_t n;

	hws_buf_init(&trace, 65536);
	s.permissions = ~0u & ~HWS_NEED(HWS_PERM_AUDIO);
	start(&s);
	UNTIL(seen_count == 1);
	answer = AGT__LOGIN_VERDICT__RESULT__WRONG;
	answer_text = "Wrong Password";
	SEND(login);
	UNTIL(seen_count == 4);
	answer = AGT__LOGIN_VERDICT__RESULT__OK;
	SEND(login);
	UNTIL(opens);
	agent_answers(true);
	UNTIL(seen_count == 5);
	SEND(REFRESH);
	UNTIL(wires == 1);
	ck_assert_int_eq(hws_ipc_send_wire(agent, HWS_CHANNEL_VIDEO, hws_bytes(VIDEO, 4)), HWS_OK);
	UNTIL(seen_count == 6);
	hws_gate_close(gate, "Closed manually by the peer", HWS_OK);
	UNTIL(closed && viewer_closed);
	if (getenv("HWS_GOLDEN_WRITE")) {
		f = fopen(path, "we");
		ck_assert_ptr_nonnull(f);
		fwrite(hws_buf_bytes(&trace).ptr, 1, hws_buf_len(&trace), f);
		fclose(f);
	}
	f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s is missing", path);
	n = fread(want, 1, sizeof(want) - 1, f);
	fclose(f);
	want[n] = 0;
	hws_buf_put_u8(&trace, 0);
	ck_assert_str_eq((const char *)hws_buf_bytes(&trace).ptr, want);
	hws_buf_done(&trace);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/gate secure");
	TCase *t = test_case(s, "all", 20,
			TESTS(a_secure_session_is_keyed_before_the_first_message,
					a_refused_signature_ends_the_link,
					a_blocked_address_gets_its_text_and_no_hash,
					who_is_turned_away_by_address_is_not_asked_for_a_password,
					a_refusal_comes_after_the_handshake,
					a_direct_session_has_the_bytes_of_the_golden_trace));

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, replayed_flipped_missing_or_plain_records_end_the_link, 0, 10);
	tcase_add_loop_test(t,
			a_record_of_the_host_is_one_of_the_viewer_in_the_deployed_scheme_only, 0,
			2);
	tcase_add_loop_test(t, plaintext_is_refused_with_a_text_unless_allowed, 0, 2);
	return test_suite_run(s);
}
