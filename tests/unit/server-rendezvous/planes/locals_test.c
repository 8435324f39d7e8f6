/* An address of this machine keeps its number, and one too many has none. */
#include "server-rendezvous/planes/locals.h"
#include "tests/support/suite.h"
#include <check.h>
#include <string.h>

#define THREADS 4
#define EACH 300

static struct rdv_locals locals;

static struct hws_udp_local address(unsigned n)
{
	return (struct hws_udp_local){ { 0xfd, (uint8_t)(n >> 8), (uint8_t)n } };
}

START_TEST(numbers_last_and_end)
{
	const struct hws_udp_local none = { { 0 } };
	struct hws_udp_local a;

	rdv_locals_init(&locals);
	ck_assert_uint_eq(rdv_locals_number(&locals, &none), 0);
	ck_assert_mem_eq(rdv_locals_get(&locals, 0), &none, sizeof(none));
	ck_assert_mem_eq(rdv_locals_get(&locals, 1), &none, sizeof(none)); /* nobody's yet */
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 1; i <= RDV_LOCALS_MAX + 20; i++) {
			unsigned want = i <= RDV_LOCALS_MAX ? i : 0;

			a = address(i);
			ck_assert_uint_eq(rdv_locals_number(&locals, &a), want);
			if (want)
				ck_assert_mem_eq(rdv_locals_get(&locals, (uint8_t)want), &a,
						sizeof(a));
		}
	rdv_locals_done(&locals);
}
END_TEST

static void *add(void *arg)
{
	uint8_t *got = arg;

	for (unsigned i = 0; i < EACH; i++) {
		struct hws_udp_local a = address(i % 100 + 1);

		got[i] = rdv_locals_number(&locals, &a);
	}
	return NULL;
}

START_TEST(threads_agree)
{
	static uint8_t got[THREADS][EACH];
	pthread_t t[THREADS];

	rdv_locals_init(&locals);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, add, got[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	for (int i = 1; i < THREADS; i++)
		ck_assert_mem_eq(got[i], got[0], sizeof(got[0]));
	for (unsigned i = 0; i < EACH; i++) {
		struct hws_udp_local a = address(i % 100 + 1);

		ck_assert_mem_eq(rdv_locals_get(&locals, got[0][i]), &a, sizeof(a));
	}
	rdv_locals_done(&locals);
}
END_TEST

int main(void)
{
	return test_main("planes/locals", 60, NULL, NULL,
			TESTS(numbers_last_and_end, threads_agree));
}
