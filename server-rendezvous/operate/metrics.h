/* rendezvous/operate/metrics: the metrics page. */
#pragma once
#include "shared/base/err.h"
#include <stdint.h>

struct rdv_server;
int rdv_metrics_new(struct rdv_server *s, struct hws_error *err) HWS_MUST_CHECK;
void rdv_metrics_free(struct rdv_server *s);
uint16_t rdv_metrics_port(const struct rdv_server *s);
