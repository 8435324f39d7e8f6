/* wire/leg_proof: what the two ends of a session say on a connection that is to be one of its legs
 * (net/leg_join; docs/protocol-v2.md, section "Legs"): the messages and their proofs. Sans-IO. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/transcript.h"
#include <stddef.h>
#include <stdint.h>

#define HWS_LEG_SESSION_LEN 16 /* random; names a session at its host */
#define HWS_LEG_KEY_LEN 32
#define HWS_LEG_NONCE_LEN 32
