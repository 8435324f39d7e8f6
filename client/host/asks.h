/* host/asks: what a viewer asks of the host as a whole, by way of its agent: to restart the
 * machine, to change sides. hostd judges it by what it knows of the session, and has the launcher
 * do it. */
#pragma once
#include "client/host/hostd.h"

/* From the desktop's agent; any numbers. */
void hws_hostd_asked(struct hws_hostd *h, uint64_t conn, unsigned what, struct hws_bytes data);
