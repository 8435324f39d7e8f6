/* The logins that are kept, and what API servers say about them. */
#include "client/core/account_words.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct hws_accounts *list, *again;
static struct hws_account_reply *reply;

static void set_up(void)
{
	list = calloc(1, sizeof(*list));
	again = calloc(1, sizeof(*again));
	reply = calloc(1, sizeof(*reply));
	ck_assert(list && again && reply);
}

static void tear_down(void)
{
	free(list);
	free(again);
	free(reply);
}

static struct hws_account login(uint8_t server, const char *token)
{
	struct hws_account a = { .api = "https://api.example.com", .user = "ann", .since = 7 };

	memset(a.pk, server, sizeof(a.pk));
	ck_assert_int_eq(hws_str_copy(a.token_secret, sizeof(a.token_secret), token), HWS_OK);
	return a;
}

static void put(uint8_t server, const char *token)
{
	struct hws_account a = login(server, token);

	hws_accounts_put(list, &a);
}

static const char *token_of(const struct hws_accounts *a, uint8_t server)
{
	const struct hws_account *found = hws_accounts_find(a, login(server, "").pk);

	return found ? found->token_secret : NULL;
}

START_TEST(a_login_is_there_again_and_closed_to_others)
{
	char dir[256], path[300];
	struct hws_error err = { 0 };
	struct stat st;

	snprintf(path, sizeof(path), "%s/accounts.json", test_dir(dir, sizeof(dir)));
	ck_assert_int_eq(hws_accounts_load(again, path, &err), HWS_OK);
	ck_assert_uint_eq(again->count, 0);
	put(1, "one");
	put(2, "two");
	put(1, "renewed");
	ck_assert_uint_eq(list->count, 2);
	ck_assert_int_eq(hws_accounts_store(list, path, &err), HWS_OK);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(hws_accounts_load(again, path, &err), HWS_OK);
	ck_assert_str_eq(token_of(again, 1), "renewed");
	ck_assert_str_eq(token_of(again, 2), "two");
	ck_assert_ptr_null(token_of(again, 3));
	ck_assert_str_eq(again->account[0].user, "ann");
	ck_assert_uint_eq(again->account[0].since, 7);
	/* where others could have read it it is not believed */
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(hws_accounts_load(again, path, &err), HWS_ERR_PERM);
	ck_assert_uint_eq(again->count, 0);
	ck_assert(hws_accounts_remove(list, login(1, "").pk));
	ck_assert(!hws_accounts_remove(list, login(1, "").pk));
	ck_assert(hws_accounts_remove(list, login(2, "").pk));
	ck_assert_int_eq(hws_accounts_store(list, path, &err), HWS_OK);
	ck_assert_int_ne(stat(path, &st), 0);
}
END_TEST

START_TEST(the_oldest_gives_way)
{
	for (uint8_t i = 1; i <= HWS_ACCOUNTS_MAX + 1; i++)
		put(i, "t");
	ck_assert_uint_eq(list->count, HWS_ACCOUNTS_MAX);
	ck_assert_ptr_null(token_of(list, 1));
	ck_assert_ptr_nonnull(token_of(list, 2));
	ck_assert_ptr_nonnull(token_of(list, HWS_ACCOUNTS_MAX + 1));
}
END_TEST

START_TEST(damaged_entries_are_left_out)
{
	static const char text[] =
			"{\"accounts\":[{\"key\":\"short\",\"api\":\"https://x\",\"user\":\"u\",\"title\":"
			"\"\",\"token\":\"a\"},{\"key\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\",\"api\":"
			"\"https://x\",\"user\":\"u\",\"title\":\"\",\"token\":\"a b\"},{\"key\":"
			"\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\",\"api\":\"https://x\",\"user\":\"u\","
			"\"title\":\"\",\"token\":\"good\"},7]}";

	ck_assert_int_eq(hws_accounts_parse(again, hws_bytes_str(text)), HWS_OK);
	ck_assert_uint_eq(again->count, 1);
	ck_assert_str_eq(token_of(again, 1), "good");
	ck_assert_int_eq(hws_accounts_parse(again, hws_bytes_str("[]")), HWS_ERR_CORRUPT);
	ck_assert_int_eq(hws_accounts_parse(again, hws_bytes_str("{")), HWS_ERR_CORRUPT);
}
END_TEST

