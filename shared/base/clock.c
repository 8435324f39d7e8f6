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

uint64_t hws_cpu_us(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

char *hws_wall_text(uint64_t wall_us, char *buf, size_t size)
{
	time_t s = (time_t)(wall_us / HWS_US_PER_S);
	unsigned us = (unsigned)(wall_us % HWS_US_PER_S);
	struct tm tm;
	int n = -1;

	if (!size)
		return buf;
	if (gmtime_r(&s, &tm) && tm.tm_year <= 9999 - 1900)
		n = snprintf(buf, size, "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ", tm.tm_year + 1900,
				tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, us);
	if (n < 0 || (size_t)n >= size)
		buf[0] = 0;
	return buf;
}
