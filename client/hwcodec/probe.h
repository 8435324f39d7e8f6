/* hwcodec/probe: finds out what devices are good for, by using them as everybody else does: in a
 * process of their own, with a limit of time. */
#pragma once
#include "client/hardware/report.h"

/* Tries what the option names and keeps the report; the exit status. */
int hwc_probe(const char *word);
