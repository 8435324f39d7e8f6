/* relay/metrics: what the metrics page shows. Main loop only. */
#pragma once
#include "shared/base/err.h"

struct rly_server;

int rly_metrics_new(struct rly_server *s, struct hws_error *err) HWS_MUST_CHECK;
/* Opens the metrics page if there is one; closes it for a successor. */
int rly_metrics_serve(struct rly_server *s, struct hws_error *err) HWS_MUST_CHECK;
void rly_metrics_leave(struct rly_server *s);
void rly_metrics_free(struct rly_server *s);
