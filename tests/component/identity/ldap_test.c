/* Logging in with the passwords of a real directory. */
#include "admin/data/accounts.h"
#include "admin/data/groups.h"
#include "admin/identity/ldap.h"
#include "admin/identity/login.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "tests/component/identity/directory.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>

#define NOW 1790000000000ll
#define BASE "ou=people,dc=example,dc=org"

static struct directory d;
static struct idn_ldap_conf *conf;

static const char people[] =
		"dn: " BASE "\n"
		"objectClass: organizationalUnit\nou: people\n\n"
		"dn: ou=old,dc=example,dc=org\n"
		"objectClass: organizationalUnit\nou: old\n\n"
		"dn: ou=groups,dc=example,dc=org\n"
		"objectClass: organizationalUnit\nou: groups\n\n"
		"dn: cn=reader,dc=example,dc=org\n"
		"objectClass: applicationProcess\nobjectClass: simpleSecurityObject\n"
		"cn: reader\nuserPassword: readersecret\n\n"
		"dn: uid=ann," BASE "\n"
		"objectClass: inetOrgPerson\nuid: ann\ncn: Ann Example\nsn: Example\n"
		"displayName: Ann E.\nmail: ann@example.org\nuserPassword: ann password\n\n"
		"dn: uid=bob," BASE "\n"
		"objectClass: inetOrgPerson\nuid: bob\ncn: Bob\nsn: B\nuserPassword: bob password\n\n"
		"dn: uid=o\\2Cdd(1)*," BASE "\n"
		"objectClass: inetOrgPerson\nuid: o,dd(1)*\ncn: Odd\nsn: O\n"
		"userPassword: odd password\n\n"
		"dn: cn=twin1," BASE "\n"
		"objectClass: inetOrgPerson\nuid: twin\ncn: twin1\nsn: T\nuserPassword: twin password\n\n"
		"dn: cn=twin2," BASE "\n"
		"objectClass: inetOrgPerson\nuid: twin\ncn: twin2\nsn: T\nuserPassword: twin password\n\n"
		/* as Active Directory has them */
		"dn: cn=Willa,ou=old,dc=example,dc=org\n"
		"objectClass: inetOrgPerson\nobjectClass: extensibleObject\n"
		"uid: willa\ncn: Willa\nsn: W\n"
		"objectGUID:: AAECAwQFBgcICQoLDA0ODw==\nuserAccountControl: 512\n"
		"userPassword: willa password\nmail: willa@example.org\n\n"
		"dn: cn=Wolf,ou=old,dc=example,dc=org\n"
		"objectClass: inetOrgPerson\nobjectClass: extensibleObject\n"
		"uid: wolf\ncn: Wolf\nsn: W\n"
		"objectGUID:: AQECAwQFBgcICQoLDA0ODw==\nuserAccountControl: 514\n"
		"userPassword: wolf password\n\n"
		"dn: cn=desk,ou=groups,dc=example,dc=org\n"
		"objectClass: groupOfNames\ncn: desk\nmember: uid=ann," BASE "\n\n"
		"dn: cn=chiefs,ou=groups,dc=example,dc=org\n"
		"objectClass: posixGroup\ncn: chiefs\ngidNumber: 7\nmemberUid: ann\n";

static void start(void)
{
	directory_start(&d, people);
}

static void stop(void)
{
	directory_stop(&d);
}

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	conf = hws_alloc(sizeof(*conf));
	ck_assert_ptr_nonnull(conf);
	*conf = (struct idn_ldap_conf){
		.enabled = true,
		.base = BASE,
		.filter = "(objectClass=person)",
		.name_attribute = "uid",
		.bind_dn = "cn=reader,dc=example,dc=org",
		.password = "readersecret",
		.group_map = "{}",
	};
	ck_assert_int_eq(hws_str_copy(conf->url, sizeof(conf->url), d.tls_url), HWS_OK);
}

static void tear_down(void)
{
	hws_free(conf);
}

