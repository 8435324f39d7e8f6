/* What the metrics page shows. Labels are fixed: nothing a stranger sends becomes one. */
#include "server-relay/metrics.h"
#include "server-relay/addrs.h"
#include "server-relay/server_parts.h"
#include "server-relay/shard.h"
#include "server-relay/tickets.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/daemon/process_metrics.h"
#include "shared/net/tls.h"
#include <pthread.h>
#include <stddef.h>
#include <time.h>

struct sum {
	const struct rly_server *server;
	size_t offset;
};

struct per_shard {
	const struct rly_server *server;
	unsigned index;
	char label[24];
};

struct reason {
	char label[48];
};

struct rly_metrics {
	struct hws_timer second;
	uint64_t at_us, bytes, pairs;
	struct sum sum[32 + RLY_REFUSAL_COUNT + RLY_CLOSE_COUNT + RLY_WAY_COUNT];
	unsigned sums;
	struct reason refusal[RLY_REFUSAL_COUNT], close[RLY_CLOSE_COUNT], way[RLY_WAY_COUNT];
	struct hws_process_metrics *process;
	struct per_shard shard[RLY_SHARDS_MAX];
};

static double sum_of(void *arg)
{
	const struct sum *s = arg;

	return (double)rly_server_sum(s->server, s->offset);
}

