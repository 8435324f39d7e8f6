/* What our host and our viewer say, byte for byte, to a server and a relay as deployed ones are;
 * and what they do when such a relay loses a leg. */
#include "shared/base/buf.h"
#include "shared/crypto/box.h"
#include "shared/crypto/record.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/envelope.h"
#include "shared/wire/frame.h"
#include "shared/wire/secure.h"
#include "shared/wire/server_kx.h"
#include "tests/component/golden/stage.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/handshake.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAIR "0a1b2c3d-0000-4000-8000-000000000007"

static struct stage s;
static struct test_proc host, viewer;
static char host_id[80], uuid[140];
static uint8_t host_pk[32];

static void setup(void)
{
	stage_open(&s);
	memset(&host, 0, sizeof(host));
	memset(&viewer, 0, sizeof(viewer));
}

static void teardown(void)
{
	test_proc_stop(&viewer);
	test_proc_stop(&host);
	stage_close(&s);
}

static void start_host(const char *option)
{
	char state[320];
	const char *argv[] = { test_bin("client/host/hawser-host"), "run", "--backend",
		"headless:320x240", "--state-dir", state, "--server", s.server_text, "--key",
		s.key_text, option, NULL };

	snprintf(state, sizeof(state), "%s/host", s.dir);
	test_proc_start(&host, argv, NULL);
}

/* Learns what is different in every run. */
static void meet_host(const Rdv__RendezvousMessage *m)
{
	const Rdv__RegisterPk *pk = m->register_pk;
	const ProtobufCMessageUnknownField *proof = m->base.unknown_fields;

	/* the host offers to prove who it is: docs/protocol-server.md */
	ck_assert_uint_eq(m->base.n_unknown_fields, 1);
	ck_assert_uint_eq(proof->tag, 1006);
	trace_hide(&s.trace, hws_bytes(proof->data + proof->len - 16, 16), "nonce");
	snprintf(host_id, sizeof(host_id), "%s", pk->id);
	snprintf(uuid, sizeof(uuid), "%.*s", (int)pk->uuid.len, (const char *)pk->uuid.data);
	ck_assert_uint_eq(pk->pk.len, 32);
	memcpy(host_pk, pk->pk.data, 32);
	trace_hide(&s.trace, hws_bytes_str(host_id), "id");
	trace_hide(&s.trace, hws_bytes_str(uuid), "machine");
	trace_hide(&s.trace, hws_bytes(host_pk, 32), "public key");
}

static message *expect_datagram(Rdv__RendezvousMessage__UnionCase want)
{
	message *m = stage_datagram(&s);

	ck_assert_int_eq(m->union_case, want);
	return m;
}

static message *expect_frame(int fd, Rdv__RendezvousMessage__UnionCase want)
{
	message *m = stage_frame(&s, fd);

	ck_assert_int_eq(m->union_case, want);
	return m;
}

static void nat_answer(int listener, const char *who)
{
	Rdv__TestNatResponse a = RDV__TEST_NAT_RESPONSE__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	int fd = stage_accept(listener);

	hws_rdv_free(expect_frame(fd, M(TEST_NAT_REQUEST)));
	stage_note(&s, who);
	a.port = 40000;
	m.union_case = M(TEST_NAT_RESPONSE);
	m.test_nat_response = &a;
	stage_answer(&s, fd, &m);
	close(fd);
}

static void register_host(void)
{
	Rdv__RegisterPeerResponse peer = RDV__REGISTER_PEER_RESPONSE__INIT;
	Rdv__RegisterPkResponse ok = RDV__REGISTER_PK_RESPONSE__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT, *got;

	trace_title(&s.trace, "the NAT test from one port");
	nat_answer(s.tcp, "host > server tcp");
	nat_answer(s.nat, "host > server tcp nat");
	trace_title(&s.trace, "registration; the server wants to hear the key twice");
	got = expect_datagram(M(REGISTER_PK));
	meet_host(got);
	hws_rdv_free(got);
	stage_note(&s, "host > server udp");
	m.union_case = M(REGISTER_PEER_RESPONSE);
	m.register_peer_response = &peer;
	peer.request_pk = true;
	stage_push(&s, &m);
	hws_rdv_free(expect_datagram(M(REGISTER_PK)));
	stage_note(&s, "host > server udp");
	m.union_case = M(REGISTER_PK_RESPONSE);
	m.register_pk_response = &ok;
	stage_push(&s, &m);
	hws_rdv_free(expect_datagram(M(REGISTER_PEER)));
	stage_note(&s, "host > server udp");
	m.union_case = M(REGISTER_PEER_RESPONSE);
	m.register_peer_response = &peer;
	peer.request_pk = false;
	stage_push(&s, &m);
	test_proc_must_expect(&host, "server.registered", 20000);
}

