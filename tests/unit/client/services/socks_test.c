/* SOCKS 5 as programs speak it, cut into pieces at every place, and what only looks like it. */
#include "client/services/tunnel/socks.h"
#include "shared/net/addr.h"
#include "tests/support/suite.h"
#include <string.h>

/* Gives it what it asks for, from the front of `in`; returns how much it took. */
static size_t give(struct hws_socks *s, const void *in, size_t len)
{
	const uint8_t *p = in;
	size_t used = 0, need;

	while (used < len && (need = hws_socks_need(s)) > 0) {
		size_t n = need < len - used ? need : len - used;

		hws_socks_input(s, hws_bytes(p + used, n));
		used += n;
	}
	return used;
}

static const struct {
	const char *name, *bytes;
	size_t len, taken;
	enum hws_socks_state state;
	const char *host;
	uint16_t port;
	const char *out; /* of the first bytes of the answer */
	size_t out_len;
} cases[] = {
	{ "a name", "\5\1\0\5\1\0\3\7example\1\xbb", 17, 17, HWS_SOCKS_CONNECT, "example", 443,
			"\5\0", 2 },
	{ "IPv4, with data behind it", "\5\2\2\0\5\1\0\1\x0a\0\0\5\0\x16SSH-2.0", 21, 14,
			HWS_SOCKS_CONNECT, "10.0.0.5", 22, "\5\0", 2 },
	{ "IPv6", "\5\1\0\5\1\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\x50", 25, 25,
			HWS_SOCKS_CONNECT, "2001:db8::1", 80, "\5\0", 2 },
	{ "datagrams", "\5\1\0\5\3\0\1\0\0\0\0\0\0", 13, 13, HWS_SOCKS_ASSOCIATE, "0.0.0.0", 0,
			"\5\0", 2 },
	{ "only with a password", "\5\1\2", 3, 3, HWS_SOCKS_ENDED, "", 0, "\5\xff", 2 },
	{ "no methods", "\5\0", 2, 2, HWS_SOCKS_ENDED, "", 0, "\5\xff", 2 },
	{ "BIND", "\5\1\0\5\2\0\1\x0a\0\0\5\0\x16", 13, 13, HWS_SOCKS_ENDED, "", 0, "\5\7", 10 },
	{ "a kind of address that there is not", "\5\1\0\5\1\0\2\x0a\0\0", 10, 8, HWS_SOCKS_ENDED,
			"", 0, "\5\x8", 10 },
	{ "port 0", "\5\1\0\5\1\0\1\x0a\0\0\5\0\0", 13, 13, HWS_SOCKS_ENDED, "", 0, "\5\1", 10 },
	{ "an empty name", "\5\1\0\5\1\0\3\0\0\x50", 10, 10, HWS_SOCKS_ENDED, "", 0, "\5\x8", 10 },
	{ "a name with a NUL", "\5\1\0\5\1\0\3\3a\0b\0\x50", 13, 13, HWS_SOCKS_ENDED, "", 0,
			"\5\x8", 10 },
	{ "SOCKS 4", "\4\1\0\x50\x0a\0\0\1\0", 9, 2, HWS_SOCKS_ENDED, "", 0, "", 0 },
	{ "HTTP", "GET / HTTP/1.1", 14, 2, HWS_SOCKS_ENDED, "", 0, "", 0 },
};

START_TEST(each_beginning_has_its_answer)
{
	struct hws_socks s;

	hws_socks_init(&s);
	ck_assert_msg(give(&s, cases[_i].bytes, cases[_i].len) == cases[_i].taken, "%s",
			cases[_i].name);
	ck_assert_msg(s.state == cases[_i].state, "%s: %d", cases[_i].name, (int)s.state);
	ck_assert_uint_eq(hws_socks_need(&s), 0);
	ck_assert_uint_eq(s.out_len, cases[_i].out_len);
	if (s.out_len)
		ck_assert_mem_eq(s.out, cases[_i].out, 2);
	if (s.state == HWS_SOCKS_CONNECT || s.state == HWS_SOCKS_ASSOCIATE) {
		ck_assert_str_eq(s.host, cases[_i].host);
		ck_assert_uint_eq(s.port, cases[_i].port);
	}
}
END_TEST

