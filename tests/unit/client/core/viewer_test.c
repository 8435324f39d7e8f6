/* The viewer's protocol core: login by table, encryption, what is ignored, what ends a link. */
#include "shared/crypto/crypto.h"
#include "shared/wire/compress.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/secure.h"
#include "suites.h"
#include "tests/support/handshake.h"
#include "tests/unit/client/core/recorder.h"
#include <stdlib.h>
#include <string.h>

static const uint8_t proof[32] = { 0x7f, 0x83, 0x17, 0xdf, 0xbd, 0x3a, 0x72, 0x21, 0xdf, 0x70, 0x8c,
	0xac, 0xcf, 0x70, 0xf8, 0x48, 0x16, 0xb9, 0x9d, 0x36, 0xcd, 0x5a, 0x16, 0x09, 0xb8, 0x11,
	0x0c, 0x95, 0xdc, 0xea, 0x5e, 0xfe };

START_TEST(a_known_password_logs_in_with_the_proof_of_the_spec)
{
	struct recorder r;

	recorder_init(&r, "Passw0rd!", false);
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	ck_assert_uint_eq(r.sent_count, 0); /* a viewer says nothing before the host's Hash */
	recorder_hash(&r);
	Ses__Message *m = recorder_sent(&r, 0);
	ck_assert_int_eq(m->union_case, SES__MESSAGE__UNION_LOGIN_REQUEST);
	ck_assert_uint_eq(m->login_request->password.len, 32);
	ck_assert_mem_eq(m->login_request->password.data, proof, 32);
	ck_assert_str_eq(m->login_request->username, "192.0.2.1:21118");
	ck_assert_str_eq(m->login_request->my_id, "987654321");
	ck_assert_uint_eq(m->login_request->session_id, 0x1122334455667788);
	ck_assert_int_eq(m->login_request->option->supported_decoding->ability_vp9, 1);
	ck_assert_int_eq(m->login_request->option->supported_decoding->ability_h264, 0);
	ck_assert_uint_eq(m->login_request->hwid.len, 0); /* nobody is told who we are unasked */
	hws_ses_free(m);
	recorder_login_ok(&r, "Linux", "1.4.9", 1);
	ck_assert_int_eq(r.readies, 1);
	ck_assert_int_eq(r.service_open, 1);
	ck_assert_uint_eq(r.frame_max, HWS_SES_FRAME_MAX);
	hws_viewer_lost(r.viewer);
	ck_assert_int_eq(r.service_close, 1);
	recorder_done(&r);
}
END_TEST

START_TEST(without_a_password_the_user_is_asked_and_the_host_may_accept)
{
	struct recorder r;

	recorder_init(&r, NULL, true);
	ck_assert_int_eq(recorder_start(&r, false), HWS_OK);
	recorder_hash(&r);
	ck_assert_int_eq(r.asks, 1);
	ck_assert_int_eq(r.ask, HWS_LOGIN_ASK);
	Ses__Message *m = recorder_sent(&r, 0);
	ck_assert_uint_eq(m->login_request->password.len, 0);
	hws_ses_free(m);
	recorder_login_error(&r, "Wrong Password");
	ck_assert_int_eq(r.ask, HWS_LOGIN_ASK_AGAIN);
	ck_assert_int_eq(hws_viewer_password(r.viewer, "Passw0rd!"), HWS_OK);
	m = recorder_sent(&r, -1);
	ck_assert_mem_eq(m->login_request->password.data, proof, 32);
	hws_ses_free(m);
	/* Somebody at the host may be faster than the verdict. */
	recorder_login_ok(&r, "Windows", "1.4.9", 1);
	ck_assert_int_eq(r.state, HWS_VIEWER_READY);
	recorder_done(&r);
}
END_TEST

/* Whoever answers does not know where the link stands by now: what he says is kept for the next
 * question. */
