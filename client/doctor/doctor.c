/* The server's name is resolved once, so that all tests mean the same machines and none waits for a
 * resolver; then they run side by side. */
#include "client/doctor/doctor_parts.h"
#include "client/reach/udp_socket.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <stdlib.h>
#include <unistd.h>

#define SERVER_PORT 21116
#define RESOLVE_US 5000000 /* with SRV records */
#define SRV_US 2000000

void hws_doctor_begin(struct hws_doctor *d, struct hws_doctor_try *t)
{
	t->state = HWS_DOCTOR_RUNS;
	t->begun_us = hws_loop_now_us(d->loop);
	d->running++;
}

static void finish(void *arg)
{
	struct hws_doctor *d = arg;

	hws_timer_stop(&d->end);
	d->done(&d->facts, d->arg);
}

void hws_doctor_end(struct hws_doctor *d, struct hws_doctor_try *t, int why)
{
	if (t->state != HWS_DOCTOR_RUNS)
		return;
	t->state = why == HWS_OK ? HWS_DOCTOR_GOOD : HWS_DOCTOR_FAILED;
	t->why = why;
	t->ms = (uint32_t)((hws_loop_now_us(d->loop) - t->begun_us) / HWS_US_PER_MS);
	if (--d->running == 0 && !d->over) {
		d->over = true;
		hws_loop_defer(d->loop, &d->ending, finish, d);
	}
}

static void stop(struct hws_doctor *d)
{
	hws_timer_stop(&d->end);
	hws_timer_stop(&d->resolve_limit);
	hws_timer_stop(&d->srv_limit);
	hws_srv_find_cancel(d->srv);
	d->srv = NULL;
	hws_resolve_cancel(d->resolve);
	d->resolve = NULL;
	hws_doctor_tcp_stop(d);
	hws_doctor_relay_stop(d);
	hws_doctor_udp_stop(d);
}

/* What still runs has failed by being slow. */
static void on_end(void *arg)
{
	struct hws_doctor *d = arg;

	if (d->over)
		return;
	d->over = true;
	stop(d);
	hws_loop_defer(d->loop, &d->ending, finish, d);
}

/* The ports below and above it are its, too. */
static bool may_have_neighbours(uint16_t port)
{
	return port >= 2 && port <= UINT16_MAX - 3;
}

/* --- the name --------------------------------------------------------------------------------- */

static void take_addresses(struct hws_doctor *d, const struct sockaddr_storage *addrs, size_t count)
{
	struct hws_doctor_facts *f = &d->facts;

	for (size_t i = 0; i < count; i++) {
		bool is4 = addrs[i].ss_family == AF_INET;

		f->count4 += is4;
		f->count6 += !is4;
	}
	/* NATs are found in front of IPv4; IPv6 is a test of its own. */
	for (size_t i = 0; i < count; i++) {
		bool is4 = addrs[i].ss_family == AF_INET;

		if (is4 != (f->count4 > 0)) {
			if (d->server6.ss_family == AF_UNSPEC)
				d->server6 = addrs[i];
		} else if (d->server_count < HWS_DOCTOR_SERVERS) {
			d->server[d->server_count++] = addrs[i];
		}
	}
	f->servers = d->server_count;
}

static void on_resolved(int r, const struct sockaddr_storage *addrs, size_t count, void *arg)
{
	struct hws_doctor *d = arg;

	d->resolve = NULL;
	hws_timer_stop(&d->resolve_limit);
	if (r == HWS_OK)
		take_addresses(d, addrs, count);
	if (r == HWS_OK && !d->server_count)
		r = HWS_ERR_RESOLVE;
	d->running++; /* until all have begun */
	hws_doctor_end(d, &d->facts.name, r);
	if (r == HWS_OK) {
		hws_doctor_tcp_start(d);
		hws_doctor_udp_start(d);
	} else if (d->proxy.kind != HWS_PROXY_NONE) {
		hws_doctor_tcp_start(d); /* a proxy may know the name */
	}
	if (--d->running == 0)
		on_end(d);
}

static void on_resolve_limit(void *arg)
{
	struct hws_doctor *d = arg;

	hws_srv_find_cancel(d->srv);
	d->srv = NULL;
	hws_resolve_cancel(d->resolve);
	on_resolved(HWS_ERR_RESOLVE, NULL, 0, d);
}

static int resolve(struct hws_doctor *d)
{
	return hws_resolve(d->loop, d->work, d->facts.host, d->facts.port, on_resolved, d,
			&d->resolve);
}

/* A name may say where its server is. The one that would be asked first is tested; most names have
 * no such records. */
