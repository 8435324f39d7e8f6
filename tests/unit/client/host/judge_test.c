/* host/judge with vault, limits and recent: who gets in. */
#include "client/host/judge.h"
#include "client/host/state_file.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/permission.h"
#include "shared/wire/session_kind.h"
#include "tests/support/proc.h"
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MINUTE (60 * HWS_US_PER_S)

static char dir[256];
static struct hws_vault vault;
static struct hws_recent recent;
static struct hws_resume resume;
static struct hws_viewer_keys keys;
static const uint8_t host_pk[HWS_PK_LEN] = { 7 };
static struct hws_judge judge;
static struct sockaddr_storage from;
static bool told;
static uint64_t now;
static struct hws_judge_result res;
static Agt__LoginCheck check;

static struct sockaddr_storage addr(const char *text)
{
	struct sockaddr_storage a = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		a.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
		a.ss_family = AF_INET6;
	return a;
}

static void setup(void)
{
	struct hws_vault_conf vc = { HWS_VAULT_BOTH, 10, false, false, false };
	struct hws_error err = { 0 };

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	test_dir(dir, sizeof(dir));
	ck_assert_msg(hws_vault_open(&vault, dir, &vc, &err) == HWS_OK, "%s", err.text);
	memset(&recent, 0, sizeof(recent));
	judge = (struct hws_judge){ .vault = &vault,
		.recent = &recent,
		.resume = &resume,
		.viewer_keys = &keys,
		.host_pk = host_pk,
		.own_id = "123456789",
		.id_whitelist = "" };
	ck_assert_int_eq(hws_limits_new(&judge.passwords), HWS_OK);
	ck_assert_int_eq(hws_limits_new(&judge.ids), HWS_OK);
	from = addr("192.0.2.7");
	now = 1000 * MINUTE;
	told = false;
	check = (Agt__LoginCheck)AGT__LOGIN_CHECK__INIT;
	check.my_id = (char *)"987654321";
	check.my_name = (char *)"Ann";
	check.username = (char *)"123456789";
	check.kind = AGT__SESSION_KIND__SESSION_KIND_REMOTE;
	check.session_id = 77;
}

static void teardown(void)
{
	hws_limits_free(judge.passwords);
	hws_limits_free(judge.ids);
}

static uint32_t permissions = ~0u;

static Agt__LoginVerdict__Result login_with(uint64_t conn, const char *password)
{
	uint8_t h1[HWS_H1_LEN], proof[HWS_PROOF_LEN];
	struct hws_judge_case c = { .conn = conn,
		.from = &from,
		.from_told = told,
		.salt = vault.salt,
		.challenge = "7kq3fx",
		.permissions = permissions,
		.check = &check,
		.now_us = now };

	if (password) {
		hws_password_h1(hws_bytes_str(password), vault.salt, h1);
		hws_password_proof(h1, "7kq3fx", proof);
		check.proof = (ProtobufCBinaryData){ sizeof(proof), proof };
	}
	hws_judge_login(&judge, &c, &res);
	check.proof = (ProtobufCBinaryData){ 0, NULL };
	return res.result;
}

#define OK AGT__LOGIN_VERDICT__RESULT__OK
#define WRONG AGT__LOGIN_VERDICT__RESULT__WRONG
#define LIMITED AGT__LOGIN_VERDICT__RESULT__LIMITED
#define CLOSED AGT__LOGIN_VERDICT__RESULT__CLOSED
#define WAIT AGT__LOGIN_VERDICT__RESULT__WAIT_LOCAL

START_TEST(both_passwords_open_and_others_do_not)
{
	struct hws_error err = { 0 };

	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), OK);
	ck_assert(res.by_temporary);
	ck_assert_int_eq(login_with(2, "Passw0rd!"), WRONG);
	ck_assert_str_eq(res.text, "Wrong Password");
	ck_assert_int_eq(hws_vault_set_permanent(&vault, "Passw0rd!", &err), HWS_OK);
	ck_assert_int_eq(login_with(3, "Passw0rd!"), OK);
	ck_assert(!res.by_temporary);
	ck_assert_int_eq(login_with(4, hws_vault_temporary(&vault)), OK);
	ck_assert_int_eq(login_with(5, NULL), WAIT);
}
END_TEST

