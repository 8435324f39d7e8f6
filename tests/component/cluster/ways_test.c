/* Two hawser-rendezvous on one PostgreSQL: devices of one are reached from the other, by every
 * way. */
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include "shared/crypto/identity.h"
#include "shared/wire/addr_codec.h"
#include "tests/component/cluster/nodes.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <string.h>
#include <unistd.h>

#define UUID "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e"

START_TEST(a_device_of_one_node_is_punched_from_the_other)
{
	struct device d;
	struct sockaddr_storage ss;
	message *push, *m;
	int fd;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	fd = viewer_punch(&a, 9, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	hws_addr_decode(hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			&ss, NULL);
	ck_assert_uint_eq(ntohs(((struct sockaddr_in *)&ss)->sin_port), local_port(fd));
	ck_assert_uint_eq(ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr), 0x7f000009u);
	ck_assert_str_eq(push->punch_hole->relay_server, "relay.example.com");
	device_answer_sent(&d, 5,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d.id);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	hws_addr_decode(hws_bytes(m->punch_hole_response->socket_addr.data,
					m->punch_hole_response->socket_addr.len),
			&ss, NULL);
	ck_assert_uint_eq(ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr), 0x7f000005u);
	ck_assert(!m->punch_hole_response->is_udp);
	ck_assert(statement_is_of(&a, m->punch_hole_response->pk, &d));
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(udp_punching_crosses_nodes)
{
	Rdv__PunchHoleSent p = RDV__PUNCH_HOLE_SENT__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct sockaddr_storage ss;
	struct device d;
	message *push, *m;
	int punching, fd;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	fd = tcp_open(9, a.port);
	viewer_ask(fd, &a, d.id, RDV__NAT_TYPE__ASYMMETRIC, false, 40404);
	push = device_pushed(&d, M(PUNCH_HOLE));
	ck_assert_int_eq(push->punch_hole->udp_port, 40404);
	punching = udp_open(1);
	p.socket_addr = push->punch_hole->socket_addr;
	p.id = d.id;
	p.relay_server = (char *)"relay.example.com";
	out.union_case = M(PUNCH_HOLE_SENT);
	out.punch_hole_sent = &p;
	for (int i = 0; i < 3; i++)
		udp_send(punching, b.port, &out);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert(m->punch_hole_response->is_udp);
	hws_addr_decode(hws_bytes(m->punch_hole_response->socket_addr.data,
					m->punch_hole_response->socket_addr.len),
			&ss, NULL);
	ck_assert_uint_eq(ntohs(((struct sockaddr_in *)&ss)->sin_port), local_port(punching));
	hws_rdv_free(m);
	ck_assert_ptr_null(tcp_recv(fd, SILENCE_MS));
	hws_rdv_free(push);
	close(punching);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(two_ends_of_one_network_exchange_addresses_across_nodes)
{
	Rdv__LocalAddr p = RDV__LOCAL_ADDR__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	uint8_t again[HWS_ADDR_WIRE_MAX], local[HWS_ADDR_WIRE_MAX];
	struct sockaddr_storage viewer, lan = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&lan;
	struct device d;
	message *push, *m;
	int fd, reply;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	fd = viewer_punch(&a, 1, d.id);
	push = device_pushed(&d, M(FETCH_LOCAL_ADDR));
	hws_addr_decode(hws_bytes(push->fetch_local_addr->socket_addr.data,
					push->fetch_local_addr->socket_addr.len),
			&viewer, NULL);
	in->sin_family = AF_INET;
	in->sin_port = htons(54321);
	in->sin_addr.s_addr = htonl(0xc0a80105u);
	p.socket_addr = (ProtobufCBinaryData){ hws_addr_encode(&viewer, 77, again), again };
	p.local_addr = (ProtobufCBinaryData){ hws_addr_encode(&lan, 78, local), local };
	p.id = d.id;
	out.union_case = M(LOCAL_ADDR);
	out.local_addr = &p;
	/* somebody else's word does not count */
	reply = tcp_open(7, b.port);
	tcp_send(reply, &out);
	ck_assert_ptr_null(tcp_recv(fd, SILENCE_MS));
	close(reply);
	reply = tcp_open(1, b.port);
	tcp_send(reply, &out);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert(m->punch_hole_response->is_local);
	ck_assert_mem_eq(m->punch_hole_response->socket_addr.data, local, p.local_addr.len);
	ck_assert(statement_is_of(&a, m->punch_hole_response->pk, &d));
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(reply);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(the_relay_is_agreed_across_nodes)
{
	Rdv__RequestRelay p = RDV__REQUEST_RELAY__INIT;
	Rdv__ControlPermissions all = RDV__CONTROL_PERMISSIONS__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct device d;
	message *push, *m;
	int fd;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	/* the device chooses the relay */
	fd = tcp_open(9, a.port);
	viewer_ask(fd, &a, d.id, RDV__NAT_TYPE__SYMMETRIC, true, 0);
	push = device_pushed(&d, M(PUNCH_HOLE));
	ck_assert(push->punch_hole->force_relay);
	device_answer_relay(&d, 1,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d.id, UUID);
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert_str_eq(m->relay_response->uuid, UUID);
	ck_assert(statement_is_of(&a, m->relay_response->pk, &d));
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	/* the viewer asks for it after a failed direct way */
	fd = tcp_open(9, a.port);
	p.id = d.id;
	p.uuid = (char *)UUID;
	p.relay_server = (char *)"relay.example.com";
	all.permissions = 0xaaaaaaaaaaaaaaaa; /* ALLOW, for each of them */
	p.control_permissions = &all;
	out.union_case = M(REQUEST_RELAY);
	out.request_relay = &p;
	tcp_send(fd, &out);
	push = device_pushed(&d, M(REQUEST_RELAY));
	ck_assert_str_eq(push->request_relay->uuid, UUID);
	ck_assert_str_eq(push->request_relay->relay_server, "relay.example.com");
	ck_assert(push->request_relay->secure);
	ck_assert_ptr_null(push->request_relay->control_permissions);
	device_answer_relay(&d, 1,
			hws_bytes(push->request_relay->socket_addr.data,
					push->request_relay->socket_addr.len),
			NULL, NULL);
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert_str_eq(m->relay_response->version, "1.4.9");
	ck_assert_str_eq(m->relay_response->refuse_reason, "");
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

static bool online_at(struct server *s, struct device *d, uint8_t want)
{
	char *ids[3] = { (char *)"nobody-7", d->id, (char *)"nobody-8" };
	Rdv__OnlineRequest p = RDV__ONLINE_REQUEST__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m;
	bool is;
	int fd = tcp_open(9, s->nat);

	p.id = (char *)"viewer";
	p.n_peers = 3;
	p.peers = ids;
	out.union_case = M(ONLINE_REQUEST);
	out.online_request = &p;
	tcp_send(fd, &out);
	m = viewer_answer(fd, M(ONLINE_RESPONSE), WAIT_MS);
	ck_assert_uint_eq(m->online_response->states.len, 1);
	is = m->online_response->states.data[0] == want;
	hws_rdv_free(m);
	close(fd);
	return is;
}

START_TEST(online_queries_and_refusals_see_all_nodes)
{
	struct device d;
	uint64_t end;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS)); /* shows the key too, so that this address may ask */
	ck_assert(online_at(&a, &d, 0x40));
	ck_assert(refused(&a, "987654321", FAILURE(ID_NOT_EXIST), 1));
	/* an end in order counts at once, although node a never met the device */
	server_stop(&b);
	ck_assert(refused(&a, d.id, FAILURE(OFFLINE), 1));
	end = test_now_ms() + WAIT_MS;
	while (!online_at(&a, &d, 0))
		ck_assert_uint_lt(test_now_ms(), end);
	start_node(&b, "b", b_url);
	device_done(&d);
}
END_TEST

static bool peer_is(struct server *s, const char *id, bool online, const char *node)
{
	uint64_t end = test_now_ms() + WAIT_MS;
	bool is;

	do {
		json_t *o = server_ask(s, "peer", "id", id);
		const char *at = json_string_value(json_object_get(o, "node"));

		is = json_is_true(json_object_get(o, "online")) == online &&
				hws_str_equal(at ? at : "", node);
		json_decref(o);
	} while (!is && test_now_ms() < end);
	return is;
}

static bool forgotten(void *device)
{
	return !device_keep_alive(device);
}

/* An operator sees and removes devices of any node at the one he asks. */
START_TEST(an_operator_sees_the_devices_of_all_nodes)
{
	struct device d;
	json_t *o, *one;

	device_init(&d, &a, 1, "123456789");
	device_online(&d);
	ck_assert(peer_is(&a, d.id, true, "a"));
	ck_assert(peer_is(&b, d.id, true, "a"));
	o = server_ask(&b, "devices", NULL, NULL);
	one = json_array_get(json_object_get(o, "devices"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(one, "id")), d.id);
	ck_assert(json_is_true(json_object_get(one, "online")));
	ck_assert_str_eq(json_string_value(json_object_get(one, "node")), "a");
	json_decref(o);
	json_decref(server_ask(&b, "remove", "id", d.id));
	ck_assert(test_until(forgotten, &d, WAIT_MS));
	o = server_ask(&b, "devices", NULL, NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "devices")), 0);
	json_decref(o);
	device_online(&d);
	ck_assert(peer_is(&b, d.id, true, "a"));
	server_stop(&a);
	ck_assert(peer_is(&b, d.id, false, ""));
	start_node(&a, "a", pg.url);
	device_done(&d);
}
END_TEST

