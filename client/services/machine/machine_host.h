/* machine/machine_host: restarting the machine on a viewer's wish. hostd decides and does it. */
#pragma once
#include "client/services/host_service.h"

extern const struct hws_host_service_impl hws_machine_host_service;