START_TEST(an_answer_out_of_turn_is_the_next_one_tried)
{
	struct recorder r;
	Ses__Message *m;

	recorder_init(&r, _i == 1 ? "wrong" : NULL, true);
	if (_i == 2) /* asked, lost, answered, connected again */
		ck_assert_int_eq(hws_viewer_password(r.viewer, "Passw0rd!"), HWS_OK);
	ck_assert_int_eq(recorder_start(&r, false), HWS_OK);
	if (_i == 0) {
		ck_assert_int_eq(hws_viewer_password(r.viewer, "older"), HWS_OK);
		ck_assert_int_eq(hws_viewer_password(r.viewer, "Passw0rd!"), HWS_OK);
	}
	ck_assert_uint_eq(r.sent_count, 0);
	recorder_hash(&r);
	if (_i == 1) {
		ck_assert_int_eq(r.state, HWS_VIEWER_VERDICT);
		ck_assert_int_eq(hws_viewer_password(r.viewer, "Passw0rd!"), HWS_OK);
		ck_assert_uint_eq(r.sent_count, 1);
		recorder_login_error(&r, "Wrong Password");
	}
	ck_assert_int_eq(r.asks, 0);
	ck_assert_uint_eq(r.sent_count, _i == 1 ? 2 : 1);
	m = recorder_sent(&r, -1);
	ck_assert_uint_eq(m->login_request->password.len, 32);
	ck_assert_mem_eq(m->login_request->password.data, proof, 32);
	hws_ses_free(m);
	/* Once only: the host is asked, not pestered. */
	recorder_login_error(&r, "Wrong Password");
	ck_assert_int_eq(r.asks, 1);
	ck_assert_int_eq(hws_viewer_password(r.viewer, "Passw0rd!"), HWS_OK);
	ck_assert_int_eq(hws_viewer_password(r.viewer, "again"),
			HWS_OK); /* is not needed in the end */
	recorder_login_ok(&r, "Linux", "1.4.9", 1);
	ck_assert_int_eq(hws_viewer_password(r.viewer, "late"), HWS_ERR_DENIED);
	hws_viewer_lost(r.viewer);
	ck_assert_int_eq(recorder_start(&r, false), HWS_OK);
	recorder_hash(&r);
	m = recorder_sent(&r, -1);
	ck_assert_mem_eq(m->login_request->password.data, proof, 32);
	hws_ses_free(m);
	recorder_done(&r);
}
END_TEST

static const struct {
	const char *error;
	int asks, ends, err;
	enum hws_login_step ask;
} verdicts[] = {
	{ "Empty Password", 1, 0, 0, HWS_LOGIN_ASK },
	{ "Wrong Password", 1, 0, 0, HWS_LOGIN_ASK_AGAIN },
	{ "2FA Required", 1, 0, 0, HWS_LOGIN_CODE },
	{ "Wrong 2FA Code", 1, 0, 0, HWS_LOGIN_CODE_AGAIN },
	{ "No Password Access", 1, 0, 0, HWS_LOGIN_WAIT },
	{ "Offline", 0, 1, HWS_ERR_OFFLINE, 0 },
	{ "Your ip is blocked by the peer", 0, 1, HWS_ERR_DENIED, 0 },
	{ "Your ID is blocked by the peer", 0, 1, HWS_ERR_DENIED, 0 },
	{ "The main window is not open", 0, 1, HWS_ERR_DENIED, 0 },
	{ "Someone turns on privacy mode, exit", 0, 1, HWS_ERR_BUSY, 0 },
	{ "No permission of file transfer", 0, 1, HWS_ERR_DENIED, 0 },
	{ "Please try 1 minute later", 0, 1, HWS_ERR_DENIED, 0 },
	{ "Too many wrong attempts for IPv6 prefix /64", 0, 1, HWS_ERR_DENIED, 0 },
	{ "Wayland login screen is not supported", 0, 1, HWS_ERR_DISPLAY, 0 },
	{ "Unsupported display server type \"tty\", x11 or wayland expected", 0, 1, HWS_ERR_DISPLAY,
			0 },
	{ "No displays", 0, 1, HWS_ERR_DISPLAY, 0 },
	{ "The host does not know the key of your viewer: its owner can add it", 0, 1,
			HWS_ERR_DENIED, 0 },
	{ "The host lets in only viewers whose key it knows", 0, 1, HWS_ERR_DENIED, 0 },
	{ "something\nnew", 0, 1, HWS_ERR_DENIED, 0 },
};

