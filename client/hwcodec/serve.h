/* hwcodec/serve: the process in which a driver runs: one request at a time, in memory that both
 * ends have. */
#pragma once
#include "client/hwcodec/coder.h"

/* Opens the device, confines itself, serves what comes over `fd` until its other end is closed; the
 * exit status. Who started it sends the memory with a first byte. */
int hwc_serve(int fd, const struct hwc_backend *b, const char *path);
/* Without confinement and the memory of others: for tests, with a device that is open. */
void hwc_serve_requests(int fd, struct hwc_device *d, uint8_t *memory);
