/* sides/sides_host: the ends change places: the viewer is looked at, and this desktop looks. hostd
 * decides, and has the viewer of this machine started. */
#pragma once
#include "client/services/host_service.h"

#define HWS_SIDES_TITLE "Change of sides"

extern const struct hws_host_service_impl hws_sides_host_service;
