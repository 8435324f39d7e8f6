/* tests/support/webm_reader: reads a WebM file as strictly as a validator: nested sizes add up, the
 * index points at clusters, times do not go back, the first picture is a key picture. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct webm_file {
	char codec[16], sound[16]; /* of the tracks; "" = no second one */
	uint64_t width, height;
	double duration_ms;
	unsigned clusters, blocks, keys, cues, sounds; /* sounds: blocks of the second track */
	uint64_t last_ms;                              /* time of the last block */
	const char *why;                               /* what is wrong; NULL = nothing */
};

/* Reads it all; `on_block` (may be NULL) gets each picture. The result's `why` tells of the first
 * fault. */
void webm_read(const char *path,
		void (*on_block)(const uint8_t *data, size_t len, bool key, uint64_t time_ms,
				void *arg),
		void *arg, struct webm_file *ret);
/* And each packet of the second track. */
void webm_read_both(const char *path,
		void (*on_block)(const uint8_t *data, size_t len, bool key, uint64_t time_ms,
				void *arg),
		void (*on_sound)(const uint8_t *data, size_t len, uint64_t time_ms, void *arg),
		void *arg, struct webm_file *ret);
