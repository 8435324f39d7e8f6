/* libhawser against hosts that speak v2, or that pretend to: what is remembered of a host,
 * that nobody talks it down afterwards, what an impostor learns, and what the line shows of
 * typing. */
#include "shared/crypto/crypto.h"
#include "tests/component/viewer/fake_host.h"
#include "tests/component/viewer/told.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <hawser/hawser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_A 30u

/* A context that keeps what it learns, in a folder of this test. */
static void open_kept(struct told *t, const char *dir)
{
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;
	char path[300];

	snprintf(path, sizeof(path), "%s/hawser.conf", dir);
	open_context(t);
	hawser_context_free(t->ctx);
	cc.config_path = path;
	ck_assert_int_eq(hawser_context_new(&cc, &t->ctx), 0);
}

static void again(struct told *t)
{
	hawser_session_close(t->session);
	t->session = NULL;
	memset(t->count, 0, sizeof(t->count));
	t->closed_text[0] = t->host_key_text[0] = 0;
}

/* By address and by ID: encrypted at the first contact, without a question. */
START_TEST(a_host_of_ours_is_met_with_v2)
{
	struct fake_host h;
	struct told t;
	struct hawser_stats st = HAWSER_STATS_INIT;
	char dir[200];

	test_dir(dir, sizeof(dir));
	fake_host_start(&h,
			&(struct fake_conf){ .password = "secret", .v2 = true, .by_id = _i != 0 });
	open_kept(&t, dir);
	open_session(&h, &t, "secret");
	until(&t, HAWSER_EVENT_FRAME, 1);
	ck_assert_int_eq(t.count[HAWSER_EVENT_INSECURE], 0);
	ck_assert(t.encrypted);
	ck_assert_int_eq(t.encryption, HAWSER_ENCRYPTION_V2);
	ck_assert_int_eq(t.trust, _i ? HAWSER_TRUST_SERVER : HAWSER_TRUST_FIRST);
	ck_assert_int_eq(t.count[HAWSER_EVENT_HOST_KEY], 1);
	/* At a first contact people are told what to compare. */
	ck_assert_int_eq(strstr(t.host_key_text, t.fingerprint) != NULL, _i == 0);
	ck_assert_int_eq(hawser_session_stats(t.session, &st), 0);
	ck_assert_int_eq(st.encryption, HAWSER_ENCRYPTION_V2);
	ck_assert_str_eq(hawser_encryption_text(st.encryption), "end-to-end encrypted (hawser v2)");
	ck_assert(!h.password_heard);
	/* The second time it is known. */
	again(&t);
	open_session(&h, &t, "secret");
	until(&t, HAWSER_EVENT_READY, 1);
	ck_assert_int_eq(t.trust, _i ? HAWSER_TRUST_SERVER : HAWSER_TRUST_PINNED);
	ck_assert_str_eq(t.host_key_text, "");
	struct hawser_recent *list = NULL;
	size_t n = 0;
	ck_assert_int_eq(hawser_recent_list(t.ctx, &list, &n), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(list[0].encryption, HAWSER_ENCRYPTION_V2);
	ck_assert_str_eq(list[0].fingerprint, t.fingerprint);
	hawser_recent_free(list);
	close_all(&h, &t);
}
END_TEST

/* 0: plaintext by address, 1: the deployed scheme by ID, 2: another key by address, 3: by ID. The
 * consent to plaintext changes nothing, and it holds in another process, until the user forgets. */
START_TEST(a_host_that_spoke_v2_is_taken_for_no_less)
{
	struct fake_host h;
	struct told t;
	char dir[200], target[200];
	struct hawser_session_config c;

	test_dir(dir, sizeof(dir));
	fake_host_start(&h,
			&(struct fake_conf){
					.password = "secret", .v2 = true, .by_id = _i % 2 != 0 });
	open_kept(&t, dir);
	open_session(&h, &t, "secret");
	until(&t, HAWSER_EVENT_READY, 1);
	again(&t);
	hawser_context_free(t.ctx);
	open_kept(&t, dir);
	if (_i < 2)
		h.conf.v2 = false;
	else
		hws_identity_generate(false, &h.identity);
	c = config_for(&h, &t, target);
	c.password = "secret";
	c.allow_insecure = true;
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &t.session), 0);
	until(&t, HAWSER_EVENT_CLOSED, 1);
	ck_assert_int_eq(t.closed_error, _i < 2 ? HAWSER_ERR_INSECURE : HAWSER_ERR_KEY);
	ck_assert_msg(strstr(t.closed_text, "hawser peers forget") != NULL, "%s", t.closed_text);
	ck_assert_int_eq(t.count[HAWSER_EVENT_READY], 0);
	ck_assert(!h.password_heard);
	again(&t);
	ck_assert_int_eq(hawser_recent_forget(t.ctx, target), 0);
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &t.session), 0);
	until(&t, HAWSER_EVENT_READY, 1);
	ck_assert_int_eq(t.encryption,
			_i == 0                   ? HAWSER_ENCRYPTION_NONE
					: _i == 1 ? HAWSER_ENCRYPTION_V1
						  : HAWSER_ENCRYPTION_V2);
	close_all(&h, &t);
}
END_TEST

