/* Questions to routers byte for byte as RFC 6886 and 6887 have them, and which answers count. */
#include "client/reach/pcp.h"
#include "shared/net/addr.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <string.h>

static struct hws_pcp_map m;
static struct hws_pcp_answer a;

/* To a question for port 4660 of 192.168.1.2. */
static const uint8_t mapped[HWS_PCP_MAP_LEN] = { 2, 0x81, 0, 0, 0, 0, 0x0e, 0x10, 0, 0, 0,
	7, [24] = 'n', 'o', 'n', 'c', 'e', ' ', 'o', 'f', ' ', 'o', 'u', 'r', 6, 0, 0, 0, 0x12,
	0x34, 0xab, 0xcd, [54] = 0xff, 0xff, 11, 9, 0, 11 };
static const uint8_t old_address[] = { 0, 128, 0, 0, 0, 0, 0, 7, 11, 9, 0, 11 };
static const uint8_t old_map[] = { 0, 130, 0, 0, 0, 0, 0, 7, 0x12, 0x34, 0xab, 0xcd, 0, 0, 0x0e,
	0x10 };

static void set_up(void)
{
	m = (struct hws_pcp_map){ .port = 0x1234, .wanted = 0x1234, .lifetime_s = 3600 };
	memcpy(m.nonce, "nonce of our", HWS_PCP_NONCE);
	ck_assert_int_eq(inet_pton(AF_INET, "192.168.1.2", &m.client), 1);
	memset(&a, 0x5a, sizeof(a));
}

static int read_pcp(const uint8_t *buf, size_t len)
{
	return hws_pcp_read(hws_bytes(buf, len), &m, &a);
}

static int read_old(const uint8_t *buf, size_t len)
{
	return hws_natpmp_read(hws_bytes(buf, len), &m, &a);
}

static const char *address_text(void)
{
	static char text[INET_ADDRSTRLEN];

	return inet_ntop(AF_INET, &a.address, text, sizeof(text));
}

START_TEST(a_port_is_asked_for)
{
	static const uint8_t want[HWS_PCP_MAP_LEN] = { 2, 1, 0, 0, 0, 0, 0x0e, 0x10, [18] = 0xff,
		0xff, 192, 168, 1, 2, 'n', 'o', 'n', 'c', 'e', ' ', 'o', 'f', ' ', 'o', 'u', 'r', 6,
		0, 0, 0, 0x12, 0x34, 0x12, 0x34, [54] = 0xff, 0xff };
	static const uint8_t old[HWS_NATPMP_MAP_LEN] = { 0, 2, 0, 0, 0x12, 0x34, 0x12, 0x34, 0, 0,
		0x0e, 0x10 };
	uint8_t got[HWS_PCP_MAP_LEN];

	hws_pcp_pack(&m, got);
	ck_assert_mem_eq(got, want, sizeof(want));
	hws_natpmp_pack_map(&m, got);
	ck_assert_mem_eq(got, old, sizeof(old));
	hws_natpmp_pack_address(got);
	ck_assert_mem_eq(got, "\0\0", HWS_NATPMP_ADDRESS_LEN);
}
END_TEST

START_TEST(a_port_is_given_back_without_a_wish)
{
	uint8_t got[HWS_NATPMP_MAP_LEN];

	m.lifetime_s = 0;
	hws_natpmp_pack_map(&m, got);
	ck_assert_mem_eq(got, "\0\2\0\0\x12\x34\0\0\0\0\0\0", sizeof(got));
}
END_TEST

