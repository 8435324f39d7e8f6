/* What the metrics page shows. Labels are fixed: nothing a stranger sends becomes one. */
#include "admin/api/policy_link.h"
#include "admin/api/presence.h"
#include "admin/api/server_parts.h"
#include "admin/sql/sql.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/daemon/process_metrics.h"

#define STATUSES 6u /* of struct htp_stats.requests */

struct adi_metrics {
	char requests[HTP_RATES][STATUSES][48];
	char rate[HTP_RATES][24];
	char refused[HTP_REFUSALS][24];
	uint64_t step_us[HTP_BUCKETS - 1];
	struct hws_process_metrics *process;
};

static int add_requests(struct adi_server *s, const struct htp_stats *st)
{
	int r = HWS_OK;

	for (int i = 0; i < HTP_RATES; i++)
		for (unsigned k = 1; k < STATUSES && r == HWS_OK; k++) {
			char *label = s->page->requests[i][k];

			r = hws_fmt(label, sizeof(s->page->requests[i][k]),
					"class=\"%s\",status=\"%uxx\"",
					htp_rate_name((enum htp_rate)i), k);
			if (r == HWS_OK)
				r = hws_metrics_add(s->metrics, HWS_COUNTER,
						"hawser_api_requests_total", label,
						"Requests answered.", &st->requests[i][k]);
		}
	return r;
}

static int add_latencies(struct adi_server *s, const struct htp_stats *st)
{
	int r = HWS_OK;

	for (unsigned k = 0; k < HTP_BUCKETS - 1; k++)
		s->page->step_us[k] = htp_bucket_ms[k] * HWS_US_PER_MS;
	for (int i = 0; i < HTP_RATES && r == HWS_OK; i++) {
		const struct hws_metrics_times times = { s->page->step_us, HTP_BUCKETS - 1,
			st->latency[i], &st->latency_us[i] };
		char *label = s->page->rate[i];

		r = hws_fmt(label, sizeof(s->page->rate[i]), "class=\"%s\"",
				htp_rate_name((enum htp_rate)i));
		if (r == HWS_OK)
			r = hws_metrics_add_times(s->metrics, "hawser_api_request_seconds", label,
					"Requests by the time until their reply.", &times);
	}
	return r;
}

static int add_refusals(struct adi_server *s, const struct htp_stats *st)
{
	int r = HWS_OK;

	for (int i = 0; i < HTP_REFUSALS && r == HWS_OK; i++) {
		char *label = s->page->refused[i];

		r = hws_fmt(label, sizeof(s->page->refused[i]), "reason=\"%s\"",
				htp_refused_name((enum htp_refused)i));
		if (r == HWS_OK)
			r = hws_metrics_add(s->metrics, HWS_COUNTER, "hawser_api_refused_total",
					label, "Links and requests refused by the edge.",
					&st->refused[i]);
	}
	return r;
}

static int add_all(struct adi_server *s, const struct htp_stats *st)
{
	const struct {
		enum hws_metric_type type;
		const char *name, *labels, *help;
		const uint64_t *value;
	} rows[] = {
		{ HWS_GAUGE, "hawser_api_connections", NULL, "Connections open.", &st->links },
		{ HWS_COUNTER, "hawser_api_connections_total", NULL, "Connections accepted.",
				&st->links_total },
		{ HWS_GAUGE, "hawser_api_running", "pool=\"common\"",
				"Requests handled or waiting for a thread.",
				&st->running[HTP_POOL_COMMON] },
		{ HWS_GAUGE, "hawser_api_running", "pool=\"passwords\"",
				"Requests handled or waiting for a thread.",
				&st->running[HTP_POOL_HASH] },
		{ HWS_GAUGE, "hawser_api_running", "pool=\"soon\"",
				"Requests handled or waiting for a thread.",
				&st->running[HTP_POOL_SOON] },
	};
	int r = HWS_OK;

	for (size_t i = 0; i < HWS_COUNT(rows) && r == HWS_OK; i++)
		r = hws_metrics_add(s->metrics, rows[i].type, rows[i].name, rows[i].labels,
				rows[i].help, rows[i].value);
	if (r == HWS_OK)
		r = add_requests(s, st);
	if (r == HWS_OK)
		r = add_latencies(s, st);
	return r == HWS_OK ? add_refusals(s, st) : r;
}

/* --- devices ---------------------------------------------------------------------------------- */

static struct adi_presence_stats presence_of(void *arg)
{
	const struct adi_server *s = arg;
	struct adi_presence_stats st;

	adi_presence_stats(s->app->presence, &st);
	return st;
}

static double beats_quick(void *arg)
{
	return (double)presence_of(arg).quick;
}

static double beats_asked(void *arg)
{
	return (double)presence_of(arg).asked;
}

static double beats_foreign(void *arg)
{
	return (double)presence_of(arg).foreign;
}

static double seen_lost(void *arg)
{
	return (double)presence_of(arg).lost;
}

static double devices_remembered(void *arg)
{
	return (double)presence_of(arg).devices;
}

