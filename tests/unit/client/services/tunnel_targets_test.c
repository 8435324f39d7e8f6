/* tunnel/targets: what the lists of a host allow, and what they cannot be made to allow by names
 * that turn out to be something else. */
#include "client/services/tunnel/targets.h"
#include "shared/base/macros.h"
#include "shared/net/addr.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define TCP SES__TUNNEL_KIND__TUNNEL_KIND_TCP
#define UDP SES__TUNNEL_KIND__TUNNEL_KIND_UDP

static struct hws_targets *list(const char *text)
{
	struct hws_targets *t = NULL;
	struct hws_error err = { 0 };

	ck_assert_msg(hws_targets_parse(text, &t, &err) == HWS_OK, "%s: %s", text, err.text);
	return t;
}

static struct sockaddr_storage at(const char *address, uint16_t port)
{
	struct sockaddr_storage a;

	ck_assert_msg(hws_addr_parse(address, port, &a) == HWS_OK, "%s", address);
	hws_addr_set_port(&a, port);
	return a;
}

/* A name that has this address, or an address. */
static bool allows(const char *text, Ses__TunnelKind kind, const char *host, const char *address,
		uint16_t port)
{
	struct hws_targets *t = list(text);
	struct sockaddr_storage a = at(address, port);
	bool ok = hws_targets_allow(t, kind, host, &a);

	if (ok) /* and then it was looked up, too */
		ck_assert(hws_targets_may_ask(t, kind, host, port));
	hws_targets_free(t);
	return ok;
}

static bool asks(const char *text, const char *host, uint16_t port)
{
	struct hws_targets *t = list(text);
	bool ok = hws_targets_may_ask(t, TCP, host, port);

	hws_targets_free(t);
	return ok;
}

START_TEST(nothing_is_allowed_that_is_not_named)
{
	ck_assert(!allows("", TCP, "localhost", "127.0.0.1", 22));
	ck_assert(!allows(" , ", TCP, "192.0.2.1", "192.0.2.1", 22));
	ck_assert(allows("192.0.2.1:22", TCP, "192.0.2.1", "192.0.2.1", 22));
	ck_assert(!allows("192.0.2.1:22", TCP, "192.0.2.1", "192.0.2.1", 23));
	ck_assert(!allows("192.0.2.1:22", TCP, "192.0.2.2", "192.0.2.2", 22));
	ck_assert(!allows("192.0.2.1:22", UDP, "192.0.2.1", "192.0.2.1", 22));
	ck_assert(allows("192.0.2.1:22/udp", UDP, "192.0.2.1", "192.0.2.1", 22));
	ck_assert(!allows("192.0.2.1:22/udp", TCP, "192.0.2.1", "192.0.2.1", 22));
	ck_assert(allows("192.0.2.1:22/tcp", TCP, "192.0.2.1", "192.0.2.1", 22));
}
END_TEST

START_TEST(networks_and_ranges_have_edges)
{
	const char *l = "10.1.0.0/16:80-82, [2001:db8::/32]:443\n192.0.2.0/24:*";

	ck_assert(allows(l, TCP, "10.1.255.255", "10.1.255.255", 80));
	ck_assert(allows(l, TCP, "10.1.0.0", "10.1.0.0", 82));
	ck_assert(!allows(l, TCP, "10.1.0.1", "10.1.0.1", 83));
	ck_assert(!allows(l, TCP, "10.1.0.1", "10.1.0.1", 79));
	ck_assert(!allows(l, TCP, "10.2.0.0", "10.2.0.0", 80));
	ck_assert(allows(l, TCP, "2001:db8:1::1", "2001:db8:1::1", 443));
	ck_assert(!allows(l, TCP, "2001:db9::1", "2001:db9::1", 443));
	ck_assert(allows(l, TCP, "192.0.2.9", "192.0.2.9", 65535));
	/* the same address in another writing is the same address */
	ck_assert(allows(l, TCP, "::ffff:10.1.0.1", "::ffff:10.1.0.1", 80));
	ck_assert(!allows(l, TCP, "::ffff:10.2.0.1", "::ffff:10.2.0.1", 80));
}
END_TEST