START_TEST(every_refusal_of_the_catalogue_has_its_reaction)
{
	struct recorder r;

	recorder_init(&r, "Passw0rd!", true);
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	recorder_hash(&r);
	recorder_login_error(&r, verdicts[_i].error);
	ck_assert_int_eq(r.asks, verdicts[_i].asks);
	ck_assert_int_eq(r.ends, verdicts[_i].ends);
	if (verdicts[_i].ends) {
		ck_assert_int_eq(r.end_err, verdicts[_i].err);
		ck_assert_int_gt(strlen(r.end_text), 20);
		ck_assert_ptr_null(strchr(r.end_text, '\n'));
		ck_assert_int_eq(r.state, HWS_VIEWER_ENDED);
	} else {
		ck_assert_int_eq(r.ask, verdicts[_i].ask);
	}
	recorder_done(&r);
}
END_TEST

/* A host says so before its Hash. */
START_TEST(a_refusal_instead_of_the_hash_is_told)
{
	struct recorder r;

	recorder_init(&r, "Passw0rd!", _i == 1);
	ck_assert_int_eq(recorder_start(&r, false), HWS_OK);
	if (_i == 2) {
		recorder_hash(&r);
		ck_assert_int_eq(r.plain_asks, 1);
	}
	recorder_login_error(&r, "Wrong Password"); /* nothing was tried: no question */
	ck_assert_int_eq(r.asks, 0);
	ck_assert_int_eq(r.ends, 0);
	recorder_login_error(&r, "Your ip is blocked by the peer");
	ck_assert_int_eq(r.ends, 1);
	ck_assert_int_eq(r.end_err, HWS_ERR_DENIED);
	ck_assert_str_eq(r.end_peer, "Your ip is blocked by the peer");
	recorder_done(&r);
}
END_TEST

START_TEST(a_login_is_not_granted_before_it_was_asked_for)
{
	struct recorder r;

	recorder_init(&r, "Passw0rd!", true);
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	recorder_login_ok(&r, "Linux", "1.4.9", 1);
	ck_assert_int_eq(r.readies, 0);
	ck_assert_int_eq(r.state, HWS_VIEWER_HASH);
	recorder_done(&r);
}
END_TEST

START_TEST(a_refused_preset_password_is_not_tried_again)
{
	struct recorder r;

	recorder_init(&r, "Passw0rd!", true);
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	recorder_hash(&r);
	recorder_login_error(&r, "Wrong Password");
	hws_viewer_lost(r.viewer);
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	recorder_hash(&r);
	ck_assert_int_eq(r.ask, HWS_LOGIN_ASK);
	Ses__Message *m = recorder_sent(&r, -1);
	ck_assert_uint_eq(m->login_request->password.len, 0);
	hws_ses_free(m);
	recorder_done(&r);
}
END_TEST

START_TEST(two_factor_code_and_trust)
{
	struct recorder r;

	recorder_init(&r, "Passw0rd!", true);
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	recorder_hash(&r);
	recorder_login_error(&r, "2FA Required");
	ck_assert(r.can_trust);
	ck_assert_int_eq(hws_viewer_code(r.viewer, "123456", true), HWS_OK);
	Ses__Message *m = recorder_sent(&r, -1);
	ck_assert_int_eq(m->union_case, SES__MESSAGE__UNION_AUTH_2FA);
	ck_assert_str_eq(m->auth_2fa->code, "123456");
	ck_assert_uint_eq(m->auth_2fa->hwid.len, 32);
	hws_ses_free(m);
	recorder_login_error(&r, "Wrong 2FA Code");
	ck_assert_int_eq(r.ask, HWS_LOGIN_CODE_AGAIN);
	ck_assert_int_eq(hws_viewer_code(r.viewer, "654321", false), HWS_OK);
	m = recorder_sent(&r, -1);
	ck_assert_uint_eq(m->auth_2fa->hwid.len, 0);
	hws_ses_free(m);
	recorder_done(&r);
}
END_TEST

