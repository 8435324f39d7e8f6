/* The viewer's core towards hosts of v2: what it believes and when, what it proves and to whom, and
 * that nobody talks it down. */
#include "shared/crypto/transcript.h"
#include "shared/wire/envelope.h"
#include "suites.h"
#include "tests/unit/client/core/v2_host.h"
#include <stdlib.h>
#include <string.h>

/* Hosts store what they store, but tests need not wait for it again and again. */
static const struct v2_link by_id = { 0 }, by_address = { .direct = true };

START_TEST(a_host_of_v2_is_met_by_id_and_by_address)
{
	struct recorder r;
	struct v2_host h;

	recorder_init(&r, "temporary", false);
	v2_host_init(&h, &r, "temporary", "");
	v2_host_meet(&h, _i ? &by_address : &by_id);
	ck_assert_int_eq(r.state, HWS_VIEWER_SECURING);
	ck_assert_int_eq(hws_viewer_level(r.viewer), HWS_LEVEL_PLAIN); /* nothing is believed yet */
	v2_host_confirm(&h);
	ck_assert_int_eq(r.state, HWS_VIEWER_HASH);
	ck_assert_int_eq(hws_viewer_level(r.viewer), HWS_LEVEL_V2);
	ck_assert_int_eq(hws_viewer_trust(r.viewer), _i ? HWS_TRUST_FIRST : HWS_TRUST_SERVER);
	ck_assert_mem_eq(hws_viewer_host_pk(r.viewer), h.identity.pk, HWS_PK_LEN);
	/* A key for each direction, the same at both ends. */
	ck_assert_int_eq(r.keys.level, HWS_LEVEL_V2);
	ck_assert_mem_eq(r.keys.send_secret, h.keys.receive_secret, 32);
	ck_assert_mem_eq(r.keys.receive_secret, h.keys.send_secret, 32);
	ck_assert_mem_ne(r.keys.receive_secret, r.keys.send_secret, 32);
	v2_host_hash(&h);
	ck_assert_int_eq(r.plain_asks, 0);
	hws_ses_free(v2_host_login(&h));
	ck_assert(h.good);
	v2_host_welcome(&h, h.confirm, false);
	ck_assert_int_eq(r.readies, 1);
	ck_assert(hws_viewer_may_pin(r.viewer));
	recorder_done(&r);
}
END_TEST

/* 0: no confirmation, 1: another one */
START_TEST(who_does_not_know_the_password_is_not_the_host)
{
	static const uint8_t wrong[HWS_PAKE_CONFIRM_LEN] = { 1 };
	struct recorder r;
	struct v2_host h;

	recorder_init(&r, "temporary", false);
	v2_host_init(&h, &r, "temporary", "");
	v2_host_meet(&h, &by_address);
	v2_host_confirm(&h);
	v2_host_hash(&h);
	v2_host_welcome(&h, _i ? wrong : NULL, true);
	ck_assert_int_eq(r.ends, 1);
	ck_assert_int_eq(r.end_err, HWS_ERR_KEY);
	ck_assert_ptr_nonnull(strstr(r.end_text, "does not know the password"));
	ck_assert_int_eq(r.readies, 0);
	ck_assert_int_eq(r.service_open, 0);
	ck_assert(!hws_viewer_login(r.viewer)->resume.has);
	recorder_done(&r);
}
END_TEST

