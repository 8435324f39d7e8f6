/* wire/proof: what stands behind a rendezvous message, as its last field, and proves who said it:
 * between a host and its own server only, which have keys in common (crypto/agree). Everybody else
 * takes it for a field that they do not know. docs/protocol-server.md has the whole exchange.
 *
 *	host:   RegisterPk + { nonce }                 I can prove who I am
 *	server: RegisterPeerResponse { request_pk } + { nonce, cookie }   once more, from there
 *	host:   RegisterPk + { nonce, cookie, mac }
 *	server: RegisterPkResponse + { epoch, seq, nonce, mac }
 *	host:   RegisterPeer + { }                     (keep-alives: I could, so hold others off)
 *	server: PunchHole, FetchLocalAddr, RequestRelay + { epoch, seq, mac }
 *
 * Pure: no clock, no I/O. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/agree.h"
#include <stdbool.h>

#define HWS_PROOF_NONCE_LEN 16
#define HWS_PROOF_COOKIE_LEN 16
/* Bytes that it adds to a message at most. */
#define HWS_PROOF_MAX 75u

struct hws_proof {
	bool has_seq, has_nonce, has_cookie, has_mac;
	/* Of the server: a number that it drew at its start, and one that it counts up from there.
	 * Both are there or none (has_seq). */
	uint64_t epoch, seq;
	uint8_t nonce[HWS_PROOF_NONCE_LEN];   /* of the host, for one registration */
	uint8_t cookie[HWS_PROOF_COOKIE_LEN]; /* of the server, for one address and a short time */
	uint8_t mac[HWS_AGREE_MAC_LEN];       /* over all that stands before it */
};

struct hws_proof_keys {
	uint8_t host_secret[HWS_AGREE_KEY_LEN]; /* for what the host says */
	uint8_t server_secret[HWS_AGREE_KEY_LEN];
};

/* `own` is one of the two. HWS_ERR_CRYPTO: the other's public key is none. */
int hws_proof_agree(const struct hws_identity *own, const uint8_t host_pk[HWS_PK_LEN],
		const uint8_t server_pk[HWS_PK_LEN], struct hws_proof_keys *ret) HWS_MUST_CHECK;
/* Appends it to a packed message; with `key_secret` the mac is made, else there is none
 * (has_mac counts for nothing). Errors as of the buffer. */
int hws_proof_append(struct hws_buf *message, const struct hws_proof *p,
		const uint8_t *key_secret) HWS_MUST_CHECK;
/* HWS_ERR_NOTFOUND: there is none; HWS_ERR_PROTO: it is not the last field, stands there twice, or
 * is not written as above. */
int hws_proof_read(struct hws_bytes message, struct hws_proof *ret) HWS_MUST_CHECK;
/* `p` as it was read from `message`. Constant time. */
bool hws_proof_check(struct hws_bytes message, const struct hws_proof *p,
		const uint8_t key_secret[HWS_AGREE_KEY_LEN]);

/* Which numbers of the server were taken already. Zeroed: none is taken before a floor is set. */
#define HWS_PROOF_WINDOW 64u
struct hws_proof_window {
	uint64_t epoch;
	uint64_t floor; /* 0 = not set yet; this one and all below are not taken */
	uint64_t taken[HWS_PROOF_WINDOW]; /* above the floor; the first `count` */
	unsigned count;
};
/* The server has just said that it is in this epoch: from now on only what it says in it after
 * `floor`. Where it was in the same before, what was taken stays taken. */
void hws_proof_window_set(struct hws_proof_window *w, uint64_t epoch, uint64_t floor);
/* True once for each number of the epoch above the floor, in any order of the last
 * HWS_PROOF_WINDOW. */
bool hws_proof_window_take(struct hws_proof_window *w, uint64_t epoch, uint64_t seq);
