/* reach/server_proof: what a host and its rendezvous server prove to each other (wire/proof), from
 * the host's side: one registration, one server key. Pure: time in, no I/O. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include "shared/crypto/identity.h"
#include "shared/wire/proof.h"
#include <stdbool.h>

/* Whether a host takes the word of a server that does not prove it. */
enum hws_server_trust {
	HWS_TRUST_UNTIL_PROVEN, /* until a server with its key has proven itself once */
	HWS_TRUST_PROVEN_ONLY,
	HWS_TRUST_ANY
};

enum hws_word {
	HWS_WORD_PLAIN,  /* anybody may have said it */
	HWS_WORD_COOKIE, /* the server asks for our proof */
	HWS_WORD_PROVEN,
	HWS_WORD_STALE /* the server said it, but perhaps long ago */
};

struct hws_server_proof {
	bool able; /* both keys are known; else nothing is proven and all is plain */
	enum hws_server_trust trust;
	bool server_proves; /* it did once, perhaps before our start */
	bool has_cookie;
	struct hws_proof_keys keys;
	uint8_t nonce[HWS_PROOF_NONCE_LEN], cookie[HWS_PROOF_COOKIE_LEN];
	struct hws_proof_window window; /* set with the first proof since our start */
	uint64_t proven_us;             /* the last proven registration; 0 = none yet */
};

/* `identity` and `server_pk` may be NULL. `proves`: a server with this key has proven itself to
 * this host before. Keeps no private key, but keys made of it: wipe. */
void hws_server_proof_init(struct hws_server_proof *p, const struct hws_identity *identity,
		const uint8_t *server_pk, enum hws_server_trust trust, bool proves);
/* For a place that may be the server's: with nothing that it could take from what was said to the
 * one that we know. */
void hws_server_proof_elsewhere(const struct hws_server_proof *p, struct hws_server_proof *ret);
void hws_server_proof_wipe(struct hws_server_proof *p);
/* Puts behind a packed RegisterPk or RegisterPeer what we can prove, if anything. */
int hws_server_proof_say(struct hws_server_proof *p, const Rdv__RendezvousMessage *m,
		struct hws_buf *packed) HWS_MUST_CHECK;
/* A message of the server, and as it came. Takes cookies, and numbers once. */
enum hws_word hws_server_proof_hear(struct hws_server_proof *p, const Rdv__RendezvousMessage *m,
		struct hws_bytes raw, uint64_t now_us);
/* Plain answers to a registration and plain pushes are not taken (any more). */
bool hws_server_proof_required(const struct hws_server_proof *p);
/* The last proof is old: it is time to ask for another. */
bool hws_server_proof_due(const struct hws_server_proof *p, uint64_t now_us);
/* One was due so long ago, and did not come: that this is our server is not known any more. */
bool hws_server_proof_overdue(const struct hws_server_proof *p, uint64_t now_us, uint64_t grace_us);
