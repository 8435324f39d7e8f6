/* What the server adds for two hawser ends that try every way at once: candidates go through as
 * they are, answers by TCP and by UDP both arrive, a network learns its own address and what it
 * lets in; and nothing of it can be turned against others. */
#include "shared/base/buf.h"
#include "shared/wire/addr_codec.h"
#include "tests/component/rendezvous/stage.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OFFERED 12 /* more than are passed on */
#define PASSED 8

struct offer {
	Rdv__Candidate c[OFFERED], *list[OFFERED];
	uint8_t address[OFFERED][HWS_ADDR_WIRE_MAX + 2];
};

/* Of each kind one, one of a kind that nobody knows, one with an address that is too long, and
 * more than pass. */
static void offer_make(struct offer *o, uint8_t mark)
{
	for (unsigned i = 0; i < OFFERED; i++) {
		rdv__candidate__init(&o->c[i]);
		memset(o->address[i], mark + (int)i, sizeof(o->address[i]));
		o->c[i].kind = (Rdv__Candidate__Kind)(i == 1 ? 77 : i);
		o->c[i].address.data = o->address[i];
		o->c[i].address.len = i == 2 ? HWS_ADDR_WIRE_MAX + 1 : 11;
		o->list[i] = &o->c[i];
	}
}

static void assert_passed(Rdv__Candidate **list, size_t n, uint8_t mark)
{
	ck_assert_uint_eq(n, PASSED);
	for (size_t i = 0; i < n; i++) {
		unsigned at = (unsigned)(i < 2 ? i : i + 1); /* without the one that was too long */

		ck_assert_int_eq((int)list[i]->kind, at == 1 ? 77 : (int)at);
		ck_assert_uint_eq(list[i]->address.len, 11);
		ck_assert_uint_eq(list[i]->address.data[0], mark + at);
	}
}

static void ask_with(int fd, const char *id, struct offer *o, bool relay)
{
	Rdv__PunchHoleRequest p = RDV__PUNCH_HOLE_REQUEST__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;

	p.id = (char *)(uintptr_t)id;
	p.licence_key = srv.key;
	p.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	p.version = (char *)"1.4.9";
	p.udp_port = 40404;
	p.force_relay = relay;
	p.n_candidates = OFFERED;
	p.candidates = o->list;
	m.union_case = M(PUNCH_HOLE_REQUEST);
	m.punch_hole_request = &p;
	tcp_send(fd, &m);
}

static void fill_sent(Rdv__PunchHoleSent *p, message *m, const char *id, ProtobufCBinaryData addr)
{
	rdv__punch_hole_sent__init(p);
	rdv__rendezvous_message__init(m);
	p->socket_addr = addr;
	p->id = (char *)(uintptr_t)id;
	p->relay_server = (char *)"relay.example.com";
	p->nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	m->union_case = M(PUNCH_HOLE_SENT);
	m->punch_hole_sent = p;
}

