/* wire/host_word: what a host says of itself in a handshake, with its signature; see
 * wire/secure. */
#pragma once
#include "shared/base/err.h"
#include "shared/crypto/identity.h"
#include "shared/crypto/transcript.h"
#include "shared/wire/limits.h"
#include <stdbool.h>
#include <stddef.h>

#define HWS_NONCE_LEN 32

/* HostCaps, IdPk with the longest id and HostCaps, that with its signature. */
#define HWS_SECURE_CAPS_MAX 80u
#define HWS_SECURE_ID_PK_MAX (HWS_ID_MAX + 2 + 34 + 3 + HWS_SECURE_CAPS_MAX)
#define HWS_SECURE_SIGNED_MAX (HWS_SECURE_ID_PK_MAX + HWS_SIG_LEN)

/* What the host says of itself, made by the process that has the key: the attached signature over
 * IdPk{id, box_pk, HostCaps}. `nonce` fresh and random for each connection. `id` at most
 * HWS_ID_MAX bytes, else HWS_ERR_INVAL. */
struct hws_secure_host_word {
	const struct hws_identity *identity;
	const char *id;
	const uint8_t *box_pk; /* 32 bytes, from hws_secure_box_pk */
	const uint8_t *nonce;  /* HWS_NONCE_LEN bytes */
	bool only_v2;
	bool legs;       /* it can: docs/protocol-v2.md, Legs */
	bool without_v2; /* as deployed hosts speak; for tests */
};
/* A digest of what hws_secure_sign made, which names the connection for whoever signs on it. */
void hws_secure_word(struct hws_bytes signed_id, uint8_t ret[HWS_DIGEST_LEN]);
int hws_secure_sign(const struct hws_secure_host_word *w, uint8_t ret[HWS_SECURE_SIGNED_MAX],
		size_t *ret_len) HWS_MUST_CHECK;
