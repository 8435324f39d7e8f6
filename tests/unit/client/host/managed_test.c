/* host/managed: whose word a strategy must be and for whom, that none can be said again later, and
 * what is left of it after a start. */
#include "client/host/managed.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID "123456789"

static struct hws_identity server, other;
static struct hws_settings s;
static struct hws_managed m;
static char dir[256], path[300];
static struct hws_error err;

static void set(const char *name, const char *value)
{
	ck_assert_msg(hws_options_set(&hws_settings_options, &s, name, value, &err) == HWS_OK, "%s",
			err.text);
}

static void set_up(void)
{
	static const uint8_t one[32] = { 1 }, two[32] = { 2 };
	char key[HWS_KEY_TEXT];

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	hws_identity_from_seed(one, &server);
	hws_identity_from_seed(two, &other);
	test_dir(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/" HWS_STRATEGY_FILE, dir);
	ck_assert_int_eq(hws_options_init(&hws_settings_options, &s), HWS_OK);
	set("server", "id.example.org");
	set("key", hws_key_text(server.pk, key));
	set("api-server", "https://api.example.org");
	m = (struct hws_managed){ 0 };
	hws_managed_load(&m, &s, dir, ID);
}

static void tear_down(void)
{
	hws_managed_done(&m);
	hws_settings_done(&s);
}

static void start_again(void)
{
	hws_managed_done(&m);
	m = (struct hws_managed){ 0 };
	hws_managed_load(&m, &s, dir, ID);
}

static int say_signed(const struct hws_identity *by, const char *context, const char *text)
{
	uint8_t sig[HWS_SIG_LEN];
	struct hws_buf all;

	hws_buf_init(&all, 2000);
	hws_buf_put_str(&all, context);
	hws_buf_put_u8(&all, 0);
	hws_buf_put_str(&all, text);
	hws_identity_sign(by, hws_buf_bytes(&all), sig);
	hws_buf_done(&all);
	return hws_managed_take(&m, &s, ID, hws_bytes_str(text), hws_bytes(sig, sizeof(sig)));
}

static const char *text_of(const char *id, int number, const char *nonce, const char *options)
{
	static char text[1000];

	(void)snprintf(text, sizeof(text),
			"{\"config_options\":{%s},\"id\":\"%s\",\"modified_at\":%d,\"nonce\":\"%s\"}",
			options, id, number, nonce);
	return text;
}

#define NO_AUDIO "\"enable-audio\":\"N\""

static int say(int number, const char *options)
{
	return say_signed(&server, HWS_STRATEGY_CONTEXT, text_of(ID, number, m.nonce, options));
}

START_TEST(the_servers_word_is_taken_and_kept)
{
	struct stat st;
	char nonce[HWS_STRATEGY_NONCE_TEXT];

	ck_assert_int_eq(hws_managed_number(&m, &s), 0);
	memcpy(nonce, hws_managed_nonce(&m, &s), sizeof(nonce));
	ck_assert_uint_eq(strlen(nonce), 32);
	ck_assert_int_eq(say(7, NO_AUDIO), HWS_OK);
	ck_assert_int_eq(hws_managed_number(&m, &s), 7);
	ck_assert_str_ne(hws_managed_nonce(&m, &s), nonce);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	start_again();
	ck_assert_int_eq(hws_managed_number(&m, &s), 7);
	ck_assert_int_eq(hws_strategy_lay(&m.now, &s, &m.over), HWS_OK);
	ck_assert(!s.audio);
	ck_assert(hws_managed_has(&m, "enable-audio"));
	ck_assert(!hws_managed_has(&m, "enable-camera"));
	/* an enforced one comes again and again */
	ck_assert_int_eq(say(7, NO_AUDIO), HWS_ERR_EXISTS);
	ck_assert_int_eq(say(7, NO_AUDIO), HWS_ERR_EXISTS);
	/* numbers are not in order: another one may have been made before */
	ck_assert_int_eq(say(3, ""), HWS_OK);
	ck_assert_int_eq(hws_managed_number(&m, &s), 3);
	ck_assert_int_eq(say(0, "\"enable-audio\":\"\""), HWS_OK);
	ck_assert_int_eq(hws_managed_number(&m, &s), 0);
	ck_assert_int_lt(access(path, F_OK), 0);
}
END_TEST

START_TEST(nobody_elses_word_is_taken)
{
	const char *text = text_of(ID, 7, m.nonce, NO_AUDIO);
	uint8_t sig[HWS_SIG_LEN] = { 0 };

	ck_assert_int_eq(say_signed(&other, HWS_STRATEGY_CONTEXT, text), HWS_ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(m.refusal, "'key'"));
	ck_assert_int_eq(say_signed(&server, "hawser something", text), HWS_ERR_DENIED);
	ck_assert_int_eq(hws_managed_take(&m, &s, ID, hws_bytes_str(text), hws_bytes(sig, 64)),
			HWS_ERR_DENIED);
	ck_assert_int_eq(hws_managed_take(&m, &s, ID, hws_bytes_str(text), hws_bytes(sig, 63)),
			HWS_ERR_DENIED);
	ck_assert_int_eq(hws_managed_take(&m, &s, ID, hws_bytes("", 0), hws_bytes("", 0)),
			HWS_ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(m.refusal, "rendezvous-control"));
	text = text_of("987654321", 7, m.nonce, NO_AUDIO);
	ck_assert_int_eq(say_signed(&server, HWS_STRATEGY_CONTEXT, text), HWS_ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(m.refusal, "another ID"));
	ck_assert_int_eq(say_signed(&server, HWS_STRATEGY_CONTEXT, "{}"), HWS_ERR_DENIED);
	ck_assert_int_eq(hws_managed_number(&m, &s), 0);
	ck_assert_int_lt(access(path, F_OK), 0);
	/* and what was refused has used up nothing */
	ck_assert_int_eq(say(7, NO_AUDIO), HWS_OK);
	ck_assert_ptr_null(m.refusal);
}
END_TEST

START_TEST(an_older_one_is_not_taken_again)
{
	char first[1000], gone[1000];

	(void)snprintf(first, sizeof(first), "%s", text_of(ID, 7, m.nonce, NO_AUDIO));
	ck_assert_int_eq(say_signed(&server, HWS_STRATEGY_CONTEXT, first), HWS_OK);
	(void)snprintf(gone, sizeof(gone), "%s", text_of(ID, 0, m.nonce, ""));
	ck_assert_int_eq(say_signed(&server, HWS_STRATEGY_CONTEXT, gone), HWS_OK);
	ck_assert_int_eq(say_signed(&server, HWS_STRATEGY_CONTEXT, first), HWS_ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(m.refusal, "again"));
	ck_assert_int_eq(say(8, NO_AUDIO), HWS_OK);
	/* also not the one that takes all away, nor after a start */
	ck_assert_int_eq(say_signed(&server, HWS_STRATEGY_CONTEXT, gone), HWS_ERR_DENIED);
	start_again();
	ck_assert_int_eq(say_signed(&server, HWS_STRATEGY_CONTEXT, gone), HWS_ERR_DENIED);
	ck_assert_int_eq(hws_managed_number(&m, &s), 8);
	/* one that answers no question at all */
	ck_assert_int_eq(say_signed(&server, HWS_STRATEGY_CONTEXT, text_of(ID, 0, "", "")),
			HWS_ERR_DENIED);
}
END_TEST

/* Who is on the way may keep an answer that the host has never got, and say it when it suits. */
START_TEST(an_answer_that_was_held_back_is_not_taken)
{
	char held[1000];

	ck_assert_int_eq(say(7, NO_AUDIO), HWS_OK);
	(void)snprintf(held, sizeof(held), "%s", text_of(ID, 0, m.nonce, ""));
	hws_managed_ask(&m);
	/* it may have been on its way just then, which is nobody's fault */
	ck_assert_int_eq(say_signed(&server, HWS_STRATEGY_CONTEXT, held), HWS_ERR_EXISTS);
	ck_assert_ptr_null(m.refusal);
	hws_managed_ask(&m);
	ck_assert_int_eq(say_signed(&server, HWS_STRATEGY_CONTEXT, held), HWS_ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(m.refusal, "again"));
	ck_assert_int_eq(hws_managed_number(&m, &s), 7);
	ck_assert_int_eq(say(8, NO_AUDIO), HWS_OK);
}
END_TEST

static int lines_with(FILE *f, const char *what)
{
	char line[1000];
	int n = 0;

	rewind(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, what) ? 1 : 0;
	return n;
}

/* Who is on the way answers now with this, now with that. */
START_TEST(each_reason_is_told_once)
{
	static const uint8_t sig[HWS_SIG_LEN];
	FILE *log = tmpfile();

	ck_assert_ptr_nonnull(log);
	hws_log_setup("test", HWS_LOG_TEXT, fileno(log));
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 50; i++) {
			ck_assert_int_lt(hws_managed_take(&m, &s, ID, hws_bytes("", 0),
							 hws_bytes("", 0)),
					0);
			ck_assert_int_lt(hws_managed_take(&m, &s, ID, hws_bytes("{}", 2),
							 hws_bytes(sig, sizeof(sig))),
					0);
		}
		ck_assert_int_eq(lines_with(log, "rendezvous-control"), round + 1);
		ck_assert_int_eq(lines_with(log, "strategy.refused"), 2 * (round + 1));
		/* and once more after one that was taken */
		ck_assert_int_eq(say(7 + round, NO_AUDIO), HWS_OK);
	}
	hws_log_setup("test", HWS_LOG_TEXT, 2);
	(void)fclose(log);
}
END_TEST

