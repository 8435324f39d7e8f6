/* Every vector of the rendezvous and session specification, one by one: what the documents say that
 * bytes mean is what our codecs make of them, both ways. A vector nobody here knows fails. */
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/digest.h"
#include "shared/crypto/password.h"
#include "shared/crypto/record.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/envelope.h"
#include "shared/wire/frame.h"
#include "shared/wire/register_codec.h"
#include "shared/wire/secure.h"
#include "shared/wire/server_kx.h"
#include "shared/wire/version.h"
#include "tests/support/handshake.h"
#include "tests/unit/shared/wire/vector_read.h"
#include "vector_message.h"
#include <arpa/inet.h>
#include <check.h>
#include <jansson.h>
#include <stdlib.h>

static json_t *rendezvous, *session; /* the documents */

/* --- frames --- */

static void frames_in_one_segment(const struct vector *v, const json_t *frames)
{
	struct hws_bytes in = raw_of(v), got;
	uint8_t want[RAW_MAX];
	size_t used;

	for (size_t i = 0; i < json_array_size(frames); i++) {
		size_t len = unhex(
				json_string_value(json_array_get(frames, i)), want, sizeof(want));

		ck_assert_int_eq(hws_frame_next(in, RAW_MAX, &got, &used), HWS_OK);
		ck_assert(hws_bytes_equal(got, hws_bytes(want, len)));
		in.ptr += used;
		in.len -= used;
	}
	ck_assert_uint_eq(in.len, 0);
}

static void on_frame(const struct vector *v)
{
	const json_t *frames = json_object_get(v->decoded, "frames");
	uint8_t hdr[HWS_FRAME_HEADER_MAX];
	struct hws_bytes got;
	size_t used;

	if (frames) {
		frames_in_one_segment(v, frames);
		return;
	}

	size_t want = (size_t)int_of(v, "payload_len");
	size_t width = hws_frame_header(want, hdr);

	if (!flag(v, "decode_only"))
		ck_assert(v->len >= width && memcmp(v->raw, hdr, width) == 0);
	ck_assert_uint_eq(hws_frame_need(raw_of(v)),
			(flag(v, "decode_only") ? (v->raw[0] & 3u) + 1 : width) + want);
	if (v->len == width && want > 0) { /* header only */
		ck_assert_int_eq(hws_frame_next(raw_of(v), want, &got, &used), HWS_ERR_SHORT);
		ck_assert_int_eq(hws_frame_next(raw_of(v), want - 1, &got, &used), HWS_ERR_TOOBIG);
		return;
	}
	ck_assert_int_eq(hws_frame_next(raw_of(v), want, &got, &used), HWS_OK);
	ck_assert_uint_eq(used, v->len);
	ck_assert_uint_eq(got.len, want);
}

/* --- addresses --- */

static uint16_t sockaddr_of(const struct vector *v, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	uint16_t port = (uint16_t)int_of(v, "port");

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text_of(v, "ip"), &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
	} else {
		ck_assert_int_eq(inet_pton(AF_INET6, text_of(v, "ip"), &v6->sin6_addr), 1);
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
	}
	return port;
}

static void on_mangle(const struct vector *v)
{
	const json_t *tm = json_object_get(v->decoded, "tm");
	struct sockaddr_storage want, got;
	uint8_t buf[HWS_ADDR_WIRE_MAX];
	uint32_t t = 99;

	sockaddr_of(v, &want);
	hws_addr_decode(raw_of(v), &got, &t);
	ck_assert_mem_eq(&got, &want, sizeof(got));
	if (tm)
		ck_assert_uint_eq(t, (uint32_t)json_integer_value(tm));
	if (flag(v, "decode_only"))
		return;
	ck_assert_uint_eq(hws_addr_encode(&want, t, buf), v->len);
	ck_assert(memcmp(buf, v->raw, v->len) == 0);
	if (json_object_get(v->decoded, "input")) { /* the IPv4-mapped form of the same address */
		struct sockaddr_in6 mapped = { .sin6_family = AF_INET6 };

		mapped.sin6_port = ((struct sockaddr_in *)&want)->sin_port;
		mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
		memcpy(mapped.sin6_addr.s6_addr + 12, &((struct sockaddr_in *)&want)->sin_addr, 4);
		memcpy(&want, &mapped, sizeof(mapped));
		ck_assert_uint_eq(hws_addr_encode(&want, t, buf), v->len);
		ck_assert(memcmp(buf, v->raw, v->len) == 0);
	}
}

