/* reach/server_offer: the encryption that a rendezvous server offers on each TCP link, taken up
 * only when the configured key has signed the offer. */
#pragma once
#include "shared/crypto/identity.h"
#include "shared/net/conn.h"

#define HWS_SERVER_OFFER_US 18000000 /* deployed hosts' patience with an offer */

/* `payload` is the server's first word: answers it, and from then on the link is encrypted.
 * HWS_ERR_KEY: by another key; HWS_ERR_UNSUPPORTED: it was no offer. */
int hws_server_offer_take(struct hws_conn *c, const uint8_t pk[HWS_PK_LEN],
		struct hws_bytes payload) HWS_MUST_CHECK;
