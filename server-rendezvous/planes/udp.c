/* rendezvous/planes/udp: sockets and threads. What a datagram means is in udp_handler.c; here it
 * is taken in and given out in batches, one system call for many. */
#include "server-rendezvous/planes/udp.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/udp_handler.h"
#include "server-rendezvous/state/core.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/net/addr.h"
#include "shared/net/listener.h"
#include "shared/net/room.h"
#include "shared/net/udp_batch.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define RECV_ROUNDS 64 /* batches between two looks at the clock and at the stop signal */

struct worker {
	struct rdv_udp *owner;
	struct rdv_udp_handler handler;
	struct hws_udp_batch *batch;
	pthread_t thread;
	bool started;
	int fd;
};

struct rdv_udp {
	struct rdv_core *core;
	rdv_udp_sent_fn on_sent;
	struct worker *worker;
	unsigned count;
	uint16_t port;
	int family; /* of the sockets */
	int stop_fd;
	bool stopped; /* atomic */
};

static void worker_send(const struct sockaddr_storage *to, struct hws_bytes data, void *arg)
{
	struct worker *w = arg;

	if (hws_udp_batch_put(w->batch, w->fd, to, data) == HWS_OK)
		hws_count(&w->owner->core->count.udp_out);
	else
		hws_count(&w->owner->core->count.udp_unsent);
}

static void drain_socket(struct worker *w)
{
	uint64_t now = hws_clock_us();

	rdv_udp_handler_limits(&w->handler);
	for (int round = 0; round < RECV_ROUNDS; round++) {
		struct sockaddr_storage from;
		int n = hws_udp_batch_recv(w->batch, w->fd);

		if (n <= 0)
			break;
		hws_count_add(&w->owner->core->count.udp_in, (uint64_t)n);
		for (int i = 0; i < n; i++) {
			struct hws_bytes in = hws_udp_batch_get(w->batch, i, &from);

			rdv_udp_handler_input(&w->handler, &from, in, now);
		}
		hws_count_add(&w->owner->core->count.udp_unsent,
				hws_udp_batch_flush(w->batch, w->fd));
		if (n < HWS_UDP_BATCH)
			break;
	}
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;
	struct pollfd p[2] = { { .fd = w->fd, .events = POLLIN },
		{ .fd = w->owner->stop_fd, .events = POLLIN } };

	while (!__atomic_load_n(&w->owner->stopped, __ATOMIC_ACQUIRE)) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			break;
		/* Errors of single destinations come as POLLERR too: reading takes them off. */
		if (p[0].revents)
			drain_socket(w);
	}
	return NULL;
}

static int worker_open(
		struct rdv_udp *u, struct worker *w, const char *bind_ip, struct hws_error *err)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	uint64_t rmem = rdv_conf(u->core)->rmem, got;
	int r;

	w->owner = u;
	r = hws_udp_bind(bind_ip, u->port, true, &w->fd, err);
	if (r < 0) {
		w->fd = -1;
		return r;
	}
	fcntl(w->fd, F_SETFL, fcntl(w->fd, F_GETFL) | O_NONBLOCK);
	got = hws_room_receive(w->fd, rmem);
	if (rmem && got < rmem && w == u->worker) /* once, not for each thread */
		hws_warn("udp.rmem", HWS_U64("wanted", rmem), HWS_U64("got", got),
				HWS_STR("text",
						"the system's limit is lower: after a restart of "
						"the server datagrams may be lost until devices "
						"ask again. Raise net.core.rmem_max, or set rmem "
						"lower"));
	if (getsockname(w->fd, (struct sockaddr *)&ss, &len) < 0)
		return hws_error_set(err, HWS_ERR_SYS, "the UDP socket has no address");
	u->port = hws_addr_port(&ss);
	u->family = ss.ss_family;
	r = hws_udp_batch_new(&w->batch);
	if (r < 0)
		return r;
	r = rdv_udp_handler_init(&w->handler, u->core);
	if (r < 0)
		return r;
	w->handler.send = worker_send;
	w->handler.arg = w;
	w->handler.on_sent = u->on_sent;
	return HWS_OK;
}

/* Several sockets share the port on purpose; a second server on it would split the traffic
 * unnoticed. A plain bind without sharing tells. */
