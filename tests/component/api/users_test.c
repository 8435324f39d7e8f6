/* Accounts and groups by the server's own API, as an operator's script and the console use them. */
#include "tests/component/api/client.h"
#include "tests/support/suite.h"
#include <string.h>

static struct api api;

static void set_up(void)
{
	memset(&api, 0, sizeof(api));
	api_start(&api, NULL, NULL);
}

static void tear_down(void)
{
	api_stop(&api);
}

START_TEST(groups_are_made_changed_and_removed)
{
	json_t *g = api_must(&api, 201, API_LOCAL, "POST", "/api/v1/groups",
			"{'name':'Sales','note':'field','intra_access':true}");
	char path[80];

	ck_assert(json_is_true(api_at(g, "intra_access")));
	ck_assert_int_eq(api_int(g, "members"), 0);
	(void)snprintf(path, sizeof(path), "/api/v1/groups/%s", api_text(g, "guid"));
	(void)api_must(&api, 409, API_LOCAL, "POST", "/api/v1/groups", "{'name':'sALES'}");
	(void)api_must(&api, 409, API_LOCAL, "PATCH", path, "{'note':'x','updated_at':1}");
	g = api_must(&api, 200, API_LOCAL, "PATCH", path,
			"{'name':'Sellers','intra_access':false}");
	ck_assert_str_eq(api_text(g, "note"), "field");
	ck_assert(json_is_false(api_at(g, "intra_access")));
	g = api_must(&api, 200, API_LOCAL, "GET", "/api/v1/groups?sort=-name", NULL);
	ck_assert_int_eq(api_int(g, "total"), 2);
	ck_assert_str_eq(api_text(g, "items.0.name"), "Sellers");
	ck_assert_str_eq(api_text(g, "items.1.name"), "Default");
	(void)api_must(&api, 400, API_LOCAL, "GET", "/api/v1/groups?sort=note", NULL);
	(void)api_must(&api, 204, API_LOCAL, "DELETE", path, NULL);
	(void)api_must(&api, 404, API_LOCAL, "GET", path, NULL);
	g = api_must(&api, 201, API_LOCAL, "POST", "/api/v1/device-groups", "{'name':'Tills'}");
	ck_assert_ptr_null(api_at(g, "intra_access"));
	ck_assert_int_eq(api_int(g, "devices"), 0);
}
END_TEST

START_TEST(a_group_with_users_stays)
{
	json_t *groups;
	char path[80];

	(void)api_user(&api, "ann", "owner", NULL);
	groups = api_must(&api, 200, API_LOCAL, "GET", "/api/v1/groups", NULL);
	ck_assert_int_eq(api_int(groups, "items.0.members"), 1);
	(void)snprintf(path, sizeof(path), "/api/v1/groups/%s", api_text(groups, "items.0.guid"));
	ck_assert_str_eq(api_text(api_must(&api, 409, API_LOCAL, "DELETE", path, NULL),
					 "error.code"),
			"in_use");
}
END_TEST

int main(void)
{
	return test_main("api_users", 60, set_up, tear_down,
			TESTS(groups_are_made_changed_and_removed, a_group_with_users_stays));
}
