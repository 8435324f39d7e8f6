/* wire/register_codec: the two datagrams a rendezvous server sees most (RegisterPeer and its
 * answer), without any allocation. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>

struct hws_register_peer {
	/* Borrows from the datagram; valid UTF-8, perhaps empty or too long for us. */
	struct hws_bytes id;
	int32_t serial;
	bool proves; /* its device could prove who it is: an empty wire/proof stands behind */
};

/* HWS_ERR_NOTFOUND: not a plain RegisterPeer (another message, or one with unknown fields): unpack
 * it as an envelope. HWS_ERR_PROTO: a broken RegisterPeer. */
int hws_register_peer_decode(struct hws_bytes in, struct hws_register_peer *ret) HWS_MUST_CHECK;
#define HWS_REGISTER_PEER_ID_MAX 1024u
/* Returns the length, 0 when it does not fit in `size` or the id is longer than the above. */
size_t hws_register_peer_encode(struct hws_bytes id, int32_t serial, uint8_t *buf, size_t size);

#define HWS_REGISTER_PEER_RESPONSE_MAX 4
/* Returns the length (2 or 4). */
size_t hws_register_peer_response_encode(
		bool request_pk, uint8_t buf[HWS_REGISTER_PEER_RESPONSE_MAX]);
/* HWS_ERR_NOTFOUND / HWS_ERR_PROTO as above. */
int hws_register_peer_response_decode(struct hws_bytes in, bool *ret_request_pk) HWS_MUST_CHECK;
