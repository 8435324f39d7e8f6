/* host/judge of hawser viewers: no password is judged but what is proven of it,
 * viewers by their key, and tickets to come back with. */
#include "client/host/judge.h"
#include "shared/base/clock.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/transcript.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define OK AGT__LOGIN_VERDICT__RESULT__OK
#define WRONG AGT__LOGIN_VERDICT__RESULT__WRONG
#define CLOSED AGT__LOGIN_VERDICT__RESULT__CLOSED
#define WAIT AGT__LOGIN_VERDICT__RESULT__WAIT_LOCAL

static struct hws_vault vault;
static struct hws_recent recent;
static struct hws_resume resume;
static struct hws_viewer_keys keys;
static struct hws_judge judge;
static struct hws_vault_offers offers;
static struct hws_judge_result res;
static struct hws_identity viewer, other;
static struct sockaddr_storage from = { .ss_family = AF_INET };
static const uint8_t host_pk[32] = { 7 };
static uint8_t binding[32], word[32];
static uint64_t now;
static Agt__LoginCheck check;
static uint8_t share[32], confirm[32], mac[32], signature[HWS_SIG_LEN];

static void setup(void)
{
	const struct hws_vault_conf vc = { HWS_VAULT_BOTH, 10, false, false, false };
	struct hws_error err = { 0 };
	char dir[256];

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	test_dir(dir, sizeof(dir));
	ck_assert_msg(hws_vault_open(&vault, dir, &vc, &err) == HWS_OK, "%s", err.text);
	hws_identity_generate(false, &viewer);
	hws_identity_generate(false, &other);
	judge = (struct hws_judge){ .vault = &vault,
		.recent = &recent,
		.resume = &resume,
		.own_id = "123456789",
		.host_pk = host_pk,
		.id_whitelist = "",
		.viewer_keys = &keys };
	ck_assert_int_eq(hws_limits_new(&judge.passwords), HWS_OK);
	ck_assert_int_eq(hws_limits_new(&judge.ids), HWS_OK);
	now = 1000 * 60 * HWS_US_PER_S;
}

static void teardown(void)
{
	hws_limits_free(judge.passwords);
	hws_limits_free(judge.ids);
}

/* The next connection. */
static void begin(void)
{
	binding[0]++;
	memset(&offers, 0, sizeof(offers));
	check = (Agt__LoginCheck)AGT__LOGIN_CHECK__INIT;
	check.my_id = (char *)"987654321";
	check.my_name = (char *)"Ann";
	check.username = (char *)"123456789";
	check.version = (char *)"1.4.9";
	check.level = HWS_LEVEL_V2;
	check.binding = (ProtobufCBinaryData){ sizeof(binding), binding };
}

static Agt__LoginVerdict__Result decide(uint64_t conn)
{
	const struct hws_judge_case c = { .conn = conn,
		.word = word,
		.from = &from,
		.salt = vault.salt,
		.challenge = "7kq3fx",
		.offers = &offers,
		.permissions = ~0u,
		.check = &check,
		.now_us = now };

	hws_judge_login(&judge, &c, &res);
	return res.result;
}

static void prove_password(const char *password)
{
	const struct hws_pake_context context = { binding, host_pk, HWS_PAKE_TEMPORARY };
	struct hws_pake_secret secret;
	uint8_t h1[HWS_H1_LEN], expect[32];

	hws_vault_offer(&vault, &offers);
	hws_password_h1(hws_bytes_str(password), vault.salt, h1);
	ck_assert_int_eq(hws_pake_secret_of(h1, &offers.cost[0], &secret), HWS_OK);
	ck_assert_int_eq(hws_pake_answer(&secret, &context,
					 hws_bytes(offers.offer_secret[0].share, 32), share,
					 confirm, expect),
			HWS_OK);
	check.temporary_share = (ProtobufCBinaryData){ sizeof(share), share };
	check.temporary_confirm = (ProtobufCBinaryData){ sizeof(confirm), confirm };
}

static void prove_viewer(const struct hws_identity *who)
{
	uint8_t text[16 + 64] = "hawser v2 viewer";

	memcpy(text + 16, binding, 32);
	memcpy(text + 48, word, 32);
	hws_identity_sign(who, hws_bytes(text, sizeof(text)), signature);
	check.viewer_pk = (ProtobufCBinaryData){ HWS_PK_LEN, (uint8_t *)(uintptr_t)who->pk };
	check.viewer_signature = (ProtobufCBinaryData){ sizeof(signature), signature };
}

