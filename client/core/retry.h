/* core/retry: whether and when a lost session connects again. Pure. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct hws_retry {
	/* the session has been logged in once: then more failures are worth a retry */
	bool was_ready;
	unsigned attempts; /* since the last success */
	uint64_t lost_us;  /* when the connection was lost, 0 = it stands */
};

#define HWS_RETRY_FIRST_US 1000000ull
#define HWS_RETRY_MOST_US 16000000ull
#define HWS_RETRY_GIVE_UP_US 300000000ull

void hws_retry_ready(struct hws_retry *r);
/* Whether to connect again after `err` (enum hws_err) with the text the peer sent, if any. On true
 * *ret_delay_us says when. */
bool hws_retry_next(struct hws_retry *r, int err, const char *peer_text, uint64_t now_us,
		uint64_t *ret_delay_us);
/* What the texts of deployed peers say about trying again. */
bool hws_retry_text_allows(const char *text);