START_TEST(a_wrong_password_is_answered_with_new_offers)
{
	struct recorder r;
	struct v2_host h;

	recorder_init(&r, "wrong", false);
	v2_host_init(&h, &r, "temporary", "permanent");
	v2_host_meet(&h, &by_id);
	v2_host_confirm(&h);
	v2_host_hash(&h);
	Ses__Message *m = v2_host_login(&h);
	ck_assert_uint_eq(m->login_request->n_pake, 2);
	hws_ses_free(m);
	ck_assert(!h.good);
	v2_host_refuse(&h);
	ck_assert_int_eq(r.asks, 1);
	ck_assert_int_eq(r.ask, HWS_LOGIN_ASK_AGAIN);
	ck_assert_int_eq(hws_viewer_password(r.viewer, "permanent"), HWS_OK);
	hws_ses_free(v2_host_login(&h));
	ck_assert(h.good);
	v2_host_welcome(&h, h.confirm, false);
	ck_assert_int_eq(r.readies, 1);
	const struct hws_pake_stretched *s =
			hws_login_pake_proved(&hws_viewer_login(r.viewer)->pake);
	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(s->kind, HWS_PAKE_PERMANENT);
	/* What it was made into logs in the next time, without the password. */
	struct hws_pake_stretched kept = *s;
	recorder_done(&r);
	recorder_init(&r, NULL, false);
	hws_login_remembered_pake(hws_viewer_login(r.viewer), &kept);
	v2_host_meet(&h, &by_id);
	v2_host_confirm(&h);
	v2_host_hash(&h);
	m = v2_host_login(&h);
	ck_assert_uint_eq(m->login_request->n_pake, 1);
	hws_ses_free(m);
	ck_assert(h.good);
	ck_assert_int_eq(r.jobs, 0);
	recorder_done(&r);
}
END_TEST

/* An impostor may say that the password was wrong, and then that somebody accepted: the user may go
 * on, but its key is not remembered as the host's. */
START_TEST(who_refuses_the_password_is_not_pinned)
{
	struct recorder r;
	struct v2_host h;

	recorder_init(&r, "temporary", false);
	v2_host_init(&h, &r, "temporary", "");
	v2_host_meet(&h, _i ? &by_id : &by_address);
	v2_host_confirm(&h);
	v2_host_hash(&h);
	v2_host_refuse(&h);
	v2_host_welcome(&h, NULL, false);
	ck_assert_int_eq(r.readies, 1);
	ck_assert_int_eq(hws_viewer_may_pin(r.viewer), _i != 0); /* the server vouches */
	recorder_done(&r);
}
END_TEST

START_TEST(without_a_password_somebody_at_the_host_accepts)
{
	struct recorder r;
	struct v2_host h;

	recorder_init(&r, _i ? "temporary" : NULL, false);
	v2_host_init(&h, &r, _i ? "" : "temporary", "");
	v2_host_meet(&h, &by_address);
	v2_host_confirm(&h);
	v2_host_hash(&h);
	ck_assert_int_eq(r.asks, 1);
	/* Where the host takes none, nobody is asked for one, and nothing is told that it could
	 * guess at: with salt and challenge of its choice the deployed proof would be that. */
	ck_assert_int_eq(r.ask, _i ? HWS_LOGIN_WAIT : HWS_LOGIN_ASK);
	Ses__Message *m = v2_host_login(&h);
	ck_assert_uint_eq(m->login_request->n_pake, 0);
	ck_assert_uint_eq(m->login_request->password.len, 0);
	hws_ses_free(m);
	v2_host_welcome(&h, NULL, false);
	ck_assert_int_eq(r.readies, 1);
	/* who took no password that was there to be proven may be anybody */
	ck_assert_int_eq(hws_viewer_may_pin(r.viewer), !_i);
	recorder_done(&r);
}
END_TEST

