/* A registration at a server that proves itself, and somebody else at the address that DNS says. */
#include "client/reach/registrar.h"
#include "shared/base/clock.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include "shared/wire/envelope.h"
#include "shared/wire/proof.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include "tests/unit/client/reach/two_addresses.h"
#include <check.h>
#include <string.h>

#define DUE_US (601 * HWS_US_PER_S) /* a proof is renewed after ten minutes */
#define FASTER 5u

enum manner {
	PROVES,
	WANTS_A_COOKIE, /* and proves then */
	TAKES_ALL,      /* like a server that knows us, to whatever is said */
	ASKS_ALWAYS
};

static struct hws_loop *loop;
static struct hws_registrar *registrar;
static struct hws_identity host, server;
static struct hws_proof_keys keys;
static enum hws_registrar_state state;
static enum manner manner[2];
static struct sockaddr_storage elsewhere;
static unsigned said[2], proofs, moves, states;
static uint64_t later_us, seq;

static uint64_t clock_us(void *arg HWS_UNUSED)
{
	return FASTER * hws_clock_us() + later_us;
}

static void on_state(enum hws_registrar_state s, const char *text HWS_UNUSED, void *arg HWS_UNUSED)
{
	state = s;
	states++;
}

static void on_moved(const struct sockaddr_storage *to HWS_UNUSED, void *arg HWS_UNUSED)
{
	moves++;
}

static void on_push(const Rdv__RendezvousMessage *m HWS_UNUSED, bool proven HWS_UNUSED,
		void *arg HWS_UNUSED)
{
}

static bool on_new_id(char *buf HWS_UNUSED, size_t size HWS_UNUSED, void *arg HWS_UNUSED)
{
	return false;
}

/* --- both servers ----------------------------------------------------------------------------- */

static bool wants_once_more(enum manner how, const struct hws_proof *asked)
{
	return how == ASKS_ALWAYS || (how == WANTS_A_COOKIE && !asked->has_cookie);
}

static void put_answer(enum manner how, bool pk_asked, struct hws_proof proof, struct hws_buf *out)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RegisterPkResponse pk = RDV__REGISTER_PK_RESPONSE__INIT;
	Rdv__RegisterPeerResponse peer = RDV__REGISTER_PEER_RESPONSE__INIT;
	bool once_more = wants_once_more(how, &proof) && (pk_asked || how == ASKS_ALWAYS);

	if (pk_asked && !once_more && how != TAKES_ALL) {
		m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE;
		m.register_pk_response = &pk;
		ck_assert_int_eq(hws_rdv_pack(&m, out), HWS_OK);
		proof.has_cookie = false;
		proof.has_seq = true;
		proof.epoch = 7;
		proof.seq = ++seq;
		ck_assert_int_eq(hws_proof_append(out, &proof, keys.server_secret), HWS_OK);
		proofs++;
		return;
	}
	peer.request_pk = once_more;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER_RESPONSE;
	m.register_peer_response = &peer;
	ck_assert_int_eq(hws_rdv_pack(&m, out), HWS_OK);
	if (!once_more || !proof.has_nonce)
		return;
	proof.has_cookie = true;
	memset(proof.cookie, 9, sizeof(proof.cookie));
	ck_assert_int_eq(hws_proof_append(out, &proof, NULL), HWS_OK);
}

static void answer(unsigned i)
{
	Rdv__RendezvousMessage *in = NULL;
	struct hws_proof proof = { 0 };
	struct sockaddr_storage from;
	uint8_t buf[2048];
	struct hws_buf out;
	size_t n = hear(i, buf, sizeof(buf), &from, &in);

	if (!n)
		return;
	if (hws_proof_read(hws_bytes(buf, n), &proof) < 0)
		proof = (struct hws_proof){ 0 };
	hws_buf_init(&out, 1024);
	put_answer(manner[i], in->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK, proof,
			&out);
	hws_rdv_free(in);
	say(i, hws_buf_bytes(&out), &from);
	hws_buf_done(&out);
	said[i]++;
}

