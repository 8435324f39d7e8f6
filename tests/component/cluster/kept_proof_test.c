/* A device that proved itself at one node is moved by nobody at the other: neither by datagrams
 * with its key and machine id, nor over a link, nor after a restart; and viewers of either node are
 * told that it speaks v2, so that a handshake from which that was taken out is refused. */
#include "proto/session.pb-c.h"
#include "shared/crypto/box.h"
#include "shared/crypto/identity.h"
#include "shared/net/addr.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/limits.h"
#include "shared/wire/proof.h"
#include "shared/wire/secure.h"
#include "tests/component/cluster/nodes.h"
#include "tests/support/suite.h"
#include <check.h>
#include <string.h>
#include <unistd.h>

#define ID "123456789"
#define SPOOFER 7

static uint8_t nonce[HWS_PROOF_NONCE_LEN] = { 1, 2, 3 };

static void send_proving(struct device *d, const uint8_t *cookie, const uint8_t *key)
{
	struct hws_proof p = { .has_nonce = true, .has_cookie = cookie != NULL };
	Rdv__RegisterPk k = RDV__REGISTER_PK__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct hws_buf packed;

	k.id = d->id;
	k.uuid = (ProtobufCBinaryData){ d->uuid_len, d->uuid };
	k.pk = (ProtobufCBinaryData){ sizeof(d->pk), d->pk };
	m.union_case = M(REGISTER_PK);
	m.register_pk = &k;
	memcpy(p.nonce, nonce, sizeof(nonce));
	if (cookie)
		memcpy(p.cookie, cookie, sizeof(p.cookie));
	hws_buf_init(&packed, HWS_RDV_DATAGRAM_MAX);
	ck_assert_int_eq(hws_rdv_pack(&m, &packed), HWS_OK);
	ck_assert_int_eq(hws_proof_append(&packed, &p, key), HWS_OK);
	udp_send_raw(d->udp, d->server->port, hws_buf_bytes(&packed));
	hws_buf_done(&packed);
}

static void take_cookie(struct device *d, uint8_t cookie[HWS_PROOF_COOKIE_LEN])
{
	uint64_t end = test_now_ms() + WAIT_MS;

	while (test_now_ms() < end) {
		uint8_t buf[HWS_RDV_DATAGRAM_MAX];
		struct hws_proof p;
		ssize_t n = recv(d->udp, buf, sizeof(buf), MSG_DONTWAIT);

		if (n > 0 && hws_proof_read(hws_bytes(buf, (size_t)n), &p) == HWS_OK &&
				p.has_cookie) {
			memcpy(cookie, p.cookie, sizeof(p.cookie));
			return;
		}
		if (n <= 0)
			usleep(5000);
	}
	ck_abort_msg("no cookie came");
}

static void prove(struct device *d)
{
	uint8_t cookie[HWS_PROOF_COOKIE_LEN], server_pk[HWS_PK_LEN];
	struct hws_proof_keys keys;
	struct hws_identity own;
	message *m;

	hws_identity_from_seed(d->seed, &own);
	ck_assert_int_eq(hws_key_parse(d->server->key, server_pk), HWS_OK);
	ck_assert_int_eq(hws_proof_agree(&own, d->pk, server_pk, &keys), HWS_OK);
	while ((m = udp_recv(d->udp, 0)))
		hws_rdv_free(m);
	send_proving(d, NULL, NULL);
	take_cookie(d, cookie);
	send_proving(d, cookie, keys.host_secret);
	m = device_pushed(d, M(REGISTER_PK_RESPONSE));
	ck_assert_int_eq(m->register_pk_response->result, R(OK));
	hws_rdv_free(m);
}

static const char *place(void)
{
	return test_pg_sql(&pg,
			"SELECT n.name FROM hawser.location l JOIN hawser.node n USING (boot) "
			"WHERE l.id = '" ID "'");
}

static void until_placed(const char *node)
{
	uint64_t end = test_now_ms() + AGAIN_MS;

	while (strcmp(place(), node) != 0) {
		ck_assert_msg(test_now_ms() < end, "it is at '%s', not at %s", place(), node);
		usleep(50000);
	}
}

static void until_written(const char *proves)
{
	uint64_t end = test_now_ms() + AGAIN_MS;

	while (strcmp(test_pg_sql(&pg, "SELECT proves::text FROM hawser.peer WHERE id = '" ID "'"),
			       proves) != 0) {
		ck_assert(test_now_ms() < end);
		usleep(50000);
	}
}

