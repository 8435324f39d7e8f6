/* pulse/mainloop: the loop that libpulse asks for, on one of ours: nothing of it has a thread, and
 * nothing waits. */
#pragma once
#include "shared/loop/loop.h"
#include <pulse/mainloop-api.h>

/* `api` is to outlive all that libpulse makes with it; its userdata is the loop. */
void pulse_mainloop_init(pa_mainloop_api *api, struct hws_loop *loop);
