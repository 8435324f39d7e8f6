/* Ports, limits and threads of the edge. */
#include "admin/http/server_parts.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/daemon/metrics.h"
#include "shared/net/listener.h"
#include <unistd.h>

#define ADDRESSES_MAX 65536u
#define HEAD_US (10 * HWS_US_PER_S)
#define IDLE_US (75 * HWS_US_PER_S) /* longer than clients and proxies keep a link unused */

struct port {
	struct hws_list node;
	struct htp_server *server;
	struct hws_listener *listener;
	struct hws_tls_server *tls;
	bool local, admin;
};

const uint32_t htp_bucket_ms[HTP_BUCKETS - 1] = { 2, 10, 20, 50, 200, 1000, 5000 };

const char *htp_rate_name(enum htp_rate r)
{
	static const char *const names[HTP_RATES] = { "other", "device", "user", "login" };

	return r >= 0 && r < HTP_RATES ? names[r] : "?";
}

const char *htp_refused_name(enum htp_refused r)
{
	static const char *const names[HTP_REFUSALS] = { "links", "head", "body", "slow", "rate",
		"busy" };

	return r >= 0 && r < HTP_REFUSALS ? names[r] : "?";
}

const struct htp_stats *htp_server_stats(const struct htp_server *s)
{
	return &s->stats;
}

/* --- limits ----------------------------------------------------------------------------------- */

static int set_admit(struct hws_admit **a, const struct hws_admit_conf *conf)
{
	if (!*a)
		return hws_admit_new(conf, a);
	hws_admit_set_conf(*a, conf);
	return HWS_OK;
}

static int set_rates(struct htp_server *s, const struct htp_limits *limits)
{
	int r = HWS_OK;

	for (int i = HTP_RATE_DEVICE; i < HTP_RATES && r == HWS_OK; i++) {
		struct hws_admit_conf conf = {
			.max_entries = ADDRESSES_MAX,
			.rate = limits->rate[i].per_s,
			.burst = HWS_MAX(limits->rate[i].burst, limits->rate[i].per_s),
		};

		r = set_admit(&s->rate[i], &conf);
	}
	return r;
}

int htp_server_set_limits(
		struct htp_server *s, const struct htp_limits *limits, struct hws_error *err)
{
	struct hws_admit_conf links = {
		.max_entries = ADDRESSES_MAX,
		.max_links = limits->links_per_address,
		.max_total = limits->links_max,
	};
	struct htp_origins origins = { 0 };
	struct hws_cidr_list trusted = { 0 };
	int r = htp_origins_parse(limits->origins ? limits->origins : "", &origins, err);

	if (r == HWS_OK)
		r = hws_cidr_list_parse(limits->trusted ? limits->trusted : "", &trusted, err);
	if (r == HWS_OK && (set_admit(&s->admit, &links) < 0 || set_rates(s, limits) < 0))
		r = hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	if (r < 0) {
		htp_origins_done(&origins);
		hws_cidr_list_done(&trusted);
		return r;
	}
	htp_origins_done(&s->origins);
	hws_cidr_list_done(&s->trusted);
	s->origins = origins;
	s->trusted = trusted;
	s->conf.limits.links_max = limits->links_max;
	return HWS_OK;
}

/* --- ports ------------------------------------------------------------------------------------ */

static bool admitted(struct port *p, const struct sockaddr_storage *peer)
{
	struct htp_server *s = p->server;

	if (s->stats.links < s->conf.limits.links_max &&
			(p->local || hws_admit_open(s->admit, peer, hws_loop_now_us(s->loop))))
		return true;
	hws_count(&s->stats.refused[HTP_REFUSED_LINKS]);
	return false;
}

static void on_accept(int fd, const struct sockaddr_storage *peer, void *arg)
{
	struct port *p = arg;
	struct htp_server *s = p->server;
	struct hws_stream *stream = NULL;
	int r;

	if (!admitted(p, peer)) {
		close(fd);
		return;
	}
	if (p->tls)
		r = hws_stream_tls_server_new(s->loop, p->tls, fd, &stream);
	else
		r = hws_stream_tcp_new(s->loop, fd, &stream);
	if (r < 0)
		close(fd);
	else
		r = htp_link_new(s, stream, peer,
				(struct htp_way){ p->local, p->admin, p->tls != NULL });
	if (r < 0 && !p->local)
		hws_admit_close(s->admit, peer);
}

