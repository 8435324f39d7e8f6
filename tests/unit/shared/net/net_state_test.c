/* What counts as a change of the network, from messages as the kernel writes them. */
#include "shared/net/net_state.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct hws_net_state state;
static union {
	struct nlmsghdr head;
	uint8_t bytes[512];
} m;

static void setup(void)
{
	memset(&state, 0, sizeof(state));
}

static void begin(uint16_t type, const void *body, size_t len)
{
	memset(&m, 0, sizeof(m));
	m.head.nlmsg_type = type;
	m.head.nlmsg_len = (uint32_t)NLMSG_LENGTH(len);
	memcpy(NLMSG_DATA(&m.head), body, len);
}

static void add(unsigned short type, const void *data, unsigned short len)
{
	struct rtattr a = { .rta_type = type, .rta_len = (unsigned short)RTA_LENGTH(len) };
	size_t at = NLMSG_ALIGN(m.head.nlmsg_len);

	memcpy(m.bytes + at, &a, sizeof(a));
	memcpy(m.bytes + at + RTA_LENGTH(0), data, len);
	m.head.nlmsg_len = (uint32_t)(at + a.rta_len);
}

static bool take(void)
{
	return hws_net_state_take(&state, hws_bytes(m.bytes, m.head.nlmsg_len), NULL);
}

static bool address(bool is_new, const char *text, uint32_t flags)
{
	struct ifaddrmsg a = { .ifa_family = strchr(text, ':') ? AF_INET6 : AF_INET,
		.ifa_index = 2 };
	uint8_t ip[16];

	ck_assert_int_eq(inet_pton(a.ifa_family, text, ip), 1);
	begin(is_new ? RTM_NEWADDR : RTM_DELADDR, &a, sizeof(a));
	add(IFA_ADDRESS, ip, a.ifa_family == AF_INET ? 4 : 16);
	add(IFA_FLAGS, &flags, sizeof(flags));
	return take();
}

static bool route(bool is_new, unsigned char prefix, const char *router, unsigned char table)
{
	struct rtmsg r = { .rtm_family = AF_INET,
		.rtm_dst_len = prefix,
		.rtm_table = table,
		.rtm_type = RTN_UNICAST };
	uint32_t interface = 2;
	uint8_t ip[4];

	ck_assert_int_eq(inet_pton(AF_INET, router, ip), 1);
	begin(is_new ? RTM_NEWROUTE : RTM_DELROUTE, &r, sizeof(r));
	add(RTA_GATEWAY, ip, 4);
	add(RTA_OIF, &interface, sizeof(interface));
	return take();
}

static bool link_is(int interface, bool running)
{
	struct ifinfomsg l = { .ifi_index = interface, .ifi_flags = running ? IFF_RUNNING : 0 };

	begin(RTM_NEWLINK, &l, sizeof(l));
	return take();
}

START_TEST(an_address_comes_and_goes_once)
{
	ck_assert(address(true, "192.168.1.2", 0));
	ck_assert(!address(true, "192.168.1.2", 0)); /* its time was made longer */
	ck_assert(address(true, "2001:db8::1", 0));
	ck_assert(address(false, "192.168.1.2", 0));
	ck_assert(!address(false, "192.168.1.2", 0));
}
END_TEST

START_TEST(what_nobody_else_can_answer_to_does_not_count)
{
	ck_assert(!address(true, "127.0.0.2", 0));
	ck_assert(!address(true, "169.254.7.7", 0));
	ck_assert(!address(true, "::1", 0));
	ck_assert(!address(true, "fe80::1", 0));
}
END_TEST

START_TEST(an_address_counts_when_it_can_be_used)
{
	ck_assert(!address(true, "2001:db8::1", IFA_F_TENTATIVE));
	ck_assert(address(true, "2001:db8::1", 0));
	ck_assert(!address(true, "2001:db8::2", IFA_F_TENTATIVE | IFA_F_DADFAILED));
}
END_TEST