static void show_ticket(const struct hws_resume_ticket *t)
{
	struct hws_bytes part = hws_bytes(binding, sizeof(binding));

	hws_digest_keyed(t->secret, "hawser v2 resume", &part, 1, mac);
	check.resume_id = (ProtobufCBinaryData){ sizeof(t->id), (uint8_t *)(uintptr_t)t->id };
	check.resume_mac = (ProtobufCBinaryData){ sizeof(mac), mac };
}

/* Lets in connection 1 and gives its ticket; it is lost after that. */
static struct hws_resume_ticket lose(const struct hws_identity *who, bool on_purpose)
{
	struct hws_resume_ticket t;

	begin();
	prove_password(hws_vault_temporary(&vault));
	if (who)
		prove_viewer(who);
	ck_assert_int_eq(decide(1), OK);
	ck_assert(res.has_confirm && res.has_ticket && res.by_v2);
	t = res.ticket;
	hws_resume_closed(&resume, 1, on_purpose, now);
	hws_vault_renew_temporary(&vault);
	return t;
}

/* What a deployed viewer says opens nothing over v2, right as it may be. */
START_TEST(a_password_said_over_v2_means_nothing)
{
	uint8_t h1[HWS_H1_LEN], proof[HWS_PROOF_LEN];

	begin();
	hws_password_h1(hws_bytes_str(hws_vault_temporary(&vault)), vault.salt, h1);
	hws_password_proof(h1, "7kq3fx", proof);
	check.proof = (ProtobufCBinaryData){ sizeof(proof), proof };
	ck_assert_int_eq(decide(1), WAIT);
	check.level = HWS_LEVEL_V1;
	ck_assert_int_eq(decide(1), OK);
	ck_assert(!res.has_confirm && !res.has_ticket && !res.by_v2);
}
END_TEST

START_TEST(nothing_but_v2_when_that_is_asked_for)
{
	judge.v2_only = true;
	begin();
	prove_password(hws_vault_temporary(&vault));
	check.level = _i ? HWS_LEVEL_V1 : HWS_LEVEL_PLAIN;
	ck_assert_int_eq(decide(1), CLOSED);
	ck_assert_ptr_nonnull(strstr(res.text, "only hawser viewers"));
	check.level = HWS_LEVEL_V2;
	ck_assert_int_eq(decide(1), OK);
}
END_TEST

START_TEST(wrong_proofs_are_counted_like_wrong_passwords)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < 20; i++) {
		begin();
		prove_password("no such password");
		wrong += decide(1) == WRONG;
	}
	ck_assert_uint_eq(wrong, HWS_LIMIT_MINUTE + 1);
	begin();
	prove_password(hws_vault_temporary(&vault));
	ck_assert_int_eq(decide(1), AGT__LOGIN_VERDICT__RESULT__LIMITED);
}
END_TEST

START_TEST(only_known_viewers_get_in_where_they_are_named)
{
	char list[200], text[HWS_FINGERPRINT_TEXT];

	snprintf(list, sizeof(list), " %s ,", hws_fingerprint_text(viewer.pk, text));
	ck_assert_int_eq(hws_viewer_keys_parse(list, &keys, NULL), HWS_OK);
	ck_assert_uint_eq(keys.count, 1);
	begin();
	prove_password(hws_vault_temporary(&vault));
	ck_assert_int_eq(decide(1), CLOSED);
	prove_viewer(&other);
	ck_assert_int_eq(decide(1), CLOSED);
	ck_assert_ptr_nonnull(strstr(res.text, "viewer-keys"));
	prove_viewer(&viewer);
	signature[3] ^= 1;
	ck_assert_int_eq(decide(1), CLOSED);
	ck_assert_ptr_nonnull(strstr(res.text, "did not prove"));
	prove_viewer(&viewer);
	check.level = HWS_LEVEL_V1;
	ck_assert_int_eq(decide(1), CLOSED);
	check.level = HWS_LEVEL_V2;
	ck_assert_int_eq(decide(1), OK);
	ck_assert(res.has_viewer);
	ck_assert_mem_eq(res.viewer_pk, viewer.pk, HWS_PK_LEN);
	/* a proof for one channel is none for another */
	begin();
	prove_viewer(&viewer);
	binding[0]++;
	prove_password(hws_vault_temporary(&vault));
	ck_assert_int_eq(decide(1), CLOSED);
	/* nor does a gate that says the other channel's binding, too, get it taken here */
	begin();
	prove_viewer(&viewer);
	word[0]++;
	prove_password(hws_vault_temporary(&vault));
	ck_assert_int_eq(decide(1), CLOSED);
}
END_TEST

