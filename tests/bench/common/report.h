/* bench/common/report: figures and how they are printed. */
#pragma once
#include <stddef.h>

/* Whose figures they are: once, before the first. Static. */
void report_of(const char *bench);
/* A line "bench BENCH.NAME=VALUE". */
void metric(const char *name, double value);
/* A line for readers. */
void note(const char *what, double value, const char *unit);
/* Sorts. */
double quantile(double *v, size_t n, double q);