/* By UDP nothing shows whether the host's key is the server's: it asks as a viewer would, for an id
 * nobody has. */
static void key_check(void)
{
	Rdv__PunchHoleResponse a = RDV__PUNCH_HOLE_RESPONSE__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	int fd = stage_accept(s.tcp);

	trace_title(&s.trace, "whether the key is the server's");
	hws_rdv_free(expect_frame(fd, M(PUNCH_HOLE_REQUEST)));
	stage_note(&s, "host > server tcp");
	m.union_case = M(PUNCH_HOLE_RESPONSE);
	m.punch_hole_response = &a; /* no such id */
	stage_answer(&s, fd, &m);
	close(fd);
}

/* 127.0.0.209 (from 128 on an address has 11 bytes whatever is mixed into it); the number mixed
 * into it is the same in every run. */
static ProtobufCBinaryData viewer_address(uint16_t port)
{
	static uint8_t wire[HWS_ADDR_WIRE_MAX];
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&ss;

	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	in->sin_addr.s_addr = htonl(0x7f0000d1);
	return (ProtobufCBinaryData){ hws_addr_encode(&ss, 0x92345678, wire), wire };
}

/* The host speaks first: SignedId, with a fresh key in it, and what deployed viewers pass over. */
static void first_word(int fd, const char *who)
{
	Ses__Message *m = NULL;
	Ses__IdPk *id_pk;

	stage_payload(&s, fd);
	ck_assert_int_eq(hws_ses_unpack(hws_bytes(s.buf, s.len), &m), HWS_OK);
	ck_assert_int_eq(m->union_case, SES__MESSAGE__UNION_SIGNED_ID);
	ck_assert_uint_gt(m->signed_id->id.len, HWS_SIG_LEN);
	id_pk = ses__id_pk__unpack(NULL, m->signed_id->id.len - HWS_SIG_LEN,
			m->signed_id->id.data + HWS_SIG_LEN);
	ck_assert(id_pk && id_pk->v2);
	trace_hide(&s.trace, hws_bytes(m->signed_id->id.data, HWS_SIG_LEN), "signature");
	trace_hide(&s.trace, hws_bytes(id_pk->pk.data, id_pk->pk.len), "fresh key");
	trace_hide(&s.trace, hws_bytes(id_pk->v2->nonce.data, id_pk->v2->nonce.len), "nonce");
	stage_note(&s, who);
	s.trace.count -= 3;
	ses__id_pk__free_unpacked(id_pk, NULL);
	hws_ses_free(m);
}

static void push_punch(uint16_t port, Rdv__NatType nat)
{
	Rdv__PunchHole p = RDV__PUNCH_HOLE__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;

	p.socket_addr = viewer_address(port);
	p.relay_server = s.relay_text;
	p.nat_type = nat;
	m.union_case = M(PUNCH_HOLE);
	m.punch_hole = &p;
	stage_push(&s, &m);
}

static void punched(void)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	int fd, direct;

	trace_title(&s.trace,
			"punched: the host answers, listens on the same port and speaks first");
	push_punch(40000, RDV__NAT_TYPE__ASYMMETRIC);
	fd = stage_accept(s.tcp);
	hws_rdv_free(expect_frame(fd, M(PUNCH_HOLE_SENT)));
	stage_note(&s, "host > server tcp");
	ck_assert_int_eq(getpeername(fd, (struct sockaddr *)&from, &len), 0);
	direct = tcp_open(209, ntohs(from.sin_port));
	first_word(direct, "host > viewer");
	close(direct);
	close(fd);
}

