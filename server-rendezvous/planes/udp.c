/* rendezvous/planes/udp: sockets and threads. What a datagram means is in udp_handler.c; here it
 * is taken in and given out in batches, one system call for many. */
#include "server-rendezvous/planes/udp.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/locals.h"
#include "server-rendezvous/planes/udp_handler.h"
#include "server-rendezvous/state/core.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/daemon/watchdog.h"
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
	struct hws_udp_local at; /* where the datagram came to that is being answered */
	pthread_t thread;
	bool started;
	int fd;
	int ask_fd;       /* of the watchdog */
	uint64_t answers; /* atomic */
};

struct rdv_udp {
	struct rdv_core *core;
	rdv_udp_sent_fn on_sent;
	struct worker *worker;
	unsigned count;
	struct worker second; /* of the second port, for NAT tests; its fd is -1 without one */
	struct rdv_locals locals;
	uint16_t port, second_port;
	int family; /* of the sockets */
	int stop_fd;
	bool stopped; /* atomic */
};

static void worker_send(const struct sockaddr_storage *to, struct hws_bytes data, void *arg)
{
	struct worker *w = arg;

	if (hws_udp_batch_put(w->batch, w->fd, to, data, &w->at) == HWS_OK)
		hws_count(&w->owner->core->count.udp_out);
	else
		hws_count(&w->owner->core->count.udp_unsent);
}

/* To a tester, from the port that it did not ask: it learns what its network lets in. */
static void worker_send_other(const struct sockaddr_storage *to, struct hws_bytes data, void *arg)
{
	struct worker *w = arg;
	struct rdv_udp *u = w->owner;
	int fd = w == &u->second ? u->worker[0].fd : u->second.fd;

	if (hws_udp_local_send(fd, to, data, &w->at))
		hws_count(&u->core->count.udp_out);
	else
		hws_count(&u->core->count.udp_unsent);
}

/* Most datagrams come to the same one. */
static void came_to(struct worker *w, int i)
{
	struct hws_udp_local at;

	hws_udp_batch_local(w->batch, i, &at);
	if (memcmp(&at, &w->at, sizeof(at)) == 0)
		return;
	w->at = at;
	w->handler.at = rdv_locals_number(&w->owner->locals, &at);
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

			came_to(w, i);
			rdv_udp_handler_input(&w->handler, &from, in, now);
		}
		hws_count_add(&w->owner->core->count.udp_unsent,
				hws_udp_batch_flush(w->batch, w->fd));
		if (n < HWS_UDP_BATCH)
			break;
	}
}

static void answer(struct worker *w)
{
	uint64_t asked;

	if (read(w->ask_fd, &asked, sizeof(asked)) == sizeof(asked))
		__atomic_add_fetch(&w->answers, 1, __ATOMIC_RELEASE);
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;
	struct pollfd p[] = { { .fd = w->fd, .events = POLLIN },
		{ .fd = w->owner->stop_fd, .events = POLLIN },
		{ .fd = w->ask_fd, .events = POLLIN } };

	while (!__atomic_load_n(&w->owner->stopped, __ATOMIC_ACQUIRE)) {
		if (poll(p, HWS_COUNT(p), -1) < 0 && errno != EINTR)
			break;
		if (p[2].revents)
			answer(w);
		/* Errors of single destinations come as POLLERR too: reading takes them off. */
		if (p[0].revents)
			drain_socket(w);
	}
	return NULL;
}

/* What a socket needs besides being bound. */
static int worker_ready(struct rdv_udp *u, struct worker *w)
{
	int r;

	w->owner = u;
	w->ask_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->ask_fd < 0)
		return HWS_ERR_SYS;
	fcntl(w->fd, F_SETFL, fcntl(w->fd, F_GETFL) | O_NONBLOCK);
	r = hws_udp_batch_new(&w->batch);
	if (r < 0)
		return r;
	hws_udp_batch_ask_local(w->batch, w->fd);
	r = rdv_udp_handler_init(&w->handler, u->core);
	if (r < 0)
		return r;
	w->handler.send = worker_send;
	w->handler.arg = w;
	w->handler.on_sent = u->on_sent;
	return HWS_OK;
}

