/* Where a service is, by SRV records. */
#include "shared/base/buf.h"
#include "shared/net/srv.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

#define QUESTION "_hawser-rendezvous._tcp.example.org"
#define SRV 33
#define CNAME 5

static struct hws_buf m;

static void put_name(const char *name)
{
	while (*name) {
		size_t len = strcspn(name, ".");

		hws_buf_put_u8(&m, (uint8_t)len);
		hws_buf_put(&m, name, len);
		name += len + (name[len] == '.');
	}
	hws_buf_put_u8(&m, 0);
}

static void put_u16(unsigned n)
{
	hws_buf_put_u8(&m, (uint8_t)(n >> 8));
	hws_buf_put_u8(&m, (uint8_t)n);
}

static void begin(unsigned answers)
{
	hws_buf_init(&m, 4096);
	put_u16(7);
	put_u16(0x8180);
	put_u16(1);
	put_u16(answers);
	put_u16(0);
	put_u16(0);
	put_name(QUESTION);
	put_u16(SRV);
	put_u16(1);
}

static void put_record(unsigned type, unsigned ttl, size_t len)
{
	put_u16(0xc00c); /* the name of the question */
	put_u16(type);
	put_u16(1);
	put_u16(0);
	put_u16(ttl);
	put_u16((unsigned)len);
}

static void put_srv(unsigned priority, unsigned weight, unsigned port, const char *host)
{
	put_record(SRV, 60 + priority, 6 + (*host ? strlen(host) + 2 : 1));
	put_u16(priority);
	put_u16(weight);
	put_u16(port);
	put_name(host);
}

static int parse(struct hws_srv *ret)
{
	int r = hws_srv_parse(hws_buf_bytes(&m), ret);

	hws_buf_done(&m);
	return r;
}

static uint32_t least(uint32_t below)
{
	(void)below;
	return 0;
}

static uint32_t most(uint32_t below)
{
	return below - 1;
}

START_TEST(targets_are_tried_by_priority_and_weight)
{
	struct hws_srv s;

	begin(4);
	put_srv(20, 0, 21116, "last.example");
	put_srv(10, 1, 7, "light.example");
	put_srv(10, 90, 21116, "heavy.example");
	put_srv(5, 0, 443, "first.example");
	ck_assert_int_eq(parse(&s), HWS_OK);
	ck_assert_uint_eq(s.count, 4);
	hws_srv_order(&s, least);
	ck_assert_str_eq(s.target[0].host, "first.example");
	ck_assert_uint_eq(s.target[0].port, 443);
	ck_assert_str_eq(s.target[1].host, "light.example");
	ck_assert_str_eq(s.target[2].host, "heavy.example");
	ck_assert_str_eq(s.target[3].host, "last.example");
	hws_srv_order(&s, most);
	ck_assert_str_eq(s.target[0].host, "first.example");
	ck_assert_str_eq(s.target[1].host, "heavy.example");
	ck_assert_str_eq(s.target[3].host, "last.example");
}
END_TEST

static uint32_t chance;

static uint32_t draw(uint32_t below)
{
	return chance % below;
}

START_TEST(weights_are_shares)
{
	unsigned heavy = 0;

	for (chance = 0; chance < 12; chance++) {
		struct hws_srv s = { .count = 2,
			.target = { { "light", 7, 1, 1 }, { "heavy", 7, 1, 9 } } };

		hws_srv_order(&s, draw);
		heavy += !strcmp(s.target[0].host, "heavy");
	}
	ck_assert_uint_eq(heavy, 10); /* of 1 + 1 and 9 + 1 chances */
}
END_TEST

START_TEST(what_is_no_place_is_left_out)
{
	struct hws_srv s;

	begin(1); /* RFC 2782: decidedly not there */
	put_srv(0, 0, 0, "");
	ck_assert_int_eq(parse(&s), HWS_OK);
	ck_assert_uint_eq(s.count, 0);

	begin(3);
	put_srv(0, 0, 0, "port.example");
	put_srv(0, 0, 5, "sp ace.example");
	put_srv(0, 0, 5, "good.example");
	ck_assert_int_eq(parse(&s), HWS_OK);
	ck_assert_uint_eq(s.count, 1);
	ck_assert_str_eq(s.target[0].host, "good.example");

	begin(0);
	ck_assert_int_eq(parse(&s), HWS_ERR_NOTFOUND);

	begin(12); /* more than anybody tries */
	for (unsigned i = 0; i < 12; i++)
		put_srv(i, 0, 5, "many.example");
	ck_assert_int_eq(parse(&s), HWS_OK);
	ck_assert_uint_eq(s.count, HWS_SRV_MAX);
}
END_TEST

START_TEST(every_cut_and_every_flipped_bit_is_survived)
{
	struct hws_srv s;
	uint8_t whole[400], cut[400];
	size_t len;

	begin(2);
	put_srv(1, 1, 21116, "a.example");
	put_srv(2, 1, 21116, "b.example");
	len = hws_buf_len(&m);
	ck_assert_uint_lt(len, sizeof(whole));
	memcpy(whole, hws_buf_bytes(&m).ptr, len);
	hws_buf_done(&m);
	for (size_t i = 0; i < len; i++)
		ck_assert_int_lt(hws_srv_parse(hws_bytes(whole, i), &s), 0);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		memcpy(cut, whole, len);
		cut[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (hws_srv_parse(hws_bytes(cut, len), &s) == HWS_OK)
			ck_assert_uint_le(s.count, 2);
	}
}
END_TEST

int main(void)
{
	return test_main("net/srv", 30, NULL, NULL,
			TESTS(targets_are_tried_by_priority_and_weight, weights_are_shares,
					what_is_no_place_is_left_out,
					every_cut_and_every_flipped_bit_is_survived));
}