START_TEST(a_ticket_brings_the_session_back)
{
	static const uint8_t id[16] = { 1, 2 }, secret[32] = { 3, 4 };
	struct v2_link again = { .pinned = true, .pinned_level = HWS_LEVEL_V2 };
	struct recorder r;
	struct v2_host h;
	uint8_t mac[32];

	recorder_init(&r, "temporary", false);
	v2_host_init(&h, &r, "temporary", "");
	hws_viewer_tick(r.viewer, 1000000);
	v2_host_ready(&h, &by_id, true);
	hws_viewer_lost(r.viewer);
	hws_viewer_tick(r.viewer, 2000000);
	hws_viewer_tick(r.viewer, _i == 1 ? 2000000 + HWS_RESUME_US + 1000000 : 5000000);
	if (_i == 2) { /* another host: the ticket is not for it */
		hws_identity_generate(false, &h.identity);
		again.pinned = false;
	}
	v2_host_meet(&h, &again);
	v2_host_confirm(&h);
	v2_host_hash(&h);
	Ses__Message *m = v2_host_login(&h);
	if (_i) {
		ck_assert_ptr_null(m->login_request->resume);
		ck_assert_uint_eq(m->login_request->n_pake, 1);
	} else {
		const uint8_t *binding = hws_secure_binding(&h.secure);
		ck_assert_ptr_nonnull(m->login_request->resume);
		ck_assert_uint_eq(m->login_request->n_pake, 0);
		ck_assert_mem_eq(m->login_request->resume->id.data, id, sizeof(id));
		hws_digest_keyed(secret, "hawser v2 resume",
				&(struct hws_bytes){ binding, HWS_BINDING_LEN }, 1, mac);
		ck_assert_uint_eq(m->login_request->resume->mac.len, sizeof(mac));
		ck_assert_mem_eq(m->login_request->resume->mac.data, mac, sizeof(mac));
		/* The host may have forgotten it: then the password does. */
		recorder_login_error(&r, "Empty Password");
		hws_ses_free(m);
		m = v2_host_login(&h);
		ck_assert_uint_eq(m->login_request->n_pake, 1);
	}
	hws_ses_free(m);
	ck_assert_int_eq(r.asks, 0);
	ck_assert(h.good);
	recorder_done(&r);
}
END_TEST

/* --- no way down ------------------------------------------------------------------------------ */

static const struct {
	struct v2_link link;
	bool require, direct_plain;
	int err;
	const char *text;
} downs[] = {
	/* the deployed scheme, at a host that was met with v2 */
	{ { .v1 = true, .pinned = true, .pinned_level = HWS_LEVEL_V2 }, false, false,
			HWS_ERR_INSECURE, "hawser peers forget the-host" },
	/* its signed capabilities are taken out of the way: a host that opens in plain */
	{ { .direct = true, .pinned = true, .pinned_level = HWS_LEVEL_V2 }, false, true,
			HWS_ERR_INSECURE, "hawser peers forget the-host" },
	/* a statement of another id, which is none, and the deployed scheme */
	{ { .v1 = true, .statement_id = "999999999", .pinned = true, .pinned_level = HWS_LEVEL_V2 },
			false, false, HWS_ERR_INSECURE, "hawser peers forget the-host" },
	/* another key */
	{ { .other_pin = (const uint8_t *)"0123456789abcdef0123456789abcdef",
			  .pinned_level = HWS_LEVEL_V2 },
			false, false, HWS_ERR_KEY, "3031 3233" },
	{ { .direct = true,
			  .other_pin = (const uint8_t *)"0123456789abcdef0123456789abcdef",
			  .pinned_level = HWS_LEVEL_V2 },
			false, false, HWS_ERR_KEY, "3031 3233" },
	/* what the user requires */
	{ { .v1 = true }, true, false, HWS_ERR_INSECURE, "require-v2" },
	{ { .direct = true }, true, true, HWS_ERR_INSECURE, "require-v2" },
};