static int worker_open(
		struct rdv_udp *u, struct worker *w, const char *bind_ip, struct hws_error *err)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	uint64_t rmem = rdv_conf(u->core)->rmem, got;
	int r;

	r = hws_udp_bind(bind_ip, u->port, true, &w->fd, err);
	if (r < 0) {
		w->fd = -1;
		return r;
	}
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
	return worker_ready(u, w);
}

static void worker_done(struct worker *w)
{
	rdv_udp_handler_done(&w->handler);
	hws_udp_batch_free(w->batch);
	w->batch = NULL;
	if (w->fd >= 0)
		close(w->fd);
	if (w->ask_fd >= 0)
		close(w->ask_fd);
	w->fd = w->ask_fd = -1;
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
	rdv_locals_init(&u->locals);
	u->core = core;
	u->on_sent = on_sent;
	u->port = port;
	u->second.fd = u->second.ask_fd = -1;
	u->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	u->worker = calloc(threads, sizeof(*u->worker));
	if (!u->worker || u->stop_fd < 0)
		goto fail;
	r = refuse_second_instance(bind_ip, port, err);
	if (r < 0)
		goto fail;
	for (unsigned i = 0; i < threads; i++)
		u->worker[i].fd = u->worker[i].ask_fd = -1;
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

/* Without it everything but the finer NAT test works: no reason to refuse to start. */
void rdv_udp_second(struct rdv_udp *u, const char *bind_ip, uint16_t port)
{
	struct hws_error err = { 0 };
	int r = hws_udp_bind(bind_ip, port, false, &u->second.fd, &err);

	if (r == HWS_OK) {
		r = worker_ready(u, &u->second);
	} else {
		u->second.fd = -1;
	}
	if (r < 0) {
		hws_warn("udp.second_port", HWS_U64("port", port),
				HWS_STR("text", *err.text ? err.text : hws_err_text(r)));
		worker_done(&u->second);
		return;
	}
	u->second.handler.nat_only = true;
	u->second.handler.send_other = worker_send_other;
	u->second.handler.other_port = u->port;
	u->second_port = port;
	for (unsigned i = 0; i < u->count; i++) {
		u->worker[i].handler.send_other = worker_send_other;
		u->worker[i].handler.other_port = port;
	}
}

static int worker_start(struct worker *w)
{
	if (pthread_create(&w->thread, NULL, worker_run, w) != 0)
		return HWS_ERR_SYS;
	w->started = true;
	pthread_setname_np(w->thread, "rdv-udp");
	return HWS_OK;
}

int rdv_udp_start(struct rdv_udp *u)
{
	int r = u->second.fd >= 0 ? worker_start(&u->second) : HWS_OK;

	for (unsigned i = 0; i < u->count && r == HWS_OK; i++)
		r = worker_start(&u->worker[i]);
	return r;
}

int rdv_udp_watch(struct rdv_udp *u, struct hws_watchdog *watchdog)
{
	int r = HWS_OK;

	for (unsigned i = 0; i <= u->count && r == HWS_OK; i++) {
		struct worker *w = i < u->count ? &u->worker[i] : &u->second;

		if (w->started)
			r = hws_watchdog_thread(watchdog, w->ask_fd, &w->answers, "rdv-udp");
	}
	return r;
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
	if (u->second.started)
		pthread_join(u->second.thread, NULL);
}

void rdv_udp_free(struct rdv_udp *u)
{
	if (!u)
		return;
	rdv_udp_stop(u);
	for (unsigned i = 0; u->worker && i < u->count; i++)
		worker_done(&u->worker[i]);
	worker_done(&u->second);
	if (u->stop_fd >= 0)
		close(u->stop_fd);
	rdv_locals_done(&u->locals);
	free(u->worker);
	free(u);
}

uint16_t rdv_udp_port(const struct rdv_udp *u)
{
	return u->port;
}

uint16_t rdv_udp_second_port(const struct rdv_udp *u)
{
	return u->second_port;
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
	if (hws_udp_local_send(u->worker[0].fd, &ss, data, rdv_locals_get(&u->locals, to->at)))
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
