/* net/dialer: names are looked up on a worker; connecting is asynchronous, one address after the
 * other. */
#include "shared/net/dialer.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#define ADDRS_MAX 16
#define NEXT_US 300000 /* a silent address gets company after so long (RFC 8305 says 250 ms) */
#define TRIES_MAX 4    /* at the same time */

/* The question to the worker; outlives its asker when that cancels. */
struct lookup {
	char host[256];
	uint16_t port;
	int family;
	struct sockaddr_storage addrs[ADDRS_MAX];
	size_t count;
	struct hws_resolve *asker; /* NULL = canceled; loop thread only */
};

struct hws_resolve {
	struct lookup *lookup;
	hws_resolve_cb done;
	void *arg;
	/* A literal needs no worker: answered at the end of the turn. */
	struct hws_deferred deferred;
};

/* The system's order within a family, and the families in turn (RFC 8305): the first address of the
 * other one is not behind four of a network that leads nowhere. */
static void take_turns(struct lookup *l)
{
	struct sockaddr_storage in[ADDRS_MAX];
	bool taken[ADDRS_MAX] = { false };
	int last = AF_UNSPEC;

	memcpy(in, l->addrs, l->count * sizeof(in[0]));
	for (size_t n = 0; n < l->count; n++) {
		size_t next = l->count;

		for (size_t i = l->count; i-- > 0;) {
			if (!taken[i] &&
					(in[i].ss_family != last || next == l->count ||
							in[next].ss_family == last))
				next = i;
		}
		taken[next] = true;
		last = in[next].ss_family;
		l->addrs[n] = in[next];
	}
}

static int run_lookup(void *arg)
{
	struct lookup *l = arg;
	struct addrinfo hints = { .ai_family = l->family, .ai_socktype = SOCK_STREAM },
			*list = NULL;
	char port[8];
	int r;

	snprintf(port, sizeof(port), "%u", l->port);
	r = getaddrinfo(l->host, port, &hints, &list);
	if (r != 0)
		return HWS_ERR_RESOLVE;
	for (struct addrinfo *i = list; i && l->count < ADDRS_MAX; i = i->ai_next) {
		if (i->ai_addrlen > sizeof(l->addrs[0]))
			continue;
		memcpy(&l->addrs[l->count], i->ai_addr, i->ai_addrlen);
		hws_addr_normalise(&l->addrs[l->count]);
		l->count++;
	}
	freeaddrinfo(list);
	take_turns(l);
	return l->count > 0 ? HWS_OK : HWS_ERR_RESOLVE;
}

static void finish_lookup(void *arg, int r)
{
	struct lookup *l = arg;
	struct hws_resolve *a = l->asker;

	if (a) {
		a->lookup = NULL;
		a->done(r, l->addrs, r < 0 ? 0 : l->count, a->arg);
		hws_free(a);
	}
	hws_free(l);
}

static void finish_literal(void *arg)
{
	struct hws_resolve *a = arg;

	finish_lookup(a->lookup, HWS_OK);
}

static int resolve(struct hws_loop *loop, struct hws_work *work, const char *host, uint16_t port,
		int family, hws_resolve_cb done, void *arg, struct hws_resolve **ret)
{
	struct hws_resolve *a = hws_alloc(sizeof(*a));
	struct lookup *l = hws_alloc(sizeof(*l));
	int r = HWS_ERR_NOMEM;

	if (!a || !l)
		goto out;
	r = hws_str_copy(l->host, sizeof(l->host), host);
	if (r < 0)
		goto out;
	l->port = port;
	l->family = family;
	l->asker = a;
	a->lookup = l;
	a->done = done;
	a->arg = arg;
	if (hws_addr_parse(host, port, &l->addrs[0]) == HWS_OK) {
		hws_addr_set_port(&l->addrs[0], port);
		l->count = 1;
		hws_loop_defer(loop, &a->deferred, finish_literal, a);
	} else {
		r = hws_work_submit(work, loop, run_lookup, finish_lookup, l);
		if (r < 0)
			goto out;
	}
	*ret = a;
	return HWS_OK;
out:
	hws_free(a);
	hws_free(l);
	return r;
}

int hws_resolve(struct hws_loop *loop, struct hws_work *work, const char *host, uint16_t port,
		hws_resolve_cb done, void *arg, struct hws_resolve **ret)
{
	return resolve(loop, work, host, port, AF_UNSPEC, done, arg, ret);
}

void hws_resolve_cancel(struct hws_resolve *a)
{
	if (!a)
		return;
	if (hws_list_linked(&a->deferred.node)) {
		hws_loop_defer_cancel(&a->deferred);
		hws_free(a->lookup);
	} else if (a->lookup) {
		a->lookup->asker = NULL; /* the worker still has it */
	}
	hws_free(a);
}

struct attempt {
	struct hws_dial *dial;
	int fd; /* -1 = not in use */
	struct event ev;
};

struct hws_dial {
	struct hws_loop *loop;
	struct hws_dial_conf conf;
	struct sockaddr_storage bind_to;
	hws_dial_cb done;
	void *arg;
	struct hws_resolve *resolve;
	struct sockaddr_storage addrs[ADDRS_MAX];
	size_t count, next;
	struct attempt tries[TRIES_MAX];
	struct hws_timer limit, step;
	struct hws_deferred deferred;
	int last_error;
};

static void free_dial(void *arg)
{
	hws_free(arg);
}

static void clear_attempt(struct attempt *a)
{
	if (a->fd < 0)
		return;
	event_del(&a->ev);
	close(a->fd);
	a->fd = -1;
}

