/* rendezvous/relays/grants: sets of eight, keyed by address and id: whoever asks much pushes out
 * those of his own set only. */
#include "server-rendezvous/relays/grants.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"

#include <stdlib.h>

#define GRANT_US (300ull * 1000000)
#define WAYS 8

struct grant {
	uint64_t at_us; /* 0 = free */
	uint8_t ip[16];
	char id[HWS_ID_MAX + 1];
	char relay[RDV_RELAY_TEXT];
};

struct rdv_grants {
	struct grant (*set)[WAYS];
	uint32_t sets;
	uint8_t key[HWS_HASH_KEY_LEN];
};

int rdv_grants_new(uint32_t max, struct rdv_grants **ret)
{
	struct rdv_grants *g = calloc(1, sizeof(*g));

	if (!g)
		return HWS_ERR_NOMEM;
	for (g->sets = 1; g->sets * WAYS < max; g->sets *= 2)
		;
	hws_rand_bytes(g->key, sizeof(g->key));
	g->set = calloc(g->sets, sizeof(*g->set)); /* untouched pages cost nothing */
	if (!g->set) {
		free(g);
		return HWS_ERR_NOMEM;
	}
	*ret = g;
	return HWS_OK;
}

void rdv_grants_free(struct rdv_grants *g)
{
	if (!g)
		return;
	free(g->set);
	free(g);
}

static struct grant *set_of(struct rdv_grants *g, const struct rdv_addr *ip, const char *id)
{
	uint8_t text[16 + HWS_ID_MAX];
	size_t n = strnlen(id, HWS_ID_MAX);
	uint64_t h;

	memcpy(text, ip->ip, 16);
	memcpy(text + 16, id, n);
	h = hws_keyed_hash(g->key, hws_bytes(text, 16 + n));
	return g->set[h & (g->sets - 1)];
}

static struct grant *find(
		struct rdv_grants *g, const struct rdv_addr *ip, const char *id, uint64_t now_us)
{
	struct grant *set = set_of(g, ip, id);

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].at_us && now_us - set[i].at_us < GRANT_US &&
				memcmp(set[i].ip, ip->ip, 16) == 0 && strcmp(set[i].id, id) == 0)
			return &set[i];
	}
	return NULL;
}

void rdv_grant_give(
		struct rdv_grants *g, const struct rdv_addr *ip, const char *id, uint64_t now_us)
{
	struct grant *set = set_of(g, ip, id);
	struct grant *take = find(g, ip, id, now_us);

	if (!take) {
		take = &set[0];
		for (size_t i = 1; i < WAYS; i++) {
			if (set[i].at_us < take->at_us)
				take = &set[i];
		}
		memset(take, 0, sizeof(*take));
		memcpy(take->ip, ip->ip, 16);
		if (hws_str_copy(take->id, sizeof(take->id), id) < 0)
			return; /* longer than any id we know */
	}
	take->at_us = now_us;
}

void rdv_grant_relay(struct rdv_grants *g, const struct rdv_addr *ip, const char *id,
		const char *relay, uint64_t now_us)
{
	struct grant *at = find(g, ip, id, now_us);

	if (at && hws_str_copy(at->relay, sizeof(at->relay), relay) < 0)
		at->relay[0] = 0;
}

const char *rdv_grant_find(
		struct rdv_grants *g, const struct rdv_addr *ip, const char *id, uint64_t now_us)
{
	struct grant *at = find(g, ip, id, now_us);

	return at ? at->relay : NULL;
}
