/* wire/server_kx: the KeyExchange by which a rendezvous server encrypts a TCP link. Sans-IO.
 * The server speaks first (its offer), the client answers with a sealed session key; from the next
 * frame on both directions are records. A client may answer with anything else: then the link
 * stays plain. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/box.h"
#include "shared/crypto/identity.h"

#define HWS_KX_OFFER_MAX 104

/* Server: one offer serves all links made in its lifetime; make a new one now and then and keep
 * the old one as long as a link that was given it has not answered. Immutable after creation, so
 * threads may share it. */
struct hws_kx_offer {
	struct hws_box_pair pair;
	size_t payload_len;
	uint8_t payload[HWS_KX_OFFER_MAX];
};

void hws_kx_offer_new(const struct hws_identity *server, struct hws_kx_offer *ret);
void hws_kx_offer_wipe(struct hws_kx_offer *o);
/* The payload of the first frame to send, in plain; borrows from the offer. */
struct hws_bytes hws_kx_offer_payload(const struct hws_kx_offer *o);
/* Server, with the client's first frame. HWS_OK: the key, valid from the next frame on in both
 * directions. HWS_ERR_NOTFOUND: not a KeyExchange; the link stays plain and the frame is to be
 * handled as a message. HWS_ERR_CRYPTO, HWS_ERR_PROTO: close the link. */
int hws_kx_server_answer(const struct hws_kx_offer *o, struct hws_bytes payload,
		uint8_t ret_secret[HWS_SESSION_KEY_LEN]) HWS_MUST_CHECK;
/* Client, with the server's first frame: verifies with the configured server key, appends the
 * payload of the plain answer frame to `reply` (send it, then set the key). HWS_ERR_NOTFOUND as
 * above; HWS_ERR_KEY: signed by another key than the configured one; HWS_ERR_PROTO,
 * HWS_ERR_CRYPTO, HWS_ERR_NOMEM. */
int hws_kx_client_answer(const uint8_t server_pk[HWS_PK_LEN], struct hws_bytes payload,
		struct hws_buf *reply, uint8_t ret_secret[HWS_SESSION_KEY_LEN]) HWS_MUST_CHECK;
