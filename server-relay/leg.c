/* Parts of a leg that need no shard: what was read too early, and its address. */
#include "server-relay/leg.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include <netinet/in.h>
#include <string.h>

struct rly_stash *rly_stash_new(const void *p, size_t n)
{
	struct rly_stash *s = NULL;

	return rly_stash_add(&s, p, n, UINT32_MAX / 2) == HWS_OK ? s : NULL;
}

int rly_stash_add(struct rly_stash **sp, const void *p, size_t n, size_t max)
{
	struct rly_stash *s = *sp;
	size_t have = rly_stash_len(s), size;

	if (n > max || have > max - n)
		return HWS_ERR_TOOBIG;
	if (!n)
		return HWS_OK;
	if (s && s->at && s->len + n > s->size) {
		memmove(s->data, s->data + s->at, have);
		s->at = 0;
		s->len = (uint32_t)have;
	}
	if (!s || s->len + n > s->size) {
		size = have + n;
		if (have)
			size += size / 2;
		s = hws_realloc_array(s, sizeof(*s) + size, 1);
		if (!s)
			return HWS_ERR_NOMEM;
		if (!*sp)
			s->at = s->len = 0;
		s->size = (uint32_t)size;
		*sp = s;
	}
	memcpy(s->data + s->len, p, n);
	s->len += (uint32_t)n;
	return HWS_OK;
}

void rly_stash_drop(struct rly_stash **sp, size_t n)
{
	struct rly_stash *s = *sp;

	if (!s)
		return;
	s->at += (uint32_t)n;
	if (s->at >= s->len) {
		hws_free(s);
		*sp = NULL;
	}
}

void rly_leg_sockaddr(const struct rly_leg *l, struct sockaddr_storage *ret)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	memset(ret, 0, sizeof(*ret));
	if (memcmp(l->ip, mapped, 12) == 0) {
		struct sockaddr_in *a = (struct sockaddr_in *)ret;

		a->sin_family = AF_INET;
		a->sin_port = htons(l->port);
		memcpy(&a->sin_addr, l->ip + 12, 4);
	} else {
		struct sockaddr_in6 *a = (struct sockaddr_in6 *)ret;

		a->sin6_family = AF_INET6;
		a->sin6_port = htons(l->port);
		memcpy(&a->sin6_addr, l->ip, 16);
	}
}