START_TEST(ports_of_udp_are_told_from_those_of_tcp)
{
	uint8_t buf[HWS_PCP_MAP_LEN], old[sizeof(old_map)];

	m.udp = true;
	hws_pcp_pack(&m, buf);
	ck_assert_uint_eq(buf[36], 17);
	ck_assert_int_eq(read_pcp(mapped, sizeof(mapped)), HWS_ERR_PROTO);
	memcpy(buf, mapped, sizeof(mapped));
	buf[36] = 17;
	ck_assert_int_eq(read_pcp(buf, sizeof(mapped)), HWS_OK);
	hws_natpmp_pack_map(&m, buf);
	ck_assert_uint_eq(buf[1], 1);
	ck_assert_int_eq(read_old(old_map, sizeof(old_map)), HWS_ERR_PROTO);
	memcpy(old, old_map, sizeof(old));
	old[1] = 129;
	ck_assert_int_eq(read_old(old, sizeof(old)), HWS_OK);
}
END_TEST

START_TEST(an_answer_is_read)
{
	ck_assert_int_eq(read_pcp(mapped, sizeof(mapped)), HWS_OK);
	ck_assert_int_eq(a.said, HWS_PCP_MAPPED);
	ck_assert_str_eq(address_text(), "11.9.0.11");
	ck_assert_uint_eq(a.port, 0xabcd);
	ck_assert_uint_eq(a.lifetime_s, 3600);
}
END_TEST

START_TEST(the_older_answers_are_read)
{
	ck_assert_int_eq(read_old(old_address, sizeof(old_address)), HWS_OK);
	ck_assert_int_eq(a.said, HWS_PCP_ADDRESS);
	ck_assert_str_eq(address_text(), "11.9.0.11");
	ck_assert_int_eq(read_old(old_map, sizeof(old_map)), HWS_OK);
	ck_assert_int_eq(a.said, HWS_PCP_MAPPED);
	ck_assert_uint_eq(a.port, 0xabcd);
	ck_assert_uint_eq(a.lifetime_s, 3600);
}
END_TEST

/* What is not our question's answer changes nothing. */
static void assert_passed_over(const uint8_t *buf, size_t len)
{
	struct hws_pcp_answer before = a;

	ck_assert_int_eq(read_pcp(buf, len), HWS_ERR_PROTO);
	ck_assert_mem_eq(&a, &before, sizeof(a));
}

START_TEST(an_answer_to_somebody_else_is_passed_over)
{
	/* version, kind, nonce, protocol, port, and an address that is none of IPv4 */
	static const size_t at[] = { 0, 1, 24, 35, 36, 40, 41, 44, 53, 54, 55 };
	uint8_t buf[sizeof(mapped)];

	for (size_t i = 0; i < HWS_COUNT(at); i++) {
		memcpy(buf, mapped, sizeof(buf));
		buf[at[i]] ^= 0x41;
		assert_passed_over(buf, sizeof(buf));
	}
}
END_TEST

START_TEST(what_is_cut_is_passed_over)
{
	for (size_t n = 0; n < sizeof(mapped); n++)
		assert_passed_over(mapped, n);
	for (size_t n = 0; n < sizeof(old_map); n++)
		ck_assert_int_eq(read_old(old_map, n), HWS_ERR_PROTO);
	for (size_t n = 0; n < sizeof(old_address); n++)
		ck_assert_int_eq(read_old(old_address, n), HWS_ERR_PROTO);
}
END_TEST

START_TEST(what_is_too_long_is_passed_over)
{
	static uint8_t buf[HWS_PCP_MAX + 4];

	memcpy(buf, mapped, sizeof(mapped));
	ck_assert_int_eq(read_pcp(buf, HWS_PCP_MAX),
			HWS_OK); /* options follow, which are not read */
	ck_assert_int_eq(read_pcp(buf, sizeof(buf)), HWS_ERR_PROTO);
}
END_TEST

