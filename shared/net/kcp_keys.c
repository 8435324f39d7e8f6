/* Both ends know both keys, and put them in the same order. */
#include "shared/net/kcp_keys.h"
#include "shared/base/mem.h"
#include "shared/crypto/transcript.h"
#include "shared/net/kcp.h"
#include <string.h>

_Static_assert(HWS_KCP_KEY_LEN == HWS_DIGEST_LEN, "a digest is the key");

void hws_kcp_take_keys(
		struct hws_stream *s, const uint8_t one_secret[32], const uint8_t other_secret[32])
{
	/* what an observer learns from the time of it is which of two random keys is larger */
	bool swap = memcmp(one_secret, other_secret, 32) > 0;
	const uint8_t *low = swap ? other_secret : one_secret;
	const struct hws_bytes high = hws_bytes(swap ? one_secret : other_secret, 32);
	uint8_t key_secret[HWS_KCP_KEY_LEN];

	if (!s || !hws_stream_is_kcp(s))
		return;
	hws_digest_keyed(low, "hawser kcp tags", &high, 1, key_secret);
	/* a deployed peer knows no tags: its session is as safe as it was */
	(void)!hws_stream_kcp_authenticate(s, key_secret);
	hws_wipe(key_secret, sizeof(key_secret));
}
