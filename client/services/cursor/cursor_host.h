/* cursor/cursor_host: tells viewers the shape of the pointer (each shape once, then its id) and
 * where it is. */
#pragma once
#include "client/services/host_service.h"

extern const struct hws_host_service_impl hws_cursor_host_service;