static int login_as(
		const char *name, const char *password, struct idn_person *p, struct hws_error *err)
{
	*p = (struct idn_person){ .groups = NULL };
	*err = (struct hws_error){ 0 };
	return idn_ldap_login(conf, d.cert, name, password, p, err);
}

static int login(const char *name, const char *password)
{
	struct idn_person p;
	struct hws_error err;
	int r = login_as(name, password, &p, &err);

	idn_person_done(&p);
	if (r < 0) {
		ck_assert(*err.text);
		ck_assert_ptr_null(strstr(err.text, "password\""));
		ck_assert_ptr_null(strstr(err.text, "secret"));
	}
	return r;
}

START_TEST(a_password_of_the_directory_lets_in)
{
	struct idn_person p;
	struct hws_error err;

	ck_assert_msg(login_as("ann", "ann password", &p, &err) == HWS_OK, "%s", err.text);
	ck_assert_uint_eq(strlen(p.subject), 36); /* entryUUID */
	ck_assert_str_eq(p.name, "ann");
	ck_assert_str_eq(p.display_name, "Ann E.");
	ck_assert_str_eq(p.email, "ann@example.org");
	idn_person_done(&p);
	ck_assert_msg(login_as("BOB", "bob password", &p, &err) == HWS_OK, "%s", err.text);
	ck_assert_str_eq(p.name, "bob"); /* as the directory writes it */
	ck_assert_str_eq(p.display_name, "Bob");
	ck_assert_str_eq(p.email, "");
	idn_person_done(&p);
}
END_TEST

