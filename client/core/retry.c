/* Whether and when a lost session connects again. Waits grow, so that a thousand viewers do not
 * fall upon a host or server that has just come back. */
#include "client/core/retry.h"
#include "shared/base/err.h"
#include <string.h>

void hws_retry_ready(struct hws_retry *r)
{
	r->was_ready = true;
	r->attempts = 0;
	r->lost_us = 0;
}

bool hws_retry_text_allows(const char *text)
{
	static const char *const never[] = { "offline", "not exist", "handshake", "failed",
		"resolve", "mismatch", "manually", "restricted", "incoming only", "not allowed" };

	for (size_t i = 0; i < HWS_COUNT(never); i++)
		if (strcasestr(text, never[i]))
			return false;
	return true;
}

bool hws_retry_next(struct hws_retry *r, int err, const char *peer_text, uint64_t now_us,
		uint64_t *ret_delay_us)
{
	/* What a host says about its desktop is no more than why there is none now. */
	if (err != HWS_ERR_DISPLAY && peer_text && *peer_text && !hws_retry_text_allows(peer_text))
		return false;
	switch (err) {
	case HWS_ERR_EOF:
	case HWS_ERR_RESET:
	case HWS_ERR_TIMEOUT:
		break;
	case HWS_ERR_REFUSED:
	case HWS_ERR_UNREACHABLE:
	case HWS_ERR_RESOLVE:
	case HWS_ERR_OFFLINE:
	case HWS_ERR_PORTAL:
	case HWS_ERR_DISPLAY:
		/* A host that has just been there may be starting again, or its desktop. */
		if (r->was_ready)
			break;
		return false;
	default:
		return false;
	}
	/* Somebody who has never been let in is told at once: the cause will not go away by
	 * itself. */
	if (!r->was_ready && r->attempts >= 2)
		return false;
	if (r->lost_us == 0)
		r->lost_us = now_us;
	if (now_us - r->lost_us > HWS_RETRY_GIVE_UP_US)
		return false;
	uint64_t delay = HWS_RETRY_FIRST_US << HWS_MIN(r->attempts, 4u);
	*ret_delay_us = HWS_MIN(delay, HWS_RETRY_MOST_US);
	r->attempts++;
	return true;
}