START_TEST(nothing_is_told_on_a_plain_link_before_the_user_agrees)
{
	struct recorder r;
	Ses__TestDelay t = SES__TEST_DELAY__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	recorder_init(&r, "Passw0rd!", false);
	ck_assert_int_eq(recorder_start(&r, false), HWS_OK);
	recorder_hash(&r);
	ck_assert_int_eq(r.plain_asks, 1);
	ck_assert_uint_eq(r.sent_count, 0);
	/* Probes are answered meanwhile, or the host would hang up. */
	t.last_delay = 7;
	m.union_case = SES__MESSAGE__UNION_TEST_DELAY;
	m.test_delay = &t;
	recorder_feed(&r, &m);
	ck_assert_uint_eq(r.sent_count, 1);
	ck_assert_int_eq(hws_viewer_agree(r.viewer, true), HWS_OK);
	Ses__Message *login = recorder_sent(&r, -1);
	ck_assert_int_eq(login->union_case, SES__MESSAGE__UNION_LOGIN_REQUEST);
	hws_ses_free(login);
	hws_viewer_lost(r.viewer);
	/* Agreed once is not agreed for ever. */
	ck_assert_int_eq(recorder_start(&r, false), HWS_OK);
	recorder_hash(&r);
	ck_assert_int_eq(r.plain_asks, 2);
	ck_assert_int_eq(hws_viewer_agree(r.viewer, false), HWS_OK);
	ck_assert_int_eq(r.ends, 1);
	ck_assert_int_eq(r.end_err, HWS_ERR_INSECURE);
	recorder_done(&r);
}
END_TEST

START_TEST(probes_go_back_as_the_bytes_that_came)
{
	struct recorder r;
	/* Fields in another order, and one we do not know. */
	static const uint8_t odd[] = { 0x2a, 0x09, 0x20, 0x90, 0x03, 0x18, 0x05, 0xf8, 0x3f, 0x01,
		0x08 };
	static const uint8_t probe[] = { 0x2a, 0x08, 0x20, 0x90, 0x03, 0x18, 0x05, 0xf8, 0x3f,
		0x01 };
	static const uint8_t own[] = { 0x2a, 0x02, 0x10, 0x01 };

	recorder_ready(&r, "Linux", "1.4.9");
	size_t before = r.sent_count;
	hws_viewer_frame(r.viewer, hws_bytes(odd, sizeof(odd))); /* truncated: ignored */
	ck_assert_uint_eq(r.sent_count, before);
	hws_viewer_frame(r.viewer, hws_bytes(probe, sizeof(probe)));
	ck_assert_uint_eq(r.sent_count, before + 1);
	ck_assert_uint_eq(hws_buf_len(&r.sent[before]), sizeof(probe));
	ck_assert_mem_eq(hws_buf_bytes(&r.sent[before]).ptr, probe, sizeof(probe));
	ck_assert_int_eq(r.delays, 1);
	hws_viewer_frame(r.viewer, hws_bytes(own, sizeof(own))); /* an answer is not answered */
	ck_assert_uint_eq(r.sent_count, before + 1);
	recorder_done(&r);
}
END_TEST

/* Both ends of the handshake, the host's by the wire core. */
static void secure_pair(
		struct recorder *r, struct hws_secure *host, const char *host_id, bool right_server)
{
	struct hws_identity server, identity, other;
	Ses__IdPk idpk = SES__ID_PK__INIT;
	struct hws_buf inner, statement;
	struct hws_bytes out;

	hws_identity_generate(true, &server);
	hws_identity_generate(true, &other);
	hws_identity_generate(false, &identity);
	hws_buf_init(&inner, 1000);
	hws_buf_init(&statement, 1000);
	idpk.id = (char *)"123456789";
	idpk.pk.data = identity.pk;
	idpk.pk.len = HWS_PK_LEN;
	ck_assert_int_eq(hws_msg_pack(&idpk.base, &inner), HWS_OK);
	uint8_t *p = hws_buf_reserve(&statement, HWS_SIG_LEN + hws_buf_len(&inner));
	hws_identity_sign_attached(&server, hws_buf_bytes(&inner), p);
	hws_buf_commit(&statement, HWS_SIG_LEN + hws_buf_len(&inner));