static void local_address(void)
{
	Rdv__FetchLocalAddr f = RDV__FETCH_LOCAL_ADDR__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT, *got;
	size_t mark;
	int fd;

	trace_title(&s.trace, "the same network");
	f.relay_server = s.relay_text;
	m.union_case = M(FETCH_LOCAL_ADDR);
	m.fetch_local_addr = &f;
	mark = trace_mark(&s.trace);
	for (unsigned i = 0;;
			/* until our own address, 127.0.0.1 and a random number, has 11 bytes */
			i++) {
		bool full;

		ck_assert_uint_lt(i, 60);
		/* another one each time: the host drops repetitions */
		f.socket_addr = viewer_address((uint16_t)(41000 + i));
		trace_rewind(&s.trace, mark);
		trace_hide(&s.trace, hws_bytes(f.socket_addr.data, f.socket_addr.len), "viewer");
		stage_push(&s, &m);
		s.trace.count--;
		fd = stage_accept(s.tcp);
		got = expect_frame(fd, M(LOCAL_ADDR));
		full = got->local_addr->local_addr.len == 11;
		trace_hide(&s.trace,
				hws_bytes(got->local_addr->local_addr.data,
						got->local_addr->local_addr.len),
				"own");
		trace_hide(&s.trace,
				hws_bytes(got->local_addr->socket_addr.data,
						got->local_addr->socket_addr.len),
				"viewer again");
		stage_note(&s, "host > server tcp");
		s.trace.count -= 2;
		hws_rdv_free(got);
		close(fd);
		if (full)
			return;
	}
}

/* The answer reaches the server only when the leg stands: a viewer that runs cannot be there
 * first. */
static void relay_leg(bool own)
{
	message *got;
	char pair[140];
	int fd = stage_accept(s.tcp), leg;

	got = expect_frame(fd, M(RELAY_RESPONSE));
	ck_assert_msg(stage_waiting(s.relay), "the host answered before it had joined the relay");
	snprintf(pair, sizeof(pair), "%s", own ? got->relay_response->uuid : PAIR);
	trace_hide(&s.trace, hws_bytes_str(pair), "pair");
	stage_note(&s, "host > server tcp");
	hws_rdv_free(got);
	leg = stage_accept(s.relay);
	hws_rdv_free(expect_frame(leg, M(REQUEST_RELAY)));
	stage_note(&s, "host > relay");
	s.trace.count--;
	first_word(leg, "host > viewer");
	close(leg);
	close(fd);
}

START_TEST(host_by_datagrams)
{
	Rdv__RequestRelay q = RDV__REQUEST_RELAY__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;

	start_host(NULL);
	register_host();
	key_check();
	punched();
	local_address();
	trace_title(&s.trace, "relay, because the viewer's NAT is symmetric");
	push_punch(40002, RDV__NAT_TYPE__SYMMETRIC);
	relay_leg(true);
	trace_title(&s.trace, "relay, because the viewer asks for it");
	q.id = host_id;
	q.uuid = (char *)PAIR;
	q.socket_addr = viewer_address(40003);
	q.relay_server = s.relay_text;
	q.secure = true;
	m.union_case = M(REQUEST_RELAY);
	m.request_relay = &q;
	stage_push(&s, &m);
	relay_leg(false);
	trace_check(&s.trace, "host_by_datagrams.txt");
}
END_TEST

/* Where UDP does not pass: an encrypted link that stays. */
START_TEST(host_by_link)
{
	Rdv__RegisterPkResponse ok = RDV__REGISTER_PK_RESPONSE__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT, *got = NULL;
	uint8_t key[HWS_SESSION_KEY_LEN], plain[1000], hdr[HWS_FRAME_HEADER_MAX];
	struct hws_kx_offer offer;
	struct hws_record records;
	struct hws_bytes p;
	int fd;

	start_host("--disable-udp");
	trace_title(&s.trace, "the NAT test from one port");
	nat_answer(s.tcp, "host > server tcp");
	nat_answer(s.nat, "host > server tcp nat");
	fd = stage_accept(s.tcp);
	hws_kx_offer_new(&s.key, &offer);
	p = hws_kx_offer_payload(&offer);
	tcp_send_raw(fd, hws_bytes(hdr, hws_frame_header(p.len, hdr)));
	tcp_send_raw(fd, p);
	trace_title(&s.trace, "key exchange (keys hidden), then in encrypted records");
	got = expect_frame(fd, M(KEY_EXCHANGE));
	ck_assert_uint_eq(got->key_exchange->n_keys, 2);
	for (unsigned i = 0; i < 2; i++)
		trace_hide(&s.trace,
				hws_bytes(got->key_exchange->keys[i].data,
						got->key_exchange->keys[i].len),
				i ? "sealed key" : "fresh key");
	stage_note(&s, "host > server tcp");
	s.trace.count -= 2;
	hws_rdv_free(got);
	ck_assert_int_eq(hws_kx_server_answer(&offer, hws_bytes(s.buf, s.len), key), HWS_OK);
	hws_record_init(&records, key);
	stage_payload(&s, fd);
	ck_assert_int_eq(hws_record_open(&records, hws_bytes(s.buf, s.len), plain, &p), HWS_OK);
	s.len = p.len;
	memcpy(s.buf, p.ptr, p.len);
	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(s.buf, s.len), &got), HWS_OK);
	ck_assert_int_eq(got->union_case, M(REGISTER_PK));
	meet_host(got);
	stage_note(&s, "host > server sealed");
	hws_rdv_free(got);
	m.union_case = M(REGISTER_PK_RESPONSE);
	m.register_pk_response = &ok;
	ok.keep_alive = 20;
	s.len = rdv__rendezvous_message__pack(&m, plain);
	ck_assert_int_eq(hws_record_seal(&records, hws_bytes(plain, s.len), s.buf), HWS_OK);
	s.len += HWS_RECORD_OVERHEAD;
	tcp_send_raw(fd, hws_bytes(hdr, hws_frame_header(s.len, hdr)));
	tcp_send_raw(fd, hws_bytes(s.buf, s.len));
	test_proc_must_expect(&host, "server.registered", 20000);
	trace_title(&s.trace, "a heartbeat comes back, in plain");
	tcp_send_raw(fd, hws_bytes("\0", 1));
	stage_payload(&s, fd);
	ck_assert_uint_eq(s.len, 0);
	stage_note(&s, "host > server tcp");
	close(fd);
	trace_check(&s.trace, "host_by_link.txt");
}
END_TEST