START_TEST(candidates_pass_both_ways_and_two_answers_arrive)
{
	struct offer viewer, host;
	Rdv__PunchHoleSent p;
	struct device d;
	message *push, *got[2], out;
	int fd, link, punching = udp_open(1);

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	offer_make(&viewer, 0x20);
	offer_make(&host, 0x60);
	fd = tcp_open(9, srv.port);
	ask_with(fd, d.id, &viewer, false);
	push = device_pushed(&d, M(PUNCH_HOLE));
	assert_passed(push->punch_hole->candidates, push->punch_hole->n_candidates, 0x20);
	ck_assert_int_eq(push->punch_hole->udp_port, 40404);
	fill_sent(&p, &out, d.id, push->punch_hole->socket_addr);
	p.n_candidates = OFFERED;
	p.candidates = host.list;
	link = tcp_open(1, srv.port);
	tcp_send(link, &out);
	udp_send(punching, srv.port, &out);
	got[0] = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	got[1] = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert(got[0]->punch_hole_response->is_udp != got[1]->punch_hole_response->is_udp);
	for (int i = 0; i < 2; i++) {
		assert_passed(got[i]->punch_hole_response->candidates,
				got[i]->punch_hole_response->n_candidates, 0x60);
		ck_assert(statement_is_of(&srv, got[i]->punch_hole_response->pk, &d));
		hws_rdv_free(got[i]);
	}
	/* once more of each: replays are not passed on */
	udp_send(punching, srv.port, &out);
	close(link);
	link = tcp_open(1, srv.port);
	tcp_send(link, &out);
	ck_assert_ptr_null(tcp_recv(fd, SILENCE_MS));
	hws_rdv_free(push);
	close(link);
	close(punching);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(who_wants_the_relay_is_told_no_addresses)
{
	struct offer viewer;
	struct device d;
	message *push;
	int fd = tcp_open(9, srv.port);

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	offer_make(&viewer, 0x20);
	ask_with(fd, d.id, &viewer, true);
	push = device_pushed(&d, M(PUNCH_HOLE));
	ck_assert(push->punch_hole->force_relay);
	ck_assert_uint_eq(push->punch_hole->n_candidates, 0);
	ck_assert_int_eq(push->punch_hole->udp_port, 0);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(candidates_pass_within_one_network)
{
	Rdv__LocalAddr p = RDV__LOCAL_ADDR__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *push, *m;
	struct offer viewer, host;
	uint8_t local[HWS_ADDR_WIRE_MAX];
	struct sockaddr_storage lan = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&lan;
	struct device d;
	int fd, link;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	offer_make(&viewer, 0x20);
	offer_make(&host, 0x60);
	fd = tcp_open(1, srv.port);
	ask_with(fd, d.id, &viewer, false);
	push = device_pushed(&d, M(FETCH_LOCAL_ADDR));
	assert_passed(push->fetch_local_addr->candidates, push->fetch_local_addr->n_candidates,
			0x20);
	in->sin_family = AF_INET;
	in->sin_port = htons(54321);
	in->sin_addr.s_addr = htonl(0xc0a80105u);
	p.socket_addr = push->fetch_local_addr->socket_addr;
	p.local_addr = (ProtobufCBinaryData){ hws_addr_encode(&lan, 78, local), local };
	p.id = d.id;
	p.n_candidates = OFFERED;
	p.candidates = host.list;
	out.union_case = M(LOCAL_ADDR);
	out.local_addr = &p;
	link = tcp_open(1, srv.port);
	tcp_send(link, &out);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	assert_passed(m->punch_hole_response->candidates, m->punch_hole_response->n_candidates,
			0x60);
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(link);
	close(fd);
	device_done(&d);
}
END_TEST

/* Nobody but the device that was asked can answer, and only what was asked: not by guessing the
 * attempt, not for another device, not when nobody asked. */
START_TEST(forged_datagrams_answer_nobody)
{
	Rdv__PunchHoleSent p;
	struct sockaddr_storage viewer;
	uint8_t guess[HWS_ADDR_WIRE_MAX];
	struct device d, other;
	message *push, *m, out;
	int fd, forger = udp_open(7), punching = udp_open(1);
	json_int_t before = server_counter(&srv, "unasked_answers");

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	device_init(&other, &srv, 7, "987654321");
	device_online(&other);
	fd = viewer_punch(&srv, 9, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	hws_addr_decode(hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			&viewer, NULL);
	/* who knows the viewer's address, but not what the server told the device */
	for (uint32_t t = 0; t < 200; t++) {
		fill_sent(&p, &out, d.id,
				(ProtobufCBinaryData){
						hws_addr_encode(&viewer, t * 7919, guess), guess });
		udp_send(forger, srv.port, &out);
	}
	/* another device that was not asked, with what it must not know */
	fill_sent(&p, &out, other.id, push->punch_hole->socket_addr);
	udp_send(forger, srv.port, &out);
	ck_assert_ptr_null(tcp_recv(fd, SILENCE_MS));
	fill_sent(&p, &out, d.id, push->punch_hole->socket_addr);
	udp_send(punching, srv.port, &out);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert(m->punch_hole_response->is_udp);
	hws_rdv_free(m);
	/* when the viewer has gone its attempt is closed */
	close(fd);
	udp_send(punching, srv.port, &out);
	ck_assert_ptr_null(udp_recv(punching, SILENCE_MS));
	ck_assert_ptr_null(udp_recv(forger, 0)); /* and who sends learns nothing */
	ck_assert_int_gt(server_counter(&srv, "unasked_answers"), before);
	hws_rdv_free(push);
	close(forger);
	close(punching);
	device_done(&other);
	device_done(&d);
}
END_TEST

static void nat_ask(int fd, uint16_t port, bool address, bool other, size_t pad, size_t *ret_len)
{
	Rdv__TestNatRequest p = RDV__TEST_NAT_REQUEST__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	static uint8_t zeros[128];

	p.want_address = address;
	p.from_other_port = other;
	p.pad = (ProtobufCBinaryData){ pad, zeros };
	m.union_case = M(TEST_NAT_REQUEST);
	m.test_nat_request = &p;
	*ret_len = rdv__rendezvous_message__get_packed_size(&m);
	udp_send(fd, port, &m);
}

/* The answer and the port it came from; NULL after ms. */
static message *nat_answer(int fd, unsigned ms, uint16_t *ret_from, size_t *ret_len)
{
	struct sockaddr_in from = { 0 };
	socklen_t len = sizeof(from);
	uint8_t buf[1500];
	message *m = NULL;
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = (long)(ms % 1000) * 1000 };
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
	if (n < 0)
		return NULL;
	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(buf, (size_t)n), &m), HWS_OK);
	*ret_from = ntohs(from.sin_port);
	*ret_len = (size_t)n;
	return m;
}

