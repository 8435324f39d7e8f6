/* admin/when: points in time as people write them. Pure. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* "90d", "12h", "30m", "2w": so long from now_ms (`back`: before it); "2026-01-31",
 * "2026-01-31T08:00", "...T08:00:00Z": UTC; "never": 0; "now". HWS_ERR_INVAL, HWS_ERR_RANGE. */
int adm_when_parse(const char *text, int64_t now_ms, bool back, int64_t *ret) HWS_MUST_CHECK;
/* "30", "30d", "2w": a number of days, at least 1. */
int adm_days_parse(const char *text, int64_t *ret) HWS_MUST_CHECK;
/* "mon-fri", "sat,sun": a bit for each day, Monday is 1. */
int adm_weekdays_parse(const char *text, unsigned *ret) HWS_MUST_CHECK;
/* "08:00-18:00", the end up to 24:00. */
int adm_hours_parse(const char *text, char from[6], char to[6]) HWS_MUST_CHECK;
