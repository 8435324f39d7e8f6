/* Every conversation that brings a deployed viewer to a device, message by message: punching by TCP
 * and UDP, within one network, by the relay, and what is said when it fails. */
#include "shared/crypto/box.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/record.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/frame.h"
#include "shared/wire/server_kx.h"
#include "shared/wire/ticket.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/component/rendezvous/stage.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <unistd.h>

START_TEST(tcp_punch)
{
	struct device d;
	struct sockaddr_storage ss;
	message *push, *m;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = viewer_punch(&srv, 9, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	hws_addr_decode(hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			&ss, NULL);
	ck_assert_uint_eq(ntohs(((struct sockaddr_in *)&ss)->sin_port), local_port(fd));
	ck_assert_uint_eq(ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr), 0x7f000009u);
	ck_assert_str_eq(push->punch_hole->relay_server, "relay.example.com");
	ck_assert_int_eq(push->punch_hole->nat_type, RDV__NAT_TYPE__ASYMMETRIC);
	device_answer_sent(&d, 1,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d.id);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert_uint_gt(m->punch_hole_response->socket_addr.len, 0);
	ck_assert(!m->punch_hole_response->is_udp);
	ck_assert_int_eq(m->punch_hole_response->union_case,
			RDV__PUNCH_HOLE_RESPONSE__UNION_NAT_TYPE);
	ck_assert(statement_is_of(&srv, m->punch_hole_response->pk, &d));
	hws_addr_decode(hws_bytes(m->punch_hole_response->socket_addr.data,
					m->punch_hole_response->socket_addr.len),
			&ss, NULL);
	ck_assert_uint_eq(ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr), 0x7f000001u);
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(udp_punch_carries_udp_port_and_answers_with_is_udp)
{
	Rdv__PunchHoleSent p = RDV__PUNCH_HOLE_SENT__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct sockaddr_storage ss;
	struct device d;
	message *push, *m;
	int punching, fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = tcp_open(9, srv.port);
	viewer_ask(fd, &srv, d.id, RDV__NAT_TYPE__ASYMMETRIC, false, 40404);
	push = device_pushed(&d, M(PUNCH_HOLE));
	ck_assert_int_eq(push->punch_hole->udp_port, 40404);
	punching = udp_open(1);
	p.socket_addr = push->punch_hole->socket_addr;
	p.id = d.id;
	p.relay_server = (char *)"relay.example.com";
	p.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	out.union_case = M(PUNCH_HOLE_SENT);
	out.punch_hole_sent = &p;
	for (int i = 0; i < 3; i++) /* deployed hosts send it three times */
		udp_send(punching, srv.port, &out);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert(m->punch_hole_response->is_udp);
	/* also without a version the key is vouched for */
	ck_assert(statement_is_of(&srv, m->punch_hole_response->pk, &d));
	hws_addr_decode(hws_bytes(m->punch_hole_response->socket_addr.data,
					m->punch_hole_response->socket_addr.len),
			&ss, NULL);
	ck_assert_uint_eq(ntohs(((struct sockaddr_in *)&ss)->sin_port), local_port(punching));
	hws_rdv_free(m);
	ck_assert_ptr_null(tcp_recv(fd, SILENCE_MS)); /* the repeats are not passed on */
	hws_rdv_free(push);
	close(punching);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(same_network_exchanges_local_addresses)
{
	Rdv__LocalAddr p = RDV__LOCAL_ADDR__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	uint8_t again[HWS_ADDR_WIRE_MAX], local[HWS_ADDR_WIRE_MAX];
	struct sockaddr_storage viewer, lan = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&lan;
	struct device d;
	message *push, *m;
	int fd, reply;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = viewer_punch(&srv, 1, d.id);
	push = device_pushed(&d, M(FETCH_LOCAL_ADDR));
	ck_assert_str_eq(push->fetch_local_addr->relay_server, "relay.example.com");
	/* B decodes the address and disguises it again with a time of its own */
	hws_addr_decode(hws_bytes(push->fetch_local_addr->socket_addr.data,
					push->fetch_local_addr->socket_addr.len),
			&viewer, NULL);
	in->sin_family = AF_INET;
	in->sin_port = htons(54321);
	in->sin_addr.s_addr = htonl(0xc0a80105u);
	p.socket_addr = (ProtobufCBinaryData){ hws_addr_encode(&viewer, 77, again), again };
	p.local_addr = (ProtobufCBinaryData){ hws_addr_encode(&lan, 78, local), local };
	p.relay_server = (char *)"relay.example.com";
	p.id = d.id;
	p.version = (char *)"1.4.9";
	out.union_case = M(LOCAL_ADDR);
	out.local_addr = &p;
	reply = tcp_open(1, srv.port);
	tcp_send(reply, &out);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert_int_eq(m->punch_hole_response->union_case,
			RDV__PUNCH_HOLE_RESPONSE__UNION_IS_LOCAL);
	ck_assert(m->punch_hole_response->is_local);
	ck_assert_mem_eq(m->punch_hole_response->socket_addr.data, local, p.local_addr.len);
	ck_assert(statement_is_of(&srv, m->punch_hole_response->pk, &d));
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(reply);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(forced_relay)
{
	struct device d;
	message *push, *m;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = tcp_open(9, srv.port);
	viewer_ask(fd, &srv, d.id, RDV__NAT_TYPE__SYMMETRIC, true, 0);
	push = device_pushed(&d, M(PUNCH_HOLE));
	ck_assert(push->punch_hole->force_relay);
	ck_assert_int_eq(push->punch_hole->nat_type, RDV__NAT_TYPE__SYMMETRIC);
	device_answer_relay(&d, 1,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d.id, "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e");
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert_uint_eq(m->relay_response->socket_addr.len, 0);
	ck_assert_str_eq(m->relay_response->uuid, "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e");
	ck_assert_str_eq(m->relay_response->relay_server, "relay.example.com");
	ck_assert_int_eq(m->relay_response->union_case, RDV__RELAY_RESPONSE__UNION_PK);
	ck_assert(statement_is_of(&srv, m->relay_response->pk, &d));
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

/* Ends with the viewer having been told relay.example.com. */
static void punched(struct device *d, unsigned viewer)
{
	int fd = viewer_punch(&srv, viewer, d->id);
	message *push = device_pushed(d, M(PUNCH_HOLE));

	device_answer_sent(d, 1,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d->id);
	hws_rdv_free(viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS));
	hws_rdv_free(push);
	close(fd);
}

START_TEST(direct_failed_then_relay)
{
	Rdv__RequestRelay p = RDV__REQUEST_RELAY__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct device d;
	message *push, *m;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	punched(&d, 9);
	fd = tcp_open(9, srv.port);
	p.id = d.id;
	p.uuid = (char *)"8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e";
	p.relay_server = (char *)"relay.example.com";
	p.secure = true;
	p.token = (char *)"secret";
	p.switch_code = (char *)"code";
	out.union_case = M(REQUEST_RELAY);
	out.request_relay = &p;
	tcp_send(fd, &out);
	push = device_pushed(&d, M(REQUEST_RELAY));
	ck_assert_str_eq(push->request_relay->uuid, p.uuid);
	ck_assert_str_eq(push->request_relay->relay_server, "relay.example.com");
	ck_assert(push->request_relay->secure);
	ck_assert_str_eq(push->request_relay->switch_code, "code");
	ck_assert_uint_gt(push->request_relay->socket_addr.len, 0);
	device_answer_relay(&d, 1,
			hws_bytes(push->request_relay->socket_addr.data,
					push->request_relay->socket_addr.len),
			NULL, NULL);
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert_str_eq(m->relay_response->version, "1.4.9");
	ck_assert_str_eq(m->relay_response->refuse_reason, "");
	ck_assert_uint_eq(m->relay_response->socket_addr.len, 0);
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(refusals_name_their_reason)
{
	json_t *ans;
	struct device d;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	expect_refusal("987654321", NULL, RDV__PUNCH_HOLE_RESPONSE__FAILURE__ID_NOT_EXIST);
	expect_refusal(d.id, "wrong", RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_MISMATCH);
	ans = server_ask(&srv, "kick", "id", d.id);
	ck_assert(json_is_true(json_object_get(ans, "ok")));
	json_decref(ans);
	expect_refusal(d.id, NULL, RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE);
	device_done(&d);
}
END_TEST

START_TEST(several_answers_pass_while_the_link_lives)
{
	struct device a, b;
	message *push, *m;
	int fd;

	device_init(&a, &srv, 1, "123456789");
	device_init(&b, &srv, 1, "223456789");
	device_online(&a);
	device_online(&b);
	fd = tcp_open(9, srv.port);
	for (int i = 0; i < 2; i++) {
		struct device *d = i ? &b : &a;

		viewer_ask(fd, &srv, d->id, RDV__NAT_TYPE__ASYMMETRIC, false, 0);
		push = device_pushed(d, M(PUNCH_HOLE));
		device_answer_sent(d, 1,
				hws_bytes(push->punch_hole->socket_addr.data,
						push->punch_hole->socket_addr.len),
				d->id);
		m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
		ck_assert(statement_is_of(&srv, m->punch_hole_response->pk, d));
		hws_rdv_free(m);
		hws_rdv_free(push);
	}
	close(fd);
	device_done(&a);
	device_done(&b);
}
END_TEST

START_TEST(why_tells_what_happened)
{
	struct device d;
	json_t *ans, *first;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	punched(&d, 9);
	expect_refusal("987654321", NULL, RDV__PUNCH_HOLE_RESPONSE__FAILURE__ID_NOT_EXIST);
	ans = server_ask(&srv, "why", "id", d.id);
	first = json_array_get(json_object_get(ans, "attempts"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(first, "outcome")), "direct-tcp");
	ck_assert_str_eq(json_string_value(json_object_get(first, "viewer")), "127.0.0.9");
	json_decref(ans);
	ans = server_ask(&srv, "why", "id", "987654321");
	first = json_array_get(json_object_get(ans, "attempts"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(first, "outcome")), "absent");
	json_decref(ans);
	device_done(&d);
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("rendezvous/punch", 60, setup, teardown,
			TESTS(tcp_punch, udp_punch_carries_udp_port_and_answers_with_is_udp,
					same_network_exchanges_local_addresses, forced_relay,
					direct_failed_then_relay, refusals_name_their_reason,
					several_answers_pass_while_the_link_lives,
					why_tells_what_happened));
}
