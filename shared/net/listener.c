/* Accepting must survive a full table of descriptors: it pauses and tries again by timer, where
 * a loop would spin on a socket that stays readable. */
#include "shared/net/listener.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 1024
#define ACCEPT_BUDGET 64 /* a turn */
#define RESUME_US 200000 /* after the process ran out of descriptors */

struct hws_listener {
	struct hws_loop *loop;
	struct hws_listen_conf conf;
	int fd;
	uint16_t port;
	struct event ev;
	struct hws_timer resume;
	struct hws_deferred deferred;
	bool paused;
};

/* Binds one family; HWS_ERR_UNSUPPORTED when the system lacks it. */
static int bind_socket(int type, const struct sockaddr_storage *a, bool reuse_port, int *ret)
{
	int fd = socket(a->ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, off = 0, r;

	if (fd < 0)
		return errno == EAFNOSUPPORT ? HWS_ERR_UNSUPPORTED : hws_err_from_errno(errno);
	/* For TCP only: on UDP it would let another program take our packets. */
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (reuse_port)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (a->ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (const struct sockaddr *)a, hws_addr_len(a)) < 0) {
		r = errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT ? HWS_ERR_UNSUPPORTED
								    : hws_err_from_errno(errno);
		if (errno == EADDRINUSE)
			r = HWS_ERR_BUSY;
		close(fd);
		return r;
	}
	*ret = fd;
	return HWS_OK;
}

static int bind_error(struct hws_error *err, int r, const char *ip, uint16_t port, const char *kind)
{
	int sys = errno;

	if (r == HWS_ERR_BUSY)
		hws_error_set(err, r,
				"%s port %u is in use: stop the program that has it (ss -lnp "
				"shows which) or choose another port",
				kind, port);
	else if (sys == EACCES)
		hws_error_set(err, HWS_ERR_PERM,
				"%s port %u may not be used by this user: ports below 1024 need "
				"CAP_NET_BIND_SERVICE",
				kind, port);
	else if (r == HWS_ERR_UNSUPPORTED)
		hws_error_set(err, r, "the address '%s' is not one of this machine",
				ip && *ip ? ip : "any");
	else
		hws_error_set(err, r, "cannot bind %s port %u: %s", kind, port, hws_err_text(r));
	if (err)
		err->sys = sys;
	return r;
}

static int bind_any(int type, const char *ip, uint16_t port, bool reuse_port, int *ret_fd,
		struct hws_error *err)
{
	const char *kind = type == SOCK_STREAM ? "TCP" : "UDP";
	struct sockaddr_storage a;
	int r;

	if (ip && *ip) {
		r = hws_addr_parse(ip, port, &a);
		if (r < 0)
			return hws_error_set(err, r, "'%s' is no IP address to bind to", ip);
		hws_addr_set_port(&a, port);
		r = bind_socket(type, &a, reuse_port, ret_fd);
		return r < 0 ? bind_error(err, r, ip, port, kind) : HWS_OK;
	}
	memset(&a, 0, sizeof(a));
	a.ss_family = AF_INET6;
	hws_addr_set_port(&a, port);
	r = bind_socket(type, &a, reuse_port, ret_fd);
	if (r == HWS_ERR_UNSUPPORTED) {
		memset(&a, 0, sizeof(a));
		a.ss_family = AF_INET;
		hws_addr_set_port(&a, port);
		r = bind_socket(type, &a, reuse_port, ret_fd);
	}
	return r < 0 ? bind_error(err, r, ip, port, kind) : HWS_OK;
}

int hws_udp_bind(const char *bind_ip, uint16_t port, bool reuse_port, int *ret_fd,
		struct hws_error *err)
{
	return bind_any(SOCK_DGRAM, bind_ip, port, reuse_port, ret_fd, err);
}

static void on_resume(void *arg)
{
	struct hws_listener *l = arg;

	if (!l->paused)
		event_add(&l->ev, NULL);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct hws_listener *l = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < ACCEPT_BUDGET && !l->paused; i++) {
		struct sockaddr_storage peer = { 0 };
		socklen_t len = sizeof(peer);
		int s = accept4(l->fd, (struct sockaddr *)&peer, &len,
				SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (s >= 0) {
			hws_addr_normalise(&peer);
			l->conf.on_accept(s, &peer, l->conf.arg);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			/* The connection stays in the backlog; spinning on it would eat the
			 * core. */
			event_del(&l->ev);
			hws_timer_start(l->loop, &l->resume, RESUME_US, on_resume, l);
			return;
		}
		if (errno == EAGAIN)
			return;
		/* ECONNABORTED, EINTR and network errors concern that one connection. */
	}
}

int hws_listener_new(struct hws_loop *loop, const struct hws_listen_conf *conf,
		struct hws_listener **ret, struct hws_error *err)
{
	struct hws_listener *l = hws_alloc(sizeof(*l));
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	int r;

	if (!l)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	l->loop = loop;
	l->conf = *conf;
	l->conf.bind_ip = NULL; /* borrowed until return only */
	l->fd = conf->fd > 0 ? conf->fd : -1;
	if (l->fd < 0) {
		r = bind_any(SOCK_STREAM, conf->bind_ip, conf->port, conf->reuse_port, &l->fd, err);
		if (r < 0) {
			hws_free(l);
			return r;
		}
	}
	if (listen(l->fd, conf->backlog > 0 ? conf->backlog : BACKLOG) < 0) {
		r = errno == EADDRINUSE ? HWS_ERR_BUSY : hws_err_from_errno(errno);
		bind_error(err, r, conf->bind_ip, conf->port, "TCP");
		close(l->fd);
		hws_free(l);
		return r;
	}
	if (getsockname(l->fd, (struct sockaddr *)&a, &len) == 0)
		l->port = hws_addr_port(&a);
	evutil_make_socket_nonblocking(l->fd);
	event_assign(&l->ev, hws_loop_base(loop), l->fd, EV_READ | EV_PERSIST, on_ready, l);
	event_add(&l->ev, NULL);
	*ret = l;
	return HWS_OK;
}

static void free_listener(void *arg)
{
	hws_free(arg);
}

void hws_listener_free(struct hws_listener *l)
{
	if (!l)
		return;
	l->paused = true; /* ends the accept loop when this is called inside it */
	hws_timer_stop(&l->resume);
	event_del(&l->ev);
	close(l->fd);
	hws_loop_defer(l->loop, &l->deferred, free_listener, l);
}

uint16_t hws_listener_port(const struct hws_listener *l)
{
	return l->port;
}

int hws_listener_fd(const struct hws_listener *l)
{
	return l->fd;
}

void hws_listener_pause(struct hws_listener *l)
{
	l->paused = true;
	event_del(&l->ev);
}

void hws_listener_resume(struct hws_listener *l)
{
	if (!l->paused)
		return;
	l->paused = false;
	if (!hws_timer_active(&l->resume))
		event_add(&l->ev, NULL);
}
