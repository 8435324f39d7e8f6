/* What needs no provider and no directory: descriptions, claims, maps of groups, names. */
#include "admin/identity/ldap_name.h"
#include "admin/identity/mapping.h"
#include "admin/identity/metadata.h"
#include "admin/identity/person.h"
#include "shared/base/str.h"
#include "tests/support/suite.h"
#include "tests/unit/admin/identity/suites.h"

#include <string.h>

#define ISSUER "https://id.example.org/realm"

static int metadata(const char *text, struct idn_metadata *m)
{
	struct hws_error err = { 0 };
	int r = idn_metadata_read(hws_bytes_str(text), ISSUER, m, &err);

	ck_assert(r == HWS_OK || *err.text);
	return r;
}

#define ENDS                                                                                       \
	"\"authorization_endpoint\":\"https://id.example.org/a?x=1\",\"token_endpoint\":"          \
	"\"https://id.example.org/t\",\"jwks_uri\":\"https://keys.example.org/k\""

START_TEST(a_provider_describes_itself)
{
	struct idn_metadata m;
	char url[IDN_URL_TEXT];

	ck_assert_int_eq(metadata("{\"issuer\":\"" ISSUER "\"," ENDS "}", &m), HWS_OK);
	ck_assert_str_eq(m.authorize, "https://id.example.org/a?x=1");
	ck_assert_str_eq(m.jwks, "https://keys.example.org/k");
	ck_assert_str_eq(m.userinfo, "");
	ck_assert(m.secret_in_head && !m.secret_in_body);
	ck_assert_int_eq(
			metadata("{\"issuer\":\"" ISSUER "\"," ENDS
				 ",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]}",
					&m),
			HWS_OK);
	ck_assert(m.secret_in_body && !m.secret_in_head);
	ck_assert_int_eq(idn_metadata_url(ISSUER, url, sizeof(url), NULL), HWS_OK);
	ck_assert_str_eq(url, ISSUER "/.well-known/openid-configuration");
	ck_assert_int_eq(idn_metadata_url("https://a.example/", url, sizeof(url), NULL), HWS_OK);
	ck_assert_str_eq(url, "https://a.example/.well-known/openid-configuration");
}
END_TEST

START_TEST(a_description_of_another_or_without_tls_is_refused)
{
	static const char *const texts[] = { "", "[]", "{}", "{\"issuer\":1," ENDS "}",
		"{\"issuer\":\"https://evil.example\"," ENDS "}",
		"{\"issuer\":\"" ISSUER "/\"," ENDS "}",
		"{\"issuer\":\"" ISSUER "\",\"issuer\":\"" ISSUER "\"," ENDS "}",
		"{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"http://a/\","
		"\"token_endpoint\":\"https://a/\",\"jwks_uri\":\"https://a/\"}",
		"{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"https://a/\","
		"\"token_endpoint\":\"https://a/\",\"jwks_uri\":\"file:///etc/passwd\"}",
		"{\"issuer\":\"" ISSUER "\"," ENDS ",\"userinfo_endpoint\":\"https://a b/\"}" };
	static const char *const bad[] = { "", "http://a.example", "https://", "https:///x",
		"https://u@a.example", "https://a.example#x", "https://a.example/\"",
		"javascript:1", "https://a.example/?x" };
	struct idn_metadata m;
	char url[IDN_URL_TEXT];

	for (size_t i = 0; i < HWS_COUNT(texts); i++)
		ck_assert_msg(metadata(texts[i], &m) < 0, "%s", texts[i]);
	for (size_t i = 0; i < HWS_COUNT(bad); i++)
		ck_assert_msg(idn_metadata_url(bad[i], url, sizeof(url), NULL) == HWS_ERR_INVAL,
				"%s", bad[i]);
}
END_TEST

START_TEST(a_person_is_what_the_claims_say)
{
	json_t *claims = json_pack("{s:s,s:s,s:s,s:b,s:[s,i,s],s:{s:[s]}}", "sub", "s1", "name",
			"Ann \xc3\xa9", "email", "ann@example.org", "email_verified", 1, "groups",
			"staff", 7, "desk", "realm_access", "roles", "boss");
	json_t *more = json_pack("{s:s,s:s,s:s,s:b}", "sub", "s1", "preferred_username", "ann",
			"email", "evil@example.org", "email_verified", 1);
	struct idn_person p = { .groups = NULL };

	ck_assert_int_eq(idn_person_claims(&p, claims, more), HWS_OK);
	ck_assert_str_eq(p.subject, "s1");
	ck_assert_str_eq(p.name, "ann");
	ck_assert_str_eq(p.display_name, "Ann \xc3\xa9");
	ck_assert_str_eq(p.email, "ann@example.org");
	ck_assert(p.email_verified);
	ck_assert_uint_eq(json_array_size(p.groups), 3);
	idn_person_done(&p);
	/* an address is as proved as its own document says */
	json_object_del(claims, "email_verified");
	p = (struct idn_person){ .groups = NULL };
	ck_assert_int_eq(idn_person_claims(&p, claims, more), HWS_OK);
	ck_assert(!p.email_verified);
	idn_person_done(&p);
	/* a name that none can have is passed over */
	json_object_set_new(more, "preferred_username", json_string(" \x01 "));
	p = (struct idn_person){ .groups = NULL };
	ck_assert_int_eq(idn_person_claims(&p, claims, more), HWS_OK);
	ck_assert_str_eq(p.name, "ann@example.org");
	idn_person_done(&p);
	json_object_del(claims, "sub");
	ck_assert_int_eq(idn_person_claims(&p, claims, more), HWS_ERR_PROTO);
	idn_person_done(&p);
	json_decref(claims);
	json_decref(more);
}
END_TEST