/* All that who knows id, machine id and key can say at a node; the place is looked at all the
 * time. */
static void spoof_at(struct server *s, const struct device *victim, const char *home)
{
	Rdv__RegisterPk k = RDV__REGISTER_PK__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m;
	struct device d = *victim;
	int link = tcp_open(SPOOFER, s->port);

	d.server = s;
	d.udp = udp_open(SPOOFER);
	k.id = d.id;
	k.uuid = (ProtobufCBinaryData){ d.uuid_len, d.uuid };
	k.pk = (ProtobufCBinaryData){ sizeof(d.pk), d.pk };
	out.union_case = M(REGISTER_PK);
	out.register_pk = &k;
	for (int i = 0; i < 4; i++) {
		uint64_t end = test_now_ms() + 400;

		device_send_peer((struct device *)(uintptr_t)victim); /* at home all the time */
		device_send_pk(&d);
		device_send_pk(&d);
		device_send_peer(&d);
		tcp_send(link, &out);
		close(viewer_punch(s, 9, d.id));
		while (test_now_ms() < end) {
			ck_assert_str_eq(place(), home);
			while ((m = udp_recv(d.udp, 0))) {
				ck_assert_int_ne(m->union_case, M(PUNCH_HOLE));
				hws_rdv_free(m);
			}
		}
	}
	close(link);
	device_done(&d);
}

/* Not of an attempt that was given up. */
static bool is_of(const message *push, int fd)
{
	ProtobufCBinaryData addr = push->punch_hole->socket_addr;
	struct sockaddr_storage ss;

	hws_addr_decode(hws_bytes(addr.data, addr.len), &ss, NULL);
	return hws_addr_port(&ss) == local_port(fd);
}

/* The push of a viewer's request; a node that has just begun may not have heard of the others. */
static message *push_of(struct server *s, struct device *d, bool relay, int *ret_fd)
{
	uint64_t end = test_now_ms() + AGAIN_MS;

	while (test_now_ms() < end) {
		message *m;

		device_send_peer(d); /* as hosts do, lest it is off line */
		*ret_fd = tcp_open(9, s->port);
		viewer_ask(*ret_fd, s, d->id, RDV__NAT_TYPE__ASYMMETRIC, relay, 0);
		while ((m = udp_recv(d->udp, 2000))) {
			if (m->union_case == M(PUNCH_HOLE) && is_of(m, *ret_fd))
				return m;
			hws_rdv_free(m);
		}
		close(*ret_fd);
	}
	ck_abort_msg("the device heard of no viewer");
}

/* What a host says that has no v2, or whose v2 was taken out on the way. */
static void meet_stripped(struct hws_secure *viewer, const struct device *d)
{
	uint8_t packed[200], signed_id[200 + HWS_SIG_LEN], box_pk[HWS_BOX_PK_LEN] = { 9 };
	uint8_t frame[400];
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__SignedId id = SES__SIGNED_ID__INIT;
	Ses__IdPk id_pk = SES__ID_PK__INIT;
	struct hws_identity own;
	size_t n;

	hws_identity_from_seed(d->seed, &own);
	id_pk.id = (char *)(uintptr_t)d->id;
	id_pk.pk = (ProtobufCBinaryData){ sizeof(box_pk), box_pk };
	n = ses__id_pk__pack(&id_pk, packed);
	hws_identity_sign_attached(&own, hws_bytes(packed, n), signed_id);
	id.id = (ProtobufCBinaryData){ HWS_SIG_LEN + n, signed_id };
	m.union_case = SES__MESSAGE__UNION_SIGNED_ID;
	m.signed_id = &id;
	ck_assert_uint_le(ses__message__get_packed_size(&m), sizeof(frame));
	n = ses__message__pack(&m, frame);
	ck_assert_int_eq(hws_secure_frame(viewer, hws_bytes(frame, n)), HWS_OK);
	ck_assert_int_eq(hws_secure_state(viewer), HWS_SECURE_FAILED);
	ck_assert_int_eq(hws_secure_err(viewer), HWS_ERR_INSECURE);
}