START_TEST(the_method_decides_which_password_counts)
{
	struct hws_error err = { 0 };
	struct hws_vault_conf vc = { HWS_VAULT_PERMANENT, 10, false, false, false };
	char temporary[32];

	ck_assert_int_eq(hws_vault_set_permanent(&vault, "Passw0rd!", &err), HWS_OK);
	ck_assert_int_eq(
			hws_str_copy(temporary, sizeof(temporary), hws_vault_temporary(&vault)), 0);
	hws_vault_configure(&vault, &vc);
	ck_assert_str_eq(hws_vault_temporary(&vault), "");
	ck_assert_int_eq(login_with(1, temporary), WRONG);
	vc.accept = HWS_VAULT_TEMPORARY;
	hws_vault_configure(&vault, &vc);
	ck_assert_int_eq(login_with(2, "Passw0rd!"), WRONG);
	ck_assert_int_eq(login_with(3, temporary), OK);
}
END_TEST

START_TEST(the_permanent_password_survives_a_restart_and_is_not_stored_as_text)
{
	struct hws_error err = { 0 };
	struct hws_vault_conf vc = vault.conf;
	char path[300], text[HWS_VAULT_LINE], salt[HWS_SALT_TEXT];
	struct stat st;

	ck_assert_int_eq(hws_vault_set_permanent(&vault, "correct horse", &err), HWS_OK);
	snprintf(path, sizeof(path), "%s/password", dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(hws_state_read(path, text, sizeof(text), &err), HWS_OK);
	ck_assert_ptr_null(strstr(text, "correct"));
	memcpy(salt, vault.salt, sizeof(salt));
	ck_assert_int_eq(hws_vault_open(&vault, dir, &vc, &err), HWS_OK);
	ck_assert_str_eq(vault.salt, salt);
	ck_assert_int_eq(login_with(1, "correct horse"), OK);
	ck_assert_int_eq(hws_vault_clear_permanent(&vault, &err), HWS_OK);
	ck_assert_int_eq(login_with(2, "correct horse"), WRONG);
	ck_assert_int_eq(hws_vault_open(&vault, dir, &vc, &err), HWS_OK);
	ck_assert(!vault.has_permanent);
	ck_assert_str_eq(vault.salt, salt);
}
END_TEST

START_TEST(a_damaged_password_file_is_told_and_kept)
{
	struct hws_error err = { 0 };
	struct hws_vault_conf vc = vault.conf;
	char path[300], text[HWS_VAULT_LINE];

	snprintf(path, sizeof(path), "%s/password", dir);
	ck_assert_int_eq(hws_state_write(path, "rubbish", &err), HWS_OK);
	ck_assert_int_eq(hws_vault_open(&vault, dir, &vc, &err), HWS_ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, "password set"));
	ck_assert_int_eq(hws_state_read(path, text, sizeof(text), &err), HWS_OK);
	ck_assert_str_eq(text, "rubbish");
	chmod(path, 0644);
	ck_assert_int_eq(hws_vault_open(&vault, dir, &vc, &err), HWS_ERR_PERM);
}
END_TEST

START_TEST(only_a_file_is_replaced_by_a_file)
{
	struct hws_error err = { 0 };
	char file[300], path[300];
	struct stat st;

	snprintf(file, sizeof(file), "%s/real", dir);
	ck_assert_int_eq(hws_state_write(file, "first", &err), HWS_OK);
	snprintf(path, sizeof(path), "%s/link", dir);
	ck_assert_int_eq(symlink(file, path), 0);
	ck_assert_int_eq(hws_state_write(path, "second", &err), HWS_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "link"));
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	snprintf(path, sizeof(path), "%s/pipe", dir);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(hws_state_write(path, "second", &err), HWS_ERR_INVAL);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	ck_assert_int_eq(hws_state_write(dir, "second", &err), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_state_write(file, "second", &err), HWS_OK);
}
END_TEST

START_TEST(seven_failures_a_minute_are_the_limit_and_it_passes)
{
	for (int i = 0; i < 7; i++)
		ck_assert_int_eq(login_with(1, "nonsense"), WRONG);
	ck_assert_int_eq(login_with(1, "nonsense"), LIMITED);
	ck_assert_str_eq(res.text, "Please try 1 minute later");
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), LIMITED);
	from = addr("192.0.2.8"); /* others are not touched */
	ck_assert_int_eq(login_with(2, hws_vault_temporary(&vault)), OK);
	from = addr("192.0.2.7");
	now += MINUTE;
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), OK);
	ck_assert_int_eq(login_with(1, "nonsense"), WRONG); /* success has cleared the counter */
}
END_TEST

