/* rendezvous/relays/near: a fixed table in sets, keyed by relay and network, so that what relays
 * report can never take more memory than was set aside. */
#include "server-rendezvous/relays/near.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/rand.h"
#include "shared/crypto/hash.h"
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DAYS 7 /* what is older is not believed any more */
#define WAYS 8
#define RTT_MAX 60000u
#define MINUTE_US (60 * HWS_US_PER_S)

struct seat {
	uint32_t tag; /* of relay and network */
	uint16_t ms;  /* capped */
	uint16_t age; /* hour it was last touched + 1; 0 = free */
};

struct rdv_near {
	struct seat (*set)[WAYS];
	uint32_t sets;
	pthread_mutex_t lock;
	uint8_t key[HWS_HASH_KEY_LEN];
};

int rdv_near_new(uint32_t max, struct rdv_near **ret)
{
	struct rdv_near *n = calloc(1, sizeof(*n));

	if (!n)
		return HWS_ERR_NOMEM;
	for (n->sets = 1; n->sets * WAYS < max; n->sets *= 2)
		;
	hws_rand_bytes(n->key, sizeof(n->key));
	pthread_mutex_init(&n->lock, NULL);
	n->set = calloc(n->sets, sizeof(*n->set));
	if (!n->set) {
		rdv_near_free(n);
		return HWS_ERR_NOMEM;
	}
	*ret = n;
	return HWS_OK;
}

void rdv_near_free(struct rdv_near *n)
{
	if (!n)
		return;
	pthread_mutex_destroy(&n->lock);
	free(n->set);
	free(n);
}

/* False for what has no network. */
static bool hash_of(const struct rdv_near *n, const char *relay, const struct sockaddr_storage *who,
		uint64_t *ret)
{
	uint8_t text[300];
	size_t len = 0, name = strlen(relay);

	if (name > sizeof(text) - 8)
		return false;
	if (who->ss_family == AF_INET) {
		memcpy(text, &((const struct sockaddr_in *)who)->sin_addr, 3);
		len = 3;
	} else if (who->ss_family == AF_INET6) {
		memcpy(text, &((const struct sockaddr_in6 *)who)->sin6_addr, 6);
		len = 6;
	} else {
		return false;
	}
	text[len++] = 0;
	memcpy(text + len, relay, name);
	*ret = hws_keyed_hash(n->key, hws_bytes(text, len + name));
	return true;
}

static uint16_t hour_of(uint64_t now_us)
{
	return (uint16_t)(now_us / (60 * MINUTE_US) % UINT16_MAX + 1); /* 7 years of uptime */
}

void rdv_near_report(struct rdv_near *n, const char *relay, const struct sockaddr_storage *who,
		uint32_t rtt_ms, uint64_t now_us)
{
	uint16_t now = (uint16_t)HWS_MIN(rtt_ms, RTT_MAX);
	struct seat *set, *take;
	uint64_t h;

	if (!hash_of(n, relay, who, &h))
		return;
	pthread_mutex_lock(&n->lock);
	set = n->set[(h >> 32) & (n->sets - 1)];
	take = &set[0];
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].age && set[i].tag == (uint32_t)h) {
			take = &set[i];
			break;
		}
		if (set[i].age < take->age)
			take = &set[i];
	}
	if (take->age && take->tag == (uint32_t)h)
		take->ms = (uint16_t)((take->ms * 3u + now + 2) / 4);
	else
		take->ms = now;
	take->tag = (uint32_t)h;
	take->age = hour_of(now_us);
	pthread_mutex_unlock(&n->lock);
}

uint32_t rdv_near_ms(struct rdv_near *n, const char *relay, const struct sockaddr_storage *who,
		uint64_t now_us)
{
	uint32_t found = UINT32_MAX;
	uint64_t h;

	if (!hash_of(n, relay, who, &h))
		return found;
	pthread_mutex_lock(&n->lock);
	for (size_t i = 0; i < WAYS; i++) {
		const struct seat *s = &n->set[(h >> 32) & (n->sets - 1)][i];

		if (s->age && s->tag == (uint32_t)h &&
				(uint16_t)(hour_of(now_us) - s->age) <= DAYS * 24)
			found = s->ms;
	}
	pthread_mutex_unlock(&n->lock);
	return found;
}