/* --- keys --- */

static void on_server_keypair(const struct vector *v)
{
	uint8_t seed[32], sk[HWS_SK_LEN];
	struct hws_identity id, loaded;
	char text[HWS_KEY_TEXT];

	hex_of(v, "seed", seed, sizeof(seed));
	hex_of(v, "secret_key_hex", sk, sizeof(sk));
	hws_identity_from_seed(seed, &id);
	ck_assert_mem_eq(id.pk, v->raw, sizeof(id.pk));
	ck_assert_mem_eq(id.sk_secret, sk, sizeof(sk));
	ck_assert_str_eq(hws_key_text(id.pk, text), text_of(v, "id_ed25519_pub"));
	ck_assert_int_eq(hws_identity_from_text(text_of(v, "id_ed25519"), &loaded), HWS_OK);
	ck_assert_mem_eq(&loaded, &id, sizeof(id));
}

static void server_identity(struct hws_identity *ret)
{
	uint8_t seed[32];
	struct vector keys;

	find(session, "keys", &keys);
	hex_of(&keys, "rendezvous_ed25519_seed", seed, sizeof(seed));
	hws_identity_from_seed(seed, ret);
}

static void on_signed(const struct vector *v)
{
	const char *key = json_object_get(v->decoded, "idpk_hex") ? "idpk_hex" : "signed";
	uint8_t content[RAW_MAX], made[RAW_MAX];
	size_t len = hex_of(v, key, content, sizeof(content));
	struct hws_identity server;
	struct hws_bytes msg;

	server_identity(&server);
	ck_assert_int_eq(hws_verify_attached(server.pk, raw_of(v), &msg), HWS_OK);
	ck_assert(hws_bytes_equal(msg, hws_bytes(content, len)));
	hws_identity_sign_attached(&server, hws_bytes(content, len), made);
	ck_assert_mem_eq(made, v->raw, v->len);
}

static void on_keys(const struct vector *v)
{
	struct hws_identity id;
	uint8_t pk[32];
	char text[HWS_KEY_TEXT];

	server_identity(&id);
	hex_of(v, "rendezvous_ed25519_pk", pk, sizeof(pk));
	ck_assert_mem_eq(id.pk, pk, sizeof(pk));
	ck_assert_str_eq(hws_key_text(pk, text), text_of(v, "rendezvous_ed25519_pk_base64"));
}

static void on_fingerprint(const struct vector *v)
{
	char text[HWS_FINGERPRINT_TEXT];
	uint8_t pk[32];

	hex_of(v, "pk", pk, sizeof(pk));
	ck_assert_str_eq(hws_fingerprint_text(pk, text), text_of(v, "fingerprint"));
}

static void on_box(const struct vector *v)
{
	struct hws_box_pair host, viewer;
	uint8_t key[32], out[HWS_BOX_SEALED_LEN], opened[32];
	struct vector keys;

	find(session, "keys", &keys);
	hex_of(&keys, "host_ephemeral_x25519_sk", host.sk_secret, 32);
	hex_of(&keys, "host_ephemeral_x25519_pk", host.pk, 32);
	hex_of(&keys, "client_ephemeral_x25519_sk", viewer.sk_secret, 32);
	hex_of(&keys, "client_ephemeral_x25519_pk", viewer.pk, 32);
	hex_of(v, "plaintext", key, sizeof(key));
	ck_assert_int_eq(hws_box_seal(&viewer, host.pk, key, out), HWS_OK);
	ck_assert_mem_eq(out, v->raw, v->len);
	ck_assert_int_eq(hws_box_open(&host, viewer.pk, raw_of(v), opened), HWS_OK);
	ck_assert_mem_eq(opened, key, sizeof(key));
}

