/* sound/sound_host: the sound of the desktop for all viewers that want it, coded once; and voice
 * calls: a viewer's user rings, somebody at the desktop answers. */
#pragma once
#include "client/services/host_service.h"

extern const struct hws_host_service_impl hws_sound_host_service;
