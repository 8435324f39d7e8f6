/* record/open: a closed recording becomes a film again, with the auditor's secret key, where that
 * key is: never at the server. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct rec_open_job {
	const char *file;     /* the closed recording */
	const char *key_file; /* the auditor's secret key */
	const char *out;      /* the film: a new file (0600) */
};

struct rec_open_report {
	uint64_t parts, bytes;
	bool whole;     /* its end is there, and no part is missing before it */
	char chain[65]; /* what the audit has of a whole one (recording.done) */
};

/* A recording that breaks off is opened as far as it goes (whole = false). HWS_ERR_KEY: closed for
 * another key; HWS_ERR_CORRUPT: changed, or none of ours; then there is no film. */
int rec_open(const struct rec_open_job *job, struct rec_open_report *ret,
		struct hws_error *err) HWS_MUST_CHECK;
