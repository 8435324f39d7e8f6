/* video/patch_host: exact patches beside a display's video, for viewers that know of them: small
 * changes go as they are, the codec takes what is large or keeps moving, and what rests under video
 * is completed to exact. Part of video_host; loop thread, but for what says otherwise.  All viewers
 * of the display that know of patches are sent the same. While somebody watches who does not, or
 * somebody records, every change goes by the codec as well. */
#pragma once
#include "client/services/video/patch_state.h"

struct hws_display_host;
struct hws_display_job;

/* Takes part in a new job that shows `damage`; what is left for the codec becomes j->damage. */
void hws_patch_host_join(struct hws_display_host *s, struct hws_display_job *j);
/* On the worker, before the codec. HWS_OK, with patch.skip: the codec has nothing to do. */
int hws_patch_host_work(struct hws_display_job *j) HWS_MUST_CHECK;
/* On the worker: the codec has coded j->damage. */
void hws_patch_host_coded(struct hws_display_job *j);
/* The job is done, with this result, and what came of it was sent. */
void hws_patch_host_done(struct hws_display_host *s, struct hws_display_job *j, int r);
void hws_patch_job_free(struct hws_patch_job *j);
/* Is there something to complete now? */
bool hws_patch_host_due(const struct hws_display_host *s);
/* May the codec make what is coarse finer now? Not what patches will do better, and soon. */
bool hws_patch_host_lets_refine(const struct hws_display_host *s);
/* Does the next change go as a patch, if it can? */
bool hws_patch_host_tries(const struct hws_display_host *s);
/* The codec has nothing to refine (any more). */
void hws_patch_host_refined(struct hws_display_host *s);
/* Of the slots of viewers that know of patches. */
uint32_t hws_patch_host_viewers(const struct hws_display_host *s);
/* Capture ends, or the picture is another one. */
void hws_patch_host_forget(struct hws_display_host *s);