START_TEST(thirty_failures_lock_and_time_forgives)
{
	int wrong = 0;

	for (int i = 0; i < 40; i++) {
		wrong += login_with(1, "nonsense") == WRONG;
		if (i % 6 == 5)
			now += MINUTE;
	}
	ck_assert_int_eq(wrong, 31);
	ck_assert_int_eq(login_with(1, "nonsense"), LIMITED);
	ck_assert_str_eq(res.text, "Too many wrong attempts");
	now += HWS_LIMIT_DECAY_US + MINUTE;
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), OK);
}
END_TEST

START_TEST(prefixes_of_ipv6_are_limited_together)
{
	char text[64];
	int wrong = 0;

	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "2001:db8:1:1::%x", i + 1);
		from = addr(text);
		wrong += login_with(1, "nonsense") == WRONG;
	}
	ck_assert_int_eq(wrong, 61);
	ck_assert_str_eq(res.text, "Too many wrong attempts for IPv6 prefix /64");
	from = addr("2001:db8:2:1::1");
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), OK);
}
END_TEST

/* What one spoofed datagram each costs an attacker: 709 guesses a second, once. */
START_TEST(addresses_that_a_server_told_guess_as_one)
{
	char text[64];
	unsigned wrong = 0;

	told = true;
	check.my_id = (char *)"1";
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16, (i >> 8) & 255, i & 255);
		from = addr(text);
		wrong += login_with(1, "nonsense") == WRONG;
		now += HWS_US_PER_S / 100; /* 200 s altogether */
	}
	ck_assert_uint_ge(wrong, HWS_LIMIT_TOLD);
	ck_assert_uint_le(wrong, HWS_LIMIT_TOLD + 5 + 200 / 20 + 4);
	ck_assert_str_eq(res.text, "Please try 1 minute later");
	/* a socket's own address is another matter */
	told = false;
	from = addr("192.0.2.9");
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), OK);
}
END_TEST

START_TEST(who_logged_in_lately_does_not_wait_for_guessers)
{
	char text[64];

	told = true;
	from = addr("198.51.100.1");
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), OK);
	check.my_id = (char *)"1";
	for (unsigned i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "10.0.0.%u", i);
		from = addr(text);
		login_with(1, "nonsense");
	}
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), LIMITED);
	check.my_id = (char *)"2";
	from = addr("198.51.100.1"); /* the address again */
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), OK);
	check.my_id = (char *)"987654321"; /* the viewer again, from elsewhere */
	from = addr("198.51.100.77");
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), OK);
	/* which is no way around: it has its own count */
	for (int i = 0; i < 7; i++) {
		snprintf(text, sizeof(text), "10.9.0.%d", i);
		from = addr(text);
		ck_assert_int_eq(login_with(1, "nonsense"), WRONG);
	}
	ck_assert_int_eq(login_with(1, "nonsense"), LIMITED);
}
END_TEST

START_TEST(a_told_address_uses_up_nothing_of_the_real_one)
{
	from = addr("192.0.2.7");
	told = true;
	for (int i = 0; i < 60; i++)
		login_with(1, "nonsense");
	told = false;
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), OK);
}
END_TEST

/* Also of one that a server told, and that is known from there: a spoofed push may tell it. */
START_TEST(a_told_address_that_is_known_has_failures_of_its_own)
{
	told = true;
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), OK);
	for (int i = 0; i < 60; i++)
		login_with(1, "nonsense");
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), LIMITED);
	told = false;
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), OK);
}
END_TEST

START_TEST(the_wait_of_strangers_grows)
{
	static const unsigned waits_s[] = { 1, 2, 4, 8, 16, 20 };
	const struct hws_limit_source s = { .addr = &from, .told = true };

	for (unsigned i = 0; i < HWS_LIMIT_TOLD; i++)
		hws_limits_failed(judge.passwords, &s, now);
	ck_assert_ptr_null(hws_limits_check(judge.passwords, &s, now));
	for (size_t i = 0; i < HWS_COUNT(waits_s); i++) {
		hws_limits_failed(judge.passwords, &s, now);
		now += waits_s[i] * HWS_US_PER_S;
		ck_assert_ptr_nonnull(hws_limits_check(judge.passwords, &s, now - 1));
		ck_assert_ptr_null(hws_limits_check(judge.passwords, &s, now));
	}
}
END_TEST