START_TEST(a_device_that_moves_is_found_where_it_is)
{
	struct device d;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	moves_to(&d, &a);
	ck_assert(reached(&a, &d, AGAIN_MS));
	ck_assert(reached(&b, &d, AGAIN_MS)); /* b has let it go */
	moves_to(&d, &b);
	ck_assert(reached(&b, &d, AGAIN_MS));
	ck_assert(reached(&a, &d, AGAIN_MS));
	device_done(&d);
}
END_TEST

/* Registers once more; true when the id was said to be another's. */
static bool denied(struct device *d)
{
	bool is = false;
	message *m;

	device_send_pk(d);
	while (!is && (m = udp_recv(d->udp, 200))) {
		is = m->union_case == M(REGISTER_PK_RESPONSE) &&
				m->register_pk_response->result == R(UUID_MISMATCH);
		hws_rdv_free(m);
	}
	return is;
}

START_TEST(a_device_met_by_one_node_is_no_stranger_to_the_other)
{
	struct device d, thief;
	uint64_t end;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	/* somebody who wants its id at the other node */
	device_init(&thief, &a, 2, "123456789");
	thief.uuid[0] = 'X';
	end = test_now_ms() + WAIT_MS;
	while (!denied(&thief)) /* until the database has been heard */
		ck_assert_uint_lt(test_now_ms(), end);
	ck_assert(reached(&a, &d, AGAIN_MS));
	ck_assert(reached(&b, &d, AGAIN_MS));
	device_done(&d);
	device_done(&thief);
}
END_TEST

