/* rendezvous/operate/metrics: the metrics page, and a warning where the firewall is about to drop
 * what comes for us. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include <stdint.h>

struct rdv_core;
struct rdv_metrics;

/* On the control loop; opens the page where the settings want one. `state_dir`: the one in use,
 * which the settings need not name; borrowed. */
int rdv_metrics_new(struct rdv_core *core, struct hws_loop *loop, const char *state_dir,
		struct rdv_metrics **ret, struct hws_error *err) HWS_MUST_CHECK;
/* Before anything of `core` is freed. Takes NULL. */
void rdv_metrics_free(struct rdv_metrics *m);
/* 0 = no page. */
uint16_t rdv_metrics_port(const struct rdv_metrics *m);
