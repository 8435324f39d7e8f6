/* net/leg_join: how a new connection becomes a leg of a session (net/legs): the viewer names the
 * leg, and both ends prove that they are its ends, with a key that comes from the session's
 * handshake, before a byte counts. docs/protocol-v2.md, section "Legs".
 *
 *   host    SignedId, as on every connection (or Hash or LoginResponse with v2_signed_id)
 *   viewer  JoinLeg{name, number, nonce_v}
 *   host    LegChallenge{nonce_h, received, mac}
 *   viewer  LegProof{received, mac}, and its bytes behind it
 *   host    its bytes, once the proof was right
 *
 * The host's part is made by the gate that has the session. One loop thread. */
#pragma once
#include "shared/crypto/identity.h"
#include "shared/net/legs.h"
#include "shared/wire/leg_proof.h"

struct hws_leg_join;

/* For both roles, copied. */
struct hws_leg_join_conf {
	struct hws_loop *loop;
	uint64_t timeout_us; /* 0 = 10 s */
	uint8_t session[HWS_LEG_SESSION_LEN];
	uint8_t key_secret[HWS_LEG_KEY_LEN]; /* hws_secure_legs_key */
	uint32_t number;
	/* Viewer: whose signature the first word must have, and the id in it ("" = any). Must
	 * outlive the join. */
	const uint8_t *host_pk;
	const char *id;
	/* Host: what the viewer said in JoinLeg, which another process read. */
	uint8_t nonce_v[HWS_LEG_NONCE_LEN];
	/* The legs of the session: asked for hws_legs_received at the moment it is told, and given
	 * the leg. Must outlive the join, or hws_leg_join_cancel comes first. */
	struct hws_legs *legs;
	/* Exactly once, unless cancelled. HWS_OK: the leg is one of the session's, and
	 * HWS_LEGS_MOVED has been told; `tag_secret` (HWS_DIGEST_LEN bytes) is the key for tags
	 * where the datagrams are another process's. HWS_ERR_CRYPTO: the other end could not prove
	 * it; HWS_ERR_DENIED: the host wants no leg (or the session is none of its any more);
	 * HWS_ERR_KEY: another host answered. */
	void (*done)(int r, const uint8_t *tag_secret, void *arg);
	void *arg;
};

/* Viewer, on a connection that just stands, by any way and of any kind, from which not a byte was
 * taken but `leftover`. Takes the stream in any case. A stream by KCP gets its tags here. */
int hws_leg_join_viewer(const struct hws_leg_join_conf *conf, struct hws_stream *stream,
		struct hws_bytes leftover, struct hws_leg_join **ret) HWS_MUST_CHECK;
/* Host. Takes the stream in any case. */
int hws_leg_join_host(const struct hws_leg_join_conf *conf, struct hws_stream *stream,
		struct hws_leg_join **ret) HWS_MUST_CHECK;
/* Before `done`, after which it is no more. Takes NULL. */
void hws_leg_join_cancel(struct hws_leg_join *j);
