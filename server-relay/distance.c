/* Round-trip times that the kernel measured on legs, kept by network until they are told: the
 * rendezvous server cannot measure them itself, and asking clients would need another protocol. */
#include "server-relay/distance.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

struct rly_distances {
	pthread_mutex_t lock;
	bool wanted; /* atomic */
	size_t n;
	struct hws_ticket_distance item[HWS_TICKET_LIST_MAX];
};

int rly_distances_new(struct rly_distances **ret)
{
	struct rly_distances *d = hws_alloc(sizeof(*d));

	if (!d)
		return HWS_ERR_NOMEM;
	pthread_mutex_init(&d->lock, NULL);
	*ret = d;
	return HWS_OK;
}

void rly_distances_free(struct rly_distances *d)
{
	if (!d)
		return;
	pthread_mutex_destroy(&d->lock);
	hws_free(d);
}

void rly_distances_want(struct rly_distances *d, bool wanted)
{
	__atomic_store_n(&d->wanted, wanted, __ATOMIC_RELAXED);
}

void rly_distance_note(struct rly_distances *d, const struct rly_leg *l)
{
	struct tcp_info info = { 0 };
	socklen_t info_len = sizeof(info), peer_len;
	struct sockaddr_storage who, peer = { 0 };

	if (!d || !__atomic_load_n(&d->wanted, __ATOMIC_RELAXED))
		return;
	peer_len = sizeof(peer);
	rly_leg_sockaddr(l, &who);
	if (getpeername(l->fd, (struct sockaddr *)&peer, &peer_len) < 0 ||
			getsockopt(l->fd, IPPROTO_TCP, TCP_INFO, &info, &info_len) < 0 ||
			!info.tcpi_rtt)
		return;
	hws_addr_normalise(&peer);
	hws_addr_normalise(&who);
	if (!hws_addr_ip_equal(&peer, &who))
		return;
	pthread_mutex_lock(&d->lock);
	if (d->n < HWS_TICKET_LIST_MAX)
		d->item[d->n++] = (struct hws_ticket_distance){ who,
			info.tcpi_rtt / 1000 ? info.tcpi_rtt / 1000 : 1 };
	pthread_mutex_unlock(&d->lock);
}

size_t rly_distances_take(
		struct rly_distances *d, struct hws_ticket_distance ret[HWS_TICKET_LIST_MAX])
{
	size_t n;

	pthread_mutex_lock(&d->lock);
	n = d->n;
	memcpy(ret, d->item, n * sizeof(*ret));
	d->n = 0;
	pthread_mutex_unlock(&d->lock);
	return n;
}