static double cpu_of(void *arg)
{
	const struct per_shard *p = arg;
	const struct rly_shard *sh = p->server->shard[p->index];
	struct timespec t;
	clockid_t clock;

	if (!sh->running || pthread_getcpuclockid(sh->thread, &clock) != 0 ||
			clock_gettime(clock, &t) < 0)
		return 0;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double shard_pairs(void *arg)
{
	const struct per_shard *p = arg;

	return (double)rly_stat_get(&p->server->shard[p->index]->stats.pairs);
}

static double addresses(void *arg)
{
	const struct rly_server *s = arg;

	return rly_addrs_count(s->shared.addrs);
}

static double tickets(void *arg)
{
	const struct rly_server *s = arg;

	return rly_tickets_count(s->shared.tickets);
}

static double links(void *arg)
{
	const struct rly_server *s = arg;

	return rly_tickets_links_up(s->shared.tickets);
}

static double limit_total(void *arg)
{
	const struct rly_server *s = arg;

	return (double)s->rules->rate_total;
}

static double draining(void *arg)
{
	const struct rly_server *s = arg;

	return s->draining;
}

static double max_legs(void *arg)
{
	const struct rly_server *s = arg;

	return s->shared.max_legs;
}

#define C(f) offsetof(struct rly_stats, f)

static const struct {
	enum hws_metric_type type;
	const char *name, *labels, *help;
	size_t offset;
} sums[] = {
	{ HWS_COUNTER, "hawser_relay_accepted_total", "kind=\"tcp\"", "Connections accepted.",
			C(accepted_tcp) },
	{ HWS_COUNTER, "hawser_relay_accepted_total", "kind=\"ws\"", "Connections accepted.",
			C(accepted_ws) },
	{ HWS_GAUGE, "hawser_relay_connections", NULL, "Connections open.", C(legs) },
	{ HWS_GAUGE, "hawser_relay_waiting", NULL, "Connections that wait for their partner.",
			C(waiting) },
	{ HWS_GAUGE, "hawser_relay_pairs", NULL, "Pairs open.", C(pairs) },
	{ HWS_GAUGE, "hawser_relay_pairs_websocket", NULL, "Of them with a WebSocket.",
			C(pairs_ws) },
	{ HWS_COUNTER, "hawser_relay_pairs_total", NULL, "Pairs made.", C(pairs_total) },
	{ HWS_COUNTER, "hawser_relay_bytes_total", NULL, "Bytes taken from peers.", C(bytes) },
	{ HWS_COUNTER, "hawser_relay_bytes_by_path_total", "path=\"splice\"",
			"Bytes by the way they took.", C(bytes_spliced) },
	{ HWS_COUNTER, "hawser_relay_bytes_by_path_total", "path=\"copy\"",
			"Bytes by the way they took.", C(bytes_copied) },
	{ HWS_COUNTER, "hawser_relay_throttled_total", NULL, "Times a pair waited for a limit.",
			C(throttled) },
	{ HWS_GAUGE, "hawser_relay_pipes", NULL, "Pipes made.", C(pipes) },
	{ HWS_GAUGE, "hawser_relay_pipes_free", NULL, "Of them not lent.", C(pipes_free) },
	{ HWS_COUNTER, "hawser_relay_handed_over_total", NULL,
			"Waiting connections given to the next process.", C(handed_over) },
};

static double byte_rate(void *arg)
{
	const struct rly_server *s = arg;

	return s->bytes_per_s;
}

static double pair_rate(void *arg)
{
	const struct rly_server *s = arg;

	return s->pairs_per_s;
}

static void on_second(void *arg)
{
	struct rly_server *s = arg;
	struct rly_metrics *t = s->page;
	uint64_t now = hws_loop_now_us(s->loop), bytes = rly_server_sum(s, C(bytes)),
		 pairs = rly_server_sum(s, C(pairs_total));

	if (t->at_us && now > t->at_us) {
		double seconds = (double)(now - t->at_us) / 1e6;

		s->bytes_per_s = (double)(bytes - t->bytes) / seconds;
		s->pairs_per_s = (double)(pairs - t->pairs) / seconds;
	}
	t->at_us = now;
	t->bytes = bytes;
	t->pairs = pairs;
}

static int add_sum(struct rly_server *s, enum hws_metric_type type, const char *name,
		const char *labels, const char *help, size_t offset)
{
	struct sum *m = &s->page->sum[s->page->sums++];

	*m = (struct sum){ s, offset };
	return hws_metrics_add_fn(s->metrics, type, name, labels, help, sum_of, m);
}

static int add_reasons(struct rly_server *s)
{
	int r = HWS_OK;

	for (unsigned i = 0; i < RLY_REFUSAL_COUNT && r == HWS_OK; i++) {
		char *label = s->page->refusal[i].label;

		r = hws_fmt(label, sizeof(s->page->refusal[i].label), "reason=\"%s\"",
				rly_refusal_text((enum rly_refusal)i));
		if (r == HWS_OK)
			r = add_sum(s, HWS_COUNTER, "hawser_relay_refused_total", label,
					"Connections refused.", C(refused) + i * sizeof(uint64_t));
	}
	for (unsigned i = 0; i < RLY_CLOSE_COUNT && r == HWS_OK; i++) {
		char *label = s->page->close[i].label;

		r = hws_fmt(label, sizeof(s->page->close[i].label), "reason=\"%s\"",
				rly_close_text((enum rly_close)i));
		if (r == HWS_OK)
			r = add_sum(s, HWS_COUNTER, "hawser_relay_pairs_closed_total", label,
					"Pairs that ended.", C(closed) + i * sizeof(uint64_t));
	}
	for (unsigned i = 0; i < RLY_WAY_COUNT && r == HWS_OK; i++) {
		char *label = s->page->way[i].label;

		r = hws_fmt(label, sizeof(s->page->way[i].label), "dir=\"%s\"",
				rly_way_text((enum rly_way)i));
		if (r == HWS_OK)
			r = add_sum(s, HWS_COUNTER, "hawser_relay_bytes_by_direction_total", label,
					"Bytes by whom they are for.",
					C(bytes_way) + i * sizeof(uint64_t));
	}
	return r;
}

static int64_t certificate_ends(void *arg)
{
	const struct rly_server *s = arg;

	return s->shared.tls ? hws_tls_server_ends(s->shared.tls) : 0;
}

static int add_process(struct rly_server *s)
{
	const struct hws_process_metrics_conf conf = {
		.program = "hawser-relay", .certificate_ends = certificate_ends, .arg = s
	};

	return hws_process_metrics_new(s->metrics, &conf, &s->page->process);
}

static int add_shards(struct rly_server *s, const char *name, const char *help,
		enum hws_metric_type type, double (*fn)(void *arg))
{
	int r = HWS_OK;

	for (unsigned i = 0; i < s->shared.shard_count && r == HWS_OK; i++) {
		struct per_shard *p = &s->page->shard[i];

		p->server = s;
		p->index = i;
		r = hws_fmt(p->label, sizeof(p->label), "shard=\"%u\"", i);
		if (r == HWS_OK)
			r = hws_metrics_add_fn(s->metrics, type, name, p->label, help, fn, p);
	}
	return r;
}

static int add_all(struct rly_server *s)
{
	int r = HWS_OK;

	for (unsigned i = 0; i < HWS_COUNT(sums) && r == HWS_OK; i++)
		r = add_sum(s, sums[i].type, sums[i].name, sums[i].labels, sums[i].help,
				sums[i].offset);
	if (r == HWS_OK)
		r = add_reasons(s);
	if (r == HWS_OK)
		r = add_shards(s, "hawser_relay_shard_cpu_seconds_total",
				"Processor time of a thread.", HWS_COUNTER, cpu_of);
	if (r == HWS_OK)
		r = add_shards(s, "hawser_relay_shard_pairs", "Pairs of a thread.", HWS_GAUGE,
				shard_pairs);
	const struct {
		const char *name, *help;
		double (*fn)(void *arg);
	} rest[] = {
		{ "hawser_relay_bytes_per_second", "Bytes taken from peers in the last second.",
				byte_rate },
		{ "hawser_relay_pairs_per_second", "Pairs made in the last second.", pair_rate },
		{ "hawser_relay_addresses", "Addresses with open connections.", addresses },
		{ "hawser_relay_announced", "Announced pairs.", tickets },
		{ "hawser_relay_announcers", "Rendezvous servers connected.", links },
		{ "hawser_relay_limit_total_bytes", "The total limit, bytes per second.",
				limit_total },
		{ "hawser_relay_draining", "1 while no new pairs are taken.", draining },
		{ "hawser_relay_connections_max", "Connections the descriptor limit allows.",
				max_legs },
	};

	for (unsigned i = 0; i < HWS_COUNT(rest) && r == HWS_OK; i++)
		r = hws_metrics_add_fn(s->metrics, HWS_GAUGE, rest[i].name, NULL, rest[i].help,
				rest[i].fn, s);
	return r == HWS_OK ? add_process(s) : r;
}

static bool is_ready(void *arg)
{
	const struct rly_server *s = arg;

	return s->started && !s->draining;
}

int rly_metrics_new(struct rly_server *s, struct hws_error *err)
{
	int r;

	s->page = hws_alloc(sizeof(*s->page));
	r = s->page ? hws_metrics_new(&s->metrics) : HWS_ERR_NOMEM;
	if (r == HWS_OK)
		r = add_all(s);
	if (r < 0)
		return hws_error_set(err, r, "cannot set up the metrics");
	hws_timer_every(s->loop, &s->page->second, 1000000, on_second, s);
	return rly_metrics_serve(s, err);
}

int rly_metrics_serve(struct rly_server *s, struct hws_error *err)
{
	uint16_t port = s->metrics_port ? s->metrics_port : s->conf->metrics_port;
	int r;

	if (!s->conf->metrics || s->http)
		return HWS_OK;
	r = hws_metrics_http_new(s->loop, s->metrics, s->conf->metrics_bind, port, is_ready, s,
			&s->http, err);
	if (r == HWS_OK)
		s->metrics_port = hws_metrics_http_port(s->http);
	return r;
}

void rly_metrics_leave(struct rly_server *s)
{
	hws_metrics_http_free(s->http);
	s->http = NULL;
}

void rly_metrics_free(struct rly_server *s)
{
	rly_metrics_leave(s);
	if (s->page)
		hws_timer_stop(&s->page->second);
	hws_metrics_free(s->metrics);
	if (s->page)
		hws_process_metrics_free(s->page->process);
	hws_free(s->page);
	s->http = NULL;
	s->metrics = NULL;
	s->page = NULL;
}