START_TEST(groups_and_roles_follow_the_map)
{
	json_t *map = json_pack("{s:s,s:s,s:s,s:s,s:s}", "desk", "Helpdesk", "staff", "Staff", "ro",
			"role:read-only", "ops", "role:operator", "evil", "role:owner");
	json_t *said = json_pack("[s,s]", "STAFF", "cn=desk,ou=groups,dc=example");
	struct idn_mapped m;

	idn_map(map, said, &m);
	ck_assert(m.gives_groups && m.gives_roles);
	ck_assert_str_eq(m.group, "Helpdesk"); /* the map's order */
	ck_assert_int_eq(m.role, DAT_ROLE_USER);
	json_array_append_new(said, json_string("ro"));
	idn_map(map, said, &m);
	ck_assert_int_eq(m.role, DAT_ROLE_READONLY);
	json_array_append_new(said, json_string("ops"));
	json_array_append_new(said, json_string("evil"));
	idn_map(map, said, &m);
	ck_assert_int_eq(m.role, DAT_ROLE_OPERATOR);
	idn_map(map, NULL, &m);
	ck_assert_str_eq(m.group, "");
	ck_assert_int_eq(m.role, DAT_ROLE_USER);
	idn_map(NULL, said, &m);
	ck_assert(!m.gives_groups && !m.gives_roles);
	/* nobody is made an owner */
	ck_assert_int_eq(idn_map_check(map, NULL), HWS_ERR_INVAL);
	json_object_del(map, "evil");
	ck_assert_int_eq(idn_map_check(map, NULL), HWS_OK);
	json_object_set_new(map, "x", json_string("role:king"));
	ck_assert_int_eq(idn_map_check(map, NULL), HWS_ERR_INVAL);
	json_object_set_new(map, "x", json_integer(1));
	ck_assert_int_eq(idn_map_check(map, NULL), HWS_ERR_INVAL);
	ck_assert_int_eq(idn_map_check(said, NULL), HWS_ERR_INVAL);
	json_decref(map);
	json_decref(said);
}
END_TEST

START_TEST(a_domain_is_the_whole_of_what_stands_behind_the_last_at)
{
	ck_assert(idn_domain_allowed("", ""));
	ck_assert(idn_domain_allowed("example.org", "a@EXAMPLE.org"));
	ck_assert(idn_domain_allowed("x.example, example.org", "a@example.org"));
	ck_assert(!idn_domain_allowed("example.org", "a@evil.example.org"));
	ck_assert(!idn_domain_allowed("example.org", "a@example.org@evil.example"));
	ck_assert(!idn_domain_allowed("example.org", "a@example.org.evil"));
	ck_assert(!idn_domain_allowed("example.org", "@example.org"));
	ck_assert(!idn_domain_allowed("example.org", "example.org"));
	ck_assert(!idn_domain_allowed("example.org", ""));
}
END_TEST

START_TEST(a_name_is_only_a_value)
{
	char buf[64];

	ck_assert_int_eq(idn_ldap_filter_value("a*(b)\\c\x01\xc3\xa9", buf, sizeof(buf)), HWS_OK);
	ck_assert_str_eq(buf, "a\\2a\\28b\\29\\5cc\\01\xc3\xa9");
	ck_assert_int_eq(idn_ldap_dn_value(" a,b+\"c\\=#; ", buf, sizeof(buf)), HWS_OK);
	ck_assert_str_eq(buf, "\\20a\\2cb\\2b\\22c\\5c\\3d#\\3b\\20");
	ck_assert_int_eq(idn_ldap_dn_value("#a", buf, sizeof(buf)), HWS_OK);
	ck_assert_str_eq(buf, "\\23a");
	ck_assert_int_eq(idn_ldap_filter_value("********", buf, 24), HWS_ERR_TOOBIG);
	ck_assert_int_eq(idn_ldap_filter_value("a", buf, 0), HWS_ERR_TOOBIG);
	ck_assert_int_eq(idn_ldap_bind_name("uid={name},dc=x", "a,b", buf, sizeof(buf)), HWS_OK);
	ck_assert_str_eq(buf, "uid=a\\2cb,dc=x");
	ck_assert_int_eq(idn_ldap_bind_name("{name}@x.org", "ann", buf, sizeof(buf)), HWS_OK);
	ck_assert_str_eq(buf, "ann@x.org");
	ck_assert_int_eq(
			idn_ldap_bind_name("{name}@x.org", "a@b", buf, sizeof(buf)), HWS_ERR_INVAL);
	ck_assert_int_eq(idn_ldap_bind_name("cn=reader", "ann", buf, sizeof(buf)), HWS_OK);
	ck_assert_str_eq(buf, "cn=reader");
}
END_TEST

void add_rules_tests(Suite *s)
{

	test_case(s, "rules", 10,
			TESTS(a_provider_describes_itself,
					a_description_of_another_or_without_tls_is_refused,
					a_person_is_what_the_claims_say,
					groups_and_roles_follow_the_map,
					a_domain_is_the_whole_of_what_stands_behind_the_last_at,
					a_name_is_only_a_value));
}
