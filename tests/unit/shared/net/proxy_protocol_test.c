/* The parser of PROXY headers against the examples of the protocol's public text, and against what
 * is no header. */
#include "shared/base/macros.h"
#include "shared/net/addr.h"
#include "shared/net/proxy_protocol.h"
#include "tests/support/suite.h"
#include <check.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define BYTES(literal)                                                                             \
	{                                                                                          \
		(const uint8_t *)(literal), sizeof(literal) - 1                                    \
	}

static const struct {
	const char *name;
	struct hws_bytes in;
	const char *source, *destination; /* NULL = the connection's own addresses */
} good[] = {
	{ "TCP over IPv4, the text's longest",
			BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
			"255.255.255.255:65535", "255.255.255.255:65535" },
	{ "TCP over IPv6, the text's longest",
			BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
			      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
			"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
			"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
	{ "unknown, short form", BYTES("PROXY UNKNOWN\r\n"), NULL, NULL },
	{ "unknown, the text's longest",
			BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
			      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
			NULL, NULL },
	{ "the text's example of a request",
			BYTES("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"),
			"192.168.0.1:56324", "192.168.0.11:443" },
	{ "an IPv4-mapped source counts as IPv4",
			BYTES("PROXY TCP6 ::ffff:192.0.2.7 2001:db8::1 0 80\r\n"), "192.0.2.7:0",
			"[2001:db8::1]:80" },
	{ "v2 TCP over IPv4",
			BYTES(SIGNATURE "\x21\x11\x00\x0c\xc0\xa8\x00\x01"
					"\xc0\xa8\x00\x0b\xdc\x04\x01\xbb"),
			"192.168.0.1:56324", "192.168.0.11:443" },
	{ "v2 TCP over IPv6",
			BYTES(SIGNATURE "\x21\x21\x00\x24"
					"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
					"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
					"\xff\xff\x00\x50"),
			"[2001:db8::1]:65535", "[2001:db8::2]:80" },
	{ "v2 with an extension (NOOP of 3 bytes)",
			BYTES(SIGNATURE "\x21\x11\x00\x12\x01\x02\x03\x04"
					"\x05\x06\x07\x08\x00\x01\x00\x02"
					"\x04\x00\x03"
					"abc"),
			"1.2.3.4:1", "5.6.7.8:2" },
	{ "v2 local: a health check", BYTES(SIGNATURE "\x20\x00\x00\x00"), NULL, NULL },
	{ "v2 local with an address that does not count",
			BYTES(SIGNATURE "\x20\x11\x00\x0c\xc0\xa8\x00\x01"
					"\xc0\xa8\x00\x0b\xdc\x04\x01\xbb"),
			NULL, NULL },
	{ "v2 local with a family nobody knows", BYTES(SIGNATURE "\x20\xff\x00\x01z"), NULL, NULL },
	{ "v2 unspecified family", BYTES(SIGNATURE "\x21\x00\x00\x03xyz"), NULL, NULL },
	{ "v2 UDP over IPv4 is not TCP",
			BYTES(SIGNATURE "\x21\x12\x00\x0c\x01\x02\x03\x04"
					"\x05\x06\x07\x08\x00\x01\x00\x02"),
			NULL, NULL },
};

static void expect_addr(const struct sockaddr_storage *a, const char *text)
{
	char buf[HWS_ADDR_TEXT];

	if (!text)
		ck_assert_int_eq(a->ss_family, AF_UNSPEC);
	else
		ck_assert_str_eq(hws_addr_text(a, buf, sizeof(buf)), text);
}

START_TEST(headers_are_read_whole_and_only_whole)
{
	struct hws_bytes in = good[_i].in;
	struct hws_proxy_header h = { .proxied = true };
	uint8_t longer[HWS_PROXY_MAX];
	size_t used = 99;

	for (size_t n = 0; n < in.len; n++)
		ck_assert_int_eq(hws_proxy_parse(hws_bytes(in.ptr, n), &h, &used), HWS_ERR_SHORT);
	ck_assert_uint_eq(used, 99);
	ck_assert(h.proxied);
	/* the peer's own first bytes stay the peer's */
	memcpy(longer, in.ptr, in.len);
	memcpy(longer + in.len, "\r\nPROXY", 7);
	ck_assert_msg(hws_proxy_parse(hws_bytes(longer, in.len + 7), &h, &used) == HWS_OK, "%s",
			good[_i].name);
	ck_assert_uint_eq(used, in.len);
	ck_assert_int_eq(h.proxied, good[_i].source != NULL);
	expect_addr(&h.source, good[_i].source);
	expect_addr(&h.destination, good[_i].destination);
}
END_TEST

static const struct {
	const char *name;
	struct hws_bytes in;
} bad[] = {
	{ "another protocol", BYTES("GET / HTTP/1.1\r\n\r\n") },
	{ "a frame",
			BYTES("\x04"
			      "a") },
	{ "lower case", BYTES("proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n") },
	{ "no protocol", BYTES("PROXY \r\n") },
	{ "two blanks", BYTES("PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n") },
	{ "a blank behind", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n") },
	{ "one word too many", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n") },
	{ "one word too few", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n") },
	{ "a line feed alone", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n") },
	{ "a carriage return inside", BYTES("PROXY UNKNOWN\r \r\n") },
	{ "a NUL inside", BYTES("PROXY UNKNOWN\0 \r\n") },
	{ "the other family", BYTES("PROXY TCP4 2001:db8::1 5.6.7.8 1 2\r\n") },
	{ "an address that is none", BYTES("PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n") },
	{ "a port too large", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n") },
	{ "a port with a sign", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n") },
	{ "a port with a zero in front", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n") },
	{ "UDP by text", BYTES("PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n") },
	{ "a line without an end",
			BYTES("PROXY UNKNOWN "
			      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			      "xxxxxx"
			      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") },
	{ "a signature with a fault", BYTES("\r\n\r\n\0\r\nQUIX") },
	{ "v2 of another version", BYTES(SIGNATURE "\x11") },
	{ "v2 with another command", BYTES(SIGNATURE "\x22") },
	{ "v2 with another family", BYTES(SIGNATURE "\x21\x41\x00\x00") },
	{ "v2 with an address cut short",
			BYTES(SIGNATURE "\x21\x11\x00\x0b\x01\x02\x03"
					"\x04\x05\x06\x07\x08\x00\x01\x00") },
	{ "v2 with an IPv6 address cut short",
			BYTES(SIGNATURE "\x21\x21\x00\x0c\x01\x02\x03\x04"
					"\x05\x06\x07\x08\x00\x01\x00\x02") },
	{ "v2 of a UNIX socket cut short", BYTES(SIGNATURE "\x21\x31\x00\x01x") },
};

START_TEST(what_is_no_header_is_refused)
{
	struct hws_proxy_header h;
	size_t used = 99;

	ck_assert_msg(hws_proxy_parse(bad[_i].in, &h, &used) == HWS_ERR_PROTO, "%s", bad[_i].name);
	ck_assert_uint_eq(used, 99);
}
END_TEST

START_TEST(a_foreign_protocol_is_told_at_its_first_byte)
{
	struct hws_proxy_header h;
	size_t used;

	for (unsigned b = 0; b < 256; b++) {
		uint8_t byte = (uint8_t)b;

		ck_assert_int_eq(hws_proxy_parse(hws_bytes(&byte, 1), &h, &used),
				b == 'P' || b == '\r' ? HWS_ERR_SHORT : HWS_ERR_PROTO);
	}
}
END_TEST

START_TEST(extensions_have_a_limit)
{
	static uint8_t in[HWS_PROXY_MAX + 1];
	struct hws_proxy_header h;
	size_t used, len = HWS_PROXY_MAX - 16;

	memcpy(in, SIGNATURE "\x21\x11", 14);
	in[14] = (uint8_t)(len >> 8);
	in[15] = (uint8_t)len;
	ck_assert_int_eq(hws_proxy_parse(hws_bytes(in, HWS_PROXY_MAX - 1), &h, &used),
			HWS_ERR_SHORT);
	ck_assert_int_eq(hws_proxy_parse(hws_bytes(in, HWS_PROXY_MAX), &h, &used), HWS_OK);
	ck_assert_uint_eq(used, HWS_PROXY_MAX);
	len++;
	in[14] = (uint8_t)(len >> 8);
	in[15] = (uint8_t)len;
	/* told before anything of it is waited for */
	ck_assert_int_eq(hws_proxy_parse(hws_bytes(in, 16), &h, &used), HWS_ERR_TOOBIG);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("net/proxy_protocol");
	TCase *tc = test_case(suite, "parse", 60,
			TESTS(a_foreign_protocol_is_told_at_its_first_byte,
					extensions_have_a_limit));

	tcase_add_loop_test(tc, headers_are_read_whole_and_only_whole, 0, (int)HWS_COUNT(good));
	tcase_add_loop_test(tc, what_is_no_header_is_refused, 0, (int)HWS_COUNT(bad));
	return test_suite_run(suite);
}
