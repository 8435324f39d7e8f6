/* wire/signed_word: the viewer's reading of what a host says of itself with its signature
 * (wire/host_word makes it). */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/identity.h"
#include <stdbool.h>

/* What is behind the signature, unverified; freed by hws_msg_free. HWS_ERR_CRYPTO: too short for
 * one. */
int hws_signed_word_read(struct hws_bytes in, Ses__IdPk **ret) HWS_MUST_CHECK;
bool hws_signed_word_by(const uint8_t pk[HWS_PK_LEN], struct hws_bytes in);
/* What SignedId would hold, in the message with which deployed viewers by address are met; empty
 * where it holds none. `m` may be NULL. */
struct hws_bytes hws_signed_word_of(const Ses__Message *m);
/* Whether a host's first frame, of either kind, is signed with this key, of v2, and of this id (""
 * = any). HWS_ERR_KEY: it is another host's; HWS_ERR_PROTO: it is no such frame. */
int hws_signed_word_check(struct hws_bytes frame, const uint8_t host_pk[HWS_PK_LEN],
		const char *id) HWS_MUST_CHECK;
