/* crypto/slow_hash: passwords of accounts as they are stored: Argon2id, whose cost is written into
 * the text, so that it can be raised later. Takes long and much memory by intent: on a worker of
 * its own, a few at a time. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>

#define HWS_SLOW_HASH_TEXT 128 /* with NUL */

struct hws_slow_cost {
	unsigned passes; /* 1 ... 64 */
	unsigned mib;    /* 8 ... 1024 */
};

/* About 100 ms on a server of today. */
#define HWS_SLOW_COST ((struct hws_slow_cost){ .passes = 3, .mib = 64 })

/* HWS_ERR_NOMEM also when the memory that the cost asks for is not to be had. */
int hws_slow_hash(struct hws_bytes password, struct hws_slow_cost cost,
		char buf[HWS_SLOW_HASH_TEXT]) HWS_MUST_CHECK;
/* HWS_OK: it is the password. HWS_ERR_PASSWORD: not, or `text` is none of ours. NULL as text takes
 * as long as one of the cost given, so that nobody learns from the time who has an account. */
int hws_slow_hash_verify(const char *text, struct hws_bytes password,
		struct hws_slow_cost cost) HWS_MUST_CHECK;
/* Whether a text was made with another cost than this. */
bool hws_slow_hash_stale(const char *text, struct hws_slow_cost cost);
