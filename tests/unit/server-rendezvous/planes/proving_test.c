/* A device that proves itself, and others that say they are it: by datagrams whose bytes are those
 * of the wire, from whatever address. */
#include "server-rendezvous/planes/udp_handler.h"
#include "server-rendezvous/state/proofs.h"
#include "shared/net/addr.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/proof.h"
#include "shared/wire/register_codec.h"
#include "tests/unit/server-rendezvous/table.h"
#include <check.h>
#include <string.h>

#define HOME "10.0.0.1:5000"
#define AWAY "10.6.6.6:6000" /* of the attacker, or what it writes on datagrams */
#define ID "123456789"
#define UUID "machine"

static struct table t;
static struct rdv_udp_handler handler;
static struct hws_identity device;
static struct hws_proof_keys keys;
static uint8_t nonce[HWS_PROOF_NONCE_LEN] = { 1, 2, 3 };
/* what the server answered last */
static uint8_t out[1500];
static size_t out_len;

static void on_send(const struct sockaddr_storage *to HWS_UNUSED, struct hws_bytes data,
		void *arg HWS_UNUSED)
{
	ck_assert_uint_le(data.len, sizeof(out));
	memcpy(out, data.ptr, data.len);
	out_len = data.len;
}

static void setup(void)
{
	table_init(&t);
	ck_assert_int_eq(rdv_proofs_new(&t.core.identity, &t.core.proofs), HWS_OK);
	hws_identity_generate(false, &device);
	ck_assert_int_eq(hws_proof_agree(&device, device.pk, t.core.identity.pk, &keys), HWS_OK);
	ck_assert_int_eq(rdv_udp_handler_init(&handler, &t.core), HWS_OK);
	handler.send = on_send;
}

static void teardown(void)
{
	rdv_udp_handler_done(&handler);
	rdv_proofs_free(t.core.proofs);
	t.core.proofs = NULL;
	table_done(&t);
}

static void say(const char *from, struct hws_bytes data)
{
	struct sockaddr_storage ss;

	ck_assert_int_eq(hws_addr_parse(from, 0, &ss), HWS_OK);
	out_len = 0;
	rdv_udp_handler_input(&handler, &ss, data, t.now_us);
	table_flush(&t);
}

static void pack_pk(const uint8_t pk[32], struct hws_buf *b)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RegisterPk k = RDV__REGISTER_PK__INIT;

	k.id = (char *)ID;
	k.uuid = (ProtobufCBinaryData){ strlen(UUID), (uint8_t *)UUID };
	k.pk = (ProtobufCBinaryData){ 32, (uint8_t *)(uintptr_t)pk };
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK;
	m.register_pk = &k;
	hws_buf_init(b, 1400);
	ck_assert_int_eq(hws_rdv_pack(&m, b), HWS_OK);
}

/* RegisterPk with as much of a proof as is given. */
static void say_pk(const char *from, const uint8_t *pk, const uint8_t *cookie, const uint8_t *key)
{
	struct hws_proof p = { .has_nonce = true, .has_cookie = cookie != NULL };
	struct hws_buf b;

	pack_pk(pk, &b);
	memcpy(p.nonce, nonce, sizeof(nonce));
	if (cookie)
		memcpy(p.cookie, cookie, sizeof(p.cookie));
	ck_assert_int_eq(hws_proof_append(&b, &p, key), HWS_OK);
	say(from, hws_buf_bytes(&b));
	hws_buf_done(&b);
}

static void say_plain_pk(const char *from, const uint8_t *pk)
{
	struct hws_buf b;

	pack_pk(pk, &b);
	say(from, hws_buf_bytes(&b));
	hws_buf_done(&b);
}

static void say_peer(const char *from, bool mark)
{
	uint8_t buf[64];
	size_t n = hws_register_peer_encode(hws_bytes_str(ID), 3, buf, sizeof(buf) - 3);

	if (mark) {
		memcpy(buf + n, "\xf2\x3e", 3);
		n += 3;
	}
	say(from, hws_bytes(buf, n));
}