START_TEST(routes_to_everywhere_count)
{
	ck_assert(route(true, 0, "192.168.1.1", RT_TABLE_MAIN));
	ck_assert(!route(true, 0, "192.168.1.1", RT_TABLE_MAIN));
	ck_assert(route(true, 0, "192.168.1.254", RT_TABLE_MAIN));
	ck_assert(route(false, 0, "192.168.1.1", RT_TABLE_MAIN));
	ck_assert(route(true, 1, "10.8.0.1", RT_TABLE_MAIN));
	ck_assert(!route(true, 24, "10.8.0.1", RT_TABLE_MAIN));
	ck_assert(!route(true, 0, "10.8.0.1", RT_TABLE_LOCAL));
}
END_TEST

START_TEST(a_cable_counts_where_there_is_an_address)
{
	ck_assert(!link_is(2, true)); /* that it is there is nothing new */
	ck_assert(!link_is(2, false));
	ck_assert(address(true, "192.168.1.2", 0));
	ck_assert(link_is(2, true));
	ck_assert(!link_is(2, true));
	ck_assert(link_is(2, false));
	ck_assert(!link_is(3, true));
	ck_assert(!link_is(3, false));
}
END_TEST

START_TEST(the_end_of_a_list_is_seen)
{
	int none = 0;
	bool done;

	begin(NLMSG_DONE, &none, sizeof(none));
	ck_assert(!hws_net_state_take(&state, hws_bytes(m.bytes, m.head.nlmsg_len), &done));
	ck_assert(done);
	begin(RTM_NEWNEIGH, &none, sizeof(none));
	ck_assert(!hws_net_state_take(&state, hws_bytes(m.bytes, m.head.nlmsg_len), &done));
	ck_assert(!done);
}
END_TEST

START_TEST(more_than_fits_is_not_watched)
{
	char text[20];

	for (unsigned i = 0; i < HWS_NET_ITEMS; i++) {
		snprintf(text, sizeof(text), "10.1.%u.%u", i / 100, i % 100);
		ck_assert(address(true, text, 0));
	}
	ck_assert(!address(true, "10.2.0.1", 0));
	ck_assert(!address(false, "10.2.0.1", 0));
	ck_assert(address(false, "10.1.0.0", 0));
	ck_assert(address(true, "10.2.0.1", 0));
}
END_TEST

/* Each copy lies in memory of its own size, so that a read too far is seen. */
START_TEST(nothing_is_read_beyond_what_came)
{
	uint32_t seed = 1;

	ck_assert(route(true, 0, "192.168.1.1", RT_TABLE_MAIN));
	for (size_t len = 0; len <= m.head.nlmsg_len; len++)
		for (int round = 0; round < 40; round++) {
			uint8_t *copy = malloc(len ? len : 1);

			ck_assert_ptr_nonnull(copy);
			memcpy(copy, m.bytes, len);
			for (int flips = 0; flips < round && len; flips++) {
				seed = seed * 1664525 + 1013904223;
				copy[(seed >> 8) % len] ^= (uint8_t)(1u << (seed & 7));
			}
			(void)hws_net_state_take(&state, hws_bytes(copy, len), NULL);
			ck_assert_uint_le(state.count, HWS_NET_ITEMS);
			free(copy);
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net_state");
	TCase *t = test_case(s, "net_state", 30, TESTS_NONE);

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, an_address_comes_and_goes_once);
	tcase_add_test(t, what_nobody_else_can_answer_to_does_not_count);
	tcase_add_test(t, an_address_counts_when_it_can_be_used);
	tcase_add_test(t, routes_to_everywhere_count);
	tcase_add_test(t, a_cable_counts_where_there_is_an_address);
	tcase_add_test(t, the_end_of_a_list_is_seen);
	tcase_add_test(t, more_than_fits_is_not_watched);
	tcase_add_test(t, nothing_is_read_beyond_what_came);
	return test_suite_run(s);
}