static void stop(struct hws_dial *d)
{
	hws_resolve_cancel(d->resolve);
	d->resolve = NULL;
	hws_timer_stop(&d->limit);
	hws_timer_stop(&d->step);
	for (int i = 0; i < TRIES_MAX; i++)
		clear_attempt(&d->tries[i]);
	hws_loop_defer_cancel(&d->deferred);
	hws_loop_defer(d->loop, &d->deferred, free_dial, d);
}

static void finish(struct hws_dial *d, int r, struct hws_stream *s)
{
	hws_dial_cb done = d->done;
	void *arg = d->arg;

	stop(d);
	done(r, s, arg);
}

static void try_next(struct hws_dial *d);

static bool any_trying(const struct hws_dial *d)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		if (d->tries[i].fd >= 0)
			return true;
	}
	return false;
}

static void on_connect(evutil_socket_t fd, short what, void *arg)
{
	struct attempt *a = arg;
	struct hws_dial *d = a->dial;
	struct hws_stream *s;
	int error = 0, r;
	socklen_t len = sizeof(error);

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error) {
		d->last_error = hws_err_from_errno(error);
		clear_attempt(a);
		try_next(d);
		return;
	}
	event_del(&a->ev);
	a->fd = -1;
	r = hws_stream_tcp_new(d->loop, (int)fd, &s);
	if (r < 0) {
		close((int)fd);
		finish(d, r, NULL);
		return;
	}
	finish(d, HWS_OK, s);
}

static int bind_local(struct hws_dial *d, int fd, int family)
{
	struct sockaddr_storage any = { .ss_family = (sa_family_t)family };
	const struct sockaddr_storage *a = d->conf.bind_to ? &d->bind_to : &any;
	int on = 1;

	if (!d->conf.bind_to && !d->conf.reuse_port)
		return HWS_OK;
	if (a->ss_family != family)
		return HWS_ERR_UNREACHABLE;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	return bind(fd, (const struct sockaddr *)a, hws_addr_len(a)) < 0 ? hws_err_from_errno(errno)
									 : HWS_OK;
}

/* Starts one attempt; an error means that this address cannot work. */
static int start_attempt(struct hws_dial *d, struct attempt *a, const struct sockaddr_storage *to)
{
	int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return hws_err_from_errno(errno);
	r = bind_local(d, fd, to->ss_family);
	if (r == HWS_OK && connect(fd, (const struct sockaddr *)to, hws_addr_len(to)) < 0 &&
			errno != EINPROGRESS)
		r = hws_err_from_errno(errno);
	if (r < 0) {
		close(fd);
		return r;
	}
	a->fd = fd;
	event_assign(&a->ev, hws_loop_base(d->loop), fd, EV_WRITE | EV_PERSIST, on_connect, a);
	event_add(&a->ev, NULL);
	return HWS_OK;
}

static void on_step(void *arg)
{
	try_next(arg);
}

static void try_next(struct hws_dial *d)
{
	while (d->next < d->count) {
		struct attempt *a = NULL;
		int r;

		for (int i = 0; i < TRIES_MAX && !a; i++) {
			if (d->tries[i].fd < 0)
				a = &d->tries[i];
		}
		if (!a)
			return;
		r = start_attempt(d, a, &d->addrs[d->next++]);
		if (r == HWS_OK) {
			if (d->next < d->count)
				hws_timer_start(d->loop, &d->step, NEXT_US, on_step, d);
			return;
		}
		d->last_error = r;
	}
	if (!any_trying(d))
		finish(d, d->last_error, NULL);
}

static void on_limit(void *arg)
{
	finish(arg, HWS_ERR_TIMEOUT, NULL);
}

static void on_resolved(int r, const struct sockaddr_storage *addrs, size_t count, void *arg)
{
	struct hws_dial *d = arg;

	d->resolve = NULL;
	if (r < 0) {
		finish(d, r, NULL);
		return;
	}
	for (size_t i = 0; i < count && d->count < ADDRS_MAX; i++) {
		if (d->conf.family == AF_UNSPEC || addrs[i].ss_family == d->conf.family)
			d->addrs[d->count++] = addrs[i];
	}
	d->last_error = HWS_ERR_UNREACHABLE;
	try_next(d);
}

int hws_dial(struct hws_loop *loop, struct hws_work *work, const struct hws_dial_conf *conf,
		hws_dial_cb done, void *arg, struct hws_dial **ret)
{
	struct hws_dial *d = hws_alloc(sizeof(*d));
	int r;

	if (!d)
		return HWS_ERR_NOMEM;
	d->loop = loop;
	d->conf = *conf;
	d->done = done;
	d->arg = arg;
	if (conf->bind_to) {
		d->bind_to = *conf->bind_to;
		d->conf.bind_to = &d->bind_to;
	}
	for (int i = 0; i < TRIES_MAX; i++) {
		d->tries[i].dial = d;
		d->tries[i].fd = -1;
	}
	r = resolve(loop, work, conf->host, conf->port, conf->family, on_resolved, d, &d->resolve);
	if (r < 0) {
		hws_free(d);
		return r;
	}
	d->conf.host = NULL; /* borrowed until return only */
	if (conf->timeout_us)
		hws_timer_start(loop, &d->limit, conf->timeout_us, on_limit, d);
	*ret = d;
	return HWS_OK;
}

void hws_dial_cancel(struct hws_dial *d)
{
	if (d)
		stop(d);
}