/* --- viewer --- */

static void start_viewer(void)
{
	char png[320], config[320], home[330];
	const char *argv[] = { test_bin("client/cli/hawser"), "connect", STAGE_ID, "--headless",
		"--screenshot", png, "--no-retry", "--server", s.server_text, "--key", s.key_text,
		"--config", config, NULL };
	const char *env[] = { "HAWSER_PASSWORD=none", home, NULL };

	snprintf(png, sizeof(png), "%s/shot.png", s.dir);
	snprintf(config, sizeof(config), "%s/viewer.conf", s.dir);
	snprintf(home, sizeof(home), "HOME=%s", s.dir);
	test_proc_start(&viewer, argv, env);
}

static int viewer_asks(void)
{
	int fd = stage_accept(s.tcp);

	hws_rdv_free(expect_frame(fd, M(PUNCH_HOLE_REQUEST)));
	stage_note(&s, "viewer > server tcp");
	return fd;
}

START_TEST(viewer_hears_refusals)
{
	static const struct {
		Rdv__PunchHoleResponse__Failure failure;
		const char *text;
	} cases[] = {
		{ RDV__PUNCH_HOLE_RESPONSE__FAILURE__ID_NOT_EXIST, "does not know this ID" },
		{ RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE, "off line" },
		{ RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_MISMATCH, "key does not match" },
	};
	Rdv__PunchHoleResponse p = RDV__PUNCH_HOLE_RESPONSE__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	int fd;

	m.union_case = M(PUNCH_HOLE_RESPONSE);
	m.punch_hole_response = &p;
	p.failure = cases[_i].failure;
	start_viewer();
	fd = viewer_asks();
	tcp_send(fd, &m);
	test_proc_must_expect(&viewer, cases[_i].text, 10000);
	ck_assert_int_gt(test_proc_wait(&viewer, 10000), 0);
	close(fd);
}
END_TEST

/* A relay that loses the viewer's leg: closes it, or keeps it in vain. Another pair is asked
 * for. */
static void lose_leg(bool close_it)
{
	Rdv__RelayResponse a = RDV__RELAY_RESPONSE__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT, *got;
	char pair[140];
	int fd, lost, leg;

	start_viewer();
	fd = viewer_asks();
	a.uuid = (char *)PAIR;
	a.relay_server = s.relay_text;
	a.version = (char *)"1.4.9";
	m.union_case = M(RELAY_RESPONSE);
	m.relay_response = &a;
	stage_answer(&s, fd, &m);
	lost = stage_accept(s.relay);
	hws_rdv_free(expect_frame(lost, M(REQUEST_RELAY)));
	close(fd);
	if (close_it)
		close(lost);
	fd = stage_accept(s.tcp);
	got = expect_frame(fd, M(REQUEST_RELAY));
	snprintf(pair, sizeof(pair), "%s", got->request_relay->uuid);
	ck_assert_str_ne(pair, PAIR);
	hws_rdv_free(got);
	a.uuid = a.relay_server = (char *)"";
	stage_answer(&s, fd, &m);
	close(fd);
	leg = stage_accept(s.relay);
	got = expect_frame(leg, M(REQUEST_RELAY));
	ck_assert_str_eq(got->request_relay->uuid, pair);
	hws_rdv_free(got);
	close(leg);
	if (!close_it)
		close(lost);
}

