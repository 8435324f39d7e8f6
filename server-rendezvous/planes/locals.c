/* An address is never taken out, so what is read needs no lock: its count is raised last. */
#include "server-rendezvous/planes/locals.h"
#include <string.h>

static const struct hws_udp_local unknown;

void rdv_locals_init(struct rdv_locals *l)
{
	memset(l, 0, sizeof(*l));
	pthread_mutex_init(&l->lock, NULL);
}

void rdv_locals_done(struct rdv_locals *l)
{
	pthread_mutex_destroy(&l->lock);
}

static uint8_t find(const struct rdv_locals *l, const struct hws_udp_local *a, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (memcmp(&l->item[i], a, sizeof(*a)) == 0)
			return (uint8_t)(i + 1);
	return 0;
}

uint8_t rdv_locals_number(struct rdv_locals *l, const struct hws_udp_local *a)
{
	unsigned count = __atomic_load_n(&l->count, __ATOMIC_ACQUIRE);
	uint8_t n = find(l, a, count);

	if (n || count == RDV_LOCALS_MAX || memcmp(a, &unknown, sizeof(*a)) == 0)
		return n;
	pthread_mutex_lock(&l->lock);
	count = l->count;
	n = find(l, a, count);
	if (!n && count < RDV_LOCALS_MAX) {
		l->item[count] = *a;
		n = (uint8_t)(count + 1);
		__atomic_store_n(&l->count, count + 1, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&l->lock);
	return n;
}

const struct hws_udp_local *rdv_locals_get(const struct rdv_locals *l, uint8_t number)
{
	return number && number <= __atomic_load_n(&l->count, __ATOMIC_ACQUIRE)
			? &l->item[number - 1]
			: &unknown;
}
