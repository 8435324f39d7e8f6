/* rendezvous/config/container: the names that images of hbbs have for settings of this server. */
#pragma once
#include "shared/conf/option.h"

#define RDV_ENV_NAMES 10u
extern const struct hws_env_name rdv_env_names[RDV_ENV_NAMES];