/* --- records --- */

static void check_record(const uint8_t key[32], uint64_t counter, struct hws_bytes sealed,
		struct hws_bytes plain)
{
	struct hws_record r;
	uint8_t out[RAW_MAX];
	struct hws_bytes opened;

	hws_record_init(&r, key);
	r.tx = r.rx = counter - 1;
	ck_assert_int_eq(hws_record_seal(&r, plain, out), HWS_OK);
	ck_assert(hws_bytes_equal(hws_bytes(out, plain.len + HWS_RECORD_OVERHEAD), sealed));
	ck_assert_int_eq(hws_record_open(&r, sealed, out, &opened), HWS_OK);
	ck_assert(hws_bytes_equal(opened, plain));
	ck_assert_uint_eq(r.tx, counter);
	ck_assert_uint_eq(r.rx, counter);
	hws_record_wipe(&r);
}

static void on_rendezvous_record(const struct vector *v)
{
	uint8_t key[32], plain[RAW_MAX], nonce[24];
	size_t len = hex_of(v, "plaintext", plain, sizeof(plain)), used;
	struct hws_bytes sealed;

	hex_of(v, "symmetric_key", key, sizeof(key));
	hex_of(v, "nonce", nonce, sizeof(nonce));
	ck_assert_int_eq(hws_frame_next(raw_of(v), RAW_MAX, &sealed, &used), HWS_OK);
	check_record(key, nonce[0], sealed, hws_bytes(plain, len));
}

static void session_key(uint8_t key[32])
{
	struct vector keys;

	find(session, "keys", &keys);
	hex_of(&keys, "session_secretbox_key", key, 32);
}

static void on_session_record(const struct vector *v)
{
	uint8_t key[32], plain[RAW_MAX], nonce[24];
	size_t len = hex_of(v, "plaintext", plain, sizeof(plain));

	session_key(key);
	hex_of(v, "nonce", nonce, sizeof(nonce));
	check_record(key, nonce[0], raw_of(v), hws_bytes(plain, len));
}

static void on_keystream_reuse(const struct vector *v)
{
	struct vector a, b;

	find(session, "enc-host-1", &a);
	find(session, "enc-client-1", &b);
	ck_assert_uint_eq(v->len, (size_t)int_of(v, "length"));
	for (size_t i = 0; i < v->len; i++)
		ck_assert_uint_eq(v->raw[i], a.raw[16 + i] ^ b.raw[16 + i]);
}

/* --- passwords and digests --- */

static void on_password_h1(const struct vector *v)
{
	uint8_t h1[HWS_H1_LEN];

	hws_password_h1(hws_bytes_str(text_of(v, "password")), text_of(v, "salt"), h1);
	ck_assert_mem_eq(h1, v->raw, v->len);
}

static void on_password_proof(const struct vector *v)
{
	uint8_t h1[HWS_H1_LEN], proof[HWS_PROOF_LEN];

	hex_of(v, "h1", h1, sizeof(h1));
	hws_password_proof(h1, text_of(v, "challenge"), proof);
	ck_assert_mem_eq(proof, v->raw, v->len);
	ck_assert(hws_password_verify(h1, text_of(v, "challenge"), raw_of(v)));
	if (json_object_get(v->decoded, "password")) {
		hws_password_h1(hws_bytes_str(text_of(v, "password")), text_of(v, "salt"), proof);
		ck_assert_mem_eq(proof, h1, sizeof(h1));
	}
}