START_TEST(nobody_talks_the_viewer_down)
{
	struct recorder r;
	struct v2_host h;

	/* Consent to plaintext does not count here. */
	recorder_init_as(&r, "temporary", true, downs[_i].require);
	v2_host_init(&h, &r, "temporary", "");
	if (downs[_i].direct_plain) {
		const struct v2_link *l = &downs[_i].link;
		const struct hws_viewer_link link = { .username = "192.0.2.1:21118",
			.name = "the-host",
			.id = "",
			.pinned_pk = l->pinned ? h.identity.pk : NULL,
			.pinned_level = l->pinned_level };
		ck_assert_int_eq(hws_viewer_start(r.viewer, &link), HWS_OK);
		recorder_hash(&r);
	} else {
		v2_host_meet(&h, &downs[_i].link);
	}
	ck_assert_int_eq(r.ends, 1);
	ck_assert_int_eq(r.end_err, downs[_i].err);
	ck_assert_msg(strstr(r.end_text, downs[_i].text) != NULL, "%s", r.end_text);
	if (downs[_i].err == HWS_ERR_KEY) { /* people can compare both */
		char key[HWS_FINGERPRINT_TEXT];
		ck_assert_msg(strstr(r.end_text, hws_fingerprint_text(h.identity.pk, key)) != NULL,
				"%s", r.end_text);
		ck_assert_ptr_nonnull(strstr(r.end_text, "hawser peers forget the-host"));
	}
	for (size_t i = 0; i < r.sent_count; i++) {
		Ses__Message *m = recorder_sent(&r, (int)i);
		ck_assert_int_ne(m->union_case, SES__MESSAGE__UNION_LOGIN_REQUEST);
		hws_ses_free(m);
	}
	recorder_done(&r);
}
END_TEST

/* Whoever has recorded what a host said once cannot be it: nothing is told to him. */
START_TEST(a_replayed_word_of_the_host_confirms_nothing)
{
	uint8_t old[HWS_SECURE_SIGNED_MAX];
	Ses__SignedId si = SES__SIGNED_ID__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	struct hws_bytes offer;
	struct recorder r;
	struct v2_host h;
	uint8_t guess[32] = { 0 };

	recorder_init(&r, "temporary", false);
	v2_host_init(&h, &r, "temporary", "");
	v2_host_ready(&h, &by_id, false);
	offer = hws_secure_offer(&h.secure);
	memcpy(old, offer.ptr, offer.len);
	hws_viewer_lost(r.viewer);
	size_t before = r.sent_count;
	ck_assert_int_eq(hws_viewer_start(r.viewer,
					 &(struct hws_viewer_link){ .username = "192.0.2.1:21118",
							 .name = "the-host",
							 .id = V2_HOST_ID,
							 .pinned_pk = h.identity.pk,
							 .pinned_level = HWS_LEVEL_V2 }),
			HWS_OK);
	si.id.data = old;
	si.id.len = offer.len;
	m.union_case = SES__MESSAGE__UNION_SIGNED_ID;
	m.signed_id = &si;
	recorder_feed(&r, &m);
	if (_i == 0) { /* the Hash at once, or a guess */
		v2_host_hash(&h);
	} else {
		Ses__Message c = SES__MESSAGE__INIT;
		c.v2_confirm.data = guess;
		c.v2_confirm.len = sizeof(guess);
		recorder_feed(&r, &c);
	}
	ck_assert_int_eq(r.ends, 1);
	ck_assert_int_eq(r.end_err, HWS_ERR_CRYPTO);
	ck_assert_uint_eq(r.sent_count, before + 2); /* PublicKey and its confirmation */
	recorder_done(&r);
}
END_TEST

START_TEST(a_deployed_host_is_called_what_it_is)
{
	struct recorder r;
	struct v2_host h;
	struct v2_link link = { .v1 = true };

	recorder_init(&r, "temporary", false);
	v2_host_init(&h, &r, "temporary", "");
	v2_host_meet(&h, &link);
	ck_assert_int_eq(r.state, HWS_VIEWER_HASH);
	ck_assert_int_eq(hws_viewer_level(r.viewer), HWS_LEVEL_V1);
	recorder_hash(&r);
	Ses__Message *m = recorder_sent(&r, -1);
	ck_assert_uint_eq(m->login_request->password.len, 32); /* as such hosts take it */
	ck_assert_uint_eq(m->login_request->n_pake, 0);
	ck_assert_ptr_null(m->login_request->viewer); /* and no more about us than before */
	hws_ses_free(m);
	recorder_done(&r);
}
END_TEST

/* --- the rest --------------------------------------------------------------------------------- */