static uint16_t test_port(int fd, uint16_t port, bool other, uint16_t *ret_from)
{
	message *m = NULL;
	struct sockaddr_storage ss;
	size_t asked, answered;
	uint16_t seen;

	for (int i = 0; i < 20 && !m; i++) { /* datagrams may be lost */
		nat_ask(fd, port, true, other, 64, &asked);
		m = nat_answer(fd, 2000, ret_from, &answered);
	}
	ck_assert_ptr_nonnull(m);
	ck_assert_uint_le(answered, asked);
	ck_assert_int_eq(m->union_case, M(TEST_NAT_RESPONSE));
	hws_addr_decode(hws_bytes(m->test_nat_response->address.data,
					m->test_nat_response->address.len),
			&ss, NULL);
	ck_assert_uint_eq(ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr), 0x7f000005u);
	seen = ntohs(((struct sockaddr_in *)&ss)->sin_port);
	ck_assert_int_eq(m->test_nat_response->port, seen);
	ck_assert_uint_eq(m->test_nat_response->other_port, port == srv.port ? srv.nat : srv.port);
	hws_rdv_free(m);
	return seen;
}

START_TEST(a_network_learns_its_address_and_what_it_lets_in)
{
	uint16_t from, own;
	int fd = udp_open(5);

	own = local_port(fd);
	ck_assert_uint_eq(test_port(fd, srv.port, false, &from), own);
	ck_assert_uint_eq(from, srv.port);
	ck_assert_uint_eq(test_port(fd, srv.nat, false, &from), own);
	ck_assert_uint_eq(from, srv.nat);
	ck_assert_uint_eq(test_port(fd, srv.port, true, &from), own);
	ck_assert_uint_eq(from, srv.nat);
	ck_assert_uint_eq(test_port(fd, srv.nat, true, &from), own);
	ck_assert_uint_eq(from, srv.port);
	close(fd);
}
END_TEST

START_TEST(a_nat_test_amplifies_nothing)
{
	size_t asked, answered, in = 0, out = 0;
	uint16_t from;
	message *m;
	int fd = udp_open(6);

	/* too short for more than deployed servers say, and for another port at all */
	nat_ask(fd, srv.port, true, false, 0, &asked);
	m = nat_answer(fd, WAIT_MS, &from, &answered);
	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(m->test_nat_response->address.len, 0);
	ck_assert_uint_le(answered, 7);
	hws_rdv_free(m);
	nat_ask(fd, srv.port, false, true, 0, &asked);
	ck_assert_ptr_null(nat_answer(fd, SILENCE_MS, &from, &answered));
	/* a flood under one address is answered a little: what goes out is far below what came */
	for (int i = 0; i < 5000; i++) {
		nat_ask(fd, i & 1 ? srv.nat : srv.port, true, i & 2, 64, &asked);
		in += asked;
	}
	while ((m = nat_answer(fd, SILENCE_MS, &from, &answered))) {
		out += answered;
		hws_rdv_free(m);
	}
	ck_assert_uint_lt(out, in / 2);
	ck_assert_int_gt(server_counter(&srv, "datagrams_limited"), 0);
	close(fd);
}
END_TEST

