/* Sorts what was measured and prints it in the lines that ./dev bench promises. */
#include "tests/bench/common/report.h"
#include <stdio.h>
#include <stdlib.h>

static const char *bench_name = "";

void report_of(const char *bench)
{
	bench_name = bench;
}

void metric(const char *name, double value)
{
	printf("bench %s.%s=%.4g\n", bench_name, name, value);
	fflush(stdout);
}

void note(const char *what, double value, const char *unit)
{
	printf("#   %-50s %9.4g %s\n", what, value, unit);
	fflush(stdout);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double quantile(double *v, size_t n, double q)
{
	qsort(v, n, sizeof(*v), ascending);
	return v[(size_t)((double)(n - 1) * q + 0.5)];
}