START_TEST(many_real_addresses_guess_no_faster_than_the_host_allows)
{
	char text[64];
	unsigned wrong = 0;

	check.my_id = (char *)"1";
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "11.%u.%u.1", i / 250, i % 250);
		from = addr(text);
		wrong += login_with(1, "nonsense") == WRONG;
		now += HWS_US_PER_S / 100;
	}
	ck_assert_uint_ge(wrong, HWS_LIMIT_SEEN);
	ck_assert_uint_le(wrong, HWS_LIMIT_SEEN + 3 + 200 / 4 + 4);
	now += 30 * MINUTE; /* and it is forgotten */
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), OK);
}
END_TEST

/* A key's text is no secret: others call themselves by it, from elsewhere and from the same address
 * (a router's). They win nothing by it, and take nothing from who proves it. */
START_TEST(a_proven_key_is_not_an_id_that_anybody_may_claim)
{
	struct hws_limit_source owner = { .addr = &from, .viewer_id = "2543b92f", .proven = true };
	struct hws_limit_source guesser = { .addr = &from, .viewer_id = "2543b92f" };
	char text[64];
	unsigned guesses = 0;

	hws_limits_succeeded(judge.passwords, &owner, now);
	for (int i = 0; i < 40; i++) { /* at the owner's address, which is known */
		hws_limits_failed(judge.passwords, &guesser, now);
		now += MINUTE;
	}
	ck_assert_ptr_nonnull(hws_limits_check(judge.passwords, &guesser, now));
	ck_assert_ptr_null(hws_limits_check(judge.passwords, &owner, now));
	for (unsigned i = 0; i < 1000; i++) { /* from anywhere: as all strangers together */
		snprintf(text, sizeof(text), "11.%u.%u.1", i / 250, i % 250);
		from = addr(text);
		if (hws_limits_check(judge.passwords, &guesser, now))
			continue;
		hws_limits_failed(judge.passwords, &guesser, now);
		guesses++;
	}
	ck_assert_uint_ge(guesses, HWS_LIMIT_SEEN);
	ck_assert_uint_le(guesses, HWS_LIMIT_SEEN + 1);
	ck_assert_ptr_null(hws_limits_check(judge.passwords, &owner, now));
	/* which is no way around: it has its own count */
	for (unsigned i = 0; i <= HWS_LIMIT_TOTAL; i++)
		hws_limits_failed(judge.passwords, &owner, now);
	ck_assert_ptr_nonnull(hws_limits_check(judge.passwords, &owner, now));
}
END_TEST

START_TEST(the_table_of_failures_is_bounded)
{
	char text[64];

	for (int i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "10.%d.%d.1", i / 250, i % 250);
		from = addr(text);
		hws_limits_failed(
				judge.passwords, &(struct hws_limit_source){ .addr = &from }, now);
	}
	ck_assert_uint_eq(hws_limits_count(judge.passwords), HWS_LIMITS_MAX);
}
END_TEST

START_TEST(ten_wrong_ones_renew_the_temporary_password)
{
	char before[32], text[64];

	ck_assert_int_eq(hws_str_copy(before, sizeof(before), hws_vault_temporary(&vault)), 0);
	for (int i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), "10.0.0.%d", i);
		from = addr(text);
		ck_assert_str_eq(hws_vault_temporary(&vault), before);
		ck_assert_int_eq(login_with(1, "nonsense"), WRONG);
	}
	ck_assert(res.renewed);
	ck_assert_str_ne(hws_vault_temporary(&vault), before);
	ck_assert_int_eq(login_with(1, before), WRONG);
}
END_TEST

START_TEST(a_recent_session_comes_back_with_its_own_password_only)
{
	char used[32];

	ck_assert_int_eq(hws_str_copy(used, sizeof(used), hws_vault_temporary(&vault)), 0);
	ck_assert_int_eq(login_with(1, used), OK);
	hws_recent_closed(&recent, 1, false, now);
	hws_vault_renew_temporary(&vault);
	now += 10 * HWS_US_PER_S;
	ck_assert_int_eq(login_with(2, "nonsense"), WRONG); /* the names alone open nothing */
	check.session_id = 78;
	ck_assert_int_eq(login_with(2, used), WRONG);
	check.session_id = 77;
	check.my_name = (char *)"Bob";
	ck_assert_int_eq(login_with(2, used), WRONG);
	check.my_name = (char *)"Ann";
	ck_assert_int_eq(login_with(2, used), OK);
	ck_assert(res.by_recent);
	hws_recent_closed(&recent, 2, false, now);
	now += HWS_RECENT_US + 1;
	ck_assert_int_eq(login_with(3, used), WRONG);
}
END_TEST

