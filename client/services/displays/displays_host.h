/* displays/displays_host: at the host: sizes of displays and displays without a monitor, as viewers
 * wish them, and which display has the pointer or the active window, for viewers that follow. */
#pragma once
#include "client/services/host_service.h"

extern const struct hws_host_service_impl hws_displays_host_service;
