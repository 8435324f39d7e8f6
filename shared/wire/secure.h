/* wire/secure: the end-to-end handshake of two endpoints as a sans-IO state machine, both roles: v2
 * between two hawser ends (docs/protocol-v2.md), the deployed scheme towards others.
 *
 *   host:    init -> SIGN: hws_secure_sign() in the process with the key makes what we say
 *            give_signed -> WAIT, output = SignedId (with `direct` none: put hws_secure_offer()
 *            into Hash.v2_signed_id)
 *            frame(first frame of the viewer) -> DONE | CONFIRM | FAILED
 *            CONFIRM: frame(first record of the viewer) -> DONE | FAILED
 *   viewer:  init -> WAIT | DONE (in plain, output = empty message) | FAILED
 *            frame(first frame of the host) -> DONE | CONFIRM | FAILED
 *            CONFIRM: frame(first record of the host) -> DONE | FAILED
 *
 * After each call repeat until neither gives anything: while hws_secure_take_output() gives a
 * payload, send it as one frame; then, if hws_secure_take_keys() gives keys, set them on the link:
 * what is sent and received from then on is a record. An output may be empty (zero bytes), which is
 * a frame, too. Then look at the state. The caller keeps the time limit (18 s).
 *
 * A viewer that went on in plain without waiting may still receive the host's SignedId as a session
 * message: ignore it.
 *
 * Falling back to plaintext is allowed only for the reasons in `plain_ok`; otherwise the result is
 * FAILED with HWS_ERR_INSECURE. Deployed endpoints accept every reason. `need` says what else is
 * refused. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/box.h"
#include "shared/crypto/identity.h"
#include "shared/wire/host_word.h"
#include "shared/wire/limits.h"
#include "shared/wire/secure_level.h"
#include <stdbool.h>

#define HWS_BINDING_LEN 32

enum hws_secure_state {
	HWS_SECURE_SIGN,
	HWS_SECURE_WAIT,
	HWS_SECURE_CONFIRM, /* v2: records flow, but nothing is believed yet */
	HWS_SECURE_DONE,    /* see hws_secure_level */
	HWS_SECURE_FAILED
};

enum hws_plain_reason {
	HWS_PLAIN_NONE,
	HWS_PLAIN_NO_STATEMENT, /* no key was vouched for; host: the viewer sent an empty message */
	HWS_PLAIN_BAD_STATEMENT, /* viewer: so is what the server says: bad or of another id */
	HWS_PLAIN_HOST_STARTED,  /* viewer: the host began the session without a handshake */
	HWS_PLAIN_OTHER_ID,      /* viewer: the host proved its key, but for another id */
	HWS_PLAIN_BAD_SIGNATURE, /* viewer: the host did not prove the key the server vouched for */
	HWS_PLAIN_KEY_REFUSED,   /* host: the viewer could not verify our key (register it again) */
	/* host, direct: the viewer began the session without a handshake */
	HWS_PLAIN_VIEWER_STARTED,
	HWS_PLAIN_UNEXPECTED, /* anything else instead of the handshake */
};
#define HWS_PLAIN_BIT(reason) (1u << (reason))
#define HWS_PLAIN_ALL 0x1ffu

/* How the viewer knows the host's key. */
enum hws_secure_trust {
	HWS_TRUST_NONE,  /* plain, or no key */
	HWS_TRUST_FIRST, /* the host's own word: first contact */
	HWS_TRUST_PIN,   /* remembered */
	HWS_TRUST_SERVER /* the rendezvous server vouches for it (and the pin, if any, agrees) */
};

#define HWS_SECURE_OUTPUT_MAX (HWS_SECURE_SIGNED_MAX + 8)

/* Keys to set on the link; wipe after use. */
struct hws_secure_keys {
	enum hws_secure_level level; /* V1: one key, in `send` and `receive` alike */
	uint8_t send_secret[32], receive_secret[32];
};

/* Embedded by value; fields are private. */
struct hws_secure {
	bool is_host, direct, without_v2;
	enum hws_secure_state state;
	enum hws_secure_level level, need;
	enum hws_plain_reason reason;
	enum hws_secure_trust trust;
	int err;
	const char *err_text; /* static; NULL = by code */
	unsigned plain_ok;
	bool legs; /* this end can; from CONFIRM on: both can */
	bool has_output, has_keys, has_confirm, has_host_pk, has_pin, has_statement, vouched_v2,
			frame_unused, bad_statement, has_other_pk;
	struct hws_box_pair pair;
	struct hws_secure_keys keys;
	uint8_t host_pk[HWS_PK_LEN], pin[HWS_PK_LEN], other_pk[HWS_PK_LEN];
	uint8_t nonce[HWS_NONCE_LEN]; /* the host's */
	uint8_t statement_hash[32];
	uint8_t binding_secret[HWS_BINDING_LEN], legs_secret[32];
	uint8_t word[HWS_DIGEST_LEN]; /* of signed_id, v2 */
	uint8_t own_confirm[32], peer_confirm[32];
	char id[HWS_ID_MAX + 1];
	size_t signed_len, output_len;
	uint8_t signed_id[HWS_SECURE_SIGNED_MAX];
	uint8_t output[HWS_SECURE_OUTPUT_MAX];
};

