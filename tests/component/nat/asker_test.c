/* What a host makes of routers that answer well, badly, in other words, and not at all: the asking
 * itself on the test's loop, in a house behind a router that does what the test tells it. */
#include "client/host/port_asker.h"
#include "shared/base/clock.h"
#include "tests/component/nat/router.h"
#include "tests/component/nat/town.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

static struct hws_loop *loop;
static struct hws_port_asker *asker;
static struct router router;
static struct hws_port_state last;
static unsigned said, stuck, mapped;
static bool ended;

#define UNTIL(cond)                                                                                \
	do {                                                                                       \
		uint64_t end_ms = test_now_ms() + 60000;                                           \
		while (!(cond)) {                                                                  \
			ck_assert_msg(test_now_ms() < end_ms, "never: %s; by %d why %d", #cond,    \
					last.by, last.why);                                        \
			hws_loop_once(loop, 10000);                                                \
		}                                                                                  \
	} while (0)

static void on_state(const struct hws_port_state *s, void *arg)
{
	(void)arg;
	last = *s;
	said++;
	mapped += s->by != HWS_PORT_BY_NONE;
}

static void on_stuck(void *arg)
{
	(void)arg;
	stuck++;
}

static void on_ended(void *arg)
{
	(void)arg;
	ended = true;
}

static void begin_for(enum router_mode mode, bool udp)
{
	struct hws_port_asker_conf conf = {
		.inside = 4660, .udp = udp, .on_state = on_state, .on_stuck = on_stuck
	};

	said = stuck = mapped = 0;
	ended = false;
	last = (struct hws_port_state){ 0 };
	town_build();
	town_nat("hostnat", "11.9.0.11/24", 1, TOWN_CONE, true);
	town_run("hostnat", "ip addr add 192.168.1.7/24 dev lan");
	town_house_behind("host", "hostnat", 1, 2);
	router_start(&router, mode);
	ck_assert_int_eq(setns(town_ns("host"), CLONE_NEWNET), 0);
	hws_port_asker_usual(&conf);
	conf.second_us = 10000; /* 100 s of a grant are one */
	conf.pause_us = 200000;
	conf.search_ms = 300;
	if (mode == ROUTER_ENDLESS)
		conf.stuck_us = 2 * HWS_US_PER_S;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_port_asker_new(loop, &conf, &asker), HWS_OK);
}

static void begin(enum router_mode mode)
{
	begin_for(mode, false);
}

static void teardown(void)
{
	router_stop(&router); /* and a thread that it holds up goes on */
	hws_port_asker_free(asker);
	hws_loop_free(loop);
	asker = NULL;
	loop = NULL;
	town_clear();
}

static const struct {
	const char *name;
	enum router_mode mode;
	enum hws_port_by by;
	enum hws_port_why why;
	bool gives_back; /* what was granted is of no use */
} cells[] = { { "good", ROUTER_GOOD, HWS_PORT_BY_PCP, HWS_PORT_WHY_NONE, false },
	{ "older", ROUTER_OLDER, HWS_PORT_BY_NATPMP, HWS_PORT_WHY_NONE, false },
	{ "noisy", ROUTER_NOISY, HWS_PORT_BY_PCP, HWS_PORT_WHY_NONE, false },
	{ "private", ROUTER_PRIVATE, HWS_PORT_BY_NONE, HWS_PORT_WHY_DOUBLE_NAT, true },
	{ "carrier", ROUTER_CARRIER, HWS_PORT_BY_NONE, HWS_PORT_WHY_DOUBLE_NAT, true },
	{ "loopback", ROUTER_LOOPBACK, HWS_PORT_BY_NONE, HWS_PORT_WHY_NONSENSE, true },
	{ "low port", ROUTER_LOW_PORT, HWS_PORT_BY_NONE, HWS_PORT_WHY_NONSENSE, true },
	{ "short", ROUTER_SHORT, HWS_PORT_BY_NONE, HWS_PORT_WHY_NONSENSE, true },
	{ "refuses", ROUTER_REFUSES, HWS_PORT_BY_NONE, HWS_PORT_WHY_REFUSED, false },
	{ "silent", ROUTER_SILENT, HWS_PORT_BY_NONE, HWS_PORT_WHY_SILENT, false },
	{ "elsewhere", ROUTER_ELSEWHERE, HWS_PORT_BY_NONE, HWS_PORT_WHY_SILENT, false },
	{ "aside", ROUTER_ASIDE, HWS_PORT_BY_NONE, HWS_PORT_WHY_SILENT, false } };