static void on_switch_code(const struct vector *v)
{
	uint8_t sum[HWS_SHA256_LEN], shown[HWS_SHA256_LEN];

	hws_sha256(hws_bytes_str(text_of(v, "uuid_text")), sum);
	ck_assert_int_eq(
			hws_base64_decode(hws_bytes_str(text_of(v, "value")), shown, sizeof(shown)),
			HWS_OK);
	ck_assert_mem_eq(sum, shown, sizeof(sum));
	ck_assert(hws_bytes_equal(hws_bytes_str(text_of(v, "value")), raw_of(v)));
}

static void on_hwid(const struct vector *v)
{
	uint8_t hwid[HWS_HWID_LEN];

	hws_hwid(hws_bytes_str(text_of(v, "uuid_ascii")), hwid);
	ck_assert_mem_eq(hwid, v->raw, v->len);
}

static void on_versions(const struct vector *v)
{
	const char *text;
	json_t *number;

	ck_assert_uint_gt(json_object_size(v->decoded), 5);
	json_object_foreach ((json_t *)v->decoded, text, number)
		ck_assert_uint_eq(hws_version_number(text), (uint32_t)json_integer_value(number));
}

/* --- messages --- */

static void check_round_trip(const ProtobufCMessageDescriptor *desc, const struct vector *v,
		struct hws_bytes in, const json_t *want)
{
	ProtobufCMessage *m, *again;
	struct hws_buf buf;
	char why[256];

	ck_assert_int_eq(hws_msg_unpack(desc, in, 64, &m), HWS_OK);
	ck_assert_msg(vector_message_equal(m, want, why, sizeof(why)), "%s: %s", v->name, why);
	hws_buf_init(&buf, 1 << 20);
	ck_assert_int_eq(hws_msg_pack(m, &buf), HWS_OK);
	ck_assert_uint_eq(hws_buf_len(&buf), in.len); /* same content, perhaps in another order */
	ck_assert_int_eq(hws_msg_unpack(desc, hws_buf_bytes(&buf), 64, &again), HWS_OK);
	ck_assert_msg(vector_message_equal(again, want, why, sizeof(why)), "%s: %s", v->name, why);
	ck_assert(vector_message_same(m, again));
	hws_msg_free(again);
	hws_msg_free(m);
	hws_buf_done(&buf);
}

static void check_framed(const struct vector *v)
{
	const char *framed = json_string_value(json_object_get(v->json, "framed_hex"));
	uint8_t raw[RAW_MAX], hdr[HWS_FRAME_HEADER_MAX];
	struct hws_bytes got;
	size_t used;

	if (!framed)
		return;

	size_t len = unhex(framed, raw, sizeof(raw));
	size_t width = hws_frame_header(v->len, hdr);

	ck_assert_uint_eq(width + v->len, len);
	ck_assert(memcmp(raw, hdr, width) == 0);
	ck_assert_int_eq(hws_frame_next(hws_bytes(raw, len), RAW_MAX, &got, &used), HWS_OK);
	ck_assert(hws_bytes_equal(got, raw_of(v)));
}

static void check_addresses(const json_t *fields)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)fields, key, value) {
		char name[64], ip[INET_ADDRSTRLEN], text[64];
		uint8_t raw[HWS_ADDR_WIRE_MAX];
		struct sockaddr_storage a;

		if (!strstr(key, "_decoded"))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(strstr(key, "_decoded") - key), key);

		size_t len = unhex(
				json_string_value(json_object_get(fields, name)), raw, sizeof(raw));
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a;

		hws_addr_decode(hws_bytes(raw, len), &a, NULL);
		ck_assert_int_eq(a.ss_family, AF_INET);
		inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof(ip));
		snprintf(text, sizeof(text), "%s:%u", ip, (unsigned)ntohs(v4->sin_port));
		ck_assert_str_eq(text, json_string_value(value));
	}
}

/* The member that carries the message; other members of "decoded" describe keys. */
static json_t *only_message(const ProtobufCMessageDescriptor *desc, const struct vector *v)
{
	json_t *object = json_object();
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)v->decoded, key, value)
		if (protobuf_c_message_descriptor_get_field_by_name(desc, key))
			json_object_set(object, key, value);
	return object;
}