struct hws_secure_host_conf {
	unsigned plain_ok;          /* set of HWS_PLAIN_BIT; 0 = encryption is required */
	enum hws_secure_level need; /* V2: the deployed scheme is refused, too */
	bool direct;                /* the peer may be a deployed one that expects Hash first */
};
/* Afterwards in SIGN. */
void hws_secure_host_init(struct hws_secure *s, const struct hws_secure_host_conf *conf);
/* SIGN: 32 bytes to be signed; borrows from s. */
const uint8_t *hws_secure_box_pk(const struct hws_secure *s);
/* SIGN -> WAIT. `signed_id` is what hws_secure_sign made for that box_pk, else HWS_ERR_PROTO. */
int hws_secure_give_signed(struct hws_secure *s, struct hws_bytes signed_id) HWS_MUST_CHECK;
/* `direct`, WAIT: for Hash.v2_signed_id; borrows from s. */
struct hws_bytes hws_secure_offer(const struct hws_secure *s);

struct hws_secure_client_conf {
	const char *id; /* of the host, as the user asked for it, without "@server"; "" with
				     * a direct address: any */
	struct hws_bytes statement; /* pk of PunchHoleResponse / RelayResponse, perhaps empty */
	const uint8_t *server_pk;   /* 32 bytes: the rendezvous server's key, NULL if unknown */
	/* 32 bytes: the host's key as remembered, or NULL; else HWS_ERR_KEY. */
	const uint8_t *pinned_pk;
	unsigned plain_ok;
	/* V1: no plaintext; V2: nothing but v2, as remembered of this host or wished by the
	 * user. */
	enum hws_secure_level need;
	bool legs;       /* this viewer can: see hws_secure_legs_key */
	bool without_v2; /* as deployed viewers speak; for tests */
	/* `pinned_pk` is what the user says: the server's word does not count beside it. */
	bool pin_rules;
};
/* Ends in WAIT or FAILED. HWS_ERR_INVAL only for an unusable id. */
int hws_secure_client_init(
		struct hws_secure *s, const struct hws_secure_client_conf *conf) HWS_MUST_CHECK;

/* Feeds a frame of the other side (WAIT, CONFIRM; there already opened). HWS_OK: look at the state.
 * HWS_ERR_AGAIN in SIGN: nothing was taken, feed it again after the signature (a viewer without a
 * statement may speak first). HWS_ERR_CLOSED in a final state. HWS_ERR_NOMEM: out of memory, close
 * the link. */
int hws_secure_frame(struct hws_secure *s, struct hws_bytes payload) HWS_MUST_CHECK;

enum hws_secure_state hws_secure_state(const struct hws_secure *s);
/* DONE (and CONFIRM). */
enum hws_secure_level hws_secure_level(const struct hws_secure *s);
enum hws_secure_trust hws_secure_trust(const struct hws_secure *s);
/* Takes the pending payload, which borrows from s until the next call; false when there is none. */
bool hws_secure_take_output(struct hws_secure *s, struct hws_bytes *ret);
/* Takes the keys once; false when there are none to set. */
bool hws_secure_take_keys(struct hws_secure *s, struct hws_secure_keys *ret);
/* v2 DONE: HWS_BINDING_LEN bytes that only the two ends of this connection know. Secret. NULL
 * before and with other levels. */
const uint8_t *hws_secure_binding(const struct hws_secure *s);
/* v2 DONE, and both ends can have legs (net/legs): 32 bytes by which the two know each other on
 * other connections, and from the next byte on in both directions there are legs. Secret. Else
 * NULL. */
const uint8_t *hws_secure_legs_key(const struct hws_secure *s);
/* With hws_secure_binding: the digest of what the host signed for this connection, which the host
 * knows by itself. */
const uint8_t *hws_secure_signed_word(const struct hws_secure *s);
/* Why it is in plain (or would have been, in FAILED with HWS_ERR_INSECURE). */
enum hws_plain_reason hws_secure_reason(const struct hws_secure *s);
/* DONE: the frame that was fed last is the other side's first session message (the host's Hash, a
 * direct viewer's login) and must be handled by the session as well. */
bool hws_secure_frame_unused(const struct hws_secure *s);
/* FAILED: the code; HWS_ERR_INSECURE, HWS_ERR_CRYPTO, HWS_ERR_PROTO, HWS_ERR_KEY (another key, or
 * the key of another id). */
int hws_secure_err(const struct hws_secure *s);
/* A sentence part for the user or the log on reason and failure; never NULL. */
const char *hws_secure_text(const struct hws_secure *s);
/* Viewer: the host's key (for the fingerprint), by hws_secure_trust; NULL if there is none. FAILED
 * with HWS_ERR_KEY: the one that was shown instead of the remembered one. */
const uint8_t *hws_secure_host_pk(const struct hws_secure *s);
/* Viewer: a key that nothing proves to be the host's, for people to compare: what a statement names
 * that is not by our server, or what the host showed instead of the key that it should have. NULL:
 * none was told. */
const uint8_t *hws_secure_other_pk(const struct hws_secure *s);
/* Viewer: there was a statement, and it is not our server's on this host: it counts as none. */
bool hws_secure_bad_statement(const struct hws_secure *s);
/* Viewer, v2: the id that the host says it has. */
const char *hws_secure_host_id(const struct hws_secure *s);
void hws_secure_wipe(struct hws_secure *s);
