/* Delays, and how many checks may be under way at once: each is a process. */
#include "client/host/os_guard.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"

#define FORGET_US (3600 * HWS_US_PER_S) /* of a quiet account */

_Static_assert(sizeof(((struct hws_os_guard *)0)->key) == HWS_HASH_KEY_LEN, "a key of the hash");

void hws_os_guard_init(struct hws_os_guard *g)
{
	*g = (struct hws_os_guard){ 0 };
	hws_rand_bytes(g->key, sizeof(g->key));
}

static size_t place_of(const struct hws_os_guard *g, const char *user)
{
	return hws_keyed_hash(g->key, hws_bytes_str(user)) % HWS_OS_GUARD_PLACES;
}

int hws_os_guard_begin(
		struct hws_os_guard *g, const char *user, uint64_t now_us, char *text, size_t size)
{
	size_t i = place_of(g, user);

	if (g->place[i].until_us > now_us) {
		uint64_t s = (g->place[i].until_us - now_us + HWS_US_PER_S - 1) / HWS_US_PER_S;
		if (hws_fmt(text, size, "Please try again in %llu second(s).",
				    (unsigned long long)s) < 0)
			return HWS_ERR_TOOBIG;
		return HWS_ERR_AGAIN;
	}
	if (g->checks >= HWS_OS_GUARD_CHECKS) {
		int r = hws_str_copy(text, size, "Please try 1 minute later");
		return r < 0 ? r : HWS_ERR_AGAIN;
	}
	g->checks++;
	return HWS_OK;
}

static uint64_t wait_s(uint32_t failures)
{
	uint64_t s = HWS_OS_GUARD_FIRST_S;

	if (failures <= HWS_OS_GUARD_FREE)
		return 0;
	for (uint32_t n = HWS_OS_GUARD_FREE + 1; n < failures && s < HWS_OS_GUARD_MOST_S; n++)
		s *= 2;
	return HWS_MIN(s, (uint64_t)HWS_OS_GUARD_MOST_S);
}

void hws_os_guard_ended(struct hws_os_guard *g, const char *user, bool good, uint64_t now_us)
{
	size_t i = place_of(g, user);

	if (g->checks)
		g->checks--;
	if (good) {
		g->place[i].failures = 0;
		g->place[i].until_us = 0;
		return;
	}
	if (g->place[i].failures && now_us - g->place[i].last_us > FORGET_US)
		g->place[i].failures = 0;
	if (g->place[i].failures < UINT32_MAX)
		g->place[i].failures++;
	g->place[i].last_us = now_us;
	g->place[i].until_us = now_us + wait_s(g->place[i].failures) * HWS_US_PER_S;
}
