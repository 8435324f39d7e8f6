/* Which row answers a path, and what is allowed where none does. */
#include "admin/http/route.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "tests/unit/admin/http/suites.h"
#include <string.h>

static const struct htp_route first[] = {
	{ HTP_POST, "/api/ab/{guid}/{id}" },
	{ HTP_POST, "/api/ab/peer/{guid}" },
	{ HTP_GET, "/api/login-options" },
};
static const struct htp_route second[] = {
	{ HTP_DELETE, "/api/ab/peer/{guid}" },
	{ HTP_GET, "/" },
	{ HTP_GET, "/api/{x}" },
};
static const struct htp_routes tables[] = {
	{ first, HWS_COUNT(first), (void *)first },
	{ second, HWS_COUNT(second), NULL },
};

static struct htp_target target;

static const struct htp_route *find(enum htp_method m, const char *path, unsigned *ret_allowed)
{
	static char text[200];
	struct htp_match match;

	ck_assert_int_eq(hws_str_copy(text, sizeof(text), path), HWS_OK);
	ck_assert_int_eq(htp_target_parse(text, &target), HWS_OK);
	htp_route_find(tables, HWS_COUNT(tables), m, &target, &match);
	if (ret_allowed)
		*ret_allowed = match.allowed;
	if (match.route >= first && match.route < first + HWS_COUNT(first))
		ck_assert_ptr_eq(match.arg, first);
	return match.route;
}

START_TEST(literals_go_before_parameters)
{
	ck_assert_ptr_eq(find(HTP_POST, "/api/ab/peer/7", NULL), &first[1]);
	ck_assert_str_eq(htp_route_param(&first[1], &target, "guid"), "7");
	ck_assert_ptr_null(htp_route_param(&first[1], &target, "gui"));
	ck_assert_ptr_null(htp_route_param(&first[1], &target, "id"));
	ck_assert_ptr_eq(find(HTP_POST, "/api/ab/x/7", NULL), &first[0]);
	ck_assert_str_eq(htp_route_param(&first[0], &target, "guid"), "x");
	ck_assert_str_eq(htp_route_param(&first[0], &target, "id"), "7");
	ck_assert_ptr_eq(find(HTP_GET, "/api/login-options", NULL), &first[2]);
	ck_assert_ptr_eq(find(HTP_GET, "/api/other", NULL), &second[2]);
}
END_TEST

START_TEST(head_is_a_get_and_the_rest_is_allowed_or_not)
{
	unsigned allowed;
	char text[64];

	ck_assert_ptr_eq(find(HTP_HEAD, "/api/login-options", NULL), &first[2]);
	ck_assert_ptr_eq(find(HTP_GET, "/", NULL), &second[1]);
	ck_assert_ptr_null(find(HTP_PUT, "/api/ab/peer/7", &allowed));
	ck_assert_str_eq(htp_route_allowed(allowed, text, sizeof(text)), "POST, DELETE, OPTIONS");
	ck_assert_ptr_null(find(HTP_POST, "/api/login-options", &allowed));
	ck_assert_str_eq(htp_route_allowed(allowed, text, sizeof(text)), "GET, HEAD, OPTIONS");
	ck_assert_ptr_null(find(HTP_GET, "/api/ab/peer/7/more", &allowed));
	ck_assert_uint_eq(allowed, 0);
	ck_assert_ptr_null(find(HTP_GET, "/api", &allowed));
	ck_assert_ptr_null(find(HTP_GET, "/apix/login-options", &allowed));
	ck_assert_ptr_null(find(HTP_POST, "/api/ab//7", &allowed)); /* a parameter is not empty */
}
END_TEST

TCase *route_case(void)
{
	TCase *c = tcase_create("route");

	tcase_add_test(c, literals_go_before_parameters);
	tcase_add_test(c, head_is_a_get_and_the_rest_is_allowed_or_not);
	return c;
}