START_TEST(the_viewer_says_which_one_it_is_for_this_connection)
{
	struct recorder r;
	struct v2_host h;
	uint8_t what[16 + HWS_BINDING_LEN + HWS_DIGEST_LEN];

	recorder_init(&r, "temporary", false);
	r.has_identity = true;
	hws_identity_generate(false, &r.identity);
	v2_host_init(&h, &r, "temporary", "");
	v2_host_meet(&h, &by_id);
	v2_host_confirm(&h);
	v2_host_hash(&h);
	Ses__Message *m = v2_host_login(&h);
	const Ses__ViewerProof *p = m->login_request->viewer;
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(p->pk.len, HWS_PK_LEN);
	ck_assert_mem_eq(p->pk.data, r.identity.pk, HWS_PK_LEN);
	memcpy(what, "hawser v2 viewer", 16);
	memcpy(what + 16, hws_secure_binding(&h.secure), HWS_BINDING_LEN);
	memcpy(what + 48, hws_secure_signed_word(&h.secure), HWS_DIGEST_LEN);
	ck_assert_int_eq(hws_verify(p->pk.data, hws_bytes(what, sizeof(what)),
					 hws_bytes(p->signature.data, p->signature.len)),
			HWS_OK);
	hws_ses_free(m);
	recorder_done(&r);
}
END_TEST

/* Argon2id runs elsewhere; meanwhile the world goes on. */
START_TEST(a_password_that_is_worked_on_keeps_nobody_waiting)
{
	struct recorder r;
	struct v2_host h;

	recorder_init(&r, _i == 1 ? NULL : "permanent", false);
	v2_host_init(&h, &r, "", "permanent");
	r.hold_jobs = true;
	v2_host_meet(&h, &by_id);
	v2_host_confirm(&h);
	v2_host_hash(&h);
	if (_i == 1) /* the empty login is sent, and may be accepted */
		ck_assert_int_eq(hws_viewer_password(r.viewer, "permanent"), HWS_OK);
	ck_assert_ptr_nonnull(r.job);
	ck_assert_int_eq(r.state, HWS_VIEWER_VERDICT);
	struct hws_pake_job *job = r.job;
	r.job = NULL;
	if (_i == 1) {
		recorder_login_error(&r, "Empty Password"); /* of the empty one: no new question */
		ck_assert_int_eq(r.asks, 1);
		v2_host_welcome(&h, NULL, false);
		ck_assert_int_eq(r.readies, 1);
	} else if (_i == 2) { /* another link by then */
		hws_viewer_lost(r.viewer);
		v2_host_meet(&h, &by_id);
		v2_host_confirm(&h);
	}
	size_t before = r.sent_count;
	hws_viewer_stretched(r.viewer, job, hws_pake_job_run(job));
	if (_i) {
		ck_assert_uint_eq(r.sent_count, before);
	} else {
		hws_ses_free(v2_host_login(&h));
		ck_assert(h.good);
		v2_host_welcome(&h, h.confirm, false);
		/* The next link need not do it again. */
		hws_viewer_lost(r.viewer);
		v2_host_meet(&h, &by_id);
		v2_host_confirm(&h);
		v2_host_hash(&h);
		ck_assert_ptr_null(r.job);
		hws_ses_free(v2_host_login(&h));
		ck_assert(h.good);
	}
	recorder_done(&r);
}
END_TEST

/* What no host offers costs nothing. */
/* Each proof is a guess for an impostor: one for each password that the user gives. */
START_TEST(a_password_is_proved_once)
{
	struct recorder r;
	struct v2_host h;
	size_t before;

	recorder_init(&r, "temporary", false);
	v2_host_init(&h, &r, "temporary", "");
	v2_host_meet(&h, &by_address);
	v2_host_confirm(&h);
	v2_host_hash(&h);
	before = r.sent_count;
	for (int i = 0; i < 3; i++)
		v2_host_hash(&h);
	ck_assert_uint_eq(r.sent_count, before);
	for (int i = 0; i < 3; i++) {
		v2_host_refuse(&h);
		v2_host_hash(&h);
	}
	ck_assert_uint_eq(r.sent_count, before);
	ck_assert_int_eq(r.asks, 3);
	/* Only the user gives another one. */
	ck_assert_int_eq(hws_viewer_password(r.viewer, "temporary"), HWS_OK);
	ck_assert_uint_eq(r.sent_count, before + 1);
	recorder_done(&r);
}
END_TEST

