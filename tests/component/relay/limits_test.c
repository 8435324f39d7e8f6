/* What a pair, an address and the whole relay may carry, for how long, and that an operator changes
 * it while they run. Rates are upper bounds here; how close a relay comes to them is for the
 * benchmark. */
#include "tests/component/relay/stage.h"
#include "tests/support/suite.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

/* Not more than the limit, and not nothing. How close a busy machine comes to it is for the
 * benchmark. */
static bool about(double rate, double want)
{
	return rate > want * 0.02 && rate < want * 1.2;
}

START_TEST(a_pair_keeps_its_limit_and_it_can_change)
{
	struct flow f;
	char id[32];
	double rate;

	START("--limit-pair", "2M");
	flow_start(&f, 1);
	rate_of(&f, 1, 500); /* what the buffers hold */
	rate = rate_of(&f, 1, 1500);
	ck_assert_msg(about(rate, 2 * MIB), "%.0f", rate);
	admin_ok("limit", "pair", "6M");
	rate_of(&f, 1, 300);
	rate = rate_of(&f, 1, 1500);
	ck_assert_msg(about(rate, 6 * MIB), "%.0f", rate);
	only_pair(id);
	admin_ok("limit", id, "1M");
	rate_of(&f, 1, 500);
	rate = rate_of(&f, 1, 1500);
	ck_assert_msg(about(rate, MIB), "%.0f", rate);
	admin_ok("limit", id, "0");
	admin_ok("limit", "pair", "0");
	rate_of(&f, 1, 300);
	rate = rate_of(&f, 1, 700);
	ck_assert_msg(rate > 2 * MIB, "%.0f", rate);
	flow_stop(&f);
	relay_stop(&relay);
}
END_TEST

START_TEST(an_address_keeps_its_limit_over_all_its_pairs)
{
	static struct flow f[3];
	double rate;

	START("--limit-address", "3M");
	for (unsigned i = 0; i < 3; i++)
		flow_start(&f[i], i < 2 ? 1 : 2);
	rate_of(f, 3, 500);
	rate = rate_of(f, 2, 2000);
	ck_assert_msg(about(rate, 3 * MIB), "%.0f", rate);
	rate_of(f + 2, 1, 500);         /* what has gathered meanwhile */
	rate = rate_of(f + 2, 1, 1500); /* another address has its own */
	ck_assert_msg(about(rate, 3 * MIB), "%.0f", rate);
	for (unsigned i = 0; i < 3; i++)
		flow_stop(&f[i]);
	relay_stop(&relay);
}
END_TEST

START_TEST(the_total_limit_is_shared_fairly_over_all_threads)
{
	enum { N = 5 };
	static struct flow f[N];
	double rate;

	START("--limit-total", "8M", "--threads", "2");
	for (unsigned i = 0; i < N; i++)
		flow_start(&f[i], i + 1);
	rate_of(f, N, 1500);
	for (unsigned i = 0; i < N; i++)
		f[i].got = 0;
	rate = rate_of(f, N, 3000);
	ck_assert_msg(about(rate, 8 * MIB), "%.0f", rate);
	for (unsigned i = 0; i < N; i++)
		ck_assert_msg(f[i].got > (uint64_t)(rate * 3 / N * 0.6) &&
						f[i].got < (uint64_t)(rate * 3 / N * 1.5),
				"pair %u got %llu of %.0f", i, (unsigned long long)f[i].got,
				rate * 3);
	ck_assert_int_gt(relay_stat(&relay, NULL, "bytes"), 0);
	for (unsigned i = 0; i < N; i++)
		flow_stop(&f[i]);
	relay_stop(&relay);
}
END_TEST

