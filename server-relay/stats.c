/* The names under which refusals, closes and bytes are counted: part of metrics and logs, hence
 * never changed. */
#include "server-relay/stats.h"

const char *rly_refusal_text(enum rly_refusal r)
{
	static const char *const text[] = {
#define X(name, t) t,
		RLY_REFUSAL_LIST(X)
#undef X
	};

	return (unsigned)r < RLY_REFUSAL_COUNT ? text[r] : "unknown";
}

const char *rly_close_text(enum rly_close c)
{
	static const char *const text[] = {
#define X(name, t) t,
		RLY_CLOSE_LIST(X)
#undef X
	};

	return (unsigned)c < RLY_CLOSE_COUNT ? text[c] : "unknown";
}

const char *rly_way_text(enum rly_way w)
{
	static const char *const text[] = {
#define X(name, t) t,
		RLY_WAY_LIST(X)
#undef X
	};

	return (unsigned)w < RLY_WAY_COUNT ? text[w] : "unknown";
}