int htp_server_listen(struct htp_server *s, const struct htp_port_conf *conf, uint16_t *ret_port,
		struct hws_error *err)
{
	struct hws_listen_conf lc = {
		.bind_ip = conf->bind_ip, .port = conf->port, .fd = conf->fd, .on_accept = on_accept
	};
	struct port *p = hws_alloc(sizeof(*p));
	int r;

	if (!p)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	p->server = s;
	p->tls = conf->tls;
	p->local = conf->local;
	p->admin = conf->admin;
	lc.arg = p;
	r = hws_listener_new(s->loop, &lc, &p->listener, err);
	if (r < 0) {
		hws_free(p);
		return r;
	}
	hws_list_push(&s->ports, &p->node);
	if (ret_port)
		*ret_port = hws_listener_port(p->listener);
	return HWS_OK;
}

static void close_ports(struct htp_server *s)
{
	struct hws_list *node;

	while ((node = hws_list_first(&s->ports))) {
		struct port *p = hws_container(node, struct port, node);

		hws_list_remove(node);
		hws_listener_free(p->listener);
		hws_free(p);
	}
}

/* --- life ------------------------------------------------------------------------------------- */

int htp_server_new(struct hws_loop *loop, const struct htp_conf *conf, struct htp_server **ret,
		struct hws_error *err)
{
	struct htp_server *s = hws_alloc(sizeof(*s));
	int r;

	if (!s)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	s->loop = loop;
	s->conf = *conf;
	if (!conf->head_us)
		s->conf.head_us = HEAD_US;
	if (!conf->idle_us)
		s->conf.idle_us = IDLE_US;
	hws_list_init(&s->ports);
	hws_list_init(&s->link_list);
	r = htp_server_set_limits(s, &conf->limits, err);
	if (r == HWS_OK) {
		r = hws_work_new(conf->threads, conf->queue_max, &s->pool[HTP_POOL_COMMON]);
		if (r == HWS_OK)
			r = hws_work_new(conf->hash_threads, conf->queue_max,
					&s->pool[HTP_POOL_HASH]);
		if (r == HWS_OK)
			r = hws_work_new(conf->threads, conf->queue_max, &s->pool[HTP_POOL_SOON]);
		if (r < 0)
			hws_error_set(err, r, "cannot start the threads that serve");
	}
	if (r < 0) {
		htp_server_free(s);
		return r;
	}
	*ret = s;
	return HWS_OK;
}

void htp_server_free(struct htp_server *s)
{
	if (!s)
		return;
	close_ports(s);
	s->drained = NULL;
	htp_links_close(s, false);
	hws_loop_defer_cancel(&s->drain_end);
	for (int i = 0; i < HTP_POOL_LOOP; i++)
		hws_work_free(s->pool[i]);
	for (int i = 0; i < HTP_RATES; i++)
		hws_admit_free(s->rate[i]);
	hws_admit_free(s->admit);
	htp_origins_done(&s->origins);
	hws_cidr_list_done(&s->trusted);
	hws_free(s);
}

struct hws_work *htp_server_pool(struct htp_server *s, enum htp_pool pool)
{
	return s->pool[pool];
}

static void tell_drained(void *arg)
{
	struct htp_server *s = arg;
	void (*done)(void *) = s->drained;

	s->drained = NULL;
	if (done)
		done(s->drained_arg);
}

void htp_server_link_gone(struct htp_server *s)
{
	if (s->draining && s->drained && hws_list_empty(&s->link_list))
		hws_loop_defer(s->loop, &s->drain_end, tell_drained, s);
}

void htp_server_drain(struct htp_server *s, void (*done)(void *arg), void *arg)
{
	s->draining = true;
	s->drained = done;
	s->drained_arg = arg;
	close_ports(s);
	htp_links_close(s, true);
	htp_server_link_gone(s);
}
