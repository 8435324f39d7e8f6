/* A registration against a server of a few lines, with a resolver of our own. */
#include "client/reach/registrar.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/wire/envelope.h"
#include "tests/support/proc.h"
#include "tests/unit/client/reach/two_addresses.h"
#include <check.h>
#include <string.h>
#include <unistd.h>

static struct hws_loop *loop;
static struct hws_registrar *registrar;
static unsigned asked[2], states, renamed, pushes;
static enum hws_registrar_state state;
static Rdv__RegisterPkResponse__Result verdict;
static char told_id[32];
static bool mute[2];

/* --- the server ------------------------------------------------------------------------------- */

static void answer(unsigned i)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT, *in = NULL;
	Rdv__RegisterPkResponse pk = RDV__REGISTER_PK_RESPONSE__INIT;
	Rdv__RegisterPeerResponse peer = RDV__REGISTER_PEER_RESPONSE__INIT;
	struct sockaddr_storage from;
	uint8_t buf[2048];
	struct hws_buf out;

	if (!hear(i, buf, sizeof(buf), &from, &in))
		return;
	asked[i]++;
	pk.result = verdict;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER_RESPONSE;
	m.register_peer_response = &peer;
	if (in->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK) {
		ck_assert_int_eq(hws_str_copy(told_id, sizeof(told_id), in->register_pk->id), 0);
		m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE;
		m.register_pk_response = &pk;
	}
	hws_rdv_free(in);
	if (mute[i])
		return;
	hws_buf_init(&out, 1024);
	ck_assert_int_eq(hws_rdv_pack(&m, &out), HWS_OK);
	say(i, hws_buf_bytes(&out), &from);
	hws_buf_done(&out);
}

static void on_state(enum hws_registrar_state s, const char *text, void *arg)
{
	(void)arg;
	ck_assert_ptr_nonnull(text);
	state = s;
	states++;
}

static void on_push(const Rdv__RendezvousMessage *m, bool proven HWS_UNUSED, void *arg)
{
	(void)m;
	(void)arg;
	pushes++;
}

static bool on_new_id(char *buf, size_t size, void *arg)
{
	(void)arg;
	renamed++;
	ck_assert_int_eq(hws_str_copy(buf, size, "1234567890"), 0);
	return true;
}

static void turn(void)
{
	hws_loop_once(loop, 5000);
	answer(0);
	answer(1);
}

static void until(enum hws_registrar_state want, unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	while (state != want || !states) {
		ck_assert_msg(test_now_ms() < end, "the state stays %d", state);
		turn();
	}
}

static unsigned moves;

static void on_moved(const struct sockaddr_storage *to, void *arg)
{
	(void)arg;
	ck_assert(hws_addr_equal(to, &addrs[0]));
	moves++;
}

static void start_with(uint64_t resolve_us)
{
	static const uint8_t pk[32] = { 1 };
	const struct hws_server_addr server_addr = { .host = "id.example.org", .port = 21116 };
	const struct hws_registrar_conf conf = { .server_addr = &server_addr,
		.id = "987654321",
		.uuid = hws_bytes_str("machine"),
		.pk = hws_bytes(pk, 32),
		.on_state = on_state,
		.on_push = on_push,
		.resolve_us = resolve_us,
		.on_moved = on_moved,
		.on_new_id = on_new_id };

	ck_assert_int_eq(hws_registrar_new(loop, NULL, &conf, &registrar), HWS_OK);
}

static void start(void)
{
	start_with(0);
}

static void setup(void)
{
	moves = lookups = dials = states = renamed = pushes = 0;
	verdict = RDV__REGISTER_PK_RESPONSE__RESULT__OK;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	memset(mute, 0, sizeof(mute));
	memset(asked, 0, sizeof(asked));
	open_sockets();
}

static void teardown(void)
{
	hws_registrar_free(registrar);
	hws_loop_once(loop, 0);
	hws_loop_free(loop);
	close_sockets();
}

START_TEST(the_other_address_is_tried_when_the_first_is_silent)
{
	mute[0] = true;
	start();
	until(HWS_REGISTRAR_REGISTERED, 12000);
	ck_assert_uint_eq(asked[0], 1); /* the other one got the same a moment later */
	ck_assert_uint_ge(asked[1], 2); /* RegisterPk, then at once RegisterPeer */
	ck_assert_uint_eq(lookups, 1);
	ck_assert_uint_eq(dials, 0);
	ck_assert_str_eq(hws_registrar_transport(registrar), "udp");
}
END_TEST

START_TEST(a_foreign_id_is_given_up_once_only)
{
	verdict = RDV__REGISTER_PK_RESPONSE__RESULT__UUID_MISMATCH;
	start();
	until(HWS_REGISTRAR_REFUSED, 5000);
	ck_assert_uint_eq(renamed, 1);
	ck_assert_str_eq(told_id, "1234567890");
	ck_assert_uint_eq(asked[0], 2);
	ck_assert_str_eq(hws_registrar_transport(registrar), "");
}
END_TEST

