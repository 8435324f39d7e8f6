/* recording/repair_parts: what the repair of each kind of file has in common; not for others. */
#pragma once
#include "client/services/recording/outfile.h"
#include "client/services/recording/repair.h"
#include <stdbool.h>

/* Reads exactly `n` bytes; false: the file is not so long, or cannot be read. */
bool hws_repair_read(int fd, uint64_t at, void *to, size_t n);
/* The file of `size` bytes begins as its kind does. They close nothing. */
int hws_repair_webm(int fd, uint64_t size, enum hws_recording_was *ret) HWS_MUST_CHECK;
int hws_repair_mp4(int fd, uint64_t size, enum hws_recording_was *ret) HWS_MUST_CHECK;
/* Cuts the file at `end` and makes `ret` append there. */
int hws_repair_cut(int fd, uint64_t end, struct hws_outfile *ret) HWS_MUST_CHECK;

static inline uint64_t hws_repair_number(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}