START_TEST(an_impostor_is_found_out_and_not_remembered)
{
	struct fake_host h;
	struct told t;
	char dir[200];
	struct hawser_recent *list = NULL;
	size_t n = 1;

	test_dir(dir, sizeof(dir));
	fake_host_start(&h,
			&(struct fake_conf){
					.password = "secret", .v2 = true, .knows_nothing = true });
	open_kept(&t, dir);
	if (_i)
		t.answer = "secret"; /* typed */
	open_session(&h, &t, _i ? NULL : "secret");
	until(&t, HAWSER_EVENT_CLOSED, 1);
	ck_assert_int_eq(t.closed_error, HAWSER_ERR_KEY);
	ck_assert_ptr_nonnull(strstr(t.closed_text, "does not know the password"));
	ck_assert_int_eq(t.count[HAWSER_EVENT_READY], 0);
	ck_assert_int_eq(hawser_recent_list(t.ctx, &list, &n), 0);
	ck_assert_uint_eq(n, 0);
	hawser_recent_free(list);
	close_all(&h, &t);
}
END_TEST

/* Of a host that speaks less: 0 and 1 by option, 2 by the settings. */
START_TEST(who_requires_v2_gets_nothing_less)
{
	struct fake_host h;
	struct told t;
	char target[200];
	struct hawser_session_config c;

	fake_host_start(&h, &(struct fake_conf){ .password = "secret", .by_id = _i == 1 });
	open_context(&t);
	c = config_for(&h, &t, target);
	c.password = "secret";
	c.allow_insecure = true;
	c.require_v2 = _i < 2;
	if (_i == 2)
		ck_assert_int_eq(hawser_config_set(t.ctx, "require-v2", "yes"), 0);
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &t.session), 0);
	until(&t, HAWSER_EVENT_CLOSED, 1);
	ck_assert_int_eq(t.closed_error, HAWSER_ERR_INSECURE);
	ck_assert_ptr_nonnull(strstr(t.closed_text, "require-v2"));
	ck_assert(!h.password_heard);
	close_all(&h, &t);
}
END_TEST

START_TEST(a_wrong_password_is_asked_again_and_the_right_one_remembered)
{
	struct fake_host h;
	struct told t;
	char dir[200], path[300], text[4000] = "";
	FILE *f;

	test_dir(dir, sizeof(dir));
	fake_host_start(&h, &(struct fake_conf){ .password = "secret", .v2 = true });
	open_kept(&t, dir);
	open_session(&h, &t, "wrong");
	until(&t, HAWSER_EVENT_PASSWORD, 1);
	ck_assert_int_eq(t.reason, HAWSER_PASSWORD_WRONG);
	ck_assert_int_eq(hawser_session_password(t.session, "secret", true), 0);
	until(&t, HAWSER_EVENT_READY, 1);
	again(&t);
	/* Next time nobody is asked; and what is kept is no hash of the deployed scheme. */
	open_session(&h, &t, NULL);
	until(&t, HAWSER_EVENT_READY, 1);
	ck_assert_int_eq(t.count[HAWSER_EVENT_PASSWORD], 1);
	snprintf(path, sizeof(path), "%s/peers.json", dir);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, f), 0);
	fclose(f);
	ck_assert_ptr_null(strstr(text, "\"login\""));
	ck_assert_ptr_nonnull(strstr(text, "\"password\""));
	ck_assert(!h.password_heard);
	close_all(&h, &t);
}
END_TEST

/* The first connection is lost; the ticket of it brings the session back, also where nobody typed a
 * password that could be proved again. */
START_TEST(a_lost_session_comes_back_by_its_ticket)
{
	struct fake_host h;
	struct told t;

	fake_host_start(&h,
			&(struct fake_conf){ .password = "secret",
					.v2 = true,
					.trick = FAKE_CLOSE_AFTER_FRAME });
	open_context(&t);
	open_session(&h, &t, "secret");
	until(&t, HAWSER_EVENT_READY, 2);
	ck_assert_int_ge(t.retries, 1);
	ck_assert_uint_eq(h.resumed, 1);
	close_all(&h, &t);
}
END_TEST