static void take_cookie(uint8_t cookie[HWS_PROOF_COOKIE_LEN])
{
	struct hws_proof p;

	ck_assert_uint_gt(out_len, 0);
	ck_assert_int_eq(hws_proof_read(hws_bytes(out, out_len), &p), HWS_OK);
	ck_assert(p.has_cookie && p.has_nonce && !p.has_mac);
	ck_assert_mem_eq(p.nonce, nonce, sizeof(nonce));
	memcpy(cookie, p.cookie, sizeof(p.cookie));
}

/* The result of a RegisterPk that is proven by the server; -1 when it is not. */
static int proven_result(void)
{
	Rdv__RendezvousMessage *m = NULL;
	struct hws_proof p;
	int result = -1;

	if (hws_proof_read(hws_bytes(out, out_len), &p) < 0 || !p.has_seq ||
			!hws_proof_check(hws_bytes(out, out_len), &p, keys.server_secret) ||
			memcmp(p.nonce, nonce, sizeof(nonce)) != 0)
		return -1;
	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(out, out_len), &m), HWS_OK);
	if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE)
		result = (int)m->register_pk_response->result;
	hws_rdv_free(m);
	return result;
}

static void prove_from(const char *from)
{
	uint8_t cookie[HWS_PROOF_COOKIE_LEN];

	say_pk(from, device.pk, NULL, NULL);
	take_cookie(cookie);
	say_pk(from, device.pk, cookie, keys.host_secret);
}

static bool is_at(const char *where)
{
	struct rdv_peer_info info;
	struct sockaddr_storage ss;
	char text[HWS_ADDR_TEXT];

	if (!rdv_presence_get(t.core.presence, hws_bytes_str(ID), t.now_us, &info) || !info.online)
		return false;
	rdv_addr_to(&info.addr, &ss);
	return !strcmp(hws_addr_text(&ss, text, sizeof(text)), where);
}

static void settle(void)
{
	prove_from(HOME); /* the store hears of it first, and that answer cannot be proven */
	prove_from(HOME);
	ck_assert_int_eq(proven_result(), 0);
	ck_assert(is_at(HOME));
}

START_TEST(an_offer_costs_nothing_and_is_answered_shorter)
{
	struct rdv_presence_stats st;

	say_pk(HOME, device.pk, NULL, NULL);
	rdv_presence_stats(t.core.presence, &st);
	ck_assert_uint_eq(st.peers, 0);
	ck_assert_uint_gt(out_len, 0);
	ck_assert_uint_lt(out_len, 60);
}
END_TEST

START_TEST(a_device_that_proves_itself_moves_as_it_likes)
{
	settle();
	ck_assert_uint_ge(t.written, 1);
	prove_from("10.0.0.2:5001");
	ck_assert_int_eq(proven_result(), 0);
	ck_assert(is_at("10.0.0.2:5001"));
}
END_TEST

/* Two blind datagrams moved a device. */
START_TEST(nobody_else_moves_it)
{
	struct hws_identity other;

	settle();
	hws_identity_generate(false, &other);
	for (int i = 0; i < 3; i++) {
		say_plain_pk(AWAY, device.pk);
		say_peer(AWAY, false);
		say_peer(AWAY, true);
		say_plain_pk(AWAY, other.pk);
		say_pk(AWAY, device.pk, NULL, NULL);
		say_pk(AWAY, device.pk, nonce, keys.host_secret); /* no cookie of ours */
		t.now_us += 7000000;
		say_peer(HOME, true);
		ck_assert(is_at(HOME));
	}
	/* and while it is away: the attacker has its old address, too */
	table_seconds(&t, 60);
	for (int i = 0; i < 3; i++) {
		say_plain_pk(HOME, device.pk);
		say_plain_pk(AWAY, device.pk);
		say_peer(HOME, false);
		say_peer("10.0.0.1:7000", false);
		say_plain_pk("10.0.0.1:7000", other.pk);
		ck_assert(!is_at(HOME) && !is_online(&t, ID));
	}
	prove_from(HOME);
	ck_assert_int_eq(proven_result(), 0);
}
END_TEST