START_TEST(what_a_path_carries_can_be_measured)
{
	Rdv__TestNatRequest p = RDV__TEST_NAT_REQUEST__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT, *got = NULL;
	static uint8_t zeros[1400];
	size_t asked, answered = 0;
	uint16_t from;
	int fd = udp_open(7);

	p.want_pad = p.want_time = true;
	p.pad = (ProtobufCBinaryData){ sizeof(zeros), zeros };
	m.union_case = M(TEST_NAT_REQUEST);
	m.test_nat_request = &p;
	asked = rdv__rendezvous_message__get_packed_size(&m);
	for (int i = 0; i < 20 && !got; i++) { /* datagrams may be lost */
		udp_send(fd, srv.port, &m);
		got = nat_answer(fd, 2000, &from, &answered);
	}
	ck_assert_ptr_nonnull(got);
	ck_assert_uint_eq(answered, asked);
	ck_assert_uint_gt(got->test_nat_response->time_ms, 1700000000000u);
	hws_rdv_free(got);
	close(fd);
}
END_TEST

START_TEST(the_second_port_does_nothing_else)
{
	struct device d;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	/* a registration that comes there is none: the device stays known at the first */
	{
		Rdv__RegisterPeer p = RDV__REGISTER_PEER__INIT;
		message m = RDV__RENDEZVOUS_MESSAGE__INIT;

		p.id = d.id;
		m.union_case = M(REGISTER_PEER);
		m.register_peer = &p;
		udp_send(d.udp, srv.nat, &m);
	}
	ck_assert_ptr_null(udp_recv(d.udp, SILENCE_MS));
	ck_assert(device_keep_alive(&d));
	device_done(&d);
}
END_TEST

START_TEST(tcp_tells_the_address_too)
{
	Rdv__TestNatRequest p = RDV__TEST_NAT_REQUEST__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT, *got;
	struct sockaddr_storage ss;
	int fd = tcp_open(5, srv.port);

	p.want_address = true;
	m.union_case = M(TEST_NAT_REQUEST);
	m.test_nat_request = &p;
	tcp_send(fd, &m);
	got = viewer_answer(fd, M(TEST_NAT_RESPONSE), WAIT_MS);
	hws_addr_decode(hws_bytes(got->test_nat_response->address.data,
					got->test_nat_response->address.len),
			&ss, NULL);
	ck_assert_uint_eq(ntohs(((struct sockaddr_in *)&ss)->sin_port), local_port(fd));
	ck_assert_uint_eq(got->test_nat_response->other_port, srv.nat);
	hws_rdv_free(got);
	close(fd);
}
END_TEST

static json_t *last_attempt(const char *id)
{
	json_t *ans = server_ask(&srv, "why", "id", id);
	json_t *one = json_incref(json_array_get(json_object_get(ans, "attempts"), 0));

	ck_assert_ptr_nonnull(one);
	json_decref(ans);
	return one;
}

static void assert_says(const json_t *attempt, const char *name, const char *want)
{
	const char *text = json_string_value(json_object_get(attempt, name));

	ck_assert_ptr_nonnull(text);
	ck_assert_msg(strcmp(text, want) == 0, "%s is '%s', not '%s'", name, text, want);
}

static void ask_relay(int fd, const char *id, bool udp_blocked)
{
	Rdv__RequestRelay p = RDV__REQUEST_RELAY__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;

	p.id = (char *)(uintptr_t)id;
	p.uuid = (char *)"8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e";
	p.relay_server = (char *)"relay.example.com";
	p.udp_blocked = udp_blocked;
	m.union_case = M(REQUEST_RELAY);
	m.request_relay = &p;
	tcp_send(fd, &m);
}