static void on_register(const struct vector *v, const json_t *want)
{
	const json_t *peer = json_object_get(want, "register_peer");
	const json_t *resp = json_object_get(want, "register_peer_response");
	struct hws_register_peer got;
	uint8_t buf[64];
	bool request_pk;

	if (peer) {
		ck_assert_int_eq(hws_register_peer_decode(raw_of(v), &got), HWS_OK);
		ck_assert(hws_bytes_equal(got.id,
				hws_bytes_str(json_string_value(json_object_get(peer, "id")))));
		ck_assert_int_eq(got.serial, json_integer_value(json_object_get(peer, "serial")));
		ck_assert_uint_eq(hws_register_peer_encode(got.id, got.serial, buf, sizeof(buf)),
				v->len);
		ck_assert_mem_eq(buf, v->raw, v->len);
	}
	if (resp) {
		ck_assert_int_eq(hws_register_peer_response_decode(raw_of(v), &request_pk), HWS_OK);
		ck_assert_int_eq(request_pk, json_is_true(json_object_get(resp, "request_pk")));
		ck_assert_uint_eq(hws_register_peer_response_encode(request_pk, buf), v->len);
		ck_assert_mem_eq(buf, v->raw, v->len);
	}
}

static void on_rdv_message(const struct vector *v)
{
	const ProtobufCMessageDescriptor *desc = &rdv__rendezvous_message__descriptor;
	json_t *want = only_message(desc, v);

	ck_assert_uint_eq(json_object_size(want), 1);
	check_round_trip(desc, v, raw_of(v), want);
	check_framed(v);
	check_addresses(json_object_iter_value(json_object_iter(want)));
	on_register(v, want);
	json_decref(want);
}

static void on_ses_message(const struct vector *v)
{
	const char *other = json_string_value(json_object_get(v->json, "hex_field_number_order"));
	struct vector reordered = *v;

	check_round_trip(&ses__message__descriptor, v, raw_of(v), v->decoded);
	check_framed(v);
	if (!other)
		return;
	reordered.len = unhex(other, reordered.raw, sizeof(reordered.raw));
	check_round_trip(&ses__message__descriptor, v, raw_of(&reordered), v->decoded);
}

static void on_id_pk(const struct vector *v)
{
	check_round_trip(&ses__id_pk__descriptor, v, raw_of(v), v->decoded);
}

/* --- handshakes with the keys of the vectors --- */

static void on_msg_signed_id(const struct vector *v)
{
	struct hws_secure s;
	struct hws_identity host;
	struct vector keys, statement;
	uint8_t seed[32], server_pk[32];
	struct hws_bytes out;

	on_ses_message(v);
	find(session, "keys", &keys);
	find(session, "idpk-server-signed", &statement);
	hex_of(&keys, "host_ed25519_seed", seed, sizeof(seed));
	hex_of(&keys, "rendezvous_ed25519_pk", server_pk, sizeof(server_pk));
	hws_identity_from_seed(seed, &host);

	/* viewer: accepts it and answers with a key */
	struct hws_secure_client_conf client = {
		.id = "123456789", .statement = raw_of(&statement), .server_pk = server_pk
	};

	ck_assert_int_eq(hws_secure_client_init(&s, &client), HWS_OK);
	ck_assert_int_eq(hws_secure_state(&s), HWS_SECURE_WAIT);
	ck_assert_mem_eq(hws_secure_host_pk(&s), host.pk, HWS_PK_LEN);
	ck_assert_int_eq(hws_secure_frame(&s, raw_of(v)), HWS_OK);
	ck_assert_int_eq(hws_secure_state(&s), HWS_SECURE_DONE);
	ck_assert_int_eq(hws_secure_level(&s), HWS_LEVEL_V1);

	/* host: makes exactly these bytes from the ephemeral key of the vector */
	hws_secure_host_init(&s, &(struct hws_secure_host_conf){ 0 });
	hex_of(&keys, "host_ephemeral_x25519_pk", s.pair.pk, 32);
	ck_assert_int_eq(handshake_sign(&s, &host, "123456789", false), HWS_OK);
	ck_assert(hws_secure_take_output(&s, &out));
	ck_assert(hws_bytes_equal(out, raw_of(v)));
}

