/* clipfiles/clipfiles_host: files that the desktop copies for the viewers, and those of a viewer
 * for the desktop. */
#pragma once
#include "client/services/host_service.h"

extern const struct hws_host_service_impl hws_clipfiles_host_service;