START_TEST(an_operator_learns_why_it_was_not_direct)
{
	Rdv__PunchHoleSent p;
	struct offer viewer;
	struct device d;
	message *push, *m, out;
	json_t *why;
	int fd = tcp_open(9, srv.port), punching = udp_open(1);

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	offer_make(&viewer, 0x20);
	ask_with(fd, d.id, &viewer, false);
	push = device_pushed(&d, M(PUNCH_HOLE));
	fill_sent(&p, &out, d.id, push->punch_hole->socket_addr);
	p.nat_type = RDV__NAT_TYPE__SYMMETRIC;
	udp_send(punching, srv.port, &out);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	hws_rdv_free(m);
	hws_rdv_free(push);
	why = last_attempt(d.id);
	assert_says(why, "outcome", "direct-udp");
	assert_says(why, "viewer_offers", "udp, ipv6, mapped port, candidates");
	assert_says(why, "host_offers", "udp");
	assert_says(why, "ways", "udp");
	assert_says(why, "forced", "no");
	json_decref(why);
	/* on another link, as viewers do */
	close(fd);
	fd = tcp_open(9, srv.port);
	ask_relay(fd, d.id, false);
	push = device_pushed(&d, M(REQUEST_RELAY));
	device_answer_relay(&d, 1,
			hws_bytes(push->request_relay->socket_addr.data,
					push->request_relay->socket_addr.len),
			NULL, NULL);
	hws_rdv_free(viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS));
	hws_rdv_free(push);
	why = last_attempt(d.id);
	assert_says(why, "outcome", "relay-after-direct");
	assert_says(why, "host_nat", "not-punchable");
	assert_says(why, "ways", "udp, relay");
	assert_says(why, "result",
			"relayed, it seems: the viewer asked for the relay, and the device agreed");
	assert_says(why, "why_relayed", "the device's network changes ports for each target");
	json_decref(why);
	close(fd);
	close(punching);
	device_done(&d);
}
END_TEST

/* Each end's word that its UDP does not get through: the viewer reads the device's, the operator
 * both; nobody else does. */
START_TEST(an_operator_learns_that_udp_is_blocked)
{
	json_int_t before = server_counter(&srv, "relayed_udp_blocked");
	Rdv__PunchHoleSent p;
	struct device d;
	message *push, *m, out;
	json_t *why;
	int fd = viewer_punch(&srv, 9, "123456789");

	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS); /* nobody is there yet */
	hws_rdv_free(m);
	close(fd);
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = viewer_punch(&srv, 9, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	fill_sent(&p, &out, d.id, push->punch_hole->socket_addr);
	p.udp_blocked = true;
	{
		int answering = tcp_open(1, srv.port);

		tcp_send(answering, &out);
		m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
		close(answering);
	}
	ck_assert(m->punch_hole_response->udp_blocked);
	ck_assert(m->punch_hole_response->tests_udp);
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	fd = tcp_open(9, srv.port);
	ask_relay(fd, d.id, true);
	push = device_pushed(&d, M(REQUEST_RELAY));
	ck_assert(!push->request_relay->udp_blocked);
	device_answer_relay(&d, 1,
			hws_bytes(push->request_relay->socket_addr.data,
					push->request_relay->socket_addr.len),
			NULL, NULL);
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert(m->relay_response->tests_udp);
	hws_rdv_free(m);
	hws_rdv_free(push);
	why = last_attempt(d.id);
	assert_says(why, "outcome", "relay-after-direct");
	assert_says(why, "host_offers", "udp blocked");
	assert_says(why, "viewer_offers", "udp blocked");
	assert_says(why, "why_relayed",
			"UDP is blocked at the viewer: this server answers it by TCP, and never by UDP");
	json_decref(why);
	ck_assert_int_eq(server_counter(&srv, "relayed_udp_blocked"), before + 1);
	close(fd);
	device_done(&d);
}
END_TEST