static void on_srv(int r, const struct hws_srv *found, void *arg)
{
	struct hws_doctor *d = arg;
	struct hws_doctor_facts *f = &d->facts;

	d->srv = NULL;
	hws_timer_stop(&d->srv_limit);
	if (r == HWS_OK && found->count == 0) {
		on_resolved(HWS_ERR_NOTFOUND, NULL, 0, d);
		return;
	}
	if (r == HWS_OK && found->count > 0 && may_have_neighbours(found->target[0].port)) {
		memcpy(f->domain, f->host, sizeof(f->domain));
		memcpy(f->host, found->target[0].host, sizeof(f->host));
		memcpy(d->given.host, f->host, sizeof(d->given.host));
		f->port = d->given.port = found->target[0].port;
	}
	if (resolve(d) < 0) {
		d->resolve = NULL;
		on_resolved(HWS_ERR_RESOLVE, NULL, 0, d);
	}
}

/* --- life ------------------------------------------------------------------------------------- */

/* What other programs heed and this one does not. */
static void find_env_proxy(struct hws_doctor_facts *f)
{
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy",
		"ALL_PROXY" };

	for (size_t i = 0; i < HWS_COUNT(names) && !*f->env_proxy; i++) {
		const char *value = getenv(names[i]);

		if (value && *value &&
				hws_str_copy(f->env_proxy, sizeof(f->env_proxy), names[i]) < 0)
			return;
	}
}

static int take_conf(
		struct hws_doctor *d, const struct hws_doctor_conf *conf, struct hws_error *err)
{
	struct hws_doctor_facts *f = &d->facts;
	struct sockaddr_storage literal;

	if (!conf->server || !*conf->server)
		return hws_error_set(err, HWS_ERR_INVAL,
				"no rendezvous server is configured: name one with --server");
	if (hws_server_addr_parse(conf->server, SERVER_PORT, &d->given) < 0)
		return hws_error_set(err, HWS_ERR_INVAL,
				"'%.200s' is no server address (HOST, HOST:PORT, ws:// or wss:// URL)",
				conf->server);
	if (hws_str_copy(d->key, sizeof(d->key), conf->key ? conf->key : "") < 0)
		return hws_error_set(err, HWS_ERR_INVAL, "the server key is too long to be one");
	if (conf->proxy)
		d->proxy = *conf->proxy;
	memcpy(f->host, d->given.host, sizeof(f->host));
	f->by_web = d->given.ws;
	f->port = hws_server_addr_plain_port(&d->given, SERVER_PORT);
	if (!may_have_neighbours(f->port))
		return hws_error_set(err, HWS_ERR_INVAL,
				"the server has ports below and above the one that is named: %u "
				"cannot be it",
				f->port);
	f->is_literal = hws_addr_parse(f->host, 1, &literal) == HWS_OK;
	f->has_key = d->key[0] != '\0';
	f->has_proxy = d->proxy.kind != HWS_PROXY_NONE;
	find_env_proxy(f);
	return HWS_OK;
}

static void on_srv_limit(void *arg)
{
	struct hws_doctor *d = arg;

	hws_srv_find_cancel(d->srv);
	on_srv(HWS_ERR_TIMEOUT, NULL, d);
}

/* An address at which this machine could be met by IPv6. */
static bool has_ipv6(void)
{
	struct sockaddr_storage own;
	int fd;

	if (hws_udp_open_ipv6(&own, &fd) < 0)
		return false;
	close(fd);
	return true;
}

static void free_doctor(void *arg)
{
	struct hws_doctor *d = arg;

	hws_wipe(&d->proxy, sizeof(d->proxy));
	hws_free(d);
}

int hws_doctor_new(struct hws_loop *loop, struct hws_work *work, const struct hws_doctor_conf *conf,
		hws_doctor_cb done, void *arg, struct hws_doctor **ret, struct hws_error *err)
{
	struct hws_doctor *d = hws_alloc(sizeof(*d));
	int r;

	if (!d)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	d->loop = loop;
	d->work = work;
	d->done = done;
	d->arg = arg;
	for (unsigned i = 0; i < HWS_DOCTOR_UDP_COUNT; i++)
		d->udp[i].fd = -1;
	r = take_conf(d, conf, err);
	if (r == HWS_OK) {
		/* behind a proxy nobody asks for SRV records */
		r = d->given.srv && d->proxy.kind == HWS_PROXY_NONE
				? hws_srv_find(loop, work, HWS_RENDEZVOUS_SERVICE, d->facts.host,
						  on_srv, d, &d->srv)
				: resolve(d);
		if (r < 0)
			hws_error_set(err, r, "cannot begin: %s", hws_err_text(r));
	}
	if (r < 0) {
		free_doctor(d);
		return r;
	}
	d->facts.has_ipv6 = has_ipv6();
	if (d->srv)
		hws_timer_start(loop, &d->srv_limit, SRV_US, on_srv_limit, d);
	hws_doctor_begin(d, &d->facts.name);
	hws_timer_start(loop, &d->resolve_limit, RESOLVE_US, on_resolve_limit, d);
	hws_timer_start(loop, &d->end, HWS_DOCTOR_MAX_US, on_end, d);
	*ret = d;
	return HWS_OK;
}

void hws_doctor_free(struct hws_doctor *d)
{
	if (!d)
		return;
	d->over = true;
	hws_loop_defer_cancel(&d->ending);
	stop(d);
	hws_loop_defer(d->loop, &d->deferred, free_doctor, d);
}