START_TEST(odd_offers_are_left_out)
{
	static const struct {
		uint32_t kind, ops, memory_kib;
	} odd[] = { { 0, 0, 0 }, { 3, 3, 65536 }, { 2, 0, 0 }, { 2, 11, 65536 }, { 2, 3, 1024 },
		{ 2, 3, 1u << 30 }, { 1, 0, 0 } };
	static uint8_t share[HWS_PAKE_SHARE_LEN], salt[HWS_PAKE_SALT_LEN];
	Ses__PakeOffer offers[8], *list[8];
	struct hws_login_pake p = { 0 };

	for (size_t i = 0; i < HWS_COUNT(odd); i++) {
		ses__pake_offer__init(&offers[i]);
		offers[i].kind = odd[i].kind;
		offers[i].ops = odd[i].ops;
		offers[i].memory_kib = odd[i].memory_kib;
		offers[i].share.data = share;
		offers[i].share.len = sizeof(share);
		offers[i].salt.data = salt;
		offers[i].salt.len = sizeof(salt);
		list[i] = &offers[i];
	}
	hws_login_pake_offers(&p, list, HWS_COUNT(odd));
	ck_assert_uint_eq(p.offer_count, 1);
	ck_assert_int_eq(p.offer[0].kind, HWS_PAKE_TEMPORARY);
	offers[6].share.len = 31;
	hws_login_pake_offers(&p, list, HWS_COUNT(odd));
	ck_assert_uint_eq(p.offer_count, 0);
	offers[0] = offers[5] = offers[6];
	offers[0].share.len = offers[5].share.len = 32;
	hws_login_pake_offers(&p, list, HWS_COUNT(odd)); /* the same kind twice */
	ck_assert_uint_eq(p.offer_count, 1);
}
END_TEST

START_TEST(a_refusal_before_the_handshake_is_told)
{
	struct recorder r;

	recorder_init_as(&r, "temporary", false, true);
	ck_assert_int_eq(recorder_start(&r, false), HWS_OK);
	recorder_login_error(&r, "Your ip is blocked by the peer");
	ck_assert_int_eq(r.ends, 1);
	ck_assert_int_eq(r.end_err, HWS_ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(r.end_text, "white list"));
	recorder_done(&r);
}
END_TEST

Suite *v2_suite(void)
{
	Suite *s = suite_create("core/v2");
	TCase *t = tcase_create("v2");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_host_of_v2_is_met_by_id_and_by_address, 0, 2);
	tcase_add_loop_test(t, who_does_not_know_the_password_is_not_the_host, 0, 2);
	tcase_add_test(t, a_wrong_password_is_answered_with_new_offers);
	tcase_add_loop_test(t, who_refuses_the_password_is_not_pinned, 0, 2);
	tcase_add_loop_test(t, without_a_password_somebody_at_the_host_accepts, 0, 2);
	tcase_add_loop_test(t, a_ticket_brings_the_session_back, 0, 3);
	tcase_add_loop_test(t, nobody_talks_the_viewer_down, 0, (int)HWS_COUNT(downs));
	tcase_add_loop_test(t, a_replayed_word_of_the_host_confirms_nothing, 0, 2);
	tcase_add_test(t, a_deployed_host_is_called_what_it_is);
	tcase_add_test(t, the_viewer_says_which_one_it_is_for_this_connection);
	tcase_add_loop_test(t, a_password_that_is_worked_on_keeps_nobody_waiting, 0, 3);
	tcase_add_test(t, a_password_is_proved_once);
	tcase_add_test(t, odd_offers_are_left_out);
	tcase_add_test(t, a_refusal_before_the_handshake_is_told);
	suite_add_tcase(s, t);
	return s;
}
