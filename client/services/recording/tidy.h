/* recording/tidy: keeps a folder of recordings as small and as young as its owner wishes: the
 * oldest go first, those that are being written never. Blocking: a worker's. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Of the files that begin with `prefix` and are named as recordings. 0 = no limit. */
void hws_recordings_tidy(
		const char *folder, const char *prefix, uint64_t keep_s, uint64_t bytes_max);
/* Whether a file is named so. */
bool hws_recording_is_name(const char *name, const char *prefix);