START_TEST(what_is_wrong_does_not_let_in)
{
	char longest[2000];

	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(login("ann", "bob password"), HWS_ERR_PASSWORD);
	ck_assert_int_eq(login("nobody", "ann password"), HWS_ERR_NOTFOUND);
	/* a directory takes that for a visit without a name, and lets it in */
	ck_assert_int_eq(login("ann", ""), HWS_ERR_PASSWORD);
	ck_assert_int_eq(login("", "ann password"), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(login(longest, "ann password"), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(login("ann", longest), HWS_ERR_PASSWORD);
	ck_assert_int_eq(login("twin", "twin password"), HWS_ERR_DENIED);
}
END_TEST

START_TEST(names_are_values_and_no_filters)
{
	static const char *const tricks[] = { "*", "a*", "ann)(uid=*", "*)(|(uid=*", "\\2a",
		"ann)(objectClass=*))(&(uid=ann" };

	for (size_t i = 0; i < HWS_COUNT(tricks); i++)
		ck_assert_int_eq(login(tricks[i], "ann password"), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(login("o,dd(1)*", "odd password"), HWS_OK);
}
END_TEST

START_TEST(who_logs_in_may_be_who_searches)
{
	ck_assert_int_eq(hws_str_copy(conf->bind_dn, sizeof(conf->bind_dn), "uid={name}," BASE),
			HWS_OK);
	conf->password[0] = '\0';
	ck_assert_int_eq(login("ann", "ann password"), HWS_OK);
	ck_assert_int_eq(login("ann", "bob password"), HWS_ERR_PASSWORD);
	ck_assert_int_eq(login("ann", ""), HWS_ERR_PASSWORD);
	ck_assert_int_eq(login("o,dd(1)*", "odd password"), HWS_OK);
	ck_assert_int_eq(login("bob,ou=people", "bob password"), HWS_ERR_PASSWORD);
}
END_TEST

START_TEST(a_password_crosses_the_network_only_encrypted)
{
	struct idn_person p;
	struct hws_error err;

	/* StartTLS, with the right authority and without */
	ck_assert_int_eq(hws_str_copy(conf->url, sizeof(conf->url), d.url), HWS_OK);
	conf->starttls = true;
	ck_assert_int_eq(login("ann", "ann password"), HWS_OK);
	p = (struct idn_person){ .groups = NULL };
	ck_assert_int_eq(idn_ldap_login(conf, NULL, "ann", "ann password", &p, &err),
			HWS_ERR_CRYPTO);
	/* this machine alone may be asked in clear */
	conf->starttls = false;
	ck_assert_int_eq(login("ann", "ann password"), HWS_OK);
	ck_assert_int_eq(hws_str_copy(conf->url, sizeof(conf->url), "ldap://192.0.2.1"), HWS_OK);
	ck_assert_int_eq(login("ann", "ann password"), HWS_ERR_INSECURE);
	/* a certificate of nobody's */
	ck_assert_int_eq(hws_str_copy(conf->url, sizeof(conf->url), d.tls_url), HWS_OK);
	ck_assert_int_lt(idn_ldap_login(conf, NULL, "ann", "ann password", &p, &err), 0);
	ck_assert_int_eq(login("ann", "ann password"), HWS_OK);
}
END_TEST

START_TEST(groups_that_list_their_members_are_found)
{
	struct idn_person p;
	struct hws_error err;

	ck_assert_int_eq(hws_str_copy(conf->group_map, sizeof(conf->group_map), "{\"desk\":\"x\"}"),
			HWS_OK);
	ck_assert_msg(login_as("ann", "ann password", &p, &err) == HWS_OK, "%s", err.text);
	ck_assert_uint_eq(json_array_size(p.groups), 2);
	idn_person_done(&p);
	ck_assert_msg(login_as("bob", "bob password", &p, &err) == HWS_OK, "%s", err.text);
	ck_assert_uint_eq(json_array_size(p.groups), 0);
	idn_person_done(&p);
}
END_TEST

START_TEST(active_directory_says_who_is_disabled)
{
	struct idn_person p;
	struct hws_error err;

	ck_assert_int_eq(hws_str_copy(conf->base, sizeof(conf->base), "dc=example,dc=org"), HWS_OK);
	ck_assert_msg(login_as("willa", "willa password", &p, &err) == HWS_OK, "%s", err.text);
	ck_assert_str_eq(p.subject, "000102030405060708090a0b0c0d0e0f"); /* objectGUID */
	ck_assert_str_eq(p.name, "willa");
	idn_person_done(&p);
	ck_assert_int_eq(login("wolf", "wolf password"), HWS_ERR_DENIED);
	/* which only they learn whose password is right */
	ck_assert_int_eq(login("wolf", "wrong password"), HWS_ERR_PASSWORD);
}
END_TEST

START_TEST(the_operators_test_says_what_is_wrong)
{
	struct hws_error err = { 0 };

	ck_assert_msg(idn_ldap_try(conf, d.cert, &err) == HWS_OK, "%s", err.text);
	ck_assert_int_eq(hws_str_copy(conf->filter, sizeof(conf->filter), "(uid=nobody)"), HWS_OK);
	ck_assert_int_eq(idn_ldap_try(conf, d.cert, &err), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(hws_str_copy(conf->password, sizeof(conf->password), "wrong"), HWS_OK);
	ck_assert_int_eq(idn_ldap_try(conf, d.cert, &err), HWS_ERR_PROTO);
	ck_assert_ptr_nonnull(strstr(err.text, "binding as who searches"));
	/* that is nobody's fault who logs in */
	ck_assert_int_eq(login("ann", "ann password"), HWS_ERR_PROTO);
}
END_TEST

/* --- accounts --------------------------------------------------------------------------------- */

struct place {
	struct sql_db *db;
	struct dat_keys *keys;
	struct idn_directory *directory;
};

static void open_place(struct place *p)
{
	char dir[200], path[300];
	struct hws_error err = { 0 };
	struct sql_place at = { .path = path, .connections = 2 };

	test_dir(dir, sizeof(dir));
	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/keys", dir), HWS_OK);
	ck_assert_msg(dat_keys_open(path, &p->keys, &err) == HWS_OK, "%s", err.text);
	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/db", dir), HWS_OK);
	ck_assert_msg(sql_open(&at, &p->db, &err) == HWS_OK, "%s", err.text);
	ck_assert_int_eq(idn_directory_new(d.cert, 1, &p->directory), HWS_OK);
}

static void close_place(struct place *p)
{
	idn_directory_free(p->directory);
	sql_close(p->db);
	dat_keys_free(p->keys);
}

static void store_conf_at(struct place *p, int64_t now)
{
	struct hws_error err = { 0 };
	struct sql_conn *c = NULL;

	ck_assert_int_eq(sql_take(p->db, &c), HWS_OK);
	ck_assert_msg(idn_ldap_conf_write(c, p->keys, conf, conf->password, "test", now, &err) ==
					HWS_OK,
			"%s", err.text);
	sql_give(c);
}

static void store_conf(struct place *p)
{
	store_conf_at(p, NOW);
}

static int enter(struct place *p, const char *name, const char *password, struct dat_account *ret)
{
	struct hws_error err = { 0 };
	struct sql_conn *c = NULL;
	char guid[DAT_GUID_TEXT];
	int r = idn_directory_login(p->directory, p->db, p->keys, name, password, NOW, guid, &err);

	if (r < 0)
		return r;
	ck_assert_int_eq(sql_take(p->db, &c), HWS_OK);
	ck_assert_int_eq(dat_account_get(c, guid, ret), HWS_OK);
	sql_give(c);
	return r;
}

START_TEST(a_directory_that_says_nothing_is_left)
{
	struct dat_account got;
	struct place p;
	int first, r;

	open_place(&p);
	conf->auto_create = true;
	store_conf(&p);
	directory_freeze(&d, true);
	first = enter(&p, "ann", "ann password", &got);
	/* who comes next does not wait as long: all together would take a quarter of an hour */
	for (unsigned i = 0; i < 100; i++) {
		r = enter(&p, "ann", "ann password", &got);
		ck_assert_int_eq(r, first);
	}
	directory_freeze(&d, false);
	ck_assert_msg(first == HWS_ERR_TIMEOUT || first == HWS_ERR_UNREACHABLE, "%d", first);
	/* other settings are tried at once */
	store_conf_at(&p, NOW + 1);
	ck_assert_int_eq(enter(&p, "ann", "ann password", &got), HWS_OK);
	close_place(&p);
}
END_TEST

START_TEST(an_account_is_a_persons_wherever_the_directory_moves_them)
{
	struct dat_account first, again;
	struct sql_conn *c = NULL;
	struct place p;
	char group[DAT_GUID_TEXT];

	open_place(&p);
	ck_assert_int_eq(enter(&p, "ann", "ann password", &first), HWS_ERR_NOTFOUND); /* not set */
	conf->auto_create = true;
	ck_assert_int_eq(hws_str_copy(conf->group_map, sizeof(conf->group_map),
					 "{\"desk\":\"Helpdesk\",\"chiefs\":\"role:operator\"}"),
			HWS_OK);
	store_conf(&p);
	ck_assert_int_eq(sql_take(p.db, &c), HWS_OK);
	ck_assert_int_eq(dat_group_add(c, DAT_USER_GROUP, "Helpdesk", "", NOW, group), HWS_OK);
	sql_give(c);
	ck_assert_int_eq(enter(&p, "ann", "ann password", &first), HWS_OK);
	ck_assert_str_eq(first.name, "ann");
	ck_assert_str_eq(first.source, "ldap");
	ck_assert_str_eq(first.email, "ann@example.org");
	ck_assert_str_eq(first.group_name, "Helpdesk");
	ck_assert_int_eq(first.role, DAT_ROLE_OPERATOR);
	ck_assert(!first.has_password);
	/* moved, renamed, and out of a group */
	directory_modify(&d,
			"dn: uid=ann," BASE "\nchangetype: modrdn\nnewrdn: uid=anna\n"
			"deleteoldrdn: 1\n\n"
			"dn: cn=chiefs,ou=groups,dc=example,dc=org\nchangetype: modify\n"
			"delete: memberUid\nmemberUid: ann\n");
	ck_assert_int_eq(enter(&p, "ann", "ann password", &again), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(enter(&p, "anna", "ann password", &again), HWS_OK);
	ck_assert_str_eq(again.guid, first.guid);
	ck_assert_int_eq(again.role, DAT_ROLE_USER);
	ck_assert_str_eq(again.group_name, DAT_GROUP_DEFAULT); /* desk has the old name */
	/* disabled here */
	ck_assert_int_eq(sql_take(p.db, &c), HWS_OK);
	ck_assert_int_eq(dat_account_set_status(c, first.guid, DAT_DISABLED, NOW), HWS_OK);
	sql_give(c);
	ck_assert_int_eq(enter(&p, "anna", "ann password", &again), HWS_ERR_DENIED);
	directory_modify(&d,
			"dn: uid=anna," BASE "\nchangetype: modrdn\nnewrdn: uid=ann\n"
			"deleteoldrdn: 1\n");
	close_place(&p);
}
END_TEST

START_TEST(nobody_new_gets_an_account_without_leave)
{
	struct dat_account got;
	struct sql_conn *c = NULL;
	struct place p;
	char ann[DAT_GUID_TEXT], bob[DAT_GUID_TEXT];
	struct dat_account_new in = { .name = "ann", .status = DAT_ENABLED, .role = DAT_ROLE_USER };

	open_place(&p);
	store_conf(&p);
	ck_assert_int_eq(enter(&p, "ann", "ann password", &got), HWS_ERR_DENIED);
	ck_assert_int_eq(sql_take(p.db, &c), HWS_OK);
	/* of this server's own making: a name alone takes over nothing */
	ck_assert_int_eq(dat_account_add(c, &in, NOW, ann), HWS_OK);
	in.name = "bob";
	in.status = DAT_UNVERIFIED; /* invited */
	in.email = "bob@elsewhere.example";
	ck_assert_int_eq(dat_account_add(c, &in, NOW, bob), HWS_OK);
	sql_give(c);
	ck_assert_int_eq(enter(&p, "ann", "ann password", &got), HWS_ERR_DENIED);
	/* somebody else of that name */
	ck_assert_int_eq(enter(&p, "bob", "bob password", &got), HWS_ERR_DENIED);
	ck_assert_int_eq(sql_take(p.db, &c), HWS_OK);
	ck_assert_int_eq(dat_account_change(c, bob,
					 &(struct dat_account_change){
							 .email = "", DAT_ACCOUNT_CHANGE },
					 NOW),
			HWS_OK);
	sql_give(c);
	ck_assert_int_eq(enter(&p, "bob", "bob password", &got), HWS_OK);
	ck_assert_str_eq(got.guid, bob);
	ck_assert_str_eq(got.source, "ldap");
	ck_assert_int_eq(got.status, DAT_ENABLED);
	conf->auto_create = true;
	store_conf(&p);
	ck_assert_int_eq(enter(&p, "ann", "ann password", &got), HWS_OK);
	ck_assert_str_ne(got.guid, ann);
	ck_assert_str_eq(got.name, "ann@ldap");
	close_place(&p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("component/identity/ldap");
	TCase *c = test_case(s, "slapd", 60,
			TESTS(a_password_of_the_directory_lets_in, what_is_wrong_does_not_let_in,
					names_are_values_and_no_filters,
					who_logs_in_may_be_who_searches,
					a_password_crosses_the_network_only_encrypted,
					groups_that_list_their_members_are_found,
					active_directory_says_who_is_disabled,
					the_operators_test_says_what_is_wrong,
					a_directory_that_says_nothing_is_left,
					an_account_is_a_persons_wherever_the_directory_moves_them,
					nobody_new_gets_an_account_without_leave));

	tcase_add_unchecked_fixture(c, start, stop);
	tcase_add_checked_fixture(c, set_up, tear_down);
	return test_suite_run(s);
}