START_TEST(lists_of_keys_are_read_as_people_write_them)
{
	char list[200], text[HWS_KEY_TEXT];
	struct hws_error err = { 0 };

	snprintf(list, sizeof(list), "%s", hws_key_text(viewer.pk, text));
	ck_assert_int_eq(hws_viewer_keys_parse(list, &keys, NULL), HWS_OK);
	ck_assert(hws_viewer_keys_know(&keys, viewer.pk));
	ck_assert(!hws_viewer_keys_know(&keys, other.pk));
	ck_assert_int_eq(hws_viewer_keys_parse("03a1 07bf", &keys, &err), HWS_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "03a1 07bf"));
	ck_assert_int_eq(hws_viewer_keys_parse("", &keys, NULL), HWS_OK);
	ck_assert_uint_eq(keys.count, 0);
}
END_TEST

/* Again, too: where the desktop was not there yet, or the line was lost before the answer. */
START_TEST(a_ticket_brings_back)
{
	struct hws_resume_ticket t = lose(NULL, false);

	now += HWS_RESUME_US - HWS_US_PER_S;
	begin();
	show_ticket(&t);
	ck_assert_int_eq(decide(2), OK);
	ck_assert(res.by_recent && res.has_ticket && !res.has_confirm);
	ck_assert_mem_eq(&res.ticket, &t, sizeof(t));
	begin();
	show_ticket(&t);
	ck_assert_int_eq(decide(3), OK);
	/* of the newest connection now: the end of the others changes nothing, its own end does */
	hws_resume_closed(&resume, 2, true, now);
	hws_resume_closed(&resume, 3, false, now);
	now += HWS_RESUME_US - HWS_US_PER_S;
	begin();
	show_ticket(&t);
	ck_assert_int_eq(decide(4), OK);
	hws_resume_closed(&resume, 4, true, now);
	begin();
	show_ticket(&t);
	ck_assert_int_eq(decide(5), WRONG);
}
END_TEST

/* 0: too late, 1: ended on purpose, 2: sent away meanwhile, 3: for another
 * channel, 4: by another viewer, 5: a wrong mac, which uses it up */
START_TEST(a_ticket_is_void)
{
	struct hws_resume_ticket t = lose(_i == 4 ? &viewer : NULL, _i == 1);

	if (_i == 0)
		now += HWS_RESUME_US;
	if (_i == 2)
		hws_resume_forget_away(&resume);
	begin();
	show_ticket(&t);
	if (_i == 3)
		binding[0]++;
	if (_i == 4)
		prove_viewer(&other);
	if (_i == 5)
		mac[0] ^= 1;
	ck_assert_int_eq(decide(2), WRONG);
	if (_i != 5)
		return;
	mac[0] ^= 1;
	ck_assert_int_eq(decide(2), WRONG);
}
END_TEST

/* The host may still take the lost line for alive. */
START_TEST(a_ticket_is_good_before_the_host_knows)
{
	struct hws_resume_ticket t;

	begin();
	prove_password(hws_vault_temporary(&vault));
	ck_assert_int_eq(decide(1), OK);
	t = res.ticket;
	now += 100 * HWS_RESUME_US;
	begin();
	show_ticket(&t);
	ck_assert_int_eq(decide(2), OK);
	t = res.ticket;
	hws_resume_closed(&resume, 1, true, now); /* the end of that line is not the end of this */
	begin();
	show_ticket(&t);
	ck_assert_int_eq(decide(3), OK);
}
END_TEST

START_TEST(the_table_of_tickets_is_bounded)
{
	struct hws_resume_ticket t;

	for (unsigned i = 1; i <= HWS_RESUME_MAX; i++)
		ck_assert(hws_resume_issue(&resume, i, NULL, now, &t));
	ck_assert(!hws_resume_issue(&resume, 1000, NULL, now, &t));
	hws_resume_closed(&resume, 7, false, now);
	ck_assert(hws_resume_issue(&resume, 1000, NULL, now, &t));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/judge v2");
	TCase *t = test_case(s, "all", 60,
			TESTS(a_password_said_over_v2_means_nothing,
					wrong_proofs_are_counted_like_wrong_passwords,
					only_known_viewers_get_in_where_they_are_named,
					lists_of_keys_are_read_as_people_write_them,
					a_ticket_brings_back,
					a_ticket_is_good_before_the_host_knows,
					the_table_of_tickets_is_bounded));

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, nothing_but_v2_when_that_is_asked_for, 0, 2);
	tcase_add_loop_test(t, a_ticket_is_void, 0, 6);
	return test_suite_run(s);
}
