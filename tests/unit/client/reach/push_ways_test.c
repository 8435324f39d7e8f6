/* Which of a viewer's addresses a host would send to. */
#include "client/reach/push_ways.h"
#include "shared/net/addr.h"
#include "shared/wire/addr_codec.h"
#include "tests/support/suite.h"
#include <check.h>

static Rdv__RendezvousMessage m;
static Rdv__PunchHole punch;
static Rdv__FetchLocalAddr local;
static Rdv__Candidate candidates[12], *list[12];
static uint8_t bytes[12][HWS_ADDR_WIRE_MAX], ipv6[HWS_ADDR_WIRE_MAX];
static struct sockaddr_storage viewer;
static struct hws_push_ways ways;

static void set_up(void)
{
	rdv__rendezvous_message__init(&m);
	rdv__punch_hole__init(&punch);
	rdv__fetch_local_addr__init(&local);
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE;
	m.punch_hole = &punch;
	ck_assert_int_eq(hws_addr_parse("198.51.100.7:40000", 0, &viewer), HWS_OK);
}

static ProtobufCBinaryData encode(const char *text, uint8_t *buf)
{
	struct sockaddr_storage a;

	ck_assert_int_eq(hws_addr_parse(text, 0, &a), HWS_OK);
	return (ProtobufCBinaryData){ hws_addr_encode(&a, 9, buf), buf };
}

static void offer(Rdv__Candidate__Kind kind, const char *text)
{
	size_t n = punch.n_candidates++;

	rdv__candidate__init(&candidates[n]);
	candidates[n].kind = kind;
	candidates[n].address = encode(text, bytes[n]);
	list[n] = &candidates[n];
	punch.candidates = list;
}

static void read_push(void)
{
	hws_push_ways_read(&m, &viewer, &ways);
}

START_TEST(a_port_is_at_the_address_that_the_server_saw)
{
	char text[HWS_ADDR_TEXT];

	punch.udp_port = 50123;
	read_push();
	ck_assert(ways.has_udp && !ways.ours && !ways.udp_unseen && !ways.has_ipv6);
	ck_assert_str_eq(hws_addr_text(&ways.udp, text, sizeof(text)), "198.51.100.7:50123");
}
END_TEST

START_TEST(no_port_and_no_service_is_knocked_at)
{
	static const int ports[] = { 0, -5, 53, 1023, 65536, 1 << 30 };

	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++) {
		punch.udp_port = ports[i];
		read_push();
		ck_assert(!ways.has_udp);
	}
	offer(RDV__CANDIDATE__KIND__PUBLIC_UDP, "198.51.100.7:53");
	read_push();
	ck_assert(!ways.has_udp && ways.ours);
}
END_TEST

START_TEST(another_address_is_taken_as_the_viewers_own_word)
{
	offer(RDV__CANDIDATE__KIND__PUBLIC_UDP, "203.0.113.9:50000");
	read_push();
	ck_assert(ways.has_udp && ways.ours && ways.udp_unseen);
}
END_TEST

START_TEST(what_is_no_machine_is_left_out)
{
	static const char *const texts[] = { "127.0.0.1:5000", "224.0.0.1:5000",
		"255.255.255.255:5000", "169.254.1.1:5000", "0.0.0.0:5000" };

	offer(RDV__CANDIDATE__KIND__PUBLIC_UDP, texts[_i]);
	read_push();
	ck_assert(!ways.has_udp);
}
END_TEST

START_TEST(ipv6_is_of_the_internet)
{
	punch.socket_addr_v6 = encode("[2001:db8::5]:40001", ipv6);
	read_push();
	ck_assert(ways.has_ipv6 && !ways.ours);
	punch.socket_addr_v6 = encode("[fe80::5]:40001", ipv6);
	read_push();
	ck_assert(!ways.has_ipv6);
	punch.socket_addr_v6 = encode("[fd00::5]:40001", ipv6);
	read_push();
	ck_assert(!ways.has_ipv6);
	punch.socket_addr_v6 = (ProtobufCBinaryData){ 17, ipv6 };
	read_push();
	ck_assert(!ways.has_ipv6);
}
END_TEST

START_TEST(only_so_many_are_looked_at)
{
	for (int i = 0; i < 9; i++)
		offer(i < 8 ? RDV__CANDIDATE__KIND__LAN_TCP : RDV__CANDIDATE__KIND__PUBLIC_UDP,
				"198.51.100.7:5000");
	read_push();
	ck_assert(!ways.has_udp && ways.ours);
}
END_TEST

START_TEST(in_the_same_network_ipv6_alone_counts)
{
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_FETCH_LOCAL_ADDR;
	m.fetch_local_addr = &local;
	local.socket_addr_v6 = encode("[2001:db8::5]:40001", ipv6);
	read_push();
	ck_assert(ways.has_ipv6 && !ways.has_udp);
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY;
	read_push();
	ck_assert(!ways.has_ipv6 && !ways.has_udp);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("client/reach/push_ways");
	TCase *t = test_case(s, "push_ways", 10,
			TESTS(a_port_is_at_the_address_that_the_server_saw,
					no_port_and_no_service_is_knocked_at,
					another_address_is_taken_as_the_viewers_own_word,
					ipv6_is_of_the_internet, only_so_many_are_looked_at,
					in_the_same_network_ipv6_alone_counts));

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_loop_test(t, what_is_no_machine_is_left_out, 0, 5);
	return test_suite_run(s);
}