	hws_secure_host_init(host, &(struct hws_secure_host_conf){ .plain_ok = HWS_PLAIN_ALL });
	ck_assert_int_eq(handshake_sign(host, &identity, host_id, false), HWS_OK);
	ck_assert_int_eq(hws_viewer_start(r->viewer,
					 &(struct hws_viewer_link){ .username = "123456789",
							 .name = "123456789",
							 .id = "123456789",
							 .statement = hws_buf_bytes(&statement),
							 .server_pk = right_server ? server.pk
										   : other.pk }),
			HWS_OK);
	ck_assert(hws_secure_take_output(host, &out));
	hws_viewer_frame(r->viewer, out);
	if (r->sent_count)
		ck_assert_int_eq(hws_secure_frame(host, hws_buf_bytes(&r->sent[0])), HWS_OK);
	hws_buf_done(&inner);
	hws_buf_done(&statement);
}

START_TEST(an_encrypted_link_is_keyed_alike_on_both_ends)
{
	struct recorder r;
	struct hws_secure host;
	struct hws_secure_keys keys;

	recorder_init(&r, "Passw0rd!", false);
	secure_pair(&r, &host, "123456789", true);
	ck_assert(r.keyed);
	ck_assert(hws_viewer_encrypted(r.viewer));
	ck_assert_ptr_nonnull(hws_viewer_host_pk(r.viewer));
	ck_assert_int_eq(hws_secure_state(&host), HWS_SECURE_DONE);
	ck_assert(hws_secure_take_keys(&host, &keys));
	ck_assert_mem_eq(keys.send_secret, r.key, 32);
	recorder_hash(&r);
	ck_assert_int_eq(r.plain_asks, 0);
	recorder_login_ok(&r, "Linux", "1.4.9", 1);
	ck_assert_int_eq(r.readies, 1);
	recorder_done(&r);
}
END_TEST

/* Another id, or a statement of another server: deployed viewers go on in the clear then. */
START_TEST(a_host_of_another_id_or_server_is_refused)
{
	struct recorder r;
	struct hws_secure host;

	recorder_init(&r, "Passw0rd!", false);
	secure_pair(&r, &host, _i ? "111111111" : "123456789", _i != 0);
	ck_assert(!r.keyed);
	ck_assert_int_eq(r.ends, 1);
	ck_assert_int_eq(r.end_err, HWS_ERR_KEY);
	ck_assert_ptr_nonnull(strstr(r.end_text, _i ? "another ID" : "not signed by the key"));
	recorder_hash(&r);
	ck_assert_uint_eq(r.sent_count, 0);
	recorder_done(&r);
}
END_TEST

START_TEST(permissions_close_reason_and_boxes_are_told)
{
	struct recorder r;
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__PermissionInfo p = SES__PERMISSION_INFO__INIT;
	Ses__MessageBox box = SES__MESSAGE_BOX__INIT;

	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert(hws_viewer_permitted(r.viewer, SES__PERMISSION_INFO__PERMISSION__Keyboard));
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	misc.union_case = SES__MISC__UNION_PERMISSION_INFO;
	misc.permission_info = &p;
	recorder_feed(&r, &m); /* keyboard off */
	ck_assert_int_eq(r.permissions, 1);
	ck_assert(!hws_viewer_permitted(r.viewer, SES__PERMISSION_INFO__PERMISSION__Keyboard));
	p.permission = (Ses__PermissionInfo__Permission)1234;
	recorder_feed(&r, &m);
	ck_assert_int_eq(r.permissions, 1);
	box.msgtype = (char *)"custom-nook";
	box.title = (char *)"T";
	box.text = (char *)"a\x1b[31mred";
	box.link = (char *)"";
	m.union_case = SES__MESSAGE__UNION_MESSAGE_BOX;
	m.message_box = &box;
	recorder_feed(&r, &m);
	ck_assert_str_eq(r.box_text, "custom-nook|T|a\\x1b[31mred|");
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	misc.union_case = SES__MISC__UNION_CLOSE_REASON;
	misc.close_reason = (char *)"Closed manually by the peer";
	recorder_feed(&r, &m);
	ck_assert_int_eq(r.ends, 1);
	ck_assert_str_eq(r.end_peer, "Closed manually by the peer");
	recorder_feed(&r, &m); /* after the end nothing is handled */
	ck_assert_int_eq(r.ends, 1);
	recorder_done(&r);
}
END_TEST