START_TEST(a_refusal_is_told_from_silence)
{
	uint8_t buf[sizeof(mapped)];

	memcpy(buf, mapped, sizeof(buf));
	buf[3] = 8; /* NO_RESOURCES */
	ck_assert_int_eq(read_pcp(buf, sizeof(buf)), HWS_OK);
	ck_assert_int_eq(a.said, HWS_PCP_REFUSED);
	ck_assert_uint_eq(a.result, 8);
	ck_assert_int_eq(read_pcp(buf, 24), HWS_OK); /* it may leave the rest out */
	ck_assert_int_eq(a.said, HWS_PCP_REFUSED);
	buf[24] ^= 1; /* but not be about another question */
	ck_assert_int_eq(read_pcp(buf, sizeof(buf)), HWS_ERR_PROTO);
	ck_assert_int_eq(read_old((const uint8_t *)"\0\x82\0\2\0\0\0\1", 8), HWS_OK);
	ck_assert_int_eq(a.said, HWS_PCP_REFUSED);
	ck_assert_uint_eq(a.result, 2);
}
END_TEST

START_TEST(a_router_of_before_pcp_is_recognised)
{
	static const uint8_t older[] = { 0, 0x81, 0, 1, 0, 0, 0, 9 };

	ck_assert_int_eq(read_pcp(older, sizeof(older)), HWS_OK);
	ck_assert_int_eq(a.said, HWS_PCP_OLDER);
	ck_assert_int_eq(read_pcp(older, 7), HWS_ERR_PROTO);
	ck_assert_int_eq(read_pcp(old_map, sizeof(old_map)), HWS_ERR_PROTO); /* not asked yet */
}
END_TEST

/* Each bit of a right answer turned: it is read within its bounds, and never with another nonce. */
START_TEST(no_bit_makes_it_read_beyond)
{
	uint8_t buf[sizeof(mapped)];

	for (size_t bit = 0; bit < 8 * sizeof(mapped); bit++) {
		memcpy(buf, mapped, sizeof(buf));
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (read_pcp(buf, sizeof(buf)) == HWS_OK && a.said == HWS_PCP_MAPPED)
			ck_assert_mem_eq(buf + 24, m.nonce, HWS_PCP_NONCE);
	}
}
END_TEST

static const struct {
	const char *address;
	bool is_public;
} places[] = { { "11.9.0.11:5000", true }, { "9.255.255.255:1", true }, { "10.0.0.1:5000", false },
	{ "172.16.0.1:5", false }, { "172.15.255.255:5", true }, { "172.32.0.1:5", true },
	{ "192.168.1.1:5", false }, { "100.64.0.1:5", false }, { "100.127.255.254:5", false },
	{ "100.63.0.1:5", true }, { "100.128.0.1:5", true }, { "127.0.0.1:5", false },
	{ "169.254.1.1:5", false }, { "0.0.0.0:5", false }, { "224.0.0.1:5", false },
	{ "255.255.255.255:5", false }, { "198.18.0.1:5", false }, { "192.0.0.8:5", false },
	{ "[2001:db8::1]:5", false } };

START_TEST(addresses_of_inner_networks_are_none_of_the_internet)
{
	struct sockaddr_storage at;

	ck_assert_int_eq(hws_addr_parse(places[_i].address, 0, &at), HWS_OK);
	ck_assert_msg(hws_addr_is_public_v4(&at) == places[_i].is_public, "%s", places[_i].address);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pcp");
	TCase *t = test_case(s, "pcp", 10, TESTS_NONE);

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, a_port_is_asked_for);
	tcase_add_test(t, a_port_is_given_back_without_a_wish);
	tcase_add_test(t, ports_of_udp_are_told_from_those_of_tcp);
	tcase_add_test(t, an_answer_is_read);
	tcase_add_test(t, the_older_answers_are_read);
	tcase_add_test(t, an_answer_to_somebody_else_is_passed_over);
	tcase_add_test(t, what_is_cut_is_passed_over);
	tcase_add_test(t, what_is_too_long_is_passed_over);
	tcase_add_test(t, a_refusal_is_told_from_silence);
	tcase_add_test(t, a_router_of_before_pcp_is_recognised);
	tcase_add_test(t, no_bit_makes_it_read_beyond);
	tcase_add_loop_test(t, addresses_of_inner_networks_are_none_of_the_internet, 0,
			(int)HWS_COUNT(places));
	return test_suite_run(s);
}
