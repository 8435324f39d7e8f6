/* api/sound: what a session does with the host's sound: nothing, the loudspeakers of this machine,
 * or events; and its voice call. Loop thread only. */
#pragma once
#include "client/api/session_loop.h"

struct api_sound;

/* api/services.c: makes the service. */
int api_sound_new(struct api_session_loop *e, const struct api_session_loop_conf *conf,
		struct hws_service **ret) HWS_MUST_CHECK;
/* After the service is freed. Harmless without one. */
void api_sound_free(struct api_session_loop *e);
void api_sound_set_mode(struct api_session_loop *e, enum hawser_sound mode);
void api_sound_set_volume(struct api_session_loop *e, unsigned percent);