/* Each return is a session of its own: it may last as long as it likes and come back, too. */
START_TEST(a_session_may_come_back_again_and_again)
{
	char used[32];

	ck_assert_int_eq(hws_str_copy(used, sizeof(used), hws_vault_temporary(&vault)), 0);
	ck_assert_int_eq(login_with(1, used), OK);
	for (uint64_t conn = 1; conn < 6; conn++) {
		now += 60 * MINUTE;
		hws_recent_closed(&recent, conn, false, now);
		hws_vault_renew_temporary(&vault);
		now += 5 * MINUTE; /* as long as viewers try */
		ck_assert_int_eq(login_with(conn + 1, used), OK);
		ck_assert(res.by_recent);
	}
	/* It came back before its old link was given up: the late end of that one is not its
	 * end. */
	now += MINUTE;
	ck_assert_int_eq(login_with(7, used), OK);
	hws_recent_closed(&recent, 6, false, now);
	now += 60 * MINUTE;
	hws_recent_closed(&recent, 7, false, now);
	ck_assert_int_eq(login_with(8, used), OK);
	/* Closed on purpose at last. */
	hws_recent_closed(&recent, 8, true, now);
	ck_assert_int_eq(login_with(9, used), WRONG);
}
END_TEST

/* Whoever is away when the person at the host makes a new password, or takes none any more, stays
 * away. */
START_TEST(a_new_password_on_purpose_keeps_out_who_is_away)
{
	struct hws_vault_conf vc = { HWS_VAULT_PERMANENT, 10, false, false, false };
	char used[32];

	ck_assert_int_eq(hws_str_copy(used, sizeof(used), hws_vault_temporary(&vault)), 0);
	ck_assert_int_eq(login_with(1, used), OK);
	hws_recent_forget_away(&recent); /* it is here */
	hws_recent_closed(&recent, 1, false, now);
	hws_vault_renew_temporary(&vault);
	if (_i == 0)
		hws_recent_forget_away(&recent);
	else
		hws_vault_configure(&vault, &vc);
	ck_assert_int_eq(login_with(2, used), WRONG);
}
END_TEST

START_TEST(of_many_that_are_away_the_first_to_go_gives_way)
{
	char used[32];

	ck_assert_int_eq(hws_str_copy(used, sizeof(used), hws_vault_temporary(&vault)), 0);
	for (uint64_t i = 1; i <= HWS_RECENT_MAX + 1; i++) {
		check.session_id = 1000 + i;
		ck_assert_int_eq(login_with(i, used), OK);
		ck_assert(!res.by_recent);
		if (i != 5) /* one stays */
			hws_recent_closed(&recent, i, false, now);
		now += HWS_US_PER_S;
	}
	hws_vault_renew_temporary(&vault);
	check.session_id = 1001;
	ck_assert_int_eq(login_with(100, used), WRONG);
	for (uint64_t i = 2; i <= HWS_RECENT_MAX + 1; i++) {
		check.session_id = 1000 + i;
		ck_assert_int_eq(login_with(100 + i, used), OK);
	}
}
END_TEST

START_TEST(a_session_closed_on_purpose_does_not_come_back)
{
	char used[32];

	ck_assert_int_eq(hws_str_copy(used, sizeof(used), hws_vault_temporary(&vault)), 0);
	ck_assert_int_eq(login_with(1, used), OK);
	hws_recent_closed(&recent, 1, true, now);
	hws_vault_renew_temporary(&vault);
	ck_assert_int_eq(login_with(2, used), WRONG);
}
END_TEST

static const struct {
	const char *username;
	bool ok;
} names[] = {
	{ "123456789", true },
	{ "192.0.2.1", true },
	{ "192.0.2.1:21118", true },
	{ "[2001:db8::1]:21118", true },
	{ "host.example:21118", true },
	{ "987654321", false },
	{ "", false },
};

