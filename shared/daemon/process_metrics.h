/* daemon/process_metrics: what all servers show of their process and machine: under the names that
 * Prometheus has for processes (process_*), and with the clock, room on the disk and the end of
 * the certificate under hawser_*. Read when asked, on the loop's thread. */
#pragma once
#include "shared/daemon/metrics.h"

struct hws_process_metrics_conf {
	const char *program;   /* its name; static text */
	const char *state_dir; /* where it keeps what must stay; NULL = nothing is kept */
	/* When the certificate in force ends, Unix seconds; 0 = there is none. */
	int64_t (*certificate_ends)(void *arg);
	void *arg;
};

struct hws_process_metrics;
/* Copies `conf` and its path. The rows point to *ret: freed after `m`. */
int hws_process_metrics_new(struct hws_metrics *m, const struct hws_process_metrics_conf *conf,
		struct hws_process_metrics **ret) HWS_MUST_CHECK;
/* Takes NULL. */
void hws_process_metrics_free(struct hws_process_metrics *p);
