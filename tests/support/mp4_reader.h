/* tests/support/mp4_reader: reads a fragmented MP4 file as strictly as a validator: boxes add up,
 * samples lie in their fragment's data, times follow from durations, the index points at fragments
 * that begin with a key picture. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mp4_file {
	char codec[5], sound[5]; /* of the tracks' sample entries; "" = no second one */
	uint8_t conf[512];       /* content of avcC, hvcC, av1C, vpcC */
	size_t conf_len;
	unsigned width, height;
	uint64_t duration_ms; /* as the head says */
	uint64_t end_ms;      /* of the last picture, by what the samples say */
	unsigned pictures, keys, indexed, sounds;
	const char *why; /* what is wrong; NULL = nothing */
};

/* Reads it all; `on_picture` (may be NULL) gets each picture. */
void mp4_read(const char *path,
		void (*on_picture)(const uint8_t *data, size_t len, bool key, uint64_t time_ms,
				void *arg),
		void *arg, struct mp4_file *ret);