START_TEST(who_was_meant_must_be_us)
{
	check.username = (char *)(uintptr_t)names[_i].username;
	if (names[_i].ok) {
		ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), OK);
	} else {
		ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), CLOSED);
		ck_assert_str_eq(res.text, "Offline");
	}
}
END_TEST

static const struct {
	unsigned kind;
	const char *text;
} kinds[] = {
	{ HWS_KIND_FILE, "No permission of file transfer" },
	{ HWS_KIND_CAMERA, "No permission of viewing camera" },
	{ HWS_KIND_TERMINAL, "No permission of terminal" },
	{ HWS_KIND_FORWARD, "No permission of IP tunneling" },
	{ HWS_KIND_COUNT, "Connection not allowed" },
	{ UINT32_MAX, "Connection not allowed" },
};

/* What needs a permission is refused without it, in the words that viewers know. */
START_TEST(session_types_need_their_permission)
{
	permissions = 0;
	check.kind = (Agt__SessionKind)kinds[_i].kind;
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), CLOSED);
	ck_assert_str_eq(res.text, kinds[_i].text);
	ck_assert_uint_eq(res.close_after_ms, 1000);
	permissions = ~0u;
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)),
			kinds[_i].kind < HWS_KIND_COUNT ? OK : CLOSED);
}
END_TEST

START_TEST(ids_outside_the_list_are_blocked)
{
	judge.id_whitelist = "office-*, 98765432?";
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), OK);
	check.my_id = (char *)"OFFICE-7@example.org";
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), OK);
	check.my_id = (char *)"111111111";
	ck_assert_int_eq(login_with(1, hws_vault_temporary(&vault)), CLOSED);
	ck_assert_str_eq(res.text, "Your ID is blocked by the peer");
}
END_TEST

START_TEST(globs_match_as_expected)
{
	ck_assert(hws_glob_match("*", ""));
	ck_assert(hws_glob_match("a*b*c", "aXXbYYc"));
	ck_assert(!hws_glob_match("a*b*c", "aXXbYY"));
	ck_assert(hws_glob_match("?b?", "ABC"));
	ck_assert(!hws_glob_match("", "a"));
	ck_assert(!hws_glob_match("*******************a", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/judge");
	TCase *t = tcase_create("judge");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, both_passwords_open_and_others_do_not);
	tcase_add_test(t, the_method_decides_which_password_counts);
	tcase_add_test(t, the_permanent_password_survives_a_restart_and_is_not_stored_as_text);
	tcase_add_test(t, a_damaged_password_file_is_told_and_kept);
	tcase_add_test(t, only_a_file_is_replaced_by_a_file);
	tcase_add_test(t, seven_failures_a_minute_are_the_limit_and_it_passes);
	tcase_add_test(t, thirty_failures_lock_and_time_forgives);
	tcase_add_test(t, prefixes_of_ipv6_are_limited_together);
	tcase_add_test(t, addresses_that_a_server_told_guess_as_one);
	tcase_add_test(t, who_logged_in_lately_does_not_wait_for_guessers);
	tcase_add_test(t, a_told_address_uses_up_nothing_of_the_real_one);
	tcase_add_test(t, a_told_address_that_is_known_has_failures_of_its_own);
	tcase_add_test(t, the_wait_of_strangers_grows);
	tcase_add_test(t, many_real_addresses_guess_no_faster_than_the_host_allows);
	tcase_add_test(t, a_proven_key_is_not_an_id_that_anybody_may_claim);
	tcase_add_test(t, the_table_of_failures_is_bounded);
	tcase_add_test(t, ten_wrong_ones_renew_the_temporary_password);
	tcase_add_test(t, a_recent_session_comes_back_with_its_own_password_only);
	tcase_add_test(t, a_session_may_come_back_again_and_again);
	tcase_add_loop_test(t, a_new_password_on_purpose_keeps_out_who_is_away, 0, 2);
	tcase_add_test(t, of_many_that_are_away_the_first_to_go_gives_way);
	tcase_add_test(t, a_session_closed_on_purpose_does_not_come_back);
	tcase_add_loop_test(t, who_was_meant_must_be_us, 0, (int)HWS_COUNT(names));
	tcase_add_loop_test(t, session_types_need_their_permission, 0, (int)HWS_COUNT(kinds));
	tcase_add_test(t, ids_outside_the_list_are_blocked);
	tcase_add_test(t, globs_match_as_expected);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