START_TEST(slow_networks_are_slow)
{
	struct flow f;
	double rate;

	START("--slow", "127.0.0.9", "--limit-slow", "1M");
	flow_start(&f, 9);
	rate_of(&f, 1, 700);
	rate = rate_of(&f, 1, 1500);
	ck_assert_msg(about(rate, MIB), "%.0f", rate);
	flow_stop(&f);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_pair_ends_at_its_volume_or_time)
{
	struct leg l[2];
	static char block[40000];

	START("--pair-volume", "100K", "--pair-time", "2s");
	pair_open(&relay, l, false, false);
	for (int i = 0; i < 3; i++) {
		leg_raw(&l[0], block, sizeof(block));
		ck_assert(leg_take(&l[1], block, sizeof(block), LIMIT_MS) || i == 2);
	}
	ck_assert(leg_ends(&l[0], LIMIT_MS));
	pair_close(l);
	relay_await_exactly(&relay, "closed", "limit", 1);
	pair_open(&relay, l, false, false);
	while (!l[0].closed) {
		(void)!send(l[0].fd, "x", 1, MSG_NOSIGNAL); /* not idle */
		leg_ends(&l[0], 100);
		ck_assert_uint_lt(l[0].in_len, MIB);
	}
	pair_close(l);
	relay_await_exactly(&relay, "closed", "limit", 2);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_reload_takes_effect_on_running_pairs)
{
	char conf[400], dir[300];
	struct leg l[2];
	struct flow f;
	double rate;
	FILE *file;

	test_dir(dir, sizeof(dir));
	snprintf(conf, sizeof(conf), "%s/relay.conf", dir);
	file = fopen(conf, "we");
	ck_assert_ptr_nonnull(file);
	fputs("[limits]\nlimit-pair = 0\n", file);
	fclose(file);
	START("--config", conf);
	pair_open(&relay, l, false, false);
	flow_start(&f, 5);
	file = fopen(conf, "we");
	fputs("[limits]\nlimit-pair = 2M\n[access]\nblock = 127.0.0.2\n", file);
	fclose(file);
	test_proc_signal(&relay.proc, SIGHUP);
	ck_assert(test_proc_expect(&relay.proc, "reloaded", LIMIT_MS));
	ck_assert(leg_ends_hard(&l[1], LIMIT_MS));
	rate_of(&f, 1, 700);
	rate = rate_of(&f, 1, 1500);
	ck_assert_msg(about(rate, 2 * MIB), "%.0f", rate);
	/* what is wrong changes nothing */
	file = fopen(conf, "we");
	fputs("[limits]\nlimit-pair = much\n", file);
	fclose(file);
	test_proc_signal(&relay.proc, SIGHUP);
	ck_assert(test_proc_expect(&relay.proc, "reload.failed", LIMIT_MS));
	pair_close(l);
	ck_assert_int_eq(relay_stat(&relay, NULL, "pairs"), 1);
	flow_stop(&f);
	relay_stop(&relay);
}
END_TEST

static bool is_slow(void)
{
	json_t *ans = relay_ask(&relay, "pairs", NULL, NULL, NULL, NULL);
	json_t *list = json_object_get(ans, "pairs");
	bool slow;

	ck_assert_uint_eq(json_array_size(list), 1);
	slow = json_is_true(json_object_get(json_array_get(list, 0), "slow"));
	json_decref(ans);
	return slow;
}

/* A limit of time makes the relay look at its pairs each second. */
#define FAST_OR_SLOW                                                                               \
	"--limit-pair", "4M", "--limit-slow", "1M", "--downgrade-percent", "1", "--pair-time", "1h"

START_TEST(a_pair_that_is_fast_for_long_becomes_slow)
{
	uint64_t end = test_now_ms() + LIMIT_MS;
	struct flow f;
	double rate;

	START(FAST_OR_SLOW, "--downgrade-after", "1s");
	flow_start(&f, 1);
	do {
		ck_assert(test_now_ms() < end);
		rate_of(&f, 1, 100);
	} while (!is_slow());
	rate_of(&f, 1, 700);
	rate = rate_of(&f, 1, 1500);
	ck_assert_msg(about(rate, MIB), "%.0f", rate);
	flow_stop(&f);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_pair_stays_fast_until_it_is_old_enough)
{
	static const char *const after[] = { "1h", "0" }; /* 0: never */

	for (size_t i = 0; i < 2; i++) {
		struct flow f;

		START(FAST_OR_SLOW, "--downgrade-after", after[i]);
		flow_start(&f, 1);
		rate_of(&f, 1, 3000);
		ck_assert(!is_slow());
		flow_stop(&f);
		relay_stop(&relay);
	}
}
END_TEST

int main(void)
{
	return test_main("relay/limits", 90, NULL, cleanup,
			TESTS(a_pair_keeps_its_limit_and_it_can_change,
					an_address_keeps_its_limit_over_all_its_pairs,
					the_total_limit_is_shared_fairly_over_all_threads,
					slow_networks_are_slow, a_pair_ends_at_its_volume_or_time,
					a_pair_that_is_fast_for_long_becomes_slow,
					a_pair_stays_fast_until_it_is_old_enough,
					a_reload_takes_effect_on_running_pairs));
}