START_TEST(without_a_key_or_a_wish_nothing_is_taken)
{
	char key[HWS_KEY_TEXT];

	set("key", "");
	ck_assert_int_eq(say(7, NO_AUDIO), HWS_ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(m.refusal, "no 'key'"));
	set("key", hws_key_text(server.pk, key));
	set("strategies", "off");
	ck_assert_str_eq(hws_managed_nonce(&m, &s), "");
	ck_assert_int_eq(say(7, NO_AUDIO), HWS_ERR_DENIED);
	set("strategies", "narrow");
	ck_assert_int_eq(say(7, NO_AUDIO), HWS_OK);
	set("strategies", "off");
	ck_assert_int_eq(hws_managed_number(&m, &s), 0);
	set("strategies", "on");
	ck_assert_int_eq(hws_managed_number(&m, &s), 7);
}
END_TEST

/* The API server belongs to one of them. */
START_TEST(each_of_several_servers_may_sign)
{
	char keys[2 * HWS_KEY_TEXT + 4], one[HWS_KEY_TEXT], two[HWS_KEY_TEXT];

	set("server", "a.example.org,b.example.org");
	(void)snprintf(keys, sizeof(keys), "%s,%s", hws_key_text(other.pk, one),
			hws_key_text(server.pk, two));
	set("key", keys);
	ck_assert_int_eq(say(7, NO_AUDIO), HWS_OK);
}
END_TEST

