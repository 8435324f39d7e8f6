/* "Account" of the first window: logging in at a real API server and out again, by the keyboard, as
 * assistive technology sees it. */
#include "admin/data/accounts.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/slow_hash.h"
#include "tests/e2e/eyes.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define KEY "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
#define PASSWORD "nobody-else-knows"
#define LOG_IN "Log in at the server"

static struct test_stack stack;
static struct test_desk desk;
static struct test_proc api;
static char dir[256], config[300], accounts[300], address[60];

static void start_api(void)
{
	const char *argv[] = { test_bin("admin/api/hawser-api"), "--state-dir", dir,
		"--runtime-dir", dir, "--port", "0", "--bind", "127.0.0.1", NULL };
	struct sql_db *db;
	struct sql_conn *c;
	struct hws_error err = { 0 };
	char database[300], hash[DAT_PW_HASH_TEXT], guid[DAT_GUID_TEXT];
	const char *line;

	test_proc_start(&api, argv, NULL);
	line = test_proc_must_expect(&api, "listening", TEST_PATIENCE_MS);
	snprintf(address, sizeof(address), "http://127.0.0.1:%lu", test_line_number(line, "port="));
	snprintf(database, sizeof(database), "%s/hawser-api.sqlite3", dir);
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	ck_assert_int_eq(sql_open(&(struct sql_place){ .path = database, .connections = 1 }, &db,
					 &err),
			HWS_OK);
	ck_assert_int_eq(sql_take(db, &c), HWS_OK);
	ck_assert_int_eq(hws_slow_hash(hws_bytes_str(PASSWORD), ((struct hws_slow_cost){ 1, 8 }),
					 hash),
			HWS_OK);
	ck_assert_int_eq(dat_account_add(c,
					 &(struct dat_account_new){ .name = "vera",
							 .pw_hash = hash,
							 .role = DAT_ROLE_USER,
							 .status = DAT_ENABLED },
					 (int64_t)time(NULL) * 1000, guid),
			HWS_OK);
	sql_give(c);
	sql_close(db);
}

static void set_up(void)
{
	char text[300];

	test_dir(dir, sizeof(dir));
	start_api();
	snprintf(config, sizeof(config), "%s/hawser.conf", dir);
	snprintf(accounts, sizeof(accounts), "%s/accounts.json", dir);
	snprintf(text, sizeof(text), "server = 127.0.0.1\nkey = " KEY "\napi-server = %s\n",
			address);
	test_write_file(text, "%s", config);
}

static void tear_down(void)
{
	test_desk_stop(&desk);
	test_stack_stop(&stack);
	ck_assert_int_eq(test_proc_stop(&api), 0);
}

static void type_into(const char *name, const char *text)
{
	test_eyes_tab_to(&desk, name);
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "ctrl+a"), 0);
	ck_assert_int_eq(TEST_DESK_DO(&desk, "type", text), 0);
}

static void press(const char *name)
{
	test_eyes_tab_to(&desk, name);
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "space"), 0);
}

START_TEST(one_logs_in_and_out_in_the_window)
{
	char said[200];
	struct stat st;

	if (!test_stack_start(&stack, STACK_NO_HOST))
		return;
	test_desk_start(&desk, &stack, DESK_EYES | DESK_MANAGER);
	test_eyes_open(&desk);
	test_desk_run(&desk, (const char *const[]){ "--config", config, NULL });
	test_desk_window(&desk, "Hawser");
	ck_assert(test_eyes_wait(
			"label", "Nobody is logged in at the server. Some servers want it."));
	type_into("Name of the account", "vera");
	type_into("Password of the account", "wrong");
	press(LOG_IN);
	ck_assert(test_eyes_wait("label", "the API server says: Wrong credentials"));
	ck_assert_int_ne(stat(accounts, &st), 0);
	type_into("Password of the account", PASSWORD);
	press(LOG_IN);
	snprintf(said, sizeof(said), "Logged in as vera at %s", address);
	ck_assert(test_eyes_wait("label", said));
	ck_assert_int_eq(stat(accounts, &st), 0);
	ck_assert(!test_eyes_see("push button", LOG_IN));
	press("Ask whether it counts");
	ck_assert(test_eyes_wait("label", "The server says that this login counts."));
	press("Log out");
	ck_assert(test_eyes_wait("push button", LOG_IN));
	ck_assert_int_ne(stat(accounts, &st), 0);
}
END_TEST

int main(void)
{
	return test_main("e2e/account-window", 280, set_up, tear_down,
			TESTS(one_logs_in_and_out_in_the_window));
}