static enum hws_account_said said(const char *body)
{
	hws_account_reply_parse(hws_bytes_str(body), reply);
	return reply->said;
}

START_TEST(answers_mean_what_deployed_clients_take_them_for)
{
	ck_assert_int_eq(
			said("{\"access_token\":\"tok\",\"type\":\"access_token\",\"user\":{\"name\":"
			     "\"ann\",\"display_name\":\"Ann\"}}"),
			HWS_ACCOUNT_TOKEN);
	ck_assert_str_eq(reply->token_secret, "tok");
	ck_assert_str_eq(reply->title, "Ann");
	ck_assert_int_eq(
			said("{\"type\":\"email_check\",\"tfa_type\":\"tfa_check\",\"secret\":\"s\","
			     "\"user\":{\"name\":\"ann\"}}"),
			HWS_ACCOUNT_CODE_APP);
	ck_assert_int_eq(
			said("{\"type\":\"email_check\",\"tfa_type\":\"email_check\",\"secret\":\"s\","
			     "\"access_token\":\"\",\"user\":{\"name\":\"ann\",\"email\":\"a**@\\u001bx\"}}"),
			HWS_ACCOUNT_CODE_MAIL);
	ck_assert_ptr_null(strchr(reply->hint, 27));
	ck_assert_int_eq(said("{\"name\":\"ann\",\"error\":null}"), HWS_ACCOUNT_USER);
	ck_assert_int_eq(said("{\"error\":\"Wrong \\u0007credentials\"}"), HWS_ACCOUNT_REFUSED);
	ck_assert_ptr_null(strchr(reply->text, 7));
	ck_assert_int_eq(said("{\"error\":{}}"), HWS_ACCOUNT_REFUSED);
	ck_assert_int_eq(said("{\"error\":\"No authed oidc is found\"}"), HWS_ACCOUNT_WAIT);
	ck_assert_int_eq(said("{\"code\":\"c\",\"url\":\"https://idp.example/x?y=1\"}"),
			HWS_ACCOUNT_BROWSER);
	ck_assert_str_eq(reply->secret, "c");
}
END_TEST

START_TEST(what_is_no_answer_is_none)
{
	static const char *const bodies[] = { "", "[]", "null", "{}", "7", "{\"access_token\":7}",
		"{\"access_token\":\"a b\",\"user\":{}}", "{\"access_token\":\"tok\"}",
		"{\"code\":\"c\",\"url\":\"file:///etc/passwd\"}",
		"{\"code\":\"c\",\"url\":\"https://x/\\u001b[2J\"}", "{\"name\":\"\"}" };
	char *longer = calloc(1, 10000);

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		ck_assert_msg(said(bodies[i]) == HWS_ACCOUNT_STRANGE, "%s", bodies[i]);
	ck_assert_ptr_nonnull(longer);
	memset(longer, 'x', 9000);
	memcpy(longer, "{\"access_token\":\"", 17);
	memcpy(longer + 9000, "\",\"user\":{\"name\":\"ann\"}}", 25);
	/* one that does not fit is not cut, it is missing */
	ck_assert_int_ne(said(longer), HWS_ACCOUNT_TOKEN);
	ck_assert_str_eq(reply->token_secret, "");
	free(longer);
}
END_TEST

START_TEST(a_code_goes_where_its_kind_belongs)
{
	const struct hws_account_device d = { .uuid = "u", .name = "n" };
	char *text;

	said("{\"type\":\"email_check\",\"tfa_type\":\"tfa_check\",\"secret\":\"s\",\"user\":{\"name\":"
	     "\"ann\"}}");
	text = hws_account_ask_code(&d, reply, "123456");
	ck_assert_ptr_nonnull(strstr(text, "\"tfaCode\":\"123456\""));
	ck_assert_ptr_nonnull(strstr(text, "\"verificationCode\":\"\""));
	ck_assert_ptr_nonnull(strstr(text, "\"secret\":\"s\""));
	free(text);
	reply->said = HWS_ACCOUNT_CODE_MAIL;
	text = hws_account_ask_code(&d, reply, "123456");
	ck_assert_ptr_null(strstr(text, "tfaCode"));
	ck_assert_ptr_nonnull(strstr(text, "\"verificationCode\":\"123456\""));
	free(text);
}
END_TEST

