/* recording/repair: makes recordings whole that were never closed, because their program or machine
 * was ended: what was cut off in the middle goes, index and duration are written. Files of others
 * are left as they are. Blocking: a worker's, or a command's. */
#pragma once
#include "shared/base/err.h"

enum hws_recording_was {
	HWS_RECORDING_WHOLE,    /* nothing was to do */
	HWS_RECORDING_REPAIRED, /* it is whole now */
	HWS_RECORDING_EMPTY,    /* there is no whole picture in it: left as it is */
};

/* HWS_ERR_BUSY: it is being recorded; HWS_ERR_UNSUPPORTED: not a recording of hawser's;
 * HWS_ERR_CORRUPT; else what opening and writing say. */
int hws_recording_repair(const char *path, enum hws_recording_was *ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Those in the folder that have a recording's name and begin with `prefix`. Failures are logged. */
void hws_recordings_repair_folder(const char *folder, const char *prefix);
