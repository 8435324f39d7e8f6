/* Answers to NAT tests: they say what was asked for, and are as long as they are to be, never
 * longer. */
#include "server-rendezvous/planes/nat_answer.h"
#include "shared/base/macros.h"
#include "shared/net/addr.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/envelope.h"
#include "tests/support/suite.h"
#include <string.h>

static struct sockaddr_storage from;
static uint8_t out[RDV_NAT_ANSWER_MAX];

static void set_up(void)
{
	ck_assert_int_eq(hws_addr_parse("203.0.113.77:54321", 0, &from), HWS_OK);
	memset(out, 0xee, sizeof(out));
}

static Rdv__RendezvousMessage *answer(const struct rdv_nat_answer *a, size_t *ret_len)
{
	Rdv__RendezvousMessage *m = NULL;

	*ret_len = rdv_nat_answer(a, out);
	ck_assert_uint_le(*ret_len, sizeof(out));
	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(out, *ret_len), &m), HWS_OK);
	ck_assert_int_eq(m->union_case, RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_RESPONSE);
	ck_assert_int_eq(m->test_nat_response->port, 54321);
	return m;
}

START_TEST(deployed_clients_get_what_they_know)
{
	static const uint8_t want[] = { 0xaa, 0x01, 0x04, 0x08, 0xb1, 0xa8, 0x03 };
	const struct rdv_nat_answer a = { .from = &from };

	ck_assert_uint_eq(rdv_nat_answer(&a, out), sizeof(want));
	ck_assert_mem_eq(out, want, sizeof(want));
}
END_TEST

START_TEST(all_that_is_wanted_is_there)
{
	const struct rdv_nat_answer a = { .from = &from,
		.mask = 4711,
		.other_port = 21115,
		.address = true,
		.time_ms = 1796000000123u };
	struct sockaddr_storage seen;
	size_t len;
	Rdv__RendezvousMessage *m = answer(&a, &len);
	const Rdv__TestNatResponse *p = m->test_nat_response;

	hws_addr_decode(hws_bytes(p->address.data, p->address.len), &seen, NULL);
	ck_assert(hws_addr_equal(&seen, &from));
	ck_assert_uint_eq(p->other_port, 21115);
	ck_assert_uint_eq(p->time_ms, 1796000000123u);
	ck_assert_uint_eq(p->pad.len, 0);
	hws_rdv_free(m);
}
END_TEST

START_TEST(it_is_filled_and_never_too_long)
{
	for (size_t length = 1; length < 2048; length++) {
		const struct rdv_nat_answer bare = { .from = &from, .address = true };
		const struct rdv_nat_answer a = {
			.from = &from, .address = true, .length = length
		};
		size_t least = rdv_nat_answer(&bare, out), len;
		Rdv__RendezvousMessage *m = answer(&a, &len);

		if (length >= least) {
			ck_assert_uint_le(len, length);
			/* a field takes three bytes at least, and lengths have gaps */
			ck_assert_uint_ge(len + 4, HWS_MIN(length, (size_t)RDV_NAT_ANSWER_MAX));
		} else {
			ck_assert_uint_eq(len, least);
		}
		hws_rdv_free(m);
	}
}
END_TEST

int main(void)
{
	return test_main("rendezvous/planes/nat_answer", 60, set_up, NULL,
			TESTS(deployed_clients_get_what_they_know, all_that_is_wanted_is_there,
					it_is_filled_and_never_too_long));
}