static int refuse_second_instance(const char *bind_ip, uint16_t port, struct hws_error *err)
{
	int fd = -1;
	int r;

	if (!port)
		return HWS_OK;
	r = hws_udp_bind(bind_ip, port, false, &fd, err);
	if (r == HWS_OK)
		close(fd);
	return r;
}

int rdv_udp_new(struct rdv_core *core, const char *bind_ip, uint16_t port, unsigned threads,
		rdv_udp_sent_fn on_sent, struct rdv_udp **ret, struct hws_error *err)
{
	struct rdv_udp *u = calloc(1, sizeof(*u));
	int r = HWS_ERR_NOMEM;

	if (!u)
		return r;
	u->core = core;
	u->on_sent = on_sent;
	u->port = port;
	u->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	u->worker = calloc(threads, sizeof(*u->worker));
	if (!u->worker || u->stop_fd < 0)
		goto fail;
	r = refuse_second_instance(bind_ip, port, err);
	if (r < 0)
		goto fail;
	for (unsigned i = 0; i < threads; i++)
		u->worker[i].fd = -1;
	for (; u->count < threads; u->count++) {
		r = worker_open(u, &u->worker[u->count], bind_ip, err);
		if (r < 0) {
			u->count++; /* half open: freed below */
			goto fail;
		}
	}
	*ret = u;
	return HWS_OK;
fail:
	rdv_udp_free(u);
	return r;
}

int rdv_udp_start(struct rdv_udp *u)
{
	for (unsigned i = 0; i < u->count; i++) {
		if (pthread_create(&u->worker[i].thread, NULL, worker_run, &u->worker[i]) != 0)
			return HWS_ERR_SYS;
		u->worker[i].started = true;
		pthread_setname_np(u->worker[i].thread, "rdv-udp");
	}
	return HWS_OK;
}

void rdv_udp_stop(struct rdv_udp *u)
{
	uint64_t one = 1;

	if (!u || __atomic_exchange_n(&u->stopped, true, __ATOMIC_ACQ_REL))
		return;
	if (write(u->stop_fd, &one, sizeof(one)) < 0)
		hws_warn("udp.stop"); /* cannot be: the counter has room */
	for (unsigned i = 0; i < u->count; i++) {
		if (u->worker[i].started)
			pthread_join(u->worker[i].thread, NULL);
	}
}

void rdv_udp_free(struct rdv_udp *u)
{
	if (!u)
		return;
	rdv_udp_stop(u);
	for (unsigned i = 0; u->worker && i < u->count; i++) {
		rdv_udp_handler_done(&u->worker[i].handler);
		hws_udp_batch_free(u->worker[i].batch);
		if (u->worker[i].fd >= 0)
			close(u->worker[i].fd);
	}
	if (u->stop_fd >= 0)
		close(u->stop_fd);
	free(u->worker);
	free(u);
}

uint16_t rdv_udp_port(const struct rdv_udp *u)
{
	return u->port;
}

void rdv_udp_push(struct rdv_udp *u, const struct rdv_addr *to, struct hws_bytes data)
{
	struct sockaddr_storage ss;

	if (!u || __atomic_load_n(&u->stopped, __ATOMIC_ACQUIRE) || !to->port)
		return;
	rdv_addr_to(to, &ss);
	if (u->family == AF_INET6 && ss.ss_family == AF_INET) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;

		memset(&ss, 0, sizeof(ss));
		in6->sin6_family = AF_INET6;
		memcpy(&in6->sin6_addr, to->ip, 16);
		in6->sin6_port = htons(to->port);
	}
	if (ss.ss_family != u->family)
		return;
	if (sendto(u->worker[0].fd, data.ptr, data.len, MSG_DONTWAIT | MSG_NOSIGNAL,
			    (struct sockaddr *)&ss, hws_addr_len(&ss)) >= 0)
		hws_count(&u->core->count.udp_out);
	else
		hws_count(&u->core->count.udp_unsent);
}

void rdv_udp_result(struct rdv_udp *u, const struct rdv_addr *to,
		Rdv__RegisterPkResponse__Result result)
{
	uint8_t out[5] = { 0x82, 0x01, 0, 0x08, (uint8_t)result };

	out[2] = result ? 2 : 0;
	rdv_udp_push(u, to, hws_bytes(out, result ? 5 : 3));
}

uint64_t rdv_udp_lost(const struct rdv_udp *u)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < u->count; i++)
		n += hws_room_dropped(u->worker[i].fd);
	return n;
}
