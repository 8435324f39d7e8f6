/* host/managed_json: what a host tells of the strategy that is in force. */
#pragma once
#include "client/host/managed.h"
#include <jansson.h>

/* {"mode","number","settings":[names],"stays","others","refused"}; 0 and "" where there is none. */
json_t *hws_managed_json(const struct hws_managed *m, const struct hws_settings *s);