/* The device's answer that it wants the relay, with its reason. */
static void choose_relay(
		const char *id, ProtobufCBinaryData addr, unsigned reason, struct offer *offer)
{
	Rdv__RelayResponse p = RDV__RELAY_RESPONSE__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	int fd = tcp_open(1, srv.port);

	p.socket_addr = addr;
	p.uuid = (char *)"8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e";
	p.relay_server = (char *)"relay.example.com";
	p.union_case = RDV__RELAY_RESPONSE__UNION_ID;
	p.id = (char *)(uintptr_t)id;
	p.nat_type = RDV__NAT_TYPE__SYMMETRIC;
	p.relay_reason = reason;
	if (offer) {
		p.candidates = offer->list;
		p.n_candidates = OFFERED;
	}
	out.union_case = M(RELAY_RESPONSE);
	out.relay_response = &p;
	tcp_send(fd, &out);
	ck_assert(tcp_closed(fd, WAIT_MS));
	close(fd);
}

/* One attempt that ends at the relay, for the reason that the device says. */
static json_t *relayed(struct device *d, bool forced, unsigned reason, bool offers)
{
	struct offer viewer, host;
	message *push, *m;
	int fd = tcp_open(9, srv.port);

	offer_make(&viewer, 0x20);
	offer_make(&host, 0x60);
	ask_with(fd, d->id, &viewer, forced);
	push = device_pushed(d, M(PUNCH_HOLE));
	choose_relay(d->id, push->punch_hole->socket_addr, reason, offers ? &host : NULL);
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert_uint_eq(m->relay_response->relay_reason, reason); /* of a newer host, too */
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	return last_attempt(d->id);
}

START_TEST(an_operator_learns_who_wanted_the_relay)
{
	struct device d;
	json_t *why;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	why = relayed(&d, true, 0, false);
	assert_says(why, "outcome", "relay");
	assert_says(why, "forced", "by the viewer");
	assert_says(why, "why_relayed", "the viewer demands the relay");
	ck_assert_ptr_null(json_object_get(why, "host_says"));
	json_decref(why);
	why = relayed(&d, false, 4, false);
	assert_says(why, "forced", "no");
	assert_says(why, "why_relayed", "the device's network changes ports for each target");
	assert_says(why, "host_says", "my settings or network allow no direct connections");
	json_decref(why);
	why = relayed(&d, false, 4000000000u, false); /* not known here */
	ck_assert_ptr_null(json_object_get(why, "host_says"));
	json_decref(why);
	device_done(&d);
}
END_TEST

/* The device has the relay in mind, and both have IPv6: which way they went no server knows, nor
 * counts. */
START_TEST(an_operator_is_not_told_of_a_relay_that_nobody_saw)
{
	json_int_t before = server_counter(&srv, "relayed");
	json_int_t either = server_counter(&srv, "relayed_or_direct");
	struct device d;
	json_t *why;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	why = relayed(&d, false, 3, true);
	assert_says(why, "outcome", "relay-or-direct");
	assert_says(why, "ways", "ipv6, mapped port, relay");
	assert_says(why, "result",
			"relayed, or direct by one of the other ways: this server does not see which");
	assert_says(why, "why_relay", "the device's network changes ports for each target");
	ck_assert_ptr_null(json_object_get(why, "why_relayed"));
	json_decref(why);
	ck_assert_int_eq(server_counter(&srv, "relayed"), before);
	ck_assert_int_eq(server_counter(&srv, "relayed_or_direct"), either + 1);
	/* demanded: then there is no other */
	why = relayed(&d, true, 5, true);
	assert_says(why, "outcome", "relay");
	assert_says(why, "ways", "relay");
	assert_says(why, "result", "relayed");
	json_decref(why);
	ck_assert_int_eq(server_counter(&srv, "relayed"), before + 1);
	device_done(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/reach");
	TCase *t = test_case(s, "reach", 120,
			TESTS(candidates_pass_both_ways_and_two_answers_arrive,
					who_wants_the_relay_is_told_no_addresses,
					candidates_pass_within_one_network,
					forged_datagrams_answer_nobody,
					a_network_learns_its_address_and_what_it_lets_in,
					a_nat_test_amplifies_nothing,
					what_a_path_carries_can_be_measured,
					the_second_port_does_nothing_else,
					tcp_tells_the_address_too,
					an_operator_learns_why_it_was_not_direct,
					an_operator_learns_that_udp_is_blocked,
					an_operator_learns_who_wanted_the_relay,
					an_operator_is_not_told_of_a_relay_that_nobody_saw));

	tcase_add_checked_fixture(t, setup, teardown);
	return test_suite_run(s);
}
