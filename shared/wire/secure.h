/* wire/secure: the end-to-end handshake of two endpoints as a sans-IO state machine, both roles.
 *
 *   host:    init -> SIGN: sign hws_secure_to_sign() with the host's key, maybe in another process
 *            give_signature -> WAIT, output = SignedId
 *            frame(first frame of the viewer) -> KEYED | PLAINTEXT | FAILED
 *   viewer:  init -> WAIT (statement is good) | PLAINTEXT, output = empty message | FAILED
 *            frame(first frame of the host) -> KEYED, output = PublicKey | PLAINTEXT ... | FAILED
 *
 * After each call: while hws_secure_take_output() gives a payload, send it as one plain frame; an
 * output may be empty (zero bytes), which is a frame too. Then look at the state. On KEYED fetch
 * the key, set it on the link AFTER the output was queued, wipe. The caller keeps the time limit
 * (18 s).
 *
 * A link on which the host does not open with SignedId (direct address, relay asked for as not
 * secure) has no handshake: the host starts with its Hash at once.
 *
 * A viewer that went on in PLAINTEXT without waiting may still receive the host's SignedId as a
 * session message: ignore it.
 *
 * Falling back to plaintext is allowed only for the reasons in `plain_ok`; otherwise the result is
 * FAILED with HWS_ERR_INSECURE. Deployed endpoints accept every reason. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/box.h"
#include "shared/crypto/identity.h"
#include "shared/wire/limits.h"
#include <stdbool.h>

enum hws_secure_state {
	HWS_SECURE_SIGN,
	HWS_SECURE_WAIT,
	HWS_SECURE_KEYED,
	HWS_SECURE_PLAINTEXT,
	HWS_SECURE_FAILED
};

enum hws_plain_reason {
	HWS_PLAIN_NONE,
	HWS_PLAIN_NO_STATEMENT, /* no key was vouched for; host: the viewer sent an empty message */
	HWS_PLAIN_BAD_STATEMENT, /* viewer: the server's statement is bad or of another id */
	HWS_PLAIN_HOST_STARTED,  /* viewer: the host began the session without a handshake */
	HWS_PLAIN_OTHER_ID,      /* viewer: the host proved its key, but for another id */
	HWS_PLAIN_BAD_SIGNATURE, /* viewer: the host did not prove the key the server vouched for */
	HWS_PLAIN_KEY_REFUSED,   /* host: the viewer could not verify our key (register it again) */
	HWS_PLAIN_UNEXPECTED,    /* anything else instead of the handshake */
};
#define HWS_PLAIN_BIT(reason) (1u << (reason))
#define HWS_PLAIN_ALL 0xffu

/* IdPk with the longest id, its signature, and the two message headers around. */
#define HWS_SECURE_TO_SIGN_MAX (HWS_ID_MAX + 2 + 34)
#define HWS_SECURE_OUTPUT_MAX (HWS_SECURE_TO_SIGN_MAX + HWS_SIG_LEN + 8)

/* Embedded by value; fields are private. */
struct hws_secure {
	bool is_host;
	enum hws_secure_state state;
	enum hws_plain_reason reason;
	int err;
	unsigned plain_ok;
	bool has_output, has_host_pk, frame_unused;
	struct hws_box_pair pair;
	uint8_t host_pk[HWS_PK_LEN];
	uint8_t key_secret[HWS_SESSION_KEY_LEN];
	char id[HWS_ID_MAX + 1];
	size_t to_sign_len, output_len;
	uint8_t to_sign[HWS_SECURE_TO_SIGN_MAX];
	uint8_t output[HWS_SECURE_OUTPUT_MAX];
};

struct hws_secure_host_conf {
	const char *id;    /* own id */
	unsigned plain_ok; /* set of HWS_PLAIN_BIT; 0 = encryption is required */
};
/* HWS_ERR_INVAL when the id is empty or too long. Afterwards in SIGN. */
int hws_secure_host_init(
		struct hws_secure *s, const struct hws_secure_host_conf *conf) HWS_MUST_CHECK;
/* SIGN only: the bytes to sign (detached, Ed25519); borrows from s. */
struct hws_bytes hws_secure_to_sign(const struct hws_secure *s);
/* SIGN -> WAIT. HWS_ERR_PROTO in another state. */
int hws_secure_give_signature(struct hws_secure *s, const uint8_t sig[HWS_SIG_LEN]) HWS_MUST_CHECK;

struct hws_secure_client_conf {
	const char *id;             /* of the host, as the user asked for it, without "@server" */
	struct hws_bytes statement; /* pk of PunchHoleResponse / RelayResponse, perhaps empty */
	const uint8_t *server_pk;   /* 32 bytes: the rendezvous server's key, NULL if unknown */
	/* 32 bytes: the host's key as remembered, or NULL; else HWS_ERR_KEY. */
	const uint8_t *pinned_pk;
	unsigned plain_ok;
};
/* Ends in WAIT, PLAINTEXT or FAILED. HWS_ERR_INVAL only for an unusable id. */
int hws_secure_client_init(
		struct hws_secure *s, const struct hws_secure_client_conf *conf) HWS_MUST_CHECK;

/* Feeds the first frame of the other side (WAIT). HWS_OK: look at the state, which is then final.
 * HWS_ERR_AGAIN in SIGN: nothing was taken, feed it again after the signature (a viewer without a
 * statement may speak first). HWS_ERR_CLOSED in a final state. HWS_ERR_NOMEM: out of memory, close
 * the link. */
int hws_secure_frame(struct hws_secure *s, struct hws_bytes payload) HWS_MUST_CHECK;

enum hws_secure_state hws_secure_state(const struct hws_secure *s);
/* Takes the pending payload, which borrows from s until the next call; false when there is none. */
bool hws_secure_take_output(struct hws_secure *s, struct hws_bytes *ret);
/* KEYED only. */
void hws_secure_key(const struct hws_secure *s, uint8_t ret_secret[HWS_SESSION_KEY_LEN]);
/* Why it is PLAINTEXT (or would have been, in FAILED with HWS_ERR_INSECURE). */
enum hws_plain_reason hws_secure_reason(const struct hws_secure *s);
/* PLAINTEXT of the viewer: the frame that was fed last is the host's first session message (its
 * Hash) and must be handled by the session as well. */
bool hws_secure_frame_unused(const struct hws_secure *s);
/* FAILED: the code; HWS_ERR_INSECURE, HWS_ERR_CRYPTO, HWS_ERR_PROTO, HWS_ERR_KEY. */
int hws_secure_err(const struct hws_secure *s);
/* A sentence part for the user or the log on reason and failure; never NULL. */
const char *hws_secure_text(const struct hws_secure *s);
/* Viewer: the host key the server vouched for (for the fingerprint), NULL if there is none. */
const uint8_t *hws_secure_host_pk(const struct hws_secure *s);
void hws_secure_wipe(struct hws_secure *s);
