/* rendezvous/sight: the metrics page. */
#pragma once
#include "shared/base/err.h"
#include <stdint.h>

struct rdv_server;
int rdv_sight_new(struct rdv_server *s, struct hws_error *err) HWS_MUST_CHECK;
void rdv_sight_free(struct rdv_server *s);
uint16_t rdv_sight_port(const struct rdv_server *s);
