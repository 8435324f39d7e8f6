/* From the account to the keyboard: what the API server's database permits arrives at the host by
 * way of the ID server, and holds in the session. Real processes throughout. */
#include "admin/data/control_roles.h"
#include "admin/data/devices.h"
#include "admin/data/rules.h"
#include "tests/e2e/stack.h"
#include "tests/e2e/viewer.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SETTING "HAWSER_RENDEZVOUS_POLICY_SOCKET"
#define NO_KEYBOARD 1u /* two bits each, the keyboard's first: 1 is off */

static struct test_stack stack;
static struct test_viewer viewer;
static struct test_proc api;
static struct sql_db *db;
static struct sql_conn *sql;
static char dir[256];

static int64_t now(void)
{
	return (int64_t)time(NULL) * 1000;
}

static void set_up(void)
{
	const char *argv[] = { test_bin("admin/api/hawser-api"), "--state-dir", dir,
		"--runtime-dir", dir, "--port", "0", "--bind", "127.0.0.1", NULL };
	char policy[300], database[300];
	struct dat_control_role role;
	struct hws_error err = { 0 };

	test_dir(dir, sizeof(dir));
	snprintf(policy, sizeof(policy), "%s/policy.sock", dir);
	snprintf(database, sizeof(database), "%s/hawser-api.sqlite3", dir);
	test_proc_start(&api, argv, NULL);
	test_proc_must_expect(&api, "listening", TEST_PATIENCE_MS);
	ck_assert_msg(sql_open(&(struct sql_place){ .path = database, .connections = 2 }, &db,
				      &err) == HWS_OK,
			"%s", err.text);
	ck_assert_int_eq(sql_take(db, &sql), HWS_OK);
	/* who is not logged in may look and not type */
	ck_assert_int_eq(dat_control_role_builtin(sql, "not_logged", &role), HWS_OK);
	ck_assert_int_eq(dat_control_role_change(sql, role.guid, NULL, NULL, 1,
					 &(uint64_t){ NO_KEYBOARD }, now()),
			HWS_OK);
	ck_assert_int_eq(setenv(SETTING, policy, 1), 0);
	memset(&stack, 0, sizeof(stack));
	ck_assert(test_stack_start(&stack, STACK_SERVERS));
	unsetenv(SETTING);
}

static void tear_down(void)
{
	if (viewer.session)
		test_viewer_close(&viewer);
	test_stack_stop(&stack);
	sql_give(sql);
	sql_close(db);
	ck_assert_int_eq(test_proc_stop(&api), 0);
}

static bool is_another(void *arg)
{
	test_stack_ask_host(&stack, "password", stack.password, sizeof(stack.password));
	return strcmp(stack.password, arg) != 0;
}

static void open_session(void)
{
	struct test_viewer_conf conf = { .target = stack.target,
		.server = stack.server,
		.key = stack.key,
		.password = stack.password,
		.no_retry = true };

	/* it is another one after each session, once the host has noticed its end */
	static char used[sizeof(stack.password)];

	ck_assert(test_until(is_another, used, TEST_PATIENCE_MS));
	(void)snprintf(used, sizeof(used), "%s", stack.password);
	test_viewer_open(&viewer, &conf);
}

static bool is_known(void *arg)
{
	return dat_device_find(sql, stack.id, arg) == HWS_OK;
}

static bool came_to_something(struct test_viewer *v)
{
	return v->closed || v->frames;
}

START_TEST(permissions_of_an_account_hold_at_the_host)
{
	struct dat_device d;

	open_session();
	test_viewer_must_show(&viewer, TEST_PATIENCE_MS);
	ck_assert(!hawser_session_permitted(viewer.session, HAWSER_PERMISSION_KEYBOARD));
	ck_assert(hawser_session_permitted(viewer.session, HAWSER_PERMISSION_CLIPBOARD));
	test_viewer_close(&viewer);
	memset(&viewer, 0, sizeof(viewer));
	/* the device has appeared, and is switched off: what was allowed lately ends within seconds
	 */
	ck_assert(test_until(is_known, &d, TEST_PATIENCE_MS));
	ck_assert_int_eq(dat_device_set_status(sql, d.guid, DAT_DEVICE_OFF, now()), HWS_OK);
	for (;;) { /* the test's own limit ends it */
		open_session();
		ck_assert(test_viewer_until(&viewer, came_to_something, TEST_PATIENCE_MS));
		if (viewer.closed)
			break;
		test_viewer_close(&viewer);
		memset(&viewer, 0, sizeof(viewer));
	}
	ck_assert_msg(strstr(viewer.closed_text, "disabled by its administrator") != NULL, "%s",
			viewer.closed_text);
}
END_TEST

int main(void)
{
	return test_main("e2e/accounts", 180, set_up, tear_down,
			TESTS(permissions_of_an_account_hold_at_the_host));
}