START_TEST(a_name_is_allowed_with_its_addresses_but_gives_no_loopback)
{
	const char *l = "db.example.com:5432";

	ck_assert(allows(l, TCP, "db.example.com", "203.0.113.5", 5432));
	ck_assert(allows(l, TCP, "DB.Example.COM.", "203.0.113.5", 5432));
	ck_assert(allows(l, TCP, "db.example.com", "10.0.0.5", 5432)); /* of a network at home */
	ck_assert(!allows(l, TCP, "db.example.com", "127.0.0.1", 5432));
	ck_assert(!allows(l, TCP, "db.example.com", "127.9.9.9", 5432));
	ck_assert(!allows(l, TCP, "db.example.com", "::1", 5432));
	ck_assert(!allows(l, TCP, "db.example.com", "::ffff:127.0.0.1", 5432));
	ck_assert(!allows(l, TCP, "db2.example.com", "203.0.113.5", 5432));
	ck_assert(!allows(l, TCP, "x.db.example.com", "203.0.113.5", 5432));
	ck_assert(!allows(l, TCP, "203.0.113.5", "203.0.113.5", 5432)); /* by number: no name */
	/* unless that address is on the list itself */
	ck_assert(allows("db.example.com:5432 127.9.0.0/16:5432", TCP, "db.example.com",
			"127.9.9.9", 5432));
	ck_assert(allows("localhost:5432", TCP, "db.example.com", "127.0.0.1", 5432));
}
END_TEST

START_TEST(names_below_one_give_public_addresses_only)
{
	const char *l = "*.example.com:443";

	ck_assert(allows(l, TCP, "www.example.com", "203.0.113.5", 443));
	ck_assert(allows(l, TCP, "a.b.example.com", "2001:db8::5", 443));
	ck_assert(!allows(l, TCP, "example.com", "203.0.113.5", 443));
	ck_assert(!allows(l, TCP, "badexample.com", "203.0.113.5", 443));
	ck_assert(!allows(l, TCP, "www.example.com.evil.org", "203.0.113.5", 443));
	static const char *const internal[] = { "10.0.0.1", "172.16.0.1", "172.31.255.255",
		"192.168.1.1", "100.64.0.1", "127.0.0.1", "::1", "fd00::1", "::ffff:10.0.0.1",
		"64:ff9b::a00:1", "2002:a00:1::", "169.254.169.254", "fe80::1", "0.0.0.0", "::" };
	for (size_t i = 0; i < HWS_COUNT(internal); i++)
		ck_assert_msg(!allows(l, TCP, "www.example.com", internal[i], 443), "%s",
				internal[i]);
	ck_assert(allows("*.example.com:443 10.0.0.0/8:443", TCP, "www.example.com", "10.0.0.1",
			443));
}
END_TEST