START_TEST(displays_are_bounded_and_switched)
{
	struct recorder r;

	recorder_init(&r, "Passw0rd!", true);
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	recorder_hash(&r);
	recorder_login_ok(&r, "Linux", "1.4.9", 60);
	ck_assert_uint_eq(hws_viewer_peer(r.viewer)->display_count, HWS_PEER_DISPLAYS_MAX);
	ck_assert_int_eq(hws_viewer_show(r.viewer, 32), HWS_ERR_RANGE);
	size_t before = r.sent_count;
	ck_assert_int_eq(hws_viewer_show(r.viewer, 1), HWS_OK);
	ck_assert_uint_eq(r.sent_count, before + 3);
	Ses__Message *m = recorder_sent(&r, (int)before);
	ck_assert_int_eq(m->misc->switch_display->display, 1);
	hws_ses_free(m);
	m = recorder_sent(&r, (int)before + 1);
	ck_assert_uint_eq(m->misc->capture_displays->n_set, 1);
	ck_assert_int_eq(m->misc->capture_displays->set[0], 1);
	hws_ses_free(m);
	m = recorder_sent(&r, (int)before + 2);
	ck_assert_int_eq(m->misc->union_case, SES__MISC__UNION_REFRESH_VIDEO_DISPLAY);
	hws_ses_free(m);
	recorder_done(&r);
}
END_TEST

START_TEST(what_input_cannot_reach_is_told)
{
	struct recorder r;
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;

	recorder_ready(&r, "Windows", "1.4.9");
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	misc.union_case = SES__MISC__UNION_UAC;
	misc.uac = false;
	recorder_feed(&r, &m);
	ck_assert_int_eq(r.boxes, 0);
	misc.uac = true;
	recorder_feed(&r, &m);
	ck_assert_int_eq(r.boxes, 1);
	ck_assert_ptr_nonnull(strstr(r.box_text, "|Prompt on the host|"));
	misc.union_case = SES__MISC__UNION_FOREGROUND_WINDOW_ELEVATED;
	misc.foreground_window_elevated = true;
	recorder_feed(&r, &m);
	ck_assert_int_eq(r.boxes, 2);
	ck_assert_ptr_nonnull(strstr(r.box_text, "|Protected window|"));
	recorder_done(&r);
}
END_TEST

START_TEST(options_send_only_what_changed)
{
	struct recorder r;

	recorder_ready(&r, "Linux", "1.4.9");
	struct hws_view_options o = *hws_viewer_options(r.viewer);
	size_t before = r.sent_count;
	hws_viewer_set_options(r.viewer, &o);
	ck_assert_uint_eq(r.sent_count, before);
	o.quality = SES__IMAGE_QUALITY__Best;
	o.view_only = true;
	hws_viewer_set_options(r.viewer, &o);
	ck_assert_uint_eq(r.sent_count, before + 1);
	Ses__Message *m = recorder_sent(&r, -1);
	const Ses__OptionMessage *om = m->misc->option;
	ck_assert_int_eq(om->image_quality, SES__IMAGE_QUALITY__Best);
	ck_assert_int_eq(om->disable_keyboard, SES__OPTION_MESSAGE__BOOL_OPTION__Yes);
	ck_assert_int_eq(om->show_remote_cursor, SES__OPTION_MESSAGE__BOOL_OPTION__NotSet);
	/* With the best quality colours are whole. */
	ck_assert_ptr_nonnull(om->supported_decoding);
	ck_assert_int_eq(om->supported_decoding->prefer_chroma, SES__CHROMA__I444);
	hws_ses_free(m);
	o.chroma = HWS_CHROMA_HALVED;
	hws_viewer_set_options(r.viewer, &o);
	m = recorder_sent(&r, -1);
	ck_assert_int_eq(m->misc->option->supported_decoding->prefer_chroma, SES__CHROMA__I420);
	ck_assert(m->misc->option->supported_decoding->i444->vp9);
	hws_ses_free(m);
	o.quality = SES__IMAGE_QUALITY__NotSet; /* back to what hosts begin with */
	hws_viewer_set_options(r.viewer, &o);
	m = recorder_sent(&r, -1);
	ck_assert_int_eq(m->misc->option->image_quality, SES__IMAGE_QUALITY__Balanced);
	hws_ses_free(m);
	recorder_done(&r);
}
END_TEST

