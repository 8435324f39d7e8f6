/* A device that proved to one node who it is, and somebody who says at another node that he is it:
 * ID, machine id and public key are no secrets, and datagrams have whatever sender is written on
 * them. */
#include "shared/base/clock.h"
#include "shared/crypto/identity.h"
#include "shared/wire/envelope.h"
#include "shared/wire/proof.h"
#include "tests/component/cluster/nodes.h"
#include "tests/support/suite.h"
#include <check.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define ID "123456789"

static const struct hws_proof first = { .has_nonce = true, .nonce = { 1, 2, 3 } };

/* RegisterPk with what is proven; the answer's proof. */
static void says(struct device *d, const struct hws_proof *p, const uint8_t *key,
		struct hws_proof *ret)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)d->server->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	Rdv__RegisterPk pk = RDV__REGISTER_PK__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct hws_bytes answer;
	struct hws_buf out;
	uint8_t in[1500];
	ssize_t n;

	pk.id = d->id;
	pk.uuid = (ProtobufCBinaryData){ d->uuid_len, d->uuid };
	pk.pk = (ProtobufCBinaryData){ sizeof(d->pk), d->pk };
	m.union_case = M(REGISTER_PK);
	m.register_pk = &pk;
	hws_buf_init(&out, 1400);
	ck_assert_int_eq(hws_rdv_pack(&m, &out), HWS_OK);
	ck_assert_int_eq(hws_proof_append(&out, p, key), HWS_OK);
	ck_assert_int_gt(sendto(d->udp, hws_buf_bytes(&out).ptr, hws_buf_len(&out), 0,
					 (const struct sockaddr *)&to, sizeof(to)),
			0);
	hws_buf_done(&out);
	n = recv(d->udp, in, sizeof(in), 0);
	ck_assert_int_gt(n, 0);
	answer = hws_bytes(in, (size_t)n);
	*ret = (struct hws_proof){ 0 };
	ck_assert_int_ne(hws_proof_read(answer, ret), HWS_ERR_PROTO);
}

/* As docs/protocol-server.md has it. */
static void proves(struct device *d)
{
	struct hws_identity own;
	struct hws_proof_keys keys;
	struct hws_proof cookie, told, answer;
	uint8_t server_pk[HWS_PK_LEN];

	hws_identity_from_seed(d->seed, &own);
	ck_assert_int_eq(hws_key_parse(d->server->key, server_pk), HWS_OK);
	ck_assert_int_eq(hws_proof_agree(&own, own.pk, server_pk, &keys), HWS_OK);
	says(d, &first, NULL, &cookie);
	ck_assert(cookie.has_cookie);
	told = first;
	told.has_cookie = true;
	memcpy(told.cookie, cookie.cookie, sizeof(told.cookie));
	says(d, &told, keys.host_secret, &answer);
	if (!answer.has_mac) /* the very first one, when the store has it */
		says(d, &told, keys.host_secret, &answer);
	ck_assert(answer.has_mac);
}

static void refused_until_known(struct device *other)
{
	const uint64_t until = hws_clock_us() + TEST_PATIENCE_MS * HWS_US_PER_MS;
	Rdv__RegisterPkResponse__Result result;

	do {
		ck_assert_uint_lt(hws_clock_us(), until);
		result = device_register(other);
		ck_assert(result == R(UUID_MISMATCH) || result == R(TOO_FREQUENT));
	} while (result != R(TOO_FREQUENT));
}

START_TEST(what_was_proven_at_one_node_holds_at_all)
{
	struct device d, other;

	device_init(&d, &a, 1, ID);
	proves(&d);
	ck_assert(reached(&b, &d, AGAIN_MS));
	/* the same ID, machine id and public key, from elsewhere, at the other node */
	device_init(&other, &b, 7, ID);
	device_register(&other);
	ck_assert(reached(&b, &d, AGAIN_MS));
	ck_assert(reached(&a, &d, AGAIN_MS));
	/* Soon that node knows whom it has to believe; until then the database says no. */
	device_done(&other);
	device_init(&other, &b, 8, ID);
	refused_until_known(&other);
	ck_assert(reached(&b, &d, AGAIN_MS));
	/* the device itself may go where it likes */
	d.server = &b;
	proves(&d);
	ck_assert(reached(&a, &d, AGAIN_MS));
	device_done(&other);
	device_done(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/cluster proof");
	TCase *t = test_case(s, "proof", 90, TESTS(what_was_proven_at_one_node_holds_at_all));

	tcase_add_unchecked_fixture(t, start_database, stop_database);
	tcase_add_checked_fixture(t, set_up, tear_down);
	return test_suite_run(s);
}