/* The word for viewers, and what a viewer makes of it when v2 is taken out on the way. */
static void must_vouch_for_v2(struct server *s, struct device *d, bool relay)
{
	message *push, *m;
	int fd;
	ProtobufCBinaryData word, addr;
	uint8_t server_pk[HWS_PK_LEN];
	struct hws_bytes msg;
	Ses__IdPk *id_pk;
	struct hws_secure_client_conf conf = { .id = d->id, .server_pk = server_pk };
	struct hws_secure viewer;

	push = push_of(s, d, relay, &fd);
	addr = push->punch_hole->socket_addr;
	if (relay)
		device_answer_relay(d, d->host, hws_bytes(addr.data, addr.len), d->id, "u-1");
	else
		device_answer_sent(d, d->host, hws_bytes(addr.data, addr.len), d->id);
	m = viewer_answer(fd, relay ? M(RELAY_RESPONSE) : M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	word = relay ? m->relay_response->pk : m->punch_hole_response->pk;
	ck_assert_int_eq(hws_key_parse(s->key, server_pk), HWS_OK);
	ck_assert_int_eq(hws_verify_attached(server_pk, hws_bytes(word.data, word.len), &msg),
			HWS_OK);
	id_pk = ses__id_pk__unpack(NULL, msg.len, msg.ptr);
	ck_assert_ptr_nonnull(id_pk);
	ck_assert_str_eq(id_pk->id, d->id);
	ck_assert_uint_eq(id_pk->pk.len, sizeof(d->pk));
	ck_assert_mem_eq(id_pk->pk.data, d->pk, sizeof(d->pk));
	ck_assert(id_pk->v2 && id_pk->v2->version == 2);
	ses__id_pk__free_unpacked(id_pk, NULL);
	conf.statement = hws_bytes(word.data, word.len);
	ck_assert_int_eq(hws_secure_client_init(&viewer, &conf), HWS_OK);
	meet_stripped(&viewer, d);
	hws_secure_wipe(&viewer);
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
}

START_TEST(who_is_at_another_node_does_not_move_it)
{
	struct device d;

	device_init(&d, &a, 1, ID);
	prove(&d);
	until_written("1");
	until_placed("a");
	spoof_at(&b, &d, "a"); /* which has not heard of it */
	spoof_at(&a, &d, "a");
	ck_assert_str_eq(test_pg_sql(&pg, "SELECT ip FROM hawser.peer WHERE id = '" ID "'"),
			"127.0.0.1");
	must_vouch_for_v2(&a, &d, false);
	must_vouch_for_v2(&b, &d, false);
	must_vouch_for_v2(&a, &d, true);
	must_vouch_for_v2(&b, &d, true);
	device_done(&d);
}
END_TEST

/* Node b knew it from before it could prove itself. */
START_TEST(what_another_node_remembers_of_it_is_no_way_in)
{
	struct device d;

	device_init(&d, &b, 1, ID);
	device_online(&d);
	until_placed("b");
	until_written("0");
	d.server = &a;
	prove(&d);
	until_written("1");
	until_placed("a");
	spoof_at(&b, &d, "a");
	/* and it goes where it likes */
	d.server = &b;
	prove(&d);
	until_placed("b");
	spoof_at(&a, &d, "b");
	device_done(&d);
}
END_TEST

START_TEST(nor_does_a_restart_help)
{
	struct device d;

	device_init(&d, &a, 1, ID);
	prove(&d);
	until_written("1");
	until_placed("a");
	server_stop(&a);
	start_node(&a, "a", pg.url);
	until_placed(""); /* what the run before left behind is gone when this one has joined */
	spoof_at(&a, &d, "");
	prove(&d);
	until_placed("a");
	server_stop(&b);
	start_node(&b, "b", b_url);
	spoof_at(&b, &d, "a");
	must_vouch_for_v2(&b, &d, false);
	device_done(&d);
}
END_TEST

/* Its owner has gone back to software that proves nothing. */
START_TEST(removed_it_may_come_without_a_proof_at_any_node)
{
	struct device d;

	device_init(&d, &a, 1, ID);
	prove(&d);
	until_written("1");
	until_placed("a");
	json_decref(server_ask(&b, "remove", "id", ID));
	until_placed("");
	d.server = &b;
	device_online(&d);
	until_placed("b");
	until_written("0");
	ck_assert(reached(&a, &d, AGAIN_MS)); /* with a word that says nothing of v2 */
	device_done(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/cluster kept proof");
	TCase *t = test_case(s, "proof", 120,
			TESTS(who_is_at_another_node_does_not_move_it,
					what_another_node_remembers_of_it_is_no_way_in,
					nor_does_a_restart_help,
					removed_it_may_come_without_a_proof_at_any_node));

	tcase_add_unchecked_fixture(t, start_database, stop_database);
	tcase_add_checked_fixture(t, set_up, tear_down);
	return test_suite_run(s);
}
