/* tests: both ends of a handshake in few words. Header only, for programs of many layers. */
#pragma once
#include "shared/base/rand.h"
#include "shared/net/conn.h"
#include "shared/wire/secure.h"
#include <assert.h>

/* What hostd does for its gate: `id` and a nonce, signed with `key`. */
static inline int handshake_sign(
		struct hws_secure *h, const struct hws_identity *key, const char *id, bool v2)
{
	uint8_t nonce[HWS_NONCE_LEN], signed_id[HWS_SECURE_SIGNED_MAX];
	const struct hws_secure_host_word w = { .identity = key,
		.id = id,
		.box_pk = hws_secure_box_pk(h),
		.nonce = nonce,
		.without_v2 = !v2 };
	size_t len;

	hws_rand_bytes(nonce, sizeof(nonce));
	assert(hws_secure_sign(&w, signed_id, &len) == HWS_OK);
	return hws_secure_give_signed(h, hws_bytes(signed_id, len));
}

/* Sends what the handshake wants to say and sets its keys, as a program does. `ret_keys` (may be
 * NULL): a copy of them. */
static inline int handshake_step(
		struct hws_secure *s, struct hws_conn *c, struct hws_secure_keys *ret_keys)
{
	struct hws_secure_keys keys;
	struct hws_bytes out;

	do {
		while (hws_secure_take_output(s, &out)) {
			int r = hws_conn_send_on(c, HWS_CHANNEL_CONTROL, out);

			if (r < 0)
				return r;
		}
		if (!hws_secure_take_keys(s, &keys))
			return HWS_OK;
		if (ret_keys)
			*ret_keys = keys;
		if (keys.level == HWS_LEVEL_V2)
			hws_conn_set_v2_keys(c, keys.send_secret, keys.receive_secret);
		else
			hws_conn_set_key(c, keys.send_secret);
	} while (true);
}