static void spoil(const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
	start_again();
	ck_assert_int_eq(hws_managed_number(&m, &s), 0);
	ck_assert_uint_eq(strlen(hws_managed_nonce(&m, &s)), 32);
}

START_TEST(what_was_kept_is_proven_again)
{
	char kept[1000] = "";
	FILE *f;

	ck_assert_int_eq(say(7, NO_AUDIO), HWS_OK);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(kept, 1, sizeof(kept) - 1, f), 100);
	ck_assert_int_eq(fclose(f), 0);
	spoil("");
	spoil("\n");
	spoil("nonsense\n{}");
	*strchr(kept, '7') = '8';
	spoil(kept);
	/* another server's, another ID's: neither is in force any more */
	ck_assert_int_eq(say(7, NO_AUDIO), HWS_OK);
	hws_managed_done(&m);
	m = (struct hws_managed){ 0 };
	hws_managed_load(&m, &s, dir, "987654321");
	ck_assert_int_eq(hws_managed_number(&m, &s), 0);
	set("key", hws_key_text(other.pk, kept));
	start_again();
	ck_assert_int_eq(hws_managed_number(&m, &s), 0);
	ck_assert_int_eq(access(path, F_OK), 0); /* lost is nothing */
	set("key", hws_key_text(server.pk, kept));
	start_again();
	ck_assert_int_eq(hws_managed_number(&m, &s), 7);
	/* nobody is there any more who could take it away */
	set("api-server", "");
	start_again();
	ck_assert_int_eq(hws_managed_number(&m, &s), 0);
}
END_TEST

int main(void)
{
	return test_main("managed", 20, set_up, tear_down,
			TESTS(the_servers_word_is_taken_and_kept, nobody_elses_word_is_taken,
					an_older_one_is_not_taken_again,
					an_answer_that_was_held_back_is_not_taken,
					each_reason_is_told_once,
					without_a_key_or_a_wish_nothing_is_taken,
					each_of_several_servers_may_sign,
					what_was_kept_is_proven_again));
}