/* Between the login, which carries them, and its answer: the host would never hear of it. */
START_TEST(options_that_change_while_the_login_is_judged_are_told)
{
	struct recorder r;

	recorder_init(&r, "Passw0rd!", true);
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	recorder_hash(&r);
	struct hws_view_options o = *hws_viewer_options(r.viewer);
	o.view_only = true;
	hws_viewer_set_options(r.viewer, &o);
	ck_assert_uint_eq(r.sent_count, 1);
	recorder_login_ok(&r, "Linux", "1.4.9", 1);
	ck_assert_uint_eq(r.sent_count, 2);
	Ses__Message *m = recorder_sent(&r, -1);
	ck_assert_int_eq(m->union_case, SES__MESSAGE__UNION_MISC);
	ck_assert_int_eq(m->misc->union_case, SES__MISC__UNION_OPTION);
	ck_assert_int_eq(m->misc->option->disable_keyboard, SES__OPTION_MESSAGE__BOOL_OPTION__Yes);
	hws_ses_free(m);
	recorder_done(&r);
}
END_TEST

START_TEST(messages_out_of_place_change_nothing)
{
	struct recorder r;
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__VideoFrame vf = SES__VIDEO_FRAME__INIT;

	recorder_init(&r, "Passw0rd!", true);
	m.union_case = SES__MESSAGE__UNION_VIDEO_FRAME;
	m.video_frame = &vf;
	recorder_feed(&r, &m); /* no link */
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	ck_assert_int_eq(recorder_start(&r, true), HWS_ERR_BUSY);
	recorder_feed(&r, &m);                      /* before the login */
	recorder_login_ok(&r, "Linux", "1.4.9", 1); /* nobody asked */
	ck_assert_int_eq(r.readies, 0);
	ck_assert_int_eq(r.service_messages, 0);
	recorder_hash(&r);
	recorder_login_ok(&r, "Linux", "1.4.9", 1);
	recorder_login_ok(&r, "Linux", "1.4.9", 1); /* twice */
	recorder_hash(&r);                          /* after the login */
	ck_assert_int_eq(r.readies, 1);
	recorder_feed(&r, &m);
	ck_assert_int_eq(r.service_messages, 1);
	ck_assert_uint_ge(hws_viewer_ignored(r.viewer), 4);
	recorder_done(&r);
}
END_TEST

/* Such a host sends no picture before it has the answer. */
START_TEST(of_several_windows_sessions_the_current_one_is_chosen)
{
	struct recorder r;
	Ses__PeerInfo pi = SES__PEER_INFO__INIT;
	Ses__LoginResponse lr = SES__LOGIN_RESPONSE__INIT;
	Ses__Message m = SES__MESSAGE__INIT, *sent;
	Ses__DisplayInfo d = SES__DISPLAY_INFO__INIT, *list = &d;
	Ses__WindowsSession a = SES__WINDOWS_SESSION__INIT, b = a, *both[] = { &a, &b };
	Ses__WindowsSessions w = SES__WINDOWS_SESSIONS__INIT;

	recorder_init(&r, "Passw0rd!", true);
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	recorder_hash(&r);
	a.sid = 1;
	b.sid = 3;
	w.sessions = both;
	w.n_sessions = 2;
	w.current_sid = 3;
	d.width = 1920;
	d.height = 1080;
	pi.platform = (char *)"Windows";
	pi.version = (char *)"1.4.9";
	pi.displays = &list;
	pi.n_displays = 1;
	pi.windows_sessions = &w;
	lr.union_case = SES__LOGIN_RESPONSE__UNION_PEER_INFO;
	lr.peer_info = &pi;
	m.union_case = SES__MESSAGE__UNION_LOGIN_RESPONSE;
	m.login_response = &lr;
	recorder_feed(&r, &m);
	ck_assert_int_eq(r.readies, 1);
	sent = recorder_sent(&r, -1);
	ck_assert_int_eq(sent->union_case, SES__MESSAGE__UNION_MISC);
	ck_assert_int_eq(sent->misc->union_case, SES__MISC__UNION_SELECTED_SID);
	ck_assert_uint_eq(sent->misc->selected_sid, 3);
	hws_ses_free(sent);
	recorder_done(&r);
}
END_TEST

