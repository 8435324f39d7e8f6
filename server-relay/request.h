/* relay/request: judges the one message a relay reads, the RequestRelay of each leg. Sans-IO. */
#pragma once
#include "server-relay/stats.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/wire/limits.h"
#include <stdbool.h>

#define RLY_KEYS_MAX 16

/* The keys of the rendezvous servers whose clients are served; none = everybody's. */
struct rly_keys {
	unsigned count;
	char text[RLY_KEYS_MAX][HWS_KEY_TEXT_MAX + 1];
};

struct rly_request {
	char uuid[HWS_UUID_MAX + 1];
	size_t uuid_len;
	bool viewer; /* names the device that it wants, as the viewer's end does */
};

/* HWS_OK, or a negative error and the reason to count. */
int rly_request_parse(struct hws_bytes payload, const struct rly_keys *keys,
		struct rly_request *ret, enum rly_refusal *ret_why) HWS_MUST_CHECK;
