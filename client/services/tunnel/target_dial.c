/* Connects to an allowed target; see target_dial.h. Who controls a name's records says what its
 * addresses are, so the list has its word after the lookup once more, for each. */
#include "client/services/tunnel/target_dial.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/net/dialer.h"
#include <errno.h>
#include <unistd.h>

#define ADDRESSES_MAX 16u
#define CODE(name) SES__TUNNEL_CODE__TUNNEL_CODE_##name

struct hws_target_dial {
	struct hws_target_dial_conf conf;
	Ses__TunnelKind kind;
	char host[256];
	uint16_t port;
	struct hws_resolve *resolve;
	struct hws_dial *dial;
	struct sockaddr_storage address[ADDRESSES_MAX];
	size_t count, next;
	Ses__TunnelCode last;
	uint64_t until_us;
	struct hws_timer limit;
	struct hws_deferred start, gone;
};

static void free_dial(void *arg)
{
	hws_free(arg);
}

void hws_target_dial_cancel(struct hws_target_dial *d)
{
	if (!d)
		return;
	hws_resolve_cancel(d->resolve);
	hws_dial_cancel(d->dial);
	d->resolve = NULL;
	d->dial = NULL;
	hws_timer_stop(&d->limit);
	hws_loop_defer_cancel(&d->start);
	hws_loop_defer(d->conf.loop, &d->gone, free_dial, d);
}

static void finish(struct hws_target_dial *d, struct hws_target_result *r)
{
	hws_target_dial_cancel(d); /* freed at the end of the turn */
	d->conf.done(r, d->conf.arg);
}

static void fail(struct hws_target_dial *d, Ses__TunnelCode code)
{
	struct hws_target_result r = { .code = code, .fd = -1 };

	finish(d, &r);
}

static Ses__TunnelCode code_of(int r)
{
	switch (r) {
	case HWS_ERR_REFUSED:
	case HWS_ERR_RESET:
		return CODE(REFUSED);
	case HWS_ERR_TIMEOUT:
		return CODE(TIMEOUT);
	case HWS_ERR_RESOLVE:
		return CODE(RESOLVE);
	case HWS_ERR_UNREACHABLE:
		return CODE(UNREACHABLE);
	default:
		return CODE(FAILED);
	}
}

/* --- one address ------------------------------------------------------------------------------ */

static void try_next(struct hws_target_dial *d);

static void on_dialed(int r, struct hws_stream *s, void *arg)
{
	struct hws_target_dial *d = arg;
	struct hws_target_result res = { .code = CODE(OK), .stream = s, .fd = -1 };

	d->dial = NULL;
	if (r < 0) {
		d->last = code_of(r);
		try_next(d);
		return;
	}
	res.address = d->address[d->next - 1];
	finish(d, &res);
}

static int dial_tcp(struct hws_target_dial *d, const struct sockaddr_storage *a)
{
	uint64_t now = hws_loop_now_us(d->conf.loop);
	uint64_t left = d->until_us > now ? d->until_us - now : 1;
	char ip[HWS_ADDR_TEXT];
	struct hws_dial_conf c = { .host = hws_addr_ip_text(a, ip, sizeof(ip)),
		.port = d->port,
		.timeout_us = left / (d->count - d->next + 1),
		.family = a->ss_family };

	return hws_dial(d->conf.loop, d->conf.work, &c, on_dialed, d, &d->dial);
}

/* Connected, so that nobody else's datagrams come in and errors are told. */
static int open_udp(struct hws_target_dial *d, const struct sockaddr_storage *a)
{
	struct hws_target_result res = { .code = CODE(OK), .address = *a };
	int fd = socket(a->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return hws_err_from_errno(errno);
	if (connect(fd, (const struct sockaddr *)a, hws_addr_len(a)) < 0) {
		int r = hws_err_from_errno(errno);

		close(fd);
		return r;
	}
	res.fd = fd;
	finish(d, &res);
	return HWS_OK;
}

static void try_next(struct hws_target_dial *d)
{
	while (d->next < d->count) {
		const struct sockaddr_storage *a = &d->address[d->next++];
		const struct hws_targets *t = d->conf.targets(d->conf.arg);

		/* also of now, should the list be another one since */
		if (!t || !hws_targets_allow(t, d->kind, d->host, a)) {
			d->last = CODE(FORBIDDEN);
			continue;
		}
		int r = d->kind == SES__TUNNEL_KIND__TUNNEL_KIND_UDP ? open_udp(d, a)
								     : dial_tcp(d, a);
		if (r == HWS_OK)
			return;
		d->last = code_of(r);
	}
	fail(d, d->last);
}

/* --- the addresses ---------------------------------------------------------------------------- */

static void on_resolved(int r, const struct sockaddr_storage *addrs, size_t count, void *arg)
{
	struct hws_target_dial *d = arg;
	const struct hws_targets *t = d->conf.targets(d->conf.arg);

	d->resolve = NULL;
	if (r < 0) {
		fail(d, code_of(r));
		return;
	}
	for (size_t i = 0; i < count && d->count < ADDRESSES_MAX; i++) {
		struct sockaddr_storage a = addrs[i];

		hws_addr_set_port(&a, d->port);
		if (t && hws_targets_allow(t, d->kind, d->host, &a))
			d->address[d->count++] = a;
	}
	d->last = CODE(FORBIDDEN);
	try_next(d);
}

/* Nobody is asked what localhost is. */
static void use_localhost(struct hws_target_dial *d)
{
	static const char *const own[] = { "127.0.0.1", "::1" };
	struct sockaddr_storage a[HWS_COUNT(own)];
	size_t n = 0;

	for (size_t i = 0; i < HWS_COUNT(own); i++)
		if (hws_addr_parse(own[i], d->port, &a[n]) == HWS_OK)
			n++;
	on_resolved(HWS_OK, a, n, d);
}

static void on_start(void *arg)
{
	struct hws_target_dial *d = arg;
	const struct hws_targets *t = d->conf.targets(d->conf.arg);

	if (!t || !hws_targets_may_ask(t, d->kind, d->host, d->port)) {
		fail(d, CODE(FORBIDDEN));
		return;
	}
	if (hws_targets_is_localhost(d->host)) {
		use_localhost(d);
		return;
	}
	int r = hws_resolve(
			d->conf.loop, d->conf.work, d->host, d->port, on_resolved, d, &d->resolve);
	if (r < 0)
		fail(d, code_of(r));
}

static void on_limit(void *arg)
{
	fail(arg, CODE(TIMEOUT));
}

int hws_target_dial(const struct hws_target_dial_conf *conf, Ses__TunnelKind kind, const char *host,
		uint16_t port, struct hws_target_dial **ret)
{
	struct hws_target_dial *d = hws_alloc(sizeof(*d));
	int r = d ? hws_str_copy(d->host, sizeof(d->host), host) : HWS_ERR_NOMEM;

	if (r < 0) {
		hws_free(d);
		return r;
	}
	d->conf = *conf;
	d->kind = kind;
	d->port = port;
	d->last = CODE(UNREACHABLE);
	d->until_us = hws_loop_now_us(conf->loop) + conf->timeout_us;
	hws_timer_start(conf->loop, &d->limit, conf->timeout_us, on_limit, d);
	hws_loop_defer(conf->loop, &d->start, on_start, d);
	*ret = d;
	return HWS_OK;
}
