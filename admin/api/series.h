/* api/series: figures over time, kept in memory: a value for each minute of a day, and for each ten
 * minutes of a week. What was before this process is not known. Any thread may read; one writes. */
#pragma once
#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

enum adi_metric {
	ADI_ONLINE,
	ADI_SESSIONS,
	ADI_RELAY_BYTES,
	ADI_FAILURES,
	ADI_DIRECT_SHARE,
	ADI_METRICS
};
enum adi_span { ADI_HOUR, ADI_DAY, ADI_WEEK };

#define ADI_SERIES_MAX 1440u /* values in the longest */

struct adi_series;

int adi_series_new(struct adi_series **ret) HWS_MUST_CHECK;
void adi_series_free(struct adi_series *s); /* takes NULL */
/* A sample of all metrics; NAN = not known. In any rhythm: the values of one step are averaged. */
void adi_series_add(struct adi_series *s, int64_t now_ms, const double value[ADI_METRICS]);

struct adi_series_part {
	unsigned step_s;
	int64_t start_at; /* of the first value, Unix milliseconds */
	size_t n;
	double value[ADI_SERIES_MAX]; /* NAN = nothing was measured */
};
void adi_series_get(struct adi_series *s, enum adi_metric m, enum adi_span span, int64_t now_ms,
		struct adi_series_part *ret);
