/* What is remembered of networks, and what a damaged file does to it. */
#include "client/reach/nat_memory.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

#define WEEK 604800u

static struct hws_nat_memory m;

static void set_up(void)
{
	memset(&m, 0, sizeof(m));
}

static void put(const char *server, Rdv__NatType type, uint64_t at_s)
{
	char key[HWS_NAT_KEY];

	hws_nat_key("net", server, key);
	hws_nat_memory_put(&m, key, type, at_s);
}

static Rdv__NatType get(const char *server, uint64_t now_s)
{
	char key[HWS_NAT_KEY];

	hws_nat_key("net", server, key);
	return hws_nat_memory_get(&m, key, now_s, WEEK);
}

START_TEST(each_place_has_its_own)
{
	char a[HWS_NAT_KEY], b[HWS_NAT_KEY];

	put("one", RDV__NAT_TYPE__SYMMETRIC, 1000);
	put("two", RDV__NAT_TYPE__ASYMMETRIC, 1000);
	ck_assert_int_eq(get("one", 1001), RDV__NAT_TYPE__SYMMETRIC);
	ck_assert_int_eq(get("two", 1001), RDV__NAT_TYPE__ASYMMETRIC);
	ck_assert_int_eq(get("three", 1001), RDV__NAT_TYPE__UNKNOWN_NAT);
	put("one", RDV__NAT_TYPE__ASYMMETRIC, 1002);
	ck_assert_int_eq(get("one", 1003), RDV__NAT_TYPE__ASYMMETRIC);
	ck_assert_uint_eq(m.count, 2);
	hws_nat_key("net", "one", a);
	hws_nat_key("other net", "one", b);
	ck_assert_str_ne(a, b);
	ck_assert_uint_eq(strlen(a), HWS_NAT_KEY - 1);
}
END_TEST

START_TEST(what_is_old_is_not_known)
{
	put("one", RDV__NAT_TYPE__SYMMETRIC, 1000);
	ck_assert_int_eq(get("one", 1000 + WEEK), RDV__NAT_TYPE__SYMMETRIC);
	ck_assert_int_eq(get("one", 1001 + WEEK), RDV__NAT_TYPE__UNKNOWN_NAT);
	ck_assert_int_eq(get("one", 10), RDV__NAT_TYPE__SYMMETRIC);
}
END_TEST

START_TEST(the_oldest_gives_way)
{
	char name[16];

	for (unsigned i = 0; i < HWS_NAT_PLACES + 5; i++) {
		snprintf(name, sizeof(name), "server%u", i);
		put(name, RDV__NAT_TYPE__SYMMETRIC, 1000 + i);
	}
	ck_assert_uint_eq(m.count, HWS_NAT_PLACES);
	ck_assert_int_eq(get("server4", 1100), RDV__NAT_TYPE__UNKNOWN_NAT);
	ck_assert_int_eq(get("server5", 1100), RDV__NAT_TYPE__SYMMETRIC);
}
END_TEST

START_TEST(it_comes_back_from_its_text)
{
	struct hws_nat_memory before;
	struct hws_buf text;

	for (unsigned i = 0; i < HWS_NAT_PLACES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "server%u", i);
		put(name, i % 2 ? RDV__NAT_TYPE__SYMMETRIC : RDV__NAT_TYPE__ASYMMETRIC,
				4000000000u + i);
	}
	hws_buf_init(&text, HWS_NAT_MEMORY_TEXT);
	hws_nat_memory_format(&m, &text);
	ck_assert_int_eq(hws_buf_err(&text), 0);
	before = m;
	hws_nat_memory_parse(&m, hws_buf_bytes(&text));
	ck_assert_mem_eq(&before, &m, sizeof(m));
	hws_buf_done(&text);
}
END_TEST

START_TEST(what_makes_no_sense_is_left_out)
{
	const char *text = "0123456789abcdef0123456789abcdef 2 77\n"
			   "0123456789abcdef0123456789abcde 2 77\n"
			   "0123456789abcdef0123456789abcdef 3 77\n"
			   "\n\nxyz 1 1\n"
			   "fedcba9876543210fedcba9876543210 1 5";

	hws_nat_memory_parse(&m, hws_bytes_str(text));
	ck_assert_uint_eq(m.count, 2);
	ck_assert_int_eq(m.place[0].type, RDV__NAT_TYPE__SYMMETRIC);
	ck_assert_uint_eq(m.place[0].at_s, 77);
	ck_assert_str_eq(m.place[1].key, "fedcba9876543210fedcba9876543210");
	hws_nat_memory_parse(&m, hws_bytes("\0\0\0", 3));
	ck_assert_uint_eq(m.count, 0);
}
END_TEST

int main(void)
{
	return test_main("client/reach/nat_memory", 10, set_up, NULL,
			TESTS(each_place_has_its_own, what_is_old_is_not_known,
					the_oldest_gives_way, it_comes_back_from_its_text,
					what_makes_no_sense_is_left_out));
}
