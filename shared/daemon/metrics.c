/* Counters stay where they are counted, plain numbers of their owners; a row only points there,
 * so counting costs nothing and reading never waits for anybody. */
#include "shared/daemon/metrics.h"

#include "shared/base/mem.h"
#include "shared/base/times.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define ROWS_MAX 4096u

struct row {
	enum hws_metric_type type;
	const char *name, *labels, *help;
	const uint64_t *value;
	double (*fn)(void *arg);
	void *arg;
	struct hws_metrics_times times; /* steps > 0: a histogram, the type does not count */
};

struct hws_metrics {
	struct row *row;
	size_t count, size;
};

int hws_metrics_new(struct hws_metrics **ret)
{
	struct hws_metrics *m = hws_alloc(sizeof(*m));

	if (!m)
		return HWS_ERR_NOMEM;
	*ret = m;
	return HWS_OK;
}

void hws_metrics_free(struct hws_metrics *m)
{
	if (!m)
		return;
	hws_free(m->row);
	hws_free(m);
}

static int add(struct hws_metrics *m, struct row row)
{
	if (m->count == m->size) {
		size_t size = m->size ? m->size * 2 : 32;
		struct row *grown;

		if (size > ROWS_MAX)
			return HWS_ERR_FULL;
		grown = hws_realloc_array(m->row, size, sizeof(*grown));
		if (!grown)
			return HWS_ERR_NOMEM;
		m->row = grown;
		m->size = size;
	}
	m->row[m->count++] = row;
	return HWS_OK;
}

int hws_metrics_add(struct hws_metrics *m, enum hws_metric_type type, const char *name,
		const char *labels, const char *help, const uint64_t *value)
{
	return add(m, (struct row){ type, name, labels, help, .value = value });
}

int hws_metrics_add_fn(struct hws_metrics *m, enum hws_metric_type type, const char *name,
		const char *labels, const char *help, double (*fn)(void *arg), void *arg)
{
	return add(m, (struct row){ type, name, labels, help, .fn = fn, .arg = arg });
}

int hws_metrics_add_times(struct hws_metrics *m, const char *name, const char *labels,
		const char *help, const struct hws_metrics_times *times)
{
	return add(m, (struct row){ HWS_COUNTER, name, labels, help, .times = *times });
}

int hws_metrics_add_hws_times(struct hws_metrics *m, const char *name, const char *labels,
		const char *help, const struct hws_times *times)
{
	const struct hws_metrics_times view = { hws_times_step_us, HWS_TIMES_STEPS, times->count,
		&times->sum_us };

	return hws_metrics_add_times(m, name, labels, help, &view);
}

static uint64_t load(const uint64_t *v)
{
	return __atomic_load_n(v, __ATOMIC_RELAXED);
}

/* Each step counts what is in those before, too; _count is made of the same numbers, so that both
 * agree while others count. */
static void put_times(const struct row *row, struct hws_buf *out)
{
	const char *labels = row->labels ? row->labels : "", *comma = row->labels ? "," : "";
	const struct hws_metrics_times *t = &row->times;
	uint64_t n = 0;

	for (unsigned i = 0; i < t->steps; i++) {
		n += load(&t->count[i]);
		hws_buf_fmt(out, "%s_bucket{%s%sle=\"%.15g\"} %" PRIu64 "\n", row->name, labels,
				comma, (double)t->step_us[i] / 1e6, n);
	}
	n += load(&t->count[t->steps]);
	hws_buf_fmt(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", row->name, labels, comma, n);
	hws_buf_fmt(out, "%s_sum", row->name);
	if (row->labels)
		hws_buf_fmt(out, "{%s}", row->labels);
	hws_buf_fmt(out, " %.15g\n%s_count", (double)load(t->sum_us) / 1e6, row->name);
	if (row->labels)
		hws_buf_fmt(out, "{%s}", row->labels);
	hws_buf_fmt(out, " %" PRIu64 "\n", n);
}

static void put_value(const struct row *row, struct hws_buf *out)
{
	double v;

	if (row->times.steps) {
		put_times(row, out);
		return;
	}
	hws_buf_put_str(out, row->name);
	if (row->labels)
		hws_buf_fmt(out, "{%s}", row->labels);
	if (row->value) {
		hws_buf_fmt(out, " %" PRIu64 "\n", load(row->value));
		return;
	}
	v = row->fn(row->arg);
	if (isnan(v))
		hws_buf_put_str(out, " NaN\n");
	else if (isinf(v))
		hws_buf_put_str(out, v > 0 ? " +Inf\n" : " -Inf\n");
	else
		hws_buf_fmt(out, " %.15g\n", v);
}

static const char *type_text(const struct row *row)
{
	if (row->times.steps)
		return "histogram";
	return row->type == HWS_GAUGE ? "gauge" : "counter";
}

void hws_metrics_text(struct hws_metrics *m, struct hws_buf *out)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct row *first = &m->row[i];
		bool seen = false;

		for (size_t j = 0; j < i && !seen; j++)
			seen = strcmp(m->row[j].name, first->name) == 0;
		if (seen)
			continue;
		hws_buf_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", first->name, first->help,
				first->name, type_text(first));
		for (size_t j = i; j < m->count; j++) {
			if (strcmp(m->row[j].name, first->name) == 0)
				put_value(&m->row[j], out);
		}
	}
}