static void on_msg_public_key(const struct vector *v)
{
	struct hws_secure s;
	struct hws_secure_keys got;
	struct hws_identity any;
	struct vector keys;
	uint8_t want[32];

	on_ses_message(v);
	find(session, "keys", &keys);
	hws_identity_generate(false, &any);
	hws_secure_host_init(&s, &(struct hws_secure_host_conf){ 0 });
	hex_of(&keys, "host_ephemeral_x25519_pk", s.pair.pk, 32);
	hex_of(&keys, "host_ephemeral_x25519_sk", s.pair.sk_secret, 32);
	/* the host may well have offered more: a deployed viewer answers so all the same */
	ck_assert_int_eq(handshake_sign(&s, &any, "123456789", true), HWS_OK);
	ck_assert_int_eq(hws_secure_frame(&s, raw_of(v)), HWS_OK);
	ck_assert_int_eq(hws_secure_state(&s), HWS_SECURE_DONE);
	ck_assert(!hws_secure_take_keys(&s, &got)); /* after the output */
	while (hws_secure_take_output(&s, &(struct hws_bytes){ 0 }))
		;
	ck_assert(hws_secure_take_keys(&s, &got));
	session_key(want);
	ck_assert_mem_eq(got.send_secret, want, sizeof(want));
	ck_assert_mem_eq(got.receive_secret, want, sizeof(want));
}

static void on_key_exchange_1(const struct vector *v)
{
	struct hws_identity server;
	struct hws_kx_offer offer;
	struct hws_buf reply;
	uint8_t box_pk[32], key[32], again[32];
	struct hws_bytes mine;

	on_rdv_message(v);
	server_identity(&server);
	hws_buf_init(&reply, 4096);
	ck_assert_int_eq(hws_kx_client_answer(server.pk, raw_of(v), &reply, key), HWS_OK);

	/* our own offer with the box key of the vector is byte for byte the same */
	hex_of(v, "box_public", box_pk, sizeof(box_pk));
	hws_kx_offer_new(&server, &offer);
	memcpy(offer.pair.pk, box_pk, 32);
	hex_of(v, "box_secret", offer.pair.sk_secret, 32);
	hws_identity_sign_attached(&server, hws_bytes(box_pk, 32), offer.payload + 5);
	mine = hws_kx_offer_payload(&offer);
	ck_assert(hws_bytes_equal(mine, raw_of(v)));
	ck_assert_int_eq(hws_kx_server_answer(&offer, hws_buf_bytes(&reply), again), HWS_OK);
	ck_assert_mem_eq(again, key, sizeof(key));
	hws_buf_done(&reply);
}

static void on_key_exchange_2(const struct vector *v)
{
	struct hws_kx_offer offer = { 0 };
	struct vector first;
	uint8_t want[32], got[32];

	on_rdv_message(v);
	find(rendezvous, "key-exchange-1", &first);
	hex_of(&first, "box_public", offer.pair.pk, 32);
	hex_of(&first, "box_secret", offer.pair.sk_secret, 32);
	hex_of(v, "symmetric_key", want, sizeof(want));
	ck_assert_int_eq(hws_kx_server_answer(&offer, raw_of(v), got), HWS_OK);
	ck_assert_mem_eq(got, want, sizeof(want));
}

/* --- who handles what: the first row that matches --- */

struct row {
	const char *prefix;
	bool whole; /* the whole name, not only its beginning */
	void (*fn)(const struct vector *v);
};

