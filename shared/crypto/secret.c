/* libsodium's guarded memory, with two things that it does not do: zeroes, and to notice that the
 * system would not lock it. */
#include "shared/crypto/secret.h"
#include "shared/base/log.h"
#include <sodium.h>
#include <string.h>

static int unlocked; /* atomic */

void *hws_secret_alloc(size_t n)
{
	size_t whole = (n + 15) / 16 * 16; /* it ends where its page ends: so it is aligned */
	void *p = whole >= n ? sodium_malloc(whole) : NULL;

	if (!p)
		return NULL;
	memset(p, 0, whole);
	if (sodium_mlock(p, whole) != 0) /* once more: the first time nobody was told */
		__atomic_store_n(&unlocked, 1, __ATOMIC_RELAXED);
	return p;
}

void hws_secret_free(void *ptr)
{
	sodium_free(ptr);
}

bool hws_secret_locked(void)
{
	return !__atomic_load_n(&unlocked, __ATOMIC_RELAXED);
}

void hws_secret_tell(void)
{
	if (!hws_secret_locked())
		hws_warn("memory.not_locked",
				HWS_STR("text",
						"keys may be written to swap: raise the limit of locked "
						"memory (LimitMEMLOCK, ulimit -l)"));
}
