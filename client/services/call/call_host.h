/* call/call_host: a viewer's user rings, and hears at once that nobody can answer: this host has no
 * microphone and no loudspeaker to offer yet. */
#pragma once
#include "client/services/host_service.h"

extern const struct hws_host_service_impl hws_call_host_service;
