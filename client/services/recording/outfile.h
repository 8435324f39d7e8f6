/* recording/outfile: a file that grows while it is written, and in which a few places are filled in
 * later. What could not be written whole is taken back, so that the file ends with what is whole.
 * Blocking: a worker's. */
#pragma once
#include "shared/base/buf.h"

struct hws_outfile {
	int fd; /* owned */
	uint64_t at;
};

/* Appends. HWS_ERR_DISK and the like: nothing of it is there. */
int hws_outfile_put(struct hws_outfile *o, struct hws_bytes a, struct hws_bytes b) HWS_MUST_CHECK;
/* Writes over what is at `at`. */
int hws_outfile_patch(struct hws_outfile *o, uint64_t at, struct hws_bytes b) HWS_MUST_CHECK;
int hws_outfile_close(struct hws_outfile *o);