START_TEST(pieces_are_as_good_as_the_whole)
{
	struct hws_socks s;

	hws_socks_init(&s);
	for (size_t i = 0; i < cases[_i].taken; i++)
		hws_socks_input(&s, hws_bytes((const uint8_t *)cases[_i].bytes + i, 1));
	ck_assert_msg(s.state == cases[_i].state, "%s: %d", cases[_i].name, (int)s.state);
	if (s.state != HWS_SOCKS_ENDED)
		ck_assert_str_eq(s.host, cases[_i].host);
}
END_TEST

START_TEST(the_longest_name_fits)
{
	uint8_t request[3 + 2 + 255 + 2] = { 5, 1, 0, 3, 255 };
	struct hws_socks s;

	memset(request + 5, 'n', 255);
	request[261] = 7;
	hws_socks_init(&s);
	ck_assert_uint_eq(give(&s, "\5\1\0", 3), 3);
	ck_assert_uint_eq(give(&s, request, sizeof(request)), sizeof(request));
	ck_assert_int_eq(s.state, HWS_SOCKS_CONNECT);
	ck_assert_uint_eq(strlen(s.host), 255);
}
END_TEST

START_TEST(answers_name_the_place)
{
	struct sockaddr_storage a;
	struct hws_socks s;

	hws_socks_init(&s);
	ck_assert_int_eq(hws_addr_parse("127.0.0.1:4660", 0, &a), HWS_OK);
	hws_socks_answer(&s, HWS_SOCKS_OK, &a);
	ck_assert_uint_eq(s.out_len, 10);
	ck_assert_mem_eq(s.out, "\5\0\0\1\x7f\0\0\1\x12\x34", 10);
	ck_assert_int_eq(hws_addr_parse("[::1]:4660", 0, &a), HWS_OK);
	hws_socks_answer(&s, HWS_SOCKS_OK, &a);
	ck_assert_uint_eq(s.out_len, 22);
	ck_assert_int_eq(s.out[3], 4);
	hws_socks_answer(&s, HWS_SOCKS_REFUSED, NULL);
	ck_assert_mem_eq(s.out, "\5\5\0\1\0\0\0\0\0\0", 10);
	ck_assert_int_eq(s.state, HWS_SOCKS_ENDED);
}
END_TEST

START_TEST(datagrams_have_heads_both_ways)
{
	static const char *const hosts[] = { "192.0.2.1", "2001:db8::5", "name.example" };
	char host[HWS_SOCKS_HOST_MAX + 1];
	uint8_t packet[HWS_SOCKS_UDP_HEAD_MAX + 2];
	struct hws_bytes content;
	uint16_t port;

	for (size_t i = 0; i < HWS_COUNT(hosts); i++) {
		size_t n = hws_socks_datagram_head(hosts[i], 5353, packet);

		memcpy(packet + n, "ab", 2);
		ck_assert_int_eq(
				hws_socks_datagram(hws_bytes(packet, n + 2), host, &port, &content),
				HWS_OK);
		ck_assert_str_eq(host, hosts[i]);
		ck_assert_uint_eq(port, 5353);
		ck_assert_uint_eq(content.len, 2);
		ck_assert_mem_eq(content.ptr, "ab", 2);
		/* Cut anywhere in its head it is none. */
		for (size_t k = 0; k < n; k++)
			ck_assert_int_eq(hws_socks_datagram(hws_bytes(packet, k), host, &port,
							 &content),
					HWS_ERR_PROTO);
		packet[2] = 1; /* a fragment */
		ck_assert_int_eq(
				hws_socks_datagram(hws_bytes(packet, n + 2), host, &port, &content),
				HWS_ERR_PROTO);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("services/tunnel/socks");
	TCase *tc = test_case(s, "all", 10,
			TESTS(the_longest_name_fits, answers_name_the_place,
					datagrams_have_heads_both_ways));

	tcase_add_loop_test(tc, each_beginning_has_its_answer, 0, (int)HWS_COUNT(cases));
	tcase_add_loop_test(tc, pieces_are_as_good_as_the_whole, 0, (int)HWS_COUNT(cases));
	return test_suite_run(s);
}