START_TEST(what_was_recorded_at_home_is_of_no_use_elsewhere_nor_later)
{
	uint8_t cookie[HWS_PROOF_COOKIE_LEN];

	settle();
	say_pk(HOME, device.pk, NULL, NULL);
	take_cookie(cookie);
	say_pk(AWAY, device.pk, cookie, keys.host_secret);
	ck_assert(is_at(HOME));
	table_seconds(&t, 200);
	say_pk(HOME, device.pk, cookie, keys.host_secret);
	ck_assert(!is_online(&t, ID));
}
END_TEST

START_TEST(another_key_does_not_prove_this_device)
{
	struct hws_identity other;
	struct hws_proof_keys theirs;
	uint8_t cookie[HWS_PROOF_COOKIE_LEN];

	settle();
	hws_identity_generate(false, &other);
	ck_assert_int_eq(hws_proof_agree(&other, other.pk, t.core.identity.pk, &theirs), HWS_OK);
	say_pk(AWAY, other.pk, NULL, NULL);
	take_cookie(cookie);
	say_pk(AWAY, other.pk, cookie, theirs.host_secret); /* its own key, truly */
	say_pk(AWAY, device.pk, cookie, theirs.host_secret);
	ck_assert(is_at(HOME));
	table_seconds(&t, 60);
	say_pk(AWAY, other.pk, cookie, theirs.host_secret);
	ck_assert(!is_online(&t, ID));
}
END_TEST

START_TEST(a_wrong_key_of_the_server_registers_as_deployed_devices_do)
{
	struct hws_identity wrong;
	struct hws_proof_keys of_wrong;
	uint8_t cookie[HWS_PROOF_COOKIE_LEN];

	hws_identity_generate(true, &wrong);
	ck_assert_int_eq(hws_proof_agree(&device, device.pk, wrong.pk, &of_wrong), HWS_OK);
	say_pk(HOME, device.pk, NULL, NULL);
	take_cookie(cookie);
	say_pk(HOME, device.pk, cookie, of_wrong.host_secret);
	say_pk(HOME, device.pk, cookie, of_wrong.host_secret);
	ck_assert(is_at(HOME));
	ck_assert_uint_ge(t.core.count.register_forged, 2);
}
END_TEST

START_TEST(after_a_restart_a_device_is_asked_to_prove_itself_again)
{
	struct rdv_peer_row row = { .id = ID, .uuid_len = 7, .has_pk = true, .ip = "10.0.0.1" };

	memcpy(row.uuid, UUID, 7);
	memcpy(row.pk, device.pk, 32);
	ck_assert(rdv_presence_load(t.core.presence, &row));
	say_peer(HOME, true);
	ck_assert(!is_online(&t, ID)); /* it was asked for its key */
	ck_assert_uint_eq(out_len, 4);
	prove_from(HOME);
	ck_assert_int_eq(proven_result(), 0);
	say_peer(HOME, true);
	ck_assert_uint_eq(out_len, 2);
	ck_assert(is_at(HOME));
}
END_TEST

static void on_rows(const struct rdv_peer_row *rows, size_t n, void *arg HWS_UNUSED)
{
	for (size_t i = 0; i < n; i++)
		ck_assert(rdv_presence_load(t.core.presence, &rows[i]));
}

static void on_loaded(int r, void *arg)
{
	ck_assert_int_eq(r, HWS_OK);
	*(bool *)arg = true;
}

/* With nothing in memory but what the store has. */
static void restart(void)
{
	bool loaded = false;

	rdv_presence_free(t.core.presence);
	ck_assert_int_eq(rdv_presence_new(1000, t.now_us, &t.core.presence), HWS_OK);
	ck_assert_int_eq(t.store->devices->load(t.store, on_rows, on_loaded, &loaded), HWS_OK);
	while (!loaded)
		ck_assert_int_eq(hws_loop_once(t.loop, 100000), HWS_OK);
}

