/* recording/webm: writes packets of a codec that WebM knows as a WebM file, as they are. One video
 * track; a cluster starts with each key frame and at least every 5 s; the file can be played also
 * if it was never closed. */
#pragma once
#include "client/media/codec.h"
#include "shared/base/err.h"

struct hws_webm;

/* Creates the file (mode 0600); never writes over one: HWS_ERR_EXISTS. HWS_ERR_UNSUPPORTED: a codec
 * without a WebM id. */
int hws_webm_new(const char *path, enum hws_codec codec, int width, int height,
		struct hws_webm **ret) HWS_MUST_CHECK;
/* `time_ms` grows; the first is the start. HWS_ERR_DISK, HWS_ERR_SYS: give up. */
int hws_webm_packet(struct hws_webm *w, struct hws_bytes data, bool key,
		uint64_t time_ms) HWS_MUST_CHECK;
/* Writes duration (to `time_ms`: the last picture stays until then), sizes and the list of key
 * pictures, closes. Takes NULL. */
int hws_webm_close(struct hws_webm *w, uint64_t time_ms);