static int add_devices(struct adi_server *s)
{
	const struct {
		enum hws_metric_type type;
		const char *name, *labels, *help;
		double (*fn)(void *arg);
	} rows[] = {
		{ HWS_COUNTER, "hawser_api_heartbeats_total", "from=\"memory\"",
				"Heartbeats by what their answer came from.", beats_quick },
		{ HWS_COUNTER, "hawser_api_heartbeats_total", "from=\"database\"",
				"Heartbeats by what their answer came from.", beats_asked },
		{ HWS_COUNTER, "hawser_api_reports_foreign_total", NULL,
				"Reports of an id that is not here with that machine id.",
				beats_foreign },
		{ HWS_COUNTER, "hawser_api_seen_lost_total", NULL,
				"Signs of life that made room before they were written.",
				seen_lost },
		{ HWS_GAUGE, "hawser_api_devices_remembered", NULL,
				"Devices that have reported to this process.", devices_remembered },
	};
	int r = HWS_OK;

	for (size_t i = 0; i < HWS_COUNT(rows) && r == HWS_OK; i++)
		r = hws_metrics_add_fn(s->metrics, rows[i].type, rows[i].name, rows[i].labels,
				rows[i].help, rows[i].fn, s);
	return r;
}

/* Their numbers stand where they are for as long as the policy does. */
static int add_policy(struct adi_server *s)
{
	const struct adi_policy_stats *st = adi_policy_stats(s->policy);
	const struct {
		const char *name, *labels, *help;
		const uint64_t *value;
	} rows[] = {
		{ "hawser_api_policy_total", "answer=\"allowed\"", "Who may connect: answers.",
				&st->allowed },
		{ "hawser_api_policy_total", "answer=\"refused\"", "Who may connect: answers.",
				&st->refused },
		{ "hawser_api_policy_total", "answer=\"undecided\"", "Who may connect: answers.",
				&st->undecided },
		{ "hawser_api_policy_devices_total", NULL,
				"Registrations of devices that ID servers told of.", &st->devices },
		{ "hawser_api_policy_dropped_total", NULL,
				"What ID servers told and there was no room for.", &st->dropped },
	};
	int r = hws_metrics_add(s->metrics, HWS_GAUGE, "hawser_api_policy_links", NULL,
			"ID servers that ask here.", &st->links);

	for (size_t i = 0; i < HWS_COUNT(rows) && r == HWS_OK; i++)
		r = hws_metrics_add(s->metrics, HWS_COUNTER, rows[i].name, rows[i].labels,
				rows[i].help, rows[i].value);
	return r;
}

static int add_database(struct adi_server *s)
{
	const struct sql_stats *st = sql_stats(s->app->db);
	int r = hws_metrics_add(s->metrics, HWS_GAUGE, "hawser_api_store_up", NULL,
			"1 when the database answered what it was asked last.", &st->up);

	if (r == HWS_OK)
		r = hws_metrics_add(s->metrics, HWS_COUNTER, "hawser_api_store_failures_total",
				NULL, "Statements that the database could not be asked.",
				&st->failures);
	return r < 0 ? r
		     : hws_metrics_add_hws_times(s->metrics, "hawser_api_store_seconds", NULL,
				       "Duration of statements.", &st->took);
}

static int64_t certificate_ends(void *arg)
{
	const struct adi_server *s = arg;

	return s->tls ? hws_tls_server_ends(s->tls) : 0;
}

static int add_process(struct adi_server *s)
{
	const struct hws_process_metrics_conf conf = { .program = "hawser-api",
		.state_dir = s->app->state_dir, /* the settings need not name it */
		.certificate_ends = certificate_ends,
		.arg = s };

	return hws_process_metrics_new(s->metrics, &conf, &s->page->process);
}

static bool is_ready(void *arg)
{
	const struct adi_server *s = arg;

	return !s->draining;
}

int adi_metrics_new(struct adi_server *s, struct hws_error *err)
{
	int r;

	if (!s->conf->metrics)
		return HWS_OK;
	s->page = hws_alloc(sizeof(*s->page));
	r = s->page ? hws_metrics_new(&s->metrics) : HWS_ERR_NOMEM;
	if (r == HWS_OK)
		r = add_all(s, htp_server_stats(s->edge));
	if (r == HWS_OK)
		r = add_policy(s);
	if (r == HWS_OK)
		r = add_devices(s);
	if (r == HWS_OK)
		r = add_database(s);
	if (r == HWS_OK)
		r = add_process(s);
	if (r < 0)
		return hws_error_set(err, r, "cannot set up the metrics");
	return hws_metrics_http_new(s->loop, s->metrics, s->conf->metrics_bind,
			s->conf->metrics_port, is_ready, s, &s->http, err);
}

void adi_metrics_free(struct adi_server *s)
{
	hws_metrics_http_free(s->http);
	hws_metrics_free(s->metrics);
	if (s->page)
		hws_process_metrics_free(s->page->process);
	hws_free(s->page);
}