START_TEST(nor_does_anybody_move_it_after_a_restart)
{
	settle();
	restart();
	for (int i = 0; i < 3; i++) {
		say_plain_pk(HOME, device.pk);
		say_plain_pk(AWAY, device.pk);
		say_peer(HOME, false);
		say_peer(AWAY, false);
		t.now_us += 7000000;
		ck_assert(!is_online(&t, ID));
	}
	prove_from(HOME);
	ck_assert_int_eq(proven_result(), 0);
	ck_assert(is_at(HOME));
}
END_TEST

/* A device of a host that was brought up to date: its first proof is written, and no later one
 * from the same place. */
START_TEST(the_first_proof_of_a_known_device_is_written_once)
{
	unsigned written;

	say_plain_pk(HOME, device.pk);
	say_plain_pk(HOME, device.pk);
	ck_assert(is_at(HOME));
	ck_assert(!t.last_write.row.proves);
	written = t.written;
	prove_from(HOME);
	ck_assert_uint_eq(t.written, written + 1);
	ck_assert(t.last_write.row.proves);
	prove_from(HOME);
	ck_assert_uint_eq(t.written, written + 1);
	restart();
	say_plain_pk(HOME, device.pk);
	ck_assert(!is_online(&t, ID));
}
END_TEST

/* Somebody was faster than the reading of the store. */
START_TEST(who_took_its_place_before_the_store_was_read_loses_it)
{
	struct rdv_peer_row row = { .id = ID, .uuid_len = 7, .has_pk = true, .ip = "10.0.0.1" };

	memcpy(row.uuid, UUID, 7);
	memcpy(row.pk, device.pk, 32);
	row.proves = true;
	say_plain_pk(AWAY, device.pk);
	say_plain_pk(AWAY, device.pk);
	ck_assert(is_at(AWAY));
	ck_assert(rdv_presence_load(t.core.presence, &row));
	ck_assert(!is_online(&t, ID));
	say_plain_pk(AWAY, device.pk);
	say_peer(AWAY, false);
	ck_assert(!is_online(&t, ID));
	prove_from(HOME);
	ck_assert(is_at(HOME));
}
END_TEST

/* The owner has gone back to software that proves nothing, and the operator removed the device. */
START_TEST(a_removed_device_comes_again_without_a_proof)
{
	struct rdv_write w = { .kind = RDV_WRITE_DELETE, .row = { .id = ID } };
	struct rdv_waiter who = { 0 };
	uint64_t link;

	settle();
	ck_assert(rdv_registration_removed(&t.core, ID, &link));
	ck_assert_int_eq(rdv_journal_put(t.core.journal, &w, &who), HWS_OK);
	table_flush(&t);
	restart();
	say_plain_pk(AWAY, device.pk);
	say_plain_pk(AWAY, device.pk);
	ck_assert(is_at(AWAY));
	ck_assert_int_eq(t.last_r, HWS_OK);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/planes/proving");
	TCase *c = tcase_create("proving");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, an_offer_costs_nothing_and_is_answered_shorter);
	tcase_add_test(c, a_device_that_proves_itself_moves_as_it_likes);
	tcase_add_test(c, nobody_else_moves_it);
	tcase_add_test(c, what_was_recorded_at_home_is_of_no_use_elsewhere_nor_later);
	tcase_add_test(c, another_key_does_not_prove_this_device);
	tcase_add_test(c, a_wrong_key_of_the_server_registers_as_deployed_devices_do);
	tcase_add_test(c, after_a_restart_a_device_is_asked_to_prove_itself_again);
	tcase_add_test(c, nor_does_anybody_move_it_after_a_restart);
	tcase_add_test(c, the_first_proof_of_a_known_device_is_written_once);
	tcase_add_test(c, who_took_its_place_before_the_store_was_read_loses_it);
	tcase_add_test(c, a_removed_device_comes_again_without_a_proof);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