START_TEST(a_host_without_displays_is_an_error_with_a_remedy)
{
	struct recorder r;

	recorder_init(&r, "Passw0rd!", true);
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	recorder_hash(&r);
	recorder_login_ok(&r, "Linux", "1.4.9", 0);
	ck_assert_int_eq(r.end_err, HWS_ERR_DISPLAY);
	recorder_done(&r);
}
END_TEST

/* Wire bytes of a whole conversation: a change of them is a change for every deployed host. */
START_TEST(the_conversation_is_the_golden_one)
{
	const char *path = GOLDEN_DIR "/viewer_session.txt";
	struct recorder r;
	struct hws_buf text;
	char hex[4096];

	recorder_ready(&r, "Windows", "1.4.9");
	struct hws_view_options o = *hws_viewer_options(r.viewer);
	o.quality = SES__IMAGE_QUALITY__Low;
	o.fps = 25;
	hws_viewer_set_options(r.viewer, &o);
	ck_assert_int_eq(hws_viewer_show(r.viewer, 1), HWS_OK);
	ck_assert_int_eq(hws_viewer_refresh(r.viewer, -1), HWS_OK);
	hws_viewer_leave(r.viewer);
	hws_buf_init(&text, 1u << 16);
	hws_buf_put_str(&text,
			"# What the viewer sends, one payload a line: login, options, display 1, "
			"refresh, goodbye.\n");
	for (size_t i = 0; i < r.sent_count; i++) {
		ck_assert_int_eq(hws_hex_encode(hws_buf_bytes(&r.sent[i]), hex, sizeof(hex)),
				HWS_OK);
		hws_buf_fmt(&text, "%s\n", hex);
	}
	golden_compare(path, hws_buf_bytes(&text));
	hws_buf_done(&text);
	recorder_done(&r);
}
END_TEST

Suite *viewer_suite(void)
{
	Suite *s = suite_create("core/viewer");
	TCase *t = tcase_create("viewer");

	tcase_add_test(t, a_known_password_logs_in_with_the_proof_of_the_spec);
	tcase_add_test(t, without_a_password_the_user_is_asked_and_the_host_may_accept);
	tcase_add_loop_test(t, an_answer_out_of_turn_is_the_next_one_tried, 0, 3);
	tcase_add_test(t, options_that_change_while_the_login_is_judged_are_told);
	tcase_add_loop_test(t, every_refusal_of_the_catalogue_has_its_reaction, 0,
			(int)HWS_COUNT(verdicts));
	tcase_add_loop_test(t, a_refusal_instead_of_the_hash_is_told, 0, 3);
	tcase_add_test(t, a_login_is_not_granted_before_it_was_asked_for);
	tcase_add_test(t, a_refused_preset_password_is_not_tried_again);
	tcase_add_test(t, two_factor_code_and_trust);
	tcase_add_test(t, nothing_is_told_on_a_plain_link_before_the_user_agrees);
	tcase_add_test(t, probes_go_back_as_the_bytes_that_came);
	tcase_add_test(t, an_encrypted_link_is_keyed_alike_on_both_ends);
	tcase_add_loop_test(t, a_host_of_another_id_or_server_is_refused, 0, 2);
	tcase_add_test(t, permissions_close_reason_and_boxes_are_told);
	tcase_add_test(t, displays_are_bounded_and_switched);
	tcase_add_test(t, what_input_cannot_reach_is_told);
	tcase_add_test(t, options_send_only_what_changed);
	tcase_add_test(t, messages_out_of_place_change_nothing);
	tcase_add_test(t, of_several_windows_sessions_the_current_one_is_chosen);
	tcase_add_test(t, a_host_without_displays_is_an_error_with_a_remedy);
	tcase_add_test(t, the_conversation_is_the_golden_one);
	suite_add_tcase(s, t);
	return s;
}
