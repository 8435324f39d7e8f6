/* daemon/metrics: counters and gauges by name, read as Prometheus text over HTTP on a loopback port
 * (/metrics, /healthz, /readyz). Values are plain uint64_t in the owner's structs, read with
 * relaxed atomics. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"

struct hws_metrics;
enum hws_metric_type { HWS_COUNTER, HWS_GAUGE };

int hws_metrics_new(struct hws_metrics **ret) HWS_MUST_CHECK;
void hws_metrics_free(struct hws_metrics *m);
/* `name` and `labels` (like: reason="idle", or NULL) are borrowed static text; value must outlive
 * m. Rows of one name stand together. */
int hws_metrics_add(struct hws_metrics *m, enum hws_metric_type type, const char *name,
		const char *labels, const char *help, const uint64_t *value) HWS_MUST_CHECK;
/* A value computed when read, on the loop's thread. */
int hws_metrics_add_fn(struct hws_metrics *m, enum hws_metric_type type, const char *name,
		const char *labels, const char *help, double (*fn)(void *arg),
		void *arg) HWS_MUST_CHECK;
/* Durations as a histogram: `name`_bucket, _sum and _count, in seconds. */
struct hws_metrics_times {
	const uint64_t *step_us; /* upper bounds, rising */
	unsigned steps;
	const uint64_t *count; /* steps + 1, each in one step only; the last: beyond all */
	const uint64_t *sum_us;
};
int hws_metrics_add_times(struct hws_metrics *m, const char *name, const char *labels,
		const char *help, const struct hws_metrics_times *times) HWS_MUST_CHECK;
/* The same for what is kept in the steps of base/times. */
struct hws_times;
int hws_metrics_add_hws_times(struct hws_metrics *m, const char *name, const char *labels,
		const char *help, const struct hws_times *times) HWS_MUST_CHECK;
void hws_metrics_text(struct hws_metrics *m, struct hws_buf *out);

/* Serves on bind_ip:port (port 0 = any free, see _port). `ready` says if /readyz answers 200. */
struct hws_metrics_http;
int hws_metrics_http_new(struct hws_loop *loop, struct hws_metrics *m, const char *bind_ip,
		uint16_t port, bool (*ready)(void *arg), void *arg, struct hws_metrics_http **ret,
		struct hws_error *err) HWS_MUST_CHECK;
void hws_metrics_http_free(struct hws_metrics_http *h);
uint16_t hws_metrics_http_port(const struct hws_metrics_http *h);

/* Increment helpers usable from any thread. */
static inline void hws_count(uint64_t *c)
{
	__atomic_fetch_add(c, 1, __ATOMIC_RELAXED);
}
static inline void hws_count_add(uint64_t *c, uint64_t n)
{
	__atomic_fetch_add(c, n, __ATOMIC_RELAXED);
}