START_TEST(the_api_server_is_found_as_deployed_clients_find_it)
{
	static const struct {
		const char *server, *api;
	} rows[] = { { "id.example.com", "http://id.example.com:21114" },
		{ "id.example.com:3000", "http://id.example.com:2998" },
		{ "[2001:db8::1]:21116", "http://[2001:db8::1]:21114" } };
	char api[HWS_ACCOUNT_API_TEXT];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(hws_account_api_of(rows[i].server, api, sizeof(api)), HWS_OK);
		ck_assert_str_eq(api, rows[i].api);
	}
	ck_assert_int_lt(hws_account_api_of("id.example.com:2", api, sizeof(api)), 0);
}
END_TEST

START_TEST(plain_http_is_for_this_machine)
{
	static const struct {
		const char *url;
		bool plain;
	} good[] = { { "https://api.example.com/", false }, { "http://127.0.0.1:21114", false },
		{ "http://localhost:1/", false }, { "http://[::1]:21114", false },
		{ "http://192.0.2.1:21114", true }, { "http://127.0.0.1.example.com", true },
		{ "HTTP://api.example.com", true }, { "http://[2001:db8::1]", true } };
	static const char *const bad[] = { "", "api.example.com", "ftp://x", "https://", "http://?",
		"https://a@b/", "http://127.0.0.1@x", "http://127.0.0.1\\@x", "https://x/#a",
		"https://x/?a", "https://x y", "http://x\n" };
	char api[HWS_ACCOUNT_API_TEXT];
	bool plain;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(hws_account_api_take(good[i].url, api, sizeof(api), &plain) == HWS_OK,
				"%s", good[i].url);
		ck_assert_msg(plain == good[i].plain, "%s", good[i].url);
		ck_assert_int_ne(api[strlen(api) - 1], '/');
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(hws_account_api_take(bad[i], api, sizeof(api), &plain) < 0, "%s",
				bad[i]);
}
END_TEST

#define PROGRAMS 12

/* The others may be slow: half a second is not for ever. */
static void must(int (*fn)(const char *path, const struct hws_account *a, struct hws_error *err),
		const char *path, const struct hws_account *a)
{
	struct hws_error err = { 0 };
	int r;

	do {
		r = fn(path, a, &err);
	} while (r == HWS_ERR_BUSY);
	if (r == HWS_OK)
		return;
	fprintf(stderr, "%s\n", err.text);
	_exit(1);
}

static int forget(const char *path, const struct hws_account *a, struct hws_error *err)
{
	return hws_accounts_forget(path, a->pk, err);
}

/* Each logs in at a server of its own, then out and in again. */
static void one_program(const char *path, unsigned i)
{
	struct hws_account a = { .since = 1, .user = "ann", .token_secret = "token" };

	memset(a.pk, (int)(i + 1), sizeof(a.pk));
	must(hws_accounts_keep, path, &a);
	must(forget, path, &a);
	must(hws_accounts_keep, path, &a);
	_exit(0);
}

START_TEST(programs_that_run_at_once_lose_no_login)
{
	struct hws_error err = { 0 };
	char dir[60], path[100];
	pid_t pid[PROGRAMS];
	int status;

	test_dir(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/of/its/own/accounts.json", dir);
	for (unsigned i = 0; i < PROGRAMS; i++) {
		pid[i] = fork();
		ck_assert_int_ge(pid[i], 0);
		if (!pid[i])
			one_program(path, i);
	}
	for (unsigned i = 0; i < PROGRAMS; i++) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(hws_accounts_load(list, path, &err), HWS_OK);
	ck_assert_uint_eq(list->count, PROGRAMS);
	/* who is not there is gone already */
	ck_assert_int_eq(
			hws_accounts_forget(path, (const uint8_t[HWS_PK_LEN]){ 99 }, &err), HWS_OK);
	for (unsigned i = 0; i < PROGRAMS; i++)
		ck_assert_int_eq(hws_accounts_forget(path, list->account[i].pk, &err), HWS_OK);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

int main(void)
{
	return test_main("core/accounts", 20, set_up, tear_down,
			TESTS(a_login_is_there_again_and_closed_to_others,
					programs_that_run_at_once_lose_no_login,
					the_oldest_gives_way, damaged_entries_are_left_out,
					answers_mean_what_deployed_clients_take_them_for,
					what_is_no_answer_is_none,
					a_code_goes_where_its_kind_belongs,
					the_api_server_is_found_as_deployed_clients_find_it,
					plain_http_is_for_this_machine));
}