START_TEST(a_router_is_taken_at_what_can_be_true)
{
	char text[INET_ADDRSTRLEN];

	begin(cells[_i].mode);
	UNTIL(said && last.why != HWS_PORT_WHY_ASKING);
	ck_assert_msg(last.by == cells[_i].by && last.why == cells[_i].why, "%s: by %d why %d",
			cells[_i].name, last.by, last.why);
	if (last.by != HWS_PORT_BY_NONE) {
		ck_assert_str_eq(
				inet_ntop(AF_INET, &last.address, text, sizeof(text)), "11.9.0.11");
		ck_assert_uint_eq(last.port, 40000); /* another one than was wished for */
	}
	if (cells[_i].gives_back)
		UNTIL(router.heard->given_back);
	if (cells[_i].mode == ROUTER_ELSEWHERE || cells[_i].mode == ROUTER_ASIDE)
		ck_assert_uint_gt(router.heard->searched, 0);
	if (cells[_i].mode == ROUTER_ASIDE)
		ck_assert_uint_gt(router.heard->fetched, 0);
	ck_assert_uint_eq(router.heard->aside, 0); /* nobody is sent to strangers */
	ck_assert_uint_eq(stuck, 0);
}
END_TEST

START_TEST(a_port_is_asked_for_again_in_time_and_given_back)
{
	uint32_t nonce;

	begin_for(_i & 1 ? ROUTER_OLDER : ROUTER_GOOD, _i & 2);
	UNTIL(mapped == 1);
	nonce = router.heard->nonce;
	ck_assert_uint_eq(router.heard->given_back, 0);
	UNTIL(mapped == 3);                            /* at half its time each */
	ck_assert_uint_eq(router.heard->nonce, nonce); /* the same mapping */
	ck_assert_uint_eq(router.heard->given_back, 0);
	hws_port_asker_end(asker, on_ended, NULL);
	UNTIL(ended);
	ck_assert_uint_ge(router.heard->given_back, 1);
}
END_TEST

START_TEST(a_change_of_address_is_another_mapping)
{
	uint32_t nonce;
	struct in_addr want;

	begin(ROUTER_GOOD);
	inet_pton(AF_INET, "192.168.1.44", &want);
	UNTIL(mapped == 1);
	nonce = router.heard->nonce;
	town_run("host",
			"ip addr add 192.168.1.44/24 dev eth0; ip addr del 192.168.1.2/24 dev eth0;"
			"ip addr replace 192.168.1.44/24 dev eth0;"
			"ip route replace default via 192.168.1.1");
	UNTIL(router.heard->client == want.s_addr);
	UNTIL(last.by == HWS_PORT_BY_PCP);
	ck_assert_uint_ne(router.heard->nonce, nonce);
}
END_TEST

START_TEST(without_a_router_nobody_is_asked)
{
	begin(ROUTER_GOOD);
	UNTIL(mapped == 1);
	town_run("host", "ip route del default");
	UNTIL(last.why == HWS_PORT_WHY_NO_ROUTER);
	ck_assert_int_eq(last.by, HWS_PORT_BY_NONE);
	town_run("host", "ip route add default via 192.168.1.1");
	UNTIL(last.by == HWS_PORT_BY_PCP);
}
END_TEST

START_TEST(a_router_that_never_ends_is_noticed)
{
	begin(ROUTER_ENDLESS);
	UNTIL(stuck == 1);
	ck_assert(hws_port_asker_busy(asker));
}
END_TEST

int main(int argc, char *argv[])
{
	const char *why = town_enter(argc, argv);
	Suite *s;
	TCase *t;

	if (!why)
		why = town_no_nft();
	if (why) {
		fprintf(stderr, "SKIPPED: no network namespaces with nftables here: %s\n", why);
		return TEST_SKIPPED;
	}
	s = suite_create("asker");
	t = test_case(s, "asker", 120, TESTS_NONE);
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_loop_test(t, a_router_is_taken_at_what_can_be_true, 0, (int)HWS_COUNT(cells));
	tcase_add_loop_test(t, a_port_is_asked_for_again_in_time_and_given_back, 0, 4);
	tcase_add_test(t, a_change_of_address_is_another_mapping);
	tcase_add_test(t, without_a_router_nobody_is_asked);
	tcase_add_test(t, a_router_that_never_ends_is_noticed);
	return test_suite_run(s);
}