static const struct row rendezvous_rows[] = {
	{ "frame-", false, on_frame },
	{ "mangle-", false, on_mangle },
	{ "server-keypair", true, on_server_keypair },
	{ "signed-idpk", true, on_signed },
	{ "key-exchange-1", true, on_key_exchange_1 },
	{ "key-exchange-2", true, on_key_exchange_2 },
	{ "encrypted-frame-", false, on_rendezvous_record },
};

static const struct row session_rows[] = {
	{ "frame-header-", false, on_frame },
	{ "empty-message-frame", true, on_frame },
	{ "keys", true, on_keys },
	{ "fingerprint", true, on_fingerprint },
	{ "idpk-server-signed", true, on_signed },
	{ "idpk-", false, on_id_pk },
	{ "box-session-key", true, on_box },
	{ "password-h1", true, on_password_h1 },
	{ "password-proof", false, on_password_proof },
	{ "enc-", false, on_session_record },
	{ "keystream-reuse", true, on_keystream_reuse },
	{ "switch-code", true, on_switch_code },
	{ "hwid", true, on_hwid },
	{ "version-numbers", true, on_versions },
	{ "msg-signed-id", true, on_msg_signed_id },
	{ "msg-public-key", true, on_msg_public_key },
	{ "msg-", false, on_ses_message },
	{ "misc-", false, on_ses_message },
};

/* Vectors of parts that are not below shared/wire; each is tested where that part lives or will
 * live. */
static const struct {
	const char *prefix, *reason;
} elsewhere[] = {
	{ "ws-client-frame", "tests/unit/server-relay" },
	{ "ws-server-frame", "tests/unit/server-relay" },
	{ "http-connect", "tests/unit/shared/net" },
	{ "kcp-", "tests/unit/shared/net" },
	{ "totp", "second factor at login: later work" },
	{ "cursor-colour", "drawing a viewer's pointer at the host: later work" },
};

static void run(const json_t *entry, const struct row *rows, size_t count, bool is_rendezvous)
{
	struct vector v;

	load(entry, &v);
	for (size_t i = 0; i < HWS_COUNT(elsewhere); i++)
		if (hws_str_starts(v.name, elsewhere[i].prefix))
			return;
	for (size_t i = 0; i < count; i++) {
		if (rows[i].whole ? !hws_str_equal(v.name, rows[i].prefix)
				  : !hws_str_starts(v.name, rows[i].prefix))
			continue;
		rows[i].fn(&v);
		return;
	}
	ck_assert_msg(is_rendezvous && json_is_object(v.decoded), "nobody handles vector %s",
			v.name);
	on_rdv_message(&v);
}

START_TEST(rendezvous_vector_holds)
{
	run(json_array_get(json_object_get(rendezvous, "vectors"), (size_t)_i), rendezvous_rows,
			HWS_COUNT(rendezvous_rows), true);
}
END_TEST

START_TEST(session_vector_holds)
{
	run(json_array_get(json_object_get(session, "vectors"), (size_t)_i), session_rows,
			HWS_COUNT(session_rows), false);
}
END_TEST

static json_t *read_document(const char *name)
{
	json_error_t err;
	json_t *doc = json_load_file(name, 0, &err);

	if (!doc || json_array_size(json_object_get(doc, "vectors")) < 100) {
		fprintf(stderr, "%s: %s\n", name, doc ? "too few vectors" : err.text);
		exit(1);
	}
	return doc;
}

int main(void)
{
	Suite *s = suite_create("wire/vectors");
	TCase *t = tcase_create("vectors");
	SRunner *r;
	int failed;

	if (hws_crypto_init() < 0)
		return 1;
	rendezvous = read_document(HWS_VECTORS_DIR "/rendezvous.json");
	session = read_document(HWS_VECTORS_DIR "/session.json");
	tcase_add_loop_test(t, rendezvous_vector_holds, 0,
			(int)json_array_size(json_object_get(rendezvous, "vectors")));
	tcase_add_loop_test(t, session_vector_holds, 0,
			(int)json_array_size(json_object_get(session, "vectors")));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	json_decref(rendezvous);
	json_decref(session);
	return failed != 0;
}