START_TEST(some_addresses_are_given_by_nothing)
{
	static const char *const never[] = { "0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.1",
		"239.255.255.255", "255.255.255.255", "240.0.0.1", "::", "fe80::1", "ff02::1",
		"::ffff:169.254.169.254", "::ffff:224.0.0.1", "64:ff9b::7f00:1",
		"64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "::127.0.0.1", "::169.254.0.1" };
	const char *all = "*:* 0.0.0.0/0:* [::/0]:* 169.254.0.0/16:*";

	for (size_t i = 0; i < HWS_COUNT(never); i++) {
		struct sockaddr_storage a = at(never[i], 80);

		ck_assert_msg(hws_targets_never(&a), "%s", never[i]);
		ck_assert_msg(!allows(all, TCP, never[i], never[i], 80), "%s", never[i]);
		ck_assert_msg(!allows(all, TCP, "x.example.com", never[i], 80), "%s", never[i]);
	}
	ck_assert(allows(all, TCP, "192.0.2.1", "192.0.2.1", 80));
	ck_assert(allows(all, TCP, "127.0.0.1", "127.0.0.1", 80));
	ck_assert(allows(all, TCP, "64:ff9b::cb00:7105", "64:ff9b::cb00:7105", 80));
	ck_assert(!allows(all, UDP, "192.0.2.1", "192.0.2.1", 80));
}
END_TEST

START_TEST(localhost_is_two_addresses)
{
	const char *l = "localhost:22";

	ck_assert(allows(l, TCP, "localhost", "127.0.0.1", 22));
	ck_assert(allows(l, TCP, "", "::1", 22));
	ck_assert(allows(l, TCP, "127.0.0.1", "127.0.0.1", 22));
	ck_assert(!allows(l, TCP, "localhost", "127.0.0.53", 22));
	ck_assert(!allows(l, TCP, "localhost", "192.0.2.1", 22)); /* a table of names that lies */
	ck_assert(!allows("localhost.example.com:22", TCP, "localhost", "127.0.0.1", 22));
	ck_assert(hws_targets_is_localhost("") && hws_targets_is_localhost("LocalHost."));
	ck_assert(!hws_targets_is_localhost("localhost.example.com"));
}
END_TEST

START_TEST(what_has_no_chance_is_not_looked_up)
{
	ck_assert(!asks("", "secret.example.org", 80));
	ck_assert(!asks("a.example.org:80", "secret.example.org", 80));
	ck_assert(!asks("a.example.org:80", "a.example.org", 81));
	ck_assert(asks("a.example.org:80", "a.example.org", 80));
	ck_assert(asks("*.example.org:80", "a.example.org", 80));
	ck_assert(asks("10.0.0.0/8:80", "a.example.org", 80)); /* it may be in there */
	ck_assert(!asks("10.0.0.0/8:80", "192.0.2.1", 80));
	ck_assert(!asks("a.example.org:80", "localhost", 80));
}
END_TEST

START_TEST(who_listens_is_a_list_of_its_own)
{
	struct hws_targets *t = list("localhost:8000-8010 192.0.2.1:*");
	struct sockaddr_storage a;

#define LISTENS(ip, port) (a = at(ip, port), hws_targets_allow_listen(t, &a))
	ck_assert(LISTENS("127.0.0.1", 8000) && LISTENS("::1", 8010));
	ck_assert(!LISTENS("127.0.0.1", 8011));
	ck_assert(!LISTENS("0.0.0.0", 8000) && !LISTENS("::", 8000));
	ck_assert(!LISTENS("127.0.0.1", 0)); /* any port is more than these */
	ck_assert(LISTENS("192.0.2.1", 0) && LISTENS("192.0.2.1", 1));
	hws_targets_free(t);
	t = list("*:8000");
	ck_assert(LISTENS("0.0.0.0", 8000) && LISTENS("::", 8000) && !LISTENS("::", 8001));
	hws_targets_free(t);
	t = list("");
	ck_assert(!LISTENS("127.0.0.1", 8000));
	hws_targets_free(t);
}
END_TEST

START_TEST(what_is_no_rule_is_named)
{
	static const char *const bad[] = { "host", "host:", ":22", "host:0", "host:65536",
		"host:22-21", "host:-", "host:22/sctp", "ho st", "10.0.0.0/33:22", "10.0.0.0/8",
		"2001:db8::1:443", "[2001:db8::1]", "[2001:db8::1:443", "2001:db8::1]:443",
		"127.1:22", "0x7f.1:22", "2130706433:22", "ex*ample.com:22", "*.*:22", "*.:22",
		"host:22x", "host:+22", "-a:22", "a@b:22", "host:22-23-24", "[host]x:22" };
	struct hws_targets *t;
	struct hws_error err;

	for (size_t i = 0; i < HWS_COUNT(bad); i++) {
		err.text[0] = 0;
		int r = hws_targets_parse(bad[i], &t, &err);
		ck_assert_msg(r == HWS_ERR_INVAL, "%s: %d", bad[i], r);
		ck_assert_msg(strstr(err.text, "is no target") != NULL, "%s", err.text);
	}
	char many[HWS_TARGETS_MAX * 8 + 16] = "";
	for (unsigned i = 0; i <= HWS_TARGETS_MAX; i++)
		memcpy(many + i * 5, "a:22 ", 6);
	ck_assert_int_eq(hws_targets_parse(many, &t, &err), HWS_ERR_FULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("services/tunnel_targets");
	TCase *t = tcase_create("lists");
	SRunner *r = srunner_create(s);

	tcase_add_test(t, nothing_is_allowed_that_is_not_named);
	tcase_add_test(t, networks_and_ranges_have_edges);
	tcase_add_test(t, a_name_is_allowed_with_its_addresses_but_gives_no_loopback);
	tcase_add_test(t, names_below_one_give_public_addresses_only);
	tcase_add_test(t, some_addresses_are_given_by_nothing);
	tcase_add_test(t, localhost_is_two_addresses);
	tcase_add_test(t, what_has_no_chance_is_not_looked_up);
	tcase_add_test(t, who_listens_is_a_list_of_its_own);
	tcase_add_test(t, what_is_no_rule_is_named);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