/* The name of the servers has both addresses: each link of device and viewer may lead to either
 * node. */
START_TEST(answers_and_relay_requests_may_come_to_any_node)
{
	Rdv__RequestRelay p = RDV__REQUEST_RELAY__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct device d;
	message *push, *m;
	int fd;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	fd = viewer_punch(&a, 9, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	d.server = &a; /* where its answers go */
	device_answer_sent(&d, 1,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d.id);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert(statement_is_of(&a, m->punch_hole_response->pk, &d));
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	/* the viewer was told the relay by node a, and asks node b for it */
	fd = tcp_open(9, b.port);
	p.id = d.id;
	p.uuid = (char *)UUID;
	out.union_case = M(REQUEST_RELAY);
	out.request_relay = &p;
	tcp_send(fd, &out);
	push = device_pushed(&d, M(REQUEST_RELAY));
	ck_assert_str_eq(push->request_relay->relay_server, "relay.example.com");
	device_answer_relay(&d, 1,
			hws_bytes(push->request_relay->socket_addr.data,
					push->request_relay->socket_addr.len),
			NULL, NULL);
	/* and the answer of the device comes to node a, which has nothing to do with it */
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert_str_eq(m->relay_response->refuse_reason, "");
	ck_assert_str_eq(m->relay_response->version, "1.4.9");
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	/* somebody who was let through by nobody */
	fd = tcp_open(8, b.port);
	tcp_send(fd, &out);
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert_ptr_nonnull(strstr(m->relay_response->refuse_reason, "does not know"));
	hws_rdv_free(m);
	close(fd);
	device_done(&d);
}
END_TEST

static void set_up_linked(void)
{
	nodes_linked = true;
	set_up();
	until_linked();
}

int main(void)
{
	Suite *s = suite_create("rendezvous/cluster ways");
	TCase *t = test_case(s, "nodes", 90,
			TESTS(a_device_of_one_node_is_punched_from_the_other,
					udp_punching_crosses_nodes,
					two_ends_of_one_network_exchange_addresses_across_nodes,
					the_relay_is_agreed_across_nodes,
					online_queries_and_refusals_see_all_nodes,
					an_operator_sees_the_devices_of_all_nodes,
					a_device_that_moves_is_found_where_it_is,
					a_device_met_by_one_node_is_no_stranger_to_the_other,
					answers_and_relay_requests_may_come_to_any_node));

	tcase_add_unchecked_fixture(t, start_database, stop_database);
	tcase_add_checked_fixture(t, set_up, tear_down);
	/* what goes from node to node once more, over their link */
	t = test_case(s, "links", 90,
			TESTS(a_device_of_one_node_is_punched_from_the_other,
					udp_punching_crosses_nodes,
					two_ends_of_one_network_exchange_addresses_across_nodes,
					the_relay_is_agreed_across_nodes,
					a_device_that_moves_is_found_where_it_is,
					answers_and_relay_requests_may_come_to_any_node));
	tcase_add_unchecked_fixture(t, start_database, stop_database);
	tcase_add_checked_fixture(t, set_up_linked, tear_down);
	return test_suite_run(s);
}