static void rest(struct told *t, int ms)
{
	uint64_t due = test_now_ms() + (uint64_t)ms;

	while (test_now_ms() < due)
		hawser_context_wait(t->ctx, 20);
}

/* Fillers follow keys for a second, look like them, and cost nothing when nobody types. */
START_TEST(the_line_does_not_show_when_keys_are_pressed)
{
	struct fake_host h;
	struct told t;
	unsigned keys, fillers, later;
	uint64_t due;

	fake_host_start(&h, &(struct fake_conf){ .password = "secret", .v2 = true });
	open_context(&t);
	open_session(&h, &t, "secret");
	until(&t, HAWSER_EVENT_FRAME, 1);
	ck_assert_int_eq(hawser_session_mouse_move(t.session, 0, 3, 4), 0);
	rest(&t, 500);
	fake_host_records(&h, &keys, &fillers);
	ck_assert_uint_eq(keys, 0);
	ck_assert_uint_eq(fillers, 0);
	ck_assert_int_eq(hawser_session_key(t.session, KEY_A, true, 0, 'a'), 0);
	ck_assert_int_eq(hawser_session_key(t.session, KEY_A, false, 0, 'a'), 0);
	due = test_now_ms() + TEST_PATIENCE_MS;
	do {
		rest(&t, 100);
		fake_host_records(&h, &keys, &fillers);
	} while ((keys < 2 || fillers < 5) && test_now_ms() < due);
	ck_assert_uint_ge(keys, 2);
	ck_assert_uint_ge(fillers, 5);
	ck_assert_uint_eq(h.filler_size, h.key_size);
	ck_assert_uint_eq(h.key_size % 64, 16); /* padded, and a tag */
	/* They end by themselves. */
	due = test_now_ms() + TEST_PATIENCE_MS;
	do {
		fake_host_records(&h, &keys, &fillers);
		rest(&t, 1500);
		fake_host_records(&h, &keys, &later);
	} while (later != fillers && test_now_ms() < due);
	ck_assert_uint_eq(later, fillers);
	close_all(&h, &t);
}
END_TEST

/* One key for this installation, for whoever wants to list it at a host. */
START_TEST(a_viewer_has_one_key)
{
	struct told t;
	char dir[200], one[HAWSER_KEY_TEXT], two[HAWSER_KEY_TEXT];
	char fingerprint[HAWSER_FINGERPRINT_TEXT], text[HAWSER_FINGERPRINT_TEXT];
	uint8_t pk[HWS_PK_LEN];

	test_dir(dir, sizeof(dir));
	open_kept(&t, dir);
	ck_assert_int_eq(hawser_viewer_key(t.ctx, one), 0);
	hawser_context_free(t.ctx);
	open_kept(&t, dir);
	ck_assert_int_eq(hawser_viewer_key(t.ctx, two), 0);
	ck_assert_str_eq(one, two);
	ck_assert_uint_eq(strlen(one), 44);
	ck_assert_int_eq(hawser_viewer_fingerprint(t.ctx, fingerprint), 0);
	ck_assert_int_eq(hws_key_parse(one, pk), 0);
	ck_assert_str_eq(fingerprint, hws_fingerprint_text(pk, text));
	hawser_context_free(t.ctx);
	open_context(&t); /* keeps nothing */
	ck_assert_int_eq(hawser_viewer_key(t.ctx, two), HAWSER_ERR_NOTFOUND);
	hawser_context_free(t.ctx);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("viewer/v2");
	TCase *t = test_case(s, "all", 120,
			TESTS(a_wrong_password_is_asked_again_and_the_right_one_remembered,
					a_lost_session_comes_back_by_its_ticket,
					the_line_does_not_show_when_keys_are_pressed,
					a_viewer_has_one_key));

	if (hws_crypto_init() < 0)
		return 1;
	tcase_add_loop_test(t, a_host_of_ours_is_met_with_v2, 0, 2);
	tcase_add_loop_test(t, a_host_that_spoke_v2_is_taken_for_no_less, 0, 4);
	tcase_add_loop_test(t, an_impostor_is_found_out_and_not_remembered, 0, 2);
	tcase_add_loop_test(t, who_requires_v2_gets_nothing_less, 0, 3);
	return test_suite_run(s);
}
