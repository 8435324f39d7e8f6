/* recording/record_host: recordings at the host: the desktop as its viewers are sent it, into
 * files, as the owner has set (struct hws_service_conf); and what the person at the desktop, the
 * viewers and the audit log hear of that and of recordings that viewers make. Part of the video
 * service. Loop thread; all take NULL. */
#pragma once
#include "client/services/host_service.h"

struct hws_record_host;
struct hws_video_host;

/* Taps `video`, which is ours. */
int hws_record_host_new(const struct hws_host_env *env, struct hws_video_host *video,
		struct hws_record_host **ret) HWS_MUST_CHECK;
/* What is being written is finished by the workers. */
void hws_record_host_free(struct hws_record_host *h);
/* What the owner has set is another now. */
void hws_record_host_configure(struct hws_record_host *h);
void hws_record_host_join(struct hws_record_host *h, struct hws_host_viewer *v);
void hws_record_host_leave(struct hws_record_host *h, struct hws_host_viewer *v);
/* The viewer says that it records, or does no longer. */
void hws_record_host_viewer(struct hws_record_host *h, struct hws_host_viewer *v, bool records);
