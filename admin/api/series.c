/* api/series: two rings by the number of the step since 1970; a place holds a value only if its
 * number is the one that is asked for, so nothing needs to be cleared while time passes. */
#include "admin/api/series.h"
#include "shared/base/mem.h"
#include <math.h>
#include <pthread.h>

#define RINGS 2

static const struct {
	unsigned step_s, places;
} rings[RINGS] = { { 60, 1440 }, { 600, 1008 } };

static const struct {
	unsigned ring, values;
} spans[] = {
	[ADI_HOUR] = { 0, 60 },
	[ADI_DAY] = { 0, 1440 },
	[ADI_WEEK] = { 1, 1008 },
};

struct place {
	int64_t step;
	double sum[ADI_METRICS];
	uint32_t n[ADI_METRICS];
};

struct adi_series {
	pthread_mutex_t lock;
	struct place *ring[RINGS];
};

int adi_series_new(struct adi_series **ret)
{
	struct adi_series *s = hws_alloc(sizeof(*s));

	if (!s)
		return HWS_ERR_NOMEM;
	pthread_mutex_init(&s->lock, NULL);
	for (unsigned i = 0; i < RINGS; i++) {
		s->ring[i] = hws_alloc_array(rings[i].places, sizeof(struct place));
		if (!s->ring[i]) {
			adi_series_free(s);
			return HWS_ERR_NOMEM;
		}
	}
	*ret = s;
	return HWS_OK;
}

void adi_series_free(struct adi_series *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < RINGS; i++)
		hws_free(s->ring[i]);
	pthread_mutex_destroy(&s->lock);
	hws_free(s);
}

void adi_series_add(struct adi_series *s, int64_t now_ms, const double value[ADI_METRICS])
{
	pthread_mutex_lock(&s->lock);
	for (unsigned i = 0; i < RINGS; i++) {
		int64_t step = now_ms / 1000 / rings[i].step_s;
		struct place *p = &s->ring[i][(uint64_t)step % rings[i].places];

		if (p->step != step)
			*p = (struct place){ .step = step };
		for (unsigned m = 0; m < ADI_METRICS; m++) {
			if (isnan(value[m]))
				continue;
			p->sum[m] += value[m];
			p->n[m]++;
		}
	}
	pthread_mutex_unlock(&s->lock);
}

void adi_series_get(struct adi_series *s, enum adi_metric m, enum adi_span span, int64_t now_ms,
		struct adi_series_part *ret)
{
	unsigned ring = spans[span].ring;
	int64_t last = now_ms / 1000 / rings[ring].step_s;

	ret->step_s = rings[ring].step_s;
	ret->n = spans[span].values;
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < ret->n; i++) {
		int64_t step = last - (int64_t)(ret->n - 1 - i);
		const struct place *p = &s->ring[ring][(uint64_t)step % rings[ring].places];

		ret->value[i] = p->step == step && p->n[m] ? p->sum[m] / p->n[m] : (double)NAN;
	}
	pthread_mutex_unlock(&s->lock);
	ret->start_at = (last - (int64_t)ret->n + 1) * rings[ring].step_s * 1000;
}
