/* Time as one number of microseconds everywhere, and as text without libc, whose conversions
 * take locks and read files. */
#include "shared/base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts = { 0, 0 };

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * HWS_US_PER_S + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t hws_clock_us(void)
{
	uint64_t us = read_clock(CLOCK_MONOTONIC);

	return us ? us : 1;
}

uint64_t hws_wall_us(void)
{
	return read_clock(CLOCK_REALTIME);
}

/* Proleptic Gregorian date of a day number (0 = 1970-01-01), counted in years that begin in March,
 * so that the leap day is the last one. By hand, because libc takes a lock and reads the time
 * zone's file. */
static void civil(uint64_t days, unsigned *ret_year, unsigned *ret_month, unsigned *ret_day)
{
	uint64_t z = days + 719468, era = z / 146097;
	unsigned in_era = (unsigned)(z % 146097);
	unsigned year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	unsigned in_year = in_era - (365 * year + year / 4 - year / 100);
	unsigned m = (5 * in_year + 2) / 153;

	*ret_day = in_year - (153 * m + 2) / 5 + 1;
	*ret_month = m < 10 ? m + 3 : m - 9;
	*ret_year = (unsigned)(year + era * 400) + (*ret_month <= 2);
}

char *hws_wall_text(uint64_t wall_us, char *buf, size_t size)
{
	uint64_t s = wall_us / HWS_US_PER_S;
	unsigned us = (unsigned)(wall_us % HWS_US_PER_S), in_day = (unsigned)(s % 86400);
	unsigned year, month, day;
	int n;

	if (!size)
		return buf;
	civil(s / 86400, &year, &month, &day);
	n = snprintf(buf, size, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ", year, month, day,
			in_day / 3600, in_day / 60 % 60, in_day % 60, us);
	if (n < 0 || (size_t)n >= size)
		buf[0] = 0;
	return buf;
}