START_TEST(a_lost_leg_is_not_the_end)
{
	lose_leg(_i == 0);
}
END_TEST

/* The host's side of the handshake, over whatever link the viewer came. */
static void shake_hands(int fd, struct hws_identity *id)
{
	const struct hws_secure_host_conf conf = { 0 };
	struct hws_secure secure;
	uint8_t hdr[HWS_FRAME_HEADER_MAX];
	struct hws_bytes out;
	size_t n;

	hws_secure_host_init(&secure, &conf);
	ck_assert_int_eq(handshake_sign(&secure, id, STAGE_ID, false), HWS_OK);
	ck_assert(hws_secure_take_output(&secure, &out));
	tcp_send_raw(fd, hws_bytes(hdr, hws_frame_header(out.len, hdr)));
	tcp_send_raw(fd, out);
	stage_payload(&s, fd);
	/* PublicKey {1: 32 bytes, 2: 48 bytes} */
	n = s.len;
	ck_assert_uint_gt(n, 32 + 48);
	trace_hide(&s.trace, hws_bytes(s.buf + n - 48, 48), "sealed key");
	trace_hide(&s.trace, hws_bytes(s.buf + n - 48 - 2 - 32, 32), "fresh key");
	stage_note(&s, "viewer > host");
	s.trace.count -= 2;
	ck_assert_int_eq(hws_secure_frame(&secure, hws_bytes(s.buf, n)), HWS_OK);
	ck_assert_int_eq(hws_secure_state(&secure), HWS_SECURE_DONE);
	hws_secure_wipe(&secure);
}

static size_t statement(const struct hws_identity *id, uint8_t *ret)
{
	uint8_t idpk[4 + 9 + 32] = { 0x0a, 9 };

	memcpy(idpk + 2, STAGE_ID, 9);
	idpk[11] = 0x12;
	idpk[12] = 32;
	memcpy(idpk + 13, id->pk, 32);
	hws_identity_sign_attached(&s.key, hws_bytes(idpk, sizeof(idpk)), ret);
	return HWS_SIG_LEN + sizeof(idpk);
}

START_TEST(viewer_conversation)
{
	Rdv__PunchHoleResponse p = RDV__PUNCH_HOLE_RESPONSE__INIT;
	Rdv__RelayResponse a = RDV__RELAY_RESPONSE__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT, *got;
	struct hws_identity id;
	uint8_t word[HWS_SIG_LEN + 4 + 9 + 32];
	char pair[140];
	int fd, leg;

	hws_identity_from_seed((const uint8_t *)"golden seed of the host, fixed..", &id);
	trace_title(&s.trace, "a direct attempt that fails, then the relay, then the handshake");
	start_viewer();
	fd = viewer_asks();
	p.socket_addr = viewer_address(1); /* nobody listens there */
	p.pk = (ProtobufCBinaryData){ statement(&id, word), word };
	p.relay_server = s.relay_text;
	p.union_case = RDV__PUNCH_HOLE_RESPONSE__UNION_NAT_TYPE;
	p.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	m.union_case = M(PUNCH_HOLE_RESPONSE);
	m.punch_hole_response = &p;
	stage_answer(&s, fd, &m);
	close(fd);
	fd = stage_accept(s.tcp);
	got = expect_frame(fd, M(REQUEST_RELAY));
	snprintf(pair, sizeof(pair), "%s", got->request_relay->uuid);
	trace_hide(&s.trace, hws_bytes_str(pair), "pair");
	stage_note(&s, "viewer > server tcp");
	hws_rdv_free(got);
	a.version = (char *)"1.4.9";
	m.union_case = M(RELAY_RESPONSE);
	m.relay_response = &a;
	stage_answer(&s, fd, &m);
	close(fd);
	leg = stage_accept(s.relay);
	hws_rdv_free(expect_frame(leg, M(REQUEST_RELAY)));
	stage_note(&s, "viewer > relay");
	shake_hands(leg, &id);
	close(leg);
	trace_check(&s.trace, "viewer_by_id.txt");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("golden/ends");
	TCase *tc = test_case(suite, "ends", 120,
			TESTS(host_by_datagrams, host_by_link, viewer_conversation));

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, viewer_hears_refusals, 0, 3);
	tcase_add_loop_test(tc, a_lost_leg_is_not_the_end, 0, 2);
	return test_suite_run(suite);
}
