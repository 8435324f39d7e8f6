/* shared/net/forwarded: whatever a client writes into its request, the address it has is the one
 * that the nearest proxy, which is not the client's, has seen. */
#include "shared/net/forwarded.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct hws_cidr_list trusted;

static void set_up(void)
{
	ck_assert_int_eq(
			hws_cidr_list_parse("127.0.0.1,10.0.0.0/8,2001:db8:1::/48", &trusted, NULL),
			HWS_OK);
}

static void tear_down(void)
{
	hws_cidr_list_done(&trusted);
}

/* Who is behind `from` by these header lines. */
static const char *behind(const char *from, const char *lines)
{
	static char text[HWS_ADDR_TEXT], head[9000];
	struct sockaddr_storage peer;

	ck_assert_int_eq(hws_addr_parse(from, 0, &peer), HWS_OK);
	snprintf(head, sizeof(head), "GET /ws/id HTTP/1.1\r\n%sHost: x\r\n\r\n", lines);
	hws_forwarded_peer(hws_bytes_str(head), &trusted, &peer);
	return hws_addr_text(&peer, text, sizeof(text));
}

#define FROM "127.0.0.1:4711"

START_TEST(the_first_that_is_no_proxy_of_ours_is_the_client)
{
	static const struct {
		const char *lines, *want;
	} row[] = {
		{ "X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1:0" },
		{ "X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n", "192.0.2.1:0" },
		{ "X-Forwarded-For: 6.6.6.6,192.0.2.1\t, 10.2.3.4 ,127.0.0.1\r\n", "192.0.2.1:0" },
		{ "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1:0" },
		{ "X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\nVia: x\r\nx-forwarded-for:10.0.0.9\r\n",
				"192.0.2.1:0" },
		{ "X-Forwarded-For: 2001:db8:2::7\r\n", "[2001:db8:2::7]:0" },
		{ "X-Forwarded-For: [2001:db8:2::7]:443, 2001:db8:1::1\r\n", "[2001:db8:2::7]:0" },
		{ "X-Forwarded-For: 192.0.2.1:50000\r\n", "192.0.2.1:0" },
		{ "X-Forwarded-For: ::ffff:192.0.2.1\r\n", "192.0.2.1:0" },
		{ "X-Forwarded-For: 6.6.6.6, ::ffff:10.0.0.1\r\n", "6.6.6.6:0" },
		/* all of the chain is ours */
		{ "X-Forwarded-For: 10.0.0.2, 10.0.0.1\r\n", "10.0.0.2:0" },
		/* no address: the proxy before it is all that is known */
		{ "X-Forwarded-For: 6.6.6.6, unknown, 10.0.0.1\r\n", "10.0.0.1:0" },
		{ "X-Forwarded-For: 6.6.6.6, \r\n", FROM },
		{ "X-Forwarded-For:\r\n", FROM },
		{ "X-Forwarded-For: id.example.com\r\n", FROM },
		{ "X-Forwarded-For: 6.6.6.6, 192.0.2.1 8\r\n", FROM },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		ck_assert_msg(strcmp(behind(FROM, row[i].lines), row[i].want) == 0, "%s is from %s",
				row[i].lines, behind(FROM, row[i].lines));
}
END_TEST

START_TEST(what_is_the_clients_word_does_not_count)
{
	static const char *const lines[] = { "", "X-Real-IP: 6.6.6.6\r\n",
		"Forwarded: for=6.6.6.6;proto=https\r\n", "X_Forwarded_For: 6.6.6.6\r\n",
		"X-Forwarded-For : 6.6.6.6\r\n", " X-Forwarded-For: 6.6.6.6\r\n",
		"True-Client-IP: 6.6.6.6\r\nCF-Connecting-IP: 6.6.6.6\r\n",
		"X-Forwarded-Forx: 6.6.6.6\r\nX-Forwarded-Fo: 6.6.6.6\r\n",
		"Cookie: a\nX-Forwarded-For: 6.6.6.6\r\n" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		ck_assert_str_eq(behind(FROM, lines[i]), FROM);
	ck_assert_str_eq(behind(FROM,
					 "X-Real-IP: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.1\r\n"
					 "X-Real-IP: 6.6.6.6\r\n"),
			"192.0.2.1:0");
}
END_TEST

START_TEST(who_is_no_proxy_of_ours_is_not_believed)
{
	ck_assert_str_eq(behind("192.0.2.9:1", "X-Forwarded-For: 6.6.6.6\r\n"), "192.0.2.9:1");
	tear_down();
	ck_assert_str_eq(behind(FROM, "X-Forwarded-For: 6.6.6.6\r\n"), FROM);
}
END_TEST

/* A client that writes much must not hide behind the proxy's address. */
START_TEST(a_long_list_is_read_from_its_end)
{
	static char lines[8000];
	size_t n = (size_t)snprintf(lines, sizeof(lines), "X-Forwarded-For: ");

	while (n < 7000)
		n += (size_t)snprintf(lines + n, sizeof(lines) - n, "6.6.6.6, ");
	snprintf(lines + n, sizeof(lines) - n, "192.0.2.1\r\n");
	ck_assert_str_eq(behind(FROM, lines), "192.0.2.1:0");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/forwarded");
	TCase *t = test_case(s, "forwarded", 30,
			TESTS(the_first_that_is_no_proxy_of_ours_is_the_client,
					what_is_the_clients_word_does_not_count,
					who_is_no_proxy_of_ours_is_not_believed,
					a_long_list_is_read_from_its_end));

	tcase_add_checked_fixture(t, set_up, tear_down);
	return test_suite_run(s);
}