static void turn(void)
{
	hws_loop_once(loop, 5000);
	answer(0);
	answer(1);
}

static void until(enum hws_registrar_state want)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (state != want || !states) {
		ck_assert_msg(test_now_ms() < end, "the state stays %d", state);
		turn();
	}
}

/* The name has one address: the true server's. */
static void open_servers(void)
{
	open_sockets();
	elsewhere = addrs[1];
	addrs[1] = addrs[0];
}

static void make_keys(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	hws_identity_generate(false, &host);
	hws_identity_generate(true, &server);
	ck_assert_int_eq(hws_proof_agree(&server, host.pk, server.pk, &keys), HWS_OK);
}

static void start(void)
{
	const struct hws_server_addr at = { .host = "id.example.org", .port = 21116 };
	const struct hws_registrar_conf conf = { .server_addr = &at,
		.id = "987654321",
		.uuid = hws_bytes_str("machine"),
		.pk = hws_bytes(host.pk, sizeof(host.pk)),
		.identity = &host,
		.server_pk = server.pk,
		.interval_us = FASTER * HWS_US_PER_S,
		.resolve_us = FASTER * HWS_US_PER_S,
		.on_state = on_state,
		.on_push = on_push,
		.on_moved = on_moved,
		.on_new_id = on_new_id };

	ck_assert_int_eq(hws_registrar_new(loop, NULL, &conf, &registrar), HWS_OK);
}

static void set_up(void)
{
	make_keys();
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	hws_loop_set_clock(loop, clock_us, NULL);
	open_servers();
	start();
	until(HWS_REGISTRAR_REGISTERED);
	ck_assert_uint_ge(proofs, 1);
	ck_assert(hws_registrar_proven(registrar));
}

static void tear_down(void)
{
	hws_registrar_free(registrar);
	hws_loop_once(loop, 0);
	hws_loop_free(loop);
	close_sockets();
}

START_TEST(a_wrong_answer_of_dns_moves_nobody)
{
	unsigned before;

	manner[1] = TAKES_ALL;
	addrs[0] = addrs[1] = elsewhere;
	until_count(&said[1], 1, turn);
	before = said[0];
	until_count(&said[0], before + 3, turn); /* what it said has come by then */
	ck_assert_uint_eq(moves, 0);
	ck_assert_int_eq(state, HWS_REGISTRAR_REGISTERED);
	/* and one that is our server there is followed */
	manner[1] = WANTS_A_COOKIE;
	until_count(&moves, 1, turn);
	ck_assert_int_eq(state, HWS_REGISTRAR_REGISTERED);
	before = said[1];
	until_count(&said[1], before + 2, turn);
	ck_assert_uint_eq(moves, 1);
}
END_TEST

START_TEST(who_proves_nothing_any_more_is_not_our_server)
{
	unsigned before = proofs;

	later_us += DUE_US;
	until_count(&proofs, before + 1, turn); /* asked for, and given */
	ck_assert_int_eq(state, HWS_REGISTRAR_REGISTERED);
	ck_assert_uint_eq(states, 1);
	manner[0] = _i ? ASKS_ALWAYS : TAKES_ALL;
	before = said[0];
	until_count(&said[0], before + 2, turn);
	ck_assert_int_eq(state, HWS_REGISTRAR_REGISTERED); /* what was proven holds */
	later_us += DUE_US;
	until(HWS_REGISTRAR_CONNECTING);
	before = said[0];
	until_count(&said[0], before + 2, turn);
	ck_assert_int_ne(state, HWS_REGISTRAR_REGISTERED);
	manner[0] = PROVES;
	until(HWS_REGISTRAR_REGISTERED);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("client/reach/registrar_proof");
	TCase *t = test_case(s, "registrar_proof", 60, TESTS_NONE);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_wrong_answer_of_dns_moves_nobody);
	tcase_add_loop_test(t, who_proves_nothing_any_more_is_not_our_server, 0, 2);
	return test_suite_run(s);
}
