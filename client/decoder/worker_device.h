/* decoder/worker_device: a device that the decoder process may use: it is given the way to the
 * process that has it, and cannot start one. */
#pragma once
#include "client/media/hardware.h"

struct worker_device;

/* Takes `fd` on success; the memory is only mapped. From now on pictures are decoded by the device
 * where that is faster. */
int worker_device_new(int fd, int memory_fd, const struct hws_hw_table *t,
		struct worker_device **ret) HWS_MUST_CHECK;
void worker_device_free(struct worker_device *d); /* takes NULL */