START_TEST(without_any_answer_links_are_tried_too)
{
	mute[0] = mute[1] = true;
	start();
	until(HWS_REGISTRAR_OFFLINE, 20000);
	for (uint64_t end = test_now_ms() + 2500; test_now_ms() < end;)
		hws_loop_once(loop, 5000);
	ck_assert_uint_ge(dials, 1);
	ck_assert_uint_le(dials, 2); /* not again at once */
	mute[0] = mute[1] = false;
	until(HWS_REGISTRAR_REGISTERED, 15000); /* one registration interval */
}
END_TEST

/* The host starts where UDP is closed: it does not wait until that is certain. */
START_TEST(a_start_without_an_answer_tries_a_link_beside_udp)
{
	mute[0] = mute[1] = true;
	start();
	until_count(&dials, 1, turn);
	ck_assert_uint_eq(states, 0); /* UDP is not given up */
	mute[0] = mute[1] = false;
	until(HWS_REGISTRAR_REGISTERED, 60000);
	ck_assert_str_eq(hws_registrar_transport(registrar), "udp");
}
END_TEST

static uint64_t faster(void *arg)
{
	(void)arg;
	return hws_clock_us() * 4;
}

/* A server that is away for a moment must not get links of all its hosts. */
START_TEST(a_line_that_worked_is_given_time)
{
	hws_loop_set_clock(loop, faster, NULL);
	start();
	until(HWS_REGISTRAR_REGISTERED, 60000);
	until_count(&asked[0], 2, turn);
	mute[0] = mute[1] = true;
	until(HWS_REGISTRAR_CONNECTING, 60000);
	ck_assert_uint_eq(dials, 0);
	until(HWS_REGISTRAR_OFFLINE, 60000);
	ck_assert_uint_eq(dials, 0);
	until_count(&dials, 1, turn);
}
END_TEST

/* One keep-alive comes in 15 s, so what comes at once is the wake's doing. */
START_TEST(a_host_that_wakes_up_registers_at_once)
{
	unsigned before;

	start();
	until(HWS_REGISTRAR_REGISTERED, 60000);
	until_count(&asked[0], 2, turn);
	before = asked[0] + asked[1];
	hws_registrar_wake(registrar);
	ck_assert_int_eq(state, HWS_REGISTRAR_CONNECTING);
	until(HWS_REGISTRAR_REGISTERED, 60000);
	ck_assert_uint_eq(lookups, 2);
	ck_assert_uint_gt(asked[0] + asked[1], before);
}
END_TEST

/* The network is not whole at once: tries follow quickly, each with a new socket. */
START_TEST(after_a_wake_tries_are_quick)
{
	uint64_t begun;

	start();
	until(HWS_REGISTRAR_REGISTERED, 60000);
	mute[0] = mute[1] = true;
	hws_registrar_wake(registrar);
	begun = hws_loop_now_us(loop);
	until_count(&lookups, 5, turn);
	/* usual tries would need 2 x 3 s for each; a busy machine delays all of them alike */
	ck_assert_uint_ge(asked[0] + asked[1], 4);
	ck_assert_uint_gt(hws_loop_now_us(loop), begun);
	mute[0] = mute[1] = false;
	until(HWS_REGISTRAR_REGISTERED, 60000);
}
END_TEST

/* The name leads elsewhere: there it is asked, and only what answers is taken. */
START_TEST(a_server_that_moves_is_followed_when_it_answers_there)
{
	struct sockaddr_storage old;

	addrs[1] = addrs[0]; /* one address, that of sockets[0] */
	start_with(HWS_US_PER_S);
	until(HWS_REGISTRAR_REGISTERED, 60000);
	until_count(&asked[0], 2, turn);
	old = addrs[0];
	close(sockets[1]);
	sockets[1] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(hws_addr_parse("127.0.0.1:0", 0, &addrs[0]), HWS_OK);
	ck_assert_int_eq(
			bind(sockets[1], (struct sockaddr *)&addrs[0], hws_addr_len(&addrs[0])), 0);
	ck_assert_int_eq(getsockname(sockets[1], (struct sockaddr *)&addrs[0],
					 &(socklen_t){ sizeof(addrs[0]) }),
			0);
	addrs[1] = addrs[0];
	mute[1] = true; /* DNS may be wrong */
	until_count(&asked[1], 1, turn);
	ck_assert_uint_eq(moves, 0);
	ck_assert_int_eq(state, HWS_REGISTRAR_REGISTERED);
	mute[1] = false;
	until_count(&moves, 1, turn);
	until_count(&asked[1], 3, turn);
	ck_assert_int_eq(state, HWS_REGISTRAR_REGISTERED);
	ck_assert(!hws_addr_equal(&old, &addrs[0]));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("client/reach/registrar");
	TCase *t = tcase_create("registrar");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_other_address_is_tried_when_the_first_is_silent);
	tcase_add_test(t, a_host_that_wakes_up_registers_at_once);
	tcase_add_test(t, a_start_without_an_answer_tries_a_link_beside_udp);
	tcase_add_test(t, a_line_that_worked_is_given_time);
	tcase_add_test(t, after_a_wake_tries_are_quick);
	tcase_add_test(t, a_server_that_moves_is_followed_when_it_answers_there);
	tcase_add_test(t, a_foreign_id_is_given_up_once_only);
	tcase_add_test(t, without_any_answer_links_are_tried_too);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
