/* relay/container: the names that images of hbbr have for settings of this relay. */
#pragma once
#include "shared/conf/option.h"

#define RLY_ENV_NAMES 6u
extern const struct hws_env_name rly_env_names[RLY_ENV_NAMES];
