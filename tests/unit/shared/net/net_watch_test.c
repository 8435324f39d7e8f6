/* The kernel's own word of changes, in a network that belongs to the test. */
#include "shared/net/net_watch.h"
#include "tests/support/network.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct hws_loop *loop;
static struct hws_net_watch *watch;
static unsigned told;
static bool wired;

static void on_change(enum hws_net_change change, void *arg)
{
	ck_assert_ptr_eq(arg, &told);
	ck_assert_int_eq(change, HWS_NET_MOVED);
	told++;
}

static void on_change_free(enum hws_net_change change HWS_UNUSED, void *arg HWS_UNUSED)
{
	hws_net_watch_free(watch);
	watch = NULL;
	told++;
}

static void ip(const char *line)
{
	const char *argv[] = { "/bin/sh", "-c", line, NULL };
	char *out = NULL;

	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s: %s", line, out);
	free(out);
}

static bool wait_for(unsigned number)
{
	uint64_t end = test_now_ms() + 60000;

	while (told < number && test_now_ms() < end)
		hws_loop_once(loop, 20000);
	return told == number;
}

/* All that the kernel has said by now is read and told. */
static void settle(void)
{
	uint64_t end = test_now_ms() + 1200;

	while (test_now_ms() < end)
		hws_loop_once(loop, 20000);
}

static void setup(void)
{
	static const char *const wire[] = { "/bin/sh", "-c",
		"ip link add one type veth peer name two && ip link set one up && ip link set two "
		"up",
		NULL };
	char *out = NULL;

	told = 0;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	wired = test_network_is_own() && test_run(wire, NULL, &out) == 0;
	if (!wired)
		test_skip("no interface can be made here: %s", out ? out : "the machine's network");
	free(out);
}

static void teardown(void)
{
	hws_net_watch_free(watch);
	hws_loop_free(loop);
	if (wired)
		ip("ip link del one");
}

START_TEST(addresses_and_the_default_route_are_told)
{
	if (!wired)
		return;
	ip("ip addr add 10.7.0.2/24 dev one");
	ck_assert_int_eq(hws_net_watch_new(loop, on_change, &told, &watch), HWS_OK);
	settle();
	ck_assert_uint_eq(told, 0); /* what there was is nothing new */
	ip("ip addr add 10.8.0.2/24 dev one");
	ck_assert(wait_for(1));
	ip("ip addr add 169.254.3.3/16 dev two && ip route add 10.99.0.0/16 via 10.7.0.9");
	settle();
	ck_assert_uint_eq(told, 1);
	ip("ip route add default via 10.7.0.1");
	ck_assert(wait_for(2));
	settle();
	ip("ip link set two down"); /* the cable of the other end */
	ck_assert(wait_for(3));
}
END_TEST

START_TEST(what_is_changed_together_is_told_once)
{
	if (!wired)
		return;
	ck_assert_int_eq(hws_net_watch_new(loop, on_change, &told, &watch), HWS_OK);
	settle();
	ip("ip addr add 10.7.0.2/24 dev one; ip addr add 10.8.0.2/24 dev one; ip route add default via "
	   "10.7.0.1");
	ck_assert(wait_for(1));
	settle();
	ck_assert_uint_le(told, 2); /* a slow machine may have needed more than 50 ms */
}
END_TEST

START_TEST(it_may_be_freed_when_it_tells)
{
	if (!wired)
		return;
	ck_assert_int_eq(hws_net_watch_new(loop, on_change_free, NULL, &watch), HWS_OK);
	settle();
	ip("ip addr add 10.7.0.2/24 dev one");
	ck_assert(wait_for(1));
	ck_assert_ptr_null(watch);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net_watch");
	TCase *t = test_case(s, "net_watch", 120, TESTS_NONE);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, addresses_and_the_default_route_are_told);
	tcase_add_test(t, what_is_changed_together_is_told_once);
	tcase_add_test(t, it_may_be_freed_when_it_tells);
	return test_suite_run(s);
}
