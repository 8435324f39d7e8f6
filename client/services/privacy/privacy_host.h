/* privacy/privacy_host: at the host: its monitors dark, its mouse and keyboard without effect,
 * while a viewer wishes so. */
#pragma once
#include "client/services/host_service.h"

extern const struct hws_host_service_impl hws_privacy_host_service;
