/* The real hawser-api under the load of devices. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* `engine`: "sqlite" or "postgres"; prints its figures. */
bool real_measure(const char *engine, uint64_t us);
