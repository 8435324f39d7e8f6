/* sys/private_log: lines that only grow, in a file of one account (mode 0600): what was done, for
 * its owner to read later. A file that is full takes a number behind its name, and the oldest of
 * them goes. Blocking: not on a loop that serves; one thread at a time. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_PRIVATE_LOG_PATH 600

struct hws_private_log {
	char path[HWS_PRIVATE_LOG_PATH];
	int fd; /* -1: not open yet */
	uint64_t size, max;
	unsigned keep; /* full ones, "PATH.1" the newest */
	bool torn;     /* the last line has no end: the disk was full */
};

/* Opens nothing yet. HWS_ERR_TOOBIG: the path is too long. */
int hws_private_log_init(struct hws_private_log *l, const char *path, uint64_t max,
		unsigned keep) HWS_MUST_CHECK;
/* Whole lines, with their ends. An error comes with a sentence, and the next call tries anew; a
 * file that others could have written, a link or a device is never written to. */
int hws_private_log_append(struct hws_private_log *l, struct hws_bytes lines,
		struct hws_error *err) HWS_MUST_CHECK;
void hws_private_log_close(struct hws_private_log *l);
/* The name of a full one: `number` 1 is the newest; 0 the one that grows. */
int hws_private_log_name(const char *path, unsigned number, char *buf, size_t size) HWS_MUST_CHECK;
