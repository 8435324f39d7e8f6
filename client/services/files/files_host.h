/* files/files_host: files at the controlled side, in the agent of that role: transfers by the
 * engine (files/files), listings and changes by requests (files/request), what the owner of the
 * host permits, and what the audit log hears of it. */
#pragma once
#include "client/services/host_service.h"

extern const struct hws_host_service_impl hws_files_host_service;
